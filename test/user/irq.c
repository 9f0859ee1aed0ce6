/*
 * Interrupt lines as messages, with a level-triggered line of the PCI bus: that of QEMU's device edu. What stands
 * between a line and its owners: who is told and when, what holds it back, what its owners' ends do, what a storm does.
 */
#include <finch/ipc.h>
#include "child.h"
#include "edu.h"

#define REGISTERS ((volatile uint32_t *)0x10000000)
#define OWNERS_MAX 8
#define STORM 200 /* interrupts of a device that nobody silences */

static struct edu edu;
static volatile uint32_t *const registers = REGISTERS;

static const volatile struct Env *own(void)
{
	return &envs[ENVX(sys_getenvid())];
}

static int irq(int op)
{
	return libos_sys_irq(0, edu.line, op);
}

static void raise(void)
{
	registers[EDU_RAISE] = 1;
	expect_is(registers[EDU_STATUS], 1);
}

static void silence(void)
{
	registers[EDU_CLEAR] = 1;
	expect_is(registers[EDU_STATUS], 0);
}

/* The message that is there is that the line has come. */
static void expect_interrupt(void)
{
	expect_is(own()->env_ipc_from, 0);
	expect_is(own()->env_ipc_value, 1 << edu.line);
	expect_is(own()->env_ipc_perm, 0);
	expect_is(own()->env_ipc_recving, false);
}

/* Wait for it, with no limit: if it does not come, the system is not at rest, and the machine's time is up. */
static void await(void)
{
	expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
	expect_interrupt();
}

/*
 * That it has not come. The chip has been told to raise the line before, on this CPU or another; it takes a while until
 * the CPU that handles lines has: two ticks, so that it was in user mode or idle meanwhile.
 */
static void expect_none(void)
{
	expect_error(sys_ipc_wait(IPC_NO_PAGES, 0, 25), E_TIMEOUT);
}

static bool waits(envid_t envid, uint32_t wait)
{
	return envs[ENVX(envid)].env_status == ENV_NOT_RUNNABLE && envs[ENVX(envid)].env_wait == wait;
}

static void end_child(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

static void refused(void)
{
	static const uint32_t lines[] = { 0, 1, 2, 4, 7, 16, 17, 19, 32, 0x80000005, 0xFFFFFFFF };

	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		expect_error(libos_sys_irq(0, lines[i], IRQ_ATTACH), E_INVAL);
		expect_error(libos_sys_irq(0, lines[i], IRQ_DONE), E_INVAL);
		expect_error(libos_sys_irq(0, lines[i], IRQ_DETACH), E_INVAL);
	}
	expect_error(irq(0), E_INVAL);
	expect_error(irq(IRQ_DETACH + 1), E_INVAL);
	expect_error(irq(IRQ_DONE), E_INVAL);
	expect_error(irq(IRQ_DETACH), E_INVAL);
	expect_error(libos_sys_irq(-1, edu.line, IRQ_ATTACH), E_BAD_ENV);
	if (thisenv->env_parent_id)
		expect_error(libos_sys_irq(thisenv->env_parent_id, edu.line, IRQ_ATTACH), E_BAD_ENV);
	expect_error(libos_sys_irq(0x7FFFF000, edu.line, IRQ_DONE), E_BAD_ENV);
}

