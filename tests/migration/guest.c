// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest: a guest without an operating system that works in a GPU's memory and
 * never stops to look whether it is still what it wrote.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * For QEMU's machine virt,highmem=off with the GPU as device 1 of the root bus.
 * Every pass reads back what the pass before has written, to the GPU's memory
 * (BAR 2) and to RAM, replaces it, runs code from the GPU's memory, and says
 * so in one line on the UART:
 *
 *   pass <n>: memory intact
 *   pass <n>: LOST <gpu or ram> at <offset>      the last line
 *   EXCEPTION <syndrome>                         the last line
 *
 * KVM lets a guest execute only what it maps cacheable: a pass in which code ran
 * is a pass in which the memory was cacheable. The MMU is off: stage 2 alone
 * decides.
 */
#include <stdint.h>

#define UART		0x09000000UL
#define UART_DATA	0x00
#define UART_CONTROL	0x30
#define UART_ENABLE	0x301

#define ECAM		0x3f000000UL
#define GPU_CONFIG	(ECAM + (1 << 15))
#define NVIDIA		0x10de
#define GPU_MEMORY	0x10000000UL

#define BYTES		(4UL << 20)
#define WORDS		(BYTES / sizeof(uint64_t))
#define INSTRUCTION_RET	0xd65f03c0U

/* The vectors do not return: any exception is the end. */
asm(
"	.section .text.start, \"ax\"\n"
"	.globl	start\n"
"start:	adrp	x0, stack_end\n"
"	add	x0, x0, :lo12:stack_end\n"
"	mov	sp, x0\n"
"	adr	x0, vectors\n"
"	msr	vbar_el1, x0\n"
"	isb\n"
"	b	guest\n"
"	.balign	2048\n"
"vectors:\n"
"	.rept	16\n"
"	mrs	x0, esr_el1\n"
"	b	exception\n"
"	.balign	128\n"
"	.endr\n"
"	.bss\n"
"	.balign	16\n"
"	.skip	4096\n"
"stack_end:\n"
"	.previous\n");

static uint64_t ram[WORDS];

static volatile uint32_t *reg32(uint64_t address)
{
	return (volatile uint32_t *)address;
}

static void put(const char *text)
{
	for (; *text; text++)
		*reg32(UART + UART_DATA) = *text;
}

static void put_number(uint64_t number, unsigned int base)
{
	char digits[21], *digit = &digits[20];

	*digit = 0;
	do {
		*--digit = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	put(digit);
}

static void __attribute__((noreturn)) stop(void)
{
	put("\n");
	for (;;)
		asm volatile("wfi");
}

void __attribute__((noreturn, used)) exception(uint64_t syndrome)
{
	put("EXCEPTION ");
	put_number(syndrome, 16);
	stop();
}

static void put_pass(uint64_t pass)
{
	put("pass ");
	put_number(pass, 10);
	put(": ");
}

/* No two passes and no two words have the same value. */
static uint64_t pattern(uint64_t pass, uint64_t word)
{
	return (pass << 32 | word) * 0x9e3779b97f4a7c15UL;
}

/* The first word is left to run_from(). */
static void replace(const char *name, volatile uint64_t *memory, uint64_t pass)
{
	uint64_t word;

	for (word = 1; word < WORDS; word++) {
		if (pass > 1 && memory[word] != pattern(pass - 1, word)) {
			put_pass(pass);
			put("LOST ");
			put(name);
			put(" at ");
			put_number(word * sizeof(*memory), 16);
			stop();
		}
		memory[word] = pattern(pass, word);
	}
}

static void run_from(uint64_t address)
{
	*reg32(address) = INSTRUCTION_RET;
	asm volatile("dc cvau, %0\n\t"
		     "dsb ish\n\t"
		     "ic ivau, %0\n\t"
		     "dsb ish\n\t"
		     "isb" : : "r" (address) : "memory");
	((void (*)(void))address)();
}

/* What firmware does: an address for BAR 2, and memory decoding on. */
static void enable_gpu(void)
{
	if ((*reg32(GPU_CONFIG) & 0xffff) != NVIDIA) {
		put("there is no GPU");
		stop();
	}
	*reg32(GPU_CONFIG + 0x18) = GPU_MEMORY;
	*reg32(GPU_CONFIG + 0x1c) = 0;
	*reg32(GPU_CONFIG + 0x04) |= 2;
}

void __attribute__((noreturn, used)) guest(void)
{
	uint64_t pass;

	*reg32(UART + UART_CONTROL) = UART_ENABLE;
	enable_gpu();
	for (pass = 1;; pass++) {
		replace("gpu", (volatile uint64_t *)GPU_MEMORY, pass);
		replace("ram", ram, pass);
		run_from(GPU_MEMORY);
		put_pass(pass);
		put("memory intact\n");
	}
}
