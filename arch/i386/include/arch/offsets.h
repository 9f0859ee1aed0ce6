/* Numbers that assembler shares with C structs; arch/i386/kern/tables.c asserts each. */
#ifndef FINCH_ARCH_OFFSETS_H
#define FINCH_ARCH_OFFSETS_H

#define ARCH_FRAME_SIZE 72 /* struct arch_frame */
#define ARCH_FRAME_EAX 32
#define ARCH_FRAME_EFLAGS 60

#define CPU_ATTENTION 8 /* in struct cpu */
#define ATTENTION_SWITCH 1 /* ATTEND_SWITCH there */

/* tf_err of a system call's frame: 0 by int, this by sysenter. */
#define CALL_BY_SYSENTER 1

#endif
