/* Lists of words, with commas between them, each of which stands for a bit: kinds of events, rights. */
#ifndef FINCH_COMMON_WORDS_H
#define FINCH_COMMON_WORDS_H

#include <abi/types.h>
#include <common/names.h>

/*
 * The bits of the words in text: 1 << i for words[i] of n (at most 31), all of them for the word "all". Returns NULL; or
 * where the first word begins that is none of these (perhaps an empty one), with the bits of those before it.
 */
const char *words_bits(const char *text, const char *const words[], unsigned n, uint32_t *bits) LINKED_NAME(words_bits);

#endif
