/*
 * The compact credential for QR codes, of the form that cwt_qr.txt describes
 * and no other, made and read. What is read may be hostile.
 */
#ifndef OKSE_CREDENTIAL_CWT_QR_H
#define OKSE_CREDENTIAL_CWT_QR_H

#include "base/crypto.h"
#include "credential/cose.h"

#define CWT_QR_TEXT 644		/* characters: QR version 19-Q holds them */
/*
 * Bytes of protected header and payload that surely fit: 644 characters are
 * 429 bytes; less tags and heads, the signature, and what zlib may add.
 */
#define CWT_QR_ROOM 340
#define CWT_QR_TOKEN 1024	/* bytes of the token, decompressed */

struct cwt_qr {
	struct view	kid;
	struct view	issuer;
	int64_t		expires_at, valid_from, issued_at;
	struct view	identity;	/* claim 169, checked in form */
	struct view	status_uri;	/* empty: none */
	uint64_t	status_index;
};

/* The two signed parts. ERR_SYNTAX. */
[[nodiscard]] enum err cwt_qr_get(const struct cose_sign1 *s,
    struct cwt_qr *out_cwt);

/* From the text to the token; ERR_SYNTAX, ERR_TOO_LARGE. */
[[nodiscard]] enum err cwt_qr_unpack(struct view text, struct bytes *out);

#endif
