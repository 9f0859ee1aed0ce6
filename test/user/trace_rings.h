/* For tests of the event ring: the rings of all CPUs, and events looked for in them. */
#ifndef TEST_TRACE_RINGS_H
#define TEST_TRACE_RINGS_H

#include <finch/trace.h>

#include "child.h"

#define RINGS_MAX 32
#define RINGS ((char *)0x40000000)
#define RING_ROOM (2 * PTSIZE) /* from one ring to the next */

static struct trace_reader rings[RINGS_MAX]; /* where each began to be looked at */
static uint32_t ring_count;

/* From here on: what is recorded now is what the functions below find. There are rings by now. */
static void rings_open(void)
{
	ring_count = cpu_total();
	for (uint32_t n = 0; n < ring_count; n++)
		expect_is(trace_open(&rings[n], RINGS + n * RING_ROOM, n), 0);
}

#define ANY 0xABCDEF12u

static inline bool fits(uint32_t value, uint32_t wanted)
{
	return wanted == ANY || value == wanted;
}

/* The earliest such event since then about env (ANY: whoever), with these first two words, not before `after`. */
static bool ring_find(unsigned event, uint32_t env, uint32_t first, uint32_t second, uint64_t after, struct trace_record *found)
{
	bool any = false;

	for (uint32_t n = 0; n < ring_count; n++) {
		struct trace_reader reader = rings[n];
		struct trace_record record;
		while (trace_next(&reader, &record)) {
			if (record.event == event && fits((uint32_t)record.env, env) && fits(record.words[0], first) &&
			    fits(record.words[1], second) && record.time >= after && (!any || record.time < found->time)) {
				*found = record;
				any = true;
			}
		}
	}
	return any;
}

/* There must be one. Returns when it was. */
static __attribute__((unused)) uint64_t expect_event(unsigned event, uint32_t env, uint32_t first, uint32_t second, uint64_t after)
{
	struct trace_record record;

	if (!ring_find(event, env, first, second, after, &record))
		fail("expected event %s of %08x with %x %x, saw none", trace_event_name(event), env, first, second);
	return record.time;
}

static __attribute__((unused)) void expect_no_event(unsigned event, uint32_t env, uint32_t first)
{
	struct trace_record record;

	if (ring_find(event, env, first, ANY, 0, &record))
		fail("expected no event %s of %08x, saw one with %x %x", trace_event_name(event), env, record.words[0],
		     record.words[1]);
}

#endif
