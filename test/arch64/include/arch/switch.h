/* Saving and loading registers of the 64-bit machine that kern/ is compiled for as a check: see mmu.h. */
#ifndef FINCH_ARCH_SWITCH_H
#define FINCH_ARCH_SWITCH_H

#include <kern/cpu.h>
#include <kern/env.h>

void arch_env_save(const struct cpu *cpu, struct env *env);
void arch_env_save_plain(const struct cpu *cpu, struct env *env);
struct Trapframe *arch_frame_here(const struct cpu *cpu);
void arch_leave(const struct cpu *cpu) __attribute__((noreturn));
void arch_env_load(struct cpu *cpu, const struct env *env);
void arch_env_switch(struct cpu *cpu, struct env *from, const struct env *to);

uint32_t arch_ports_open(const struct cpu *cpu);
void arch_env_switch_ports(struct cpu *cpu, const struct env *env);

#endif
