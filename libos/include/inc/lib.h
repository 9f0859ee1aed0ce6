/*
 * The library operating system, as programs see it: include this one. A program starts at umain and ends by returning
 * from it or by exit. What is new in Finch is declared in <finch/...>.
 */
#ifndef INC_LIB_H
#define INC_LIB_H

#include <finch/self.h>
#include <inc/args.h>
#include <inc/assert.h>
#include <inc/env.h>
#include <inc/error.h>
#include <inc/fd.h>
#include <inc/fs.h>
#include <inc/malloc.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/stdarg.h>
#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/syscall.h>
#include <inc/trap.h>
#include <inc/types.h>
#include <inc/x86.h>

/* --- Where things are. --- */

/*
 * The program's code ends at etext, its initialised data at edata, all of its image at end. These are not declared
 * here: programs do it themselves, as arrays of various types.
 */
/* The public records of all environments and pages. Only to be read. */
extern const volatile struct Env envs[NENV];
extern const volatile struct PageInfo pages[];
/* thisenv, the record of this environment, is defined in <finch/self.h>. */
/* The program's name: argv[0] of a program that was given arguments. */
extern const char *binaryname;

void _start(void);
/* The program's own. */
void umain(int argc, char **argv);
/* Close all descriptors and end, with status 0. */
void exit(void) __attribute__((noreturn));

/* --- System calls; <abi/syscall.def> says what each does and which errors it returns. --- */

void sys_cputs(const char *s, size_t len);
int sys_cgetc(void);
envid_t sys_getenvid(void);
int sys_env_destroy(envid_t envid);
void sys_yield(void);
int sys_env_set_status(envid_t envid, int status);
int sys_env_set_trapframe(envid_t envid, struct Trapframe *tf);
int sys_env_set_pgfault_upcall(envid_t envid, void *upcall);
int sys_page_alloc(envid_t envid, void *va, int perm);
int sys_page_map(envid_t srcenv, void *srcva, envid_t dstenv, void *dstva, int perm);
int sys_page_unmap(envid_t envid, void *va);
int sys_ipc_try_send(envid_t envid, uint32_t value, void *srcva, int perm);
int sys_ipc_recv(void *dstva);
unsigned sys_time_msec(void);

/*
 * Make a child. Returns twice: the child's id here, 0 in the child once it runs.
 *
 * Always inlined, and by int 0x30 whatever the CPU has: the child starts at the instruction after the trap with this
 * esp, but its stack is copied later. Were this a function that returns, the parent would have used the stack below
 * for other calls by then, and the child would return to nowhere.
 */
static inline __attribute__((always_inline)) envid_t sys_exofork(void)
{
	envid_t envid;
	__asm__ volatile("int %1" : "=a"(envid) : "i"(T_SYSCALL), "a"(SYS_exofork) : "memory", "cc");
	return envid;
}

/* --- Faults, and environments of one's own. --- */

/*
 * Have handler called for page faults of this program, on the exception stack, with the fault's frame; when it returns
 * the program goes on as the frame says.
 */
void set_pgfault_handler(void (*handler)(struct UTrapframe *utf));
extern void (*_pgfault_handler)(struct UTrapframe *utf);
void _pgfault_upcall(void);

/* Make a child that is a copy of this environment: its id here, 0 in the child, an error if there is none. */
envid_t fork(void);
/* The same, but the child shares all memory except the stack. */
envid_t sfork(void);

/* Start program path with the arguments argv, ended by NULL. The child's id, or an error. */
envid_t spawn(const char *path, const char **argv);
/* The same with the arguments, from argv[0] on, in the call, ended by 0. */
envid_t spawnl(const char *path, const char *arg0, ...);
/* Sleep until envid has ended. */
void wait(envid_t envid);

/* How many mappings the page at va has, in all environments; 0 if nothing is mapped there. */
int pageref(void *va);

/* --- Messages. --- */

/* Send value, and the page at va unless that is NULL, to envid, waiting until it takes it. Panics on an error. */
void ipc_send(envid_t envid, uint32_t value, void *va, int perm);
/*
 * Wait for a message: its value, or an error. A page sent with it is mapped at va unless that is NULL. from and perm,
 * unless NULL, get the sender and the page's permissions (0 if none came).
 */
int32_t ipc_recv(envid_t *from, void *va, int *perm);
/* The first environment of that type, or 0. */
envid_t ipc_find_env(enum EnvType type);

#endif
