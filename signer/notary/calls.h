/*
 * What officers ask of the notary, as the supervisor passes it on: between
 * batches, so that whoever waits meets one state or the other.
 */
#ifndef OKSE_SIGNER_NOTARY_CALLS_H
#define OKSE_SIGNER_NOTARY_CALLS_H

#include "signer/notary/notary.h"

/*
 * Serves the body of a CALL; appends that of its CALL_REPLY. *out_broken: the
 * registry failed in a way after which the process must end.
 */
void calls_serve(struct notary *n, struct view call, bool *out_broken,
    struct bytes *out_reply);

#endif
