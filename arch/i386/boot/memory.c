/*
 * The memory map (memory.h). The newest BIOS function that answers is taken: int 15h E820h (ACPI Specification 6.3,
 * 15.1), else E801h (two sizes, with a hole below 16 MB possible), else 88h (one size, up to 64 MB).
 */
#include "memory.h"

#include "a20.h"
#include "bios.h"
#include "console.h"

#define REGIONS_MAX 96
#define PAGE 4096
#define MB (1024 * 1024)
#define SMAP 0x534D4150 /* "SMAP", which E820h wants and gives back */

static struct multiboot_region regions[REGIONS_MAX];
static unsigned count;
static uint32_t low_kb;

static void region_add(uint64_t start, uint64_t length, uint32_t type)
{
	if (!length || count == REGIONS_MAX)
		return;
	regions[count++] = (struct multiboot_region){ sizeof(struct multiboot_region) - 4, start, length, type };
}

/* What E820h writes. attributes came later: where a BIOS knows it, bit 0 clear means "ignore this". */
struct e820 {
	uint64_t start, length;
	uint32_t type, attributes;
};

static bool read_e820(void)
{
	struct e820 entry;
	struct bios_registers r = { .ebx = 0 };

	do {
		entry.attributes = 1;
		r.eax = 0xE820;
		r.ecx = sizeof entry;
		r.edx = SMAP;
		r.edi = (uintptr_t)&entry;
		bios_call(0x15, &r);
		if ((r.flags & BIOS_CARRY) || r.eax != SMAP)
			break;
		if (r.ecx < sizeof entry || (entry.attributes & 1))
			region_add(entry.start, entry.length, entry.type);
	} while (r.ebx);
	return memory_end(MB) > MB;
}

static bool read_e801(void)
{
	struct bios_registers r = { .eax = 0xE801 };

	bios_call(0x15, &r);
	if (r.flags & BIOS_CARRY)
		return false;
	if (!(r.ecx & 0xFFFF) && !(r.edx & 0xFFFF)) { /* some answer in ax and bx alone */
		r.ecx = r.eax;
		r.edx = r.ebx;
	}
	region_add(MB, (uint64_t)(r.ecx & 0xFFFF) * 1024, MULTIBOOT_RAM);
	region_add(16 * MB, (uint64_t)(r.edx & 0xFFFF) * 64 * 1024, MULTIBOOT_RAM);
	return memory_end(MB) > MB;
}

static bool read_88(void)
{
	struct bios_registers r = { .eax = 0x8800 };

	bios_call(0x15, &r);
	if (r.flags & BIOS_CARRY)
		return false;
	region_add(MB, (uint64_t)(r.eax & 0xFFFF) * 1024, MULTIBOOT_RAM);
	return memory_end(MB) > MB;
}

/* The older functions tell of nothing below 1 MB; what int 12h says is free there. */
static void start_over(void)
{
	count = 0;
	region_add(0, low_kb * 1024, MULTIBOOT_RAM);
}

void memory_init(void)
{
	struct bios_registers r = { .eax = 0 };

	bios_call(0x12, &r);
	low_kb = r.eax & 0xFFFF;
	if (!a20_open())
		fail("address line 20 cannot be opened: no memory above 1 MB");
	if (read_e820())
		return;
	start_over();
	if (read_e801())
		return;
	start_over();
	if (!read_88())
		fail("there is no memory above 1 MB, or the BIOS does not tell of it");
}

/* As memory_end, but before what is reserved is taken off. */
static uint64_t ram_end(uint64_t start)
{
	uint64_t end = start;
	bool more;

	do {
		more = false;
		for (unsigned i = 0; i < count; i++) {
			struct multiboot_region *r = &regions[i];

			if (r->type == MULTIBOOT_RAM && r->start <= end && r->length > end - r->start) {
				end = r->start + r->length;
				more = true;
			}
		}
	} while (more);
	return end;
}

uint32_t memory_end(uint32_t start)
{
	uint64_t end = ram_end(start);

	/* Where a BIOS calls the same bytes RAM and something else, they are something else. */
	for (unsigned i = 0; i < count; i++) {
		struct multiboot_region *r = &regions[i];

		if (r->type == MULTIBOOT_RAM || r->start >= end)
			continue;
		if (r->start >= start)
			end = r->start;
		else if (r->length > start - r->start)
			end = start;
	}
	return end > 0xFFFFF000 ? 0xFFFFF000 : (uint32_t)end;
}

/* The start of the lowest (or, with bytes 0, the largest) piece of RAM of at least `bytes` bytes. */
static uint32_t piece(uint32_t from, uint32_t bytes, uint32_t *size)
{
	uint32_t best = 0;

	*size = 0;
	for (unsigned i = 0; i <= count; i++) {
		/* A piece begins at `from` or where a region begins or ends. */
		for (int at_end = 0; at_end < 2; at_end++) {
			uint64_t start = from;
			uint32_t found;

			if (i < count)
				start = regions[i].start + (at_end ? regions[i].length : 0);
			start = (start + PAGE - 1) & ~(uint64_t)(PAGE - 1);
			if (start < from || start > 0xFFFFF000)
				continue;
			found = memory_end((uint32_t)start) - (uint32_t)start;
			if (!found || found < bytes)
				continue;
			if (!best || (bytes ? start < best : found > *size)) {
				best = (uint32_t)start;
				*size = found;
			}
		}
	}
	return best;
}

uint32_t memory_find(uint32_t from, uint32_t bytes)
{
	uint32_t size;

	return piece(from, bytes, &size);
}

uint32_t memory_largest(uint32_t from)
{
	uint32_t size;

	piece(from, 0, &size);
	return size;
}

void memory_describe(struct multiboot_info *info)
{
	info->flags |= MULTIBOOT_MEMORY | MULTIBOOT_MEMORY_MAP;
	info->mem_lower = low_kb;
	info->mem_upper = (memory_end(MB) - MB) / 1024;
	info->mmap_addr = (uintptr_t)regions;
	info->mmap_length = count * sizeof regions[0];
}
