/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs on the test's own vCPU; see guest_code.S.
 *
 * Copyright (C) The nvgrace-gpu authors
 */
#ifndef GUEST_CODE_H
#define GUEST_CODE_H

#define GUEST_DONE_OFFSET	0	/* a routine's result is stored here */
#define GUEST_EXCEPTION_OFFSET	8	/* ESR_EL1 of an exception is stored here */
#define GUEST_MISMATCH_OFFSET	16	/* a value that should not have been read */
#define GUEST_CALL_RESULT	0x5a	/* what the code made by guest_call returns */

/* struct guest_shared, from the start of the code; both sides access it. */
#define GUEST_SHARED_OFFSET	0x20000
#define GUEST_SHARED_EPOCH	0
#define GUEST_SHARED_EXPECTED	8
#define GUEST_SHARED_STOP	16

#define GUEST_STAGE2_OFFSET	0x30000	/* the table of guest_enter_nested, likewise */

#ifndef __ASSEMBLER__
#include <stdint.h>

/**
 * struct guest_shared - what guest_watch goes by
 * @epoch: odd while the host changes what the guest should see
 * @expected: first word of the first place; the next place has one more
 * @stop: set to end guest_watch
 */
struct guest_shared {
	_Atomic uint64_t epoch;
	_Atomic uint64_t expected;
	_Atomic uint64_t stop;
};

extern const char guest_code[], guest_code_end[];

/* x0: where, x1: value */
extern const char guest_load[], guest_store[], guest_store_load[];

/*
 * Loads, turns MMU and caches off, stores, turns them on and loads again, with cache
 * maintenance by set and way in between. x0: where, x1: value
 */
extern const char guest_uncache[];

/* x0: where to write code and call it; where code is to be called */
extern const char guest_call[], guest_jump[];

/* The code that guest_call writes: eight bytes, returns GUEST_CALL_RESULT. */
extern const char guest_callee[];

/*
 * x0: first place, x1: its value, x2: distance to the next, x3: number of places,
 * x4: what the next one has more
 */
extern const char guest_fill[], guest_check[];

/* x0 to x2: arguments of a routine for a nested guest, x3: VTCR_EL2, x4: its address */
extern const char guest_enter_nested[];

/* x0: first place, x1: offset of a counter from it, x2, x3: as above */
extern const char guest_watch[];
#endif

#endif
