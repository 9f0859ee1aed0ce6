/* For programs: the error numbers, which calls return negated; %e prints one. */
#ifndef INC_ERROR_H
#define INC_ERROR_H

#include <abi/error.h>

#endif
