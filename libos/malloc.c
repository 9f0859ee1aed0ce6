/*
 * Memory in pieces. The heap is one run of mapped pages from HEAP on, divided without gaps into chunks; a chunk knows
 * its own size and that of the one before it, so that what is freed joins its free neighbours at once. An empty chunk
 * that is never freed stands at the end.
 *
 * Free chunks hang in bins by size: one for each multiple of UNIT up to SMALL_MAX, above that one for each power of
 * two. A request takes the first chunk that is large enough and gives back what it does not need. All of this file's
 * state but the heap is small and static; if the heap is not there (in a child that was given only the program's image)
 * it starts anew.
 */
#include <finch/memory.h>
#include <finch/mutex.h>
#include <inc/lib.h>
#include "forking.h"

#define HEAP 0x08000000
#define HEAP_LIMIT 0x80000000
#define UNIT 16
#define HEADER 8
#define SMALL_BINS 32
#define SMALL_MAX (SMALL_BINS * UNIT)
#define BINS 64
#define IN_USE 1u
#define GROW_MIN (16 * 1024)  /* ask for this much more at least, and for an eighth of what there is */
#define TRIM_OVER (512 * 1024) /* unmap a free end larger than this */

/* Chunks stand 8 bytes before a multiple of UNIT, so that what they hold is aligned to UNIT. */
struct chunk {
	uint32_t before; /* size of the chunk before this one; 0 for the first */
	uint32_t size;   /* of this one, header and all, a multiple of UNIT; | IN_USE */
	/* In a free one only: */
	struct chunk *next;
	struct chunk *prev;
};

static struct mutex heap;             /* locked for whatever is done to it */
FORK_LOCK(heap);
static struct chunk *bins[BINS];
static uint32_t bins_used[BINS / 32]; /* a bit for each bin that is not empty */
static struct chunk *last;            /* the empty one at the end; NULL: there is no heap yet */

static uint32_t chunk_size(const struct chunk *chunk)
{
	return chunk->size & ~IN_USE;
}

static struct chunk *chunk_after(const struct chunk *chunk)
{
	return (struct chunk *)((char *)chunk + chunk_size(chunk));
}

static unsigned bin_of(uint32_t size)
{
	if (size <= SMALL_MAX)
		return size / UNIT - 1;
	return SMALL_BINS + 31 - (unsigned)__builtin_clz(size) - 9; /* SMALL_MAX is 2^9 */
}

static void bin_insert(struct chunk *chunk)
{
	unsigned bin = bin_of(chunk->size);

	chunk->prev = NULL;
	chunk->next = bins[bin];
	if (chunk->next)
		chunk->next->prev = chunk;
	bins[bin] = chunk;
	bins_used[bin / 32] |= 1u << bin % 32;
}

static void bin_remove(struct chunk *chunk)
{
	unsigned bin = bin_of(chunk->size);

	if (chunk->next)
		chunk->next->prev = chunk->prev;
	if (chunk->prev)
		chunk->prev->next = chunk->next;
	else
		bins[bin] = chunk->next;
	if (!bins[bin])
		bins_used[bin / 32] &= ~(1u << bin % 32);
}

/* The first bin from bin on that is not empty, or BINS. */
static unsigned bin_next(unsigned bin)
{
	for (; bin < BINS; bin = (bin / 32 + 1) * 32) {
		uint32_t rest = bins_used[bin / 32] >> bin % 32;
		if (rest)
			return bin + (unsigned)__builtin_ctz(rest);
	}
	return BINS;
}

/* A free chunk of at least size, still in its bin, or NULL. */
static struct chunk *find(uint32_t size)
{
	for (unsigned bin = bin_next(bin_of(size)); bin < BINS; bin = bin_next(bin + 1))
		for (struct chunk *chunk = bins[bin]; chunk; chunk = chunk->next)
			if (chunk->size >= size)
				return chunk;
	return NULL;
}

/* Make chunk (in no bin) a free one, joined with its free neighbours, and put it into its bin. */
static struct chunk *make_free(struct chunk *chunk)
{
	struct chunk *after = chunk_after(chunk);

	chunk->size &= ~IN_USE;
	if (!(after->size & IN_USE)) {
		bin_remove(after);
		chunk->size += after->size;
	}
	if (chunk->before) {
		struct chunk *before = (struct chunk *)((char *)chunk - chunk->before);
		if (!(before->size & IN_USE)) {
			bin_remove(before);
			before->size += chunk->size;
			chunk = before;
		}
	}
	chunk_after(chunk)->before = chunk->size;
	bin_insert(chunk);
	return chunk;
}

/* Make chunk (in no bin) one in use of this size, and what it has beyond that a free one. */
static void make_used(struct chunk *chunk, uint32_t size)
{
	uint32_t rest = chunk_size(chunk) - size;

	if (rest < 2 * UNIT) {
		chunk->size |= IN_USE;
		return;
	}
	chunk->size = size | IN_USE;
	struct chunk *other = chunk_after(chunk);
	other->before = size;
	other->size = rest;
	make_free(other);
}

/* Put the empty chunk at the end of what is mapped. */
static void set_last(uintptr_t end, uint32_t before)
{
	last = (struct chunk *)(end - HEADER);
	last->before = before;
	last->size = IN_USE;
}

