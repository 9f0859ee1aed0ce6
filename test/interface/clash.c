/*
 * run: --cpus 2
 * expect: ^\[00001000\] new env 00001001$
 * expect: ^all right: 5050$
 * never: panic
 *
 * A program with global names of its own that a library might have taken, and that uses all of the library beside them.
 */
#include <inc/lib.h>

#define OWN(name) int name = 1;
#define NAMES(X) \
	X(sleep) X(line) X(buf) X(num) X(cat) X(sum) X(usage) X(flag) X(data) X(bol) X(counter) X(error) \
	X(list) X(format) X(calloc) X(realloc) X(start) X(child) X(handler) X(pgfault) X(spin) X(check) \
	X(find) X(copy) X(abs) X(min) X(max) X(time) X(date) X(kill) X(signal) X(send) X(recv) X(parse) \
	X(getline) X(gets) X(puts) X(putchar) X(strdup) X(strstr) X(atoi) X(rand) X(srand) X(qsort) X(lock) \
	X(unlock) X(mutex) X(thread) X(thread_create) X(yield) X(park) X(unpark) X(timer) X(buffer) \
	X(history) X(sink) X(gate) X(page_fault) X(copy_on_write) X(page_mapped) X(pages_alloc) \
	X(pages_share) X(pages_unmap) X(env_alive) X(machine_info) X(exit_status) X(wait_status) X(status) \
	X(archive_find) X(elf_check) X(cpio_find) X(symtab_find) X(div64_32) X(console) X(page) X(perm) \
	X(token) X(args) X(name) X(path) X(root) X(queue) X(head) X(tail) X(next) X(stack) X(heap) X(table) \
	X(index) X(version) X(clock) X(sys_page_alloc_range) X(sys_env_exit) X(mutex_lock) X(fpu) X(label) \
	X(main) X(abort) X(memchr) X(sprintf)

NAMES(OWN)

static void handle(struct UTrapframe *utf)
{
	if (sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), PTE_P | PTE_U | PTE_W) < 0)
		panic("no page");
}

static void out(int c, void *arg)
{
	++*(int *)arg;
	USED(c);
}

/* Never called: what is named here is linked. */
static void uses_all(int argc, char **argv)
{
	struct Argstate state;
	struct Stat stat;
	char text[100];
	int n = 0, ends[2];

	pipe(ends), pipeisclosed(ends[0]);
	argstart(&argc, argv, &state), argnext(&state), argvalue(&state), argnextvalue(&state);
	printfmt(out, &n, "%d", 1), printf("%d", 1), fprintf(1, "%e", -1), snprintf(text, 100, "%s", "x");
	readline("? "), getchar(), cputchar('x'), iscons(0), opencons(), free(malloc(1));
	spawn("hello", (const char **)argv), spawnl("hello", "hello", 0), ipc_find_env(ENV_TYPE_FS), pageref(text);
	read(0, text, 1), readn(0, text, 1), write(1, text, 1), seek(0, 0), close(0), close_all(), dup(0, 1);
	fstat(0, &stat), ftruncate(0, 0), strlcpy(text, "x", 100), strtol("1", NULL, 0), memfind(text, 1, 1);
	sys_env_set_trapframe(0, NULL), sys_time_msec(), sys_cgetc();
}

void umain(int argc, char **argv)
{
	int own = 0;

	if (argc > 1000)
		uses_all(argc, argv);
#define ADD(name) own += name;
	NAMES(ADD)
	set_pgfault_handler(handle);
	*(volatile int *)0x10000000 = own;
	envid_t id = fork();
	if (id == 0) {
		envid_t from;
		int last = ipc_recv(&from, NULL, NULL), all = 0;
		for (; last > 0; last--)
			all += last;
		*(volatile int *)0x20000000 = all;
		ipc_send(from, *(volatile int *)0x20000000, NULL, 0);
		return;
	}
	ipc_send(id, *(volatile int *)0x10000000, NULL, 0);
	int result = ipc_recv(NULL, NULL, NULL);
	wait(id);
	cprintf("all right: %d\n", result * 5050 / (own * (own + 1) / 2));
}
