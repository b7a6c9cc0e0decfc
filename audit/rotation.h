/*
 * A log's key hands over to the next (the entry logkey.rotate). What shows
 * it to whoever trusts the former key is a file of the log,
 *
 *	rotated/<key id of the former, 8 lower-case hex>.tlog-proof
 *
 * a receipt of that entry under a checkpoint that both keys have signed: the
 * former one says whom it gives the log to, the other that it has it. Under
 * trees that hold the entry only the other one's signature counts.
 */
#ifndef OKSE_AUDIT_ROTATION_H
#define OKSE_AUDIT_ROTATION_H

#include "audit/files.h"
#include "audit/receipt.h"
#include "audit/schema.h"

struct rotation {
	uint64_t	index;		/* of the entry */
	struct vkey	*former, *key;
	bool		lost;		/* the former signs no more */
};

void rotation_done(struct rotation *r);

/*
 * What an entry of a log of this origin says; out_rotation must be zero or
 * done. ERR_SYNTAX, ERR_UNSUPPORTED (keys), ERR_MISMATCH: not their hashes, of
 * two types, or one key.
 */
[[nodiscard]] enum err rotation_get(struct view origin,
    const struct schema_entry *e, struct rotation *out_rotation);

/* Where the former key's is. */
#define ROTATION_PATH 32
const char *rotation_path(const struct vkey *former, char out[ROTATION_PATH]);
bool rotation_path_is(struct view path);

/*
 * The rotation that a receipt shows: in its place, signed by both keys.
 * ERR_MISMATCH, ERR_NOT_FOUND, ERR_SIGNATURE, ERR_SCHEMA
 */
[[nodiscard]] enum err rotation_of(const struct receipt *receipt,
    struct rotation *out_rotation);

/*
 * From what shows it: whoever trusts the former key for the end of a log
 * trusts the other one from there on. ERR_NOT_FOUND: nobody does.
 */
[[nodiscard]] enum err rotation_take(struct trust_policy *p,
    struct view receipt);
/*
 * All that the log at hand shows, one after the other; a file that is not
 * what it must be leads nowhere, and verify.h finds it. Errors of the
 * machine or the network, ERR_TOO_LARGE.
 */
[[nodiscard]] enum err rotation_follow(struct trust_policy *p,
    const struct log_files *files);

#endif
