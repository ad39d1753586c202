/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: the transitions a person debugging a GPU asks about.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nvgrace_gpu

#if !defined(NVGRACE_GPU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NVGRACE_GPU_TRACE_H

#include <linux/tracepoint.h>

#include "nvgrace_gpu.h"

TRACE_EVENT(nvgrace_gpu_open,
	TP_PROTO(struct nvgrace_gpu *gpu, const char *verdict),
	TP_ARGS(gpu, verdict),
	TP_STRUCT__entry(
		__string(dev, pci_name(gpu->core.pdev))
		__string(verdict, verdict)
	),
	TP_fast_assign(
		__assign_str(dev);
		__assign_str(verdict);
	),
	TP_printk("%s verdict=%s", __get_str(dev), __get_str(verdict))
);

TRACE_EVENT(nvgrace_gpu_state,
	TP_PROTO(struct nvgrace_gpu *gpu, const char *state),
	TP_ARGS(gpu, state),
	TP_STRUCT__entry(
		__string(dev, pci_name(gpu->core.pdev))
		__string(state, state)
		__field(unsigned int, waited_ms)
	),
	TP_fast_assign(
		__assign_str(dev);
		__assign_str(state);
		__entry->waited_ms =
			jiffies_to_msecs(jiffies - gpu->views.since);
	),
	TP_printk("%s state=%s since_last_reset_ms=%u", __get_str(dev),
		  __get_str(state), __entry->waited_ms)
);

TRACE_EVENT(nvgrace_gpu_fault,
	TP_PROTO(struct nvgrace_gpu *gpu, unsigned long pfn,
		 unsigned int order, vm_fault_t ret),
	TP_ARGS(gpu, pfn, order, ret),
	TP_STRUCT__entry(
		__string(dev, pci_name(gpu->core.pdev))
		__field(unsigned long, pfn)
		__field(unsigned int, order)
		__field(unsigned int, ret)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->pfn = pfn;
		__entry->order = order;
		__entry->ret = (__force unsigned int)ret;
	),
	TP_printk("%s pfn=%#lx order=%u ret=%#x", __get_str(dev),
		  __entry->pfn, __entry->order, __entry->ret)
);

TRACE_EVENT(nvgrace_gpu_bad_page,
	TP_PROTO(struct nvgrace_gpu *gpu, u64 pfn),
	TP_ARGS(gpu, pfn),
	TP_STRUCT__entry(
		__string(dev, pci_name(gpu->core.pdev))
		__field(u64, pfn)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->pfn = pfn;
	),
	TP_printk("%s pfn=%#llx", __get_str(dev), __entry->pfn)
);

TRACE_EVENT(nvgrace_gpu_scrub,
	TP_PROTO(struct nvgrace_gpu *gpu, u64 bytes, u64 left_out, s64 ns,
		 int result),
	TP_ARGS(gpu, bytes, left_out, ns, result),
	TP_STRUCT__entry(
		__string(dev, pci_name(gpu->core.pdev))
		__field(u64, bytes)
		__field(u64, left_out)
		__field(s64, ns)
		__field(int, result)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->bytes = bytes;
		__entry->left_out = left_out;
		__entry->ns = ns;
		__entry->result = result;
	),
	TP_printk("%s bytes=%llu bad_pages=%llu ns=%lld result=%d",
		  __get_str(dev), __entry->bytes, __entry->left_out,
		  __entry->ns, __entry->result)
);

TRACE_EVENT(nvgrace_gpu_bar_write,
	TP_PROTO(struct nvgrace_gpu *gpu, u64 pos, size_t count),
	TP_ARGS(gpu, pos, count),
	TP_STRUCT__entry(
		__string(dev, pci_name(gpu->core.pdev))
		__field(u64, pos)
		__field(size_t, count)
		__field(u64, bar2)
		__field(u64, bar4)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->pos = pos;
		__entry->count = count;
		__entry->bar2 = READ_ONCE(gpu->bars.bar[0].value);
		__entry->bar4 = READ_ONCE(gpu->bars.bar[1].value);
	),
	TP_printk("%s pos=%#llx count=%zu bar2=%#llx bar4=%#llx",
		  __get_str(dev), __entry->pos, __entry->count,
		  __entry->bar2, __entry->bar4)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
