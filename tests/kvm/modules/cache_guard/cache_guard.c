// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ends the host, as hardware does, when the kernel does cache maintenance by an address that
 * it does not map. In emulation such an instruction does nothing, at any address.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * KVM cleans what it maps cacheable where there is no FWB, and invalidates instructions where
 * there is no DIC, both by the kernel's mapping of the memory. Page-less memory has none.
 */

#include <linux/irqflags.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/panic.h>

#include <asm/cpufeature.h>
#include <asm/sysreg.h>

/* Arm ARM: AT S1E1R is "as the kernel would read", PAR_EL1.F is "that would be a fault". */
static bool is_mapped(unsigned long addr)
{
	unsigned long flags;
	u64 par;

	local_irq_save(flags);
	asm volatile("at s1e1r, %0" : : "r" (addr));
	isb();
	par = read_sysreg(par_el1);
	local_irq_restore(flags);
	return !(par & SYS_PAR_EL1_F);
}

/* The probed functions get the first address and the one after the last. */
static int called(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long start = regs_get_kernel_argument(regs, 0);
	unsigned long end = regs_get_kernel_argument(regs, 1);

	if (start < end && !(is_mapped(start) && is_mapped(end - 1)))
		panic("cache_guard: %s(%#lx, %#lx) of memory that the kernel does not map\n",
		      probe->symbol_name, start, end);
	return 0;
}

static struct kprobe probes[] = {
	{ .symbol_name = "dcache_clean_inval_poc", .pre_handler = called },
	{ .symbol_name = "icache_inval_pou", .pre_handler = called },
};
static struct kprobe *registered[ARRAY_SIZE(probes)];
static int count;

static int __init cache_guard_init(void)
{
	registered[count++] = &probes[0];
	/* With DIC the function is called as well, and does nothing. */
	if (!cpus_have_final_cap(ARM64_HAS_CACHE_DIC))
		registered[count++] = &probes[1];
	return register_kprobes(registered, count);
}
module_init(cache_guard_init);

static void __exit cache_guard_exit(void)
{
	unregister_kprobes(registered, count);
}
module_exit(cache_guard_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Test module: cache maintenance by an unmapped address is fatal");
