/*
 * What the linker sees of common code's names: in a program's library they carry a prefix, so that a program may have
 * a function of its own of the same name. JOS_USER is what programs are compiled with.
 */
#ifndef FINCH_COMMON_NAMES_H
#define FINCH_COMMON_NAMES_H

#ifdef JOS_USER
#define LINKED_NAME(name) __asm__("libos_" #name)
#else
#define LINKED_NAME(name)
#endif

#endif
