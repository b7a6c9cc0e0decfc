/*
 * Orphans: tickets that a crash left without an outcome. Whoever asked may ask
 * again, and what is signed then closes them; an operator closes what nobody
 * comes back for, with a reason. Either way they stay in the log.
 */
#ifndef OKSE_SIGNER_NOTARY_ORPHANS_H
#define OKSE_SIGNER_NOTARY_ORPHANS_H

#include "signer/notary/notary.h"

#define ORPHANS_PAGE 64		/* of one answer */

/* ---- within the open transaction; of ascending, at most SCHEMA_LIST_MAX */

/* Records them and remembers that they are open. */
[[nodiscard]] enum err orphans_note(struct notary *n, const uint64_t *of,
    size_t count);
/* The service's own, in whose place others come: closed. */
[[nodiscard]] enum err orphans_remade(struct notary *n, const uint64_t *of,
    size_t count);
/* These were signed: closes those of them that are open orphans. */
[[nodiscard]] enum err orphans_retried(struct notary *n, const uint64_t *of,
    size_t count);

/* ---- what officers ask */

/* JSON of those with an index of at least from: the answer to the GET. */
[[nodiscard]] enum err orphans_put(struct notary *n, uint64_t from,
    struct bytes *out_json);

/*
 * Closes all of these, or none. ERR_NOT_FOUND: no such entry; ERR_MISMATCH: it
 * is no orphan; ERR_EXISTS: it was closed; ERR_IN_FLIGHT: it is being signed;
 * ERR_SCHEMA, ERR_RANGE: the reason is no word, or has six digits in a row,
 * which may be somebody's. *out_broken as in aside.h.
 */
struct orphans_wish {
	uint64_t	of[SCHEMA_LIST_MAX];	/* in any order */
	size_t		count;
	char		caller[64];		/* who, for the log: "uid:0" */
	char		reason[65];
};
[[nodiscard]] enum err orphans_close(struct notary *n,
    struct orphans_wish *wish, bool *out_broken, struct bytes *out_json);

/* How many are open, for metrics; looked up again after a change. */
void orphans_count(struct notary *n);

#endif
