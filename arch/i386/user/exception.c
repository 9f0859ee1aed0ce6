/*
 * Ways round two faults of QEMU's translator. Up to version 9.0 it lets iret in user mode read the stack with the
 * kernel's rights, so that with SMAP, which forbids the kernel that, iret never works: there a program returns from an
 * exception through the kernel. And it takes FL_VM from a program, which all processors ignore (Intel SDM vol. 2,
 * IRET).
 */
#include <arch/x86.h>
#include <finch/exception.h>
#include <inc/lib.h>

static bool iret_works(void)
{
	uint32_t leaves, ecx, ebx7, vendor;

	cpuid(0, &leaves, NULL, NULL, NULL);
	cpuid(1, NULL, NULL, &ecx, NULL);
	if (leaves < 7 || !(ecx & 1u << 31)) /* not a virtual machine: Intel SDM vol. 2, CPUID */
		return true;
	cpuid(7, NULL, &ebx7, NULL, NULL);
	cpuid(0x40000000, NULL, &vendor, NULL, NULL);
	return !(ebx7 & 1u << 20) || vendor != 0x54474354; /* SMAP; "TCGT" */
}

void exception_leave(struct ExceptionFrame *frame)
{
	static enum { UNKNOWN, WORKS, FAILS } iret;

	frame->ef_eflags &= ~FL_VM;
	if (iret == UNKNOWN)
		iret = iret_works() ? WORKS : FAILS;
	if (iret == WORKS)
		return;
	struct Trapframe tf = {
		.tf_regs = frame->ef_regs, .tf_es = frame->ef_es, .tf_ds = frame->ef_ds, .tf_eip = frame->ef_eip,
		.tf_eflags = frame->ef_eflags, .tf_esp = frame->ef_esp,
	};
	sys_env_set_trapframe(0, &tf);
}
