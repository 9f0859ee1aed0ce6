/* What differs from Finch: the counterpart of test/bench/bench/finch.c. */
#include <test/bench/bench/operations.h>
#include "linux.h"

/* --- Calls. Ten of the shortest in a function, so that its own beginning and end do not count. --- */

#define TEN(call) (call, call, call, call, call, call, call, call, call, call)

static inline uint32_t by_int(uint32_t number)
{
	uint32_t result;
	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number) : "memory", "cc");
	return result;
}

static inline uint32_t by_gate(uint32_t number)
{
	uint32_t result;
	__asm__ volatile("call *%2" : "=a"(result) : "0"(number), "m"(linux_gate) : "memory", "cc");
	return result;
}

void null_int(void)
{
	TEN(by_int(CALL_GETPPID));
}

void null_sysenter(void)
{
	TEN(by_gate(CALL_GETPPID));
}

bool has_sysenter(void)
{
	return linux_gate != linux_gate_int;
}

/* --- Linux zeroes a page when it is asked for: there is no pool --- */

bool pool_fill(void)
{
	return true;
}

bool pool_was_used(void)
{
	return true;
}

bool pool_empty(void)
{
	return true;
}

bool pool_was_empty(void)
{
	return true;
}

/* --- Pages mapped a second time: those of a file in memory --- */

static int file;

bool first_range_there(void)
{
	if (!file) {
		file = linux_call(CALL_MEMFD_CREATE, "range", 0);
		check(linux_call(CALL_FTRUNCATE, file, RANGE * PGSIZE), "ftruncate");
	}
	return linux_map(FIRST_RANGE, RANGE, PERM_WRITE, file) == 0;
}

void range_map(void)
{
	check(linux_map(SECOND_RANGE, RANGE, PERM_WRITE, file), "mmap");
}

void range_unmap(void)
{
	check(pages_unmap(0, SECOND_RANGE, RANGE), "munmap");
}

bool ranges_there(void)
{
	return first_range_there() && linux_map(SECOND_RANGE, RANGE, PERM_WRITE, file) == 0;
}

bool ranges_gone(void)
{
	return pages_unmap(0, SECOND_RANGE, RANGE) == 0 && first_range_gone();
}

/* --- A call: the same futexes as for a message --- */

void message_call(void)
{
	message_pair();
}

bool server_start(void)
{
	return message_partner();
}

bool server_end(void)
{
	return partner_end();
}
