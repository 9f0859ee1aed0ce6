/* For programs: the public record of an environment. */
#ifndef INC_ENV_H
#define INC_ENV_H

#include <abi/env.h>

#endif
