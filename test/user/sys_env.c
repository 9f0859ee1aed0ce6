/*
 * Environments as such: ids and their generations, what a new child looks like, rights over others, orphans, and
 * every call about them with every wrong argument.
 */
#include "child.h"

static volatile envid_t root, ids[4], made;
static volatile int step;

static void stop(uint32_t arg)
{
	USED(arg);
	for (;;)
		sys_env_set_status(0, ENV_NOT_RUNNABLE);
}

static void destroy(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

static void new_child(void)
{
	envid_t child = sys_exofork();
	const volatile struct Env *env = &envs[ENVX(child)], *self = &envs[ENVX(sys_getenvid())];

	expect(child > 0);
	expect_is(env->env_id, child);
	expect_is(env->env_parent_id, sys_getenvid());
	expect_is(env->env_status, ENV_NOT_RUNNABLE);
	expect_is(env->env_wait, ENV_WAIT_SUSPENDED);
	expect_is(env->env_type, ENV_TYPE_USER);
	expect_is(env->env_runs, 0);
	expect_is(env->env_tf.tf_regs.reg_eax, 0);
	expect(env->env_tf.tf_eip >= UTEXT && env->env_tf.tf_eip < (uintptr_t)etext);
	expect(env->env_tf.tf_esp < USTACKTOP && env->env_tf.tf_esp >= USTACKTOP - 16 * PGSIZE);
	expect_is(env->env_tf.tf_cs, GD_UT | 3);
	expect_is(env->env_tf.tf_ss, GD_UD | 3);
	expect_is(env->env_tf.tf_eflags & (FL_IF | FL_IOPL_MASK | FL_VM | FL_NT), FL_IF);
	expect_is((uintptr_t)env->env_pgfault_upcall, 0);
	expect_is((uintptr_t)env->env_exception_upcall, 0);
	expect_is(env->env_exception_stack, UXSTACKTOP);
	expect_is(env->env_ipc_recving, 0);
	expect(strncmp((const char *)env->env_label, (const char *)self->env_label, ENV_LABEL_SIZE) == 0);
	destroy(child);
	expect_is(env->env_status, ENV_FREE);
	expect_is(env->env_id, child);
}

/* Nothing is mapped in a new child: it dies of its first instruction. */
static void empty_child(void)
{
	envid_t child = sys_exofork();

	expect(child > 0);
	expect_error(sys_page_map(child, (void *)UTEXT, 0, UTEMP, RO), E_INVAL);
	expect_error(sys_page_map(child, CHILD_STACK, 0, UTEMP, RO), E_INVAL);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, -E_KILLED);
}

static void generations(void)
{
	envid_t first = sys_exofork(), second = sys_exofork();

	expect(first > 0 && second > 0);
	expect(ENVX(first) != ENVX(second));
	destroy(first);
	destroy(second);
	/* The slot freed last is taken first, under its next generation. */
	envid_t again = sys_exofork(), and_again = sys_exofork();
	expect_is(again, second + NENV);
	expect_is(and_again, first + NENV);
	expect_error(sys_env_destroy(first), E_BAD_ENV);
	expect_error(sys_env_set_status(second, ENV_RUNNABLE), E_BAD_ENV);
	destroy(again);
	destroy(and_again);
}

static void bad_ids(void)
{
	struct Trapframe tf = { .tf_eip = UTEXT, .tf_esp = USTACKTOP };
	envid_t ended = sys_exofork();

	destroy(ended);
	const envid_t bad[] = { ended, -1, -7, (envid_t)0x80000000, (envid_t)0xfffff000, ENVX(sys_getenvid()), 1,
				NENV - 1, sys_getenvid() + NENV, 0x7fffffff, ended + NENV, NENV + NENV - 1 };

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_error(sys_env_destroy(bad[i]), E_BAD_ENV);
		expect_error(sys_env_set_status(bad[i], ENV_RUNNABLE), E_BAD_ENV);
		expect_error(sys_env_set_status(bad[i], 77), E_BAD_ENV);
		expect_error(sys_env_set_trapframe(bad[i], &tf), E_BAD_ENV);
		expect_error(sys_env_set_trapframe(bad[i], NULL), E_BAD_ENV);
		expect_error(sys_env_set_pgfault_upcall(bad[i], umain), E_BAD_ENV);
		expect_error(sys_env_set(bad[i], ENV_SET_EXCEPTION_STACK, UXSTACKTOP), E_BAD_ENV);
		expect_error(sys_env_set(bad[i], 0, 0), E_BAD_ENV);
		expect_error(sys_env_set_label(bad[i], "label"), E_BAD_ENV);
		expect_error(sys_env_set_label(bad[i], NULL), E_BAD_ENV);
		expect_error(sys_env_wait(bad[i], NULL), E_BAD_ENV);
		expect_error(sys_env_wait(bad[i], (int *)1), E_BAD_ENV);
	}
}

