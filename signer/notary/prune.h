/*
 * The minimum index of the log (C2SP tlog-tiles), when an officer sets it: an
 * entry says that those below may be gone, and once a checkpoint that covers
 * it is published their bundles are removed from the published directory.
 * Hash tiles stay, and so do the registry's own entries, which recovery
 * recomputes the log from. A start does again what a crash left undone.
 */
#ifndef OKSE_SIGNER_NOTARY_PRUNE_H
#define OKSE_SIGNER_NOTARY_PRUNE_H

#include "base/bytes.h"

struct notary;

struct prune {
	uint64_t	wanted;		/* asked for, not recorded; 0: none */
	uint64_t	min;		/* recorded; 0: never was one */
	uint64_t	size;		/* of a log that has its entry */
	uint64_t	next;		/* bundle to remove */
	bool		going;
};

/* What the registry remembers; removing begins again. */
[[nodiscard]] enum err prune_load(struct notary *n);
/*
 * ERR_IN_FLIGHT: one is going on; ERR_RANGE: not where a bundle ends, or below
 * the last; ERR_NOT_FOUND: no closed period, with its quorum where there are
 * witnesses, reaches so far. The last once more is nothing new.
 */
[[nodiscard]] enum err prune_begin(struct notary *n, uint64_t min);
[[nodiscard]] enum err prune_stage(struct notary *n);
/* After a batch that is durable. */
[[nodiscard]] enum err prune_committed(struct notary *n);
/* Removes some; *out_again: call again soon. */
[[nodiscard]] enum err prune_step(struct notary *n, bool *out_again);
[[nodiscard]] enum err prune_put(const struct notary *n,
    struct bytes *out_json);

#endif
