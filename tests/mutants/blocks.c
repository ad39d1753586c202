// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which basic blocks of the driver ran: compiled into it for make coverage-map only.
 *
 * The compiler has every block call __sanitizer_cov_trace_pc(), which notes from where
 * (-fsanitize-coverage=trace-pc). The module's parameter "blocks" lists the places,
 * kernel addresses in hex, as many as fit at a time: what is written to it is the index
 * to go on from, reading moves that on.
 */

#include <linux/module.h>
#include <linux/sizes.h>

#define INSTRUCTION	4
#define ADDRESS_LEN	18

static bool called[SZ_256K / INSTRUCTION];
static unsigned int next;

static unsigned long text(void)
{
	return (unsigned long)THIS_MODULE->mem[MOD_TEXT].base;
}

void __sanitizer_cov_trace_pc(void);

/* What is not in the module's text, its init code, has an index out of range. */
notrace void __sanitizer_cov_trace_pc(void)
{
	unsigned long index = (_RET_IP_ - text()) / INSTRUCTION;

	if (index < ARRAY_SIZE(called))
		called[index] = true;
}

static int get_blocks(char *buf, const struct kernel_param *kp)
{
	int len = 0;

	for (; next < ARRAY_SIZE(called) && len < PAGE_SIZE - ADDRESS_LEN; next++) {
		if (called[next])
			len += sysfs_emit_at(buf, len, "%lx ", text() + next * INSTRUCTION);
	}
	return len;
}

static int set_next(const char *val, const struct kernel_param *kp)
{
	return kstrtouint(val, 0, &next);
}

static const struct kernel_param_ops blocks_ops = {
	.set = set_next,
	.get = get_blocks,
};
module_param_cb(blocks, &blocks_ops, NULL, 0600);
