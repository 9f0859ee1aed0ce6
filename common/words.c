/* Lists of words: see words.h. */
#include <common/string.h>
#include <common/words.h>

/* The bits of the word that is the first len characters of text; 0: it is none. */
static uint32_t bits_of(const char *text, size_t len, const char *const words[], unsigned n)
{
	if (len == 3 && strncmp(text, "all", len) == 0)
		return (1u << n) - 1;
	for (unsigned i = 0; i < n; i++) {
		if (strlen(words[i]) == len && strncmp(text, words[i], len) == 0)
			return 1u << i;
	}
	return 0;
}

const char *words_bits(const char *text, const char *const words[], unsigned n, uint32_t *bits)
{
	*bits = 0;
	for (;;) {
		const char *end = strfind(text, ',');
		uint32_t found = bits_of(text, (size_t)(end - text), words, n);
		if (!found)
			return text;
		*bits |= found;
		if (!*end)
			return NULL;
		text = end + 1;
	}
}
