/* The bits of the rights word: abi/rights.def. */
#ifndef FINCH_ABI_RIGHTS_H
#define FINCH_ABI_RIGHTS_H

#define RIGHT(name, bit, word) RIGHT_##name = 1 << bit,
enum {
#include <abi/rights.def>
};
#undef RIGHT

#define RIGHT(name, bit, word) | RIGHT_##name
enum {
	RIGHTS_ALL = 0
#include <abi/rights.def>
};
#undef RIGHT

#endif
