/*
 * The calls that read and set the whole of a child: who may, when, what they say and what they refuse. A state that is forged
 * harms nobody but the child.
 */
#include "child.h"

#define A ((char *)0x10000000)
#define FXSAVE_MXCSR 24
#define XSAVE_STATES 512

static volatile uint32_t counter, go;

static void counts(uint32_t arg)
{
	USED(arg);
	for (;;)
		counter++;
}

static void returns(uint32_t arg)
{
	USED(arg);
}

static const struct {
	int what;
	size_t size;
} parts[] = {
	{ STATE_REGISTERS, sizeof(struct state_registers) }, { STATE_FPU, sizeof(struct state_fpu) },
	{ STATE_UPCALLS, sizeof(struct state_upcalls) }, { STATE_MESSAGE, sizeof(struct state_message) },
	{ STATE_GENERAL, sizeof(struct state_general) },
};

static void destroy(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

/* For a child of somebody else, for oneself, for who is gone, for one that runs. */
static void who(void)
{
	uint8_t buf[sizeof(struct state_fpu)] = { 0 };
	envid_t child = child_run(counts, 0), gone = child_run(returns, 0), parent = thisenv->env_parent_id;

	expect_end(gone, 0);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int what = parts[i].what;
		size_t size = parts[i].size;
		expect_error(sys_env_state_get(gone, what, buf, size), E_BAD_ENV);
		expect_error(sys_env_state_set(gone, what, buf, size), E_BAD_ENV);
		expect_error(sys_env_state_get(-1, what, buf, size), E_BAD_ENV);
		if (parent > 0) {
			expect_error(sys_env_state_get(parent, what, buf, size), E_BAD_ENV);
			expect_error(sys_env_state_set(parent, what, buf, size), E_BAD_ENV);
		}
		expect_error(sys_env_state_get(0, what, buf, size), E_INVAL);
		expect_error(sys_env_state_set(0, what, buf, size), E_INVAL);
		expect_error(sys_env_state_get(child, what, buf, size), E_INVAL);
		expect_error(sys_env_state_set(child, what, buf, size), E_INVAL);
	}
	destroy(child);
}

/* Parts there are, and sizes; buffers that are not there. */
static void arguments(void)
{
	uint8_t buf[sizeof(struct state_fpu) + 1];
	envid_t child = child_make(counts, 0);

	expect_error(sys_env_state_get(child, 0, buf, 4), E_INVAL);
	expect_error(sys_env_state_get(child, STATE_PARTS, buf, 4), E_INVAL);
	expect_error(sys_env_state_set(child, -1, buf, 4), E_INVAL);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int what = parts[i].what;
		int size = (int)parts[i].size;
		memset(buf, 0xA5, sizeof buf);
		expect_is(sys_env_state_get(child, what, buf, 1), size);
		expect_is(buf[1], 0xA5);
		expect_is(sys_env_state_get(child, what, buf, sizeof buf), size);
		expect_is(buf[size], 0xA5);
		expect_is(sys_env_state_get(child, what, NULL, 0), size);
		expect_error(sys_env_state_get(child, what, A, 8), E_FAULT);
		expect_error(sys_env_state_get(child, what, (void *)(KERNBASE + 0x100000), 8), E_FAULT);
		expect_error(sys_env_state_get(child, what, (void *)UTEXT, 8), E_FAULT);
		expect_error(sys_env_state_set(child, what, A, (size_t)size), E_FAULT);
		expect_error(sys_env_state_set(child, what, (void *)KERNBASE, (size_t)size), E_FAULT);
		expect_error(sys_env_state_set(child, what, buf, (size_t)size - 1), E_INVAL);
		expect_error(sys_env_state_set(child, what, buf, (size_t)size + 1), E_INVAL);
		expect_is(sys_env_state_set(child, what, buf, (size_t)size), 0);
	}
	destroy(child);
}