static void bad_values(void)
{
	static const int statuses[] = { ENV_FREE, ENV_DYING, ENV_RUNNING, 5, -1, 0x7fffffff };
	envid_t child = child_make(stop, 0);
	struct Trapframe tf;

	for (unsigned i = 0; i < ARRAY_SIZE(statuses); i++)
		expect_error(sys_env_set_status(child, statuses[i]), E_INVAL);
	expect_is(envs[ENVX(child)].env_status, ENV_NOT_RUNNABLE);
	memcpy(&tf, (const void *)&envs[ENVX(child)].env_tf, sizeof tf);
	uintptr_t eip = tf.tf_eip;
	static const uintptr_t outside[] = { ULIM, KERNBASE, 0xF0100000, 0xFFFFFFFF };
	for (unsigned i = 0; i < ARRAY_SIZE(outside); i++) {
		tf.tf_eip = outside[i];
		expect_error(sys_env_set_trapframe(child, &tf), E_INVAL);
	}
	tf.tf_eip = eip;
	tf.tf_esp = 0xF0000000;
	expect_error(sys_env_set_trapframe(child, &tf), E_INVAL);
	expect_is(envs[ENVX(child)].env_tf.tf_eip, eip);
	destroy(child);
	expect_error(libos_sys_env_exit(-1), E_INVAL);
	expect_error(libos_sys_env_exit((int)0x80000000), E_INVAL);
	expect_error(libos_call0(NSYSCALLS), E_NOSYS);
	expect_error(libos_call0(-1), E_NOSYS);
	expect_error(libos_call0(0x7fffffff), E_NOSYS);
	expect_error(sys_machine(0), E_INVAL);
	expect_error(sys_machine(3), E_INVAL);
}

/* Upcall and stack for exceptions, of a child and of oneself; what cannot be is refused, and nothing changes. */
static void exceptions(void)
{
	static const uintptr_t good[] = { PGSIZE, UTEXT, USTACKTOP, UXSTACKTOP };
	static const uintptr_t bad[] = { 0, 1, PGSIZE - 1, PGSIZE + 4, UXSTACKTOP - 1, UXSTACKTOP + 1, UXSTACKTOP + PGSIZE,
					 ULIM, KERNBASE, 0xFFFFF000, 0xFFFFFFFF };
	envid_t child = sys_exofork(), grandchild;

	expect(child > 0);
	for (int i = 0; i < 2; i++) {
		envid_t which = i ? child : 0;
		const volatile struct Env *env = &envs[ENVX(i ? child : sys_getenvid())];
		for (unsigned n = 0; n < ARRAY_SIZE(good); n++) {
			expect_is(sys_env_set(which, ENV_SET_EXCEPTION_STACK, good[n]), 0);
			expect_is(env->env_exception_stack, good[n]);
		}
		for (unsigned n = 0; n < ARRAY_SIZE(bad); n++)
			expect_error(sys_env_set(which, ENV_SET_EXCEPTION_STACK, bad[n]), E_INVAL);
		expect_is(env->env_exception_stack, UXSTACKTOP);
		expect_is(sys_env_set(which, ENV_SET_EXCEPTION_UPCALL, 0xFFFFFFFF), 0);
		expect_is((uintptr_t)env->env_exception_upcall, 0xFFFFFFFF);
		expect_error(sys_env_set(which, 0, PGSIZE), E_INVAL);
		expect_error(sys_env_set(which, -1, PGSIZE), E_INVAL);
		expect_error(sys_env_set(which, 1000, PGSIZE), E_INVAL);
		expect_is((uintptr_t)env->env_exception_upcall, 0xFFFFFFFF);
	}
	destroy(child);
	/* A child inherits neither. */
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_STACK, USTACKTOP), 0);
	expect((grandchild = sys_exofork()) > 0);
	expect_is((uintptr_t)envs[ENVX(grandchild)].env_exception_upcall, 0);
	expect_is(envs[ENVX(grandchild)].env_exception_stack, UXSTACKTOP);
	destroy(grandchild);
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_STACK, UXSTACKTOP), 0);
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_UPCALL, 0), 0);
}

