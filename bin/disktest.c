/*
 * disktest DISK[,DISK]... [REQUESTS] [CLIENTS] [KILLS] [SECTORS]: write and read disks under load. ALL THAT IS ON THEM
 * IS LOST.
 *
 * Each of CLIENTS (4) processes, which take the disks in turn, has SECTORS (4096) of its disk for itself, from sector 0
 * on, and does REQUESTS (2000) reads and writes there, of random places and sizes, many in flight at a time. What is
 * read must be what was written there last. Meanwhile the disks' drivers are killed KILLS (3) times. In the end all is
 * written once more and read back, which leaves pattern(sector, word, LAST) on the disk: somebody else can check that.
 */
#include <finch/block.h>
#include <finch/disks.h>
#include <finch/ipc.h>
#include <finch/memory.h>
#include <finch/process.h>
#include <inc/lib.h>

#include "number.h"

#define CLIENTS_MAX 12
#define CHUNK 8       /* sectors: what is written in one generation */
#define CHUNKS_MAX 16 /* of a request */
#define CHUNKS_ALL 16384
#define FLIGHT 24     /* requests at a time */
#define LAST 0xFFFF   /* the last generation */
#define WORDS (BLOCK_SECTOR / sizeof(uint32_t))

#define BUFFERS ((uint32_t *)0x20000000)
#define BUFFER_SIZE (CHUNKS_MAX * CHUNK * BLOCK_SECTOR)

struct request {
	int op; /* 0: none */
	uint32_t chunk, count; /* of the client's */
	uint32_t *buffer;
};

/* What all processes share. */
struct tally {
	uint32_t done[CLIENTS_MAX];
	uint32_t sectors[CLIENTS_MAX];
};

#define TALLY ((volatile struct tally *)0x10000000)

static const char *name; /* of the disk, or, in the first process, of all */
static const char *names[DISKS_MAX];
static uint32_t disk_count;
static struct block_disk *disk;
static uint32_t first;                     /* sector of this client */
static uint32_t chunks;                    /* it has */
static uint16_t generations[CHUNKS_ALL];   /* of each chunk; 0: nobody knows what it holds */
static bool busy[CHUNKS_ALL];
static struct request requests[FLIGHT];
static struct request *by_tag[BLOCK_DEPTH];
static uint32_t in_flight, random_state, place;

static void fail(const char *what, int err) __attribute__((noreturn));
static void fail(const char *what, int err)
{
	printf("disktest: %s: %s: %e\n", name, what, err);
	exit_status(1);
}

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % limit;
}

/* --- What a sector holds. --- */

static uint32_t pattern(uint32_t sector, uint32_t word, uint32_t generation)
{
	uint32_t x = sector * 2654435761u + word * 40503u + generation * 97u;

	return x ^ x >> 15;
}

static void fill(uint32_t *to, uint32_t chunk)
{
	for (uint32_t s = 0; s < CHUNK; s++)
		for (uint32_t w = 0; w < WORDS; w++)
			*to++ = pattern(first + chunk * CHUNK + s, w, generations[chunk]);
}

static void check(const uint32_t *from, uint32_t chunk)
{
	for (uint32_t i = 0; i < CHUNK * WORDS && generations[chunk] > 0; i++) {
		uint32_t sector = first + chunk * CHUNK + i / WORDS;
		uint32_t expected = pattern(sector, i % WORDS, generations[chunk]);
		if (from[i] == expected)
			continue;
		printf("disktest: %s: sector %u word %u holds %08x, not %08x\n", name, sector, i % (uint32_t)WORDS,
		       from[i], expected);
		exit_status(1);
	}
}

/* --- Requests. --- */

/* One has ended: if it is a read, it must have brought what was written. */
static void end_one(void)
{
	int err, tag = block_wait_any(disk, &err);
	struct request *request = by_tag[tag];

	if (err < 0)
		fail(request->op == BLOCK_READ ? "a read" : request->op == BLOCK_WRITE ? "a write" : "a flush", err);
	for (uint32_t i = 0; i < request->count; i++) {
		busy[request->chunk + i] = false;
		if (request->op == BLOCK_READ)
			check(request->buffer + i * CHUNK * WORDS, request->chunk + i);
	}
	request->op = 0;
	in_flight--;
	TALLY->done[place]++;
	TALLY->sectors[place] += request->count * CHUNK;
}

static void end_all(void)
{
	while (in_flight > 0)
		end_one();
}

/* Submit a request; generation is what it writes, 0: the next one. */
static void begin(int op, uint32_t chunk, uint32_t count, uint16_t generation)
{
	struct request *request = requests;

	if (in_flight == FLIGHT)
		end_one();
	while (request->op)
		request++;
	request->op = op;
	request->chunk = chunk;
	request->count = count;
	for (uint32_t i = 0; i < count; i++) {
		busy[chunk + i] = true;
		if (op != BLOCK_WRITE)
			continue;
		generations[chunk + i] = generation ? generation : generations[chunk + i] % (LAST - 1) + 1;
		fill(request->buffer + i * CHUNK * WORDS, chunk + i);
	}
	int tag = block_submit(disk, op, first + chunk * CHUNK, count * CHUNK, request->buffer);
	if (tag < 0)
		fail("submitting", tag);
	by_tag[tag] = request;
	in_flight++;
}

