/* The texts of the errors, made from the one list. */
#include <abi/types.h>
#include <common/error.h>

static const char *const texts[MAXERROR + 1] = {
#define ERROR(name, number, message) [number] = message,
#include <abi/error.def>
#undef ERROR
};

const char *error_text(int error)
{
	unsigned number = error < 0 ? -(unsigned)error : (unsigned)error;
	return number <= MAXERROR ? texts[number] : NULL;
}
