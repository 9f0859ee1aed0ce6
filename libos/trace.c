/* Reading the event rings, while the kernel writes them. */
#include <common/words.h>
#include <finch/syscall.h>
#include <finch/trace.h>
#include <inc/lib.h>

int trace_set(uint32_t kinds)
{
	return libos_sys_trace(TRACE_SET, kinds, 0);
}

/* How many records were written: two equal looks, since a look takes two loads. */
static uint64_t count_of(const volatile struct trace_ring *ring)
{
	uint64_t seen = ring->count, before;

	do {
		before = seen;
		seen = ring->count;
	} while (seen != before);
	return seen;
}

int trace_open(struct trace_reader *reader, void *va, uint32_t cpu)
{
	int err = libos_sys_trace(TRACE_MAP, (uintptr_t)va, cpu);

	if (err < 0)
		return err;
	reader->ring = va;
	reader->next = count_of(reader->ring);
	reader->lost = 0;
	return 0;
}

/* The record number n, if it is whole and has not been overwritten. */
static bool copy(const struct trace_reader *reader, struct trace_record *to)
{
	const volatile struct trace_ring *ring = reader->ring;
	const struct trace_record *records = (const struct trace_record *)((const volatile char *)ring + PGSIZE);
	const struct trace_record *from = &records[(uint32_t)reader->next & (ring->records - 1)];

	if (__atomic_load_n(&from->number, __ATOMIC_ACQUIRE) != (uint32_t)reader->next + 1)
		return false;
	*to = *from;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&from->number, __ATOMIC_ACQUIRE) == (uint32_t)reader->next + 1;
}

bool trace_next(struct trace_reader *reader, struct trace_record *record)
{
	uint64_t count;

	while (reader->next < (count = count_of(reader->ring))) {
		if (count - reader->next > reader->ring->records) {
			reader->lost += count - reader->ring->records - reader->next;
			reader->next = count - reader->ring->records;
		}
		bool whole = copy(reader, record);
		reader->next++;
		if (whole)
			return true;
		reader->lost++;
	}
	return false;
}

#define TRACE_KIND(name, bit, word) [bit] = word,
#define EVENT(name, number, kind, words, text)
static const char *const kind_words[] = {
#include <abi/trace.def>
};
#undef TRACE_KIND
#undef EVENT

const char *trace_kinds_parse(const char *words, uint32_t *kinds)
{
	return words_bits(words, kind_words, ARRAY_SIZE(kind_words), kinds);
}

#define TRACE_KIND(name, bit, word)
#define EVENT(name, number, kind, words, text) [number] = { #name, words },
static const struct {
	const char *name, *format;
} events[] = {
#include <abi/trace.def>
};

const char *trace_event_name(unsigned event)
{
	return event < ARRAY_SIZE(events) && events[event].name ? events[event].name : "?";
}

const char *trace_event_format(unsigned event)
{
	return event < ARRAY_SIZE(events) && events[event].format ? events[event].format : "";
}
