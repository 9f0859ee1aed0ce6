/* The programs that were started in the background. */
#include <finch/process.h>

#include "init.h"

#define JOBS_MAX 64

static struct job {
	envid_t envid; /* 0: free */
	char name[ENV_LABEL_SIZE];
} jobs[JOBS_MAX];

void job_add(envid_t envid, const char *name)
{
	for (int i = 0; i < JOBS_MAX; i++) {
		if (jobs[i].envid)
			continue;
		jobs[i].envid = envid;
		strlcpy(jobs[i].name, name, sizeof(jobs[i].name));
		return;
	}
}

void jobs_report(void)
{
	for (int i = 0; i < JOBS_MAX; i++) {
		struct job *job = &jobs[i];
		int status;

		if (!job->envid || env_alive(job->envid))
			continue;
		if (wait_status(job->envid, &status) < 0)
			printf("%s [%08x]: ended\n", job->name, job->envid);
		else if (status == 0)
			printf("%s [%08x]: done\n", job->name, job->envid);
		else
			say_end(job->name, job->envid, status);
		job->envid = 0;
	}
}

void say_end(const char *name, envid_t envid, int status)
{
	if (status == -E_KILLED)
		printf("%s [%08x]: destroyed\n", name, envid);
	else if (status != 0)
		printf("%s [%08x]: exit status %d\n", name, envid, status);
}
