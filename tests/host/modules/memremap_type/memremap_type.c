// SPDX-License-Identifier: GPL-2.0-only
/*
 * Says of which type the memory is that the kernel has mapped last with memremap(): not
 * what was asked for, but what the CPU makes of the address.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#include <linux/bitfield.h>
#include <linux/irqflags.h>
#include <linux/kprobes.h>
#include <linux/module.h>

#include <asm/sysreg.h>

static unsigned long phys;
module_param(phys, ulong, 0444);
MODULE_PARM_DESC(phys, "physical address of the last mapping, bytes");

static unsigned int attributes;
module_param(attributes, uint, 0444);
MODULE_PARM_DESC(attributes, "of the last mapping, as in MAIR_EL1; 0 if it cannot be read");

/* Arm ARM, PAR_EL1 after a translation that succeeded. */
static unsigned int attributes_of(unsigned long addr)
{
	unsigned long flags;
	u64 par;

	local_irq_save(flags);
	asm volatile("at s1e1r, %0" : : "r" (addr));
	isb();
	par = read_sysreg(par_el1);
	local_irq_restore(flags);
	return par & SYS_PAR_EL1_F ? 0 : FIELD_GET(SYS_PAR_EL1_ATTR, par);
}

static int called(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	*(unsigned long *)instance->data = regs_get_kernel_argument(regs, 0);
	return 0;
}

static int returned(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	phys = *(unsigned long *)instance->data;
	attributes = attributes_of(regs_return_value(regs));
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name	= "memremap",
	.entry_handler	= called,
	.handler	= returned,
	.data_size	= sizeof(unsigned long),
	.maxactive	= 32,
};

static int __init memremap_type_init(void)
{
	return register_kretprobe(&probe);
}
module_init(memremap_type_init);

static void __exit memremap_type_exit(void)
{
	unregister_kretprobe(&probe);
}
module_exit(memremap_type_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Test module: the memory type of what memremap() mapped last");
