/* argstart, argnext, argvalue and argnextvalue of libos. */
#include "check.h"

static int argc;
static char *words[12];

/* Make argc and words from a line of words. */
static void set_words(char *line)
{
	argc = 0;
	for (char *p = line; *p;) {
		words[argc++] = p;
		p = strfind(p, ' ');
		if (*p)
			*p++ = 0;
	}
	words[argc] = NULL;
}

static void expect_text(const char *saw, const char *wanted)
{
	if (!saw || strcmp(saw, wanted) != 0)
		fail("expected \"%s\", saw \"%s\"", wanted, saw);
}

static void flags(void)
{
	char line[] = "prog -ab -c rest -d";
	struct Argstate args;

	set_words(line);
	argstart(&argc, words, &args);
	expect_is(argnext(&args), 'a');
	expect_is(argnext(&args), 'b');
	expect_is(argnext(&args), 'c');
	expect_is(argnext(&args), -1);
	expect_is(argnext(&args), -1);
	expect_is(argc, 3);
	expect_text(words[0], "prog");
	expect_text(words[1], "rest");
	expect_text(words[2], "-d");
	expect(words[3] == NULL);
}

static void values(void)
{
	char line[] = "prog -nfoo -m bar -xq";
	struct Argstate args;

	set_words(line);
	argstart(&argc, words, &args);
	expect_is(argnext(&args), 'n');
	expect_text(argvalue(&args), "foo");
	expect_text(argvalue(&args), "foo");
	expect_is(argnext(&args), 'm');
	expect_text(argvalue(&args), "bar");
	expect_is(argnext(&args), 'x');
	expect_is(argnext(&args), 'q');
	expect(argvalue(&args) == NULL);
	expect_is(argnext(&args), -1);
	expect_is(argc, 1);
}

static void several_values(void)
{
	char line[] = "prog -none two three";
	struct Argstate args;

	set_words(line);
	argstart(&argc, words, &args);
	expect_is(argnext(&args), 'n');
	expect_text(argnextvalue(&args), "one");
	expect_text(argnextvalue(&args), "two");
	expect_text(argnextvalue(&args), "three");
	expect(argnextvalue(&args) == NULL);
	expect_is(argc, 1);
}

static void ends(void)
{
	char dashes[] = "prog -a -- -b", dash[] = "prog - -b", alone[] = "prog";
	struct Argstate args;

	set_words(dashes);
	argstart(&argc, words, &args);
	expect_is(argnext(&args), 'a');
	expect_is(argnext(&args), -1);
	expect_is(argc, 2);
	expect_text(words[1], "-b");

	set_words(dash);
	argstart(&argc, words, &args);
	expect_is(argnext(&args), -1);
	expect_is(argc, 3);

	set_words(alone);
	argstart(&argc, words, &args);
	expect_is(argnext(&args), -1);

	argc = 0;
	argstart(&argc, words, &args);
	expect_is(argnext(&args), -1);
	expect(argvalue(&args) == NULL);
}

void umain(int count, char **argv)
{
	USED(count);
	USED(argv);
	flags();
	values();
	several_values();
	ends();
}
