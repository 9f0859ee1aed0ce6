/*
 * The local APIC: each CPU's own interrupt controller and timer, and the way to interrupt and start other CPUs.
 *
 * The registers stand at the same address for every CPU and each sees its own, so nothing here has a lock. CPUs are
 * named by their APIC id here. Only ids below 255 can be reached: the mode with 32-bit ids is switched off.
 *
 * Source: Intel SDM vol. 3A, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef FINCH_DEV_PC_LAPIC_H
#define FINCH_DEV_PC_LAPIC_H

#include <abi/types.h>

/* Vectors from IRQ_OFFSET on, beside the 16 ISA lines. */
#define LAPIC_SPURIOUS_VECTOR 39

/*
 * Map the registers: where the CPU itself says they are, else at `table` (0: the tables do not say), else at the
 * usual place. False: this CPU has no local APIC, or it cannot be mapped.
 */
bool lapic_init(uint32_t table);
/*
 * Set up the calling CPU's: timer stopped, errors reported, LINT1 an NMI, LINT0 off, or with legacy the way for the
 * 8259's interrupts to this CPU. nmi_low: LINT1 is active low.
 */
void lapic_init_cpu(bool legacy, bool nmi_low);
/* Where the registers stand in physical memory, once lapic_init has found them. */
uint32_t lapic_physical(void);
/* The calling CPU's APIC id. */
uint8_t lapic_id(void);

/* Acknowledge the interrupt in service. */
void lapic_done(void);
/* The errors since the last call, as the error status register has them. */
uint32_t lapic_errors(void);

/* Interrupt another CPU (or the caller) with a vector, or with an NMI. */
void lapic_send(uint8_t id, uint8_t vector);
void lapic_send_nmi(uint8_t id);
/* Start the CPU at physical address start (below 1 MB, page aligned). Needs platform_time_ns. */
void lapic_start(uint8_t id, uint32_t start);

/*
 * To measure the timer's rate: start it counting, without an interrupt; and the ticks since then (it stops after
 * 2^32 - 1, not before 30 s).
 */
void lapic_timer_count_start(void);
uint32_t lapic_timer_count_elapsed(void);
/* Tell the measured rate, in ticks per millisecond, and stop the timer. Before this, platform_timer_set guesses. */
void lapic_timer_set_rate(uint32_t khz);

#endif
