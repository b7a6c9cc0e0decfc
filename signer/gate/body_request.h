/* The schema of a request, for body.c. */
#ifndef OKSE_SIGNER_GATE_BODY_REQUEST_H
#define OKSE_SIGNER_GATE_BODY_REQUEST_H

#include "signer/gate/body.h"
#include "signer/gate/body_json.h"

enum body_mode {
	BODY_ISSUE,	/* everything an issue needs must be there */
	BODY_DECISION,	/* a dry run may leave out what comes later */
	BODY_CASE,	/* likewise, and proofs are not looked into */
};

/* Reads all members of a request of operation op from top, but no others. */
[[nodiscard]] enum err body_get_request(struct object *top,
    enum operation op, enum body_mode mode, struct body *b);

#endif
