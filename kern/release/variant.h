/* The release build: what users run and what is measured. */
#ifndef FINCH_VARIANT_H
#define FINCH_VARIANT_H

#define VARIANT_DEBUG 0
#define VARIANT_NAME "release"

#endif
