/* Copying by 16 bytes at a time, where the CPU has SSE: the kernel saves its registers for every environment. */
#include <arch/usercall.h>
#include <common/string.h>
#include "copy.h"

#define BLOCK 128

bool copy_has_sse;

void libos_copy(void *to, const void *from, size_t n)
{
	char *d = to;
	const char *s = from;

	for (; copy_has_sse && n >= BLOCK; n -= BLOCK, d += BLOCK, s += BLOCK) {
		__asm__ volatile("movups (%1), %%xmm0; movups 16(%1), %%xmm1; movups 32(%1), %%xmm2\n\t"
				 "movups 48(%1), %%xmm3; movups 64(%1), %%xmm4; movups 80(%1), %%xmm5\n\t"
				 "movups 96(%1), %%xmm6; movups 112(%1), %%xmm7\n\t"
				 "movups %%xmm0, (%0); movups %%xmm1, 16(%0); movups %%xmm2, 32(%0)\n\t"
				 "movups %%xmm3, 48(%0); movups %%xmm4, 64(%0); movups %%xmm5, 80(%0)\n\t"
				 "movups %%xmm6, 96(%0); movups %%xmm7, 112(%0)"
				 : : "r"(d), "r"(s) : "memory");
	}
	memcpy(d, s, n);
}
