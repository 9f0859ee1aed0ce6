/* Every name of the interface's core, with its number, type or shape; what is wrong does not compile. */
#include <inc/lib.h>
#include <inc/elf.h>

/* --- Each header by its own name, and twice. --- */
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

#define SAME(a, b) __builtin_types_compatible_p(a, b)
#define IS(expression, type) static_assert(SAME(__typeof__(expression), type), #expression " is not " #type)
#define EQ(a, b) static_assert((a) == (b), #a " is not " #b)
#define SIZE(type, n) EQ(sizeof(type), n)
#define SIGNED(type) static_assert((type)-1 < 0, #type)
#define UNSIGNED(type) static_assert((type)-1 > 0, #type)
#define FIELD(s, f, offset) EQ(offsetof(struct s, f), offset)
#define FUNCTION(name, type) static_assert(SAME(__typeof__(name), type), #name)

/* --- Types. --- */
SIZE(bool, 1); EQ(true, 1); EQ(false, 0);
SIZE(int8_t, 1); SIZE(int16_t, 2); SIZE(int32_t, 4); SIZE(int64_t, 8);
SIZE(uint8_t, 1); SIZE(uint16_t, 2); SIZE(uint32_t, 4); SIZE(uint64_t, 8);
SIZE(intptr_t, 4); SIZE(uintptr_t, 4); SIZE(physaddr_t, 4); SIZE(size_t, 4); SIZE(ssize_t, 4);
SIZE(off_t, 4); SIZE(envid_t, 4); SIZE(pte_t, 4); SIZE(pde_t, 4);
SIGNED(int8_t); SIGNED(int16_t); SIGNED(int32_t); SIGNED(int64_t); SIGNED(intptr_t); SIGNED(ssize_t);
SIGNED(off_t); SIGNED(envid_t);
UNSIGNED(uint8_t); UNSIGNED(uint16_t); UNSIGNED(uint32_t); UNSIGNED(uint64_t); UNSIGNED(uintptr_t);
UNSIGNED(physaddr_t); UNSIGNED(size_t); UNSIGNED(pte_t); UNSIGNED(pde_t);
IS((envid_t)0, int32_t); IS((pte_t)0, uint32_t); IS((pde_t)0, uint32_t);

/* --- Macros that keep types. --- */
static void types_kept(void)
{
	IS(ROUNDUP((char *)5, PGSIZE), char *); IS(ROUNDDOWN((uint32_t *)5, PGSIZE), uint32_t *);
	IS(ROUNDUP((uint64_t)5, 8), uint64_t); IS(ROUNDDOWN((int)5, 4), int);
	IS(MIN(1u, 2u), unsigned); IS(MAX((char *)1, (char *)2), char *);
}
static int seven[7];
EQ(ARRAY_SIZE(seven), 7);
struct pair { char a; int b; };
FIELD(pair, b, 4);

