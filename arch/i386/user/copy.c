/* Copying by 16 bytes at a time, where the CPU has SSE: the kernel saves its registers for every environment. */
#include <arch/usercall.h>
#include <common/string.h>
#include "copy.h"

#define BLOCK 256u

bool copy_has_sse;

/* n is a multiple of BLOCK. The index counts up to 0: one addition for both sides, and its flags end the loop. */
static inline void copy_blocks(char *to, const char *from, size_t n)
{
	if (n == 0)
		return;
	to += n;
	from += n;
	n = -n;
	__asm__ volatile("1:\n"
			 ".irp at, 0, 128\n\t" /* twice */
			 "movups \\at(%1,%2), %%xmm0; movups \\at+16(%1,%2), %%xmm1; movups \\at+32(%1,%2), %%xmm2\n\t"
			 "movups \\at+48(%1,%2), %%xmm3; movups \\at+64(%1,%2), %%xmm4; movups \\at+80(%1,%2), %%xmm5\n\t"
			 "movups \\at+96(%1,%2), %%xmm6; movups \\at+112(%1,%2), %%xmm7\n\t"
			 "movups %%xmm0, \\at(%0,%2); movups %%xmm1, \\at+16(%0,%2); movups %%xmm2, \\at+32(%0,%2)\n\t"
			 "movups %%xmm3, \\at+48(%0,%2); movups %%xmm4, \\at+64(%0,%2); movups %%xmm5, \\at+80(%0,%2)\n\t"
			 "movups %%xmm6, \\at+96(%0,%2); movups %%xmm7, \\at+112(%0,%2)\n\t"
			 ".endr\n\t"
			 "addl $256, %2; jnz 1b"
			 : "+r"(to), "+r"(from), "+r"(n) : : "memory", "cc");
}

void libos_copy(void *to, const void *from, size_t n)
{
	char *d = to;
	const char *s = from;

	if (n >= BLOCK) {
		size_t blocks = copy_has_sse ? n & -BLOCK : 0;
		copy_blocks(d, s, blocks);
		if (n > blocks)
			memcpy(d + blocks, s + blocks, n - blocks);
		return;
	}
	for (; n >= sizeof(uint32_t); n -= sizeof(uint32_t), d += sizeof(uint32_t), s += sizeof(uint32_t))
		*(uint32_t *)d = *(const uint32_t *)s;
	while (n-- > 0)
		*d++ = *s++;
}
