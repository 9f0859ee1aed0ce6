/* Rights, by number and by word. */
#include <abi/info.h>
#include <finch/rights.h>
#include <finch/syscall.h>
#include <inc/lib.h>

static const struct {
	uint32_t right;
	const char *word;
} words_of[] = {
#define RIGHT(name, bit, text) { RIGHT_##name, text },
#include <abi/rights.def>
#undef RIGHT
};

uint32_t rights_own(void)
{
	struct info_env own;

	memset(&own, 0, sizeof(own)); /* can be written from here on: see machine.c */
	return sys_info(INFO_ENV, 0, &own, sizeof(own)) < 0 ? 0 : own.rights;
}

/* The right whose word is the first len characters of text; 0: none. */
static uint32_t right_named(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(words_of); i++) {
		if (strlen(words_of[i].word) == len && strncmp(words_of[i].word, text, len) == 0)
			return words_of[i].right;
	}
	return len == 3 && strncmp(text, "all", 3) == 0 ? RIGHTS_ALL : 0;
}

int rights_parse(const char *words, uint32_t *rights)
{
	*rights = 0;
	for (;;) {
		const char *comma = strfind(words, ',');
		uint32_t right = right_named(words, (size_t)(comma - words));
		if (!right)
			return -E_INVAL;
		*rights |= right;
		if (!*comma)
			return 0;
		words = comma + 1;
	}
}

void rights_print(uint32_t rights, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(words_of) && at < size; i++) {
		if (rights & words_of[i].right) {
			snprintf(buf + at, size - at, "%s%s", at ? "," : "", words_of[i].word);
			at += strlen(buf + at);
		}
	}
}

bool rights_need(uint32_t rights)
{
	uint32_t missing = rights & ~rights_own();
	char words[80];

	if (!missing)
		return true;
	rights_print(missing, words, sizeof(words));
	printf("%s: this needs the right%s %s, which it was not given. At the prompt: grant %s %s\n", binaryname,
	       missing & (missing - 1) ? "s" : "", words, words, binaryname);
	return false;
}
