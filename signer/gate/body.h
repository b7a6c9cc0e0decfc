/*
 * Request bodies: JSON in, a struct asked out. Strict: an unknown, repeated
 * or missing member, another type, a value out of bounds, a float or null, or
 * deeper nesting than a claim may have is an error. err_why() then begins
 * with the JSON pointer (RFC 6901) of the member and ": ", and never holds a
 * value.
 *
 * JSON is parsed once; views in the result point into it and into its text.
 */
#ifndef OKSE_SIGNER_GATE_BODY_H
#define OKSE_SIGNER_GATE_BODY_H

#include "credential/attestation.h"
#include "policy/policy.h"
#include "policy/request.h"
#include "signer/gate/body_json.h"

/* All zero is empty. Large: keep one and reuse it. */
struct body {
	struct asked	 asked;
	struct facts	 facts;		/* of body_decode_case() only */
	struct json_tree json;
	/* proofs, an attestation, a chip's */
	struct bytes	 storage[ASKED_PROOFS + 3];
	size_t		 storage_used;
	/* whose attestations count; stays. NULL: nobody's */
	const struct attesters *attesters;
};

void body_done(struct body *b);	/* wipes */

/*
 * The body of POST /v1/qr-tokens, /v1/credentials or /v1/status-changes.
 * caller and idempotency_key are the caller's to fill in. Device proofs and
 * an attestation are verified: that the key in each made its signature is the
 * gate's word. The notary cannot check it again without the JWT; it checks
 * nonce, audience and time, which are its own.
 *
 * ERR_SYNTAX (not JSON), ERR_SCHEMA, ERR_RANGE, ERR_SIGNATURE (of a proof),
 * ERR_UNSUPPORTED. *b must be empty and has to be done also on failure.
 */
[[nodiscard]] enum err body_decode(struct view json, enum operation op,
    struct body *b);

/*
 * The body of POST /v1/qr-tokens:batch, {"requests":[…]}: 1 to BODY_BATCH
 * bodies of POST /v1/qr-tokens, without pictures. They are decoded one by
 * one, and one that is wrong is no fault of the others; the views in b live
 * as long as the batch. Pointers in messages are those of the one body.
 */
#define BODY_BATCH 256
struct body_batch {
	struct json_tree json;
	struct object	 top, list;
};
void body_batch_done(struct body_batch *batch);
[[nodiscard]] enum err body_decode_batch(struct view json,
    struct body_batch *batch);
[[nodiscard]] enum err body_decode_member(const struct body_batch *batch,
    size_t i, struct body *b);

/*
 * The body of POST /v1/decisions: one of the above and "operation". What only
 * an issue needs (device, formats, claims, the QR token) may be left out.
 */
[[nodiscard]] enum err body_decode_decision(struct view json,
    struct body *b);

/*
 * A case of `okse policy explain`: a decision's body, "now", and "facts".
 * Proofs are not looked into: facts.device_proof says how they fared.
 */
[[nodiscard]] enum err body_decode_case(struct view json, struct body *b);

/* {"share":"…"}, {"act":"…"}; the view lives as long as b. */
[[nodiscard]] enum err body_decode_share(struct view json, struct body *b,
    struct view *out_share);
[[nodiscard]] enum err body_decode_act(struct view json, struct body *b,
    struct view *out_act);
/* {"serial":8} or {"serial":8,"shadow":true} */
[[nodiscard]] enum err body_decode_repair(struct view json, struct body *b,
    uint64_t *out_first, uint64_t *out_last);
[[nodiscard]] enum err body_decode_policy(struct view json, struct body *b,
    uint64_t *out_serial, bool *out_shadow);
/* {"indexes":[1,5],"reason":"word"}: in out, text reason, u64 each. */
#define BODY_ORPHANS 200
[[nodiscard]] enum err body_decode_orphans(struct view json, struct body *b,
    struct bytes *out);
/*
 * {"programme":"resident-id","holder":{"number":"…"}} or {"entry":4711}: in
 * out, text programme, text number (both empty for an entry), u64 entry.
 */
[[nodiscard]] enum err body_decode_device(struct view json, struct body *b,
    struct bytes *out);
/* Nothing, or {}. */
[[nodiscard]] enum err body_decode_empty(struct view json, struct body *b);

#endif
