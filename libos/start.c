/* The start and the end of a program. */
#include <arch/usercall.h>
#include <finch/process.h>
#include <finch/syscall.h>
#include <inc/lib.h>

struct libos_self libos_main_self = { .self = &libos_main_self };
struct libos_self *libos_first = &libos_main_self;
const char *binaryname = "<unknown>";

/* Called by _start, with what the program's maker left on its stack. */
void libos_main(int argc, char **argv) __attribute__((noreturn));

void libos_main(int argc, char **argv)
{
	libos_gate_choose();
	sys_env_set(0, ENV_SET_TLS, (uintptr_t)&libos_main_self);
	thisenv = &envs[ENVX(sys_getenvid())];
	if (argc > 0 && argv[0])
		binaryname = argv[0];
	umain(argc, argv);
	exit();
}

/* Only where the program uses descriptors does it carry the code that closes them. */
void close_all(void) __attribute__((weak));

void exit_status(int status)
{
	if (close_all)
		close_all();
	sys_space_exit(status);
}

void exit(void)
{
	exit_status(0);
}
