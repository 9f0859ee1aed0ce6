/* The version, in one place. */
#ifndef FINCH_KERN_VERSION_H
#define FINCH_KERN_VERSION_H

#include <variant.h>

#define FINCH_VERSION "0.1 (" VARIANT_NAME ")"

#endif
