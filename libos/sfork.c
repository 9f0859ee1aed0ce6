/*
 * sfork: a child that shares with its parent all that is mapped, but for the stack, which both have for themselves from
 * then on, copied when it is written to. What either maps later, it has alone. What it forks has copies of all.
 *
 * Parent and child have each its block of <finch/self.h>; the child's is one of `blocks`, which they share: a mutex
 * that one of them waits for leads to it. For the first thread of a program.
 */
#include <finch/memory.h>
#include <finch/pgfault.h>
#include <finch/process.h>
#include <finch/syscall.h>
#include <inc/lib.h>
#include "forking.h"

#define CHILDREN_MAX 64 /* alive at a time */

static struct {
	struct libos_self self;
	envid_t envid;
} blocks[CHILDREN_MAX];

/* The index of one whose environment has ended, CHILDREN_MAX if there is none. With the locks of fork held. */
static unsigned block_find(void)
{
	unsigned i = 0;

	while (i < CHILDREN_MAX && blocks[i].envid && env_alive(blocks[i].envid))
		i++;
	return i;
}

/* The pages around va that are mapped, without a gap. */
static struct piece mapped_around(uintptr_t va)
{
	struct piece piece = { ROUNDDOWN(va, PGSIZE), ROUNDDOWN(va, PGSIZE) + PGSIZE };

	while (page_mapped((void *)(piece.start - PGSIZE)))
		piece.start -= PGSIZE;
	while (piece.end < USTACKTOP && page_mapped((void *)piece.end))
		piece.end += PGSIZE;
	return piece;
}

/* What an earlier fork has left to be copied is copied now: shared, it would be copied by both. */
static int copy_now(uintptr_t start, uintptr_t end)
{
	for (uintptr_t va = start; va < end; va += PGSIZE) {
		if (!(uvpd[PDX(va)] & PTE_P)) {
			va = ROUNDDOWN(va, PTSIZE) + PTSIZE - PGSIZE;
			continue;
		}
		pte_t pte = page_entry((void *)va);
		if ((pte & (PTE_P | PTE_W | PTE_COW)) != (PTE_P | PTE_COW))
			continue;
		int err = sys_page_replace((void *)va, pte, (pte & PTE_SYSCALL & ~PTE_COW) | PTE_W);
		if (err < 0)
			return err;
	}
	return 0;
}

static int share_piece(envid_t child, uintptr_t start, uintptr_t end)
{
	int err = copy_now(start, end);

	return err < 0 ? err : pages_copy(child, (void *)start, 0, PTE_W, 0, (end - start) / PGSIZE);
}

static int share_all(envid_t child)
{
	struct piece stack = mapped_around((uintptr_t)__builtin_frame_address(0));
	int err = share_piece(child, 0, stack.start);

	if (err == 0)
		err = share_piece(child, stack.end, UXSTACKTOP - PGSIZE);
	if (err < 0)
		return err;
	return pages_copy(child, (void *)stack.start, 0, 0, PTE_COW, (stack.end - stack.start) / PGSIZE);
}

envid_t sfork(void)
{
	int err = pgfault_install();

	if (err < 0)
		return err;
	fork_lock();
	unsigned at = block_find();
	envid_t child = at < CHILDREN_MAX ? sys_exofork() : -E_NO_FREE_ENV;
	if (child < 0) {
		fork_unlock();
		return child;
	}
	if (child == 0)
		return 0;
	struct libos_self *block = &blocks[at].self;
	*block = (struct libos_self){ .self = block, .env = &envs[ENVX(child)] };
	blocks[at].envid = child;
	fork_copies = true;
	err = sys_env_set(child, ENV_SET_TLS, (uintptr_t)block);
	if (err == 0)
		err = share_all(child);
	if (err == 0)
		err = fork_give_upcalls(child);
	return fork_finish(child, err);
}
