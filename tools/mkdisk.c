/*
 * mkdisk: builds a raw disk image that boots Finch on a PC with no other loader. arch/i386/boot/disk.h has its layout.
 *
 *   mkdisk -o IMAGE -b BOOTBLOCK -l LOADER -k KERNEL [-a ARCHIVE] [-w "BOOT WORDS"]
 *
 * Of the kernel, an ELF file, only what gets loaded is stored: all up to the last byte of its last segment. The image
 * is written under another name first, so that IMAGE is never half an image. Prints nothing when all goes well.
 */
#include <elf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define off_t finch_off_t /* abi/types.h has its own */
#include "common/crc32.h"
#undef off_t
#include "disk.h"

#define IMAGE_ALIGN (1024 * 1024) /* what hypervisors and partitioning tools like */
#define PARTITION_TABLE 446

/* A file's contents. */
struct file {
	const char *name;
	uint8_t *data;
	size_t size;
};

static const char *unfinished; /* the file to remove on failure */

static void die(const char *format, ...)
{
	va_list list;

	fputs("mkdisk: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	if (unfinished)
		remove(unfinished);
	exit(1);
}

static struct file file_read(const char *name)
{
	struct file file = { name, NULL, 0 };
	FILE *f = fopen(name, "rb");
	size_t room = 0, got;

	if (!f)
		die("cannot open %s", name);
	do {
		if (file.size == room) {
			room = room ? 2 * room : 1 << 20;
			file.data = realloc(file.data, room);
			if (!file.data)
				die("no memory for %s", name);
		}
		got = fread(file.data + file.size, 1, room - file.size, f);
		file.size += got;
	} while (got);
	if (ferror(f))
		die("cannot read %s", name);
	fclose(f);
	if (file.size > 0x7FFFFFFF)
		die("%s is too big", name);
	return file;
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/* Cut off what follows the last loaded byte: sections, symbols and debug information. */
static void kernel_trim(struct file *kernel)
{
	const uint8_t *d = kernel->data;
	size_t end, phoff, count;

	if (kernel->size < sizeof(Elf32_Ehdr) || memcmp(d, ELFMAG, SELFMAG) || d[EI_CLASS] != ELFCLASS32)
		die("%s is no 32-bit ELF file", kernel->name);
	phoff = get32(d + offsetof(Elf32_Ehdr, e_phoff));
	count = get32(d + offsetof(Elf32_Ehdr, e_phentsize)) >> 16; /* e_phnum follows e_phentsize */
	end = phoff + count * sizeof(Elf32_Phdr);
	if (!count || end > kernel->size)
		die("%s has no program headers", kernel->name);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *p = d + phoff + i * sizeof(Elf32_Phdr);
		size_t offset = get32(p + offsetof(Elf32_Phdr, p_offset));
		size_t stop = offset + get32(p + offsetof(Elf32_Phdr, p_filesz));

		if (get32(p + offsetof(Elf32_Phdr, p_type)) == PT_LOAD && stop > end)
			end = stop;
	}
	if (end > kernel->size)
		die("%s is cut short: a segment ends beyond it", kernel->name);
	kernel->size = end;
}

/* A sector in the partition table's three bytes, by the geometry that BIOSes take for big disks: 255 heads of 63. */
static void put_chs(uint8_t *p, uint32_t sector)
{
	uint32_t cylinder = sector / (255 * 63);
	bool out_of_reach = cylinder > 1023;

	p[0] = out_of_reach ? 254 : sector / 63 % 255;
	p[1] = out_of_reach ? 0xFF : (cylinder >> 8) << 6 | (sector % 63 + 1);
	p[2] = out_of_reach ? 0xFF : cylinder & 0xFF;
}

/* One bootable partition up to the end of the image. */
static void partition_make(uint8_t *block, uint32_t sectors)
{
	uint8_t *entry = block + PARTITION_TABLE;

	entry[0] = 0x80;
	put_chs(entry + 1, PARTITION_SECTOR);
	entry[4] = PARTITION_TYPE;
	put_chs(entry + 5, sectors - 1);
	put32(entry + 8, PARTITION_SECTOR);
	put32(entry + 12, sectors - PARTITION_SECTOR);
}

/* Give the file its place on the disk, from sector `next` on. Returns the first free sector after it. */
static uint32_t part_place(const struct file *file, uint32_t next, uint8_t *part)
{
	next = (next + PART_ALIGN - 1) / PART_ALIGN * PART_ALIGN;
	put32(part + offsetof(struct disk_part, sector), next);
	put32(part + offsetof(struct disk_part, bytes), (uint32_t)file->size);
	put32(part + offsetof(struct disk_part, crc), crc32(0, file->data, file->size));
	return next + (uint32_t)((file->size + SECTOR_BYTES - 1) / SECTOR_BYTES);
}

static void write_at(FILE *f, uint32_t sector, const uint8_t *data, size_t size)
{
	if (fseeko(f, (off_t)sector * SECTOR_BYTES, SEEK_SET) || fwrite(data, 1, size, f) != size)
		die("cannot write the image");
}

/* What the user asked for. */
struct request {
	const char *image;
	struct file block, loader, kernel, archive;
	const char *words;
};

/* Fill in the boot area: header, loader, sum. Returns the number of sectors of the whole image. */
static uint32_t boot_area_make(uint8_t *area, const struct request *q)
{
	uint32_t next = PARTITION_SECTOR, sectors;
	uint16_t sum;

	memcpy(area + offsetof(struct disk_header, magic), DISK_MAGIC, strlen(DISK_MAGIC));
	next = part_place(&q->kernel, next, area + offsetof(struct disk_header, kernel));
	next = part_place(&q->archive, next, area + offsetof(struct disk_header, archive));
	sectors = (next + IMAGE_ALIGN / SECTOR_BYTES - 1) / (IMAGE_ALIGN / SECTOR_BYTES) * (IMAGE_ALIGN / SECTOR_BYTES);
	put32(area + offsetof(struct disk_header, sectors), sectors);
	strcpy((char *)area + offsetof(struct disk_header, words), q->words);
	memcpy(area + HEADER_SECTORS * SECTOR_BYTES, q->loader.data, q->loader.size);
	sum = boot_area_sum(area);
	area[BOOT_AREA_SECTORS * SECTOR_BYTES - 2] = sum & 0xFF;
	area[BOOT_AREA_SECTORS * SECTOR_BYTES - 1] = sum >> 8;
	return sectors;
}

static void image_write(const struct request *q)
{
	static uint8_t area[BOOT_AREA_SECTORS * SECTOR_BYTES];
	char *temporary = malloc(strlen(q->image) + 5);
	uint32_t sectors = boot_area_make(area, q);
	FILE *f;

	if (!temporary)
		die("no memory");
	strcat(strcpy(temporary, q->image), ".new");
	f = fopen(temporary, "wb");
	if (!f)
		die("cannot write %s", temporary);
	unfinished = temporary;
	partition_make(q->block.data, sectors);
	write_at(f, 0, q->block.data, SECTOR_BYTES);
	write_at(f, HEADER_SECTOR, area, sizeof area);
	write_at(f, get32(area + offsetof(struct disk_header, kernel.sector)), q->kernel.data, q->kernel.size);
	write_at(f, get32(area + offsetof(struct disk_header, archive.sector)), q->archive.data, q->archive.size);
	if (fflush(f) || ftruncate(fileno(f), (off_t)sectors * SECTOR_BYTES) || fclose(f) ||
	    rename(temporary, q->image))
		die("cannot write %s", q->image);
	free(temporary);
}

static void request_check(const struct request *q)
{
	const uint8_t *block = q->block.data;

	if (!q->image || !block || !q->loader.data || !q->kernel.data)
		die("usage: mkdisk -o IMAGE -b BOOTBLOCK -l LOADER -k KERNEL [-a ARCHIVE] [-w \"BOOT WORDS\"]");
	if (q->block.size != SECTOR_BYTES || block[510] != 0x55 || block[511] != 0xAA)
		die("%s is no boot block", q->block.name);
	if (q->loader.size > LOADER_SECTORS * SECTOR_BYTES - 2)
		die("%s is too big for the %d sectors set aside for it", q->loader.name, LOADER_SECTORS);
	if (strlen(q->words) >= DISK_WORDS_BYTES)
		die("the boot words are longer than %d bytes", DISK_WORDS_BYTES - 1);
}

int main(int argc, char **argv)
{
	struct request q = { .archive = { "(none)", (uint8_t *)"", 0 }, .words = "" };

	for (int option; (option = getopt(argc, argv, "o:b:l:k:a:w:")) != -1;) {
		switch (option) {
		case 'o': q.image = optarg; break;
		case 'b': q.block = file_read(optarg); break;
		case 'l': q.loader = file_read(optarg); break;
		case 'k': q.kernel = file_read(optarg); break;
		case 'a': q.archive = file_read(optarg); break;
		case 'w': q.words = optarg; break;
		default: optind = argc + 1; break;
		}
	}
	if (optind != argc)
		q.image = NULL;
	request_check(&q);
	kernel_trim(&q.kernel);
	image_write(&q);
	return 0;
}