/* Map pages at end; false if there is no memory for them. */
static bool map_more(uintptr_t end, size_t bytes)
{
	if (bytes > HEAP_LIMIT - end)
		return false;
	return pages_alloc(0, (void *)end, PTE_P | PTE_U | PTE_W, bytes / PGSIZE) == 0;
}

/* Start with an empty heap of one page. */
static bool heap_start(void)
{
	memset(bins, 0, sizeof(bins));
	memset(bins_used, 0, sizeof(bins_used));
	last = NULL;
	if (!map_more(HEAP, PGSIZE))
		return false;
	struct chunk *first = (struct chunk *)(HEAP + UNIT - HEADER);
	first->before = 0;
	first->size = PGSIZE - UNIT;
	set_last(HEAP + PGSIZE, first->size);
	bin_insert(first);
	return true;
}

/* Make the heap longer, so that its end has room for size. */
static bool heap_grow(uint32_t size)
{
	uintptr_t end = (uintptr_t)last + HEADER;
	size_t bytes = ROUNDUP((size_t)size, PGSIZE);
	size_t plenty = ROUNDUP(MAX(bytes, MAX((size_t)GROW_MIN, (end - HEAP) / 8)), PGSIZE);

	if (map_more(end, plenty))
		bytes = plenty;
	else if (!map_more(end, bytes))
		return false;
	struct chunk *chunk = last;
	chunk->size = bytes | IN_USE;
	set_last(end + bytes, bytes);
	make_free(chunk);
	return true;
}

/* Give back the pages of a large free chunk at the end. */
static void heap_trim(struct chunk *chunk)
{
	if (chunk_after(chunk) != last || chunk->size <= TRIM_OVER)
		return;
	uintptr_t end = (uintptr_t)last + HEADER;
	uintptr_t keep = ROUNDUP((uintptr_t)chunk + GROW_MIN, PGSIZE);
	bin_remove(chunk);
	chunk->size = keep - HEADER - (uintptr_t)chunk;
	set_last(keep, chunk->size);
	bin_insert(chunk);
	pages_unmap(0, (void *)keep, (end - keep) / PGSIZE);
}

/* The size of a chunk that holds size bytes, or 0 if that is more than there can be. */
static uint32_t size_for(size_t size)
{
	if (size > HEAP_LIMIT - HEAP)
		return 0;
	return MAX(ROUNDUP((uint32_t)size + HEADER, UNIT), 2u * UNIT);
}

static void *piece_alloc(size_t size)
{
	uint32_t need = size_for(size);

	if (need == 0 || ((!last || !page_mapped((void *)HEAP)) && !heap_start()))
		return NULL;
	struct chunk *chunk = find(need);
	if (!chunk && heap_grow(need))
		chunk = find(need);
	if (!chunk)
		return NULL;
	bin_remove(chunk);
	make_used(chunk, need);
	return (char *)chunk + HEADER;
}

/* The chunk of a piece; panics if there is none in use. */
static struct chunk *chunk_of(void *piece, const char *what)
{
	struct chunk *chunk = (struct chunk *)((char *)piece - HEADER);

	if ((uintptr_t)piece % UNIT != 0 || (uintptr_t)piece < HEAP || chunk >= last || !(chunk->size & IN_USE))
		panic("%s: %p is not a piece in use", what, piece);
	return chunk;
}

static void piece_free(void *piece)
{
	heap_trim(make_free(chunk_of(piece, "free")));
}

void *malloc(size_t size)
{
	mutex_lock(&heap);
	void *piece = piece_alloc(size);
	mutex_unlock(&heap);
	return piece;
}

void free(void *piece)
{
	if (!piece)
		return;
	mutex_lock(&heap);
	piece_free(piece);
	mutex_unlock(&heap);
}

void *calloc(size_t count, size_t size) __attribute__((weak));
void *realloc(void *piece, size_t size) __attribute__((weak));

void *calloc(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	void *piece = malloc(bytes);
	return piece ? memset(piece, 0, bytes) : NULL;
}

/* Let chunk take over the free one after it, if it then holds size. */
static bool grow_in_place(struct chunk *chunk, uint32_t size)
{
	struct chunk *after = chunk_after(chunk);

	if ((after->size & IN_USE) || chunk_size(chunk) + after->size < size)
		return false;
	bin_remove(after);
	chunk->size += after->size;
	chunk_after(chunk)->before = chunk_size(chunk);
	make_used(chunk, size);
	return true;
}

/* With the heap locked. */
static void *piece_resize(void *piece, size_t size)
{
	struct chunk *chunk = chunk_of(piece, "realloc");
	uint32_t need = size_for(size);
	if (need == 0)
		return NULL;
	if (need <= chunk_size(chunk)) {
		make_used(chunk, need);
		return piece;
	}
	if (grow_in_place(chunk, need))
		return piece;
	void *moved = piece_alloc(size);
	if (!moved)
		return NULL;
	memcpy(moved, piece, chunk_size(chunk) - HEADER);
	piece_free(piece);
	return moved;
}

void *realloc(void *piece, size_t size)
{
	if (!piece)
		return malloc(size);
	mutex_lock(&heap);
	void *moved = piece_resize(piece, size);
	mutex_unlock(&heap);
	return moved;
}
