/*
 * Receipts (C2SP tlog-proof): one entry, its place in the tree and the
 * checkpoint, in one small file that anyone can check offline.
 *
 *	c2sp.org/tlog-proof@v1\n
 *	extra <base64 of the entry>\n
 *	index <n>\n
 *	<base64 of a hash>\n	…
 *	\n
 *	<checkpoint note>
 *
 * Ours always carry the entry in "extra"; it is authenticated because its
 * hash is what the proof proves.
 */
#ifndef OKSE_AUDIT_RECEIPT_H
#define OKSE_AUDIT_RECEIPT_H

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "audit/proof.h"
#include "audit/trust.h"

#define RECEIPT_MAX 262144
#define RECEIPT_FIRST_LINE "c2sp.org/tlog-proof@v1"

struct receipt {
	struct bytes		entry;
	uint64_t		index;
	struct proof		proof;
	struct view		text;		/* the note: a view of the
						   input, as are these */
	struct note		note;
	struct checkpoint	checkpoint;
};

void receipt_done(struct receipt *r);

/*
 * Makes the receipt of entry index under a checkpoint note from its tiles and
 * bundles. The note is not verified. ERR_RANGE when the checkpoint does not
 * cover the index yet.
 */
[[nodiscard]] enum err receipt_build(const struct tile_source *s,
    uint64_t index, struct view note, struct bytes *out);

/* Form only; out_receipt must be zero or done. ERR_SYNTAX, ERR_TOO_LARGE */
[[nodiscard]] enum err receipt_get(struct view text,
    struct receipt *out_receipt);

/*
 * The log key's signature, that the origin is the key's name, the proof.
 * ERR_SIGNATURE, ERR_NOT_FOUND (not signed by this key), ERR_MISMATCH
 */
[[nodiscard]] enum err receipt_check(const struct receipt *r,
    const struct vkey *log_key);
/*
 * By a trust policy, cosignatures included: errors of trust_open(), and
 * ERR_MISMATCH. Whether there was a quorum is in out_seen->quorum_time.
 */
[[nodiscard]] enum err receipt_judge(const struct receipt *r,
    const struct trust_policy *trust, struct trust_seen *out_seen);

#endif
