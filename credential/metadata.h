/*
 * What an issuer says of itself to wallets: the metadata of OpenID4VCI 1.0
 * 12.2.4, signed as openidvci-issuer-metadata+jwt (12.2.3). It is made of the
 * policy in force and of what the operator configured; credential/metadata.txt
 * lists its members.
 */
#ifndef OKSE_CREDENTIAL_METADATA_H
#define OKSE_CREDENTIAL_METADATA_H

#include "credential/draft.h"
#include "credential/issuer.h"
#include "policy/policy.h"

#define METADATA_TYPE "openidvci-issuer-metadata+jwt"

struct metadata {
	const struct policy	*policy;
	const char		*issuer;	/* its URI */
	const char		*endpoint;	/* where wallets ask */
	bool			 attested;	/* attestations are believed */
	int64_t			 issued_at, expires_at;
};

/* The draft, by the issuer's key of use metadata. ERR_TOO_LARGE. */
[[nodiscard]] enum err metadata_draft(const struct metadata *m,
    const struct issuer *i, struct draft **out_draft);

/*
 * The metadata in a signed one, unsigned: {"credential_issuer":…}, with the
 * JWT itself as "signed_metadata" for wallets that look there. ERR_SYNTAX.
 */
[[nodiscard]] enum err metadata_plain(struct view jwt, struct bytes *out);

#endif
