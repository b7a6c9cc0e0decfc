/*
 * A book: bytes found by bytes, for the time of one batch. Nothing is ever
 * removed singly.
 */
#ifndef OKSE_SIGNER_NOTARY_BOOK_H
#define OKSE_SIGNER_NOTARY_BOOK_H

#include "base/bytes.h"

struct book_entry {
	uint64_t	hash;
	size_t		key, key_len, value, value_len;	/* in text */
};

/* All zero is an empty book. */
struct book {
	size_t			count, room;	/* room: a power of two, or 0 */
	struct book_entry	*at;
	struct bytes		text;
};

void book_reset(struct book *b);	/* empty, memory kept */
void book_done(struct book *b);

/* The first value that was put under a key counts. */
[[nodiscard]] enum err book_put(struct book *b, struct view key,
    struct view value);
/* Valid until the next book_put(). */
bool book_get(const struct book *b, struct view key, struct view *out_value);

#endif