/* What was set is got again. */
static void value_registers(envid_t child)
{
	struct state_registers registers;

	expect_is(sys_env_state_get(child, STATE_REGISTERS, &registers, sizeof registers), sizeof registers);
	expect_is(registers.frame.tf_eip, (uintptr_t)counts);
	expect_is(registers.gs, GD_TLS | 3);
	registers.frame.tf_regs.reg_esi = 0x12345678;
	registers.tls_base = 0x87654321;
	expect_is(sys_env_state_set(child, STATE_REGISTERS, &registers, sizeof registers), 0);
	memset(&registers, 0, sizeof registers);
	expect_is(sys_env_state_get(child, STATE_REGISTERS, &registers, sizeof registers), sizeof registers);
	expect_is(registers.frame.tf_regs.reg_esi, 0x12345678);
	expect_is(registers.tls_base, 0x87654321);
	expect_is(envs[ENVX(child)].env_tf.tf_regs.reg_esi, 0x12345678);
}

static void value_upcalls(envid_t child)
{
	struct state_upcalls upcalls = { .pgfault = 0x800020, .exception = 0xFFFFFFFF, .stack = 0xA0000000 };
	expect_is(sys_env_state_set(child, STATE_UPCALLS, &upcalls, sizeof upcalls), 0);
	expect_is((uintptr_t)envs[ENVX(child)].env_pgfault_upcall, 0x800020);
	expect_is((uintptr_t)envs[ENVX(child)].env_exception_upcall, 0xFFFFFFFF);
	expect_is(envs[ENVX(child)].env_exception_stack, 0xA0000000);
	static const uint32_t bad[] = { 0, 1, 0xA0000004, UXSTACKTOP + PGSIZE, 0xFFFFF000 };
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		upcalls.stack = bad[i];
		expect_error(sys_env_state_set(child, STATE_UPCALLS, &upcalls, sizeof upcalls), E_INVAL);
	}
	expect_is(envs[ENVX(child)].env_exception_stack, 0xA0000000);
}

static void value_message(envid_t child)
{
	struct state_message message = {
		.wait = 77, .wait_for = -3, .window = (uintptr_t)A | 16, .value = 5, .from = 0x1234, .perm = 7, .unparked = 1,
	};

	expect_is(sys_env_state_set(child, STATE_MESSAGE, &message, sizeof message), 0);
	expect_is(sys_env_state_get(child, STATE_MESSAGE, &message, sizeof message), sizeof message);
	expect_is(message.wait, ENV_WAIT_NONE);
	expect_is(message.wait_for, 0);
	expect_is(message.window, (uintptr_t)A | 16);
	expect_is(message.unparked, 1);
	expect_is(envs[ENVX(child)].env_ipc_value, 5);
	expect_is(envs[ENVX(child)].env_ipc_from, 0x1234);
	expect_is(envs[ENVX(child)].env_ipc_perm, 7);
	expect_is((uintptr_t)envs[ENVX(child)].env_ipc_dstva, (uintptr_t)A);
	expect_is(envs[ENVX(child)].env_ipc_recving, false);
	message.window = UTOP - PGSIZE + 2;
	expect_error(sys_env_state_set(child, STATE_MESSAGE, &message, sizeof message), E_INVAL);
	message.window = (uintptr_t)A | 1025;
	expect_error(sys_env_state_set(child, STATE_MESSAGE, &message, sizeof message), E_INVAL);
	message.window = UTOP;
	message.unparked = 2;
	expect_error(sys_env_state_set(child, STATE_MESSAGE, &message, sizeof message), E_INVAL);
}

