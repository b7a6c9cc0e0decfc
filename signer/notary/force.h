/*
 * Which policy is in force. It is a bundle that the roster's officers signed,
 * chosen by its serial; the registry remembers the highest, so that nothing
 * older comes back. A bundle is never changed once loaded: bringing another
 * into force replaces it whole, between batches.
 *
 * A candidate may stand in the shadow: it decides beside the policy in force,
 * without effect, and shadow.h counts where the two differ.
 */
#ifndef OKSE_SIGNER_NOTARY_FORCE_H
#define OKSE_SIGNER_NOTARY_FORCE_H

#include "policy/bundle.h"
#include "signer/admin.h"
#include "signer/notary/shadow.h"

#define FORCE_WHY 512

struct force {
	struct roster	 roster;
	struct bundle	*bundle;	/* in force */
	struct bundle	*candidate;	/* in its shadow, or NULL */
	struct shadow	 shadow;
	int64_t		 changed_at;	/* the last attempt to activate one */
	bool		 failed;	/* it did not succeed: */
	char		 why[FORCE_WHY];
};

struct notary;

/*
 * Loads what the registry remembers; the first time, the newest there is.
 * What has expired is loaded all the same, and decides nothing.
 */
[[nodiscard]] enum err force_open(struct notary *n);
void force_close(struct force *f);

/* Stages the memory of it and an entry, unless it was in force before. */
[[nodiscard]] enum err force_record(struct notary *n);

/* ERR_UNAVAILABLE when the policy in force has expired, or not begun. */
[[nodiscard]] enum err force_check(const struct notary *n, int64_t now);

/* Lets the candidate decide what d decided; counts where they differ. */
void force_compare(struct notary *n, const struct request *r,
    const struct facts *f, const struct decision *d);

/*
 * ADMIN_POLICY_ACTIVATE or ADMIN_POLICY_SHADOW (serial 0: none from now on)
 * of a bundle by its serial. On failure everything is as it was, but that
 * force_put() and metrics say so. *out_broken: the registry failed in a way
 * after which the process must end.
 */
[[nodiscard]] enum err force_change(struct notary *n, enum admin_verb verb,
    int64_t serial, bool *out_broken);

/* What the shadow has shown, for the journal: once a minute. */
void force_tell_shadow(struct notary *n);

/* The answer of GET /v1/policy; metrics. */
[[nodiscard]] enum err force_put(const struct notary *n, struct bytes *out);
void force_metrics(const struct notary *n, struct bytes *out);

#endif
