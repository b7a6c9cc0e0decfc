/*
 * The log's keys: the one it has now (Ed25519, and a second, P-256, where
 * there is one), those before, and the next. A key beside the log's own in
 * okse.yaml replaces it:
 *
 *	named, both	the daemon opens, and with it keyholders that have
 *			found and proven both: an entry logkey.rotate, durable
 *			before anything else is signed
 *	from then on	every checkpoint that holds the entry has both lines;
 *			before the first is published, a receipt of the entry
 *			under it (audit/rotation.h)
 *	the next alone	may be named, once that receipt is there
 *
 * Which key had the log when is the registry's to remember, in the entry's
 * own transaction. A crash between any two of these goes on from there.
 */
#ifndef OKSE_SIGNER_NOTARY_LOGKEYS_H
#define OKSE_SIGNER_NOTARY_LOGKEYS_H

#include "audit/rotation.h"
#include "signer/config.h"
#include "signer/notary/registry.h"

#define LOGKEYS 32		/* of one log, ever */

struct logkey {
	struct vkey	*key;
	int		 at;		/* in keys of okse.yaml, or -1 */
	bool		 known;		/* as the log's, to the registry */
	bool		 lost;		/* the one before could not sign */
	uint64_t	 since;		/* it signs trees of so many entries:
					   that of its entry, 0 without */
};

struct logkeys {
	size_t		 count;
	struct logkey	 at[LOGKEYS];	/* by their time, unknown ones last */
	bool		 fresh;		/* not all that is known is recorded */
};

void logkeys_done(struct logkeys *k);

/* Those of okse.yaml. */
[[nodiscard]] enum err logkeys_configured(struct logkeys *k,
    const struct config *c);
/* And what the registry remembers, once more after each change of it. */
[[nodiscard]] enum err logkeys_load(struct logkeys *k, const char *origin,
    struct registry *r);

/* An unknown one is the first of its type: moves it before the unknown. */
void logkeys_begin_with(struct logkeys *k, size_t i);
/* The one of a type that the log has, as far as is known; or NULL. */
const struct logkey *logkeys_present(const struct logkeys *k,
    enum vkey_type type);
/* The one before it, or NULL. */
const struct logkey *logkeys_before(const struct logkeys *k,
    const struct logkey *next);
/* Least size of a tree that it signs. */
uint64_t logkeys_since(const struct logkey *k);

/*
 * A checkpoint of this log, signed by the Ed25519 key that it had at that
 * size. While nothing of it is known, or it is of a time that the registry
 * knows nothing of, another key of okse.yaml will do (*out_strange).
 * ERR_SYNTAX, ERR_MISMATCH (of another log), ERR_NOT_FOUND, ERR_SIGNATURE
 */
[[nodiscard]] enum err logkeys_open(const struct logkeys *k,
    struct view note, struct checkpoint *out_checkpoint,
    bool *out_strange);

/*
 * The note of a checkpoint, from what a keyholder gave: 64 bytes of each key
 * of use log in okse.yaml, in its order, then ECDSA in DER of each of use
 * log-ecdsa. One line for each that has to do with a tree of this size, the
 * one before first. ERR_SIGNATURE
 */
[[nodiscard]] enum err logkeys_sign(const struct logkeys *k,
    struct view body, struct view signatures, struct bytes *out_note);

/* ---- logkeys_rotate.c */

struct notary;

/*
 * At a start, before anything is recorded: may the log go on with the keys of
 * okse.yaml? ERR_REFUSED, with what to do.
 */
[[nodiscard]] enum err logkeys_settle(struct notary *n);
/* Remembers which keys a log began with, in the start's transaction. */
[[nodiscard]] enum err logkeys_remember(struct notary *n);
/*
 * Before a checkpoint is published: the receipts of handovers that it is the
 * first to show, durably in dir; tiles are of its size.
 */
[[nodiscard]] enum err logkeys_hand_over(const struct logkeys *k,
    const char *dir, struct view note);
/* After: log.vkey and log-ecdsa.vkey name the key that the log has. */
[[nodiscard]] enum err logkeys_show(const struct logkeys *k,
    const char *dir, uint64_t published);

/* Is a key to be replaced, now that the next is there to sign? */
bool logkeys_due(const struct notary *n);
/* Its entry, in a batch; after one that is durable. */
[[nodiscard]] enum err logkeys_stage(struct notary *n);
[[nodiscard]] enum err logkeys_committed(struct notary *n);
/* A rotation whose entry was lost with the registry, told by the log. */
[[nodiscard]] enum err logkeys_restore(struct registry *r,
    const struct schema_entry *e);

#endif