static void value_general(envid_t child)
{
	struct state_general general;

	expect_is(sys_env_state_get(child, STATE_GENERAL, &general, sizeof general), sizeof general);
	expect_is(general.environments, 1);
	strlcpy(general.label, "fifteen letters", sizeof general.label);
	expect_is(sys_env_state_set(child, STATE_GENERAL, &general, sizeof general), 0);
	expect_is(strcmp((const char *)envs[ENVX(child)].env_label, "fifteen letters"), 0);
	general.priority = 3;
	general.tickets = 7;
	expect_is(sys_env_state_set(child, STATE_GENERAL, &general, sizeof general), 0);
	expect_is(sys_env_state_get(child, STATE_GENERAL, &general, sizeof general), sizeof general);
	expect_is(general.priority, 3);
	expect_is(general.tickets, 7);
	expect_is(envs[ENVX(child)].env_tickets, 7);
	general.priority = PRIORITY_MAX + 1;
	expect_error(sys_env_state_set(child, STATE_GENERAL, &general, sizeof general), E_INVAL);
	general.priority = 3;
	general.tickets = TICKETS_MAX + 1;
	expect_error(sys_env_state_set(child, STATE_GENERAL, &general, sizeof general), E_INVAL);
	general.tickets = 0; /* nobody has said so */
	memset(general.label, 'x', sizeof general.label);
	expect_error(sys_env_state_set(child, STATE_GENERAL, &general, sizeof general), E_INVAL);
	expect_is(strcmp((const char *)envs[ENVX(child)].env_label, "fifteen letters"), 0);
}

static void values(void)
{
	envid_t child = child_make(counts, 0);

	value_registers(child);
	value_upcalls(child);
	value_message(child);
	value_general(child);
	destroy(child);
}

/* --- Forged registers --- */

static volatile struct {
	uint32_t eflags;
	uint16_t cs, ss, ds, es, fs, gs;
} seen;

static void look(uint32_t arg)
{
	uint32_t flags;
	uint16_t cs, ss, ds, es, fs, gs;

	USED(arg);
	__asm__ volatile("pushfl; popl %0" : "=r"(flags));
	__asm__ volatile("movw %%cs, %0; movw %%ss, %1; movw %%ds, %2; movw %%es, %3"
			 : "=r"(cs), "=r"(ss), "=r"(ds), "=r"(es));
	__asm__ volatile("movw %%fs, %0; movw %%gs, %1" : "=r"(fs), "=r"(gs));
	seen.eflags = flags;
	seen.cs = cs;
	seen.ss = ss;
	seen.ds = ds;
	seen.es = es;
	seen.fs = fs;
	seen.gs = gs;
	sys_env_exit(7);
}

/* All flags set, all selectors the kernel's: the child runs, as a user. */
static void forged_registers(void)
{
	static const uint16_t selectors[] = {
		GD_KT, GD_KD, GD_TSS, GD_CPU, GD_DF, GD_KD | 3, GD_CPU | 3, 0x48, 0x7, GD_UD | 4, 0xFFFB,
	};

	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++) {
		uint16_t bad = selectors[i];
		envid_t child = child_make(look, 0);
		struct state_registers registers = { .fs = 0 };
		expect_is(sys_env_state_get(child, STATE_REGISTERS, &registers, sizeof registers), sizeof registers);
		registers.frame.tf_eflags = ~(uint32_t)(FL_TF | FL_AC);
		registers.frame.tf_cs = registers.frame.tf_ss = bad;
		registers.fs = registers.gs = bad | 0xABCD0000;
		registers.frame.tf_err = registers.frame.tf_trapno = 0xFFFFFFFF;
		registers.frame.tf_regs.reg_oesp = 0xFFFFFFFF;
		expect_is(sys_env_state_set(child, STATE_REGISTERS, &registers, sizeof registers), 0);
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		expect_end(child, 7);
		expect_is(seen.cs, GD_UT | 3);
		expect_is(seen.ss, GD_UD | 3);
		expect_is(seen.ds, GD_UD | 3);
		expect_is(seen.fs, 0);
		expect_is(seen.gs, 0);
		expect_is(seen.eflags & (FL_IF | FL_IOPL_MASK | FL_VM | FL_VIF | FL_VIP), FL_IF);
	}
	/* In ds and es they become 0 too: the program's own fault. */
	envid_t child = child_make(look, 0);
	struct state_registers registers = { .fs = 0 };
	expect_is(sys_env_state_get(child, STATE_REGISTERS, &registers, sizeof registers), sizeof registers);
	registers.frame.tf_ds = registers.frame.tf_es = GD_KD;
	expect_is(sys_env_state_set(child, STATE_REGISTERS, &registers, sizeof registers), 0);
	expect_is(envs[ENVX(child)].env_tf.tf_ds, 0);
	registers.frame.tf_eip = ULIM;
	expect_error(sys_env_state_set(child, STATE_REGISTERS, &registers, sizeof registers), E_INVAL);
	registers.frame.tf_eip = UTEXT;
	registers.frame.tf_esp = KERNBASE;
	expect_error(sys_env_state_set(child, STATE_REGISTERS, &registers, sizeof registers), E_INVAL);
	destroy(child);
}

