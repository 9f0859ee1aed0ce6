/* Reading what the boot loader handed over, early: the first 8 MB of physical memory are mapped at KERNBASE. */
#include <common/string.h>
#include <kern/arch.h>
#include <kern/boot.h>
#include "multiboot.h"

#define LOADER_MAGIC 0x2BADB002
#define HAS_MEMORY (1u << 0)
#define HAS_WORDS (1u << 2)
#define HAS_MODULES (1u << 3)
#define HAS_MAP (1u << 6)
#define MAP_RAM 1
#define REACHABLE (2u * PTSIZE) /* physical memory that is mapped by now */

struct info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper; /* KB below 640 KB, and from 1 MB on */
	uint32_t boot_device;
	uint32_t words;
	uint32_t modules_count, modules;
	uint32_t symbols[4];
	uint32_t map_length, map;
};

struct map_entry {
	uint32_t size; /* of what follows */
	uint64_t start, length;
	uint32_t type;
} __attribute__((packed));

struct module {
	uint32_t start, end, words, reserved;
};

/* What the loader put at a physical address; NULL if it lies where it cannot be read now. */
static const void *at(uint32_t physical, uint32_t size)
{
	if (size > REACHABLE || physical > REACHABLE - size)
		return NULL;
	return (const void *)(KERNBASE + physical);
}

static void add_ram(uint64_t start, uint64_t end)
{
	end = MIN(end, 0xFFFFF000ull);
	if (start < end && boot_info.ram_count < BOOT_RANGES_MAX)
		boot_info.ram[boot_info.ram_count++] = (struct boot_range){ start, end };
}

/* What a map calls reserved is not RAM, whatever else the map says of it. */
static void remove_ram(uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		struct boot_range *ram = &boot_info.ram[i];
		if (end <= ram->start || start >= ram->end)
			continue;
		uint64_t behind = ram->end;
		ram->end = MAX(start, ram->start);
		add_ram(end, behind);
	}
}

/* Go through the map's entries: those that are RAM, or those that are not. */
static void read_map(const struct info *info, bool want_ram)
{
	uint32_t offset = 0;

	while (offset + sizeof(struct map_entry) <= info->map_length) {
		const struct map_entry *entry = at(info->map + offset, sizeof *entry);
		if (!entry || entry->size < sizeof *entry - 4 || entry->size > info->map_length)
			break;
		uint64_t end = entry->start + MIN(entry->length, 1ull << 32);
		if (entry->start < 1ull << 32 && (entry->type == MAP_RAM) == want_ram) {
			remove_ram(entry->start, end); /* ranges of RAM that overlap count once */
			if (want_ram)
				add_ram(entry->start, end);
		}
		offset += entry->size + 4;
	}
}

static void read_words(const struct info *info)
{
	const char *words = at(info->words, BOOT_WORDS_MAX);

	/* The first word may be the path of the kernel, as the loader sees it: harmless, it is no boot word. */
	if (words)
		strlcpy(boot_info.words, words, sizeof boot_info.words);
}

void multiboot_read(uint32_t magic, uint32_t physical)
{
	const struct info *info = at(physical, sizeof *info);
	const struct module *module;

	if (magic != LOADER_MAGIC || !info)
		boot_fail("it was not started by a multiboot loader (eax is %08x)", magic);
	if (info->flags & HAS_WORDS)
		read_words(info);
	if (info->flags & HAS_MAP) {
		read_map(info, true);
		read_map(info, false);
	}
	if (!boot_info.ram_count && info->flags & HAS_MEMORY) {
		add_ram(0, (uint64_t)info->mem_lower << 10);
		add_ram(EXTPHYSMEM, EXTPHYSMEM + ((uint64_t)info->mem_upper << 10));
	}
	if (!boot_info.ram_count)
		boot_fail("the boot loader told nothing about memory");
	if (info->flags & HAS_MODULES && info->modules_count && (module = at(info->modules, sizeof *module)) &&
	    module->end > module->start)
		boot_info.archive = (struct boot_range){ module->start, module->end };
	if (boot_info.archive.start % PGSIZE)
		boot_fail("the boot archive does not start on a page (it is at %08x)", (uint32_t)boot_info.archive.start);
}
