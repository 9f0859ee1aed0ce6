/*
 * pagepong: a page goes back and forth between two processes, who write a rhyme on it, a line each. Who sends it unmaps
 * it, so that the page, not a copy, is in one of them at a time; who gets it checks what stands there already.
 */
#include <inc/lib.h>

#define PAGE ((char *)0x10000000)
#define PERM (PTE_P | PTE_U | PTE_W)

static const char *const rhyme[] = {
	"A finch flew out to find a tree,",
	"a page of seeds for company;",
	"it dropped the page, another came",
	"and read it back, each word the same.",
};

/* Does the page hold the first count lines, and nothing else? */
static bool holds(int count)
{
	const char *at = PAGE;

	for (int i = 0; i < count; i++) {
		size_t length = strlen(rhyme[i]);
		if (strncmp(at, rhyme[i], length) != 0 || at[length] != '\n')
			return false;
		at += length + 1;
	}
	return *at == 0;
}

static void send_page(envid_t to, int lines)
{
	ipc_send(to, (uint32_t)lines, PAGE, PERM);
	int err = sys_page_unmap(0, PAGE);
	if (err < 0)
		panic("sys_page_unmap: %e", err);
}

/* Write line after line with the other one, until the rhyme is whole. The page is at one of them then. */
static bool write_rhyme(const char *name)
{
	for (;;) {
		envid_t other;
		int perm, lines = ipc_recv(&other, PAGE, &perm);
		if (lines < 0 || perm != PERM || !holds(lines) || pageref(PAGE) > 2)
			panic("%s: message %d, permissions %x, %d mappings", name, lines, perm, pageref(PAGE));
		if (lines == ARRAY_SIZE(rhyme))
			return true;
		cprintf("%s writes line %d\n", name, lines + 1);
		size_t used = strlen(PAGE);
		snprintf(PAGE + used, PGSIZE - used, "%s\n", rhyme[lines]);
		send_page(other, lines + 1);
		if (lines + 1 == ARRAY_SIZE(rhyme))
			return false;
	}
}

void umain(int argc, char **argv)
{
	envid_t child = fork();

	if (child < 0)
		panic("fork: %e", child);
	if (child > 0) {
		int err = sys_page_alloc(0, PAGE, PERM);
		if (err < 0)
			panic("sys_page_alloc: %e", err);
		send_page(child, 0);
	}
	if (write_rhyme(child ? "the parent" : "the child"))
		cprintf("%s", PAGE);
	if (child > 0) {
		wait(child);
		cprintf("pagepong: all right\n");
	}
}
