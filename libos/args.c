/* Flags at the start of a program's arguments. */
#include <inc/lib.h>

/* Take argv[1] out; the NULL at the end moves down too. */
static const char *take_word(struct Argstate *args)
{
	const char *word = args->argv[1];
	memmove(args->argv + 1, args->argv + 2, ((size_t)*args->argc - 1) * sizeof(*args->argv));
	--*args->argc;
	return word;
}

void argstart(int *argc, char **argv, struct Argstate *args)
{
	args->argc = argc;
	args->argv = (const char **)argv;
	args->curarg = *argc > 0 && argv ? "" : NULL;
	args->argvalue = NULL;
}

int argnext(struct Argstate *args)
{
	args->argvalue = NULL;
	if (!args->curarg)
		return -1;
	if (!*args->curarg) {
		const char *word = *args->argc > 1 ? args->argv[1] : NULL;
		if (!word || word[0] != '-' || !word[1]) {
			args->curarg = NULL;
			return -1;
		}
		args->curarg = take_word(args) + 1;
		if (strcmp(args->curarg, "-") == 0) {
			args->curarg = NULL;
			return -1;
		}
	}
	return (unsigned char)*args->curarg++;
}

char *argvalue(struct Argstate *args)
{
	return (char *)(args->argvalue ? args->argvalue : argnextvalue(args));
}

char *argnextvalue(struct Argstate *args)
{
	if (!args->curarg)
		return NULL;
	if (*args->curarg) {
		args->argvalue = args->curarg;
		args->curarg = "";
	} else if (*args->argc > 1) {
		args->argvalue = take_word(args);
	} else {
		args->argvalue = NULL;
		args->curarg = NULL;
	}
	return (char *)args->argvalue;
}
