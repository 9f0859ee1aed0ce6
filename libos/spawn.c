/*
 * Starting a program from the boot archive.
 *
 * The child's pages that are only read and stand whole in the file are mapped from the archive. The others are its own
 * from the beginning, so that they are charged to its budget, and filled through a second mapping here, at STAGE. The
 * child shares what is marked PTE_SHARE here (open descriptors), and the archive. Nothing of the child runs before all
 * of that has worked: any error before destroys it.
 */
#include <common/elf.h>
#include <finch/archive.h>
#include <finch/memory.h>
#include <finch/spawn.h>
#include <finch/start.h>
#include <finch/syscall.h>
#include <inc/lib.h>
#include "fd_table.h"
#include "forking.h"

#define PERM_READ (PTE_P | PTE_U)
#define PERM_WRITE (PTE_P | PTE_U | PTE_W)

/* Where pages of the child are filled: in the part of the address space whose page table is there for the stack. */
#define STAGE ((char *)USTACKTOP - PTSIZE / 2)
#define STAGE_PAGES 64
#define SEGMENTS_MAX 16
#define ARGS_MAX (STAGE_PAGES / 2 * PGSIZE) /* bytes of arguments */
#define STACK_ROOM (3 * PGSIZE / 4)         /* left free of arguments, else the stack gets another page */

/* Only where the program uses descriptors does it carry this. */
int pipe_inherit(envid_t child) __attribute__((weak));

static struct mutex staging; /* STAGE is this program's one place for it */
FORK_LOCK(staging);

/* A program file: checked, its segments in user memory and on pages of their own. */
struct program {
	uint32_t entry;
	uint32_t wants; /* START_WANTS_ */
	int count;
	struct elf_segment segments[SEGMENTS_MAX];
};

static uintptr_t first_page(const struct elf_segment *segment)
{
	return ROUNDDOWN((uintptr_t)segment->va, PGSIZE);
}

/* The address after the last page. */
static uintptr_t end_page(const struct elf_segment *segment)
{
	return ROUNDUP((uintptr_t)segment->va + segment->memsize, PGSIZE);
}

/* Is the segment below the stack, and on no page of those before it? */
static bool segment_placed_well(const struct program *program, const struct elf_segment *segment)
{
	if (segment->va >= USTACKTOP - PTSIZE || segment->memsize > USTACKTOP - PTSIZE - segment->va)
		return false;
	for (int i = 0; i < program->count; i++) {
		const struct elf_segment *other = &program->segments[i];
		if (first_page(segment) < end_page(other) && first_page(other) < end_page(segment))
			return false;
	}
	return true;
}

/* What the words before the entry say, if they are there: see <finch/start.h>. */
static uint32_t program_wants(const struct program *program)
{
	const uint32_t size = 2 * sizeof(uint32_t);
	uint32_t words[2];

	for (int i = 0; i < program->count; i++) {
		const struct elf_segment *segment = &program->segments[i];
		uint32_t at = program->entry - segment->va;
		if (program->entry < segment->va || at < size || at > segment->filesize)
			continue;
		memcpy(words, (const char *)segment->data + at - size, size);
		return words[0] == START_MAGIC ? words[1] : 0;
	}
	return 0;
}

static int program_read(const void *image, size_t size, struct program *program)
{
	int headers = elf_check(image, size);

	if (headers < 0)
		return headers;
	program->entry = elf_entry(image);
	program->count = 0;
	for (int i = 0; i < headers; i++) {
		struct elf_segment segment;
		int loaded = elf_segment(image, size, i, &segment);
		if (loaded < 0)
			return loaded;
		if (!loaded)
			continue;
		if (program->count == SEGMENTS_MAX || !segment_placed_well(program, &segment))
			return -E_NOT_EXEC;
		program->segments[program->count++] = segment;
	}
	program->wants = program_wants(program);
	return program->count > 0 ? 0 : -E_NOT_EXEC;
}

