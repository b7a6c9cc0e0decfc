/*
 * What entries must be true of together: numbered without gaps, in order of
 * time, every ticket accounted for, never two active devices. Entries are
 * shown in order of index, each to all three checks.
 */
#ifndef OKSE_AUDIT_RECONCILE_H
#define OKSE_AUDIT_RECONCILE_H

#include "audit/schema.h"

struct reconcile;

/* For a log of size entries; four bytes an entry and about 100 a holder. */
[[nodiscard]] enum err reconcile_new(uint64_t size,
    struct reconcile **out_reconcile);
void reconcile_free(struct reconcile *r);
AUTO_STRUCT(reconcile);

/*
 * The first entries are absent, below the minimum index: what is said of them
 * later is neither right nor wrong. Before any entry.
 */
void reconcile_absent(struct reconcile *r, uint64_t count);

/* seq is the index, t does not decrease: ERR_MISMATCH */
[[nodiscard]] enum err reconcile_sequence(struct reconcile *r,
    uint64_t index, const struct schema_entry *e);

/*
 * done, failed and orphan speak of earlier allowing decisions with drafts;
 * nothing is orphaned that was reported on, and only an orphan is closed,
 * once: by an operator, or by a retry after its "done". A retry signs the same
 * draft again, so a ticket may be reported on more than once: ERR_MISMATCH
 */
[[nodiscard]] enum err reconcile_tickets(struct reconcile *r,
    uint64_t index, const struct schema_entry *e);

/*
 * A holder has at most one active device in a programme: a reissue replaces
 * it, a revocation, a failed signature or its expiry ends it. Not decided
 * once nodes share the registry. ERR_MISMATCH, ERR_MEMORY. Call after
 * reconcile_tickets().
 */
[[nodiscard]] enum err reconcile_devices(struct reconcile *r,
    uint64_t index, const struct schema_entry *e);

struct reconcile_totals {
	uint64_t	boots;
	int64_t		first_t, last_t;
	uint64_t	allowed, denied;
	/* tickets, as they stand at the end; closed: orphans given up */
	uint64_t	done, failed, orphaned, closed, open;
	uint64_t	active_devices;
	bool		shared;		/* by nodes: this log tells a part */
};

struct reconcile_totals reconcile_totals(const struct reconcile *r);

#endif
