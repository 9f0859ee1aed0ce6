/* The boot archive at UARCHIVE. */
#include <finch/archive.h>
#include <finch/memory.h>
#include <finch/start.h>
#include <inc/lib.h>

/* A program with this code in it is started with the archive mapped: see <finch/start.h>. */
__asm__(".globl libos_wants; .set libos_wants, 1");
static_assert(START_WANTS_ARCHIVE == 1, "libos_wants says so");

#define ARCHIVE ((const char *)UARCHIVE)
#define ARCHIVE_MAX 0x08000000 /* as <arch/layout.h> says */

/* It is mapped without a gap: its end is found by halving, so the page tables are hardly read. */
size_t archive_size(void)
{
	static size_t size;

	if (size == 0) {
		size_t low = 0, high = ARCHIVE_MAX / PGSIZE; /* pages below low are mapped, from high on not */
		while (low < high) {
			size_t middle = (low + high) / 2;
			if (page_mapped(ARCHIVE + middle * PGSIZE))
				low = middle + 1;
			else
				high = middle;
		}
		size = low * PGSIZE;
	}
	return size;
}

int archive_next(size_t *offset, struct cpio_file *file)
{
	size_t size = archive_size();
	return size == 0 ? -E_NOT_FOUND : cpio_next(ARCHIVE, size, offset, file);
}

/* The part of path after a folder that the archive stands for. */
static const char *name_in_archive(const char *path)
{
	static const char *const folders[] = { "/boot/", "/bin/", "/" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		size_t length = strlen(folders[i]);
		if (strncmp(path, folders[i], length) == 0)
			return path + length;
	}
	return path;
}

/*
 * Where files were found before: the offset of the record, by a hash of the name. A place that is wrong costs a search:
 * what stands there is read as distrustfully as ever, and its name compared.
 */
static size_t found_at[16];

static size_t *found_place(const char *name)
{
	uint32_t hash = 0;
	for (; *name; name++)
		hash = hash * 31 + (unsigned char)*name;
	return &found_at[hash % ARRAY_SIZE(found_at)];
}

/* The file called name if its record is at offset. */
static bool find_at(size_t offset, const char *name, struct cpio_file *file)
{
	return archive_next(&offset, file) == 0 && strcmp(file->name, name) == 0;
}

/* The file called name, by going through all. */
static int find_from_start(const char *name, struct cpio_file *file, size_t *place)
{
	size_t offset = 0;
	int err;

	do {
		*place = offset;
		err = archive_next(&offset, file);
	} while (err == 0 && strcmp(file->name, name) != 0);
	return err;
}

int archive_find(const char *path, const void **data, size_t *size)
{
	const char *name = name_in_archive(path);
	size_t *place = found_place(name);
	struct cpio_file file;

	if (!*name)
		return -E_BAD_PATH;
	if (!find_at(*place, name, &file)) {
		int err = find_from_start(name, &file, place);
		if (err < 0)
			return err;
	}
	*data = file.data;
	*size = file.size;
	return 0;
}
