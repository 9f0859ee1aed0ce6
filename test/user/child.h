/*
 * Children for tests: environments of their own that run a function of this program. All of the program's memory is
 * shared with them, but for the stack, one page of their own; so variables (volatile ones) are the way to talk. In a
 * child thisenv is the parent's.
 */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include "check.h"

#define CHILD_STACK ((char *)USTACKTOP - PGSIZE)

typedef void (*child_function)(uint32_t arg);

static void child_returned(void)
{
	sys_env_exit(0);
}

/* Map what the program has from va to the end of its image. */
static int child_share(envid_t child, uintptr_t va, uintptr_t after)
{
	while (va < after) {
		uint32_t perm = perm_of((void *)va);
		size_t n = 1;
		while (va + n * PGSIZE < after && perm_of((void *)(va + n * PGSIZE)) == perm)
			n++;
		int error = pages_share((void *)va, child, (void *)va, perm, n);
		if (error < 0)
			return error;
		va += n * PGSIZE;
	}
	return 0;
}

/* A stack page with arg on it, and registers that start function on that. */
static int child_prepare(envid_t child, child_function function, uint32_t arg)
{
	uint32_t *page = UTEMP;
	int error = sys_page_alloc(0, page, RW);

	if (error < 0)
		return error;
	page[NPTENTRIES - 4] = (uint32_t)child_returned;
	page[NPTENTRIES - 3] = arg;
	if ((error = sys_page_map(0, page, child, CHILD_STACK, RW)) < 0 || (error = sys_page_unmap(0, page)) < 0)
		return error;
	struct Trapframe tf = {
		.tf_eip = (uintptr_t)function, .tf_esp = USTACKTOP - 16, .tf_ds = GD_UD | 3, .tf_es = GD_UD | 3,
	};
	return sys_env_set_trapframe(child, &tf);
}

/* Make a child that will run function(arg) once it is made runnable. Its id, or an error with nothing left. */
static envid_t child_try(child_function function, uint32_t arg)
{
	envid_t child = sys_exofork();

	if (child < 0)
		return child;
	int error = child_share(child, UTEXT, ROUNDUP((uintptr_t)end, PGSIZE));
	if (!error && page_mapped(CHECK_PAGE))
		error = sys_page_map(0, CHECK_PAGE, child, CHECK_PAGE, RW);
	if (!error)
		error = child_prepare(child, function, arg);
	if (error) {
		sys_env_destroy(child);
		wait_status(child, NULL);
		sys_page_unmap(0, UTEMP);
		return error;
	}
	return child;
}

static __attribute__((unused)) envid_t child_make(child_function function, uint32_t arg)
{
	envid_t child = child_try(function, arg);

	if (child < 0)
		fail("making a child: expected an id, saw %e", child);
	return child;
}

static __attribute__((unused)) envid_t child_run(child_function function, uint32_t arg)
{
	envid_t child = child_make(function, arg);

	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	return child;
}

/*
 * Let the kernel's pools of records grow to what n environments need: they never shrink, so that free pages are the
 * same after as before only from then on.
 */
static __attribute__((unused)) void grow_records(unsigned n)
{
	envid_t last = 0;

	for (unsigned i = 0; i < n; i++) {
		envid_t child = sys_exofork();
		expect(child > 0);
		/* A chain through their upcalls: no need for an array. */
		expect_is(sys_env_set_pgfault_upcall(child, (void *)last), 0);
		last = child;
	}
	for (envid_t child = last; child;) {
		envid_t before = (envid_t)envs[ENVX(child)].env_pgfault_upcall;
		expect_is(sys_env_destroy(child), 0);
		expect_is(wait_status(child, NULL), 0);
		child = before;
	}
}

/* Wait for the end of child, which must end with status. */
#define expect_end(child, wanted)                                                                                \
	do {                                                                                                     \
		int status_ = 12345;                                                                             \
		expect_is(wait_status(child, &status_), 0);                                                      \
		expect_is(status_, wanted);                                                                      \
	} while (0)

/* Run function in a child that has no rights, until it has ended. */
static __attribute__((unused)) void child_run_without_rights(child_function function)
{
	envid_t child = child_make(function, 0);

	expect_is(sys_env_set(child, ENV_SET_RIGHTS, 0), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_end(child, 0);
}

/* Destroy one that another created, and that passed to this program: its end is told to those alone who sleep until it. */
static __attribute__((unused)) void end_orphan(envid_t orphan)
{
	expect_is(sys_env_destroy(orphan), 0);
	wait(orphan);
	expect(!env_alive(orphan));
}

/* Wait until a child has done something: it shows in a variable. */
#define wait_until(cond)                                                                                         \
	do {                                                                                                     \
		while (!(cond))                                                                                  \
			sys_yield();                                                                             \
	} while (0)

#endif
