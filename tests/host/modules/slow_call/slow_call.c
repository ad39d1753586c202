// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes one function of the kernel begin late, so that a test can do something in what
 * is an instant otherwise.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>

/* The CPU does nothing else meanwhile, not even interrupts. */
#define LONGEST_MS	1000U

static char *function;
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "its name; with that of its module and a colon before it, if it is in one");

static unsigned int late_ms;
module_param(late_ms, uint, 0644);
MODULE_PARM_DESC(late_ms, "how late it begins, milliseconds; 1000 at most");

static unsigned int calls;
module_param(calls, uint, 0444);
MODULE_PARM_DESC(calls, "how many calls were late");

static int called(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned int ms = min(READ_ONCE(late_ms), LONGEST_MS);

	if (!ms)
		return 0;
	WRITE_ONCE(calls, READ_ONCE(calls) + 1);
	mdelay(ms);
	return 0;
}

static struct kprobe probe = {
	.pre_handler = called,
};

static int __init slow_call_init(void)
{
	probe.symbol_name = function;
	return register_kprobe(&probe);
}
module_init(slow_call_init);

static void __exit slow_call_exit(void)
{
	unregister_kprobe(&probe);
}
module_exit(slow_call_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Test module: a function of the kernel that begins late");
