/*
 * Pipes: the device `pipe`.
 *
 * A pipe is a page that says how it stands (struct pipe) and a ring of RING_PAGES pages, all of them shared memory
 * (PTE_SHARE). Each descriptor maps them at an address of its own, so the page's reference count is the number of
 * descriptors, and every environment that has a descriptor can work on the pipe without asking anybody. Bytes move by
 * copying; the kernel is entered only to sleep, by a reader when the ring is empty and by a writer when it is full, and
 * to wake who sleeps.
 *
 * Any environment may be destroyed between any two instructions. So what is in the ring changes by one store, after the
 * copying; a lock names its holder, and is anybody's once that has ended; and nobody counts on being woken by
 * one that lived, for the end of an environment wakes all who sleep here, and they look again.
 *
 * Who holds an end is written down, by environment: pipe(), fork, spawn and the first use enter it, close takes it out,
 * and who has ended does not count.
 */
#include <arch/usercall.h>
#include <finch/memory.h>
#include <inc/lib.h>
#include "fd_table.h"
#include "park.h"

#define RING ((uint32_t)FD_MORE_PAGES * PGSIZE)
#define WHOLE PGSIZE /* a write of so much or less arrives in one piece */
#define SLEEPERS 32
#define SHORT 8 /* fewer bytes are copied in line */
#define HOLDERS 400
#define BUSY_LOOKS 100 /* at a lock whose holder runs, before the CPU is given away */

#define PERM_SHARED (PTE_P | PTE_U | PTE_W | PTE_SHARE)

enum { READ, WRITE };

struct sleeper {
	envid_t envid; /* 0: nobody's place */
	uint32_t wants; /* bytes, or room for so many */
};

/* What the readers have, and what the writers have. */
struct end {
	envid_t locked_by;
	uint32_t at;             /* bytes ever read, or written; changed by who has it locked */
	uint32_t asleep;         /* bit n: sleepers[n] wants to be woken */
	struct sleeper sleepers[SLEEPERS];
	uint32_t holders_used;   /* places from here on were never used */
	uint32_t holder_hint;    /* where one was found last */
	envid_t holders[HOLDERS];
};

struct pipe {
	struct end ends[2];
};

static_assert(sizeof(struct pipe) <= PGSIZE, "a page for the pipe's state");

static struct pipe *pipe_of(struct Fd *fd)
{
	return (struct pipe *)((uintptr_t)fd + FD_DATA - FD_TABLE);
}

static int side_of(const struct Fd *fd)
{
	return (fd->fd_omode & O_ACCMODE) == O_WRONLY ? WRITE : READ;
}

