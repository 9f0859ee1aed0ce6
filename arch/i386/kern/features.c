/* What the processors can do: see features.h. */
#include <common/string.h>
#include <kern/arch.h>
#include <kern/boot.h>
#include <arch/features.h>

#define EDX_TSC (1u << 4)
#define EDX_PSE (1u << 3)
#define EDX_MSR (1u << 5)
#define EDX_CX8 (1u << 8)
#define EDX_APIC (1u << 9)
#define EDX_SEP (1u << 11)
#define EDX_PGE (1u << 13)
#define EDX_FXSR (1u << 24)
#define EDX_SSE (1u << 25)
#define ECX_XSAVE (1u << 26)
#define ECX_AVX (1u << 28)
#define XCR0_USED 7 /* x87, SSE, AVX: SDM vol. 1, 13.3 */
#define EBX7_SMEP (1u << 7)
#define EBX7_SMAP (1u << 20)

struct features features;

static bool has_cpuid(void)
{
	uint32_t flags = read_eflags();

	write_eflags(flags ^ FL_ID);
	bool has = (read_eflags() ^ flags) & FL_ID;
	write_eflags(flags);
	return has;
}

/* The first Pentium Pros announce SEP without having it (SDM vol. 2, SYSENTER). */
static bool sysenter_works(uint32_t signature, uint32_t edx)
{
	uint32_t family = signature >> 8 & 15, model = signature >> 4 & 15, stepping = signature & 15;

	return edx & EDX_SEP && !(family == 6 && model < 3 && stepping < 3);
}

/* SDM vol. 1, 13.2. In the usual layout AVX has its place at byte 576, and 256 bytes. */
static bool xsave_works(uint32_t leaves, uint32_t ecx)
{
	uint32_t states, size, place, c = 2, d;

	if (leaves < 0xD || !(ecx & ECX_XSAVE) || !(ecx & ECX_AVX))
		return false;
	cpuid(0xD, &states, NULL, NULL, NULL);
	__asm__ volatile("cpuid" : "=a"(size), "=b"(place), "+c"(c), "=d"(d) : "0"(0xD));
	return (states & XCR0_USED) == XCR0_USED && size == 256 && place == 576;
}

void features_init(void)
{
	uint32_t leaves, signature, ecx, edx, ebx7 = 0;

	if (!has_cpuid())
		boot_fail("this processor has no CPUID instruction; a Pentium or later with a local APIC is needed");
	cpuid(0, &leaves, NULL, NULL, NULL);
	cpuid(1, &signature, NULL, &ecx, &edx);
	if (leaves >= 7)
		cpuid(7, NULL, &ebx7, NULL, NULL);
	if (!(edx & EDX_TSC))
		boot_fail("this processor has no time-stamp counter (TSC)");
	if (!(edx & EDX_CX8))
		boot_fail("this processor has no CMPXCHG8B instruction");
	if (!(edx & EDX_MSR) || !(edx & EDX_APIC))
		boot_fail("this processor has no local APIC, or it is switched off in the firmware's set-up");
	features.large_pages = edx & EDX_PSE;
	features.global_pages = edx & EDX_PGE;
	features.sysenter = sysenter_works(signature, edx);
	features.fxsr = edx & EDX_FXSR;
	features.sse = features.fxsr && edx & EDX_SSE;
	features.xsave = features.sse && xsave_works(leaves, ecx);
	features.plain_fpu = features.sse && !features.xsave;
	features.smep = ebx7 & EBX7_SMEP;
	features.smap = ebx7 & EBX7_SMAP;
}

uint32_t features_cr4(void)
{
	return (features.large_pages ? CR4_PSE : 0) | (features.global_pages ? CR4_PGE : 0) |
	       (features.fxsr ? CR4_OSFXSR : 0) | (features.sse ? CR4_OSXMMEXCPT : 0) |
	       (features.xsave ? CR4_OSXSAVE : 0) |
	       (features.smep ? CR4_SMEP : 0) | (features.smap ? CR4_SMAP : 0);
}

void features_enable(void)
{
	uint32_t cr4 = features_cr4();

	if (cr4)
		lcr4(cr4);
	lcr0((rcr0() & ~(CR0_EM | CR0_TS | CR0_CD | CR0_NW)) | CR0_WP | CR0_MP | CR0_NE | CR0_AM | CR0_PG | CR0_PE);
	if (features.xsave)
		__asm__ volatile("xsetbv" : : "c"(0), "a"(XCR0_USED), "d"(0));
	__asm__ volatile("fninit");
}

void arch_cpu_name(char *name, size_t size)
{
	uint32_t last, words[13] = { 0 };

	cpuid(0x80000000, &last, NULL, NULL, NULL);
	if (last >= 0x80000004) {
		for (unsigned i = 0; i < 3; i++)
			cpuid(0x80000002 + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2], &words[4 * i + 3]);
	} else {
		cpuid(0, NULL, &words[0], &words[2], &words[1]);
	}
	const char *text = (const char *)words;
	while (*text == ' ')
		text++;
	strlcpy(name, text, size);
}
