/*
 * Serving requests in batches: everything between a frame of the gate and
 * what is sent after the commit.
 */
#ifndef OKSE_SIGNER_NOTARY_SERVE_H
#define OKSE_SIGNER_NOTARY_SERVE_H

#include "signer/msg.h"
#include "signer/notary/notary.h"

struct record;
struct ticket;

/* What becomes of one request. */
struct served {
	uint64_t	 id;		/* the gate's */
	enum msg_type	 type;		/* MSG_ANSWER or MSG_GRANTED, or 0:
					   no gate waits for it */
	struct bytes	 body;		/* of that message */
	struct record	*record;	/* staged, not durable */
	struct ticket	*ticket;	/* durable: may be signed */
};

/*
 * Serves one request within the open transaction: out has its answer, in any
 * case. An error means that the whole batch must be rolled back.
 */
[[nodiscard]] enum err serve_one(struct notary *n, uint64_t id,
    struct view frame, struct served *out);

/* Instead of what was prepared: an ANSWER that is no decision. */
void serve_refuse(enum err e, struct served *out);

#endif
