/*
 * readline of libos: its text is included here, with a keyboard and a screen of this test's own. Known lines, then
 * random keys against a simple model of editing; each time the result and what stands on the screen must agree.
 */
#include "check.h"

static int fake_getchar(void);
static void fake_cputs(const char *s, size_t len);
static int fake_print(const char *fmt, const char *text);

static bool fake_console = true;

#define readline tested_readline
#define getchar fake_getchar
#define sys_cputs fake_cputs
#define printf fake_print
#define cputchar(c) fake_cputs(&(char){ (char)(c) }, 1)
#define iscons(fd) (fake_console)
#include <libos/readline.c>
#undef printf

#define PROMPT "> "
#define KEYS_MAX 600

/* --- The keyboard: bytes, then the end of input. --- */

static char keys[KEYS_MAX];
static size_t keys_used, keys_at;

static int fake_getchar(void)
{
	return keys_at < keys_used ? (unsigned char)keys[keys_at++] : -E_EOF;
}

static void type(const char *text)
{
	size_t n = strlen(text);
	if (keys_used + n > KEYS_MAX)
		fail("the test types too much");
	memcpy(keys + keys_used, text, n);
	keys_used += n;
}

/* --- The screen: its last line only, wide enough for all. --- */

static char shown[1200];
static size_t column, shown_used;

static void show(char c)
{
	if (c == '\n') {
		column = shown_used = 0;
	} else if (c == '\b') {
		expect(column > 0);
		column--;
	} else if (c != '\a') {
		expect(column < sizeof(shown) && c >= ' ');
		shown[column++] = c;
		shown_used = MAX(shown_used, column);
	}
}

static char before_newline[1200];

static void fake_cputs(const char *s, size_t len)
{
	for (; len > 0; len--, s++) {
		if (*s == '\n') {
			while (shown_used > 0 && shown[shown_used - 1] == ' ')
				shown_used--;
			memcpy(before_newline, shown, shown_used);
			before_newline[shown_used] = 0;
		}
		show(*s);
	}
}

static int fake_print(const char *fmt, const char *text)
{
	USED(fmt);
	for (; *text; text++)
		show(*text);
	return 0;
}

/* --- Known lines. --- */

static void expect_line(const char *typed, const char *wanted)
{
	keys_used = keys_at = 0;
	type(typed);
	char *saw = tested_readline(PROMPT);
	if (!saw || strcmp(saw, wanted) != 0)
		fail("typed \"%#s\": expected \"%s\", saw \"%s\"", typed, wanted, saw);
	expect_is(keys_at, keys_used);
}

static void known(void)
{
	expect_line("plain\n", "plain");
	expect_line("\n", "");
	expect_line("abc\b\bx\n", "ax");
	expect_line("\b\babc\x7F\n", "ab");
	expect_line("ac\x1B[Db\n", "abc");
	expect_line("bc\x1B[D\x1B[D\x1B[D\x1B[Da\x1B[C\x1B[C\x1B[C\x1B[C" "d\n", "abcd");
	expect_line("bc\x01" "a\x05" "d\n", "abcd");
	expect_line("bc\x1B[Ha\x1B[Fd\n", "abcd");
	expect_line("bc\x1BOHa\x1BOFd\n", "abcd");
	expect_line("bc\x1B[1~a\x1B[4~d\n", "abcd");
	expect_line("xab\x01\x1B[3~\n", "ab");
	expect_line("gone\x15kept\n", "kept");
	expect_line("kept gone\x02\x02\x02\x02\x02\x0B\n", "kept");
	expect_line("two words  \x17one\n", "two one");
	expect_line("dropped\x03kept\n", "kept");
	expect_line("a\tb\n", "a b");
	expect_line("\x1B[5~\x1B[1;5Cok\x1BX\n", "ok");
	expect_line("ab\x1B[D\x0C!\n", "a!b");
}

