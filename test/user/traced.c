/*
 * traced KIND: comes to where the kernel prints the calls within a program. test/transcript/monitor, backtrace and
 * damaged say what is to be seen.
 *
 *   break    a breakpoint, two calls deep
 *   leaf     a fault in a function that makes no frame of its own
 *   jump     a call of a function at 0
 *   watch    a breakpoint; then a word at 0x10000000 is written, read, and written by the kernel
 *   damaged  breakpoints with frame pointers of all kinds and a damaged table of symbols
 */
#include <arch/layout.h>
#include <common/symtab_format.h>
#include <finch/syscall.h>
#include <inc/lib.h>

static __attribute__((noinline)) int inner(int n)
{
	breakpoint();
	__asm__ volatile("" : "+r"(n)); /* something to do after it, so that the call is no jump */
	return n + 1;
}

static __attribute__((noinline)) int outer(int n)
{
	int sum = inner(n);

	__asm__ volatile("" : "+r"(sum));
	return sum + 1;
}

static __attribute__((noinline)) int leaf(const int *list, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += list[i];
	return sum;
}

/* Put a table there whose header is good and whose rest is noise, with zeros seldom enough for long names. */
static void damage_table(void)
{
	const uint32_t size = 16 * PGSIZE, functions = 1000;
	uint32_t *table = (uint32_t *)USTABDATA, noise = 1;

	for (uint32_t at = 0; at < size; at += PGSIZE)
		if (sys_page_alloc(0, (char *)table + at, PTE_P | PTE_U | PTE_W) < 0)
			panic("no memory");
	for (uint32_t i = 0; i < size / 4; i++)
		table[i] = noise = noise * 1664525 + 1013904223;
	table[SYMTAB_AT_MAGIC / 4] = SYMTAB_MAGIC;
	table[SYMTAB_AT_VERSION / 4] = SYMTAB_VERSION;
	table[SYMTAB_AT_SIZE / 4] = size;
	table[SYMTAB_AT_FUNCTIONS / 4] = functions;
	table[SYMTAB_AT_FILES / 4] = 1000;
	table[SYMTAB_AT_LINES / 4] = size / 2;
	table[SYMTAB_AT_STRINGS / 4] = size / 4 * 3;
	for (uint32_t i = 0; i < functions; i++) {
		uint32_t *function = &table[SYMTAB_HEADER_SIZE / 4 + i * SYMTAB_FUNCTION_SIZE / 4];
		function[0] = i << 16;
		function[1] = 1 << 16;
		function[2] %= size / 4;
		function[3] %= size / 4;
	}
}

static void break_with_frame(uint32_t frame)
{
	__asm__ volatile("pushl %%ebp; movl %0, %%ebp; int3; popl %%ebp" : : "r"(frame) : "memory");
}

static void damaged(void)
{
	static uint32_t self[2]; /* a frame that is its own caller */
	const uint32_t frames[] = {0, 1, 4, 0xFFFFFFFF, 0xFFFFFFFC, 0xF0100000, ULIM, UTOP - 4, USTACKTOP, USTACKTOP - 4,
				   0xB8000, USTABDATA, (uint32_t)self};

	self[0] = (uint32_t)self;
	self[1] = (uint32_t)self;
	damage_table();
	for (uint32_t i = 0; i < ARRAY_SIZE(frames); i++)
		break_with_frame(frames[i]);
	cprintf("went through %d\n", (int)ARRAY_SIZE(frames));
}

static __attribute__((noinline)) void watch(void)
{
	volatile uint32_t *word = (uint32_t *)0x10000000;

	if (sys_page_alloc(0, (void *)word, PTE_P | PTE_U | PTE_W) < 0)
		panic("no memory");
	breakpoint();
	*word = 1;
	uint32_t got = *word;
	int error = sys_env_wait(1, (int *)word);
	cprintf("wrote %u, and the kernel said %e\n", got, error);
}

void umain(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	int (*volatile nothing)(void) = NULL;

	if (!strcmp(kind, "break"))
		cprintf("went on with %d\n", outer(argc));
	else if (!strcmp(kind, "leaf"))
		cprintf("read %d\n", leaf(NULL, argc));
	else if (!strcmp(kind, "jump"))
		cprintf("it gave %d\n", nothing());
	else if (!strcmp(kind, "watch"))
		watch();
	else if (!strcmp(kind, "damaged"))
		damaged();
	else
		cprintf("usage: traced break|leaf|jump|watch|damaged\n");
}
