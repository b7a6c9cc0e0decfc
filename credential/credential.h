/*
 * A credential of any format: what it is made of, and its draft. What each
 * format holds is in a text beside its code and in docs/formats.md.
 */
#ifndef OKSE_CREDENTIAL_CREDENTIAL_H
#define OKSE_CREDENTIAL_CREDENTIAL_H

#include "credential/draft.h"
#include "credential/issuer.h"
#include "policy/policy.h"

#define CREDENTIAL_SEED_SIZE 32

/* Its place in a status list (draft-ietf-oauth-status-list 6). */
struct status_entry {
	const char	*uri;
	uint64_t	 index;
};

struct credential_order {
	const struct grant		*grant;
	const struct request		*request;
	size_t				 key;	/* number of the proof it is
						   bound to */
	const struct issuer		*issuer;
	struct view			 seed;	/* of all that is random */
	const struct status_entry	*status;	/* NULL: none */
};

/*
 * The same order gives the same bytes; the order of the members of the
 * request's claims does not matter.
 *
 * ERR_SCHEMA has a pointer to the claim that is missing, of another type, not
 * of the programme, or not what the signer's certificate says; ERR_UNSUPPORTED
 * for a format that is not made; ERR_INTERNAL when there is no such key, the
 * seed is not CREDENTIAL_SEED_SIZE bytes, or the certificate does not cover
 * the validity.
 */
[[nodiscard]] enum err credential_draft(enum credential_format format,
    const struct credential_order *o, struct draft **out_draft);

/*
 * The times that go into the credential: those granted, coarsened by the
 * programme's rounding, within the signer's certificate. Of many credentials
 * they say less which were issued together.
 */
struct credential_times {
	int64_t	issued, from, until;
};
struct credential_times credential_times(const struct grant *g,
    const struct issuer *i);

#endif
