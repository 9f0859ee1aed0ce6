/* What the boot loader told: boot words, early memory. See boot.h. */
#include <common/string.h>
#include <kern/arch.h>
#include <kern/boot.h>
#include <kern/check.h>
#include <kern/platform.h>
#include <kern/print.h>
#include <kern/rest.h>

struct boot_info boot_info;
bool boot_verbose;

/* --- Words --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* The next word at *at: its start, and its length in *len. *at moves behind it. NULL: none. */
static const char *next_word(const char **at, size_t *len)
{
	const char *start = *at;

	while (is_blank(*start))
		start++;
	const char *end = start;
	while (*end && !is_blank(*end))
		end++;
	*at = end;
	*len = end - start;
	return *len ? start : NULL;
}

static bool word_is(const char *word, size_t len, const char *text)
{
	return strlen(text) == len && strncmp(word, text, len) == 0;
}

static bool word_starts_program(const char *word, size_t len)
{
	return len > 5 && strncmp(word, "init=", 5) == 0;
}

/* The first word that begins with `start` and belongs to no program. */
static const char *find_word(const char *start, bool whole, size_t *len)
{
	const char *at = boot_info.words, *word;
	bool in_program = false;

	while ((word = next_word(&at, len))) {
		if (word_starts_program(word, *len))
			in_program = true;
		else if (word_is(word, *len, "--"))
			in_program = false;
		else if (!in_program && word_is(word, whole ? *len : MIN(*len, strlen(start)), start))
			return word;
	}
	return NULL;
}

bool boot_word(const char *wanted)
{
	size_t len;

	return find_word(wanted, true, &len);
}

bool boot_value(const char *start, char *value, size_t size)
{
	size_t len, skip = strlen(start);
	const char *word = find_word(start, false, &len);

	if (word)
		strlcpy(value, word + skip, MIN(len - skip + 1, size));
	return word;
}

int boot_program(unsigned n, const char *argv[], int max)
{
	static char text[BOOT_WORDS_MAX];
	const char *at = boot_info.words, *word;
	char *to = text;
	int argc = 0;
	bool here = false;
	size_t len;

	while ((word = next_word(&at, &len))) {
		if (word_starts_program(word, len)) {
			if (here)
				break;
			here = n-- == 0;
			word += 5;
			len -= 5;
		} else if (word_is(word, len, "--")) {
			if (here)
				break;
			continue;
		}
		if (!here || argc == max)
			continue;
		memcpy(to, word, len);
		argv[argc++] = to;
		to += len;
		*to++ = '\0';
	}
	return argc;
}

void boot_fail(const char *fmt, ...)
{
	va_list ap;

	kprintf("Finch cannot start: ");
	va_start(ap, fmt);
	kvprintf(fmt, ap);
	va_end(ap);
	kprintf("\n");
	if (boot_word("batch"))
		platform_test_exit(REST_DESTROYED);
	arch_halt();
}

/* --- Early memory --- */

uint32_t boot_ram_pages(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < boot_info.ram_count; i++)
		bytes += boot_info.ram[i].end - boot_info.ram[i].start;
	return bytes >> PGSHIFT;
}

void boot_take(uint64_t start, uint64_t end)
{
	/* Joining neighbours keeps the list short. */
	for (unsigned i = 0; i < boot_info.taken_count; i++) {
		if (boot_info.taken[i].end == start) {
			boot_info.taken[i].end = end;
			return;
		}
	}
	if (boot_info.taken_count == ARRAY_SIZE(boot_info.taken))
		panic("too many pieces of memory are taken at boot");
	boot_info.taken[boot_info.taken_count++] = (struct boot_range){ start, end };
}

/* The first place for bytes in [start, end) that nothing taken touches, or end. */
static uint64_t find_room(uint64_t start, uint64_t end, uint64_t bytes)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (unsigned i = 0; i < boot_info.taken_count; i++) {
			const struct boot_range *taken = &boot_info.taken[i];
			if (taken->start < start + bytes && taken->end > start) {
				start = (taken->end + PGSIZE - 1) & ~(uint64_t)(PGSIZE - 1);
				moved = true;
			}
		}
	}
	return start + bytes <= end ? start : end;
}

void *boot_alloc(size_t bytes)
{
	bytes = ROUNDUP(bytes, (size_t)PGSIZE);
	for (unsigned i = 0; i < boot_info.ram_count; i++) {
		const struct boot_range *ram = &boot_info.ram[i];
		uint64_t start = MAX((ram->start + PGSIZE - 1) & ~(uint64_t)(PGSIZE - 1), (uint64_t)PGSIZE);
		uint64_t end = MIN(ram->end, (uint64_t)DIRECT_MAP_LIMIT);
		uint64_t at = start < end ? find_room(start, end, bytes) : end;
		if (at + bytes > end)
			continue;
		boot_take(at, at + bytes);
		void *address = (void *)(KERNBASE + (uintptr_t)at);
		memset(address, 0, bytes);
		return address;
	}
	boot_fail("too little memory: no room for %u KB of tables (4 MB are enough on one CPU)", (uint32_t)(bytes >> 10));
}
