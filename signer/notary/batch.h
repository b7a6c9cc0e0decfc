/*
 * Batches form by themselves: what arrives while one is served waits for the
 * next, and one commit makes all of it durable.
 */
#ifndef OKSE_SIGNER_NOTARY_BATCH_H
#define OKSE_SIGNER_NOTARY_BATCH_H

#include "signer/notary/serve.h"

#define QUEUE_MAX 4096		/* requests that may wait */
#define BATCH_MAX 256		/* of them served by one commit */

struct queue {
	struct bytes	frames;
	size_t		head, count;
	struct {
		uint64_t	id;
		size_t		at, len;	/* of frames */
	}		waiting[QUEUE_MAX];
};

struct batch {
	bool		durable;	/* or everything was taken back */
	size_t		count;
	struct served	at[BATCH_MAX];
	struct served	list;		/* a status list, or nothing */
};

/* ERR_FULL, ERR_MEMORY: it was not taken. */
[[nodiscard]] enum err queue_add(struct queue *q, uint64_t id,
    struct view frame);
bool queue_is_empty(const struct queue *q);
void queue_done(struct queue *q);
void batch_done(struct batch *b);

/*
 * Serves up to BATCH_MAX of what waits, the chores, and a status list that is
 * ready, in one transaction.
 * Afterwards every request in b has its answer and, where granted, a ticket.
 * When the disk is full everything is taken back and answered so. An error is
 * final: nothing of b may be sent, the process must end.
 */
[[nodiscard]] enum err batch_run(struct notary *n, struct queue *q,
    int64_t now, struct batch *b);

#endif
