/*
 * mandelbrot [COUNT]: a picture of the Mandelbrot set, computed with floating point by COUNT processes (default 8).
 * They take rows as they come, from a counter in the page that they share, which the picture stands on too.
 *
 * Each process has numbers of its own in all FPU and SSE registers while the others run, and looks after each row
 * whether they are still there.
 */
#include "number.h"

#define COUNT_MAX 64
#define WIDTH 70
#define HEIGHT 23 /* odd: the middle row is the real axis */
#define ROUNDS_MAX 250
#define YIELDS 3

/* One page, shared by all. */
struct picture {
	uint32_t next_row;
	uint32_t finished; /* processes that found their registers as they left them */
	char rows[HEIGHT][WIDTH + 1];
};

#define PICTURE ((struct picture *)0x10000000)
static_assert(sizeof(struct picture) <= PGSIZE, "the picture is one page");

/* --- The set. --- */

/* How soon x + iy gets out of the circle of radius 2: ROUNDS_MAX for never. */
static int rounds_inside(double x, double y)
{
	double re = 0, im = 0;
	int n = 0;

	while (n < ROUNDS_MAX && re * re + im * im <= 4) {
		double next = re * re - im * im + x;
		im = 2 * re * im + y;
		re = next;
		n++;
	}
	return n;
}

static char shade(int rounds)
{
	static const char shades[] = " .,:;-=+*xoXO%";
	int i = 0;

	if (rounds == ROUNDS_MAX)
		return '@';
	for (; rounds > 1 && i < (int)sizeof(shades) - 2; rounds -= 1 + rounds / 5)
		i++;
	return shades[i];
}

static void compute_row(int row)
{
	double y = (row - HEIGHT / 2) * (2.3 / HEIGHT);

	for (int column = 0; column < WIDTH; column++)
		PICTURE->rows[row][column] = shade(rounds_inside(-2.1 + column * (2.9 / WIDTH), y));
}

/* --- The registers. --- */

/* Put numbers into all FPU registers, let others run, store what is there then. In one piece: no C between. */
static void fpu_over_yields(const double *in, double *out)
{
	__asm__ volatile("fldl (%0); fldl 8(%0); fldl 16(%0); fldl 24(%0)\n"
			 "fldl 32(%0); fldl 40(%0); fldl 48(%0); fldl 56(%0)\n"
			 "1: movl %3, %%eax; int %4; decl %2; jnz 1b\n"
			 "fstpl 56(%1); fstpl 48(%1); fstpl 40(%1); fstpl 32(%1)\n"
			 "fstpl 24(%1); fstpl 16(%1); fstpl 8(%1); fstpl (%1)"
			 : : "S"(in), "D"(out), "b"(YIELDS), "i"(SYS_yield), "i"(T_SYSCALL)
			 : "eax", "ecx", "edx", "cc", "memory",
			   "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)");
}

static bool fpu_kept(int place)
{
	double in[8], out[8] = { 0 };

	for (int i = 0; i < 8; i++)
		in[i] = 100.25 * place + i;
	fpu_over_yields(in, out);
	return memcmp(in, out, sizeof(in)) == 0;
}

/* The compiler uses no SSE for programs, so what stands there stays over rows: 8 registers of 16 bytes. */
static bool has_sse(void)
{
	uint32_t features;

	cpuid(1, NULL, NULL, NULL, &features);
	return features >> 25 & 1;
}

static void sse_fill(const uint8_t *from)
{
	__asm__ volatile("movups (%0), %%xmm0; movups 16(%0), %%xmm1; movups 32(%0), %%xmm2; movups 48(%0), %%xmm3\n"
			 "movups 64(%0), %%xmm4; movups 80(%0), %%xmm5; movups 96(%0), %%xmm6; movups 112(%0), %%xmm7"
			 : : "r"(from) : "memory");
}

static void sse_store(uint8_t *to)
{
	__asm__ volatile("movups %%xmm0, (%0); movups %%xmm1, 16(%0); movups %%xmm2, 32(%0); movups %%xmm3, 48(%0)\n"
			 "movups %%xmm4, 64(%0); movups %%xmm5, 80(%0); movups %%xmm6, 96(%0); movups %%xmm7, 112(%0)"
			 : : "r"(to) : "memory");
}

/* --- The processes. --- */

static void compute_rows(int place)
{
	bool sse = has_sse();
	uint8_t numbers[128], found[128];

	for (size_t i = 0; i < sizeof(numbers); i++)
		numbers[i] = (uint8_t)(17 * place + i + 1);
	if (sse)
		sse_fill(numbers);
	for (;;) {
		uint32_t row = __atomic_fetch_add(&PICTURE->next_row, 1, __ATOMIC_RELAXED);
		if (row >= HEIGHT)
			break;
		compute_row((int)row);
		if (!fpu_kept(place))
			panic("row %u: the FPU holds another's numbers", row);
		if (!sse)
			continue;
		sse_store(found);
		if (memcmp(found, numbers, sizeof(found)) != 0)
			panic("row %u: the SSE registers hold another's numbers", row);
	}
	__atomic_add_fetch(&PICTURE->finished, 1, __ATOMIC_RELAXED);
}

/* Print the picture. Is what stands above the real axis the same as below? */
static bool show(void)
{
	bool even = true;

	for (int row = 0; row < HEIGHT; row++) {
		cprintf("%s\n", PICTURE->rows[row]);
		even = even && strcmp(PICTURE->rows[row], PICTURE->rows[HEIGHT - 1 - row]) == 0;
	}
	return even;
}

void umain(int argc, char **argv)
{
	int count = number_argument(argc, argv, 1, (struct number){ "COUNT", 8, 1, COUNT_MAX });
	envid_t children[COUNT_MAX];
	int err = sys_page_alloc(0, PICTURE, PTE_P | PTE_U | PTE_W | PTE_SHARE);
	if (err < 0)
		panic("sys_page_alloc: %e", err);
	for (int i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] < 0)
			panic("fork: %e", children[i]);
		if (children[i] == 0) {
			compute_rows(i);
			return;
		}
	}
	for (int i = 0; i < count; i++)
		wait(children[i]);
	bool right = show() && PICTURE->finished == (uint32_t)count;
	cprintf("mandelbrot: %d processes, %s\n", count, right ? "all right" : "wrong");
}
