/*
 * The QR token: a COSE_Sign1 CWT that lets one holder download one kind of
 * mobile ID, once, within minutes. Its bytes are in qr_token.txt. It holds no
 * personal data: whoever photographs it learns nothing.
 */
#ifndef OKSE_CREDENTIAL_QR_TOKEN_H
#define OKSE_CREDENTIAL_QR_TOKEN_H

#include "credential/draft.h"
#include "credential/issuer.h"
#include "policy/policy.h"

#define QR_TOKEN_PREFIX "OKSE1:"
#define QR_TOKEN_LIFE 180	/* seconds from iat to exp, at most */
#define QR_TOKEN_ID 16		/* bytes of cti and of the holder's handle */
#define QR_TOKEN_NAME 64	/* bytes of programme and centre */

/* What neither the grant nor the request knows. */
struct qr_fields {
	uint8_t		 cti[QR_TOKEN_ID];	/* random, redeemed once */
	uint8_t		 holder[QR_TOKEN_ID];	/* keyed pseudonym */
	const char	*audience;		/* who may redeem it, a URI */
};

/*
 * ERR_INTERNAL when the grant's validity is longer than QR_TOKEN_LIFE or not
 * covered by the certificate; ERR_RANGE for a name over QR_TOKEN_NAME or an
 * audience over ISSUER_URI bytes.
 */
[[nodiscard]] enum err qr_token_draft(const struct grant *g,
    const struct request *r, const struct qr_fields *fields,
    const struct issuer *i, struct draft **out_draft);

struct qr_token {
	uint8_t		kid[ISSUER_KID_SIZE];
	char		issuer[ISSUER_URI + 1];
	char		audience[ISSUER_URI + 1];
	int64_t		issued_at;
	int64_t		expires_at;
	uint8_t		cti[QR_TOKEN_ID];
	enum purpose	purpose;
	char		programme[QR_TOKEN_NAME + 1];
	char		centre[QR_TOKEN_NAME + 1];
	uint8_t		holder[QR_TOKEN_ID];
	struct hash	tbs;	/* SHA-256 of what was signed, as recorded */
};

/*
 * Reads a token's text and verifies that one of these issuers signed it.
 * There is one text for each token: ERR_SYNTAX for any other form,
 * ERR_SIGNATURE when none of them signed it. Time, use and meaning are for
 * the caller to judge.
 */
[[nodiscard]] enum err qr_token_read(struct view text,
    const struct issuer *const *issuers, size_t issuer_count,
    struct qr_token *out_token);

/*
 * The cti of what has the shape of a token, whoever signed it: to look it up
 * early, and for nothing else.
 */
[[nodiscard]] enum err qr_token_peek(struct view text,
    uint8_t out_cti[QR_TOKEN_ID]);

/*
 * The same for one who has seen tokens signed: what vouches() knows by its
 * qr_token_name() is not verified again. The name covers every bit.
 */
struct hash qr_token_name(const struct hash *tbs,
    const uint8_t signature[P256_SIGNATURE_SIZE]);
[[nodiscard]] enum err qr_token_read_again(struct view text,
    const struct issuer *const *issuers, size_t issuer_count,
    bool (*vouches)(const void *context, const struct hash *name),
    const void *context, struct qr_token *out_token);

#endif
