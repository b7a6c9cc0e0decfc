/*
 * What an entry of the log did to the registry, done again: for a registry
 * that lost it. The log says everything but seeds and fingerprints of
 * requests, the challenges they used, and quotas.
 */
#ifndef OKSE_SIGNER_NOTARY_RESTORE_H
#define OKSE_SIGNER_NOTARY_RESTORE_H

#include "signer/notary/registry.h"

/* Rows made or changed again, by their kind. X(NAME, word in the log) */
#define RESTORE_KINDS(X)                                                      \
	X(DEVICES, "devices")		/* reserved, changed, refreshed */    \
	X(ENTRIES, "entries")                                                 \
	X(KEYS, "keys")			/* bound */                           \
	X(PLACES, "places")		/* uses of status lists */            \
	X(REDEEMED, "redeemed")		/* QR tokens used */                  \
	X(RETRIES, "retries")		/* remembered as decided */           \
	X(TOKENS, "tokens")		/* QR tokens minted */

enum restore_kind {
#define X(name, word) RESTORE_##name,
	RESTORE_KINDS(X)
#undef X
	RESTORE_KIND_COUNT
};

extern const char *const restore_words[RESTORE_KIND_COUNT];

struct restored {
	uint64_t	counts[RESTORE_KIND_COUNT];
	int64_t		newest;		/* when the last of them was issued */
};

/*
 * Puts the entry and does what it did, within a transaction; adds to so_far.
 * list_size: of status lists that were opened meanwhile. ERR_CORRUPT when a
 * constraint refuses what the log says was done.
 */
[[nodiscard]] enum err restore_entry(struct registry *r, uint64_t index,
    struct view entry, int64_t list_size, struct restored *so_far);

/*
 * A retry whose seed was lost with the registry is remembered by an idem with
 * a fingerprint of zeros, which no request has.
 */
bool restore_is_closed(const struct registry_idem *idem);

#endif
