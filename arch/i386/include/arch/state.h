/*
 * The parts of an environment's state that differ between architectures: see <abi/state.h>. Their layout is fixed, for
 * they are kept in files.
 */
#ifndef FINCH_ARCH_STATE_H
#define FINCH_ARCH_STATE_H

#include <arch/trapframe.h>

/* STATE_REGISTERS. What is harmful in it is made harmless, as by SYS_env_set_trapframe. */
struct state_registers {
	struct Trapframe frame;
	uint32_t fs, gs;   /* selectors; one that a program cannot load becomes 0 */
	uint32_t tls_base; /* of the segment that GD_TLS selects */
};

/*
 * The forms of an FPU image, by the instruction that stores it: the CPU has one of them. SDM vol. 1, 8.1.10, 10.5.1,
 * 13.4.
 */
enum { FPU_FNSAVE = 1, FPU_FXSAVE, FPU_XSAVE };

#define FPU_FNSAVE_SIZE 108
#define FPU_FXSAVE_SIZE 512
#define FPU_XSAVE_SIZE 832 /* fxsave's, a header of 64 bytes, and the upper halves of the AVX registers */

/* STATE_FPU. What an image has beyond its size, and where its form has nothing, is 0. */
struct state_fpu {
	uint32_t format; /* FPU_ */
	uint32_t size;   /* of the image in bytes */
	uint8_t image[FPU_XSAVE_SIZE];
};

#endif