/* Fresh zeroed pages in the child at va, up to STAGE_PAGES, which can be written to at STAGE until stage_end. */
static int stage_begin(envid_t child, uintptr_t va, size_t count)
{
	int err = pages_alloc(child, (void *)va, PERM_WRITE, count);

	for (size_t at = 0; err >= 0 && at < count;) {
		err = sys_page_map_range(child, (void *)(va + at * PGSIZE), 0, STAGE + at * PGSIZE, PERM_WRITE, count - at);
		at += err > 0 ? (size_t)err : 0;
	}
	return err < 0 ? err : 0;
}

static void stage_end(size_t count)
{
	pages_unmap(0, STAGE, count);
}

/* Give the child count pages at va with size bytes copied to offset at of them, and zeros around. */
static int give_pages(envid_t child, uintptr_t va, size_t count, size_t at, const char *data, size_t size)
{
	int err = stage_begin(child, va, count);

	if (err >= 0)
		memcpy(STAGE + at, data, size);
	stage_end(count);
	return err;
}

/*
 * Can the pages of a segment be mapped from the file: only read, no zeros to add, and a page there where a page here?
 */
static bool segment_mappable(const struct elf_segment *segment)
{
	return !(segment->flags & ELF_FLAG_WRITE) && segment->filesize == segment->memsize &&
	       PGOFF(segment->va) == PGOFF(segment->data);
}

static int segment_map(envid_t child, const struct elf_segment *segment)
{
	const char *from = ROUNDDOWN((const char *)segment->data, PGSIZE);
	uintptr_t to = first_page(segment);
	return pages_share(from, child, (void *)to, PERM_READ, (end_page(segment) - to) / PGSIZE);
}

/* Copy the part of a segment that comes from the file, and give it zeroed pages for the rest. */
static int segment_copy(envid_t child, const struct elf_segment *segment)
{
	uintptr_t page = first_page(segment);
	size_t at = segment->va - page; /* where the rest of the data goes in the page */
	size_t left = segment->filesize;
	const char *data = segment->data;

	while (left > 0) {
		size_t size = MIN(left, STAGE_PAGES * PGSIZE - at);
		size_t count = ROUNDUP(at + size, (size_t)PGSIZE) / PGSIZE;
		int err = give_pages(child, page, count, at, data, size);
		if (err < 0)
			return err;
		page += count * PGSIZE;
		data += size;
		left -= size;
		at = 0;
	}
	if (page == end_page(segment))
		return 0;
	return pages_alloc(child, (void *)page, PERM_WRITE, (end_page(segment) - page) / PGSIZE);
}

static int give_segments(envid_t child, const struct program *program)
{
	for (int i = 0; i < program->count; i++) {
		const struct elf_segment *segment = &program->segments[i];
		int err = segment_mappable(segment) ? segment_map(child, segment) : segment_copy(child, segment);
		if (err < 0)
			return err;
	}
	return 0;
}

/*
 * The sizes of the child's first stack contents: strings at the top, argv[] below, argc and a pointer to argv[] below.
 */
struct arguments {
	int argc;
	size_t strings; /* bytes, with their terminators */
	size_t total;   /* bytes of all, a multiple of 16 */
};

static int arguments_measure(const char **argv, struct arguments *arguments)
{
	*arguments = (struct arguments){ 0 };
	for (; argv && argv[arguments->argc]; arguments->argc++) {
		arguments->strings += strlen(argv[arguments->argc]) + 1;
		if (arguments->strings > ARGS_MAX)
			return -E_NO_MEM;
	}
	size_t words = (size_t)arguments->argc + 1 + 2;
	arguments->total = ROUNDUP(arguments->strings + words * sizeof(uint32_t), 16u);
	return arguments->total > ARGS_MAX ? -E_NO_MEM : 0;
}

/* Write the arguments so that they end at top, which will be USTACKTOP in the child. */
static void arguments_write(const char **argv, const struct arguments *arguments, char *top)
{
	uint32_t *words = (uint32_t *)(top - arguments->total);
	char *string = top - arguments->strings;
	uintptr_t moved = USTACKTOP - (uintptr_t)top;

	words[0] = (uint32_t)arguments->argc;
	words[1] = (uintptr_t)&words[2] + moved;
	for (int i = 0; i < arguments->argc; i++) {
		size_t length = strlen(argv[i]) + 1;
		memcpy(string, argv[i], length);
		words[2 + i] = (uintptr_t)string + moved;
		string += length;
	}
	words[2 + arguments->argc] = 0;
}

