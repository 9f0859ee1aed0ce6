/* For programs: rights, by number and by word. <abi/rights.def> lists them; doc/rights.md explains them. */
#ifndef FINCH_RIGHTS_H
#define FINCH_RIGHTS_H

#include <abi/rights.h>
#include <abi/types.h>
#include <common/names.h>

/* The rights that the caller has. */
uint32_t rights_own(void) LINKED_NAME(rights_own);
/* The rights that words names: "power", "ports,irq", "all". 0; -E_INVAL: one is no right. */
int rights_parse(const char *words, uint32_t *rights) LINKED_NAME(rights_parse);
/* Put the words for rights, with commas between, into buf. */
void rights_print(uint32_t rights, char *buf, size_t size) LINKED_NAME(rights_print);
/* Has the caller all of these rights? If not, say in words what is missing, and how to start the program with it. */
bool rights_need(uint32_t rights) LINKED_NAME(rights_need);

#endif
