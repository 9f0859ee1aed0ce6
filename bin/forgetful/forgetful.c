/*
 * forgetful: a child that gets to know you, and its parent, who can put it back to any earlier moment, as often as you
 * like.
 *
 *	talk    let the child talk: it asks, remembers, and tells
 *	save    take a checkpoint of the child as it is now
 *	back    put it back to that checkpoint; after kill, in a new environment
 *	kill    destroy the child
 *	write   print the checkpoint, for ./finch run --save FILE
 *	end     (or the end of input)
 *
 * With the name of a file in the boot archive (./finch run --add FILE=NAME) it starts with the child of that
 * checkpoint.
 */
#include <finch/checkpoint.h>
#include <finch/ipc.h>
#include <finch/process.h>

#include "forgetful.h"

static envid_t child, checkpoint; /* 0: none */

static bool start_child(void)
{
	child = fork();
	if (child == 0)
		child_main();
	if (child < 0)
		printf("forgetful: fork: %e\n", child);
	return child > 0;
}

/* Say that something has failed. Returns whether it has not. */
static bool good(const char *what, int err)
{
	if (err < 0)
		printf("forgetful: %s: %e\n", what, err);
	return err >= 0;
}

static bool do_talk(void)
{
	if (!child) {
		printf("There is no child.\n");
		return true;
	}
	return good("talk", sys_ipc_call(child, 0, NULL, 0, IPC_NO_PAGES));
}

static bool do_save(void)
{
	envid_t before = checkpoint;

	if (!child) {
		printf("There is no child.\n");
		return true;
	}
	checkpoint = checkpoint_take(child);
	if (!good("save", checkpoint)) {
		checkpoint = before;
		return false;
	}
	printf("The child is saved.\n");
	return !before || good("drop", checkpoint_drop(before));
}

static bool do_back(void)
{
	if (!checkpoint) {
		printf("No child was saved.\n");
		return true;
	}
	envid_t put = checkpoint_restore(checkpoint, child);
	if (!good("back", put))
		return false;
	printf("The child is as it was%s.\n", child ? "" : ", in a new environment");
	child = put;
	return true;
}

static bool do_kill(void)
{
	if (child && good("kill", sys_env_destroy(child)))
		wait(child);
	child = 0;
	return true;
}

static bool do_write(void)
{
	if (!checkpoint) {
		printf("No child was saved.\n");
		return true;
	}
	return good("write", print_checkpoint(checkpoint));
}

static bool obey(const char *line)
{
	static const struct {
		const char *word;
		bool (*act)(void);
	} words[] = {
		{ "talk", do_talk }, { "save", do_save }, { "back", do_back }, { "kill", do_kill }, { "write", do_write },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(line, words[i].word) == 0)
			return words[i].act();
	printf("The words are: talk save back kill write end\n");
	return true;
}

void umain(int argc, char **argv)
{
	bool well = true;
	char *line;

	binaryname = "forgetful";
	if (argc > 1 ? (checkpoint = load_checkpoint(argv[1])) < 0 || !do_back() : !start_child())
		exit_status(1);
	while ((line = readline("forgetful> ")) && strcmp(line, "end") != 0)
		well = obey(line) && well;
	do_kill();
	if (checkpoint)
		well = good("drop", checkpoint_drop(checkpoint)) && well;
	printf("forgetful: %s\n", well ? "all right" : "not all went well");
	exit_status(!well);
}
