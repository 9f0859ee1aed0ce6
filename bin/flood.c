/*
 * flood: a flood of messages. As many processes as there may be queue with pages for the parent of the first, which
 * receives none; the first sends to everybody, and wakes everybody, for ever. It ends by kill alone. See doc/rights.md.
 */
#include <finch/budget.h>
#include <finch/syscall.h>
#include <inc/lib.h>

#define WATER ((char *)0x10000000)
#define PERM (PTE_P | PTE_U | PTE_W)
/* Pages that each process sends, and that it needs itself, at most: if they all had none left, they would die of it. */
#define PAGES_SENT 16
#define PAGES_OWN 16

/* Queue for one that never asks for a message, with pages that its end must give back. */
static void queue_for(envid_t envid)
{
	ipc_recv(NULL, NULL, NULL); /* the flood has begun: before, memory is for the forks */
	for (;;) {
		if (sys_page_alloc_range(0, WATER, PERM, PAGES_SENT) == PAGES_SENT)
			sys_ipc_send(envid, 0, WATER, libos_range(PERM, PAGES_SENT), TIMEOUT_NEVER);
		else
			sys_ipc_send(envid, 0, (void *)UTOP, 0, TIMEOUT_NEVER);
	}
}

void umain(int argc, char **argv)
{
	envid_t parent = thisenv->env_parent_id, child = 1;
	uint32_t pages_left = 0, envs_left = 0, wanted, senders = 0;

	USED(argc);
	USED(argv);
	budget_left(&pages_left, &envs_left);
	wanted = MIN(envs_left, pages_left / (PAGES_SENT + PAGES_OWN));
	while (senders < wanted && (child = fork()) > 0)
		senders++;
	if (child == 0)
		queue_for(parent);
	printf("flood: %u senders\n", senders);
	for (uint32_t n = 0;; n++) {
		const volatile struct Env *env = &envs[n % NENV];
		sys_ipc_try_send(env->env_id, n, (void *)UTOP, 0);
		libos_sys_unpark(env->env_id);
	}
}
