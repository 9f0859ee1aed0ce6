/* Tests inside the kernel: a build made for them has test/kern/ in place of selftest_none.c. */
#ifndef FINCH_KERN_SELFTEST_H
#define FINCH_KERN_SELFTEST_H

/* Run them, if the boot word `selftest` asks, and end the machine. */
void selftest_run(void);

#endif
