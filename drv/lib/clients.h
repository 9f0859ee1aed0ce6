/*
 * The programs that have a disk of this driver open: their rings. For block_server.c.
 *
 * A client is served from when the disk server wants that until it does not and nothing of the client is in the
 * driver's hands any more. Rings are memory of programs, which are not trusted.
 */
#ifndef DRV_LIB_CLIENTS_H
#define DRV_LIB_CLIENTS_H

#include <drv/lib/block_server.h>

/*
 * Begin and end serving as the page says, and take what clients have submitted, each by take(). False: there was
 * nothing to do.
 */
bool clients_look(void (*take)(struct block_request *request));

/* Is the client of a request still wanted? */
bool client_wanted(const struct block_request *request);

/* Tell the client the result. */
void client_end(struct block_request *request, int result);

/* Wake those whose requests have ended since the last time. */
void clients_wake(void);

/* Tell clients and the disk server that this driver is about to sleep, or does not. */
void clients_sleeps(uint32_t sleeps);

#endif
