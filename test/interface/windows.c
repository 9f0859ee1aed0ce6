/*
 * What programs read without a call: their page tables, the environment table, the counts of pages. It is true, and
 * changes as calls change it; and none of it can be written.
 *
 * expect: ^\[00001000\] new env 00001001$
 * expect: ^all right$
 * expect: ^\[00001000\] user fault va ef400000 ip 008
 * expect: ^  err  0x00000007 \[user, write, protection\]$
 * expect: ^\[00001000\] free env 00001000$
 * status: 1
 */
#include <inc/lib.h>

#define VA ((char *)0xA0000000)
#define RW (PTE_P | PTE_U | PTE_W)

extern char end[];

static pte_t entry(void *va)
{
	return uvpd[PDX(va)] & PTE_P ? uvpt[PGNUM(va)] : 0;
}

static void page_tables(void)
{
	assert(entry(VA) == 0 && pageref(VA) == 0);
	assert(sys_page_alloc(0, VA, RW) == 0);
	assert((entry(VA) & PTE_SYSCALL) == RW);
	assert(pageref(VA) == 1 && pages[PGNUM(entry(VA))].pp_ref == 1);
	assert(sys_page_map(0, VA, 0, VA + PGSIZE, PTE_P | PTE_U | PTE_AVAIL) == 0);
	assert(PTE_ADDR(entry(VA)) == PTE_ADDR(entry(VA + PGSIZE)));
	assert((entry(VA + PGSIZE) & PTE_SYSCALL) == (PTE_P | PTE_U | PTE_AVAIL));
	assert(pageref(VA) == 2);
	*(volatile char *)VA = 7;
	assert(entry(VA) & PTE_D && entry(VA) & PTE_A && VA[PGSIZE] == 7);
	assert(sys_page_unmap(0, VA) == 0);
	assert(entry(VA) == 0 && pageref(VA + PGSIZE) == 1);
	assert(sys_page_unmap(0, VA + PGSIZE) == 0);
	/* The tables show themselves where the directory's own entry leads. */
	assert(PTE_ADDR(uvpt[PGNUM(UVPT + PGNUM(UVPT) * 4)]) == PTE_ADDR(uvpd[PDX(UVPT)]));
}

/* Nothing unmapped from UTEXT to end; only what the program may do there. */
static void image(void)
{
	for (char *va = (char *)UTEXT; va < end; va += PGSIZE)
		assert((entry(va) & (PTE_P | PTE_U)) == (PTE_P | PTE_U));
	assert(entry((void *)(USTACKTOP - PGSIZE)) & PTE_W);
	assert(!(entry((void *)USTACKTOP) & PTE_P) && entry(UTEMP) == 0 && entry(PFTEMP) == 0);
	assert(entry((void *)0xCafeB000) == 0 && entry((void *)0xCafeC000) == 0 && entry((void *)0xDeadB000) == 0);
	assert(entry((void *)0xCCCCC000) == 0 && entry((void *)0xA0000000) == 0);
	for (uintptr_t va = UENVS; va < ULIM; va += PGSIZE)
		assert(!(entry((void *)va) & PTE_P) || !(entry((void *)va) & PTE_W) || va >= UVPT);
}

static void environments(void)
{
	envid_t id = sys_exofork();

	if (id == 0)
		exit();
	const volatile struct Env *child = &envs[ENVX(id)], *self = &envs[ENVX(sys_getenvid())];
	assert(self == thisenv && self->env_id == 0x1000 && self->env_parent_id == 0);
	assert(self->env_status == ENV_RUNNING && self->env_type == ENV_TYPE_USER && self->env_runs > 0);
	assert(id == 0x1001 && child->env_id == id && child->env_parent_id == 0x1000);
	assert(child->env_status == ENV_NOT_RUNNABLE && child->env_runs == 0 && child->env_type == ENV_TYPE_USER);
	assert(child->env_tf.tf_regs.reg_eax == 0 && child->env_tf.tf_cs == (GD_UT | 3));
	assert((child->env_tf.tf_eflags & (FL_IF | FL_IOPL_MASK)) == FL_IF && child->env_pgfault_upcall == NULL);
	assert(sys_env_set_pgfault_upcall(id, (void *)0x12345678) == 0);
	assert(child->env_pgfault_upcall == (void *)0x12345678);
	assert(sys_env_destroy(id) == 0 && child->env_status == ENV_FREE && child->env_id == id);
	/* A slot that was freed comes first, with a new generation. */
	id = sys_exofork();
	if (id == 0)
		exit();
	assert(id == 0x2001 && sys_env_destroy(0x1001) == -E_BAD_ENV && sys_env_destroy(id) == 0);
	assert(envs[2].env_id == 0 && envs[NENV - 1].env_status == ENV_FREE);
}

void umain(int argc, char **argv)
{
	image();
	page_tables();
	environments();
	cprintf("all right\n");
	*(volatile uint32_t *)UVPT = 1;
	cprintf("wrong\n");
}