/* --- Memory. --- */
EQ(PGSIZE, 4096); EQ(PGSHIFT, 12); EQ(PTSIZE, 4 << 20); EQ(PTXSHIFT, 12); EQ(PDXSHIFT, 22);
EQ(NPDENTRIES, 1024); EQ(NPTENTRIES, 1024);
EQ(PGNUM(0x12345678), 0x12345); EQ(PDX(0x12345678), 0x48); EQ(PTX(0x12345678), 0x345); EQ(PGOFF(0x12345678), 0x678);
EQ(PTE_ADDR(0x12345fff), 0x12345000);
IS(PGADDR(1, 2, 3), void *); IS(PTE_ADDR(1), physaddr_t);
EQ(PTE_P, 1); EQ(PTE_W, 2); EQ(PTE_U, 4); EQ(PTE_PWT, 8); EQ(PTE_PCD, 0x10); EQ(PTE_A, 0x20); EQ(PTE_D, 0x40);
EQ(PTE_PS, 0x80); EQ(PTE_G, 0x100); EQ(PTE_AVAIL, 0xE00); EQ(PTE_SYSCALL, 0xE07); EQ(PTE_SHARE, 0x400);
EQ(PTE_COW, 0x800);
EQ(UTEXT, 0x00800000); EQ(USTACKTOP, 0xeebfe000); EQ(UXSTACKTOP, 0xeec00000); EQ(UENVS, 0xeec00000);
EQ(UTOP, 0xeec00000); EQ(UPAGES, 0xef000000); EQ(UVPT, 0xef400000); EQ(ULIM, 0xef800000); EQ(MMIOBASE, 0xef800000);
EQ(MMIOLIM, 0xefc00000); EQ(KSTACKTOP, 0xf0000000); EQ(KERNBASE, 0xf0000000); EQ(USTABDATA, 0x00200000);
EQ(IOPHYSMEM, 0x0A0000); EQ(EXTPHYSMEM, 0x100000); EQ(KSTKSIZE % PGSIZE, 0); EQ(KSTKGAP % PGSIZE, 0);
IS(UTEMP, void *); IS(PFTEMP, void *);
EQ(GD_KT, 0x08); EQ(GD_KD, 0x10); EQ(GD_UT, 0x18); EQ(GD_UD, 0x20);
EQ(FL_CF, 1); EQ(FL_PF, 4); EQ(FL_AF, 0x10); EQ(FL_ZF, 0x40); EQ(FL_SF, 0x80); EQ(FL_TF, 0x100); EQ(FL_IF, 0x200);
EQ(FL_DF, 0x400); EQ(FL_OF, 0x800); EQ(FL_IOPL_MASK, 0x3000); EQ(FL_IOPL_0, 0); EQ(FL_IOPL_1, 0x1000);
EQ(FL_IOPL_2, 0x2000); EQ(FL_IOPL_3, 0x3000); EQ(FL_NT, 0x4000); EQ(FL_RF, 0x10000); EQ(FL_VM, 0x20000);
EQ(FL_AC, 0x40000); EQ(FL_VIF, 0x80000); EQ(FL_VIP, 0x100000); EQ(FL_ID, 0x200000);
EQ(FEC_PR, 1); EQ(FEC_WR, 2); EQ(FEC_U, 4);
IS(uvpt[0], const volatile pte_t); IS(uvpd[0], const volatile pde_t);

/* --- Environments. --- */
EQ(LOG2NENV, 12); EQ(NENV, 4096); EQ(ENVX(0x00003004), 4);
EQ(ENV_FREE, 0); EQ(ENV_DYING, 1); EQ(ENV_RUNNABLE, 2); EQ(ENV_RUNNING, 3); EQ(ENV_NOT_RUNNABLE, 4);
EQ(ENV_TYPE_USER, 0); EQ(ENV_TYPE_FS, 1); EQ(ENV_TYPE_NS, 2); SIZE(enum EnvType, 4);
IS(((struct Env *)0)->env_tf, struct Trapframe); IS(((struct Env *)0)->env_id, envid_t);
IS(((struct Env *)0)->env_parent_id, envid_t); IS(((struct Env *)0)->env_type, enum EnvType);
SIZE(((struct Env *)0)->env_status, 4); IS(((struct Env *)0)->env_runs, uint32_t);
IS(((struct Env *)0)->env_cpunum, int); IS(((struct Env *)0)->env_pgfault_upcall, void *);
IS(((struct Env *)0)->env_ipc_recving, bool); IS(((struct Env *)0)->env_ipc_dstva, void *);
IS(((struct Env *)0)->env_ipc_value, uint32_t); IS(((struct Env *)0)->env_ipc_from, envid_t);
IS(((struct Env *)0)->env_ipc_perm, int);
SIZE(((struct PageInfo *)0)->pp_ref, 4); SIZE(struct PageInfo, 4);
IS(envs[0], const volatile struct Env); IS(pages[0], const volatile struct PageInfo);

