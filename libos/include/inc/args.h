/*
 * For programs: flags at the start of the arguments, such as -l or -nVALUE or -n VALUE. `--` ends them; `-` is none.
 * What has been looked at is taken out of argv: at the end argv[1] is the first argument that is no flag.
 */
#ifndef INC_ARGS_H
#define INC_ARGS_H

struct Argstate {
	int *argc;
	const char **argv;
	const char *curarg;   /* what is left of the word of flags at hand, or NULL */
	const char *argvalue; /* what argvalue returns again, or NULL */
};

/* Start on *argc and argv, both of which change as flags are taken. */
void argstart(int *argc, char **argv, struct Argstate *args);
/* The next flag's letter, or -1 when there are no more. */
int argnext(struct Argstate *args);
/* The value of the flag that argnext returned, or NULL if there is none: the rest of its word, or the next word. */
char *argvalue(struct Argstate *args);
/* The same, but each call takes another value. */
char *argnextvalue(struct Argstate *args);

#endif
