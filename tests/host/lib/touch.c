// SPDX-License-Identifier: GPL-2.0-only
/* Signal-safe accesses and self-describing patterns; see touch.h. */

#include "touch.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

static __thread sigjmp_buf escape;
static __thread volatile sig_atomic_t armed;
static __thread siginfo_t last;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	(void)context;
	if (armed) {
		last = *info;
		siglongjmp(escape, signo);
	}
	signal(signo, SIG_DFL);
	raise(signo);
}

static void __attribute__((constructor)) catch_faults(void)
{
	struct sigaction action = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

const siginfo_t *touch_signal(void)
{
	return &last;
}

/*
 * Makes the access: 0, or what a signal that it raised means. A macro, since what calls
 * sigsetjmp() must still run when the signal comes.
 */
#define ATTEMPT(access) ({						\
	int signo_ = sigsetjmp(escape, 1);				\
									\
	if (!signo_) {							\
		armed = 1;						\
		access;							\
	}								\
	armed = 0;							\
	!signo_ ? 0 : signo_ == SIGBUS ? -EFAULT : -ENXIO;		\
})

int touch_read(const volatile void *at, uint64_t *value)
{
	return ATTEMPT(*value = *(const volatile uint64_t *)at);
}

int touch_write(volatile void *at, uint64_t value)
{
	return ATTEMPT(*(volatile uint64_t *)at = value);
}

int touch_until_gone(void *at)
{
	uint64_t value;
	int ret;

	do
		ret = touch_read(at, &value);
	while (!ret);
	return ret;
}

int touch_until_stopped(void *arg)
{
	struct toucher *toucher = arg;
	uint64_t value;
	int ret = 0;

	while (!ret && !toucher->stop)
		ret = touch_read(toucher->at, &value);
	return ret;
}

int touch_read_byte(const volatile void *at, uint8_t *value)
{
	return ATTEMPT(*value = *(const volatile uint8_t *)at);
}

int touch_every(const volatile void *at, size_t len, size_t step)
{
	const volatile uint8_t *base = at;
	volatile size_t i;

	return ATTEMPT(for (i = 0; i < len; i += step) (void)base[i]);
}

uint64_t pattern_word(uint64_t seed, uint64_t index)
{
	uint64_t x = (index + seed * 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;

	return x ^ x >> 29;
}

static uint8_t pattern_byte(uint64_t seed, uint64_t at)
{
	return (uint8_t)(pattern_word(seed, at / 8) >> at % 8 * 8);
}

void pattern_fill(void *buf, size_t len, uint64_t seed, uint64_t at)
{
	uint8_t *byte = buf;
	size_t i;

	for (i = 0; i < len; i++)
		byte[i] = pattern_byte(seed, at + i);
}

size_t pattern_check(const void *buf, size_t len, uint64_t seed, uint64_t at)
{
	const uint8_t *byte = buf;
	size_t i;

	for (i = 0; i < len; i++)
		if (byte[i] != pattern_byte(seed, at + i))
			return i;
	return len;
}

uint64_t test_seed(void)
{
	const char *text = getenv("SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : now_ns();

	fprintf(stderr, "# seed=%llu (SEED=… repeats this run)\n",
		(unsigned long long)seed);
	return seed;
}

uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
