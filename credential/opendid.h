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

/* 31 + recovery id, r, s as a text (multibase "m", without padding). */
#define OPENDID_PROOF (1 + P256_SIGNATURE_SIZE)
[[nodiscard]] enum err opendid_proof_put(struct bytes *b,
    const uint8_t point[P256_POINT_SIZE], struct view part,
    const uint8_t signature[P256_SIGNATURE_SIZE]);

#endif