static inline bool swap_word(envid_t *word, envid_t from, envid_t to)
{
	return __atomic_compare_exchange_n(word, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* May envid still do something? One that is dying may, until its CPU has heard of it. */
static bool is_there(envid_t envid)
{
	const volatile struct Env *env = &envs[ENVX(envid)];

	return env->env_id == envid && env->env_status != ENV_FREE;
}

/* --- The lock of an end --- */

static __attribute__((noinline)) void lock_slowly(struct end *end, envid_t self)
{
	for (unsigned looks = 0; !swap_word(&end->locked_by, 0, self); looks++) {
		envid_t holder = __atomic_load_n(&end->locked_by, __ATOMIC_RELAXED);
		if (holder == 0)
			continue;
		if (!is_there(holder)) {
			if (swap_word(&end->locked_by, holder, self))
				return;
		} else if (looks % BUSY_LOOKS == BUSY_LOOKS - 1 || envs[ENVX(holder)].env_status != ENV_RUNNING) {
			sys_yield();
		}
	}
}

static inline void lock(struct end *end)
{
	envid_t self = thisenv->env_id;

	if (!swap_word(&end->locked_by, 0, self))
		lock_slowly(end, self);
}

static inline void unlock(struct end *end)
{
	__atomic_store_n(&end->locked_by, 0, __ATOMIC_RELEASE);
}

/* --- Who holds an end --- */

static envid_t *holder_find(struct end *end, envid_t envid)
{
	uint32_t used = __atomic_load_n(&end->holders_used, __ATOMIC_SEQ_CST);

	for (uint32_t i = 0; i < used; i++)
		if (__atomic_load_n(&end->holders[i], __ATOMIC_SEQ_CST) == envid)
			return &end->holders[i];
	return NULL;
}

/* Enter envid. -E_NO_MEM: there are more than HOLDERS. */
static int holder_enter(struct end *end, envid_t envid)
{
	if (holder_find(end, envid))
		return 0;
	for (uint32_t i = 0; i < HOLDERS; i++) {
		envid_t other = end->holders[i];
		if ((other && is_there(other)) || !swap_word(&end->holders[i], other, envid))
			continue;
		uint32_t used = __atomic_load_n(&end->holders_used, __ATOMIC_SEQ_CST);
		while (used <= i && !__atomic_compare_exchange_n(&end->holders_used, &used, i + 1, false, __ATOMIC_SEQ_CST,
								 __ATOMIC_SEQ_CST))
			continue;
		return 0;
	}
	return -E_NO_MEM;
}

static inline bool is_held_by(const struct end *end, uint32_t i)
{
	envid_t holder = __atomic_load_n(&end->holders[i], __ATOMIC_SEQ_CST);

	return holder && is_there(holder);
}

static __attribute__((noinline)) bool is_held_by_any(struct end *end)
{
	uint32_t used = __atomic_load_n(&end->holders_used, __ATOMIC_SEQ_CST);

	for (uint32_t i = 0; i < used; i++) {
		if (is_held_by(end, i)) {
			end->holder_hint = i;
			return true;
		}
	}
	return false;
}

static inline bool is_held(struct end *end)
{
	uint32_t hint = end->holder_hint; /* as anybody may have left it */

	return (hint < HOLDERS && is_held_by(end, hint)) || is_held_by_any(end);
}

/* --- Sleeping --- */

/* What can be read, or written, at once. */
static inline uint32_t ready(const struct pipe *pipe, int side)
{
	uint32_t in = __atomic_load_n(&pipe->ends[WRITE].at, __ATOMIC_SEQ_CST) -
		      __atomic_load_n(&pipe->ends[READ].at, __ATOMIC_SEQ_CST);
	return side == READ ? in : RING - in;
}

/* A place of one's own among the sleepers, NULL if all are taken. */
static inline __attribute__((always_inline)) struct sleeper *place_take(struct end *end)
{
	for (int i = 0; i < SLEEPERS; i++) {
		struct sleeper *place = &end->sleepers[i];
		envid_t other = place->envid;
		/* One who has ended has left it behind. */
		if ((!other || !is_there(other)) && swap_word(&place->envid, other, thisenv->env_id))
			return place;
	}
	return NULL;
}

/* Take sleeper n's bit away. False: somebody else has. */
static bool bit_take(struct end *end, int n)
{
	uint32_t bit = 1u << n;

	return __atomic_fetch_and(&end->asleep, ~bit, __ATOMIC_SEQ_CST) & bit;
}

/* Sleep until `wants` bytes can be read or written, or for no reason. False: nobody holds the other end. */
static inline __attribute__((always_inline)) bool sleep_on(struct pipe *pipe, int side, uint32_t wants)
{
	struct end *end = &pipe->ends[side];
	struct sleeper *place = place_take(end);
	int n = (int)(place - end->sleepers);

	if (!place) {
		park(10); /* there are many: look again from time to time */
		return is_held(&pipe->ends[!side]);
	}
	place->wants = wants;
	/* First: it forgets an earlier unpark, which must not be that of one who has taken the bit. */
	park_hear_ends();
	__atomic_fetch_or(&end->asleep, 1u << n, __ATOMIC_SEQ_CST);
	/* What comes from here on is seen here, or wakes this one. */
	bool there = ready(pipe, side) >= wants, held = there || is_held(&pipe->ends[!side]);
	if (!there && held)
		park_until_end();
	bit_take(end, n);
	__atomic_store_n(&place->envid, 0, __ATOMIC_RELEASE);
	return held;
}

/* Wake those at an end who have what they want, or all. */
static __attribute__((noinline)) void wake(struct pipe *pipe, int side, bool all)
{
	struct end *end = &pipe->ends[side];
	uint32_t asleep = end->asleep, there = ready(pipe, side);

	for (; asleep; asleep &= asleep - 1) {
		int n = __builtin_ctz(asleep);
		if ((all || end->sleepers[n].wants <= there) && bit_take(end, n))
			unpark(end->sleepers[n].envid);
	}
}

/* --- The device --- */

static inline void copy_piece(char *place, char *buf, size_t n, int side)
{
	char *to = side == READ ? buf : place, *from = side == READ ? place : buf;

	if (n >= SHORT) {
		libos_copy(to, from, n);
		return;
	}
	while (n-- > 0)
		*to++ = *from++;
}

/* Copy between the ring, from position at on, and buf. */
static inline void copy(char *ring, uint32_t at, char *buf, size_t n, int side)
{
	size_t now = MIN(n, RING - at % RING);

	copy_piece(ring + at % RING, buf, now, side);
	/* Mostly that was all. Within the ring it stays, whatever others may have written into the pipe's state. */
	while ((n -= now) > 0) {
		buf += now;
		now = MIN(n, RING);
		copy_piece(ring, buf, now, side);
	}
}

/* Move at most len bytes; how many. */
static inline __attribute__((always_inline)) size_t move(struct Fd *fd, int side, char *buf, size_t len)
{
	struct pipe *pipe = pipe_of(fd);
	struct end *end = &pipe->ends[side];

	if (ready(pipe, side) == 0)
		return 0;
	lock(end);
	size_t n = MIN(ready(pipe, side), len);
	if (side == WRITE && n < len && len <= WHOLE)
		n = 0;
	if (n > 0) {
		copy(fd2more(fd), end->at, buf, n, side);
		__atomic_store_n(&end->at, end->at + n, __ATOMIC_SEQ_CST);
	}
	unlock(end);
	if (n > 0 && __atomic_load_n(&pipe->ends[!side].asleep, __ATOMIC_SEQ_CST))
		wake(pipe, !side, false);
	return n;
}

/* The environment that stands for this program. */
static envid_t program_id(void)
{
	return libos_first->env->env_id;
}

static envid_t entered[FD_COUNT]; /* whom this program has entered as the holder of what a descriptor leads to */

static inline void enter_once(struct Fd *fd, int side)
{
	envid_t *who = &entered[((uintptr_t)fd - FD_TABLE) / PGSIZE];

	if (*who == program_id())
		return;
	*who = program_id();
	holder_enter(&pipe_of(fd)->ends[side], *who);
}

/* Move something, sleeping until that is possible. 0: it never will be. */
static inline __attribute__((always_inline)) size_t move_some(struct Fd *fd, int side, char *buf, size_t len)
{
	struct pipe *pipe = pipe_of(fd);
	size_t n;

	while ((n = move(fd, side, buf, len)) == 0) {
		enter_once(fd, side);
		if (!sleep_on(pipe, side, side == READ ? 1 : MIN(len, RING / 2)))
			return move(fd, side, buf, len); /* what came before the last of them went */
	}
	return n;
}

static ssize_t pipe_read(struct Fd *fd, void *buf, size_t len)
{
	return len ? (ssize_t)move_some(fd, READ, buf, len) : 0;
}

static ssize_t pipe_write(struct Fd *fd, const void *buf, size_t len)
{
	struct pipe *pipe = pipe_of(fd);
	size_t done = 0;

	while (done < len) {
		size_t n = is_held(&pipe->ends[READ]) ? move_some(fd, WRITE, (char *)buf + done, len - done) : 0;
		if (n == 0)
			return done > 0 ? (ssize_t)done : -E_EOF;
		done += n;
	}
	return (ssize_t)done;
}

/* Has this program another descriptor of the same end? */
static bool held_by_another(struct Fd *fd)
{
	struct Fd *other;

	for (int i = 0; i < FD_COUNT; i++) {
		if (i == fd2num(fd) || fd_lookup(i, &other) < 0 || !page_mapped(fd2data(other)))
			continue;
		if (PTE_ADDR(uvpt[PGNUM(fd2data(other))]) == PTE_ADDR(uvpt[PGNUM(fd2data(fd))]) &&
		    side_of(other) == side_of(fd))
			return true;
	}
	return false;
}

static int pipe_close(struct Fd *fd)
{
	struct pipe *pipe = pipe_of(fd);
	int side = side_of(fd);

	if (!page_mapped(pipe))
		return 0;
	entered[fd2num(fd)] = 0;
	envid_t *holder = held_by_another(fd) ? NULL : holder_find(&pipe->ends[side], program_id());
	if (holder) {
		swap_word(holder, program_id(), 0);
		wake(pipe, !side, true);
	}
	fd_data_unmap(fd);
	return 0;
}

static int pipe_stat(struct Fd *fd, struct Stat *stat)
{
	strcpy(stat->st_name, "<pipe>");
	stat->st_size = (off_t)ready(pipe_of(fd), READ);
	return 0;
}

struct Dev devpipe = {
	.dev_id = 'p',
	.dev_name = "pipe",
	.dev_read = pipe_read,
	.dev_write = pipe_write,
	.dev_close = pipe_close,
	.dev_stat = pipe_stat,
};

/* --- Making and asking --- */

static int fd_make(int omode, struct Fd **fd)
{
	int err = fd_alloc(fd);

	if (err == 0)
		err = sys_page_alloc(0, *fd, PERM_SHARED);
	if (err < 0)
		return err;
	(*fd)->fd_dev_id = devpipe.dev_id;
	(*fd)->fd_omode = omode;
	return 0;
}

static int make_ends(struct Fd **reader, struct Fd **writer)
{
	int err = fd_make(O_RDONLY, reader);

	if (err < 0)
		return err;
	if ((err = fd_make(O_WRONLY, writer)) == 0) {
		if ((err = sys_page_alloc(0, fd2data(*reader), PERM_SHARED)) == 0 &&
		    (err = pages_alloc(0, fd2more(*reader), PERM_SHARED, FD_MORE_PAGES)) == 0 &&
		    (err = fd_data_dup(*reader, *writer)) == 0)
			return 0;
		fd_data_unmap(*reader);
		sys_page_unmap(0, *writer);
	}
	sys_page_unmap(0, *reader);
	return err;
}

int pipe(int fds[2])
{
	struct Fd *reader, *writer;

	mutex_lock(&fd_table_lock);
	int err = make_ends(&reader, &writer);
	if (err == 0) {
		holder_enter(&pipe_of(reader)->ends[READ], program_id());
		holder_enter(&pipe_of(reader)->ends[WRITE], program_id());
		fds[0] = fd2num(reader);
		fds[1] = fd2num(writer);
	}
	mutex_unlock(&fd_table_lock);
	return err;
}

int pipeisclosed(int fdnum)
{
	struct Fd *fd;
	int err = fd_lookup(fdnum, &fd);

	if (err < 0)
		return err;
	if (fd->fd_dev_id != devpipe.dev_id)
		return -E_INVAL;
	return !is_held(&pipe_of(fd)->ends[!side_of(fd)]);
}

int pipe_inherit(envid_t child)
{
	struct Fd *fd;
	int err = 0;

	if (!(uvpd[PDX(FD_TABLE)] & PTE_P))
		return 0;
	for (int i = 0; i < FD_COUNT && err == 0; i++)
		if (uvpt[PGNUM(FD_TABLE) + i] & PTE_P && fd_lookup(i, &fd) == 0 && fd->fd_dev_id == devpipe.dev_id &&
		    page_mapped(pipe_of(fd)))
			err = holder_enter(&pipe_of(fd)->ends[side_of(fd)], child);
	return err;
}
