/*
 * What the boot loader told: memory, the boot archive, the boot words. Filled by the architecture's boot code,
 * constant afterwards.
 */
#ifndef FINCH_KERN_BOOT_H
#define FINCH_KERN_BOOT_H

#include <abi/types.h>

#define BOOT_RANGES_MAX 64
#define BOOT_WORDS_MAX 2048

struct boot_range {
	uint64_t start, end; /* physical, end not included */
};

struct boot_info {
	struct boot_range ram[BOOT_RANGES_MAX]; /* usable RAM below 4 GB; not sorted, may touch */
	unsigned ram_count;
	struct boot_range taken[16]; /* parts of it in use: kernel, archive, trampoline, early tables */
	unsigned taken_count;
	struct boot_range archive; /* empty: none was given */
	char words[BOOT_WORDS_MAX]; /* the boot words */
};

extern struct boot_info boot_info;

/*
 * Memory for as long as the machine runs, zeroed, a multiple of pages, with a kernel address; before page_init
 * only. Ends the boot if there is not enough.
 */
void *boot_alloc(size_t bytes);
/* Pages of RAM below 4 GB. */
uint32_t boot_ram_pages(void);
/* Keep [start, end) from boot_alloc and from page_init. */
void boot_take(uint64_t start, uint64_t end);

/* The kernel is talkative (boot word `verbose`). */
extern bool boot_verbose;

/* Is this word among the boot words? ("verbose", "lock=big") */
bool boot_word(const char *word);
/* What stands behind this beginning of a word ("sched="), cut to size. False: no word begins so. */
bool boot_value(const char *start, char *value, size_t size);
/*
 * The nth program to start: the text after the nth `init=` up to the next ` init=` or ` -- `, as words.
 * Returns the number of words (0: no such program), with pointers into storage of its own in argv.
 */
int boot_program(unsigned n, const char *argv[], int max);

/* Start the machine: called by the architecture on the boot CPU, once boot_info is filled in and memory is mapped. */
void kernel_main(void) __attribute__((noreturn));

/* Say in one line why the machine cannot be started, and stop (or end it, with the test device). */
void boot_fail(const char *fmt, ...) __attribute__((noreturn));

#endif
