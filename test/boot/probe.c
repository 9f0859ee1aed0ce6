/*
 * A multiboot kernel that says on COM1 what it was handed, in the same words whoever booted it, and ends the machine
 * through the test device with status 16. What differs between loaders by right (where the module lies, who the loader
 * is) stands on lines of its own that begin with `about`; test/boot/run compares the others.
 */
#include <arch/x86.h>
#include <common/crc32.h>
#include <common/format.h>
#include <common/string.h>

#include "multiboot.h"

#define PROBE_BASE 0xF0000000
#define COM1 0x3F8
#define TEST_DEVICE 0xF4
#define PASSED 16

static volatile uint8_t zeros[300000]; /* the loader must have cleared it */
static const char *const text_mark = "text";
static volatile uint32_t data_mark = 0xFEEDF00D;

void probe(uint32_t magic, uint32_t info_address) __attribute__((noreturn));

/* Where the probe sees physical memory. */
static const void *at(uint32_t physical)
{
	return (const void *)(uintptr_t)(physical + PROBE_BASE);
}

static void put(int c, void *arg)
{
	USED(arg);
	if (c == '\n')
		put('\r', NULL);
	while (!(inb(COM1 + 5) & 0x20))
		;
	outb(COM1, (uint8_t)c);
}

static void print(const char *fmt, ...)
{
	__builtin_va_list list;

	__builtin_va_start(list, fmt);
	format(put, NULL, fmt, list);
	__builtin_va_end(list);
}

static void print_memory(const struct multiboot_info *info)
{
	uint64_t total = 0;

	for (uint32_t offset = 0; offset < info->mmap_length;) {
		const struct multiboot_region *r = at(info->mmap_addr + offset);

		if (r->type == MULTIBOOT_RAM)
			total += r->length;
		print("about region %08llx %08llx %u\n", r->start, r->length, r->type);
		offset += r->size + 4;
	}
	print("probe memory %u KB below, %u KB above, %u KB in all\n", info->mem_lower, info->mem_upper,
	      (uint32_t)(total / 1024));
}

static void print_modules(const struct multiboot_info *info)
{
	const struct multiboot_module *m = at(info->mods_addr);

	print("probe modules %u\n", info->mods_count);
	for (uint32_t i = 0; i < info->mods_count; i++) {
		print("about module from 0x%x, %s\n", m[i].start, m[i].string ? (const char *)at(m[i].string) : "-");
		print("probe module of %u bytes, checksum %08x, %s\n", m[i].end - m[i].start,
		      crc32(0, at(m[i].start), m[i].end - m[i].start), m[i].start % 4096 ? "not aligned" : "aligned");
	}
}

/* The words without the first, which is the kernel's name. */
static const char *words(const char *line)
{
	while (*line && *line != ' ')
		line++;
	return line + (*line == ' ');
}

void probe(uint32_t magic, uint32_t info_address)
{
	const struct multiboot_info *info = at(info_address);
	uint32_t dirt = 0, cr0, eflags;

	for (size_t i = 0; i < sizeof zeros; i++)
		dirt |= zeros[i];
	__asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("pushfl; popl %0" : "=r"(eflags));
	print("\nprobe magic %x, wanted fields %x\n", magic,
	      info->flags & (MULTIBOOT_MEMORY | MULTIBOOT_COMMAND_LINE | MULTIBOOT_MEMORY_MAP));
	print("probe cr0 %x, eflags %x\n", cr0 & 0x80000001, eflags & 0x20200);
	print("probe %s, data %x, bss %s\n", text_mark, data_mark, dirt ? "dirty" : "clean");
	print("about loader %s, fields %x, line '%s'\n",
	      info->flags & MULTIBOOT_LOADER_NAME ? (const char *)at(info->boot_loader_name) : "-", info->flags,
	      (const char *)at(info->cmdline));
	print("probe words '%s'\n", words(at(info->cmdline)));
	print_memory(info);
	print_modules(info);
	print("probe done\n");
	outl(TEST_DEVICE, PASSED);
	for (;;)
		__asm__ volatile("hlt");
}
