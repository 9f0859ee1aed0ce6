/*
 * What the tests inside the kernel share. They run on the boot CPU with interrupts off and no lock held, before there is
 * any environment; the other CPUs are idle, and take part through test_on.
 */
#ifndef FINCH_TEST_KERN_H
#define FINCH_TEST_KERN_H

#include <abi/types.h>
#include <kern/cpu.h>
#include <kern/space.h>

/* The test has failed. Only the first failure of a test is told. */
void test_fail(const char *file, int line, const char *fmt, ...);
/* Has the running test failed by now? */
bool test_failed(void);

#define EXPECT(condition)                                                                                        \
	do {                                                                                                     \
		if (!(condition))                                                                                \
			test_fail(__FILE__, __LINE__, "expected %s", #condition);                                \
	} while (0)

/* The two must be equal, as 32-bit numbers. */
#define EXPECT_IS(came, expected)                                                                                \
	do {                                                                                                     \
		uint32_t came_ = (uint32_t)(came), expected_ = (uint32_t)(expected);                             \
		if (came_ != expected_)                                                                          \
			test_fail(__FILE__, __LINE__, "expected %s to be %d (%x), it is %d (%x)", #came,         \
				  expected_, expected_, came_, came_);                                           \
	} while (0)

/* A number below n; the same row of them in every run. */
uint32_t test_random(uint32_t n);

/* Start function(argument) on another CPU, which is idle; wait until all that were started have ended. */
void test_on(unsigned cpu, void (*function)(void *argument), void *argument);
void test_await(void);
/* The same on all CPUs at once, this one included. */
void test_on_all(void (*function)(void *argument), void *argument);

/* How often each CPU does what all do against each other: the machine may have fewer real CPUs, and waits grow fast. */
static inline uint32_t test_share(uint32_t n)
{
	return MAX(n / cpu_count / cpu_count & ~1u, 2u);
}

/* Call function, which must panic with a message that contains text. */
void test_panics(void (*function)(void), const char *text);

/* Pages that nobody has a reference to: what a test must leave as it was. */
uint32_t test_free_pages(void);

/* A space of this test's own, and its end. Loaded nowhere. */
struct space *test_space(void);
void test_space_end(struct space *space);

/* Declarations of all tests. */
#define TEST(name) void test_##name(void);
#include "tests.def"
#undef TEST

#endif
