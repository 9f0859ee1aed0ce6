/*
 * trace [-k KIND,...] PROGRAM [ARGS]: runs a program, and then says what it did: each of its events in their order,
 * read from the event rings of all CPUs. KINDs are sched, syscall, fault, message, lock, irq, request and all; sched
 * and syscall if none is given. What others did meanwhile, its children too, is only counted, in the last line.
 */
#include <abi/syscall.h>
#include <finch/machine.h>
#include <finch/process.h>
#include <finch/trace.h>
#include <inc/lib.h>

#define CPUS_MAX 32
#define RINGS 0x40000000u /* from here on, 4 MB for the ring of each CPU */

static struct cpu {
	struct trace_reader reader;
	struct trace_record record; /* the next one, */
	bool has;                   /* if there is one */
} cpus[CPUS_MAX];
static uint32_t cpu_count, others;

static uint32_t kinds_named(const char *words)
{
	uint32_t kinds;
	const char *bad = trace_kinds_parse(words, &kinds);

	if (!bad)
		return kinds;
	printf("trace: there is no kind of event '%.*s'\n", (int)(strfind(bad, ',') - bad), bad);
	exit_status(1);
}

static void open_rings(uint32_t mask)
{
	struct info_machine machine;
	int err = trace_set(mask);

	if (err >= 0 && (err = machine_info(&machine)) == 0)
		cpu_count = MIN(machine.cpus, (uint32_t)CPUS_MAX);
	for (uint32_t n = 0; n < cpu_count && err >= 0; n++)
		err = trace_open(&cpus[n].reader, (void *)(RINGS + n * PTSIZE), n);
	if (err < 0) {
		trace_set(0);
		if (err == -E_BAD_ENV)
			printf("trace: this needs a right, as in: grant trace trace PROGRAM\n");
		else
			printf("trace: %e\n", err);
		exit_status(1);
	}
}

/* The earliest record that has not been shown. NULL: none is left. */
static struct trace_record *next_record(void)
{
	struct cpu *first = NULL;

	for (uint32_t n = 0; n < cpu_count; n++) {
		struct cpu *cpu = &cpus[n];
		if (!cpu->has)
			cpu->has = trace_next(&cpu->reader, &cpu->record);
		if (cpu->has && (!first || cpu->record.time < first->record.time))
			first = cpu;
	}
	if (first)
		first->has = false;
	return first ? &first->record : NULL;
}

#define SYSCALL0(number, name, ...) [number] = #name,
#define SYSCALL1 SYSCALL0
#define SYSCALL2 SYSCALL0
#define SYSCALL3 SYSCALL0
#define SYSCALL4 SYSCALL0
#define SYSCALL5 SYSCALL0
#define SYSCALL5F SYSCALL0
static const char *const calls[NSYSCALLS] = {
#include <abi/syscall.def>
};

static void show_record(const struct trace_record *record, uint32_t us)
{
	const uint32_t *words = record->words;
	bool call = (record->event == TRACE_CALL || record->event == TRACE_RESULT) && words[0] < NSYSCALLS;

	printf("%8u us  %-9s ", us, trace_event_name(record->event));
	if (record->event == TRACE_LABEL)
		printf("%.12s", (const char *)words);
	else
		printf(trace_event_format(record->event), words[0], words[1], words[2]);
	printf("%s%s\n", call ? "  " : "", call ? calls[words[0]] : "");
}

static void show(envid_t child)
{
	uint32_t khz = cpus[0].reader.ring->tsc_khz, shown = 0;
	uint64_t lost = 0, start = 0;
	struct trace_record *record;

	while ((record = next_record())) {
		if (record->env != child) {
			others++;
			continue;
		}
		start = start ? start : record->time;
		show_record(record, (uint32_t)((record->time - start) * 1000 / khz));
		shown++;
	}
	for (uint32_t n = 0; n < cpu_count; n++)
		lost += cpus[n].reader.lost;
	printf("%u events of %08x, %u of others, %llu lost\n", shown, child, others, lost);
}

void umain(int argc, char **argv)
{
	bool chosen = argc > 2 && strcmp(argv[1], "-k") == 0;
	char **program = argv + (chosen ? 3 : 1);

	if (argc < 2 || !*program) {
		printf("usage: trace [-k KIND,...] PROGRAM [ARGS]\n");
		exit_status(1);
	}
	open_rings(chosen ? kinds_named(argv[2]) : TRACE_KIND_SCHED | TRACE_KIND_SYSCALL);
	envid_t child = spawn(*program, (const char **)program);
	if (child >= 0)
		wait(child);
	trace_set(0);
	if (child < 0) {
		printf("trace: %s: %e\n", *program, child);
		exit_status(1);
	}
	show(child);
}