/* Somewhere random, as large as there is room. */
static void begin_random(void)
{
	uint32_t count = 0, wanted = 1 + random_below(CHUNKS_MAX), chunk = random_below(chunks);

	while (count < wanted && chunk + count < chunks && !busy[chunk + count])
		count++;
	if (random_below(64) == 0)
		begin(BLOCK_FLUSH, 0, 0, 0);
	else if (count > 0)
		begin(random_below(2) ? BLOCK_READ : BLOCK_WRITE, chunk, count, 0);
	else
		end_one();
}

/* All of it, once. */
static void begin_all(int op)
{
	for (uint32_t chunk = 0; chunk < chunks; chunk += CHUNKS_MAX)
		begin(op, chunk, MIN(chunks - chunk, (uint32_t)CHUNKS_MAX), LAST);
	end_all();
}

/* --- A client. --- */

static void work(uint32_t count)
{
	int err = block_open(name, &disk);

	if (err < 0)
		fail("cannot be opened", err);
	if (block_sectors(disk) < first + chunks * CHUNK)
		fail("too small", -E_INVAL);
	if ((err = pages_alloc(0, BUFFERS, PTE_P | PTE_U | PTE_W, FLIGHT * BUFFER_SIZE / PGSIZE)) < 0 ||
	    (err = block_share(disk, BUFFERS, FLIGHT * BUFFER_SIZE / PGSIZE)) < 0)
		fail("sharing memory", err);
	for (uint32_t i = 0; i < FLIGHT; i++)
		requests[i].buffer = BUFFERS + i * (BUFFER_SIZE / sizeof(uint32_t));
	random_state = place + 1;
	while (TALLY->done[place] < count)
		begin_random();
	end_all();
	begin_all(BLOCK_WRITE);
	if ((err = block_flush(disk)) < 0)
		fail("the last flush", err);
	begin_all(BLOCK_READ);
	block_close(disk);
}

/* --- The first process. --- */

static uint32_t total(void)
{
	uint32_t sum = 0;

	for (int i = 0; i < CLIENTS_MAX; i++)
		sum += TALLY->done[i];
	return sum;
}

/* Take the list of disks apart. */
static void split(char *list)
{
	while (list && disk_count < DISKS_MAX) {
		names[disk_count++] = list;
		if ((list = strchr(list, ',')))
			*list++ = 0;
	}
}

/* Kill a disk's driver when the clients have got so far, unless they have given up before. */
static void kill_driver(const char *disk_name, uint32_t when, envid_t *clients, uint32_t count)
{
	while (total() < when) {
		bool any = false;
		for (uint32_t i = 0; i < count; i++)
			any |= env_alive(clients[i]);
		if (!any)
			return;
		sleep_ms(1);
	}
	uint32_t number = (uint32_t)strtol(disk_name + strlen("disk"), NULL, 10);
	int err = sys_ipc_call(disks_server(), DISKS_KILL | number << 8, NULL, 0, IPC_NO_PAGES);
	if (err == 0)
		err = (int)thisenv->env_ipc_value;
	if (err < 0)
		fail("killing the driver", err);
}

static bool all_right(const envid_t *clients, uint32_t count)
{
	bool right = true;

	for (uint32_t i = 0; i < count; i++) {
		int status = 1;
		if (wait_status(clients[i], &status) < 0 || status != 0)
			right = false;
	}
	return right;
}

static void start_clients(envid_t *clients, uint32_t count, uint32_t request_count)
{
	for (place = 0; place < count; place++) {
		if ((clients[place] = fork()) < 0)
			fail("fork", clients[place]);
		if (clients[place] == 0) {
			name = names[place % disk_count];
			first = place / disk_count * chunks * CHUNK;
			work(request_count);
			exit();
		}
	}
}

static void report(uint32_t count, uint32_t kills, bool right)
{
	uint32_t megabytes = 0;

	for (uint32_t i = 0; i < count; i++)
		megabytes += TALLY->sectors[i] / (0x100000 / BLOCK_SECTOR);
	printf("disktest: %s: %u requests, %u MB by %u processes, the driver killed %u times\n", name, total(),
	       megabytes, count, kills);
	printf("disktest: %s\n", right ? "all right" : "wrong");
}

static uint32_t argument(int argc, char **argv, int n, struct number number)
{
	return (uint32_t)number_argument(argc, argv, n, number);
}

void umain(int argc, char **argv)
{
	uint32_t requests_each = argument(argc, argv, 2, (struct number){ "REQUESTS", 2000, 1, 10000000 });
	uint32_t count = argument(argc, argv, 3, (struct number){ "CLIENTS", 4, 1, CLIENTS_MAX });
	uint32_t kills = argument(argc, argv, 4, (struct number){ "KILLS", 3, 0, 1000 });
	uint32_t sectors = argument(argc, argv, 5, (struct number){ "SECTORS", 4096, CHUNK, CHUNKS_ALL * CHUNK });
	static char list[256];
	envid_t clients[CLIENTS_MAX];

	if (argc < 2) {
		printf("disktest: which disk, whose contents are lost? As in: disktest disk0 (sector lists them)\n");
		exit_status(1);
	}
	name = argv[1];
	strlcpy(list, name, sizeof(list));
	split(list);
	if (!disks_server())
		fail("no disk server (./finch run --disk FILE starts it)", -E_NOT_FOUND);
	chunks = sectors / CHUNK;
	sys_page_alloc(0, (void *)TALLY, PTE_P | PTE_U | PTE_W | PTE_SHARE);
	start_clients(clients, count, requests_each);
	for (uint32_t i = 1; i <= kills; i++)
		kill_driver(names[i % disk_count], requests_each * count / (kills + 1) * i, clients, count);
	bool right = all_right(clients, count);
	report(count, kills, right);
	exit_status(!right);
}
