/*
 * The child of forgetful. It knows nothing of checkpoints: it asks for the user's name and for things to remember, and
 * keeps them in its memory. A message from its parent is its turn to talk, its answer says that it has talked.
 */
#include <finch/ipc.h>

#include "forgetful.h"

struct thing {
	struct thing *next;
	char text[];
};

static char name[64];
static struct thing *first, **last = &first;
static int count;

static void ask_name(void)
{
	const char *line = readline("  I do not know you. What is your name? ");

	if (line && *line) {
		strlcpy(name, line, sizeof(name));
		printf("  Nice to meet you, %s.\n", name);
	}
}

static void remember(const char *line)
{
	struct thing *thing = malloc(sizeof(*thing) + strlen(line) + 1);

	if (!thing)
		panic("out of memory");
	strcpy(thing->text, line);
	thing->next = NULL;
	*last = thing;
	last = &thing->next;
	printf("  I will remember. That makes %d.\n", ++count);
}

static void recall(void)
{
	printf("  You are %s. You told me %d:\n", name, count);
	for (const struct thing *thing = first; thing; thing = thing->next)
		printf("    %s\n", thing->text);
}

static void talk(void)
{
	if (!*name) {
		ask_name();
		return;
	}
	const char *line = readline("  Tell me something, or nothing: ");
	if (line && *line)
		remember(line);
	else
		recall();
}

void child_main(void)
{
	int err = sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER);

	/* Who the parent is, it asks anew each time: it can be put back under another one. */
	for (;;) {
		if (err == 0)
			talk();
		err = sys_ipc_reply_wait(thisenv->env_parent_id, 0, NULL, 0, IPC_NO_PAGES);
	}
}
