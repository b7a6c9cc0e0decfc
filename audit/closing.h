/*
 * Closing a period: what its closing entry must say. The daemon writes it with
 * this arithmetic, the verifier holds it against the same, entry by entry.
 *
 * A period runs from the entry behind the last period.close (or from 0) to the
 * entry before the next. Its totals count entries by event; orphans are the
 * tickets that orphan entries of the period name; policy and serial are those
 * of the newest policy entry; previous is the root at the size at which the
 * last period ended, its closing entry included.
 */
#ifndef OKSE_AUDIT_CLOSING_H
#define OKSE_AUDIT_CLOSING_H

#include "audit/entry.h"

struct closing {
	uint64_t	first;		/* of the open period */
	uint64_t	next;		/* index expected next */
	uint64_t	count[SCHEMA_EVENT_COUNT];
	uint64_t	orphans;
	uint64_t	closed;		/* periods */
	bool		absent;		/* entries are: perhaps a policy's */
	bool		partial;	/* not counted from its first entry */
	bool		has_policy, has_previous;
	struct hash	policy, previous;
	uint64_t	serial;
};

/* Entries below are absent: what they were counts for nothing. */
void closing_absent(struct closing *c, uint64_t count);

/*
 * The next entry. For a period.close: ERR_MISMATCH unless it says what the
 * entries do (the first after absent ones is taken as it is), and then
 * closing_root() is due with the root of the tree that ends in it.
 */
[[nodiscard]] enum err closing_entry(struct closing *c, uint64_t index,
    const struct schema_entry *e);
void closing_root(struct closing *c, const struct hash *root);

/*
 * The facts of a closing entry at index next; period, totals and c are
 * borrowed. ERR_NOT_FOUND: the period is empty, or no policy was ever in force.
 */
[[nodiscard]] enum err closing_facts(const struct closing *c,
    const char *period, struct entry_tally totals[SCHEMA_EVENT_COUNT],
    struct entry_period_facts *out_facts);

/* "2026-11", a real month. */
bool closing_period_valid(struct view period);

#endif
