/* The boot archive at UARCHIVE. */
#include <finch/archive.h>
#include <finch/memory.h>
#include <inc/lib.h>

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

int archive_find(const char *path, const void **data, size_t *size)
{
	const char *name = name_in_archive(path);
	size_t whole = archive_size();

	if (!*name)
		return -E_BAD_PATH;
	if (whole == 0)
		return -E_NOT_FOUND;
	return cpio_find(ARCHIVE, whole, name, data, size);
}
