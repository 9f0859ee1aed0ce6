/* For programs: strings and memory. */
#ifndef INC_STRING_H
#define INC_STRING_H

#include <common/string.h>

#endif
