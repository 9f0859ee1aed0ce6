/*
 * Out of memory at every place of taking a checkpoint, putting back, and reading one from bytes: the child is exactly as it
 * was then, in mappings, contents and state, and no page is lost. Needs the boot word `test`.
 */
#include <finch/archive.h>
#include "checkpoint_bytes.h"

#define TRIES_MAX 3000
#define RECORDS_MAX 2000
#define SHARED ((volatile uint32_t *)0x20000000)
#define FAR ((volatile uint32_t *)0x50000000)
#define LARGE ((volatile uint32_t *)0x58000000) /* a superpage */

static uint32_t large[8 * NPTENTRIES];

/* A child that stands still: what it is. */
struct picture {
	int mapped;
	struct page_record records[RECORDS_MAX];
	struct state_registers registers;
	struct state_upcalls upcalls;
};

static envid_t child, checkpoint;

static void fail_after(uint32_t n)
{
	int error = sys_test(TEST_FAIL_AFTER, n, NULL, 0);

	if (error)
		fail("TEST_FAIL_AFTER (with the boot word `test`): expected 0, saw %d", error);
}

static void take_picture(struct picture *picture)
{
	memset(picture, 0, sizeof *picture);
	for (uintptr_t va = 0; va < UTOP;) {
		int at = picture->mapped;
		int n = sys_page_list(child, va, &picture->records[at], (uint32_t)(RECORDS_MAX - at));
		expect(n >= 0);
		picture->mapped += n;
		if (n <= 0)
			break;
		const struct page_record *last = &picture->records[at + n - 1];
		va = last->va + (last->entry & PTE_PS ? PTSIZE : PGSIZE);
	}
	expect(picture->mapped > 10 && picture->mapped < RECORDS_MAX);
	/* Whether they are marked to be copied on write is the library's business, and accesses are the processor's. */
	for (int i = 0; i < picture->mapped; i++) {
		uint32_t *entry = &picture->records[i].entry;
		if (*entry & PTE_COW)
			*entry = (*entry & ~PTE_COW) | PTE_W;
		*entry &= ~(PTE_A | PTE_D);
	}
	expect(sys_env_state_get(child, STATE_REGISTERS, &picture->registers, sizeof picture->registers) > 0);
	expect(sys_env_state_get(child, STATE_UPCALLS, &picture->upcalls, sizeof picture->upcalls) > 0);
}

static void expect_unchanged(const struct picture *before)
{
	static struct picture now;

	take_picture(&now);
	expect_is(now.mapped, before->mapped);
	expect_is(memcmp(&now, before, sizeof now), 0);
	expect_is(envs[ENVX(child)].env_wait, ENV_WAIT_SUSPENDED);
}

/* Do what attempt does with failures at every place; undo follows success. The child is suspended before and after. */
static void at_every_place(const char *what, envid_t (*attempt)(void), void (*undo)(envid_t result))
{
	static struct picture before;

	undo(attempt());
	take_picture(&before);
	expect_unchanged(&before); /* what the pictures need is there */
	uint32_t pages = free_pages();
	/* The many that are alike, page after page, not one by one. */
	for (uint32_t n = 0; n < TRIES_MAX; n += n < 100 ? 1 : 97) {
		take_picture(&before);
		fail_after(n);
		envid_t result = attempt();
		fail_after(~0u);
		if (result >= 0) {
			undo(result);
			expect_is(free_pages(), pages);
			expect(n > 1);
			return;
		}
		if (result != -E_NO_MEM)
			fail("%s whose allocation %u fails: expected %d, saw %d", what, n, -E_NO_MEM, result);
		expect_unchanged(&before);
		uint32_t after = free_pages();
		if (after != pages)
			fail("%s whose allocation %u fails: expected %u free pages, saw %u", what, n, pages, after);
		if (n % 16 == 0)
			expect_kernel_sound();
	}
	fail("%s: it still fails with %d failures put off", what, TRIES_MAX);
}

static envid_t take(void)
{
	return checkpoint_take(child);
}

static void drop(envid_t made)
{
	expect(made > 0);
	expect_is(checkpoint_drop(made), 0);
}

static envid_t back(void)
{
	return checkpoint_restore(checkpoint, child);
}

/* It runs then. */
static void suspend(envid_t result)
{
	expect_is(result, child);
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
}

/* And has a superpage where it had small pages at the checkpoint: their table is gone. */
static void suspend_with_superpage(envid_t result)
{
	suspend(result);
	expect_is(pages_alloc_large(child, ROUNDDOWN((void *)FAR, PTSIZE), RW, 1), 0);
}

static envid_t back_anew(void)
{
	return checkpoint_restore(checkpoint, 0);
}

static void destroy(envid_t made)
{
	expect(made > 0);
	expect_is(sys_env_destroy(made), 0);
	expect_end(made, -E_KILLED);
}

static envid_t read_all(void)
{
	return read_bytes(NULL);
}

static void spin(bool copies_on_write)
{
	expect_is(pages_unmap(0, (void *)UARCHIVE, archive_size() / PGSIZE), 0); /* it is large here */
	*FAR = large[5] = 5;
	if (copies_on_write && sys_page_alloc_large(0, (void *)LARGE, RW) == 0)
		*LARGE = 6;
	*SHARED = 1;
	for (;;)
		continue;
}

static void all_places(void)
{
	wait_until(*SHARED == 1);
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	at_every_place("checkpoint_take", take, drop);
	checkpoint = checkpoint_take(child);
	expect(checkpoint > 0);
	at_every_place("checkpoint_restore", back, suspend);
	int large_err = pages_alloc_large(child, ROUNDDOWN((void *)FAR, PTSIZE), RW, 1);
	if (large_err < 0) {
		expect_error(large_err, E_NOT_SUPP);
	} else {
		at_every_place("checkpoint_restore of a child with a superpage", back, suspend_with_superpage);
		suspend(back());
	}
	at_every_place("checkpoint_restore in a new child", back_anew, destroy);
	written = 0;
	expect_is(checkpoint_write(checkpoint, put, NULL), 0);
	at_every_place("checkpoint_read", read_all, drop);
	/* Where the child has no tables yet for what it is to get. */
	for (int i = 0; i < 3; i++) {
		destroy(child);
		child = sys_exofork();
		expect(child > 0);
		fail_after((uint32_t)i);
		expect_is(checkpoint_restore(checkpoint, child), -E_NO_MEM);
		fail_after(~0u);
		expect_is(envs[ENVX(child)].env_wait, ENV_WAIT_SUSPENDED);
		expect_is(sys_page_list(child, 0, &(struct page_record){ 0, 0 }, 1), 0);
	}
	expect_is(checkpoint_drop(checkpoint), 0);
	destroy(child);
}

void umain(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "plain") == 0) {
		expect_is(sys_page_alloc(0, (void *)FAR, RW), 0);
		spin(false);
	}
	expect_is(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE), 0);
	expect_is(sys_page_alloc(0, (void *)FAR, RW), 0);
	grow_records(8);
	child = fork();
	if (child == 0)
		spin(true);
	expect_is(pages_alloc(0, BYTES, RW, BYTES_PAGES), 0); /* not the child's */
	all_places();
	*SHARED = 0;
	child = spawnl("checkpoint_nomem", "checkpoint_nomem", "plain", 0);
	expect(child > 0);
	all_places();
	expect_kernel_sound();
}
