/* The debug build: assertions, lock checks, junk in freed pages. */
#ifndef FINCH_VARIANT_H
#define FINCH_VARIANT_H

#define VARIANT_DEBUG 1
#define VARIANT_NAME "debug"

#endif
