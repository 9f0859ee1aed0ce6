/* Host test of common/string.c, against the host's own functions. */
#define TEST_GROUP "string"
#include "host.h"

#define strlen finch_strlen
#define strnlen finch_strnlen
#define strcpy finch_strcpy
#define strncpy finch_strncpy
#define strcat finch_strcat
#define strlcpy finch_strlcpy
#define strcmp finch_strcmp
#define strncmp finch_strncmp
#define strchr finch_strchr
#define strtol finch_strtol
#define memset finch_memset
#define memcpy finch_memcpy
#define memmove finch_memmove
#define memcmp finch_memcmp
#include <common/string.c>
#undef strlen
#undef strnlen
#undef strcpy
#undef strncpy
#undef strcat
#undef strlcpy
#undef strcmp
#undef strncmp
#undef strchr
#undef strtol
#undef memset
#undef memcpy
#undef memmove
#undef memcmp

#define AREA 512

static uint8_t ours[AREA], theirs[AREA];

/* Both areas get the same bytes. */
static void fill_areas(void)
{
	for (size_t i = 0; i < AREA; i++)
		ours[i] = theirs[i] = (uint8_t)random_number();
}

static void expect_same_areas(void)
{
	EXPECT(0, memcmp(ours, theirs, AREA));
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* A string of up to limit - 1 characters out of a few, in a block of its own. */
static char *random_text(size_t limit)
{
	static const char letters[] = "aab\xFFz ";
	size_t n = random_below(limit);
	char *text = malloc(n + 1);
	for (size_t i = 0; i < n; i++)
		text[i] = letters[random_below(sizeof(letters) - 1)];
	text[n] = 0;
	return text;
}

static void memset_all(void)
{
	for (size_t size = 0; size <= 150; size++) {
		for (size_t at = 0; at < 9; at++) {
			int c = (int)random_below(1000);
			fill_areas();
			EXPECT_THAT(finch_memset(ours + at, c, size) == ours + at);
			memset(theirs + at, c, size);
			expect_same_areas();
		}
	}
}

static void memcpy_all(void)
{
	for (size_t size = 0; size <= 150; size++) {
		for (size_t from = 0; from < 9; from++) {
			size_t to = 256 + random_below(9);
			fill_areas();
			EXPECT_THAT(finch_memcpy(ours + to, ours + from, size) == ours + to);
			memcpy(theirs + to, theirs + from, size);
			expect_same_areas();
		}
	}
}

static void memmove_overlapping(void)
{
	for (size_t size = 0; size <= 100; size++) {
		for (int distance = -70; distance <= 70; distance++) {
			size_t from = 100 + random_below(8);
			fill_areas();
			finch_memmove(ours + from + distance, ours + from, size);
			memmove(theirs + from + distance, theirs + from, size);
			expect_same_areas();
		}
	}
}

static void memcpy_overlapping(void)
{
	for (int i = 0; i < 20000; i++) {
		size_t size = random_below(200), from = random_below(300), to = random_below(300);
		fill_areas();
		finch_memcpy(ours + to, ours + from, size);
		memmove(theirs + to, theirs + from, size);
		expect_same_areas();
	}
}

static void memcmp_sign(void)
{
	for (int i = 0; i < 20000; i++) {
		size_t size = random_below(100);
		fill_areas();
		if (size > 0 && random_below(2))
			theirs[random_below(size)] ^= (uint8_t)(1 + random_below(255));
		EXPECT(sign(memcmp(ours, theirs, size)), sign(finch_memcmp(ours, theirs, size)));
	}
	EXPECT(0, finch_memcmp("a", "b", 0));
	EXPECT_THAT(finch_memcmp("\x80", "\x7F", 1) > 0);
}

static void memfind_all(void)
{
	static const uint8_t bytes[] = { 1, 2, 0, 2, 0xFF };
	EXPECT(1, (uint8_t *)memfind(bytes, 2, 5) - bytes);
	EXPECT(2, (uint8_t *)memfind(bytes, 0, 5) - bytes);
	EXPECT(4, (uint8_t *)memfind(bytes, -1, 5) - bytes);
	EXPECT(1, (uint8_t *)memfind(bytes, 0x102, 5) - bytes);
	EXPECT(5, (uint8_t *)memfind(bytes, 9, 5) - bytes);
	EXPECT(0, (uint8_t *)memfind(bytes, 1, 0) - bytes);
}

static void lengths(void)
{
	for (int i = 0; i < 2000; i++) {
		char *text = random_text(60);
		size_t size = random_below(70);
		EXPECT(strlen(text), finch_strlen(text));
		EXPECT(strnlen(text, size), finch_strnlen(text, size));
		free(text);
	}
	char open[3] = { 'a', 'b', 'c' }; /* no terminator */
	EXPECT(3, finch_strnlen(open, 3));
	EXPECT(0, finch_strnlen(open, 0));
}

static void copies(void)
{
	for (int i = 0; i < 5000; i++) {
		char *text = random_text(40), *other = random_text(40);
		size_t size = random_below(60);
		fill_areas();
		EXPECT_THAT(finch_strcpy((char *)ours, text) == (char *)ours);
		strcpy((char *)theirs, text);
		expect_same_areas();
		finch_strcat((char *)ours, other);
		strcat((char *)theirs, other);
		expect_same_areas();
		finch_strncpy((char *)ours + 100, other, size);
		strncpy((char *)theirs + 100, other, size);
		expect_same_areas();
		free(text);
		free(other);
	}
}

static void strlcpy_all(void)
{
	char buf[6];

	for (size_t size = 0; size <= 6; size++) {
		memset(buf, '#', 6);
		EXPECT(4, finch_strlcpy(buf, "abcd", size));
		for (size_t i = 0; i < 6; i++)
			EXPECT(i + 1 < size && i < 4 ? "abcd"[i] : i + 1 == MIN(size, 5u) ? 0 : '#', buf[i]);
	}
	EXPECT(0, finch_strlcpy(buf, "", 1));
	EXPECT_TEXT("", buf);
}

static void comparisons(void)
{
	for (int i = 0; i < 20000; i++) {
		char *a = random_text(6), *b = random_text(6);
		size_t size = random_below(8);
		EXPECT(sign(strcmp(a, b)), sign(finch_strcmp(a, b)));
		EXPECT(sign(strncmp(a, b, size)), sign(finch_strncmp(a, b, size)));
		free(a);
		free(b);
	}
	EXPECT_THAT(finch_strcmp("\x80", "\x7F") > 0);
	EXPECT(0, finch_strncmp("abc", "abd", 2));
}

static void finding(void)
{
	const char *text = "hello";
	EXPECT(2, finch_strchr(text, 'l') - text);
	EXPECT_THAT(finch_strchr(text, 'z') == NULL);
	EXPECT_THAT(finch_strchr(text, 0) == NULL);
	EXPECT_THAT(finch_strchr("", 'a') == NULL);
	EXPECT(2, strfind(text, 'l') - text);
	EXPECT(5, strfind(text, 'z') - text);
	EXPECT(5, strfind(text, 0) - text);
}

static void expect_strtol(const char *text, int base)
{
	char *our_end, *their_end;
	long our_value = finch_strtol(text, &our_end, base), their_value = strtol(text, &their_end, base);
	if (our_value != their_value || our_end != their_end)
		test_fail(__FILE__, __LINE__, "strtol(\"%s\", base %d): expected %ld to %d, came %ld to %d", text, base,
			  their_value, (int)(their_end - text), our_value, (int)(our_end - text));
	EXPECT(their_value, finch_strtol(text, NULL, base));
}

static void strtol_known(void)
{
	static const char *const texts[] = {
		"", " ", "0", "-", "+", "+-1", "12", "-12", "  \t\n\v\f\r42x", "0x", "0x1F", "0X1f", "0xg", "x1", "017",
		"08", "089", "-0x10", "zz", "Zz", "9223372036854775807", "9223372036854775808",
		"-9223372036854775808", "-9223372036854775809", "99999999999999999999999999", "0x7fffffffffffffff",
		"0x8000000000000000", "-0x8000000000000001", "1 2", "00x1", "0b1",
	};
	static const int bases[] = { 0, 2, 3, 8, 10, 16, 35, 36 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t j = 0; j < ARRAY_SIZE(bases); j++)
			expect_strtol(texts[i], bases[j]);
}

static void strtol_random(void)
{
	static const char letters[] = "00112789abfFxXzZ +- ";
	char text[24];

	for (int i = 0; i < 50000; i++) {
		size_t n = random_below(sizeof(text));
		for (size_t k = 0; k < n; k++)
			text[k] = letters[random_below(sizeof(letters) - 1)];
		text[n] = 0;
		int base = (int)random_below(36);
		expect_strtol(text, base == 1 ? 0 : base);
	}
}

int main(void)
{
	RUN(memset_all);
	RUN(memcpy_all);
	RUN(memmove_overlapping);
	RUN(memcpy_overlapping);
	RUN(memcmp_sign);
	RUN(memfind_all);
	RUN(lengths);
	RUN(copies);
	RUN(strlcpy_all);
	RUN(comparisons);
	RUN(finding);
	RUN(strtol_known);
	RUN(strtol_random);
	return tests_failed != 0;
}
