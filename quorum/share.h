/*
 * One officer's share of a split secret, and its printed form: one line
 * that can be typed again (share.txt describes it).
 */
#ifndef OKSE_QUORUM_SHARE_H
#define OKSE_QUORUM_SHARE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/mem.h"

#define SHARE_MAX 32		/* officers of one quorum */
#define SHARE_VALUE_SIZE 32	/* the secret's size, and each share's */
#define SHARE_ID_SIZE 8
#define SHARE_TEXT_SIZE 121	/* characters of the line, no line end */

/* All zero is an empty share; value is NULL until it has one. */
struct share {
	uint8_t		 set_id[SHARE_ID_SIZE];	/* equal for one split */
	uint8_t		 ceremony_id[SHARE_ID_SIZE];
	uint8_t		 threshold;	/* 2 … count */
	uint8_t		 count;		/* 2 … SHARE_MAX */
	uint8_t		 x;		/* seat, 1 … count */
	struct secret	*value;		/* SHARE_VALUE_SIZE bytes */
};

void share_done(struct share *s);	/* wipes; leaves it empty */

/* The line of a share, SHARE_TEXT_SIZE characters without line end or NUL. */
[[nodiscard]] enum err share_put(const struct share *s,
    struct secret **out_text);

/*
 * Reads such a line, exactly. ERR_SYNTAX: length, prefix, alphabet or
 * grouping; ERR_CORRUPT: a mistyped character (the check fails);
 * ERR_UNSUPPORTED: another version; ERR_RANGE: threshold, count or seat.
 * Never a character of the share in a message.
 */
[[nodiscard]] enum err share_get(struct view text, struct share *out_share);

/* A file that holds the line and at most one line end. */
[[nodiscard]] enum err share_read(const char *path, struct share *out_share);

#endif
