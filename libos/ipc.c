/* Messages, under the names of <inc/lib.h>. An address at or above UTOP means: no page. */
#include <finch/syscall.h>
#include <inc/lib.h>

#define NO_PAGE ((void *)UTOP)

void ipc_send(envid_t envid, uint32_t value, void *va, int perm)
{
	int err;

	do {
		err = sys_ipc_send(envid, value, va ? va : NO_PAGE, perm, TIMEOUT_NEVER);
	} while (err == -E_INTERRUPTED);
	if (err < 0)
		panic("ipc_send to %08x: %e", envid, err);
}

int32_t ipc_recv(envid_t *from, void *va, int *perm)
{
	int err = libos_sys_ipc_recv((uintptr_t)(va ? va : NO_PAGE));

	if (from)
		*from = err < 0 ? 0 : thisenv->env_ipc_from;
	if (perm)
		*perm = err < 0 ? 0 : thisenv->env_ipc_perm;
	return err < 0 ? err : (int32_t)thisenv->env_ipc_value;
}

envid_t ipc_find_env(enum EnvType type)
{
	for (int i = 0; i < NENV; i++) {
		if (envs[i].env_status != ENV_FREE && envs[i].env_type == type)
			return envs[i].env_id;
	}
	return 0;
}
