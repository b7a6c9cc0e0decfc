/*
 * COSE_Sign1 (RFC 9052 4.2, 4.4) with ES256 and without external data: what
 * is signed, and what stands around it.
 */
#ifndef OKSE_CREDENTIAL_COSE_H
#define OKSE_CREDENTIAL_COSE_H

#include "base/crypto.h"

/* bytes of each part that is read back: certificates; a status list */
#define COSE_PART 16384
#define COSE_PAYLOAD ((size_t)1 << 20)

/* Header labels (RFC 9052 3.1, RFC 9596) and the algorithm (RFC 9053 2.1). */
enum cose_label {
	COSE_ALG = 1,
	COSE_KID = 4,
	COSE_TYP = 16,
	COSE_X5CHAIN = 33,	/* RFC 9360 2 */
};
#define COSE_ES256 (-7)
#define COSE_TYP_CWT 61	/* application/cwt as a content format (RFC 8392 9.2) */

/* Claims of a CWT (RFC 8392 4, and the IANA registry). */
enum cwt_claim {
	CWT_ISS = 1,
	CWT_SUB = 2,
	CWT_AUD = 3,
	CWT_EXP = 4,
	CWT_NBF = 5,
	CWT_IAT = 6,
	CWT_CTI = 7,
	CWT_IDENTITY = 169,
	CWT_STATUS_LIST = 65533,	/* draft-ietf-oauth-status-list 5.2 */
	CWT_TTL = 65534,
	CWT_STATUS = 65535,	/* draft-ietf-oauth-status-list 6.3 */
};

struct cose_sign1 {
	struct view	protected;	/* the encoded header map */
	struct view	payload;
};

/* The Sig_structure; check with bytes_check(). */
void cose_put_tbs(struct bytes *b, const struct cose_sign1 *s);
/* ERR_SYNTAX unless it is one; the views point into tbs. */
[[nodiscard]] enum err cose_get_tbs(struct view tbs,
    struct cose_sign1 *out_sign1);

/* {1: -7}: the protected header when the algorithm is all of it. */
void cose_put_alg(struct bytes *protected);

/* With tag 18 and an empty unprotected header. */
void cose_put_sign1(struct bytes *b, const struct cose_sign1 *s,
    struct view signature);
[[nodiscard]] enum err cose_get_sign1(struct view message,
    struct cose_sign1 *out_sign1,
    uint8_t out_signature[P256_SIGNATURE_SIZE]);

#endif