/* --- Forged FPU images: what the kernel takes, it can load --- */

static void run_with(envid_t child, const struct state_fpu *fpu, int expected)
{
	expect_is(sys_env_state_set(child, STATE_FPU, fpu, sizeof *fpu), expected);
}

static void forged_fpu(void)
{
	struct state_fpu fpu = { .format = 0 }, good;
	uint32_t random = 1;
	envid_t child = child_make(look, 0);

	expect_is(sys_env_state_get(child, STATE_FPU, &good, sizeof good), sizeof good);
	expect(good.format >= FPU_FNSAVE && good.format <= FPU_XSAVE);
	run_with(child, &good, 0);
	fpu = good;
	fpu.format = good.format == FPU_FXSAVE ? FPU_XSAVE : FPU_FXSAVE;
	run_with(child, &fpu, -E_INVAL);
	fpu.format = 0;
	run_with(child, &fpu, -E_INVAL);
	fpu = good;
	fpu.size++;
	run_with(child, &fpu, -E_INVAL);
	fpu = good;
	if (good.format != FPU_FNSAVE) {
		for (unsigned bit = 16; bit < 32; bit++) {
			fpu = good;
			fpu.image[FXSAVE_MXCSR + bit / 8] |= 1u << bit % 8;
			run_with(child, &fpu, -E_INVAL);
		}
	}
	if (good.format == FPU_XSAVE) {
		for (unsigned bit = 3; bit < 64 * 8; bit++) {
			fpu = good;
			fpu.image[XSAVE_STATES + bit / 8] |= 1u << bit % 8;
			run_with(child, &fpu, -E_INVAL);
		}
	}
	destroy(child);
	/* Anything else may be in it. */
	for (int i = 0; i < 30; i++) {
		child = child_make(look, 0);
		fpu = good;
		for (unsigned at = 0; at < sizeof fpu.image; at++)
			if ((at < FXSAVE_MXCSR || at >= FXSAVE_MXCSR + 8) && (at < XSAVE_STATES || at >= XSAVE_STATES + 64))
				fpu.image[at] = (uint8_t)next_random(&random);
		run_with(child, &fpu, 0);
		/* What no instruction stores there is not kept: xmm8 and the following, in this mode. */
		fpu.format = 0;
		expect_is(sys_env_state_get(child, STATE_FPU, &fpu, sizeof fpu), sizeof fpu);
		for (unsigned at = good.format == FPU_FNSAVE ? FPU_FNSAVE_SIZE : 288; at < XSAVE_STATES; at++)
			expect_is(fpu.image[at], 0);
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		expect_end(child, 7);
	}
}

/* --- Mappings --- */

