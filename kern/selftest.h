/*
 * Tests inside the kernel: test/kern/, in the debug build.
 *
 * The boot word `selftest` runs them at the end of the boot, before any program, and ends the machine: a line `ok NAME`
 * or `not ok NAME: why` each, on the console and through the test device, status 16 if all passed and 17 if not.
 * `selftest=NAME` runs one of them, or one of those that end in a panic on purpose: panic, fault, jump, overflow,
 * lockorder.
 */
#ifndef FINCH_KERN_SELFTEST_H
#define FINCH_KERN_SELFTEST_H

/* Run what the boot words ask for; returns if they ask for nothing. */
void selftest_run(void);
/* For an idle CPU, without the big lock: do what a test wants of it, if one does. */
void selftest_help(void);

#endif
