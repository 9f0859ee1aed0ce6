/*
 * What the test programs share: to say what was expected and what was seen.
 *
 * A test that fails says so on the console and, under testinit, in the page at CHECK_PAGE, from where testinit takes
 * the reason into its report; then it ends with status 1. A test that ends with status 0 has passed.
 */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <abi/test.h>
#include <finch/machine.h>
#include <finch/memory.h>
#include <finch/process.h>
#include <finch/syscall.h>
#include <inc/lib.h>

/* Mapped by testinit, and inherited by what a test starts. */
#define CHECK_PAGE ((char *)0xB0000000)

#define RW (PTE_P | PTE_U | PTE_W)
#define RO (PTE_P | PTE_U)

extern char etext[], edata[], end[]; /* of the program */

static __attribute__((noreturn, unused)) void check_failed(const char *file, int line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	snprintf(text, sizeof text, "%s:%d: ", file, line);
	size_t n = strlen(text);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof text - n, fmt, ap);
	va_end(ap);
	cprintf("FAILED %s\n", text);
	if (page_mapped(CHECK_PAGE) && !CHECK_PAGE[0])
		strlcpy(CHECK_PAGE, text, PGSIZE);
	sys_env_exit(1);
}

/* The test has failed, for the reason that follows in the form of printf. */
#define fail(...) check_failed(__FILE__, __LINE__, __VA_ARGS__)

/* cond must hold. */
#define expect(cond)                                                                                             \
	do {                                                                                                     \
		if (!(cond))                                                                                     \
			fail("expected: %s", #cond);                                                             \
	} while (0)

/* The number saw must be the number wanted. */
#define expect_is(saw, wanted)                                                                                   \
	do {                                                                                                     \
		int32_t saw_ = (int32_t)(saw), wanted_ = (int32_t)(wanted);                                      \
		if (saw_ != wanted_)                                                                             \
			fail("%s: expected %d (0x%x), saw %d (0x%x)", #saw, wanted_, wanted_, saw_, saw_);       \
	} while (0)

/* The call must fail with error (E_ and so on, not negated). */
#define expect_error(call, error) expect_is(call, -(error))

/* The kernel's own invariants hold. Where the boot word `test` is missing this says nothing. */
static inline void expect_kernel_sound(void)
{
	int wrong = sys_test(TEST_CHECK, 0, NULL, 0);

	if (wrong != -E_NOSYS && wrong != 0)
		fail("TEST_CHECK: expected 0 broken invariants, saw %d", wrong);
}

/* Free pages of the machine, once what is dying is gone; 0 without the boot word `test`. */
static inline uint32_t free_pages(void)
{
	int pages = sys_test(TEST_FREE_PAGES, 0, NULL, 0);

	return pages < 0 ? 0 : (uint32_t)pages;
}

/* What the page tables of this environment say of va: its permissions within PTE_SYSCALL, 0 where nothing is mapped. */
static inline uint32_t perm_of(const volatile void *va)
{
	pte_t entry = page_entry((const void *)va);

	return entry & PTE_P ? entry & PTE_SYSCALL : 0;
}

static inline uint32_t refs_of(const volatile void *va)
{
	return (uint32_t)pageref((void *)(uintptr_t)va);
}

/* A sequence of numbers that looks random and is always the same. */
static inline uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8 ^ *state << 13;
}

static inline uint32_t cpu_total(void)
{
	struct info_machine machine;

	return machine_info(&machine) < 0 ? 1 : machine.cpus;
}

#endif
