/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs on the test's own vCPU: exception vectors, then routines. It is
 * copied to a page-aligned guest address, so it must not depend on its own.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Entered with x0 = address to work on, x1 = value, x20 = an address without
 * memory behind it. A routine ends by storing its result at x20, an exception
 * by storing ESR_EL1 at x20 + 8; either makes KVM_RUN return with an MMIO exit.
 */
#include "guest_code.h"

	.section .rodata
	.balign	4096
	.global	guest_code, guest_code_end
	.global	guest_store_load, guest_load, guest_call

guest_code:
	.rept	16
	.balign	128
	mrs	x0, esr_el1
	str	x0, [x20, #GUEST_EXCEPTION_OFFSET]
	b	.
	.endr

	.balign	128
guest_done:
	str	x0, [x20, #GUEST_DONE_OFFSET]
	b	.

guest_store_load:
	str	x1, [x0]
	ldr	x0, [x0]
	b	guest_done

guest_load:
	ldr	x0, [x0]
	b	guest_done

/* Writes a function at x0, makes it visible to instruction fetch, calls it. */
guest_call:
	adr	x2, callee
	ldr	x2, [x2]
	str	x2, [x0]
	dc	cvau, x0
	dsb	ish
	ic	ivau, x0
	dsb	ish
	isb
	blr	x0
	b	guest_done

	.balign	8
callee:
	mov	x0, #GUEST_CALL_RESULT
	ret
guest_code_end:
