/*
 * The published directory of the log: tiles and bundles first, the checkpoint
 * by rename last, so that at every instant the checkpoint found there is
 * backed by all its tiles. Anything may be done again after a crash: the same
 * entries make the same files.
 *
 *	publish_append()	for each entry that is durable elsewhere
 *	publish_tiles()		files for the size reached, durable
 *	publish_root()		the checkpoint to sign (after recompute_root)
 *	publish_checkpoint()	the signed note; entries may have been appended
 *				meanwhile
 *
 * An error of any of these is final: close the publisher and open it again
 * from what is on disk. Files are made with mode 0644 under the caller's umask.
 */
#ifndef OKSE_AUDIT_PUBLISH_H
#define OKSE_AUDIT_PUBLISH_H

#include "audit/merkle.h"

struct publish;

/*
 * Opens the directory (made if missing) at a published size and root; size 0
 * starts anew over whatever is there. ERR_NOT_FOUND, ERR_CORRUPT or
 * ERR_MISMATCH when its tiles are not those of that tree.
 */
[[nodiscard]] enum err publish_open(const char *dir, uint64_t size,
    const struct hash *root, struct publish **out_publish);
void publish_close(struct publish *p);
AUTO_DEFINE(publish, struct publish, publish_close);

/* In memory only. ERR_TOO_LARGE over 65535 bytes, ERR_MEMORY */
[[nodiscard]] enum err publish_append(struct publish *p, struct view entry);
uint64_t publish_size(const struct publish *p);	/* with what was appended */

/* Writes what the present size needs; returns when all of it is durable. */
[[nodiscard]] enum err publish_tiles(struct publish *p);
/* Size and root as of the last publish_tiles(). */
uint64_t publish_ready(const struct publish *p, struct hash *out_root);

/*
 * Replaces the checkpoint by a note of exactly publish_ready() (ERR_MISMATCH
 * otherwise; the signature is the caller's business), then removes partial
 * tiles that full ones have superseded.
 */
[[nodiscard]] enum err publish_checkpoint(struct publish *p,
    struct view note);

/*
 * Keeps the note of a checkpoint that was published as checkpoint.witnessed;
 * the caller knows that it has its quorum, and never comes back with an older.
 */
[[nodiscard]] enum err publish_witnessed(const struct publish *p,
    struct view note);

/* Reads DIR/checkpoint: ERR_NOT_FOUND when there is none yet. */
[[nodiscard]] enum err publish_read_checkpoint(const char *dir,
    struct bytes *out_note);

#endif
