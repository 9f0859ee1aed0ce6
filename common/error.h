/* The texts of the errors in <abi/error.def>. */
#ifndef FINCH_COMMON_ERROR_H
#define FINCH_COMMON_ERROR_H

#include <abi/error.h>
#include <common/names.h>

/* The text of an error number of either sign, or NULL if there is no such error. */
const char *error_text(int error) LINKED_NAME(error_text);

#endif