/* --- Traps. --- */
EQ(T_DIVIDE, 0); EQ(T_DEBUG, 1); EQ(T_NMI, 2); EQ(T_BRKPT, 3); EQ(T_OFLOW, 4); EQ(T_BOUND, 5); EQ(T_ILLOP, 6);
EQ(T_DEVICE, 7); EQ(T_DBLFLT, 8); EQ(T_TSS, 10); EQ(T_SEGNP, 11); EQ(T_STACK, 12); EQ(T_GPFLT, 13); EQ(T_PGFLT, 14);
EQ(T_FPERR, 16); EQ(T_ALIGN, 17); EQ(T_MCHK, 18); EQ(T_SIMDERR, 19); EQ(T_SYSCALL, 48); EQ(T_DEFAULT, 500);
EQ(IRQ_OFFSET, 32); EQ(IRQ_TIMER, 0); EQ(IRQ_KBD, 1); EQ(IRQ_SERIAL, 4); EQ(IRQ_SPURIOUS, 7); EQ(IRQ_IDE, 14);
EQ(IRQ_ERROR, 19);
FIELD(PushRegs, reg_edi, 0); FIELD(PushRegs, reg_esi, 4); FIELD(PushRegs, reg_ebp, 8); FIELD(PushRegs, reg_oesp, 12);
FIELD(PushRegs, reg_ebx, 16); FIELD(PushRegs, reg_edx, 20); FIELD(PushRegs, reg_ecx, 24); FIELD(PushRegs, reg_eax, 28);
SIZE(struct PushRegs, 32);
FIELD(Trapframe, tf_regs, 0); FIELD(Trapframe, tf_es, 32); FIELD(Trapframe, tf_ds, 36);
FIELD(Trapframe, tf_trapno, 40);
FIELD(Trapframe, tf_err, 44); FIELD(Trapframe, tf_eip, 48); FIELD(Trapframe, tf_cs, 52);
FIELD(Trapframe, tf_eflags, 56);
FIELD(Trapframe, tf_esp, 60); FIELD(Trapframe, tf_ss, 64); SIZE(struct Trapframe, 68);
FIELD(UTrapframe, utf_fault_va, 0); FIELD(UTrapframe, utf_err, 4); FIELD(UTrapframe, utf_regs, 8);
FIELD(UTrapframe, utf_eip, 0x28); FIELD(UTrapframe, utf_eflags, 0x2c); FIELD(UTrapframe, utf_esp, 0x30);
SIZE(struct UTrapframe, 52);

/* --- Errors. --- */
EQ(E_UNSPECIFIED, 1); EQ(E_BAD_ENV, 2); EQ(E_INVAL, 3); EQ(E_NO_MEM, 4); EQ(E_NO_FREE_ENV, 5); EQ(E_FAULT, 6);
EQ(E_IPC_NOT_RECV, 7); EQ(E_EOF, 8); EQ(E_NO_DISK, 9); EQ(E_MAX_OPEN, 10); EQ(E_NOT_FOUND, 11); EQ(E_BAD_PATH, 12);
EQ(E_FILE_EXISTS, 13); EQ(E_NOT_EXEC, 14); EQ(E_NOT_SUPP, 15); static_assert(MAXERROR >= 15, "MAXERROR");

/* --- Calls. --- */
EQ(SYS_cputs, 0); EQ(SYS_cgetc, 1); EQ(SYS_getenvid, 2); EQ(SYS_env_destroy, 3); EQ(SYS_page_alloc, 4);
EQ(SYS_page_map, 5); EQ(SYS_page_unmap, 6); EQ(SYS_exofork, 7); EQ(SYS_env_set_status, 8);
EQ(SYS_env_set_trapframe, 9); EQ(SYS_env_set_pgfault_upcall, 10); EQ(SYS_yield, 11); EQ(SYS_ipc_try_send, 12);
EQ(SYS_ipc_recv, 13); EQ(SYS_time_msec, 14); static_assert(NSYSCALLS > 14, "NSYSCALLS");
FUNCTION(sys_cputs, void(const char *, size_t));
FUNCTION(sys_cgetc, int(void));
FUNCTION(sys_getenvid, envid_t(void));
FUNCTION(sys_env_destroy, int(envid_t));
FUNCTION(sys_yield, void(void));
FUNCTION(sys_exofork, envid_t(void));
FUNCTION(sys_env_set_status, int(envid_t, int));
FUNCTION(sys_env_set_trapframe, int(envid_t, struct Trapframe *));
FUNCTION(sys_env_set_pgfault_upcall, int(envid_t, void *));
FUNCTION(sys_page_alloc, int(envid_t, void *, int));
FUNCTION(sys_page_map, int(envid_t, void *, envid_t, void *, int));
FUNCTION(sys_page_unmap, int(envid_t, void *));
FUNCTION(sys_ipc_try_send, int(envid_t, uint32_t, void *, int));
FUNCTION(sys_ipc_recv, int(void *));
FUNCTION(sys_time_msec, unsigned(void));

