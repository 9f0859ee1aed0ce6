/* Host test of common/elf.c: a good program is read right, and a damaged one never leads outside the file. */
#define TEST_GROUP "elf"
#include "host.h"

#include <abi/error.h>
#include <common/elf.c>

#define HEADERS 3

/* A small program: text, a header of another kind, data with bss. */
struct image {
	struct elf32_header header;
	struct elf32_program_header program[HEADERS];
	uint8_t text[40];
	uint8_t data[8];
};

static struct image good_image(void)
{
	struct image image = {
		.header = {
			.magic = ELF_MAGIC, .class = ELF_CLASS_32, .data = ELF_DATA_LITTLE, .ident_version = 1,
			.type = ELF_TYPE_EXECUTABLE, .machine = ELF_MACHINE_386, .version = 1, .entry = 0x800010,
			.phoff = offsetof(struct image, program), .phentsize = 32, .phnum = HEADERS,
		},
		.program = {
			{ ELF_PT_LOAD, offsetof(struct image, text), 0x800000, 0, 40, 40, 5, 4096 },
			{ 4, 0, 0, 0, 0xFFFFFFFF, 1, 4, 1 },
			{ ELF_PT_LOAD, offsetof(struct image, data), 0x801000, 0, 8, 5000, 6, 4096 },
		},
	};
	return image;
}

static void layout(void)
{
	EXPECT(52, sizeof(struct elf32_header));
	EXPECT(32, sizeof(struct elf32_program_header));
	EXPECT(40, sizeof(struct elf32_section_header));
}

static void good(void)
{
	struct image image = good_image();
	struct elf_segment segment;

	EXPECT(HEADERS, elf_check(&image, sizeof(image)));
	EXPECT(0x800010, elf_entry(&image));
	EXPECT(1, elf_segment(&image, sizeof(image), 0, &segment));
	EXPECT_THAT(segment.data == image.text && segment.filesize == 40 && segment.memsize == 40);
	EXPECT_THAT(segment.va == 0x800000 && segment.flags == (ELF_FLAG_READ | ELF_FLAG_EXEC));
	EXPECT(0, elf_segment(&image, sizeof(image), 1, &segment));
	EXPECT(1, elf_segment(&image, sizeof(image), 2, &segment));
	EXPECT_THAT(segment.data == image.data && segment.filesize == 8 && segment.memsize == 5000);
	EXPECT_THAT(segment.va == 0x801000 && segment.flags == (ELF_FLAG_READ | ELF_FLAG_WRITE));
}

#define EXPECT_REFUSED(field, value)                                                                             \
	do {                                                                                                     \
		struct image image_ = good_image();                                                              \
		image_.header.field = (value);                                                                   \
		EXPECT(-E_NOT_EXEC, elf_check(&image_, sizeof(image_)));                                         \
	} while (0)

static void bad_headers(void)
{
	EXPECT_REFUSED(magic, 0);
	EXPECT_REFUSED(class, 2);
	EXPECT_REFUSED(data, 2);
	EXPECT_REFUSED(ident_version, 0);
	EXPECT_REFUSED(version, 2);
	EXPECT_REFUSED(type, 3);
	EXPECT_REFUSED(machine, 62);
	EXPECT_REFUSED(phnum, 0);
	EXPECT_REFUSED(phnum, 0xFFFF);
	EXPECT_REFUSED(phentsize, 31);
	EXPECT_REFUSED(phentsize, 0);
	EXPECT_REFUSED(phoff, 0xFFFFFFFF);
	EXPECT_REFUSED(phoff, 0xFFFFFFE0);
	EXPECT_REFUSED(phoff, sizeof(struct image) - HEADERS * 32 + 1);
}

static void too_short(void)
{
	struct image image = good_image();

	for (size_t size = 0; size < offsetof(struct image, text); size++) {
		uint8_t *block = block_copy(&image, size);
		EXPECT(-E_NOT_EXEC, elf_check(block, size));
		free(block);
	}
	EXPECT(HEADERS, elf_check(&image, offsetof(struct image, text)));
}

#define EXPECT_BAD_SEGMENT(field, value)                                                                         \
	do {                                                                                                     \
		struct image image_ = good_image();                                                              \
		struct elf_segment segment_;                                                                     \
		image_.program[0].field = (value);                                                               \
		EXPECT(-E_NOT_EXEC, elf_segment(&image_, sizeof(image_), 0, &segment_));                         \
	} while (0)

static void bad_segments(void)
{
	EXPECT_BAD_SEGMENT(filesize, 41);
	EXPECT_BAD_SEGMENT(memsize, 39);
	EXPECT_BAD_SEGMENT(memsize, 0xFFFFFFFF);
	EXPECT_BAD_SEGMENT(va, 0xFFFFFFF0);
	EXPECT_BAD_SEGMENT(offset, 0xFFFFFFFF);
	EXPECT_BAD_SEGMENT(offset, sizeof(struct image) - 39);
}

static void edge_segments(void)
{
	struct image image = good_image();
	struct elf_segment segment;

	image.program[0].offset = sizeof(image) - 40;
	image.program[0].va = 0xFFFFFFFF - 40;
	EXPECT(1, elf_segment(&image, sizeof(image), 0, &segment));
	image.program[0].memsize = image.program[0].filesize = 0;
	EXPECT(0, elf_segment(&image, sizeof(image), 0, &segment));
	image = good_image();
	image.program[0].filesize = 0;
	image.program[0].offset = 0xFFFFFFFF;
	EXPECT(-E_NOT_EXEC, elf_segment(&image, sizeof(image), 0, &segment));
}

/* Whatever elf_segment describes lies within the file. */
static void expect_inside(const uint8_t *block, size_t size)
{
	int count = elf_check(block, size);

	EXPECT_THAT(count > 0 || count == -E_NOT_EXEC);
	for (int i = 0; i < count; i++) {
		struct elf_segment segment;
		if (elf_segment(block, size, i, &segment) <= 0)
			continue;
		size_t at = (size_t)((const uint8_t *)segment.data - block);
		EXPECT_THAT(at <= size && segment.filesize <= size - at);
		EXPECT_THAT(segment.filesize <= segment.memsize);
		EXPECT_THAT((uint64_t)segment.va + segment.memsize <= 0xFFFFFFFF);
	}
}

static void damaged(void)
{
	struct image image = good_image();

	for (int i = 0; i < 200000 && !test_failed; i++) {
		size_t size = random_below(4) ? sizeof(image) : random_below(sizeof(image));
		uint8_t *block = block_copy(&image, size);
		damage(block, size);
		expect_inside(block, size);
		free(block);
	}
}

/* At any alignment the answers are the same. */
static void unaligned(void)
{
	struct image image = good_image();
	uint8_t *block = malloc(sizeof(image) + 3);
	struct elf_segment segment;

	memcpy(block + 3, &image, sizeof(image));
	EXPECT(HEADERS, elf_check(block + 3, sizeof(image)));
	EXPECT(1, elf_segment(block + 3, sizeof(image), 2, &segment));
	EXPECT(5000, segment.memsize);
	free(block);
}

int main(void)
{
	RUN(layout);
	RUN(good);
	RUN(bad_headers);
	RUN(too_short);
	RUN(bad_segments);
	RUN(edge_segments);
	RUN(damaged);
	RUN(unaligned);
	return tests_failed != 0;
}
