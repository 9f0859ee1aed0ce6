/*
 * What the host tests share. A test is one file, test_NAME.c, that is a whole program: it includes the code it tests as
 * text, under linker names that no library of the host has. It is compiled for the host, with -I of the tree's
 * top, under ASan and UBSan, and prints a line for each of its tests: `ok NAME`, or `not ok NAME: ` with what was
 * expected and what came. Its exit status is 0 if all are ok.
 *
 * Damaged input is put into a block of exactly its size, so that ASan sees a read past it.
 */
#ifndef FINCH_TEST_HOST_H
#define FINCH_TEST_HOST_H

#define JOS_USER /* gives common code its linker names in programs: see common/names.h */
#define off_t host_off_t /* abi/types.h has its own */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#undef off_t
#include <abi/types.h>

static const char *test_name;
static bool test_failed;
static int tests_failed;

static inline void test_fail(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static inline void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	if (test_failed)
		return; /* the first failure of a test says enough */
	test_failed = true;
	tests_failed++;
	printf("not ok %s: ", test_name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" (%s:%d)\n", file, line);
}

/* The two numbers must be equal. */
#define EXPECT(expected, came)                                                                                   \
	do {                                                                                                     \
		long long expected_ = (long long)(expected), came_ = (long long)(came);                          \
		if (expected_ != came_)                                                                          \
			test_fail(__FILE__, __LINE__, "expected %s = %lld, came %lld", #came, expected_, came_); \
	} while (0)

/* The two strings must be equal. */
#define EXPECT_TEXT(expected, came)                                                                              \
	do {                                                                                                     \
		const char *expected_ = (expected), *came_ = (came);                                             \
		if (strcmp(expected_, came_) != 0)                                                               \
			test_fail(__FILE__, __LINE__, "expected %s = \"%s\", came \"%s\"", #came, expected_,     \
				  came_);                                                                        \
	} while (0)

/* The condition must hold. */
#define EXPECT_THAT(condition)                                                                                   \
	do {                                                                                                     \
		if (!(condition))                                                                                \
			test_fail(__FILE__, __LINE__, "expected that %s", #condition);                           \
	} while (0)

#define RUN(function)                                                                                            \
	do {                                                                                                     \
		test_name = TEST_GROUP "_" #function;                                                            \
		test_failed = false;                                                                             \
		function();                                                                                      \
		if (!test_failed)                                                                                \
			printf("ok %s\n", test_name);                                                            \
	} while (0)

/* The same numbers in each run (xorshift: Marsaglia, Journal of Statistical Software 8/14). */
static inline uint64_t random_number(void)
{
	static uint64_t state = 0x9E3779B97F4A7C15;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static inline size_t random_below(size_t limit)
{
	return (size_t)(random_number() % limit);
}

/* A copy of size bytes in a block of its own. */
static inline uint8_t *block_copy(const void *from, size_t size)
{
	uint8_t *block = malloc(size);
	if (size > 0)
		memcpy(block, from, size);
	return block;
}

/* Change up to four of size bytes at data; seldom none. */
static inline void damage(uint8_t *data, size_t size)
{
	static const uint8_t nasty[] = { 0, 1, 0x7F, 0x80, 0xFF, '0', 'F', '/' };

	for (size_t n = random_below(5); n > 0 && size > 0; n--) {
		size_t at = random_below(2) ? random_below(size) : random_below(size < 256 ? size : 256);
		data[at] = random_below(2) ? (uint8_t)random_number() : nasty[random_below(sizeof(nasty))];
	}
}

#endif