/* --- The library. --- */
FUNCTION(umain, void(int, char **));
FUNCTION(readline, char *(const char *));
FUNCTION(set_pgfault_handler, void(void (*)(struct UTrapframe *)));
FUNCTION(fork, envid_t(void));
FUNCTION(sfork, envid_t(void));
FUNCTION(ipc_send, void(envid_t, uint32_t, void *, int));
FUNCTION(ipc_recv, int32_t(envid_t *, void *, int *));
FUNCTION(ipc_find_env, envid_t(enum EnvType));
FUNCTION(spawn, envid_t(const char *, const char **));
FUNCTION(spawnl, envid_t(const char *, const char *, ...));
FUNCTION(wait, void(envid_t));
FUNCTION(pageref, int(void *));
FUNCTION(cputchar, void(int));
FUNCTION(getchar, int(void));
FUNCTION(iscons, int(int));
FUNCTION(opencons, int(void));
FUNCTION(malloc, void *(size_t));
FUNCTION(free, void(void *));
FUNCTION(cprintf, int(const char *, ...));
FUNCTION(vcprintf, int(const char *, va_list));
FUNCTION(printf, int(const char *, ...));
FUNCTION(fprintf, int(int, const char *, ...));
FUNCTION(vfprintf, int(int, const char *, va_list));
FUNCTION(printfmt, void(void (*)(int, void *), void *, const char *, ...));
FUNCTION(vprintfmt, void(void (*)(int, void *), void *, const char *, va_list));
static void exit_is_a_function(void) { void (*f)(void) = exit; USED(f); }
static void snprintf_takes_an_int_or_a_size(char *buf)
{
	snprintf(buf, 10, "%d", 1);
	int (*f)(char *, size_t, const char *, va_list) = (int (*)(char *, size_t, const char *, va_list))vsnprintf;
	USED(f);
}

/* --- Descriptors, as far as there are some. --- */
FUNCTION(read, ssize_t(int, void *, size_t));
FUNCTION(readn, ssize_t(int, void *, size_t));
FUNCTION(write, ssize_t(int, const void *, size_t));
FUNCTION(seek, int(int, off_t));
FUNCTION(close, int(int));
FUNCTION(close_all, void(void));
FUNCTION(dup, int(int, int));
FUNCTION(fstat, int(int, struct Stat *));
FUNCTION(ftruncate, int(int, off_t));
FUNCTION(pipe, int(int[2]));
FUNCTION(pipeisclosed, int(int));
FUNCTION(fd2data, char *(struct Fd *));
FUNCTION(fd2num, int(struct Fd *));
FUNCTION(fd_alloc, int(struct Fd **));
FUNCTION(fd_close, int(struct Fd *, bool));
FUNCTION(fd_lookup, int(int, struct Fd **));
FUNCTION(dev_lookup, int(int, struct Dev **));
EQ(O_RDONLY, 0); EQ(O_WRONLY, 1); EQ(O_RDWR, 2); EQ(O_ACCMODE, 3); EQ(O_CREAT, 0x100); EQ(O_TRUNC, 0x200);
EQ(O_EXCL, 0x400); EQ(O_MKDIR, 0x800); EQ(MAXNAMELEN, 128); EQ(MAXPATHLEN, 1024); EQ(FTYPE_REG, 0); EQ(FTYPE_DIR, 1);
SIZE(((struct Stat *)0)->st_name, MAXNAMELEN); IS(((struct Stat *)0)->st_size, off_t);
IS(((struct Stat *)0)->st_isdir, int); IS(((struct Stat *)0)->st_dev, struct Dev *);
IS(((struct Dev *)0)->dev_id, int); IS(((struct Dev *)0)->dev_name, const char *);
IS(((struct Fd *)0)->fd_dev_id, int); IS(((struct Fd *)0)->fd_offset, off_t); IS(((struct Fd *)0)->fd_omode, int);
IS(((struct Fd *)0)->fd_file.id, int);
SIZE(((struct File *)0)->f_name, MAXNAMELEN); IS(((struct File *)0)->f_size, off_t); SIZE(struct File, 256);
IS(devcons.dev_read, __typeof__(((struct Dev *)0)->dev_read));

