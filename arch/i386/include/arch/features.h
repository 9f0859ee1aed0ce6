/* What the processors can do, read once on the boot CPU. Source: Intel SDM vol. 2, CPUID. */
#ifndef FINCH_I386_FEATURES_H
#define FINCH_I386_FEATURES_H

#include <abi/types.h>

struct features {
	bool large_pages;  /* PSE */
	bool global_pages; /* PGE */
	bool sysenter;     /* SEP, and it works */
	bool fxsr;         /* FXSAVE, FXRSTOR */
	bool xsave;        /* XSAVE, XRSTOR, and AVX, which is what they are used for */
	bool sse;
	bool plain_fpu;    /* SSE, and no XSAVE: FXSAVE saves all there is */
	bool smep;
	bool smap;
};

extern struct features features;

/* Read them. Ends the boot if something is missing that the kernel cannot do without. */
void features_init(void);
/* Switch on, on the calling CPU, what the kernel uses of them. */
void features_enable(void);
/* The value of cr4 that features_enable sets; 0: the processor may have no cr4. */
uint32_t features_cr4(void);

#endif
