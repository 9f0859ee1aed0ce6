/* Which gate into the kernel the CPU allows. */
#include <arch/usercall.h>
#include <arch/x86.h>
#include "copy.h"

void libos_gate_sysenter(void);
void libos_gate5_sysenter(void);

#define CPUID_EDX_SEP (1u << 11) /* Intel SDM vol. 2A, CPUID, table 3-11 */
#define CPUID_EDX_SSE (1u << 25)

/*
 * Does the CPU have sysenter? The first Pentium Pros (family 6 below model 3, stepping 3) claim it and do not:
 * Intel SDM vol. 2B, SYSENTER.
 */
static bool has_sysenter(void)
{
	uint32_t signature, features;

	cpuid(1, &signature, NULL, NULL, &features);
	copy_has_sse = features & CPUID_EDX_SSE;
	if (!(features & CPUID_EDX_SEP))
		return false;
	uint32_t family = signature >> 8 & 0xF, model = signature >> 4 & 0xF, stepping = signature & 0xF;
	return !(family == 6 && model < 3 && stepping < 3);
}

void libos_gate_choose(void)
{
	if (has_sysenter()) {
		libos_gate5 = libos_gate5_sysenter;
		libos_gate = libos_gate_sysenter;
	}
}
