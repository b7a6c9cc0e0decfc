/*
 * The periods of the log that were closed, and the checkpoint that ends each:
 * of exactly the size of the log with its closing entry, kept as
 * closed/<period>.note beside the log, and later with every cosignature that
 * witnesses add.
 *
 *	entry durable		closed_record(), in its transaction; from then
 *				on the next checkpoint is of exactly that size
 *				(closed_stop()), however many entries follow
 *	checkpoint published	closed_keep(): the note, before any larger one
 *	witnesses		closed_owed(): each is offered it before any
 *				larger one, for they never sign a smaller later
 *
 * A crash anywhere between goes on from what the registry and the directory
 * say. Who cosigned a larger tree first has passed it, and is named so.
 */
#ifndef OKSE_SIGNER_NOTARY_CLOSED_H
#define OKSE_SIGNER_NOTARY_CLOSED_H

#include "audit/trust.h"
#include "base/json.h"
#include "signer/notary/logkeys.h"

#define CLOSED_NAME 7			/* "2026-11" */
#define CLOSED_NONE UINT64_MAX

struct closed_period {
	char		name[CLOSED_NAME + 1];
	uint64_t	size;
	struct bytes	note;		/* empty: not published yet */
	uint64_t	lines[TRUST_MAX];	/* times, or TRUST_NEVER */
	bool		passed[TRUST_MAX];	/* signed a larger one first */
};

struct closed {
	const char		*log;		/* its directory */
	const struct logkeys	*keys;
	const struct trust_policy *policy;	/* NULL: no witnesses */
	size_t			 count;
	struct closed_period	*at;		/* by size */
};

void closed_done(struct closed *c);

/*
 * What the registry remembers, once more after each commit of a closing
 * entry; with the notes there are. A note that is not the log's own of that
 * size counts as none.
 */
[[nodiscard]] enum err closed_load(struct closed *c, struct registry *r);
/* Remembers one, within a transaction. */
[[nodiscard]] enum err closed_record(struct registry *r, const char *name,
    uint64_t size);
/* From now on these witnesses are wanted; p must stay. */
void closed_meet(struct closed *c, const struct trust_policy *p);

const struct closed_period *closed_find(const struct closed *c,
    const char *name);
/* The size of the first at or above this one without a note; CLOSED_NONE */
uint64_t closed_stop(const struct closed *c, uint64_t published);
/* The first size above this one at which a period ended; CLOSED_NONE */
uint64_t closed_next(const struct closed *c, uint64_t size);
/* Whether one, witnessed where there are witnesses, has all below min. */
bool closed_covers(const struct closed *c, uint64_t min);

/* The note of what is published, if a period wants it, durably. */
[[nodiscard]] enum err closed_keep(struct closed *c, uint64_t published,
    struct view note);

/*
 * What a witness that knows so many entries is to cosign before anything of
 * the size newest or larger; NULL: nothing.
 */
const struct closed_period *closed_owed(const struct closed *c,
    size_t witness, uint64_t known, uint64_t newest);
/*
 * A witness cosigned this text of this size, at this time, with this line: it
 * is added to the note it belongs to, durably, and smaller ones are passed.
 */
struct closed_cosigned {
	size_t			 witness;	/* in the policy */
	const struct vkey	*key;
	uint64_t		 size, time;
	struct view		 text, line;
};
[[nodiscard]] enum err closed_cosigned(struct closed *c,
    const struct closed_cosigned *by);

/* An array, in place; metrics. */
void closed_put(const struct closed *c, struct json *j);
void closed_metrics(const struct closed *c, struct bytes *out);

#endif
