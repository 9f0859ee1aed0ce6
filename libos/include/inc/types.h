/* For programs: the integer types and small macros. */
#ifndef INC_TYPES_H
#define INC_TYPES_H

#include <abi/types.h>

#endif
