/* The monitor's command mappings: show what an address space maps, and change it page by page. */
#include <kern/monitor_parts.h>
#include <kern/print.h>

/* What two neighbours must have in common to be shown as one stretch. */
#define SHOWN_FLAGS (PTE_P | PTE_W | PTE_U | PTE_PCD | PTE_PS | PTE_G | PTE_AVAIL)

/* Neighbouring pages with the same flags. */
struct stretch {
	uintptr_t start;
	size_t size;         /* 0: none yet */
	uint64_t physical;   /* of the first page */
	uint64_t next;       /* where the next page would lie if they are in one piece */
	uint32_t pieces;
	uint32_t flags;
};

static void print_stretch(const struct stretch *stretch)
{
	if (stretch->size == 0)
		return;
	/* The last byte, since the end of the last stretch is not a number of 32 bits. */
	kprintf("  %08lx-%08lx  -> %08llx  %c%c%c", (unsigned long)stretch->start,
		(unsigned long)(stretch->start + stretch->size - 1), (unsigned long long)stretch->physical,
		stretch->flags & PTE_U ? 'u' : 'k', 'r', stretch->flags & PTE_W ? 'w' : '-');
	kprintf("%s%s%s%s%s", stretch->flags & PTE_COW ? " copy-on-write" : "", stretch->flags & PTE_SHARE ? " share" : "",
		stretch->flags & PTE_PCD ? " uncached" : "", stretch->flags & PTE_PS ? " 4M" : "",
		stretch->flags & PTE_G ? " global" : "");
	if (stretch->pieces > 1)
		kprintf(" and %u more piece%s", stretch->pieces - 1, stretch->pieces > 2 ? "s" : "");
	kprintf("\n");
}

static void add_mapping(struct stretch *stretch, const struct arch_mapping *mapping)
{
	uint32_t flags = mapping->flags & SHOWN_FLAGS;

	if (stretch->size == 0 || stretch->flags != flags || stretch->start + stretch->size != mapping->start) {
		print_stretch(stretch);
		*stretch = (struct stretch){.start = mapping->start, .physical = mapping->physical,
					.next = mapping->physical, .pieces = 1, .flags = flags};
	}
	if (mapping->physical != stretch->next)
		stretch->pieces++;
	stretch->size += mapping->size;
	stretch->next = mapping->physical + mapping->size;
}

/* Print the ranges of [from, last]. */
static void show(const struct arch_space *space, uintptr_t from, uintptr_t last)
{
	struct stretch stretch = {.size = 0};
	struct arch_mapping mapping;
	uintptr_t va = from;

	do {
		if (arch_space_walk(space, va, &mapping))
			add_mapping(&stretch, &mapping);
		va = mapping.start + mapping.size;
	} while (va > from && va <= last);
	print_stretch(&stretch);
}

/* The address in word n of the line: of a page, below UTOP. */
static bool page_word(const struct monitor_line *line, unsigned n, uintptr_t *va)
{
	uint32_t number;

	if (!monitor_number(line->words[n], &number))
		return false;
	*va = number;
	if (number % PGSIZE == 0 && *va < UTOP)
		return true;
	kprintf("%08x is not a page's address below %08lx.\n", number, (unsigned long)UTOP);
	return false;
}

/* The permissions in word n: r or rw, then c and s in any order. */
static bool perm_word(const struct monitor_line *line, unsigned n, uint32_t *perm)
{
	const char *at = line->words[n];
	bool good = *at == 'r';

	*perm = PTE_P | PTE_U;
	for (; good && *at; at++) {
		if (*at == 'w')
			*perm |= PTE_W;
		else if (*at == 'c')
			*perm |= PTE_COW;
		else if (*at == 's')
			*perm |= PTE_SHARE;
		else
			good = *at == 'r';
	}
	if (!good)
		kprintf("'%s' are no permissions: say r or rw, then c (copy on write), s (share).\n", line->words[n]);
	return good;
}

/* Map pfn at va of space in place of what is there. Only what someone holds: a free page is the allocator's. */
static void insert(struct space *space, uintptr_t va, pfn_t pfn, uint32_t perm)
{
	if (pfn >= page_limit || page_references(pfn) == 0) {
		kprintf("The page at %08lx is free, or no RAM.\n", (unsigned long)pfn << PGSHIFT);
		return;
	}
	int error = space_insert(space, va, &pfn, 1, perm);
	if (error)
		kprintf("It cannot be mapped: %e.\n", error);
}

static enum monitor_next add(const struct monitor_line *line, struct space *space)
{
	uintptr_t va;
	uint32_t physical, perm;

	if (!page_word(line, 3, &va) || !monitor_number(line->words[4], &physical) || !perm_word(line, 5, &perm))
		return MONITOR_NEXT;
	insert(space, va, physical >> PGSHIFT, perm);
	show(&space->arch, va, va);
	return MONITOR_NEXT;
}

static enum monitor_next change(const struct monitor_line *line, struct space *space)
{
	uintptr_t va;
	uint32_t perm, old;

	if (!page_word(line, 3, &va) || !perm_word(line, 4, &perm))
		return MONITOR_NEXT;
	pfn_t pfn = space_lookup(space, va, &old);
	if (old == 0)
		kprintf("Nothing is mapped at %08lx.\n", (unsigned long)va);
	else
		insert(space, va, pfn, perm); /* not space_protect, which makes nothing writable */
	show(&space->arch, va, va);
	return MONITOR_NEXT;
}

static enum monitor_next remove(const struct monitor_line *line, struct space *space)
{
	uintptr_t va;

	if (page_word(line, 3, &va) && space_unmap(space, va, 1) < 0)
		kprintf("It cannot be unmapped.\n");
	return MONITOR_NEXT;
}

/* Keep the address space of env while it is worked on. NULL: it is ending. */
static struct space *pin(struct env *env)
{
	struct space *space = NULL;

	spin_lock(&env->lock);
	if (env->alive && !env->dying) {
		space = env->space;
		space_pin(space);
	}
	spin_unlock(&env->lock);
	if (!space)
		kprintf("The environment is ending.\n");
	return space;
}

/* The forms that change something: mappings WORD ID ADDRESS ... of `count` words. */
static const struct {
	const char *word;
	unsigned count;
	enum monitor_next (*run)(const struct monitor_line *line, struct space *space);
} changes[] = {{"add", 6, add}, {"change", 5, change}, {"remove", 4, remove}};

static enum monitor_next run_change(const struct monitor_line *line, unsigned i)
{
	struct env *env = NULL;
	struct space *space = NULL;

	if (line->count != changes[i].count)
		return MONITOR_USAGE;
	if (monitor_may_lock(line) && (env = monitor_env(line, 2)) != NULL && (space = pin(env)) != NULL) {
		changes[i].run(line, space);
		space_unpin(space);
	}
	return MONITOR_NEXT;
}

enum monitor_next monitor_mappings(const struct monitor_line *line)
{
	for (unsigned i = 0; i < ARRAY_SIZE(changes); i++)
		if (monitor_word_is(line, 1, changes[i].word))
			return run_change(line, i);
	if (line->count > 2)
		return MONITOR_USAGE;
	if (monitor_word_is(line, 1, "kernel")) {
		show(NULL, UTOP, ~(uintptr_t)0);
		return MONITOR_NEXT;
	}
	const struct env *env = monitor_env(line, 1);
	if (env)
		show(&env->space->arch, 0, UTOP - 1);
	return MONITOR_NEXT;
}
