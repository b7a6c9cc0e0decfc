/*
 * The gate: the only process that reads what clients send. It has their
 * sockets and the published directory; no key, no database, no policy. The
 * desk is the same code for the officers' socket alone.
 */
#ifndef OKSE_SIGNER_GATE_GATE_H
#define OKSE_SIGNER_GATE_GATE_H

#include "signer/gate/metrics.h"
#include "signer/gate/pending.h"
#include "signer/gate/server.h"

/* Everything the handlers share. */
struct gate {
	enum role		 role;
	struct proc		*proc;
	const struct config	*config;
	struct server		*server;
	struct pending		*pending;
	struct metrics		 metrics;
	int			 log;		/* the published directory */
	struct bytes		 keys;		/* GET /v1/keys */
	struct body		 body;		/* of the call being read */
	struct bytes		 frame;		/* of the message being made */
	/* as the supervisor last said */
	unsigned int		 seal;		/* enum seal_state */
	unsigned int		 keyholders;
	bool			 notary;
};

/* Answers with a problem; detail may be err_why(), or NULL. */
void gate_refuse(struct gate *g, const struct call *call, enum err e,
    const char *detail);

#endif
