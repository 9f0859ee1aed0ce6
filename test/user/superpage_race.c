/*
 * Superpages while everybody changes them: two address spaces with two threads each, and their parent, allocate, take apart,
 * share, lower, copy and replace in the same few places, one space with a budget that is often full. A second program does
 * the same. Each writes nothing but its own name, through the kernel, which minds no fault; so whatever is read is zero or
 * the name of one of the family: else a page was freed while somebody could still reach it, or a stranger's was reached.
 */
#include <finch/spawn.h>
#include "child.h"

#define TURNS 80
#define AREA 0x10000000
#define PLACES 3
#define LARGE (PTSIZE / PGSIZE)
#define THREAD_STACK ((char *)0x0E000000)
#define FAMILY 5

static volatile envid_t family[FAMILY]; /* the parent is the first */
static volatile uint32_t members;

struct chance {
	uint32_t state;
};

static uint32_t below(struct chance *chance, uint32_t n)
{
	return (next_random(&chance->state) >> 4) % n;
}

/* A page, or the first of a place. */
static uintptr_t somewhere(struct chance *chance)
{
	return AREA + below(chance, PLACES) * PTSIZE + (below(chance, 2) ? below(chance, LARGE) * PGSIZE : 0);
}

static uint32_t range(struct chance *chance, uint32_t perm)
{
	static const uint16_t counts[] = { 1, 2, 5, 70, 300, LARGE, LARGE + 1 };

	return perm | (uint32_t)counts[below(chance, ARRAY_SIZE(counts))] << PERM_COUNT_SHIFT;
}

/* The name of this environment, where may be written. */
static void write_name(uintptr_t at)
{
	struct info_env info;
	int result = sys_info(INFO_ENV, 0, (void *)at, sizeof info.env_id);

	if (result != -E_FAULT)
		expect_is(result, sizeof info);
}

/* Byte `shift` / 8 of the name of one of the family, or of what is no memory: they are read one by one. */
static bool is_of_name(uint32_t byte, uint32_t shift)
{
	for (uint32_t i = 0; i < FAMILY; i++) {
		if (byte == ((uint32_t)family[i] >> shift & 0xFF))
			return true;
	}
	return byte == 0xFF;
}

/* What can be read at `at`, two bytes of it, by way of the label. */
static void read_name(uintptr_t at)
{
	const volatile uint8_t *label = (const volatile uint8_t *)envs[ENVX(sys_getenvid())].env_label;

	if (libos_sys_env_set_label(0, (const char *)at) < 0 || !label[0])
		return;
	if (!is_of_name(label[0], 0) || (label[1] && !is_of_name(label[1], 8)))
		fail("at %08x: expected 0 or the name of one of the family (%04x, ...), saw %02x%02x", at, family[0] & 0xFFFF,
		     label[1], label[0]);
}

/* To or in envid, as the caller may: itself (0), or a child. */
static void change(struct chance *chance, envid_t envid, envid_t from)
{
	uintptr_t at = somewhere(chance), other = somewhere(chance);

	switch (below(chance, 12)) {
	case 0:
	case 1:
		libos_sys_page_alloc_large(envid, ROUNDDOWN(at, PTSIZE), RW);
		break;
	case 2:
		libos_sys_page_unmap(envid, at, range(chance, 0));
		break;
	case 3:
		libos_sys_page_protect(envid, at, range(chance, below(chance, 2) ? RO : RO | PTE_COW));
		break;
	case 4:
		libos_sys_page_map(from, at, envid, other, range(chance, RW));
		break;
	case 5:
		at = ROUNDDOWN(at, PTSIZE);
		libos_sys_page_map(from, at, envid, ROUNDDOWN(other, PTSIZE), RW | LARGE << PERM_COUNT_SHIFT);
		break;
	case 6:
		libos_sys_page_copy_from(from, envid, at, range(chance, PTE_COW), 0);
		break;
	case 7:
		if (envid == 0) {
			pde_t above = uvpd[PDX(at)];
			bool large = !(above & PTE_P) || above & PTE_PS;
			libos_sys_page_replace(at, large ? above : uvpt[PGNUM(at)], RW);
		}
		break;
	case 8:
		libos_sys_page_alloc(envid, at, range(chance, RW));
		break;
	case 9:
		libos_sys_page_alloc_dma(envid, at, range(chance, RW));
		break;
	case 10:
		libos_sys_device_map(envid, at, range(chance, RW), 0xC0000000);
		break;
	}
}

static void take_part(uint32_t number)
{
	struct chance chance = { number * 7919 + (uint32_t)family[0] };

	family[number] = sys_getenvid();
	__atomic_add_fetch(&members, 1, __ATOMIC_SEQ_CST);
	wait_until(members == FAMILY);
	for (uint32_t turn = 0; turn < TURNS; turn++) {
		change(&chance, 0, 0);
		/* Few pages, often: so that all CPUs know where they are. */
		for (uint32_t i = 0; i < 200; i++) {
			uintptr_t at = AREA + below(&chance, PLACES) * PTSIZE + below(&chance, 4) * PGSIZE;
			if (i % 2)
				read_name(at);
			else
				write_name(at);
		}
	}
}

static volatile uint32_t thread_number;

static void thread(void)
{
	take_part(__atomic_add_fetch(&thread_number, 1, __ATOMIC_SEQ_CST));
	sys_env_exit(0);
}

static void one_space(uint32_t number)
{
	expect_is(sys_page_alloc(0, THREAD_STACK, RW), 0);
	envid_t made = libos_sys_env_thread((uintptr_t)thread, (uintptr_t)THREAD_STACK + PGSIZE - 16);
	expect(made > 0);
	expect_is(sys_env_set_status(made, ENV_RUNNABLE), 0);
	take_part(number);
	expect_end(made, 0);
}

static void race(void)
{
	struct chance chance = { (uint32_t)sys_getenvid() };
	envid_t children[2];

	thread_number = 2;
	family[0] = sys_getenvid();
	members = 1;
	for (uint32_t i = 0; i < 2; i++)
		children[i] = child_make(one_space, i + 1);
	expect(sys_budget_create(children[1], 0, 2 * LARGE + 300, 4) > 0);
	for (uint32_t i = 0; i < 2; i++)
		expect_is(sys_env_set_status(children[i], ENV_RUNNABLE), 0);
	while (members < FAMILY && env_alive(children[0]) && env_alive(children[1]))
		sys_yield(); /* they need memory to begin */
	while (env_alive(children[0]) || env_alive(children[1])) {
		uint32_t to = below(&chance, 2);
		change(&chance, children[to], children[below(&chance, 2)]);
	}
	for (uint32_t i = 0; i < 2; i++)
		expect_end(children[i], 0);
}

void umain(int argc, char **argv)
{
	USED(argv);
	if (argc > 1) {
		race();
		return;
	}
	grow_records(10);
	race(); /* what the kernel keeps for good is there then */
	uint32_t before = free_pages();
	envid_t other = spawnl("superpage_race", "superpage_race", "beside", 0);
	expect(other > 0);
	race();
	expect_end(other, 0);
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
