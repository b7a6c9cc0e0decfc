/*
 * The witness protocol (C2SP tlog-witness) as functions over bytes: both
 * sides of add-checkpoint.
 *
 *	old <size>\n
 *	<base64 of a hash>\n	0 … 63, a consistency proof from old
 *	\n
 *	<checkpoint note>
 *
 * A witness answers with an error's err_status(), or 200 and signature lines;
 * 409 carries the size that it knows. Checking, persisting and answering must
 * be one step in which no other request is served.
 */
#ifndef OKSE_AUDIT_WITNESS_H
#define OKSE_AUDIT_WITNESS_H

#include "audit/checkpoint.h"
#include "audit/cosigner.h"
#include "audit/note.h"
#include "audit/proof.h"

#define WITNESS_PROOF_MAX 63
#define WITNESS_KEYS 4			/* of one log */
#define WITNESS_SIZE_TYPE "text/x.tlog.size"

/* Views of the bytes it was read from. */
struct witness_request {
	uint64_t	old;
	struct proof	proof;
	struct view	note;
};

/* Form of all that stands before the note: ERR_SYNTAX */
[[nodiscard]] enum err witness_request_get(struct view body,
    struct witness_request *out_request);
void witness_request_put(struct bytes *out, uint64_t old,
    const struct proof *proof, struct view note);
/* The first line of the note: which log this is about. */
struct view witness_request_origin(const struct witness_request *r);

/* ---- a witness */

/* One log: its keys, all of one name, and the newest tree it was seen with. */
struct witness_log {
	size_t		key_count;
	struct vkey	*keys[WITNESS_KEYS];
	uint64_t	size;		/* 0: nothing was cosigned yet */
	struct hash	root;
};

void witness_log_done(struct witness_log *l);

/*
 * Whether the log's witness may cosign what is asked. *out_tree is the
 * checkpoint, its origin a view of the request. Errors in the order of the
 * protocol's rules:
 *	ERR_SYNTAX	400 not a note, not three lines
 *	ERR_FORBIDDEN	403 not signed by a key of the log, or badly
 *	ERR_RANGE	400 old is larger than the checkpoint
 *	ERR_EXISTS	409 old is not what is known: answer l->size
 *	ERR_MISMATCH	422 not a larger version of what is known
 */
[[nodiscard]] enum err witness_check(const struct witness_log *l,
    const struct witness_request *r, struct checkpoint *out_tree);

/*
 * After witness_check(): the note to persist (text, the log's own signatures,
 * the cosignature; nothing else that came with it) and the answer.
 */
[[nodiscard]] enum err witness_cosign(const struct witness_log *l,
    const struct witness_request *r, const struct cosigner *c, uint64_t time,
    struct bytes *out_note, struct bytes *out_answer);

/*
 * What was persisted, read again: sets the log's size and root. ERR_CORRUPT
 * unless both the log and this witness have signed it.
 */
[[nodiscard]] enum err witness_restore(struct witness_log *l,
    const struct cosigner *c, struct view note);

/* ---- a log: cosignature_take() reads what a witness answers with 200 */

/* The body of a 409: "<size>\n". ERR_SYNTAX */
[[nodiscard]] enum err witness_size_get(struct view answer,
    uint64_t *out_size);
void witness_size_put(struct bytes *out, uint64_t size);

/* "<lower-case hex of SHA-256(origin)>/checkpoint", below a prefix. */
void witness_path_put(struct bytes *out, struct view origin);

#endif
