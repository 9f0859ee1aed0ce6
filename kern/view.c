/* Memory as the monitor and backtraces look at it: see view.h. */
#include <kern/boot.h>
#include <kern/view.h>

/* Device memory is left alone: reading it can do things. */
static bool is_ram(uint64_t physical)
{
	for (unsigned i = 0; i < boot_info.ram_count; i++)
		if (physical >= boot_info.ram[i].start && physical < boot_info.ram[i].end)
			return true;
	return false;
}

/*
 * The kernel's address for a physical one, good up to the end of its page; NULL if that is not RAM. Uses this CPU's
 * window 0.
 */
static char *physical_address(uint64_t physical)
{
	if (!is_ram(physical))
		return NULL;
	return (char *)arch_window((uint32_t)(physical >> PGSHIFT), 0) + physical % PGSIZE;
}

/* The same for an address of the view; *flags are PTE_ bits. Not for VIEW_CURRENT. */
static char *view_address(const struct view *view, uintptr_t at, uint32_t *flags)
{
	struct arch_mapping mapping;

	*flags = PTE_P | PTE_W;
	if (view->kind == VIEW_PHYSICAL)
		return physical_address(at);
	if (at >= UTOP || !arch_space_walk(&view->space->arch, at, &mapping))
		return NULL;
	*flags = mapping.flags;
	return physical_address(mapping.physical + (at - mapping.start));
}

bool view_read(const struct view *view, uintptr_t at, void *to, size_t n)
{
	uintptr_t fault;
	uint32_t flags;

	if (at + n < at)
		return false;
	if (view->kind == VIEW_CURRENT)
		return arch_copy_user(to, (const void *)at, n, &fault) == 0;
	while (n > 0) {
		size_t part = MIN(n, (size_t)(PGSIZE - at % PGSIZE));
		const char *from = view_address(view, at, &flags);
		if (!from || arch_copy_user(to, from, part, &fault) != 0)
			return false;
		to = (char *)to + part;
		at += part;
		n -= part;
	}
	return true;
}

const char *view_write(const struct view *view, uintptr_t at, uint32_t word)
{
	struct arch_mapping mapping;
	uint32_t flags;
	uintptr_t fault;
	char *to = (char *)at;

	if (view->kind != VIEW_CURRENT) {
		to = view_address(view, at, &flags);
		if (!to)
			return "nothing is mapped there, or it is not RAM";
	} else {
		if (!arch_space_walk(NULL, at, &mapping))
			return "nothing is mapped there";
		flags = mapping.flags;
	}
	if (!(flags & PTE_W))
		return "it is mapped read-only";
	if (arch_copy_user(to, &word, sizeof(word), &fault) != 0)
		return "it cannot be written";
	return NULL;
}
