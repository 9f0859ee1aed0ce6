/*
 * For programs: the event rings, of which each CPU has one. Needs RIGHT_TRACE. <abi/trace.def> lists the events, and
 * <abi/trace.h> says how a ring works.
 */
#ifndef FINCH_TRACE_H
#define FINCH_TRACE_H

#include <abi/trace.h>
#include <common/names.h>

/*
 * Record these kinds of events (TRACE_KIND_) on all CPUs from now on, 0 for none. Returns those until now, or an error.
 */
int trace_set(uint32_t kinds) LINKED_NAME(trace_set);

/*
 * The kinds whose words, or "all", stand in `words` with commas between them. NULL; or where the first word begins that is
 * none.
 */
const char *trace_kinds_parse(const char *words, uint32_t *kinds) LINKED_NAME(trace_kinds_parse);

/*
 * Who reads a ring: from `next` on, the number of a record counted from 0. `lost` were overwritten before they were
 * read.
 */
struct trace_reader {
	const volatile struct trace_ring *ring;
	uint64_t next, lost;
};

/*
 * Map the ring of a CPU at va, where up to TRACE_PAGES_MAX + 1 pages of room are, and begin with the next event that
 * will be recorded (set `next` to 0 for the oldest that there is). 0 or an error: there are no rings until kinds were
 * set once.
 */
int trace_open(struct trace_reader *reader, void *va, uint32_t cpu) LINKED_NAME(trace_open);
/* Copy the next record. False: there is none yet. */
bool trace_next(struct trace_reader *reader, struct trace_record *record) LINKED_NAME(trace_next);

/* What an event is called, and the format of its three words for printf; "?" and "" of one that there is not. */
const char *trace_event_name(unsigned event) LINKED_NAME(trace_event_name);
const char *trace_event_format(unsigned event) LINKED_NAME(trace_event_format);

#endif
