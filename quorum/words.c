/*
 * Hashes in words and back (words.txt). What is typed is a person's text, of
 * any length and content. Next: ceremony/attend_open.c, where hashes are read
 * back from paper.
 */
#include "quorum/words.h"

#include <string.h>

#include "base/take_in.h"

#define LIST 2048
#define BITS 11			/* a word */
#define PREFIX 4		/* letters that tell a word */
#define A_LINE 6		/* words */

TAKE_IN(words_english, "quorum/english.txt");
extern const char words_english[];

/* ---- the list */

static struct view
listed(size_t index)
{
	const char *at = words_english;

	while (index-- > 0)
		at = strchr(at, '\n') + 1;
	return VIEW(at, strcspn(at, "\n"));
}

static bool
same_letter(char word, uint8_t typed)
{
	return typed == (uint8_t)word || (typed >= 'A' && typed <= 'Z' &&
	    typed - 'A' + 'a' == word);
}

static bool
begins_with(struct view word, struct view typed)
{
	if (typed.len > word.len)
		return false;
	for (size_t i = 0; i < typed.len; i++)
		if (!same_letter((char)word.at[i], typed.at[i]))
			return false;
	return typed.len == word.len || typed.len >= PREFIX;
}

bool
word_is(const char *word, struct view typed)
{
	return begins_with(view_text(word), typed);
}

/* Its index, or LIST. */
static unsigned int
find(struct view typed)
{
	const char *at = words_english;
	unsigned int i = 0;

	for (; i < LIST; i++) {
		size_t len = strcspn(at, "\n");

		if (begins_with(VIEW(at, len), typed))
			break;
		at += len + 1;
	}
	return i;
}

/* ---- the bits */

/* The hash and the first byte of its own hash: 264 bits. */
struct numbered {
	uint8_t	at[SHA256_SIZE + 1];
};

static unsigned int
bit_at(const struct numbered *n, size_t i)
{
	return (unsigned int)n->at[i / 8] >> (7 - i % 8) & 1;
}

void
words_of(const struct hash *h, struct hash_words *out)
{
	struct hash check = sha256(VIEW_OF(h->at));
	struct numbered n;

	memcpy(n.at, h->at, SHA256_SIZE);
	n.at[SHA256_SIZE] = check.at[0];
	*out = (struct hash_words){ 0 };
	for (size_t i = 0; i < HASH_WORDS; i++) {
		unsigned int index = 0;
		struct view word;

		for (size_t k = 0; k < BITS; k++)
			index = index << 1 | bit_at(&n, BITS * i + k);
		word = listed(index);
		memcpy(out->at[i], word.at, word.len);
	}
}

void
words_put(const struct hash *h, size_t count, struct bytes *out)
{
	struct hash_words w;

	words_of(h, &w);
	for (size_t i = 0; i < count; i++)
		bytes_printf(out, "%s%s", i == 0 ? "" : " ", w.at[i]);
}

struct view
word_next(struct view *text)
{
	struct view word;

	while (text->len != 0 && *text->at == ' ') {
		text->at++;
		text->len--;
	}
	word = VIEW(text->at, 0);
	while (text->len != 0 && *text->at != ' ') {
		text->at++;
		text->len--;
		word.len++;
	}
	return word;
}

enum err
words_get(struct view typed, struct hash *out)
{
	struct numbered n = { 0 };
	struct hash h, check;

	for (size_t i = 0; i < HASH_WORDS; i++) {
		unsigned int index = find(word_next(&typed));

		if (index == LIST)
			return err_because(ERR_SYNTAX, "word %zu of %d is not "
			    "in the list (BIP-39, English)", i + 1,
			    HASH_WORDS);
		for (size_t k = 0; k < BITS; k++)
			n.at[(BITS * i + k) / 8] |= (uint8_t)((index >>
			    (BITS - 1 - k) & 1) << (7 - (BITS * i + k) % 8));
	}
	if (word_next(&typed).len != 0)
		return err_because(ERR_SYNTAX, "a hash has %d words",
		    HASH_WORDS);
	memcpy(h.at, n.at, sizeof(h.at));
	check = sha256(VIEW_OF(h.at));
	if (n.at[SHA256_SIZE] != check.at[0])
		return err_because(ERR_MISMATCH, "the words are not those of "
		    "a hash: one is another, or two have changed places");
	*out = h;
	return ERR_OK;
}

/* ---- for paper and screen */

void
hash_line(const struct hash *h, size_t line, struct bytes *out)
{
	struct hash_words w;

	for (size_t k = 0; line == 0 && k < sizeof(h->at); k += 4) {
		bytes_put_text(out, k == 0 ? "" : " ");
		hex_put(out, VIEW(h->at + k, 4));
	}
	if (line == 0)
		return;
	words_of(h, &w);
	for (size_t k = (line - 1) * A_LINE; k < line * A_LINE; k++)
		bytes_printf(out, "%s%2zu %-*s", k % A_LINE == 0 ? "" : " ",
		    k + 1, k % A_LINE == A_LINE - 1 ? 0 : WORD_MAX, w.at[k]);
}
