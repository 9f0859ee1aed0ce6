/* For programs: the numbers of the system calls. The calls as functions are in <inc/lib.h> and <finch/syscall.h>. */
#ifndef INC_SYSCALL_H
#define INC_SYSCALL_H

#include <abi/syscall.h>

#endif