static void one_owner(void)
{
	expect_is(irq(IRQ_ATTACH), 0);
	expect_is(irq(IRQ_ATTACH), 0);
	for (int i = 0; i < 3; i++) {
		raise();
		await();
		/* Held back: neither what still is, nor what comes anew. */
		expect_none();
		silence();
		raise();
		expect_none();
		expect_is(irq(IRQ_DONE), 0);
		await();
		silence();
		expect_is(irq(IRQ_DONE), 0);
		expect_is(irq(IRQ_DONE), 0);
		expect_none();
	}
	/* It came before anybody waited; once, however often it is asked for. */
	raise();
	wait_until(sys_ipc_wait(IPC_NO_PAGES, 0, 0) == 0);
	expect_interrupt();
	expect_error(sys_ipc_wait(IPC_NO_PAGES, 0, 0), E_TIMEOUT);
	silence();
	/* Gone with the attachment, even if it was on its way. */
	expect_is(irq(IRQ_DONE), 0);
	raise();
	expect_is(irq(IRQ_DETACH), 0);
	expect_error(irq(IRQ_DETACH), E_INVAL);
	expect_none();
	expect_is(irq(IRQ_ATTACH), 0);
	await();
	silence();
	expect_is(irq(IRQ_DETACH), 0);
}

/* --- Among other messages --- */

static volatile envid_t parent;
static volatile bool go, taken;
static volatile uint32_t count;

static void sends(uint32_t value)
{
	ipc_send(parent, value, NULL, 0);
}

static void answers(uint32_t value)
{
	expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
	wait_until(go);
	expect_is(sys_ipc_reply_wait(own()->env_ipc_from, value, NULL, 0, IPC_NO_PAGES), 0);
}

static int receive_by_int(void)
{
	int result;

	__asm__ volatile("int $0x30" : "=a"(result) : "0"(SYS_ipc_recv), "d"(UTOP) : "memory", "cc");
	return result;
}

/* Raises it while the parent waits for this one alone. */
static void raises_meanwhile(uint32_t value)
{
	wait_until(waits(parent, ENV_WAIT_MESSAGE));
	raise();
	sleep_ms(25); /* as in expect_none */
	ipc_send(parent, value, NULL, 0);
}

