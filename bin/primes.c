/*
 * primes [N]: the primes up to N by a sieve of processes. Each process has one prime: the first number that reaches it.
 * It passes on what its prime does not divide to the next, which it makes itself.
 */
#include "number.h"

/* What one process does, until the 0 that ends the numbers; true in the next process, which is to do the same. */
static bool sieve(void)
{
	envid_t next = 0;
	int prime = ipc_recv(NULL, NULL, NULL), n;

	if (prime == 0)
		return false;
	cprintf("CPU %d: %d\n", thisenv->env_cpunum, prime);
	while ((n = ipc_recv(NULL, NULL, NULL)) != 0) {
		if (n % prime == 0 || next < 0)
			continue;
		if (!next && (next = fork()) == 0)
			return true;
		if (next > 0)
			ipc_send(next, n, NULL, 0);
		else
			cprintf("primes: no process for %d and what follows: %e\n", n, next);
	}
	if (next > 0) {
		ipc_send(next, 0, NULL, 0);
		wait(next);
	}
	return false;
}

void umain(int argc, char **argv)
{
	int limit = number_argument(argc, argv, 1, (struct number){ "N", 100, 2, 1000000 });
	envid_t first = fork();

	if (first < 0)
		panic("fork: %e", first);
	if (first == 0) {
		while (sieve())
			continue;
		return;
	}
	for (int n = 2; n <= limit; n++)
		ipc_send(first, n, NULL, 0);
	ipc_send(first, 0, NULL, 0);
	wait(first);
}
