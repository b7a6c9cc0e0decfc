/*
 * What the notary can find out about a request beside its text: everything
 * policy_decide() needs, and what reserving needs afterwards.
 */
#ifndef OKSE_SIGNER_NOTARY_FACTS_H
#define OKSE_SIGNER_NOTARY_FACTS_H

#include "signer/notary/notary.h"

struct findings {
	struct facts		facts;
	struct handle		holder;
	struct handle		device;		/* all zero without one */
	bool			has_active;
	struct registry_device	active;
	bool			has_token;	/* a QR token of ours */
	struct handle		cti;
	size_t			key_count;	/* those of the proofs */
	struct handle		keys[REGISTRY_DRAFTS];
	size_t			nonce_count;	/* different ones */
	struct registry_nonce	nonces[REGISTRY_DRAFTS];
};

/*
 * Bad evidence and bad proofs are facts, not errors. Errors are those of the
 * registry.
 */
[[nodiscard]] enum err facts_gather(struct notary *n,
    const struct request *r, struct findings *out_findings);

#endif
