/*
 * The event ring: each CPU writes down what happens on it, the oldest records make place for new ones. What SYS_trace
 * does, and what a program then sees. <finch/trace.h> reads it.
 *
 * A ring is a struct trace_ring in a page of its own, and behind it `records` records, a power of two. `count` have
 * been written. Record n, counted from 0, stands at n % records and has the number n + 1 (its low 32 bits), as long as
 * it is whole: the number is the first thing of it that is overwritten. So it is good if n < count, and the number is
 * right before it is copied and after.
 */
#ifndef FINCH_ABI_TRACE_H
#define FINCH_ABI_TRACE_H

#include <abi/types.h>

/*
 * The operations of SYS_trace:
 *
 * TRACE_SET: record the kinds of events in arg, a mask of TRACE_KIND_, on all CPUs from now on; 0: none. Returns the
 *	mask there was. The first time the rings are made, and stay. -E_INVAL: no such kind; -E_NO_MEM.
 * TRACE_MAP: map the ring of CPU number `cpu` at arg, read-only. Returns how many pages that are.
 *	-E_INVAL: arg is unaligned or too high, there is no such CPU, or there are no rings yet; -E_NO_MEM.
 */
enum { TRACE_SET = 1, TRACE_MAP };

#define TRACE_KIND(name, bit, word) TRACE_KIND_##name = 1 << bit,
#define EVENT(name, number, kind, words, text)
enum {
#include <abi/trace.def>
};
#undef TRACE_KIND
#undef EVENT

#define TRACE_KIND(name, bit, word) | TRACE_KIND_##name
#define EVENT(name, number, kind, words, text)
enum {
	TRACE_KINDS_ALL = 0
#include <abi/trace.def>
};
#undef TRACE_KIND
#undef EVENT

#define TRACE_KIND(name, bit, word)
#define EVENT(name, number, kind, words, text) TRACE_##name = number,
enum trace_event {
#include <abi/trace.def>
};
#undef TRACE_KIND
#undef EVENT

struct trace_record {
	uint64_t time;    /* of the time-stamp counter */
	uint32_t number;
	uint16_t event;
	uint16_t reserved;
	envid_t env;
	uint32_t words[3];
};

#define TRACE_PAGES_MAX 512 /* of records, in a ring */

struct trace_ring {
	char magic[8]; /* TRACE_MAGIC */
	uint32_t cpu;
	uint32_t records;
	uint64_t count;
	uint32_t tsc_khz;
	uint32_t reserved[9];
	uint32_t pages[TRACE_PAGES_MAX]; /* the page frames of the records, for who sees physical memory */
};
#define TRACE_MAGIC "finch-1"

#endif
