/*
 * Interrupt lines that are triggered by an edge, with the one of the second serial port: a request that comes while the
 * line is held back is not kept by the chip, so its owners are told once more. Also on a machine with 8259s alone,
 * which keep it.
 */
#include <finch/ipc.h>
#include <inc/x86.h>
#include "child.h"

#define LINE 3
/* Registers of COM2: National Semiconductor PC16550D data sheet, section 8. */
#define COM2 0x2F8
enum { DATA = COM2, ENABLE = COM2 + 1, IDENTIFY = COM2 + 2, MODEM = COM2 + 4 };
enum { ENABLE_SENT = 2, IDENTIFY_NONE = 1, IDENTIFY_SENT = 2, MODEM_OUT2 = 8 };

static int irq(int op)
{
	return libos_sys_irq(0, LINE, op);
}

static void expect_interrupt(void)
{
	expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
	expect_is(thisenv->env_ipc_from, 0);
	expect_is(thisenv->env_ipc_value, 1 << LINE);
}

/* Nothing comes: see irq.c. */
static void expect_none(void)
{
	expect_error(sys_ipc_wait(IPC_NO_PAGES, 0, 25), E_TIMEOUT);
}

/* Whether it asks for an interrupt; that is over with the question. */
static bool asks(void)
{
	return (inb(IDENTIFY) & 7) == IDENTIFY_SENT;
}

/* It has sent, or says so anew: an edge. */
static void raise(void)
{
	outb(ENABLE, 0);
	outb(ENABLE, ENABLE_SENT);
}

static void one_by_one(void)
{
	for (int i = 0; i < 20; i++) {
		raise();
		expect_interrupt();
		expect(asks());
		expect(!asks());
		expect_is(irq(IRQ_DONE), 0);
	}
	expect_none();
}

/* Perhaps once more in vain, but then no more. */
static void settle(void)
{
	while (sys_ipc_wait(IPC_NO_PAGES, 0, 25) == 0)
		expect_is(irq(IRQ_DONE), 0);
}

/* Edges that come before one is done with are told, at the latest when it is. */
static void while_held(void)
{
	for (int edges = 2; edges < 6; edges++) {
		raise();
		expect_interrupt();
		for (int i = 1; i < edges; i++) {
			expect(asks());
			raise();
		}
		/* The device still asks, and is not looked at before: the driver is done with what it knows of. */
		expect_is(irq(IRQ_DONE), 0);
		expect_interrupt();
		expect(asks());
		expect_is(irq(IRQ_DONE), 0);
		settle();
		expect(!asks());
	}
}

/* One that the chip forgets, since its line is held back, and that nobody knows of: it is asked for when it is let through. */
static void forgotten(void)
{
	raise();
	expect_interrupt();
	expect(asks());
	raise();
	/* Again, before it was done with the first: now the line is held back. With 8259s it has been since the first. */
	int error = sys_ipc_wait(IPC_NO_PAGES, 0, 25);
	expect(error == 0 || error == -E_TIMEOUT);
	expect(asks());
	raise();
	expect_is(irq(IRQ_DONE), 0);
	expect_interrupt();
	expect(asks());
	expect_is(irq(IRQ_DONE), 0);
	settle();
}

static volatile bool stop;
static volatile uint32_t raised;

static void floods(uint32_t arg)
{
	USED(arg);
	expect_is(libos_sys_port_allow(0, COM2, 8, 1), 0);
	while (!stop) {
		raise();
		inb(IDENTIFY);
		raised++;
	}
}

/* A flood of edges that nobody takes, and then one takes. */
static void flood(void)
{
	envid_t child = child_run(floods, 0);

	wait_until(raised > 500);
	for (int i = 0; i < 100; i++) {
		expect_interrupt();
		expect_is(irq(IRQ_DONE), 0);
	}
	stop = true;
	expect_end(child, 0);
	raise();
	expect_interrupt();
	expect_is(irq(IRQ_DONE), 0);
	settle();
	inb(IDENTIFY);
}

void umain(int argc, char **argv)
{
	expect_is(libos_sys_port_allow(0, COM2, 8, 1), 0);
	outb(ENABLE, 0);
	outb(MODEM, MODEM_OUT2); /* on a PC: connects the line */
	if (inb(MODEM) != MODEM_OUT2)
		fail("expected a second serial port, saw none");
	inb(IDENTIFY);
	expect_is(irq(IRQ_ATTACH), 0);
	one_by_one();
	while_held();
	forgotten();
	flood();
	outb(ENABLE, 0);
	expect_is(irq(IRQ_DETACH), 0);
	expect_kernel_sound();
}
