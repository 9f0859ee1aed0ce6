/*
 * For programs: giving up, complaining, and checking.
 *
 * panic prints `[00001000] user panic in NAME at FILE:LINE: ` and its text and stops at a breakpoint; warn prints a
 * line of the same form and goes on; assert panics where its condition does not hold.
 */
#ifndef INC_ASSERT_H
#define INC_ASSERT_H

void libos_panic(const char *file, int line, const char *fmt, ...) __attribute__((noreturn));
void libos_warn(const char *file, int line, const char *fmt, ...);

#define panic(...) libos_panic(__FILE__, __LINE__, __VA_ARGS__)
#define warn(...) libos_warn(__FILE__, __LINE__, __VA_ARGS__)

#undef assert
#define assert(condition)                                                                                        \
	do {                                                                                                     \
		if (!(condition))                                                                                \
			panic("assertion failed: %s", #condition);                                               \
	} while (0)

#endif
