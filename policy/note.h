/*
 * The message of one rule, written into a slot of its decision without
 * memory of its own: what does not fit is cut between characters. A NULL note
 * takes everything and keeps nothing.
 */
#ifndef OKSE_POLICY_NOTE_H
#define OKSE_POLICY_NOTE_H

#include "base/bytes.h"
#include "base/time.h"

#define NOTE_SIZE 224	/* with the final NUL */

struct note {
	char	at[NOTE_SIZE];
	size_t	len;
};

void note_text(struct note *n, const char *text);
void note_view(struct note *n, struct view utf8);	/* at most 40 bytes */
void note_int(struct note *n, int64_t v);
void note_date(struct note *n, struct date d);
void note_time(struct note *n, int64_t instant);	/* in Korean time */

#endif
