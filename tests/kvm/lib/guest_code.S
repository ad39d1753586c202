/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs on the test's own vCPU: exception vectors, then routines. It is
 * copied to a page-aligned guest address, so it must not depend on its own.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Entered with x20 = an address without memory behind it; x0 to x4 as
 * guest_code.h says. A routine ends by storing its result at x20, an exception
 * by storing ESR_EL1 at x20 + 8, an unexpected value by storing it at x20 + 16;
 * each makes KVM_RUN return with an MMIO exit.
 */
#include "guest_code.h"

	.section .rodata
	.balign	4096
	.global	guest_code, guest_code_end
	.global	guest_load, guest_store, guest_store_load, guest_call, guest_jump
	.global	guest_fill, guest_check, guest_watch, guest_callee, guest_uncache
	.global	guest_enter_nested

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

guest_mismatch:
	str	x0, [x20, #GUEST_MISMATCH_OFFSET]
	b	.

guest_store:
	str	x1, [x0]
	mov	x0, x1
	b	guest_done

guest_store_load:
	str	x1, [x0]
	ldr	x0, [x0]
	b	guest_done

guest_load:
	ldr	x0, [x0]
	b	guest_done

/* Writes a function at x0, makes it visible to instruction fetch, calls it. */
guest_call:
	adr	x2, guest_callee
	ldr	x2, [x2]
	str	x2, [x0]
	dc	cvau, x0
	dsb	ish
	ic	ivau, x0
	dsb	ish
	isb
guest_jump:
	blr	x0
	b	guest_done

	.balign	8
guest_callee:
	mov	x0, #GUEST_CALL_RESULT
	ret

guest_fill:
	mov	x6, x3
1:	str	x1, [x0]
	add	x0, x0, x2
	add	x1, x1, x4
	subs	x3, x3, #1
	b.ne	1b
	mov	x0, x6
	b	guest_done

guest_check:
	mov	x6, x3
1:	ldr	x5, [x0]
	cmp	x5, x1
	b.ne	2f
	add	x0, x0, x2
	add	x1, x1, x4
	subs	x3, x3, #1
	b.ne	1b
	mov	x0, x6
	b	guest_done
2:	mov	x0, x5
	b	guest_mismatch

/*
 * As firmware and boot loaders do. Addresses are the same without the MMU. SCTLR_EL1: M is
 * bit 0, C bit 2, I bit 12.
 */
guest_uncache:
	ldr	x2, [x0]
	mov	x3, #0			/* level 1, set 0, way 0 */
	dc	cisw, x3
	dsb	sy
	mrs	x4, sctlr_el1
	mov	x5, #0x1005
	bic	x5, x4, x5
	msr	sctlr_el1, x5
	isb
	dc	cisw, x3
	dsb	sy
	str	x1, [x0]
	dsb	sy
	msr	sctlr_el1, x4
	isb
	dc	cisw, x3
	dsb	sy
	ldr	x0, [x0]
	b	guest_done

/*
 * For a vCPU at EL2 with E2H: sends x4 to EL1 behind the stage 2 at GUEST_STAGE2_OFFSET, of
 * the shape that x3 says (VTCR_EL2). The EL1 registers are the nested guest's already.
 */
guest_enter_nested:
	adr	x9, guest_code
	msr	vbar_el2, x9
	add	x9, x9, #GUEST_STAGE2_OFFSET
	msr	vttbr_el2, x9
	msr	vtcr_el2, x3
	movz	x9, #1			/* VM */
	movk	x9, #0x8000, lsl #16	/* RW: EL1 is AArch64 */
	movk	x9, #4, lsl #32		/* E2H */
	msr	hcr_el2, x9
	mov	x9, #0x3c5		/* EL1h, everything masked */
	msr	spsr_el2, x9
	msr	elr_el2, x4
	isb
	eret

/*
 * Reads all places again and again and stores its round in each place's
 * counter. Ends with the number of rounds. What is read must be what the epoch
 * promises, unless the epoch changed meanwhile.
 */
guest_watch:
	adr	x9, guest_code
	add	x9, x9, #GUEST_SHARED_OFFSET
	mov	x10, #0			/* rounds */
1:	ldr	x11, [x9, #GUEST_SHARED_STOP]
	cbnz	x11, 4f
	ldar	x4, [x9]		/* the epoch */
	tbnz	x4, #0, 1b
	ldr	x5, [x9, #GUEST_SHARED_EXPECTED]
	dmb	ishld
	add	x10, x10, #1
	mov	x6, x0
	mov	x7, x3
2:	ldr	x8, [x6]
	cmp	x8, x5
	b.ne	3f
	str	x10, [x6, x1]
	add	x6, x6, x2
	add	x5, x5, #1
	subs	x7, x7, #1
	b.ne	2b
	b	1b
3:	dmb	ishld
	ldr	x11, [x9]
	cmp	x11, x4
	b.ne	1b
	mov	x0, x8
	b	guest_mismatch
4:	mov	x0, x10
	b	guest_done
guest_code_end:
