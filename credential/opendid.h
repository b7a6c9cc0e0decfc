/*
 * An OpenDID credential without its proof values, taken apart: it is signed
 * as it is, and once with each of its claims alone.
 */
#ifndef OKSE_CREDENTIAL_OPENDID_H
#define OKSE_CREDENTIAL_OPENDID_H

#include "credential/draft.h"

#define OPENDID_CLAIMS (DRAFT_PARTS - 1)

struct opendid {
	struct view	before;		/* up to and with the [ of claims */
	size_t		count;
	struct view	claims[OPENDID_CLAIMS];
	struct view	after;		/* from the ] on */
	size_t		proof_values;	/* where they go, from the start */
};

/* ERR_SCHEMA unless it is one of ours, in canonical form. */
[[nodiscard]] enum err opendid_get(struct view text,
    struct opendid *out_opendid);

/* Bytes of a proof: 31 + recovery id, r, s. */
#define OPENDID_PROOF (1 + P256_SIGNATURE_SIZE)
#define OPENDID_PROOF_FIRST (27 + 4)	/* 4: the key is a compressed one */

#endif
