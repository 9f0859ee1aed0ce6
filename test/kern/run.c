/* Runs the tests inside the kernel, and the ends that are made on purpose: see kern/selftest.h. */
#include <common/string.h>
#include <kern/boot.h>
#include <kern/lock.h>
#include <kern/panic.h>
#include <kern/platform.h>
#include <kern/print.h>
#include <kern/rest.h>
#include <kern/selftest.h>
#include <kern/trap.h>
#include <kern/verify.h>
#include "test.h"

struct test {
	const char *word; /* the boot word that runs it alone */
	const char *name;
	void (*function)(void);
};

static const struct test tests[] = {
#define TEST(name) { "selftest=" #name, #name, test_##name },
#include "tests.def"
#undef TEST
};

/* Of the test that runs. */
static bool failed;
static char why[256];

bool test_failed(void)
{
	return __atomic_load_n(&failed, __ATOMIC_RELAXED);
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	/* The first of all CPUs. */
	if (__atomic_exchange_n(&failed, true, __ATOMIC_SEQ_CST))
		return;
	print_buffer(why, sizeof why, ": %s:%d: ", file, line);
	size_t at = strlen(why);
	va_start(ap, fmt);
	format_buffer(why + at, sizeof why - at, fmt, ap);
	va_end(ap);
}

/* --- Ends on purpose --- */

static void end_panic(void)
{
	panic("on purpose, by a boot word");
}

static __attribute__((noinline)) void end_fault(void)
{
	/* In the gap below a stack: never mapped. */
	volatile uint32_t *nowhere = (uint32_t *)(KSTACKTOP - KSTKSIZE - PGSIZE / 2);

	*nowhere = 1;
}

static void end_jump(void)
{
	void (*nowhere)(void) = (void (*)(void))0x10;

	nowhere();
}

static volatile uint32_t depth_limit = ~0u;

static uint32_t recurse(uint32_t depth) __attribute__((noinline));
static uint32_t recurse(uint32_t depth)
{
	volatile uint32_t frame[16];

	frame[depth % 16] = depth;
	return depth == depth_limit ? 0 : recurse(depth + 1) + frame[depth % 16];
}

static void end_overflow(void)
{
	kprintf("%u", recurse(0));
}

static void end_lock_order(void)
{
	static struct spinlock first = SPINLOCK(RANK_SPACE, "first"), second = SPINLOCK(RANK_RUNQ, "second");

	spin_lock(&second);
	spin_lock(&first);
	spin_unlock(&first);
	spin_unlock(&second);
}

static const struct test ends[] = {
	{ "selftest=panic", "panic", end_panic },
	{ "selftest=fault", "fault", end_fault },
	{ "selftest=jump", "jump", end_jump },
	{ "selftest=overflow", "overflow", end_overflow },
	{ "selftest=lockorder", "lockorder", end_lock_order },
};

/* --- Running --- */

static void report(const char *fmt, ...)
{
	char line[320];
	va_list ap;

	va_start(ap, fmt);
	int len = format_buffer(line, sizeof line, fmt, ap);
	va_end(ap);
	kprintf("%s", line);
	platform_test_write(line, MIN((size_t)len, sizeof line - 1));
}

static bool run(const struct test *test)
{
	failed = false;
	why[0] = '\0';
	test->function();
	report("%sok %s%s\n", failed ? "not " : "", test->name, failed ? why : "");
	return !failed;
}

static void finish(unsigned passed, unsigned count)
{
	report("%u passed, %u failed\n", passed, count - passed);
	platform_test_exit(passed == count ? REST_EXITED : REST_DESTROYED);
	platform_poweroff();
}

void selftest_run(void)
{
	bool all = boot_word("selftest");
	unsigned passed = 0, count = 0;

	/* Other CPUs take part, which the big lock would keep out. */
	big_lock_leave();
	for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
		if (!all && !boot_word(tests[i].word))
			continue;
		if (count++ == 0)
			verify_begin();
		passed += run(&tests[i]);
	}
	big_lock_enter();
	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		if (boot_word(ends[i].word))
			ends[i].function();
	}
	if (count)
		finish(passed, count);
}
