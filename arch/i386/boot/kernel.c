/*
 * Loading the kernel (kernel.h). Its first piece from the disk must hold all headers; from these a plan is made, by
 * which it and all later pieces are put where they belong. A plan that cannot be followed is reported only after
 * the whole file has passed by, since a wrong checksum explains it better.
 */
#include "kernel.h"

#include <common/elf.h>
#include <common/string.h>

#include "console.h"
#include "drive.h"
#include "memory.h"

#define MB (1024 * 1024)
#define SEGMENTS_MAX 16

struct segment {
	uint32_t offset, filesize;
	uint32_t pa, memsize;
};

struct plan {
	uint32_t size; /* of the file */
	const char *problem; /* NULL: none */
	bool fits; /* there is RAM for all of it */
	struct segment segments[SEGMENTS_MAX];
	unsigned count;
	struct kernel kernel;
};

/* Is there a multiboot header in the first n bytes, whose demands we meet? */
static const char *multiboot_problem(const uint8_t *file, uint32_t n)
{
	for (uint32_t i = 0; i + 12 <= n && i + 12 <= MULTIBOOT_HEADER_WITHIN; i += 4) {
		const uint32_t *header = (const uint32_t *)(file + i);

		if (header[0] != MULTIBOOT_HEADER_MAGIC || header[0] + header[1] + header[2] != 0)
			continue;
		if (header[1] & MULTIBOOT_WANTS_ANY & ~(MULTIBOOT_WANTS_PAGED_MODULES | MULTIBOOT_WANTS_MEMORY))
			return "its multiboot header asks for more than memory and modules";
		if (header[1] & MULTIBOOT_HAS_ADDRESSES)
			return "its multiboot header asks to be loaded by addresses of its own";
		return NULL;
	}
	return "it has no multiboot header";
}

static bool overlaps(const struct segment *a, const struct segment *b)
{
	return a->pa < b->pa + b->memsize && b->pa < a->pa + a->memsize;
}

static const char *segment_add(struct plan *plan, const struct elf_segment *found, uint32_t pa)
{
	struct segment *s = &plan->segments[plan->count];

	if (plan->count == SEGMENTS_MAX)
		return "it has too many segments";
	*s = (struct segment){ found->offset, found->filesize, pa, found->memsize };
	if (s->pa < MB)
		return "it has a segment below 1 MB";
	if (s->memsize > 0xFFFFFFFF - s->pa)
		return "it has a segment that ends above 4 GB";
	for (unsigned i = 0; i < plan->count; i++)
		if (overlaps(s, &plan->segments[i]))
			return "two of its segments overlap";
	plan->count++;
	plan->kernel.end = MAX(plan->kernel.end, s->pa + s->memsize);
	return NULL;
}

/* The entry may be given as linked (what the specification's authors mean) or as loaded: QEMU and GRUB take both. */
static void entry_look(struct plan *plan, const struct elf_segment *s, uint32_t pa, uint32_t entry)
{
	if (entry >= s->va && entry - s->va < s->filesize)
		plan->kernel.entry = pa + (entry - s->va);
	else if (!plan->kernel.entry && entry >= pa && entry - pa < s->filesize)
		plan->kernel.entry = entry;
}

/* Decide from the file's first n bytes what goes where. Returns what is wrong with it, or NULL. */
static const char *plan_make(struct plan *plan, const uint8_t *file, uint32_t n)
{
	const struct elf32_header *header = (const struct elf32_header *)file;
	int headers = n < sizeof(*header) ? -1 : elf_check(file, plan->size);
	const char *problem = multiboot_problem(file, n);

	if (headers < 0)
		return "it is no ELF program for i386";
	if (header->phoff > n || headers * sizeof(struct elf32_program_header) > n - header->phoff)
		return "its program headers are too far from its beginning";
	for (int i = 0; i < headers && !problem; i++) {
		struct elf_segment s;
		struct elf32_program_header program;
		int is = elf_segment(file, plan->size, i, &s);

		memcpy(&program, file + header->phoff + (uint32_t)i * sizeof(program), sizeof(program));
		if (is < 0)
			return "it has a segment that reaches outside the file";
		if (!is)
			continue;
		problem = segment_add(plan, &s, program.pa);
		entry_look(plan, &s, program.pa, header->entry);
	}
	if (!problem && !plan->kernel.entry)
		return "its entry lies outside its segments";
	return problem;
}

/* Put those bytes of this piece of the file that belong to the segment where it wants them. */
static void segment_fill(const struct segment *s, const uint8_t *data, uint32_t offset, uint32_t n)
{
	uint32_t from = MAX(offset, s->offset);
	uint32_t to = MIN(offset + n, s->offset + s->filesize);

	if (from < to)
		memcpy((void *)(uintptr_t)(s->pa + (from - s->offset)), data + (from - offset), to - from);
}

/* Is all that the plan wants RAM? */
static bool fits(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->count; i++) {
		const struct segment *s = &plan->segments[i];

		if (memory_end(s->pa) < s->pa + s->memsize)
			return false;
	}
	return true;
}

static void take(const uint8_t *data, uint32_t offset, uint32_t n, void *arg)
{
	struct plan *plan = arg;

	if (offset == 0) {
		plan->problem = plan_make(plan, data, n);
		plan->fits = fits(plan);
	}
	if (plan->problem || !plan->fits)
		return;
	for (unsigned i = 0; i < plan->count; i++)
		segment_fill(&plan->segments[i], data, offset, n);
}

void kernel_load(const struct disk_part *part, struct kernel *kernel)
{
	struct plan plan = { .size = part->bytes };

	if (drive_read(part, take, &plan) != part->crc)
		fail("the kernel on this disk is damaged (wrong checksum)");
	if (plan.problem)
		fail("the kernel cannot be loaded: %s", plan.problem);
	if (!plan.fits)
		fail("not enough memory: the kernel needs %u KB from 1 MB on, there are %u KB",
		     (plan.kernel.end - MB + 1023) / 1024, (memory_end(MB) - MB) / 1024);
	for (unsigned i = 0; i < plan.count; i++) {
		const struct segment *s = &plan.segments[i];

		memset((void *)(uintptr_t)(s->pa + s->filesize), 0, s->memsize - s->filesize);
	}
	*kernel = plan.kernel;
}
