/* Taking a command line apart. */
#include "init.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Read one word from *from on, writing it to *to, which never overtakes. NULL, or what is wrong.
 */
static const char *parse_word(char **from, char **to)
{
	char quote = 0;

	for (; **from && (quote || (!is_blank(**from) && **from != '&')); ++*from) {
		char c = **from;
		if (c == quote) {
			quote = 0;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
		} else {
			if (c == '\\' && quote != '\'' && (*from)[1])
				c = *++*from;
			*(*to)++ = c;
		}
	}
	return quote ? "a quote is not closed" : NULL;
}

const char *command_parse(char *line, struct command *command)
{
	char *from = line, *to = line;

	command->count = 0;
	command->background = false;
	command->rights = 0;
	for (;;) {
		while (is_blank(*from))
			from++;
		if (!*from || *from == '#')
			break;
		if (command->background)
			return "& must stand at the end";
		if (*from == '&') {
			command->background = true;
			from++;
			continue;
		}
		if (command->count == WORDS_MAX)
			return "too many words";
		command->words[command->count++] = to;
		const char *wrong = parse_word(&from, &to);
		if (wrong)
			return wrong;
		char next = *from; /* the terminator may come to stand on it */
		*to++ = 0;
		if (!next)
			break;
		command->background = next == '&';
		from++;
	}
	command->words[command->count] = NULL;
	return NULL;
}
