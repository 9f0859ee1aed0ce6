/*
 * Starting the first programs: the boot archive is mapped read-only into each, pages of its file that are read-only
 * are mapped and not copied, and the arguments stand at the top of the stack. Every field of the file is distrusted.
 */
#include <abi/error.h>
#include <common/cpio.h>
#include <common/elf.h>
#include <common/error.h>
#include <common/string.h>
#include <kern/boot.h>
#include <kern/env.h>
#include <kern/load.h>
#include <kern/print.h>
#include <kern/trace.h>

#define ARGS_MAX 64
#define USER_READ (PTE_P | PTE_U)
#define USER_WRITE (PTE_P | PTE_U | PTE_W)

static const void *archive_address(void)
{
	return (const void *)(KERNBASE + (uintptr_t)boot_info.archive.start);
}

static size_t archive_size(void)
{
	return boot_info.archive.end - boot_info.archive.start;
}

static int map_archive(struct space *space)
{
	pfn_t pfn = boot_info.archive.start >> PGSHIFT;
	size_t pages = (archive_size() + PGSIZE - 1) >> PGSHIFT;

	for (size_t i = 0; i < pages; i++) {
		int error = space_insert(space, UARCHIVE + i * PGSIZE, &(pfn_t){ pfn + i }, 1, USER_READ);
		if (error)
			return error;
	}
	return 0;
}

/* A page at va with the given bytes at offset, merged with what another segment has put there. */
static int fill_page(struct space *space, uintptr_t va, uint32_t offset, const void *data, uint32_t n, uint32_t perm)
{
	uint32_t have_perm;
	pfn_t pfn = space_lookup(space, va, &have_perm);

	if (!pfn) {
		int done = space_alloc(space, va, perm, 1);
		if (done < 0)
			return done;
		pfn = space_lookup(space, va, &have_perm);
	} else if (page_references(pfn) > 1) {
		return -E_NOT_EXEC; /* two segments share a page of the file: not made by our linker script */
	}
	memcpy((char *)arch_window(pfn, 1) + offset, data, n);
	return 0;
}

/* Is this page of the segment a whole page of the archive that may be mapped as it is? */
static bool page_is_mappable(const struct elf_segment *segment, uintptr_t va, const char *data)
{
	return !(segment->flags & ELF_FLAG_WRITE) && (uintptr_t)data % PGSIZE == 0 &&
	       va - segment->va + PGSIZE <= segment->filesize;
}

static int load_segment(struct space *space, const struct elf_segment *segment)
{
	uint32_t perm = segment->flags & ELF_FLAG_WRITE ? USER_WRITE : USER_READ;
	uintptr_t end = segment->va + segment->memsize;

	if (segment->va < PGSIZE || end < segment->va || end > UARCHIVE)
		return -E_NOT_EXEC;
	for (uintptr_t va = segment->va; va < end;) {
		uintptr_t page = ROUNDDOWN(va, PGSIZE), next = MIN(page + PGSIZE, end);
		uint32_t at = va - segment->va;
		uint32_t n = at < segment->filesize ? MIN(segment->filesize - at, (uint32_t)(next - va)) : 0;
		const char *data = (const char *)segment->data + at;
		int error;
		if (page_is_mappable(segment, va, data))
			error = space_insert(space, page, &(pfn_t){ page_of(data) }, 1, perm);
		else
			error = fill_page(space, page, va - page, data, n, perm);
		if (error)
			return error;
		va = next;
	}
	return 0;
}

/* Put argc and argv on a fresh stack page; returns the stack pointer, 0: out of memory or too long. */
static uintptr_t load_stack(struct space *space, int argc, const char *const argv[])
{
	uint32_t perm;
	uint32_t pointers[ARGS_MAX + 1];

	if (space_alloc(space, USTACKTOP - PGSIZE, USER_WRITE, 1) < 0)
		return 0;
	char *page = arch_window(space_lookup(space, USTACKTOP - PGSIZE, &perm), 1);
	uint32_t at = PGSIZE;
	for (int i = 0; i < argc; i++) {
		size_t len = strlen(argv[i]) + 1;
		if (at < len + PGSIZE / 2)
			return 0;
		at -= len;
		memcpy(page + at, argv[i], len);
		pointers[i] = USTACKTOP - PGSIZE + at;
	}
	pointers[argc] = 0;
	at = ROUNDDOWN(at, 16u) - ROUNDUP((argc + 1) * 4u, 16u);
	memcpy(page + at, pointers, (argc + 1) * 4);
	uint32_t head[2] = { argc, USTACKTOP - PGSIZE + at };
	at -= 16;
	memcpy(page + at, head, sizeof head);
	return USTACKTOP - PGSIZE + at;
}

static int load_image(struct space *space, const void *image, size_t size)
{
	int count = elf_check(image, size);

	for (int i = 0; i < count; i++) {
		struct elf_segment segment;
		int what = elf_segment(image, size, i, &segment);
		if (what == 1)
			what = load_segment(space, &segment);
		if (what < 0)
			return what;
	}
	return count < 0 ? count : map_archive(space);
}

static int start(int argc, const char *argv[], bool bare) UNCHECKED_LOCKING
{
	const void *image;
	size_t size;
	struct env *env;
	uintptr_t stack = 0;
	int error = cpio_find(archive_address(), archive_size(), argv[0], &image, &size);

	if (error)
		return error;
	struct space *space = space_create(NULL);
	if (!space)
		return -E_NO_MEM;
	error = load_image(space, image, size);
	if (!error && !(stack = load_stack(space, bare ? 0 : argc, argv)))
		error = -E_NO_MEM;
	if (!error)
		error = env_create(NULL, space, &env);
	if (error)
		return error; /* the machine does not go on without its first program: the space is left as it is */
	arch_env_init(env, elf_entry(image), stack);
	strlcpy(env->pub->env_label, argv[0], ENV_LABEL_SIZE);
	trace_label(env->pub);
	env->first = env->index == 0; /* of several the first one's end counts */
	spin_unlock(&env->lock);
	return env_start(env);
}

const uint8_t *load_symbol_table(const char *name, size_t *size)
{
	const void *image;
	size_t image_size;
	struct elf_segment segment;
	int count = cpio_find(archive_address(), archive_size(), name, &image, &image_size) < 0 ? 0 :
		    elf_check(image, image_size);

	for (int i = 0; i < count; i++) {
		if (elf_segment(image, image_size, i, &segment) == 1 && segment.va == USTABDATA) {
			*size = segment.filesize;
			return segment.data;
		}
	}
	return NULL;
}

unsigned load_programs(void)
{
	const char *argv[ARGS_MAX];
	unsigned started = 0;

	if (!archive_size()) {
		kprintf("There is no boot archive, so there is no program to start.\n");
		return 0;
	}
	for (unsigned n = 0;; n++) {
		int argc = boot_program(n, argv, ARGS_MAX);
		if (argc == 0 && n > 0)
			break;
		if (argc == 0) {
			argv[0] = "init";
			argc = 1;
		}
		int error = start(argc, argv, boot_word("batch") && argc == 1);
		if (error)
			kprintf("The first program, %s, cannot be started: %s.\n", argv[0], error_text(error));
		else
			started++;
	}
	return started;
}
