/*
 * A checkpoint on paper, for minutes, newspapers and a ceremony's protocol:
 *
 *	ABCD-EFGH-…	nine groups of four characters of Base32
 *
 * 160 bits of SHA-256 over the three lines of the checkpoint, and a group of
 * check characters that finds mistakes in copying: the first 20 bits of
 * SHA-256 over the 32 characters before.
 */
#ifndef OKSE_AUDIT_FINGERPRINT_H
#define OKSE_AUDIT_FINGERPRINT_H

#include "base/bytes.h"

#define FINGERPRINT_TEXT 45	/* with the final NUL */

/* body: of a checkpoint, with its last line end */
const char *fingerprint_text(struct view body, char out[FINGERPRINT_TEXT]);

/*
 * Whether a text that somebody typed is body's: case, blanks and dashes do
 * not matter. ERR_SYNTAX: a mistake in copying; ERR_MISMATCH: well copied,
 * from another checkpoint.
 */
[[nodiscard]] enum err fingerprint_check(struct view body,
    struct view typed);

#endif
