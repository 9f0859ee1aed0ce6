/* Tests of the boot words (kern/boot.c), symbols, time. */
#include <common/string.h>
#include <common/symtab.h>
#include <kern/boot.h>
#include <kern/platform.h>
#include "test.h"

static char saved[BOOT_WORDS_MAX];

static void words_set(const char *words)
{
	if (!saved[0])
		memcpy(saved, boot_info.words, sizeof saved);
	strlcpy(boot_info.words, words, sizeof boot_info.words);
}

static void words_restore(void)
{
	memcpy(boot_info.words, saved, sizeof saved);
	saved[0] = '\0';
}

void test_boot_words(void)
{
	words_set("verbose lock=big\tbatch\n  last");
	EXPECT(boot_word("verbose") && boot_word("lock=big") && boot_word("batch") && boot_word("last"));
	EXPECT(!boot_word("verbos") && !boot_word("verbosely") && !boot_word("lock") && !boot_word("lock=") && !boot_word(""));
	words_set("");
	EXPECT(!boot_word("verbose") && !boot_word(""));
	/* What belongs to a program is none of the kernel's. */
	words_set("a init=shell verbose -- b init=x c -- d");
	EXPECT(boot_word("a") && boot_word("b") && boot_word("d"));
	EXPECT(!boot_word("verbose") && !boot_word("c") && !boot_word("--") && !boot_word("init=shell"));
	words_set("init= verbose");
	EXPECT(boot_word("verbose"));
	words_restore();
}

static void expect_program(unsigned n, int argc, const char *first, const char *last)
{
	const char *argv[4];
	int came = boot_program(n, argv, ARRAY_SIZE(argv));

	EXPECT_IS(came, argc);
	if (came != argc || argc == 0)
		return;
	EXPECT(strcmp(argv[0], first) == 0);
	EXPECT(strcmp(argv[argc - 1], last) == 0);
}

void test_boot_programs(void)
{
	words_set("verbose");
	expect_program(0, 0, "", "");
	words_set("init=hello");
	expect_program(0, 1, "hello", "hello");
	expect_program(1, 0, "", "");
	words_set("a init=one x  y init=two\tz -- b init=three -- init=");
	expect_program(0, 3, "one", "y");
	expect_program(1, 2, "two", "z");
	expect_program(2, 1, "three", "three");
	expect_program(3, 0, "", "");
	expect_program(~0u, 0, "", "");
	/* More arguments than there is room for. */
	words_set("init=p 1 2 3 4 5 6");
	expect_program(0, 4, "p", "3");
	/* As long as the words can be. */
	for (unsigned i = 0; i < BOOT_WORDS_MAX - 1; i++)
		boot_info.words[i] = 'x';
	memcpy(boot_info.words, "init=", 5);
	boot_info.words[BOOT_WORDS_MAX - 1] = '\0';
	const char *argv[4];
	EXPECT_IS(boot_program(0, argv, ARRAY_SIZE(argv)), 1);
	EXPECT_IS(strlen(argv[0]), BOOT_WORDS_MAX - 1 - 5);
	words_restore();
}

/* --- Symbols --- */

extern const uint8_t symbols_start[], symbols_end[];

static bool read_table(void *context, size_t offset, void *to, size_t n)
{
	size_t size = symbols_end - symbols_start;

	(void)context;
	if (offset > size || n > size - offset)
		return false;
	memcpy(to, symbols_start + offset, n);
	return true;
}

static void expect_symbol(uintptr_t address, const char *function, const char *file)
{
	struct symtab_place place;

	if (!symtab_find(read_table, NULL, address, &place)) {
		test_fail(__FILE__, __LINE__, "expected a name for %08x, there is none", (uint32_t)address);
		return;
	}
	if (strcmp(place.function, function) != 0 || strcmp(place.file, file) != 0)
		test_fail(__FILE__, __LINE__, "expected %s in %s at %08x, it is %s in %s", function, file, (uint32_t)address,
			  place.function, place.file);
	EXPECT(place.line > 0);
}

void test_symbols(void)
{
	struct symtab_place place;

	expect_symbol((uintptr_t)boot_program, "boot_program", "kern/boot.c");
	expect_symbol((uintptr_t)boot_program + 4, "boot_program", "kern/boot.c");
	expect_symbol((uintptr_t)test_symbols, "test_symbols", "test/kern/boot_words.c");
	expect_symbol((uintptr_t)boot_word, "boot_word", "kern/boot.c");
	EXPECT(!symtab_find(read_table, NULL, 0, &place));
	EXPECT(!symtab_find(read_table, NULL, KERNBASE - 1, &place));
	EXPECT(!symtab_find(read_table, NULL, ~(uintptr_t)0, &place));
}

/* --- Time --- */

void test_timer(void)
{
	struct cpu *cpu = this_cpu();
	uint64_t start = platform_time_ns(), before = start, interrupts = cpu->interrupts;

	for (unsigned i = 0; i < 1000; i++) {
		uint64_t now = platform_time_ns();
		EXPECT(now >= before);
		before = now;
	}
	cpu->attention = 0;
	cpu->timer_running = true;
	platform_timer_set(2000000);
	/* The tick alone clears timer_running; other interrupts may come too. */
	while (cpu->timer_running && platform_time_ns() - start < 5000000000ull)
		arch_poll_interrupts();
	EXPECT(cpu->interrupts > interrupts);
	EXPECT(platform_time_ns() - start >= 1900000);
	EXPECT(!cpu->timer_running && cpu->attention & ATTEND_SWITCH);
	cpu->attention = 0;
	/* Stopped, it does not come, once what may have come before it was stopped is dealt with. */
	platform_timer_set(1000000);
	platform_timer_set(0);
	arch_poll_interrupts();
	cpu->timer_running = true;
	start = platform_time_ns();
	while (platform_time_ns() - start < 3000000)
		arch_poll_interrupts();
	EXPECT(cpu->timer_running);
	cpu->timer_running = false;
}
