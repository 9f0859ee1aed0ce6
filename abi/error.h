/* The error numbers (from error.def). A function that fails returns one of them, negated. */
#ifndef FINCH_ABI_ERROR_H
#define FINCH_ABI_ERROR_H

enum {
#define ERROR(name, number, message) name = number,
#include <abi/error.def>
#undef ERROR
	ERROR_AFTER_LAST,
	MAXERROR = ERROR_AFTER_LAST - 1,
};

#endif