/* Give the child its stack with the arguments on it; the result in *esp is where it starts. */
static int give_stack(envid_t child, const char **argv, uintptr_t *esp)
{
	struct arguments arguments;
	int err = arguments_measure(argv, &arguments);

	if (err < 0)
		return err;
	size_t count = ROUNDUP(arguments.total + STACK_ROOM, (size_t)PGSIZE) / PGSIZE;
	size_t size = count * PGSIZE;
	if ((err = stage_begin(child, USTACKTOP - size, count)) >= 0)
		arguments_write(argv, &arguments, STAGE + size);
	stage_end(count);
	*esp = USTACKTOP - arguments.total;
	return err;
}

/* The archive, which is not marked, is passed on by share_archive. */
static int share_marked(envid_t child)
{
	return pages_copy(child, 0, PTE_SHARE, PTE_SHARE, 0, UTOP / PGSIZE);
}

static int share_archive(envid_t child, const struct program *program)
{
	if (!(program->wants & START_WANTS_ARCHIVE))
		return 0;
	return pages_share((void *)UARCHIVE, child, (void *)UARCHIVE, PERM_READ, archive_size() / PGSIZE);
}

/* Set the child's registers: clean ones, but for where it starts. */
static int set_registers(envid_t child, uint32_t entry, uintptr_t esp)
{
	struct Trapframe tf;

	memcpy(&tf, (const void *)&envs[ENVX(child)].env_tf, sizeof(tf));
	memset(&tf.tf_regs, 0, sizeof(tf.tf_regs));
	tf.tf_eip = entry;
	tf.tf_esp = esp;
	return sys_env_set_trapframe(child, &tf);
}

static const char *last_part(const char *path)
{
	const char *part = path;
	for (; *path; path++)
		if (path[0] == '/' && path[1])
			part = path + 1;
	return part;
}

static int fill_child(envid_t child, const char *path, const struct program *program, const char **argv)
{
	uintptr_t esp;
	int err;

	if ((err = give_segments(child, program)) < 0 || (err = give_stack(child, argv, &esp)) < 0)
		return err;
	if ((err = share_marked(child)) < 0 || (err = share_archive(child, program)) < 0)
		return err;
	if (pipe_inherit && (err = pipe_inherit(child)) < 0)
		return err;
	if ((err = sys_env_set_label(child, last_part(path))) < 0)
		return err;
	return set_registers(child, program->entry, esp);
}

/* The child is to have these limits, before it has anything. */
static int limit_child(envid_t child, struct spawn_limits *limits)
{
	int err = sys_env_set(child, ENV_SET_RIGHTS, limits->rights);

	if (err < 0 || !limits->envs)
		return err;
	limits->budget = sys_budget_create(child, limits->below, limits->pages, limits->envs);
	return limits->budget;
}

envid_t spawn(const char *path, const char **argv)
{
	return spawn_limited(path, argv, NULL);
}

envid_t spawn_limited(const char *path, const char **argv, struct spawn_limits *limits)
{
	struct program program;
	const void *image;
	size_t size;
	int err;

	if ((err = archive_find(path, &image, &size)) < 0 || (err = program_read(image, size, &program)) < 0)
		return err;
	envid_t child = sys_exofork();
	if (child < 0)
		return child;
	err = limits ? limit_child(child, limits) : 0;
	if (err >= 0) {
		mutex_lock(&staging);
		err = fill_child(child, path, &program, argv);
		mutex_unlock(&staging);
	}
	if (err == 0 && !(limits && limits->suspended))
		err = sys_env_set_status(child, ENV_RUNNABLE);
	if (err < 0) {
		sys_env_destroy(child);
		return err;
	}
	return child;
}

envid_t spawnl(const char *path, const char *arg0, ...)
{
	va_list ap;
	size_t count = 0;

	va_start(ap, arg0);
	for (const char *arg = arg0; arg; arg = va_arg(ap, const char *))
		count++;
	va_end(ap);

	const char *argv[count + 1];
	va_start(ap, arg0);
	argv[0] = arg0;
	for (size_t i = 1; i <= count; i++)
		argv[i] = va_arg(ap, const char *);
	va_end(ap);
	return spawn(path, argv);
}
