/*
 * Formats, strings, numbers and memory, as the interface has them where C has it otherwise, and some where not.
 *
 * expect: ^printf goes to the console: 42$
 * expect: ^error: invalid parameter, error -99$
 * expect: ^all right$
 * never: panic
 */
#include <inc/lib.h>

static void is(const char *wanted, const char *fmt, ...)
{
	char text[200];
	va_list list;

	va_start(list, fmt);
	int length = vsnprintf(text, sizeof(text), fmt, list);
	va_end(list);
	if (strcmp(text, wanted) != 0 || length != (int)strlen(wanted))
		panic("'%s' gives '%s' (%d), not '%s'", fmt, text, length, wanted);
}

static void formats(void)
{
	is("5 -5 4294967291", "%d %d %u", 5, -5, -5);
	is("0000ff00 0xff00 ff00", "%08x %#x %x", 0xff00, 0xff00, 0xff00);
	is("[    5] [5    ] [00005]", "[%5d] [%-5d] [%05d]", 5, 5, 5);
	is("[  abc] [abc  ] [ab]", "[%5s] [%-5s] [%.2s]", "abc", "abc", "abc");
	is("[  abc] [7  ]", "[%*s] [%-*d]", 5, "abc", 3, 7);
	is("(null) 100% c 17", "%s %d%% %c %o", NULL, 100, 'c', 15);
	is("123456789012 -1 ffffffffffffffff", "%lld %lld %llx", 123456789012ll, -1ll, -1ll);
	is("7 8", "%ld %lu", 7l, 8ul);
	is("0x0000abcd", "%p", (void *)0xabcd);
	is("out of memory; file or block not found", "%e; %e", -E_NO_MEM, -E_NOT_FOUND);
	is("bad environment", "%e", E_BAD_ENV);
	char small[5];
	assert(snprintf(small, sizeof(small), "%s", "123456789") == 9 && strcmp(small, "1234") == 0);
}

static void strings(void)
{
	char text[20], *rest;

	assert(strchr("abc", 'b')[0] == 'b' && strchr("abc", 'x') == NULL && strchr("abc", 0) == NULL);
	assert(*strfind("abc", 'x') == 0 && *strfind("abc", 'c') == 'c');
	assert(strlen("") == 0 && strnlen("abcdef", 3) == 3 && strnlen("ab", 3) == 2);
	strlcpy(text, "abcdefghijklmnopqrstuvwxyz", 5);
	assert(strcmp(text, "abcd") == 0);
	assert(strcmp(strcat(strcpy(text, "ab"), "cd"), "abcd") == 0);
	assert(strcmp(strncpy(text, "xy", 2), "xycd") == 0);
	assert(strcmp("a", "b") < 0 && strcmp("b", "a") > 0);
	assert(strncmp("abx", "aby", 2) == 0 && strcmp("\xff", "a") > 0);
	assert(memcmp("abc", "abd", 3) < 0 && memcmp("abc", "abd", 2) == 0);
	assert(memfind("abc", 'b', 3) == memfind("abc", 'b', 3) && *(char *)memfind("abc", 'b', 3) == 'b');
	memmove(text + 1, strcpy(text, "12345"), 5);
	assert(strncmp(text, "112345", 6) == 0);
	assert(strtol("  -12x", &rest, 10) == -12 && *rest == 'x' && strtol("0x1f", NULL, 0) == 31);
	assert(strtol("017", NULL, 0) == 15 && strtol("1f", NULL, 16) == 31 && strtol("0x1F", NULL, 16) == 31);
}

static void memory(void)
{
	char *pieces[100];

	for (int i = 0; i < 100; i++) {
		pieces[i] = malloc(i * 37);
		assert(pieces[i]);
		memset(pieces[i], i, i * 37);
	}
	for (int i = 0; i < 100; i++) {
		for (int j = 0; j < i * 37; j++)
			assert(pieces[i][j] == i);
		free(pieces[i]);
	}
	free(NULL);
}

static void put(int c, void *arg)
{
	char **at = arg;

	*(*at)++ = c;
}

void umain(int argc, char **argv)
{
	char text[50], *at = text;

	formats();
	strings();
	memory();
	printfmt(put, &at, "%d,%s", 1, "two");
	assert(at - text == 5 && strncmp(text, "1,two", 5) == 0);
	assert(cprintf("printf goes to the console: %d\n", 42) == 31);
	cprintf("error: %e, %e\n", -E_INVAL, -99);
	cprintf("all right\n");
}
