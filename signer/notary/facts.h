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
	struct handle		newest;		/* serial of any; or zero */
	bool			has_token;	/* a QR token of ours */
	struct handle		cti;
	size_t			counter_count;	/* of quotas */
	struct {
		struct handle	id;
		int64_t		at_most;
	}			counters[POLICY_QUOTAS];
	size_t			key_count;	/* those of the proofs */
	struct handle		keys[ASKED_PROOFS];
	size_t			nonce_count;	/* different ones */
	/* and an attestation's and a card's */
	struct registry_nonce	nonces[ASKED_PROOFS + 2];
};

/*
 * Bad evidence and bad proofs are facts, not errors. Errors are those of the
 * registry.
 */
[[nodiscard]] enum err facts_gather(struct notary *n,
    const struct request *r, struct findings *out_findings);

/* ---- shared by facts.c and facts_card.c */

/*
 * Whether a challenge is ours, for this caller, fresh and unused; then it is
 * among the findings' nonces, which a grant uses up.
 */
[[nodiscard]] enum err facts_nonce(struct notary *n,
    const struct asked *asked, struct view text, struct findings *f,
    enum proof_state *out_state);

/* f->facts.evidence for a card that was tapped; f->holder is known. */
[[nodiscard]] enum err facts_card(struct notary *n,
    const struct asked *asked, struct findings *f);

#endif
