/*
 * The log as its writer sees it. Entries are staged in the transaction of a
 * batch and exist once it is committed; the published directory follows
 * behind, checkpoint by checkpoint, each recomputed from what the database
 * says before a keyholder signs it.
 *
 *	journal_next(), entry_…(), journal_put()	within a transaction
 *	journal_mark(), journal_undo()			as the registry's
 *	journal_committed() or journal_rolled_back()	after it
 *	journal_checkpoint(), journal_cosigned()	between batches
 *
 * An error of any of these but journal_next() and journal_put() is final: the
 * process ends and recovery decides.
 */
#ifndef OKSE_SIGNER_NOTARY_JOURNAL_H
#define OKSE_SIGNER_NOTARY_JOURNAL_H

#include "audit/entry.h"
#include "audit/proof.h"
#include "signer/notary/closed.h"
#include "signer/notary/logkeys.h"
#include "signer/notary/registry.h"

struct journal;

/* What recovery found, for the log and for the start entries. */
struct journal_found {
	uint64_t	entries;	/* durable in the registry */
	uint64_t	published;	/* of the checkpoint in the directory */
	bool		rebuilt;	/* tiles had to be made anew */
};

/*
 * Opens the published directory and brings it and the registry together.
 * ERR_CORRUPT when they contradict each other: the registry holds other
 * entries than were published, or fewer (guard.h has looked before).
 * Errors of logkeys_open() for a checkpoint that is not of these keys. Where a
 * period of closed waits for its checkpoint, the next one is of exactly that
 * size. registry, keys and closed must outlive the journal.
 */
[[nodiscard]] enum err journal_open(const char *dir,
    struct registry *registry, const struct logkeys *keys,
    const struct closed *closed, struct journal **out_journal,
    struct journal_found *out_found);
void journal_close(struct journal *j);
AUTO_DEFINE(journal, struct journal, journal_close);

/*
 * The common members of the entry that journal_put() is called with next;
 * stages a clock.step before it when the clock was set.
 */
[[nodiscard]] enum err journal_next(struct journal *j,
    struct entry_common *out_common);
/* out_leaf may be NULL. */
[[nodiscard]] enum err journal_put(struct journal *j, struct view entry,
    struct hash *out_leaf);
/* What is staged so far, in order; take's error ends it. */
[[nodiscard]] enum err journal_each_staged(const struct journal *j,
    enum err (*take)(void *context, struct view entry), void *context);
void journal_mark(struct journal *j);
void journal_undo(struct journal *j);	/* what was staged since the mark */
[[nodiscard]] enum err journal_committed(struct journal *j);
void journal_rolled_back(struct journal *j);

/* Entries: with those staged; committed; under the published checkpoint. */
uint64_t journal_staged(const struct journal *j);
uint64_t journal_durable(const struct journal *j);
uint64_t journal_published(const struct journal *j);
struct hash journal_root(const struct journal *j);	/* of that checkpoint */
uint64_t journal_signed(const struct journal *j);	/* since the start */

/*
 * When a checkpoint is due (something is unpublished, none is being signed
 * and the last is JOURNAL_PAUSE old): writes the tiles, recomputes the root a
 * second time and gives the body to sign; *out_body is empty otherwise.
 */
#define JOURNAL_PAUSE 250000	/* microseconds */
[[nodiscard]] enum err journal_checkpoint(struct journal *j, int64_t now_us,
    struct bytes *out_body);
/*
 * Publishes it, or keeps it as an offer to witnesses (journal_witnessed()).
 * signatures as logkeys_sign() takes them. ERR_SIGNATURE: not signed by these.
 */
[[nodiscard]] enum err journal_cosigned(struct journal *j,
    struct view signatures);
/*
 * The database has forgotten entries: from now on the second opinion on a
 * root comes from what was written to the published directory, and no witness
 * is waited for.
 */
[[nodiscard]] enum err journal_alone(struct journal *j);
/* The keyholder failed or is gone: another attempt after a pause. */
void journal_not_cosigned(struct journal *j);

/* ---- with witnesses */

/*
 * From now on a signed checkpoint is an offer until journal_publish(), and
 * there are pause_us between two of them.
 */
void journal_witnessed(struct journal *j, int64_t pause_us);
/* The newest signed checkpoint, published or offered; empty: none yet. */
struct view journal_note(const struct journal *j);
uint64_t journal_note_size(const struct journal *j);
bool journal_is_offer(const struct journal *j);
/* Leads from a smaller tree of this log to one that was signed. ERR_RANGE */
[[nodiscard]] enum err journal_prove(struct journal *j, uint64_t from,
    uint64_t to, struct proof *out_proof);
/*
 * A witness's signature line over it, in place of an older one of the same
 * witness. What is published already is due to be published again.
 */
[[nodiscard]] enum err journal_add_line(struct journal *j,
    const struct vkey *witness, struct view line);
/*
 * The offer, or what has come to the published one; else nothing. Where it is
 * the first of a key's, the one before hands over.
 */
[[nodiscard]] enum err journal_publish(struct journal *j);
/* The newest note, which is published and has its quorum, is kept as such. */
[[nodiscard]] enum err journal_keep_witnessed(const struct journal *j);
/*
 * Whether the first size entries, which must be durable, hash to this root:
 * ERR_MISMATCH.
 */
[[nodiscard]] enum err journal_root_is(struct journal *j, uint64_t size,
    const struct hash *root);

#endif
