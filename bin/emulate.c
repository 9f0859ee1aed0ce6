/*
 * emulate: gives the processor an instruction that it does not have. The opcode 0F B9 (UD1) is promised never to mean
 * anything (Intel SDM vol. 2, UD), and yet has operands like any other: a register, and a register or a word in memory.
 * Here it counts the bits of the second that are 1, into the first.
 *
 * The handler reads the instruction where it stands, finds the operands among the registers of the frame, changes one
 * of them, and goes on behind it: the caller cannot tell, except that it takes longer.
 */
#include <finch/exception.h>
#include <finch/process.h>
#include <inc/lib.h>

static int emulated;

/* Register n as instructions number them (vol. 2, table 2-2). */
static uint32_t *reg(struct ExceptionFrame *frame, unsigned n)
{
	struct PushRegs *regs = &frame->ef_regs;
	uint32_t *const order[] = { &regs->reg_eax, &regs->reg_ecx, &regs->reg_edx, &regs->reg_ebx,
				    (uint32_t *)&frame->ef_esp, &regs->reg_ebp, &regs->reg_esi, &regs->reg_edi };

	return order[n];
}

/*
 * The operand that the ModRM byte at code names, and what follows it: a register, or memory at a register with or
 * without a distance. NULL: one of the rarer forms, with no base, or with an index.
 */
static const uint32_t *operand(struct ExceptionFrame *frame, const uint8_t *code, unsigned *length)
{
	unsigned mode = code[0] >> 6, base = code[0] & 7;
	int32_t distance = 0;

	*length = mode == 1 ? 2 : mode == 2 ? 5 : 1;
	if (mode == 3)
		return reg(frame, base);
	if (base == 4 || (mode == 0 && base == 5))
		return NULL;
	if (mode == 1)
		distance = (int8_t)code[1];
	else if (mode == 2)
		memcpy(&distance, code + 1, 4);
	return (const uint32_t *)(*reg(frame, base) + distance);
}

static uint32_t count_bits(uint32_t word)
{
	uint32_t count = 0;

	for (; word; word &= word - 1)
		count++;
	return count;
}

static bool emulate(struct ExceptionFrame *frame)
{
	const uint8_t *code = (const uint8_t *)frame->ef_eip;
	unsigned length;

	if (frame->ef_trapno != T_ILLOP || code[0] != 0x0F || code[1] != 0xB9)
		return false;
	const uint32_t *from = operand(frame, code + 2, &length);
	if (!from)
		return false;
	*reg(frame, code[2] >> 3 & 7) = count_bits(*from);
	frame->ef_eip += 2 + length;
	emulated++;
	return true;
}

/* The new instruction, between registers and with memory. */
static uint32_t count_register(uint32_t word)
{
	uint32_t count;

	__asm__ volatile(".byte 0x0F, 0xB9, 0xC1" : "=a"(count) : "c"(word)); /* eax from ecx */
	return count;
}

static uint32_t count_memory(const uint32_t *word)
{
	uint32_t count;

	__asm__ volatile(".byte 0x0F, 0xB9, 0x7E, 0xFC" : "=D"(count) : "S"(word + 1), "m"(*word)); /* edi from -4(esi) */
	return count;
}

void umain(int argc, char **argv)
{
	static const uint32_t words[] = { 0, 1, 255, 0x80000001, 0x12345678, 0xFFFFFFFF };
	bool right = true;

	set_exception_handler(emulate);
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		uint32_t count = count_register(words[i]);
		cprintf("emulate: %08x has %u bits\n", words[i], count);
		right = right && count == count_bits(words[i]) && count == count_memory(&words[i]);
	}
	right = right && emulated == 2 * (int)ARRAY_SIZE(words);
	cprintf("emulate: %d instructions emulated, %s\n", emulated, right ? "all right" : "wrong");
}
