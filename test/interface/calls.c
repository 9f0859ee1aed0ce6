/*
 * The calls about environments and pages: which errors they return, in which order they look, and that a failure
 * changes nothing.
 */
#include <inc/lib.h>

#define VA ((char *)0xA0000000)
#define RW (PTE_P | PTE_U | PTE_W)
#define RO (PTE_P | PTE_U)
#define STRANGER 0x00001fff

static void allocation(void)
{
	assert(sys_page_alloc(STRANGER, (void *)(UTOP + 1), 0) == -E_BAD_ENV);
	assert(sys_page_alloc(-1, VA, RW) == -E_BAD_ENV);
	assert(sys_page_alloc(0, (void *)UTOP, RW) == -E_INVAL);
	assert(sys_page_alloc(0, VA + 1, RW) == -E_INVAL);
	assert(sys_page_alloc(0, VA, PTE_U | PTE_W) == -E_INVAL);
	assert(sys_page_alloc(0, VA, PTE_P | PTE_W) == -E_INVAL);
	assert(sys_page_alloc(0, VA, RW | PTE_PCD) == -E_INVAL);
	assert(pageref(VA) == 0);
	assert(sys_page_alloc(0, VA, RW) == 0);
	for (int i = 0; i < PGSIZE; i++)
		assert(VA[i] == 0);
	memset(VA, 1, PGSIZE);
	assert(sys_page_alloc(0, VA, RW) == 0 && VA[0] == 0 && VA[PGSIZE - 1] == 0);
	assert(sys_page_alloc(0, (void *)(UTOP - PGSIZE), RW | PTE_AVAIL) == 0);
}

static void mapping(void)
{
	char *other = VA + PTSIZE;

	assert(sys_page_map(STRANGER, VA, 0, other, RW) == -E_BAD_ENV);
	assert(sys_page_map(0, VA, STRANGER, other, RW) == -E_BAD_ENV);
	assert(sys_page_map(0, VA + 1, 0, other, RW) == -E_INVAL && sys_page_map(0, VA, 0, other + 4, RW) == -E_INVAL);
	assert(sys_page_map(0, (void *)UTOP, 0, other, RO) == -E_INVAL);
	assert(sys_page_map(0, VA, 0, (void *)UTOP, RW) == -E_INVAL);
	assert(sys_page_map(0, other, 0, other, RW) == -E_INVAL);
	assert(sys_page_map(0, VA, 0, other, PTE_P) == -E_INVAL);
	assert(sys_page_map(0, VA, 0, other, RO) == 0);
	assert(sys_page_map(0, other, 0, other + PGSIZE, RW) == -E_INVAL && pageref(other + PGSIZE) == 0);
	assert(sys_page_map(0, other, 0, other, RO | PTE_COW) == 0 && uvpt[PGNUM(other)] & PTE_COW);
	assert(sys_page_map(0, VA, 0, VA, RO) == 0 && pageref(VA) == 2);
	assert(sys_page_unmap(STRANGER, VA) == -E_BAD_ENV);
	assert(sys_page_unmap(0, (void *)UTOP) == -E_INVAL && sys_page_unmap(0, VA + 2) == -E_INVAL);
	assert(sys_page_unmap(0, other) == 0 && sys_page_unmap(0, other) == 0 && sys_page_unmap(0, VA) == 0);
}

static void family(void)
{
	struct Trapframe tf;
	envid_t child = fork();

	if (child == 0) {
		envid_t parent = thisenv->env_parent_id;
		if (sys_env_destroy(parent) != -E_BAD_ENV || sys_page_alloc(parent, VA, RW) != -E_BAD_ENV ||
		    sys_env_set_status(parent, ENV_NOT_RUNNABLE) != -E_BAD_ENV ||
		    sys_page_map(0, (void *)UTEXT, parent, VA, RO) != -E_BAD_ENV)
			cprintf("wrong: a child has a right over its parent\n");
		ipc_send(parent, 77, NULL, 0);
		envid_t mine = fork();
		if (mine == 0)
			ipc_recv(NULL, NULL, NULL);
		else
			ipc_send(parent, mine, NULL, 0);
		for (;;)
			sys_yield();
	}
	assert(ipc_recv(NULL, NULL, NULL) == 77);
	/* A grandchild is the child's, not ours, until the child is gone; a message may go to it all the same. */
	envid_t grandchild = ipc_recv(NULL, NULL, NULL);
	assert(envs[ENVX(grandchild)].env_parent_id == child);
	assert(sys_env_destroy(grandchild) == -E_BAD_ENV && sys_page_unmap(grandchild, VA) == -E_BAD_ENV);
	assert(sys_env_set_pgfault_upcall(grandchild, NULL) == -E_BAD_ENV);
	ipc_send(grandchild, 78, NULL, 0);
	assert(sys_env_set_status(child, ENV_RUNNING) == -E_INVAL && sys_env_set_status(child, 99) == -E_INVAL);
	assert(sys_env_set_status(child, ENV_FREE) == -E_INVAL && sys_env_set_status(child, ENV_DYING) == -E_INVAL);
	assert(sys_env_set_status(child, ENV_NOT_RUNNABLE) == 0);
	assert(envs[ENVX(child)].env_status == ENV_NOT_RUNNABLE);
	/* Whatever frame it is given, it is an ordinary program. */
	tf = *(struct Trapframe *)&envs[ENVX(child)].env_tf;
	tf.tf_cs = GD_KT;
	tf.tf_eflags = FL_IOPL_3;
	assert(sys_env_set_trapframe(child, &tf) == 0);
	assert(sys_env_set_trapframe(child, (struct Trapframe *)0xf0100000) == -E_FAULT);
	assert(envs[ENVX(child)].env_tf.tf_cs == (GD_UT | 3));
	assert((envs[ENVX(child)].env_tf.tf_eflags & (FL_IF | FL_IOPL_MASK)) == FL_IF);
	assert(sys_env_destroy(child) == 0 && sys_env_destroy(child) == -E_BAD_ENV);
	assert(sys_env_set_status(child, ENV_RUNNABLE) == -E_BAD_ENV);
	wait(child);
	assert(envs[ENVX(grandchild)].env_parent_id == sys_getenvid() && sys_env_destroy(grandchild) == 0);
}

void umain(int argc, char **argv)
{
	allocation();
	mapping();
	family();
	int c = sys_cgetc(); /* does not wait; 4 is the end of input */
	assert(c == 0 || c == 4);
	unsigned now = sys_time_msec();
	assert((int)now >= 0);
	while (sys_time_msec() == now)
		sys_yield();
	cprintf("all right\n");
}
