/* For programs: single instructions as functions. */
#ifndef INC_X86_H
#define INC_X86_H

#include <arch/x86.h>

#endif
