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
#define GUEST_CALL_RESULT	0x5a	/* what the code made by guest_call returns */

#ifndef __ASSEMBLER__
extern const char guest_code[], guest_code_end[];
extern const char guest_store_load[], guest_load[], guest_call[];
#endif

#endif