static void lists(void)
{
	struct page_record records[8] = { { 0, 0 } };
	envid_t child = sys_exofork();

	expect(child > 0);
	expect_is(sys_page_list(child, 0, records, 8), 0);
	for (int i = 0; i < 5; i++)
		expect_is(sys_page_map(0, (void *)UTEXT, child, A + (i * 0x00401000), RO | (i == 3 ? PTE_SHARE : 0)), 0);
	expect_is(sys_page_alloc(child, 0, RW), 0);
	expect_is(sys_page_alloc(child, (void *)(UTOP - PGSIZE), RW), 0);
	expect_is(sys_page_list(child, 0, records, 8), 7);
	expect_is(records[0].va, 0);
	expect_is(records[6].va, UTOP - PGSIZE);
	expect_is(records[0].entry & PTE_SYSCALL, RW);
	for (int i = 0; i < 5; i++) {
		expect_is(records[i + 1].va, (uintptr_t)A + (uintptr_t)i * 0x00401000);
		expect_is(records[i + 1].entry & PTE_SYSCALL, RO | (i == 3 ? PTE_SHARE : 0));
		expect_is(PTE_ADDR(records[i + 1].entry), PTE_ADDR(uvpt[PGNUM(UTEXT)]));
	}
	/* From the middle, and fewer. */
	expect_is(sys_page_list(child, (uintptr_t)A + PGSIZE, records, 2), 2);
	expect_is(records[0].va, (uintptr_t)A + 0x00401000);
	expect_is(sys_page_list(child, UTOP - PGSIZE, records, 2), 1);
	expect_is(sys_page_list(child, 0, records, 0), 0);
	/* Where something was, and is no more. */
	expect_is(sys_page_unmap(child, A), 0);
	expect_is(sys_page_list(child, (uintptr_t)A, records, 1), 1);
	expect_is(records[0].va, (uintptr_t)A + 0x00401000);
	expect_error(sys_page_list(child, 1, records, 1), E_INVAL);
	expect_error(sys_page_list(child, UTOP, records, 1), E_INVAL);
	expect_error(sys_page_list(-1, 0, records, 1), E_BAD_ENV);
	expect_error(sys_page_list(child, 0, (void *)KERNBASE, 1), E_FAULT);
	expect_error(sys_page_list(child, 0, (void *)A, 1), E_FAULT);
	expect_error(sys_page_list(child, 0, (void *)0xFFFFFFF8, 0x20000001), E_FAULT);
	destroy(child);
}

/* Tables that were full and are empty now do not keep it from going on. */
static void lists_emptied(void)
{
	struct page_record record = { 0, 0 };
	envid_t child = sys_exofork();

	expect(child > 0);
	for (uintptr_t va = PTSIZE; va < 64 * PTSIZE; va += 32 * PGSIZE)
		expect_is(sys_page_map(0, (void *)UTEXT, child, (void *)va, RO), 0);
	expect_is(sys_page_alloc(child, (void *)(70 * PTSIZE + PGSIZE), RW), 0);
	expect_is(pages_unmap(child, 0, 64 * NPTENTRIES), 0);
	expect_is(sys_page_list(child, 0, &record, 1), 1);
	expect_is(record.va, 70 * PTSIZE + PGSIZE);
	destroy(child);
}

/* page_copy_from: from one child to another. */
static void copies(void)
{
	envid_t from = sys_exofork(), to = sys_exofork(), gone = child_run(returns, 0);

	expect(from > 0 && to > 0);
	expect_end(gone, 0);
	expect_is(sys_page_alloc(0, A, RW), 0);
	*(volatile uint32_t *)A = 77;
	expect_is(sys_page_map(0, A, from, A, RW), 0);
	expect_is(sys_page_alloc(from, A + PGSIZE, RW | PTE_SHARE), 0);
	expect_is(sys_page_map(0, (void *)UTEXT, from, A + 2 * PGSIZE, RO), 0);
	expect_is(sys_page_copy_from_range(from, to, (uintptr_t)A, 0, PTE_SHARE, PTE_COW, 4), 4);
	for (envid_t env = from;; env = to) {
		struct page_record records[4] = { { 0, 0 } };
		expect_is(sys_page_list(env, 0, records, 4), 3);
		expect_is(records[0].entry & PTE_SYSCALL, RO | PTE_COW);
		expect_is(PTE_ADDR(records[0].entry), PTE_ADDR(uvpt[PGNUM(A)]));
		expect_is(records[1].entry & PTE_SYSCALL, RW | PTE_SHARE);
		expect_is(records[2].entry & PTE_SYSCALL, RO);
		if (env == to)
			break;
	}
	expect_is(refs_of(A), 3);
	expect_error(sys_page_copy_from_range(gone, to, 0, 0, 0, 0, 1), E_BAD_ENV);
	expect_error(sys_page_copy_from_range(from, gone, 0, 0, 0, 0, 1), E_BAD_ENV);
	if (thisenv->env_parent_id > 0)
		expect_error(sys_page_copy_from_range(thisenv->env_parent_id, to, 0, 0, 0, 0, 1), E_BAD_ENV);
	expect_error(sys_page_copy_from_range(from, to, 1, 0, 0, 0, 1), E_INVAL);
	expect_error(sys_page_copy_from_range(from, to, 0, 0, 0, PTE_W, 1), E_INVAL);
	destroy(from);
	destroy(to);
	expect_is(refs_of(A), 1);
	expect_is(sys_page_unmap(0, A), 0);
}

