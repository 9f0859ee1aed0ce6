/*
 * storm [COUNT]: many processes send messages to many others, some with a page, while some of both kinds are destroyed
 * in the midst of it, after COUNT (default 200) messages each time. Whoever is left must have got every message from
 * whoever is left, in order and once; nobody may wait for ever for one who has gone.
 *
 * A message is a sender's place and a number that counts its messages to this receiver.
 */
#include <finch/syscall.h>

#include "number.h"

#define SENDERS 8
#define RECEIVERS 6
#define VICTIMS 3 /* of each kind */
#define PAGE ((volatile uint32_t *)0x20000000)
#define PERM (PTE_P | PTE_U | PTE_W)
#define STOP 0xFFFFFFFF

/* One page, shared by all. */
struct tally {
	uint32_t sent[SENDERS][RECEIVERS];
	uint32_t received[SENDERS][RECEIVERS];
	uint32_t stop; /* senders are to end */
};

#define TALLY ((volatile struct tally *)0x10000000)

static envid_t receivers[RECEIVERS], senders[SENDERS];

static void must(int result)
{
	if (result < 0)
		panic("%e", result);
}

/* --- What they do. --- */

static void receive(int place)
{
	for (;;) {
		int perm;
		uint32_t value = (uint32_t)ipc_recv(NULL, (void *)PAGE, &perm);
		if (value == STOP)
			exit();
		uint32_t from = value >> 24, number = value & 0xFFFFFF;
		if (from >= SENDERS || number != TALLY->received[from][place])
			panic("message %u of sender %u comes at the wrong time", number, from);
		if (perm ? *PAGE != value : number % 4 == 0)
			panic("message %08x with the permissions %x", value, perm);
		TALLY->received[from][place] = number + 1;
	}
}

static void send(int place)
{
	uint32_t random = (uint32_t)place;

	while (!TALLY->stop) {
		random = random * 1664525 + 1013904223;
		uint32_t to = (random >> 16) % RECEIVERS, number = TALLY->sent[place][to];
		uint32_t value = (uint32_t)place << 24 | number;
		bool with_page = number % 4 == 0;
		if (with_page) {
			must(sys_page_alloc(0, (void *)PAGE, PERM));
			*PAGE = value;
		}
		int err = sys_ipc_send(receivers[to], value, with_page ? (void *)PAGE : (void *)UTOP, PERM, TIMEOUT_NEVER);
		if (err == 0)
			TALLY->sent[place][to] = number + 1;
		else if (err != -E_BAD_ENV) /* that receiver is gone */
			panic("sys_ipc_send: %e", err);
	}
	exit();
}

/* --- What is done to them. --- */

static void start(envid_t *children, int count, void (*act)(int place))
{
	for (int i = 0; i < count; i++) {
		children[i] = fork();
		must(children[i]);
		if (children[i] == 0)
			act(i);
	}
}

static uint32_t total(void)
{
	uint32_t sum = 0;

	for (int s = 0; s < SENDERS; s++)
		for (int r = 0; r < RECEIVERS; r++)
			sum += TALLY->sent[s][r];
	return sum;
}

/* Let messages flow, then destroy a sender and a receiver, and so on. */
static void blow(uint32_t messages)
{
	for (int i = 0; i < VICTIMS; i++) {
		for (uint32_t until = total() + messages; total() < until;)
			sys_yield();
		must(sys_env_destroy(senders[i]));
		must(sys_env_destroy(receivers[i]));
	}
	for (uint32_t until = total() + messages; total() < until;)
		sys_yield();
}

static void calm_down(void)
{
	TALLY->stop = 1;
	for (int s = 0; s < SENDERS; s++)
		wait(senders[s]);
	for (int r = VICTIMS; r < RECEIVERS; r++)
		ipc_send(receivers[r], STOP, NULL, 0);
	for (int r = 0; r < RECEIVERS; r++)
		wait(receivers[r]);
}

/* A destroyed sender may have died before it counted its last message, and a receiver likewise. */
static bool tallies_agree(void)
{
	for (int s = 0; s < SENDERS; s++) {
		for (int r = 0; r < RECEIVERS; r++) {
			uint32_t sent = TALLY->sent[s][r], received = TALLY->received[s][r];
			uint32_t more = s < VICTIMS, fewer = r < VICTIMS;
			if (received > sent + more || received + fewer < sent) {
				cprintf("storm: from %d to %d: %u sent, %u received\n", s, r, sent, received);
				return false;
			}
		}
	}
	return true;
}

void umain(int argc, char **argv)
{
	uint32_t messages = number_argument(argc, argv, 1, (struct number){ "COUNT", 200, 1, 1000000 });

	must(sys_page_alloc(0, (void *)TALLY, PERM | PTE_SHARE));
	start(receivers, RECEIVERS, receive);
	start(senders, SENDERS, send);
	blow(messages);
	calm_down();
	cprintf("storm: %d senders, %d receivers, %d of each destroyed\n", SENDERS, RECEIVERS, VICTIMS);
	cprintf("storm: %s\n", tallies_agree() ? "all right" : "wrong");
}
