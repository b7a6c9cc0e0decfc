/*
 * Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519, cosignature/v1):
 * what a witness signs, the line it answers with, the note with that line in.
 * Verifying them is note_verify() with a key of VKEY_COSIGNATURE.
 */
#ifndef OKSE_AUDIT_COSIGNATURE_H
#define OKSE_AUDIT_COSIGNATURE_H

#include "audit/note.h"

/*
 * The line of a witness: signature is its key's, over what
 * vkey_cosignature_message() gives for this time and text.
 */
void cosignature_put(struct bytes *out, const struct vkey *witness,
    uint64_t time, struct view signature);

/*
 * Takes a witness's answer to a checkpoint: signature lines, at least one of
 * them of this key and all of those good. The newest is appended to out, as a
 * line. ERR_SYNTAX, ERR_TOO_LARGE, ERR_NOT_FOUND, ERR_SIGNATURE
 */
[[nodiscard]] enum err cosignature_take(struct view answer, struct view text,
    const struct vkey *witness, uint64_t *out_time, struct bytes *out);

/*
 * A note with this line of this witness; other lines of the same key are left
 * out. Nothing is verified. ERR_SYNTAX, ERR_TOO_LARGE
 */
[[nodiscard]] enum err cosignature_add(struct view note,
    const struct vkey *witness, struct view line, struct bytes *out);

#endif
