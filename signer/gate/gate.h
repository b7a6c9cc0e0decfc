/*
 * The gate: the only process that reads what clients send. It has their
 * sockets and the published directory; no key, no database, no policy. The
 * desk is the same code for the officers' socket alone.
 */
#ifndef OKSE_SIGNER_GATE_GATE_H
#define OKSE_SIGNER_GATE_GATE_H

#include "credential/issuer.h"
#include "signer/admin.h"
#include "signer/gate/group.h"
#include "signer/gate/metrics.h"
#include "signer/gate/pending.h"
#include "signer/gate/server.h"
#include "signer/gate/shelf.h"

/* A key as verifiers may know it. */
struct gate_key {
	enum key_use	 use;
	struct issuer	*issuer;
};

/* Everything the handlers share. */
struct gate {
	enum role		 role;
	struct proc		*proc;
	const struct config	*config;
	struct server		*server;
	struct pending		*pending;
	struct groups		 groups;
	struct metrics		 metrics;
	int			 log;		/* the published directory */
	size_t			 key_count;	/* with certificates */
	struct gate_key		 keys[CONFIG_KEYS];
	struct shelf		 shelf;		/* of status lists */
	struct body		 body;		/* of the call being read */
	struct attesters	 attesters;	/* of devices' keys */
	struct bytes		 frame;		/* of the message being made */
	/* as the supervisor last said */
	enum seal_state		 seal;
	unsigned int		 keyholders;
	/* as the notary last said */
	bool			 policy_in_force, policy_change_failed;
	bool			 registry_away;
	struct bytes		 metadata;	/* a JWT, or empty */
	struct bytes		 hold, held_by;	/* JSON, its name; or "" */
	struct bytes		 log_state;	/* JSON, or "" */
	bool			 unwitnessed;	/* nothing is issued */
};

/* Answers with a problem; detail may be err_why(), or NULL. */
void gate_refuse(struct gate *g, const struct call *call, enum err e,
    const char *detail);
/* Answers 200 with a body, which is taken over. */
void gate_give(struct gate *g, const struct call *call, const char *type,
    struct bytes *body);

/*
 * Whether the other processes can serve now: ERR_SEALED, ERR_UNAVAILABLE,
 * ERR_FULL with the reason in err_why(). sign: a keyholder is needed too.
 */
[[nodiscard]] enum err gate_ready(const struct gate *g, bool sign);

#endif
