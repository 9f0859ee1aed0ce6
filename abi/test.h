/*
 * What SYS_test does, under the boot word `test`.
 *
 * TEST_REPORT: write text (len bytes, a line) to the test device, apart from the console.
 * TEST_EXIT: end the machine with status arg (0 to 31) through the test device.
 * TEST_FAIL_AFTER: the kernel allocation after the next arg ones that the caller causes fails, and with it the call
 *	that it is for, or what is left of that call if it has done a part (arg ~0: none). For one environment at a time.
 * TEST_CHECK: check the kernel's invariants; returns the number that do not hold, each reported by a line; if arg is not
 *	0, that of this and all earlier checks.
 * TEST_FREE_PAGES: the number of free pages, caches of all CPUs included, once what is dying is gone.
 */
#ifndef FINCH_ABI_TEST_H
#define FINCH_ABI_TEST_H

enum { TEST_REPORT = 1, TEST_EXIT, TEST_FAIL_AFTER, TEST_CHECK, TEST_FREE_PAGES };

#endif
