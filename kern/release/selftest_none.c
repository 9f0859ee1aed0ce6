/* The release kernel has no tests in it: see kern/selftest.h. */
#include <kern/selftest.h>

void selftest_run(void)
{
}

void selftest_help(void)
{
}
