/*
 * An environment's registers and FPU as its parent gets and sets them. An FPU image is checked for all that would make
 * the instruction that loads it fault in the kernel.
 */
#include <abi/error.h>
#include <abi/state.h>
#include <common/string.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <arch/features.h>
#include <arch/switch.h>
#include "tables.h"

static_assert(sizeof(struct state_registers) == 80 && sizeof(struct state_fpu) == 840, "as doc/checkpoint.md has it");
static_assert(sizeof ((struct arch_env *)0)->fpu == FPU_XSAVE_SIZE, "the largest image");

/*
 * Places in an image. SDM vol. 1, table 10-2 (MXCSR and its mask; what follows xmm7 is not there in 32-bit mode) and
 * 13.4.
 */
#define IMAGE_MXCSR 24
#define IMAGE_MXCSR_MASK 28
#define IMAGE_XMM_END 288
#define IMAGE_STATES 512     /* xsave: bits of the components that are not as after a reset */
#define IMAGE_HEADER_REST 520 /* must be 0 for xrstor: 13.8.1 */
#define IMAGE_AVX 576
#define IMAGE_AVX_END 704    /* of ymm7 */
#define STATE_AVX 4
#define STATES_ALL 7
#define MXCSR_MASK_DEFAULT 0xFFBF /* 11.6.6: of a CPU that gives none */

void arch_env_registers(const struct env *env, struct state_registers *state)
{
	state->frame = env->pub->env_tf;
	state->fs = env->arch.fs;
	state->gs = env->arch.gs;
	state->tls_base = tables_tls_base(env->arch.tls);
}

/* A selector that a program can load, else 0. */
static uint32_t selector_of(uint32_t selector)
{
	uint32_t index = selector & ~3u;

	return index == 0 || index == GD_UT || index == GD_UD || index == GD_TLS ? selector : 0;
}

void arch_env_set_registers(struct env *env, const struct state_registers *state)
{
	struct Trapframe frame = state->frame;

	arch_frame_sanitize(&frame);
	frame.tf_regs.reg_oesp = 0;
	frame.tf_ds = selector_of(frame.tf_ds);
	frame.tf_es = selector_of(frame.tf_es);
	env->pub->env_tf = frame;
	env->arch.fs = selector_of(state->fs);
	env->arch.gs = selector_of(state->gs);
	env->arch.tls = tables_tls(state->tls_base);
}

static uint32_t fpu_format(void)
{
	return features.xsave ? FPU_XSAVE : features.fxsr ? FPU_FXSAVE : FPU_FNSAVE;
}

static uint32_t fpu_size(uint32_t format)
{
	return format == FPU_XSAVE ? FPU_XSAVE_SIZE : format == FPU_FXSAVE ? FPU_FXSAVE_SIZE : FPU_FNSAVE_SIZE;
}

static uint32_t word_at(const uint8_t *image, unsigned at)
{
	return *(const uint32_t *)(image + at);
}

/* What the processor stores, and nothing of what stood in between before. */
static void image_copy(uint8_t *to, const uint8_t *from, uint32_t format)
{
	memset(to, 0, FPU_XSAVE_SIZE);
	memcpy(to, from, format == FPU_FNSAVE ? FPU_FNSAVE_SIZE : IMAGE_XMM_END);
	if (format != FPU_XSAVE)
		return;
	memcpy(to + IMAGE_STATES, from + IMAGE_STATES, IMAGE_HEADER_REST - IMAGE_STATES);
	if (word_at(from, IMAGE_STATES) & STATE_AVX)
		memcpy(to + IMAGE_AVX, from + IMAGE_AVX, IMAGE_AVX_END - IMAGE_AVX);
}

void arch_env_fpu(const struct env *env, struct state_fpu *state)
{
	state->format = fpu_format();
	state->size = fpu_size(state->format);
	image_copy(state->image, env->arch.fpu, state->format);
}

/* The bits of MXCSR that this CPU knows. */
static uint32_t mxcsr_mask(void)
{
	uint8_t *area = this_cpu()->env->arch.fpu; /* of no use while the caller runs */

	arch_fpu_save(area);
	uint32_t mask = word_at(area, IMAGE_MXCSR_MASK);
	return mask ? mask : MXCSR_MASK_DEFAULT;
}

static bool header_good(const uint8_t *image)
{
	for (unsigned i = IMAGE_HEADER_REST; i < IMAGE_AVX; i++)
		if (image[i])
			return false;
	return !(word_at(image, IMAGE_STATES) & ~STATES_ALL) && !word_at(image, IMAGE_STATES + 4);
}

int arch_env_set_fpu(struct env *env, const struct state_fpu *state)
{
	uint32_t format = fpu_format();

	if (state->format != format || state->size != fpu_size(format))
		return -E_INVAL;
	if (format != FPU_FNSAVE && word_at(state->image, IMAGE_MXCSR) & ~mxcsr_mask())
		return -E_INVAL;
	if (format == FPU_XSAVE && !header_good(state->image))
		return -E_INVAL;
	image_copy(env->arch.fpu, state->image, format);
	return 0;
}