/* --- Going on: not an end of a wait --- */

static volatile int result;

static void receives(uint32_t arg)
{
	USED(arg);
	result = 12345;
	result = sys_ipc_recv((void *)UTOP);
	go = 1;
	for (;;)
		sys_yield();
}

static void going_on(void)
{
	envid_t child = child_run(receives, 0);

	wait_until(envs[ENVX(child)].env_ipc_recving);
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	expect_is(envs[ENVX(child)].env_wait, ENV_WAIT_SUSPENDED);
	expect_is(sys_env_set(child, ENV_SET_SUSPENDED, 0), 0);
	expect_is(envs[ENVX(child)].env_wait, ENV_WAIT_MESSAGE);
	expect_is(result, 12345);
	/* The window that it waits with stays. */
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	struct state_message message = { .window = (uintptr_t)A | 4 };
	expect_error(sys_env_state_set(child, STATE_MESSAGE, &message, sizeof message), E_INVAL);
	expect_is(sys_env_set(child, ENV_SET_SUSPENDED, 0), 0);
	expect_error(sys_env_set(child, ENV_SET_SUSPENDED, 1), E_INVAL);
	expect_error(sys_env_set(0, ENV_SET_SUSPENDED, 0), E_INVAL);
	/* Suspended, it is given a message, and goes on with that. */
	expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	expect_is(sys_ipc_try_send(child, 9, (void *)UTOP, 0), 0);
	for (int i = 0; i < 3; i++)
		sys_yield();
	expect_is(go, 0);
	expect_is(sys_env_set(child, ENV_SET_SUSPENDED, 0), 0);
	wait_until(go);
	expect_is(result, 0);
	destroy(child);
}

/* Who waits in the window that is open counts on its page tables: opened from outside, too, it has them, or is not open. */
static void window_without_memory(void)
{
	envid_t child = child_make(returns, 0);
	struct state_message message = { .window = 0x50000000 | 2 };
	int32_t budget = sys_budget_create(child, 0, 0, 1);

	expect(budget > 0);
	expect_error(sys_env_state_set(child, STATE_MESSAGE, &message, sizeof message), E_NO_MEM);
	expect_is((uintptr_t)envs[ENVX(child)].env_ipc_dstva, UTOP);
	message.window = USTACKTOP - PGSIZE; /* where a table is */
	expect_is(sys_env_state_set(child, STATE_MESSAGE, &message, sizeof message), 0);
	message.window = UTOP;
	expect_is(sys_env_state_set(child, STATE_MESSAGE, &message, sizeof message), 0);
	destroy(child);
	/* Charged to whom it is for. */
	child = child_make(returns, 0);
	budget = sys_budget_create(child, 0, 1, 1);
	message.window = 0x50000000 | 2;
	expect_is(sys_env_state_set(child, STATE_MESSAGE, &message, sizeof message), 0);
	struct info_budget info;
	expect_is(sys_info(INFO_BUDGET, (uint32_t)budget, &info, sizeof info), sizeof info);
	expect_is(info.pages, 1);
	destroy(child);
}

void umain(int argc, char **argv)
{
	grow_records(6);
	arguments(); /* this program's own page tables are there then */
	copies();
	uint32_t before = free_pages();

	who();
	arguments();
	values();
	forged_registers();
	forged_fpu();
	lists();
	lists_emptied();
	copies();
	going_on();
	window_without_memory();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