static void one_alone(void)
{
	envid_t child = child_make(raises_meanwhile, 43);

	expect_is(libos_sys_device_map(child, (uintptr_t)registers, RW, edu.physical), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_is(sys_ipc_wait(IPC_NO_PAGES, child, TIMEOUT_NEVER), 0);
	expect_is(thisenv->env_ipc_from, child);
	expect_is(thisenv->env_ipc_value, 43);
	expect_end(child, 0);
	await();
	silence();
	expect_is(irq(IRQ_DONE), 0);
}

static void among_messages(void)
{
	expect_is(irq(IRQ_ATTACH), 0);
	one_alone();
	/* Before those who queue; they are not lost. */
	envid_t sender = child_run(sends, 41);
	wait_until(waits(sender, ENV_WAIT_SEND));
	raise();
	do {
		expect_is(sys_ipc_recv((void *)UTOP), 0);
		if (thisenv->env_ipc_from == sender)
			sender = child_run(sends, 41);
	} while (thisenv->env_ipc_from);
	expect_interrupt();
	expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
	expect_is(thisenv->env_ipc_from, sender);
	expect_is(thisenv->env_ipc_value, 41);
	expect_end(sender, 0);
	silence();
	expect_is(irq(IRQ_DONE), 0);
	/* Who waits for one alone is not disturbed, and gets it after that. */
	go = false;
	envid_t server = child_run(answers, 42);
	raise();
	expect_error(sys_ipc_wait(IPC_NO_PAGES, server, 25), E_TIMEOUT);
	go = true;
	expect_is(sys_ipc_call(server, 1, NULL, 0, IPC_NO_PAGES), 0);
	expect_is(thisenv->env_ipc_from, server);
	expect_is(thisenv->env_ipc_value, 42);
	/* In a window for pages; by int; with an answer before it. */
	expect_is(sys_ipc_wait(ipc_window((void *)0x20000000, 4), 0, TIMEOUT_NEVER), 0);
	expect_interrupt();
	expect(!page_mapped((void *)0x20000000));
	silence();
	expect_is(irq(IRQ_DONE), 0);
	raise();
	expect_is(receive_by_int(), 0);
	expect_interrupt();
	silence();
	expect_is(irq(IRQ_DONE), 0);
	raise();
	wait_until(waits(server, ENV_WAIT_MESSAGE)); /* or the answer is dropped */
	expect_is(sys_ipc_reply_wait(server, 1, NULL, 0, IPC_NO_PAGES), 0);
	expect_interrupt();
	expect_end(server, 0);
	silence();
	expect_is(irq(IRQ_DETACH), 0);
}

/* --- Several owners --- */

/* An owner that a parent made one. It says that it is done when it may. */
static void owns(uint32_t arg)
{
	USED(arg);
	for (;;) {
		expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
		expect_interrupt();
		__sync_fetch_and_add(&count, 1);
		wait_until(go);
		expect_is(irq(IRQ_DONE), 0);
		taken = true;
	}
}

static envid_t owner_run(child_function function)
{
	envid_t child = child_make(function, 0);
	int error = libos_sys_env_set(child, ENV_SET_RIGHTS, 0);

	expect(error == 0 || error == -E_INVAL); /* it needs none */
	expect_is(libos_sys_irq(child, edu.line, IRQ_ATTACH), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	return child;
}

static void two_owners(void)
{
	expect_is(irq(IRQ_ATTACH), 0);
	count = 0;
	go = taken = false;
	envid_t child = owner_run(owns);
	raise();
	await();
	wait_until(count == 1);
	silence();
	expect_is(irq(IRQ_DONE), 0);
	/* One is not done: neither hears of it. */
	raise();
	expect_none();
	expect_is(count, 1);
	go = true;
	await();
	wait_until(count == 2);
	silence();
	expect_is(irq(IRQ_DONE), 0);
	/* Done for by its end; whether by itself or with all it has. */
	go = false;
	raise();
	await();
	wait_until(count >= 3);
	silence();
	expect_is(irq(IRQ_DONE), 0);
	raise();
	expect_none();
	end_child(child);
	await();
	expect_error(libos_sys_irq(child, edu.line, IRQ_DONE), E_BAD_ENV);
	silence();
	/* Done for by being detached, by its parent. */
	child = owner_run(owns);
	expect_is(irq(IRQ_DONE), 0);
	count = 0;
	raise();
	await();
	wait_until(count == 1);
	silence();
	raise();
	expect_is(irq(IRQ_DONE), 0);
	expect_none();
	expect_is(libos_sys_irq(child, edu.line, IRQ_DETACH), 0);
	await();
	expect_is(count, 1);
	silence();
	expect_is(irq(IRQ_DETACH), 0);
	end_child(child);
	/* While it waits: nothing will come any more, and the kernel knows. */
	child = owner_run(owns);
	wait_until(waits(child, ENV_WAIT_MESSAGE));
	expect_is(libos_sys_irq(child, edu.line, IRQ_DETACH), 0);
	expect_kernel_sound();
	end_child(child);
}

/* --- At once --- */

#define BURNERS 3
#define TIMES 10

static envid_t burners[BURNERS];
static volatile uint32_t runs_before;

static void burns(uint32_t arg)
{
	USED(arg);
	for (;;)
		continue;
}

/* How often those who burn got the CPU. */
static uint32_t runs(void)
{
	uint32_t sum = 0;

	for (int i = 0; i < BURNERS; i++)
		sum += envs[ENVX(burners[i])].env_runs;
	return sum;
}

static void raises_when_told(uint32_t arg)
{
	USED(arg);
	for (;;) {
		wait_until(go && waits(parent, ENV_WAIT_MESSAGE));
		go = false;
		runs_before = runs();
		registers[EDU_RAISE] = 1;
	}
}

/* Its owner runs before those who compute, even if they are ready for longer. A tick may come in between now and then. */
static void at_once(void)
{
	int first = 0;

	if (cpu_total() > 1)
		return; /* where there are others, no order between them is promised */
	expect_is(irq(IRQ_ATTACH), 0);
	for (int i = 0; i < BURNERS; i++)
		burners[i] = child_run(burns, 0);
	go = false;
	envid_t child = child_make(raises_when_told, 0);
	expect_is(libos_sys_device_map(child, (uintptr_t)registers, RW, edu.physical), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	for (int i = 0; i < TIMES; i++) {
		go = true;
		await();
		first += runs() == runs_before;
		silence();
		expect_is(irq(IRQ_DONE), 0);
	}
	end_child(child);
	for (int i = 0; i < BURNERS; i++)
		end_child(burners[i]);
	expect_is(irq(IRQ_DETACH), 0);
	if (first < TIMES / 2)
		fail("expected to run before %d who compute, saw that %d times of %d", BURNERS, first, TIMES);
}

static void nothing(uint32_t arg)
{
	USED(arg);
}

static void too_many(void)
{
	envid_t children[OWNERS_MAX];

	expect_is(irq(IRQ_ATTACH), 0);
	for (int i = 0; i < OWNERS_MAX; i++)
		children[i] = child_make(nothing, 0);
	for (int i = 0; i < OWNERS_MAX; i++)
		expect_is(libos_sys_irq(children[i], edu.line, IRQ_ATTACH), i < OWNERS_MAX - 1 ? 0 : -E_NO_MEM);
	expect_kernel_sound();
	end_child(children[0]);
	expect_is(libos_sys_irq(children[OWNERS_MAX - 1], edu.line, IRQ_ATTACH), 0);
	for (int i = 1; i < OWNERS_MAX; i++)
		end_child(children[i]);
	raise();
	await();
	silence();
	expect_is(irq(IRQ_DETACH), 0);
}

static void without_right(uint32_t arg)
{
	USED(arg);
	count = (uint32_t)irq(IRQ_ATTACH);
}

static void detaches(uint32_t arg)
{
	USED(arg);
	count = (uint32_t)irq(IRQ_DETACH);
}

static void rights(void)
{
	/* To detach itself one needs none. */
	expect_end(owner_run(detaches), 0);
	expect_is(count, 0);
	child_run_without_rights(without_right);
	expect_is(count, -E_BAD_ENV);
}

/* --- Storms --- */

/* A driver that never silences its device. */
static void never_silences(uint32_t arg)
{
	USED(arg);
	for (;;) {
		expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
		count++;
		expect_is(irq(IRQ_DONE), 0);
	}
}

static void storm(void)
{
	envid_t children[4];

	count = 0;
	for (int i = 0; i < 4; i++)
		children[i] = owner_run(never_silences);
	raise();
	wait_until(count > STORM);
	/* Nobody is left: it goes on, unheard. */
	for (int i = 0; i < 4; i++)
		end_child(children[i]);
	uint32_t last = count;
	for (int i = 0; i < 100; i++)
		sys_yield();
	expect_is(count, last);
	expect_kernel_sound();
	/* Who comes after them hears it, and silences it. */
	expect_is(irq(IRQ_ATTACH), 0);
	await();
	silence();
	expect_is(irq(IRQ_DETACH), 0);
}

/* Owners end, by their own hand or another's, while the line comes and is done with. */
static void ends_soon(uint32_t rounds)
{
	while (rounds-- > 0) {
		expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
		expect_is(irq(IRQ_DONE), 0);
	}
}

static void ends(void)
{
	raise();
	for (int i = 0; i < 60; i++) {
		envid_t child = child_make(i % 3 ? ends_soon : never_silences, i % 3);
		expect_is(libos_sys_irq(child, edu.line, IRQ_ATTACH), 0);
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		if (i % 3)
			expect_end(child, 0);
		else
			end_child(child);
	}
	silence();
	expect_kernel_sound();
}

void umain(int argc, char **argv)
{
	edu_map(&edu, (void *)registers);
	parent = sys_getenvid();
	refused();
	one_owner();
	among_messages();
	two_owners();
	at_once();
	too_many();
	rights();
	storm();
	ends();
	expect_kernel_sound();
}