static void labels(void)
{
	char *edge = (char *)0x10001000 - 4;
	const volatile struct Env *self = &envs[ENVX(sys_getenvid())];

	expect_is(sys_env_set_label(0, "0123456789abcdefgh"), 0);
	expect(strcmp((const char *)self->env_label, "0123456789abcde") == 0);
	/* What stands behind the terminator need not be mapped. */
	expect_is(sys_page_alloc(0, (void *)0x10000000, RW), 0);
	memcpy(edge, "abc", 4);
	expect_is(sys_env_set_label(0, edge), 0);
	expect(strcmp((const char *)self->env_label, "abc") == 0);
	memcpy(edge, "defg", 4);
	expect_error(sys_env_set_label(0, edge), E_FAULT);
	expect(strcmp((const char *)self->env_label, "abc") == 0);
	expect_is(sys_page_unmap(0, (void *)0x10000000), 0);
}

/* In a child: everyone but itself and its own children is none of its business. */
static void without_rights(uint32_t arg)
{
	struct Trapframe tf = { .tf_eip = UTEXT, .tf_esp = USTACKTOP };
	envid_t grandchild;

	USED(arg);
	for (int i = 0; i < 3; i++) {
		envid_t other = ids[i];
		expect_error(sys_env_destroy(other), E_BAD_ENV);
		expect_error(sys_env_set_status(other, ENV_NOT_RUNNABLE), E_BAD_ENV);
		expect_error(sys_env_set_status(other, ENV_RUNNABLE), E_BAD_ENV);
		expect_error(sys_env_set_trapframe(other, &tf), E_BAD_ENV);
		expect_error(sys_env_set_pgfault_upcall(other, umain), E_BAD_ENV);
		expect_error(sys_env_set(other, ENV_SET_EXCEPTION_UPCALL, (uintptr_t)umain), E_BAD_ENV);
		expect_error(sys_env_set_label(other, "mine"), E_BAD_ENV);
	}
	grandchild = child_make(stop, 0);
	expect(grandchild > 0);
	made = grandchild;
	expect_is(sys_env_set_pgfault_upcall(grandchild, (void *)0x12345678), 0);
	expect_is((uintptr_t)envs[ENVX(grandchild)].env_pgfault_upcall, 0x12345678);
	step = 1;
	wait_until(step == 2);
}

static void rights(void)
{
	root = sys_getenvid();
	ids[0] = root;
	ids[1] = child_run(stop, 0); /* a sibling */
	ids[2] = envs[ENVX(root)].env_parent_id ? envs[ENVX(root)].env_parent_id : root; /* the grandparent */
	step = 0;
	envid_t child = child_run(without_rights, 0);
	wait_until(step == 1 || envs[ENVX(child)].env_id != child || envs[ENVX(child)].env_status == ENV_FREE);
	expect_is(step, 1);
	/* A grandchild is not mine, until its parent has ended. */
	expect_error(sys_env_destroy(made), E_BAD_ENV);
	expect_error(sys_page_alloc(made, UTEMP, RW), E_BAD_ENV);
	step = 2;
	expect_end(child, 0);
	expect_is(envs[ENVX(made)].env_parent_id, root);
	expect_is(envs[ENVX(made)].env_status, ENV_NOT_RUNNABLE);
	end_orphan(made);
	destroy(ids[1]);
}

void umain(int argc, char **argv)
{
	expect_is(thisenv->env_id, sys_getenvid());
	expect_is(thisenv->env_status, ENV_RUNNING);
	new_child();
	empty_child();
	generations();
	bad_ids();
	bad_values();
	exceptions();
	labels();
	rights();
	uint32_t before = free_pages();
	rights();
	rights();
	empty_child();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
