/*
 * The loader: brings the kernel and the boot archive from the disk into memory and enters the kernel just as any
 * multiboot loader does. Runs in 32-bit protected mode without paging, on one CPU, interrupts off but in BIOS calls.
 *
 * The header that the boot block read stands at BOOT_AREA; the boot area's sum has been checked, so its numbers are
 * those of mkdisk, and are checked here against each other all the same.
 */
#include "loader.h"

#include <common/string.h>

#include "console.h"
#include "drive.h"
#include "kernel.h"
#include "memory.h"

#define KERNEL_NAME "finch "
#define PAGE 4096
#define KB(bytes) (((bytes) + 1023) / 1024)

static const struct disk_header *const header = (const struct disk_header *)BOOT_AREA;

/* What the kernel is handed; it lies in the loader's memory below 64 KB. */
static struct multiboot_info info;
static struct multiboot_module module;
static char command_line[sizeof KERNEL_NAME + DISK_WORDS_BYTES];

void loader_main(unsigned drive) __attribute__((noreturn));
void loader_leave(uint32_t entry, uint32_t magic, const struct multiboot_info *info) __attribute__((noreturn));

bool loader_word(const char *wanted)
{
	const char *s = header->words, *end = s + DISK_WORDS_BYTES;
	bool in_program = false; /* words from init= up to -- belong to that program */

	while (s < end && *s) {
		size_t length = 0;

		while (s + length < end && s[length] && s[length] != ' ')
			length++;
		if (length >= 5 && strncmp(s, "init=", 5) == 0)
			in_program = true;
		else if (length == 2 && strncmp(s, "--", 2) == 0)
			in_program = false;
		else if (!in_program && length == strlen(wanted) && strncmp(s, wanted, length) == 0)
			return true;
		s += length;
		while (s < end && *s == ' ')
			s++;
	}
	return false;
}

/* Does the part lie within the partition? */
static bool part_good(const struct disk_part *part)
{
	uint32_t sectors = part->bytes / SECTOR_BYTES + (part->bytes % SECTOR_BYTES != 0);

	return part->sector >= PARTITION_SECTOR && part->sector <= header->sectors &&
	       sectors <= header->sectors - part->sector;
}

static void header_check(void)
{
	if (memcmp(header->magic, DISK_MAGIC, sizeof header->magic) != 0)
		fail("this disk's header is not one that this loader knows");
	if (!header->kernel.bytes || !part_good(&header->kernel) || !part_good(&header->archive) ||
	    strnlen(header->words, DISK_WORDS_BYTES) == DISK_WORDS_BYTES)
		fail("this disk's header contradicts itself");
}

static void archive_take(const uint8_t *data, uint32_t offset, uint32_t n, void *arg)
{
	memcpy((uint8_t *)arg + offset, data, n);
}

/* Load the archive into the first RAM after the kernel that holds it, from a page's start. */
static void archive_load(uint32_t kernel_end)
{
	uint32_t bytes = header->archive.bytes;
	uint32_t start = memory_find(kernel_end, bytes);

	if (!start)
		fail("not enough memory: the boot archive needs %u KB above the kernel, there are %u KB", KB(bytes),
		     memory_largest(kernel_end) / 1024);
	if (drive_read(&header->archive, archive_take, (void *)(uintptr_t)start) != header->archive.crc)
		fail("the boot archive on this disk is damaged (wrong checksum)");
	module = (struct multiboot_module){ start, start + bytes, (uintptr_t)"boot.cpio", 0 };
	info.flags |= MULTIBOOT_MODULES;
	info.mods_count = 1;
	info.mods_addr = (uintptr_t)&module;
}

void loader_main(unsigned drive)
{
	struct kernel kernel;

	console_init();
	header_check();
	memory_init();
	drive_init(drive, header->sectors);
	say("Finch loader: kernel %u KB, boot archive %u KB, from drive %x\n", KB(header->kernel.bytes),
	    KB(header->archive.bytes), drive);

	kernel_load(&header->kernel, &kernel);
	if (header->archive.bytes)
		archive_load(ROUNDUP(kernel.end, PAGE));

	strcpy(command_line, KERNEL_NAME);
	strcat(command_line, header->words);
	memory_describe(&info);
	info.flags |= MULTIBOOT_BOOT_DEVICE | MULTIBOOT_COMMAND_LINE | MULTIBOOT_LOADER_NAME;
	info.boot_device = drive << 24 | 0x00FFFF; /* partition 0, nothing within it */
	info.cmdline = (uintptr_t)command_line;
	info.boot_loader_name = (uintptr_t)"Finch loader";
	loader_leave(kernel.entry, MULTIBOOT_MAGIC, &info);
}
