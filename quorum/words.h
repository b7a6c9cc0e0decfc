/*
 * A hash for people: in words that can be read aloud, written down and typed
 * on any console (words.txt). For hashes alone, which are public: nothing here
 * takes the time of a secret into account.
 */
#ifndef OKSE_QUORUM_WORDS_H
#define OKSE_QUORUM_WORDS_H

#include "base/crypto.h"

#define HASH_WORDS 24
#define WORD_MAX 8		/* letters */

struct hash_words {
	char	at[HASH_WORDS][WORD_MAX + 1];
};

void words_of(const struct hash *h, struct hash_words *out);
/* So many of the first words, with a blank between them; appended. */
void words_put(const struct hash *h, size_t count, struct bytes *out);

/*
 * Reads the words of a hash, parted by blanks. ERR_SYNTAX points at the first
 * that is not in the list; ERR_MISMATCH: each is, but not in this order.
 */
[[nodiscard]] enum err words_get(struct view typed, struct hash *out);

/* Is it that word, by its first four letters, in either case? */
bool word_is(const char *word, struct view typed);
/* Takes the next of some typed words off the text; empty at its end. */
struct view word_next(struct view *text);

/*
 * For paper and screen: line 0 is the hash in hex, in eight groups, lines 1 to
 * 4 are its words with their numbers, six a line. Appended without a line end,
 * 71 columns at most.
 */
#define HASH_LINES 5
void hash_line(const struct hash *h, size_t line, struct bytes *out);

#endif
