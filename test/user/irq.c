#include "child.h"
#include "edu.h"

void umain(int argc, char **argv)
{
	struct edu edu;
	volatile uint32_t *reg = edu_map(&edu, (void *)0x10000000);
	reg[EDU_ALIVE] = 0x12345678;
	expect_is(reg[EDU_ALIVE], ~0x12345678u);
	cprintf("line %d at %08x\n", edu.line, edu.physical);
	expect_is(libos_sys_irq(0, edu.line, IRQ_ATTACH), 0);
	for (int i = 0; i < 3; i++) {
		reg[EDU_RAISE] = 1;
		expect_is(libos_sys_ipc_wait(UTOP, 0, 5000), 0);
		expect_is(thisenv->env_ipc_from, 0);
		expect_is(thisenv->env_ipc_value, 1 << edu.line);
		expect_is(reg[EDU_STATUS], 1);
		reg[EDU_CLEAR] = 1;
		expect_is(libos_sys_irq(0, edu.line, IRQ_DONE), 0);
	}
	expect_is(libos_sys_page_alloc_dma(0, 0x20000000, RW | 5 << 12), 5);
	for (int i = 0; i < 5; i++) cprintf("%08x\n", uvpt[PGNUM(0x20000000) + i]);
	expect_kernel_sound();
}
