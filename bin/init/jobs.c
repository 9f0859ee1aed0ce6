/*
 * Jobs: what was started here, each with a budget of its own, so that it can be ended whole, also when its first
 * environment has ended and others go on.
 *
 * The budgets of all jobs lie below one that leaves a reserve to the prompt itself; those of jobs in the background
 * below another one under that, which leaves a reserve to what runs in the foreground, and of which each gets at most a
 * part of what is left. So whatever some do in the background, the prompt answers, and programs run that it starts.
 */
#include <finch/budget.h>
#include <finch/machine.h>
#include <finch/process.h>
#include <finch/spawn.h>
#include <finch/syscall.h>

#include "init.h"

#define JOBS_MAX 64

/* A budget for jobs, and its limits. */
struct group {
	int32_t number; /* 0: the prompt's own */
	uint32_t pages, envs;
};

static struct job {
	envid_t envid;  /* of its first environment; 0: free */
	bool ended;     /* the first environment has */
	int32_t budget;
	char name[ENV_LABEL_SIZE];
} jobs[JOBS_MAX];

static struct group all, background;

/* --- Budgets --- */

/* Pages that must be left over: for the prompt, what the CPUs keep, and the kernel's records of environments. */
static uint32_t reserve(uint32_t pages_left, uint32_t envs_left)
{
	struct info_machine machine = { 0 };
	uint32_t cached, wanted;

	machine_info(&machine);
	cached = MIN(machine.pages_total / 16, machine.cpus * 192);
	wanted = 128 + cached + envs_left / 2;
	return MIN(wanted, pages_left / 2);
}

/* A group below another; if there can be none, that one takes its place. */
static struct group group_make(const struct group *below, uint32_t pages_kept, uint32_t envs_kept)
{
	struct group group = { .pages = below->pages - pages_kept, .envs = below->envs - envs_kept };

	group.number = sys_budget_create(0, below->number, group.pages, group.envs);
	if (group.number > 0)
		return group;
	printf("finch: no budget for jobs: %e\n", group.number);
	return *below;
}

void jobs_init(void)
{
	struct group own = { 0 };

	budget_left(&own.pages, &own.envs);
	all = group_make(&own, reserve(own.pages, own.envs), MIN(own.envs / 8, 16u));
	background = group_make(&all, all.pages / 4, all.envs / 4);
}

/* --- Jobs --- */

static struct job *job_find(envid_t envid)
{
	for (int i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].envid == envid)
			return &jobs[i];
	}
	return NULL;
}

/* Does anybody of its budget live? */
static bool job_lives(const struct job *job, struct info_budget *info)
{
	return budget_info(job->budget, info) == 0 && info->envs > 0;
}

/*
 * In the foreground: what all may have. In the background: a part of what is left, so that others find something too.
 */
static struct spawn_limits job_limits(const struct command *command)
{
	const struct group *group = command->background ? &background : &all;
	struct spawn_limits limits = {
		.rights = command->rights, .below = group->number, .pages = group->pages, .envs = group->envs,
	};
	struct info_budget info;

	if (command->background && budget_info(group->number, &info) == 0) {
		limits.pages -= info.pages + (limits.pages - info.pages) / 8;
		limits.envs -= info.envs + (limits.envs - info.envs) / 8;
	}
	limits.envs = MAX(limits.envs, 1u);
	return limits;
}

static envid_t job_start(struct job *job, const struct command *command)
{
	struct spawn_limits limits = job_limits(command);
	envid_t envid = spawn_limited(command->words[0], (const char **)command->words, &limits);

	if (envid > 0) {
		*job = (struct job){ .envid = envid, .budget = limits.budget };
		strlcpy(job->name, command->words[0], sizeof(job->name));
	}
	return envid;
}

/* Wait for the end of a job's first environment, and say how it ended. */
static void job_await(struct job *job, bool say_done)
{
	int status;

	job->ended = true;
	if (wait_status(job->envid, &status) < 0)
		printf("%s [%08x]: ended\n", job->name, job->envid);
	else if (status == -E_KILLED)
		printf("%s [%08x]: destroyed\n", job->name, job->envid);
	else if (status != 0)
		printf("%s [%08x]: exit status %d\n", job->name, job->envid, status);
	else if (say_done)
		printf("%s [%08x]: done\n", job->name, job->envid);
}

void job_run(const struct command *command)
{
	const char *name = command->words[0];
	struct job *job = job_find(0);

	if (!job) {
		printf("%s: there are %d jobs already\n", name, JOBS_MAX);
		return;
	}
	envid_t envid = job_start(job, command);
	if (envid == -E_NOT_FOUND)
		printf("%s: unknown command (help lists what there is)\n", name);
	else if (envid < 0)
		printf("%s: cannot start: %e\n", name, envid);
	else if (command->background)
		printf("%s [%08x]: started\n", name, envid);
	else
		job_await(job, false);
}

void jobs_report(void)
{
	for (struct job *job = jobs; job < jobs + JOBS_MAX; job++) {
		struct info_budget info;

		if (!job->envid)
			continue;
		if (!job->ended && !env_alive(job->envid))
			job_await(job, true);
		if (job->ended && !job_lives(job, &info))
			job->envid = 0;
	}
}

void jobs_list(void)
{
	struct info_budget info;

	printf("ID          ENVS of LIMIT      PAGES of LIMIT   NAME\n");
	for (const struct job *job = jobs; job < jobs + JOBS_MAX; job++) {
		if (job->envid && job_lives(job, &info))
			printf("%08x  %6u %8u  %9u %8u   %s\n", job->envid, info.envs, info.envs_limit, info.pages,
			       info.pages_limit, job->name);
	}
}

/* It may be over. */
static int job_end(const struct job *job)
{
	int err = budget_end(job->budget);
	return err == -E_INVAL ? -E_BAD_ENV : err;
}

int job_kill(envid_t envid)
{
	const struct job *job = job_find(envid);

	if (envid == thisenv->env_id)
		return -E_INVAL;
	return job ? job_end(job) : sys_env_destroy(envid);
}

int jobs_kill(const char *name)
{
	int err = -E_BAD_ENV;

	for (const struct job *job = jobs; job < jobs + JOBS_MAX; job++) {
		if (job->envid && strcmp(job->name, name) == 0)
			err = job_end(job);
	}
	return err;
}
