/*
 * Signed notes (C2SP signed-note): text that ends in a line end, a blank
 * line, signature lines
 *
 *	— <key name> <base64 of key id || signature>
 *
 * The reader is strict so that no two byte strings are the same note:
 * canonical base64, UTF-8, no control characters, nothing after the last
 * line end.
 */
#ifndef OKSE_AUDIT_NOTE_H
#define OKSE_AUDIT_NOTE_H

#include "audit/vkey.h"

#define NOTE_MAX 65536
#define NOTE_LINES 64		/* signature lines; the format demands 16 */
#define NOTE_DASH "\xe2\x80\x94 "	/* U+2014: opens a signature line */
#define NOTE_LINE_BYTES 8192	/* decoded: ML-DSA fits */

struct note_line {
	struct view	name;
	struct view	base64;	/* of key id || signature */
	uint8_t		id[VKEY_ID_SIZE];
};

/* Views of the bytes it was read from. */
struct note {
	struct view		text;	/* with its last line end */
	size_t			count;
	struct note_line	line[NOTE_LINES];
};

/* Form only, no signature: ERR_SYNTAX, ERR_TOO_LARGE */
[[nodiscard]] enum err note_get(struct view bytes, struct note *out_note);

/*
 * Every line of this key must verify and there must be one: ERR_NOT_FOUND
 * when there is none, ERR_SIGNATURE when one fails. Lines of other keys are
 * not looked at. out_time as in vkey_verify(), of the newest line; may be
 * NULL.
 */
[[nodiscard]] enum err note_verify(const struct note *n,
    const struct vkey *key, uint64_t *out_time);

/* How many lines name this key, good or not. */
size_t note_lines_of(const struct note *n, const struct vkey *key);

/*
 * Signature lines without a text, as a witness answers with: ERR_SYNTAX,
 * ERR_TOO_LARGE. out_note->text is the text given.
 */
[[nodiscard]] enum err note_get_lines(struct view lines, struct view text,
    struct note *out_note);

/* text, blank line; then any number of signature lines. */
void note_put_text(struct bytes *out, struct view text);
void note_put_line(struct bytes *out, const struct note_line *line);
void note_put_signature(struct bytes *out, const struct vkey *key,
    struct view signature);

#endif
