/* Rights, by number and by word. */
#include <abi/info.h>
#include <common/words.h>
#include <finch/rights.h>
#include <finch/syscall.h>
#include <inc/lib.h>

static const char *const rights_words[] = {
#define RIGHT(name, bit, text) [bit] = text,
#include <abi/rights.def>
#undef RIGHT
};

uint32_t rights_own(void)
{
	struct info_env own;

	memset(&own, 0, sizeof(own)); /* can be written from here on: see machine.c */
	return sys_info(INFO_ENV, 0, &own, sizeof(own)) < 0 ? 0 : own.rights;
}

int rights_parse(const char *words, uint32_t *rights)
{
	return words_bits(words, rights_words, ARRAY_SIZE(rights_words), rights) ? -E_INVAL : 0;
}

void rights_print(uint32_t rights, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rights_words) && at < size; i++) {
		if (rights & 1u << i) {
			snprintf(buf + at, size - at, "%s%s", at ? "," : "", rights_words[i]);
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
