/* ps: the environments that there are. STATE says what a waiting one waits for. */
#include <finch/process.h>
#include <inc/lib.h>

/* What stands under STATE. */
static const char *describe(const struct Env *env, char *buf, size_t size)
{
	if (env->env_status != ENV_NOT_RUNNABLE)
		return env_status_name(env->env_status);
	if (env->env_wait == ENV_WAIT_END)
		snprintf(buf, size, "%s %08x", env_wait_name(env->env_wait), env->env_wait_for);
	else
		snprintf(buf, size, "%s", env_wait_name(env->env_wait));
	return buf;
}

void umain(int argc, char **argv)
{
	USED(argc);
	USED(argv);
	printf("ID        PARENT    CPU       RUNS  STATE            NAME\n");
	/* Slots are first used in index order: after one without an id none was ever used. */
	for (int i = 0; i < NENV && envs[i].env_id; i++) {
		struct Env env;
		char state[32];

		if (envs[i].env_status == ENV_FREE)
			continue;
		memcpy(&env, (const void *)&envs[i], sizeof(env));
		env.env_label[ENV_LABEL_SIZE - 1] = 0;
		printf("%08x  %08x  %3d %10u  %-15s  %s\n", env.env_id, env.env_parent_id, env.env_cpunum, env.env_runs,
		       describe(&env, state, sizeof(state)), env.env_label);
	}
}