/* --- Strings. --- */
static void strings(char *s)
{
	int (*length)(const char *) = (int (*)(const char *))strlen;
	char *(*copy)(char *, const char *) = strcpy;
	char *(*append)(char *, const char *) = strcat;
	int (*compare)(const char *, const char *) = strcmp;
	char *(*find)(const char *, char) = (char *(*)(const char *, char))strchr;
	long (*number)(const char *, char **, int) = strtol;

	USED(length); USED(copy); USED(append); USED(compare); USED(find); USED(number);
	strnlen(s, 1); strncpy(s, s, 0); strlcpy(s, "", 1); strncmp(s, s, 1); strfind(s, 'x');
	memset(s, 0, 1); memcpy(s, s, 0); memmove(s, s, 0); memcmp(s, s, 0); memfind(s, 0, 1);
}

/* --- Instructions. Not run: most are the kernel's to use. --- */
void instructions(void)
{
	char bytes[4];
	uint32_t a, b, c, d;

	breakpoint(); USED(inb(1)); insb(1, bytes, 1); USED(inw(1)); insw(1, bytes, 1); USED(inl(1)); insl(1, bytes, 1);
	outb(1, 2); outsb(1, bytes, 1); outw(1, 2); outsw(1, bytes, 1); outl(1, 2); outsl(1, bytes, 1);
	invlpg(bytes); lcr0(rcr0()); lcr3(rcr3()); lcr4(rcr4()); USED(rcr2()); write_eflags(read_eflags());
	USED(read_ebp()); USED(read_esp()); cpuid(0, &a, &b, &c, &d); USED(read_tsc()); USED(xchg(&a, 1));
	IS(inb(1), uint8_t); IS(inw(1), uint16_t); IS(inl(1), uint32_t); IS(read_tsc(), uint64_t);
}

/* --- Arguments and ELF. --- */
static void arguments(int argc, char **argv)
{
	struct Argstate args;

	argstart(&argc, argv, &args);
	IS(argnext(&args), int); IS(argvalue(&args), char *); IS(argnextvalue(&args), char *);
	args.argc = &argc; args.argv = (const char **)argv; args.curarg = ""; args.argvalue = NULL;
}
SIZE(struct Elf, 52); SIZE(struct Proghdr, 32);
EQ(ELF_MAGIC, 0x464C457FU); EQ(ELF_PROG_LOAD, 1);

/* --- What the linker and the library provide; declared as programs do. --- */
extern unsigned char end[];
extern uint8_t etext[], edata[];
extern void _start(void), _pgfault_upcall(void);
extern void (*_pgfault_handler)(struct UTrapframe *);
extern const char *binaryname;
extern const volatile struct Env *thisenv;
IS(thisenv, const volatile struct Env *);
#ifndef JOS_USER
#error JOS_USER is not defined
#endif

static void complains(int condition)
{
	va_list list;

	assert(condition);
	if (!condition)
		panic("not %s", "this");
	if (!condition)
		warn("nor %s", "that");
	USED(list);
}

void umain(int argc, char **argv)
{
	char text[32] = "x";

	types_kept();
	strings(text);
	snprintf_takes_an_int_or_a_size(text);
	arguments(argc, argv);
	exit_is_a_function();
	complains(1);
	assert((uintptr_t)_start >= UTEXT && (uintptr_t)etext <= (uintptr_t)edata);
	assert((uintptr_t)edata <= (uintptr_t)end);
	assert(!_pgfault_handler && (uintptr_t)_pgfault_upcall < (uintptr_t)etext);
	assert((uintptr_t)uvpt == UVPT && (uintptr_t)uvpd == 0xef7bd000 && (uintptr_t)envs == UENVS);
	assert((uintptr_t)pages == UPAGES);
	assert((uintptr_t)UTEMP == 0x00400000 && (uintptr_t)PFTEMP == 0x007ff000);
	assert((uintptr_t)PGADDR(0x48, 0x345, 0x678) == 0x12345678);
	assert(ROUNDUP(5, 4) == 8 && ROUNDDOWN(5, 4) == 4 && ROUNDUP(8, 4) == 8 && MIN(1, 2) == 1 && MAX(1, 2) == 2);
	assert(argc == 0 && thisenv->env_id == sys_getenvid() && strcmp(binaryname, "<unknown>") == 0);
	cprintf("all right\n");
}
