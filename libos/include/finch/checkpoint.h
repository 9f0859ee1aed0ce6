/*
 * For programs: checkpoints of a child. A checkpoint is all that the child is at one moment: memory, registers, FPU,
 * upcalls, the state of messages. The child can be put back to it any number of times, also when it has ended; and the
 * checkpoint can be written out as bytes, and read again in another boot (doc/checkpoint.md has the format).
 *
 * It is kept by an environment that never runs, the holder, whose id names it. The holder shares the child's pages;
 * where the child's library copies on write (it does if the child has forked, or is a fork), taking a checkpoint costs
 * as much as a fork, else what the child may write is copied. Pages that are marked PTE_SHARE are not part of it, they
 * are shared.
 * Device memory is left out: it is not there when the child has been put back.
 *
 * A child that sleeps in a system call makes it anew when it is put back, with its whole timeout: it waits again for
 * the console or a message, it sends again what it was about to send, and what it was waiting for an answer to. What it
 * has sent and received before is not undone.
 *
 * For a child that is the only environment of its address space; -E_NOT_SUPP: it has threads.
 */
#ifndef FINCH_CHECKPOINT_H
#define FINCH_CHECKPOINT_H

#include <abi/types.h>
#include <common/names.h>

/*
 * Take a checkpoint of a child, which goes on as if nothing had been (or stays suspended, if it was). Returns the
 * holder, or -E_BAD_ENV (no child of this environment), -E_NOT_SUPP, -E_NO_MEM, -E_NO_FREE_ENV; the child is not
 * changed then either.
 */
envid_t checkpoint_take(envid_t child) LINKED_NAME(checkpoint_take);

/*
 * Put child back to the checkpoint and let it run; child 0: a new child. Returns its id, or an error: the child is as
 * it was then. Where the id is another than the one it had, its thisenv is set right; what else it has kept ids in, is
 * not.
 */
envid_t checkpoint_restore(envid_t checkpoint, envid_t child) LINKED_NAME(checkpoint_restore);

/* Forget a checkpoint. -E_BAD_ENV. */
int checkpoint_drop(envid_t checkpoint) LINKED_NAME(checkpoint_drop);

/*
 * Write a checkpoint out as bytes: put is called with one piece after the other, and returns 0 or an error. Returns 0,
 * the error of put, -E_BAD_ENV, or -E_NOT_SUPP: too many shared pages. Pages that were shared are from then on the
 * checkpoint's own; the boot archive is left out, and is that of the boot where it is read.
 */
int checkpoint_write(envid_t checkpoint, int (*put)(const void *data, size_t n, void *arg), void *arg)
	LINKED_NAME(checkpoint_write);

/*
 * Make a checkpoint of bytes: get is called for the next n, and returns 0 or an error. Nothing of them is trusted.
 * Returns the holder; or an error, and *wrong (unless wrong is NULL) says what is wrong: -E_INVAL: with the bytes,
 * -E_NOT_SUPP: they need another CPU, -E_NO_MEM, -E_NO_FREE_ENV.
 */
envid_t checkpoint_read(int (*get)(void *data, size_t n, void *arg), void *arg, const char **wrong)
	LINKED_NAME(checkpoint_read);

#endif
