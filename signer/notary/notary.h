/*
 * The notary: it decides, reserves and records, and owns policy, registry and
 * log. It has no client's socket and no token; what it allows, a keyholder
 * signs. This is what its files share.
 */
#ifndef OKSE_SIGNER_NOTARY_NOTARY_H
#define OKSE_SIGNER_NOTARY_NOTARY_H

#include "credential/chip.h"
#include "signer/config.h"
#include "signer/notary/attest.h"
#include "signer/notary/chores.h"
#include "signer/notary/closed.h"
#include "signer/notary/fleet.h"
#include "signer/notary/force.h"
#include "signer/notary/guard.h"
#include "signer/notary/journal.h"
#include "signer/notary/lists.h"
#include "signer/notary/logkeys.h"
#include "signer/notary/metadata.h"
#include "signer/notary/outstanding.h"
#include "signer/notary/places.h"
#include "signer/notary/prune.h"
#include "signer/notary/pseudonym.h"
#include "signer/notary/registry_backup.h"
#include "signer/notary/signers.h"
#include "signer/notary/tally.h"
#include "signer/notary/vouched.h"

struct notary {
	const struct config	*config;
	struct force		 force;
	const struct policy	*policy;	/* the one in force */
	struct signers		 signers;
	struct card_ca		*card_cas[CONFIG_CARD_CAS];
	struct logkeys		 logkeys;
	const struct vkey	*log_key;	/* the one it has now */
	struct hash		 ceremony;	/* that of the transcript, if
						   one is configured */
	struct registry		*registry;
	struct guard		 guard;
	struct backup		*backup;	/* the last, or NULL */
	struct rebuild		*rebuild;	/* while it is held, or NULL */
	int64_t			 challenges_since; /* older ones do not count */
	uint64_t		 began;		/* entries before this start */
	struct period		*period;	/* being closed, or NULL */
	struct closed		 closed;	/* those that were */
	struct prune		 prune;
	struct journal		*journal;	/* NULL while it is held */
	struct attest		*attest;	/* likewise; or no witnesses */
	struct bytes		 log_state;	/* JSON of LOG_STATE */
	bool			 state_told[2];	/* gate, supervisor */
	struct keys		*keys;		/* NULL while sealed */
	size_t			 keyholders;	/* attached just now */
	int64_t			 now;		/* of the batch, seconds */
	size_t			 served;	/* since it last forgot */
	struct outstanding	 outstanding;
	struct chores		 chores;
	struct vouched		 vouched;
	struct places		 places;
	struct lists		 lists;		/* of status */
	struct tally		 tally;
	struct announced	 announced;
	struct fleet		 fleet;
};

/*
 * Opens policy, certificates, registry and log as configured, and records the
 * start with all it found: policy, ceremony, tickets without an outcome. The
 * certificate of a key must be of that key and be issued by the CA. A registry
 * that is behind its log is opened as well, and held (guard.h): then there is
 * neither policy nor journal, and nothing is recorded.
 */
[[nodiscard]] enum err notary_open(const struct config *c,
    struct notary **out_notary);
/* Certificates, registry and guard alone: nothing is written. */
[[nodiscard]] enum err notary_examine(const struct config *c,
    struct notary **out_notary);
/* Records the stop, unless it is held. */
[[nodiscard]] enum err notary_stop(struct notary *n, const char *reason);
void notary_close(struct notary *n);
AUTO_DEFINE(notary, struct notary, notary_close);

#endif
