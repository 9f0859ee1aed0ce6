/* Tests of the copies from and to user memory: kern/user.c and arch_copy_user. */
#include <abi/error.h>
#include <common/string.h>
#include <kern/space_load.h>
#include <kern/user.h>
#include "test.h"

#define READ (PTE_P | PTE_U)
#define WRITE (PTE_P | PTE_U | PTE_W)
#define BASE 0x01000000 /* two pages that can be written, one that cannot, and nothing round them */
#define END (BASE + 3 * PGSIZE)

static uint8_t buffer[2 * PGSIZE + 64];

static uint8_t content(uintptr_t va)
{
	return va * 7 + (va >> 8);
}

static void fill(struct space *space)
{
	EXPECT_IS(space_alloc(space, BASE, WRITE, 3), 3);
	for (uintptr_t page = BASE; page < END; page += PGSIZE) {
		uint32_t perm;
		uint8_t *bytes = arch_window(space_lookup(space, page, &perm), 1);
		for (uintptr_t i = 0; i < PGSIZE; i++)
			bytes[i] = content(page + i);
	}
	EXPECT_IS(space_protect(space, BASE + 2 * PGSIZE, READ, 1), 1);
}

/* n bytes from va: all of [BASE, END) is readable, nothing near it. */
static void expect_read(uintptr_t va, size_t n)
{
	uintptr_t fault = 0, first_bad = va < BASE ? va : va + n > END ? MAX(va, (uintptr_t)END) : va + n;
	bool good = first_bad == va + n;

	memset(buffer, 0xEE, sizeof buffer);
	int came = user_read_where(buffer, (uaddr_t){ va }, n, &fault);
	if (came != (good ? 0 : -E_FAULT) || fault != first_bad)
		test_fail(__FILE__, __LINE__, "read of %u from %08x: came %d, fault at %08x, expected %08x", n, (uint32_t)va, came,
			  (uint32_t)fault, (uint32_t)first_bad);
	for (size_t i = 0; good && i < n; i++) {
		if (buffer[i] != content(va + i)) {
			test_fail(__FILE__, __LINE__, "read of %u from %08x: byte %u is wrong", n, (uint32_t)va, i);
			break;
		}
	}
	EXPECT_IS(buffer[n], 0xEE);
}

static void expect_written(uintptr_t va, size_t n, bool good)
{
	for (size_t i = 0; i < n; i++)
		buffer[i] = content(va + i); /* as it is: nothing to put back */
	int came = user_write((uaddr_t){ va }, buffer, n);
	if (came != (good ? 0 : -E_FAULT))
		test_fail(__FILE__, __LINE__, "write of %u to %08x: came %d", n, (uint32_t)va, came);
}

void test_user_boundaries(void)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 7, 8, 13, 63, 64, PGSIZE - 1, PGSIZE, PGSIZE + 1, 2 * PGSIZE };
	struct space *space = test_space();

	space_load(space);
	fill(space);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes) && !test_failed(); i++) {
		for (int offset = -9; offset <= 9; offset++) {
			expect_read(BASE + offset, sizes[i]);
			expect_read(BASE + PGSIZE + offset, sizes[i]);
			expect_read(END - sizes[i] + offset, sizes[i]);
			uintptr_t va = BASE + 2 * PGSIZE - sizes[i] + offset;
			expect_written(va, sizes[i], sizes[i] == 0 || (va >= BASE && offset <= 0));
			va = BASE + offset;
			expect_written(va, sizes[i], sizes[i] == 0 || (va >= BASE && va + sizes[i] <= BASE + 2 * PGSIZE));
		}
	}
	for (uintptr_t va = BASE; va < END && !test_failed(); va += 61)
		expect_read(va, MIN((size_t)(END - va), (size_t)200));
	space_load(NULL);
	test_space_end(space);
}

static int read_at(uintptr_t va, size_t n)
{
	uintptr_t fault = 0;
	int came = user_read_where(buffer, (uaddr_t){ va }, n, &fault);

	/* What is told to be inaccessible lies in the range. */
	if (came)
		EXPECT(fault - va < n);
	return came;
}

static int write_at(uintptr_t va, size_t n)
{
	return user_write((uaddr_t){ va }, buffer, n);
}

/* The windows of the kernel that programs may read, the end of user memory, and what lies beyond it. */
void test_user_windows(void)
{
	static const uintptr_t forbidden[] = { ULIM, ULIM + PTSIZE, MMIOLIM, KSTACKTOP - 8, KERNBASE, KERNBASE + 0x100000,
					       KWINDOWS, 0xFFFFFF00, 0xFFFFFFF8 };
	struct space *space = test_space();

	space_load(space);
	EXPECT_IS(space_alloc(space, UTOP - PGSIZE, WRITE, 1), 1);
	EXPECT_IS(space_alloc(space, 0, WRITE, 1), 1);
	for (unsigned i = 0; i < ARRAY_SIZE(forbidden); i++) {
		EXPECT_IS(read_at(forbidden[i], 4), -E_FAULT);
		EXPECT_IS(read_at(forbidden[i], 64), -E_FAULT);
		EXPECT_IS(write_at(forbidden[i], 4), -E_FAULT);
		EXPECT_IS(write_at(forbidden[i], 64), -E_FAULT);
	}
	EXPECT_IS(read_at(ULIM - 4, 8), -E_FAULT);
	EXPECT_IS(read_at(0xFFFFFFFC, 8), -E_FAULT);
	EXPECT_IS(write_at(0xFFFFFFFC, 8), -E_FAULT);
	EXPECT_IS(write_at(8, (size_t)0 - 4), -E_FAULT);
	EXPECT_IS(write_at(0, 64), 0);
	EXPECT_IS(write_at(UTOP - 64, 64), 0);
	EXPECT_IS(write_at(UTOP - 64, 65), -E_FAULT);
	EXPECT_IS(write_at(UTOP, 1), -E_FAULT);
	/* Over UTOP, where envs[] begins. */
	EXPECT_IS(read_at(UTOP - 64, 128), 0);
	EXPECT_IS(read_at(UENVS, 256), 0);
	EXPECT_IS(read_at(UPAGES - 64, 128), 0);
	EXPECT_IS(write_at(UENVS, 4), -E_FAULT);
	EXPECT_IS(write_at(UPAGES, 4), -E_FAULT);
	/* Page tables: the directory always, a table where there is one, those of the kernel never. */
	EXPECT_IS(read_at(UVPT + (UVPT >> PGSHIFT) * 4, 64), 0);
	EXPECT_IS(read_at(UVPT, 64), 0);
	EXPECT_IS(read_at(UVPT + (PTSIZE >> PGSHIFT) * 4, 64), -E_FAULT);
	EXPECT_IS(read_at(UVPT + (KERNBASE >> PGSHIFT) * 4, 64), -E_FAULT);
	EXPECT_IS(read_at(UVPT + (ULIM >> PGSHIFT) * 4, 64), -E_FAULT);
	EXPECT_IS(write_at(UVPT, 4), -E_FAULT);
	space_load(NULL);
	EXPECT_IS(read_at(UTOP - 64, 4), -E_FAULT);
	test_space_end(space);
}