static void earlier_lines(void)
{
	expect_line("first\n", "first");
	expect_line("second\n", "second");
	expect_line("second\n", "second"); /* the same again is kept once */
	expect_line("\x1B[A\n", "second");
	expect_line("\x1B[A\x1B[A\n", "first");
	expect_line("\x1B[A\x1B[A\x1B[B!\n", "first!");
	expect_line("\x10\x0E" "empty\n", "empty");
	expect_line("x\x1B[A\x1B[A\x1B[Ax\x1B[B\x1B[B\x1B[B\x1B[B\n", "");
}

static void end_of_input(void)
{
	keys_used = keys_at = 0;
	expect(tested_readline(PROMPT) == NULL);
	expect(tested_readline(NULL) == NULL);
	expect_line("no newline", "no newline");
	type("not read yet\n");
	expect(tested_readline(PROMPT) == NULL);
	expect_is(strcmp(tested_readline(PROMPT), "not read yet"), 0);
}

/* There is room for LINE_SIZE - 1 characters; more do no harm. */
static void too_long(void)
{
	used = cursor = 0;
	for (int n = 0; n < LINE_SIZE + 10; n++)
		insert('a');
	expect_is(used, LINE_SIZE - 1);
	screen_used = column = shown_used = 0;
	expect_line("plain\n", "plain");
}

/* From a descriptor that is not the console: no editing, no echo. */
static void not_the_console(void)
{
	fake_console = false;
	expect_line("plain\b\r\n", "plain\b");
	expect_is(shown_used, strlen(PROMPT));
	fake_console = true;
	column = shown_used = 0;
}

/* --- Random keys. --- */

static char model[KEYS_MAX + 1];
static size_t model_used, model_cursor;

static void model_cut(size_t from, size_t to)
{
	memmove(model + from, model + to, model_used - to);
	model_used -= to - from;
	model_cursor = from;
}

static void random_key(uint32_t n)
{
	static const char letters[] = "abcdefgh  ";

	switch (n % 12) {
	case 0: type("\b"), model_cut(model_cursor - (model_cursor > 0), model_cursor); break;
	case 1: type("\x1B[D"), model_cursor -= model_cursor > 0; break;
	case 2: type("\x1B[C"), model_cursor += model_cursor < model_used; break;
	case 3: type("\x1B[3~"), model_cut(model_cursor, MIN(model_cursor + 1, model_used)); break;
	case 4:
		switch (n / 12 % 8) {
		case 0: type("\x01"), model_cursor = 0; return;
		case 1: type("\x05"), model_cursor = model_used; return;
		case 2: type("\x0B"), model_cut(model_cursor, model_used); return;
		case 3: type("\x15"), model_cut(0, model_cursor); return;
		}
		break;
	default: {
		char text[2] = { letters[n / 12 % (sizeof(letters) - 1)], 0 };
		type(text);
		memmove(model + model_cursor + 1, model + model_cursor, model_used - model_cursor);
		model[model_cursor++] = text[0];
		model_used++;
	}
	}
}

static void random_lines(void)
{
	uint32_t seed = 7;
	char wanted[KEYS_MAX + 10];

	for (int i = 0; i < 2000; i++) {
		keys_used = keys_at = model_used = model_cursor = 0;
		for (uint32_t n = next_random(&seed) % 100; n > 0; n--)
			random_key(next_random(&seed) / 16);
		type("\n");
		char *saw = tested_readline(PROMPT);
		model[model_used] = 0;
		if (!saw || strcmp(saw, model) != 0)
			fail("line %d: expected \"%s\", saw \"%s\"", i, model, saw);
		snprintf(wanted, sizeof(wanted), "%s%s", PROMPT, model);
		for (size_t n = strlen(wanted); n > 0 && wanted[n - 1] == ' '; n--)
			wanted[n - 1] = 0;
		if (strcmp(before_newline, wanted) != 0)
			fail("line %d: expected on the screen \"%s\", saw \"%s\"", i, wanted, before_newline);
	}
}

void umain(int argc, char **argv)
{
	USED(argc);
	USED(argv);
	known();
	earlier_lines();
	end_of_input();
	random_lines();
	too_long();
	not_the_console();
}
