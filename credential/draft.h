/*
 * The third stage: the exact bytes to be signed, complete but for the
 * signature, and what turns both into a document.
 *
 *	grant + request -> struct draft -> (recorded, ticket) -> signature
 *	draft + signature -> document
 *
 * A draft travels: the notary makes it, the keyholder decodes and signs
 * draft_tbs(), the gate decodes and calls draft_document().
 */
#ifndef OKSE_CREDENTIAL_DRAFT_H
#define OKSE_CREDENTIAL_DRAFT_H

#include "base/bytes.h"
#include "base/crypto.h"

/* What a key may sign: a key has one use and signs nothing else. */
enum key_use {
	KEY_USE_DOCUMENT = 1,	/* credentials */
	KEY_USE_QR,		/* QR tokens */
	KEY_USE_LOG,		/* checkpoints of the log */
	KEY_USE_STATUS,		/* Token Status Lists */
	KEY_USE_LOG_ECDSA,	/* checkpoints again, with P-256 */
	KEY_USE_METADATA,	/* what the issuer says of itself */
};
#define KEY_USES 6
const char *key_use_name(enum key_use u);	/* "document", "log-ecdsa" */
[[nodiscard]] enum err key_use_of(struct view name, enum key_use *out);

enum draft_kind {
	DRAFT_QR_TOKEN = 1,	/* COSE_Sign1 CWT, base45 */
	DRAFT_SD_JWT,		/* dc+sd-jwt */
	DRAFT_MDOC,		/* mso_mdoc */
	DRAFT_VC_JWT,		/* vc+jwt */
	DRAFT_OPENDID,		/* opendid-vc */
	DRAFT_CWT_QR,		/* cwt-qr */
	DRAFT_STATUS_JWT,	/* statuslist+jwt */
	DRAFT_STATUS_CWT,	/* statuslist+cwt */
	DRAFT_METADATA,		/* openidvci-issuer-metadata+jwt */
};

#define DRAFT_PARTS 65		/* signatures of one document, at most */

struct draft;

void draft_free(struct draft *d);
AUTO_STRUCT(draft);

enum draft_kind draft_kind(const struct draft *d);
enum key_use draft_use(const struct draft *d);
/* The key that signs it, and no other: public_hash(). */
struct hash draft_signer(const struct draft *d);
/*
 * ES256 input: SHA-256 of exactly these bytes is signed, and stands for the
 * draft in log and ticket.
 */
struct view draft_tbs(const struct draft *d);
/*
 * Some documents have further signatures, over texts that are made of the
 * first alone: each draft has 1 to DRAFT_PARTS parts, part 0 is draft_tbs().
 */
size_t draft_parts(const struct draft *d);
struct view draft_part(const struct draft *d, size_t i);
/* The format's name in the API: "dc+sd-jwt"; "qr-token". */
const char *draft_format(const struct draft *d);

void draft_encode(const struct draft *d, struct bytes *out);
/* Without what only stands beside it: enough to sign, too little to finish. */
void draft_encode_to_sign(const struct draft *d, struct bytes *out);
/*
 * Strict: refuses bytes whose shape is not that of their kind (header and
 * type of the JWT, structure of the Sig_structure), ERR_SCHEMA. This is the
 * keyholder's guard as well.
 */
[[nodiscard]] enum err draft_decode(struct view encoded,
    struct draft **out_draft);

/*
 * Appends the finished document, as the API gives it: SD-JWT text,
 * "OKSE1:…", base64url of an IssuerSigned. signatures: those of all parts,
 * P256_SIGNATURE_SIZE each. ERR_SIGNATURE; ERR_INTERNAL for a draft that was
 * encoded to be signed.
 */
[[nodiscard]] enum err draft_document(const struct draft *d,
    const uint8_t signatures[], struct bytes *out);

#endif
