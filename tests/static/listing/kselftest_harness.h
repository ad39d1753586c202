/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In place of the kselftest harness, for the preprocessor alone: what a program of tests
 * declares comes out as words between "@", whatever macros declared it. See ../selection.
 */
#ifndef LISTING_KSELFTEST_HARNESS_H
#define LISTING_KSELFTEST_HARNESS_H

#define TEST(name)				@listed_test global name@
#define TEST_SIGNAL(name, signal)		@listed_test global name@
#define TEST_F(fixture, name)			@listed_test fixture name@
#define TEST_F_SIGNAL(fixture, name, signal)	@listed_test fixture name@
#define TEST_F_TIMEOUT(fixture, name, timeout)	@listed_test fixture name@
#define FIXTURE_VARIANT_ADD(fixture, name)	@listed_variant fixture name@

#endif
