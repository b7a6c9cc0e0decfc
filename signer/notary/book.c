/*
 * An open hash table over one buffer. Keys are statements with pseudonyms and
 * random numbers in them; a client that made its own collide would slow down
 * one batch. Next: engine_postgres.c.
 */
#include "signer/notary/book.h"

#include <string.h>

#define ROOM_FIRST 256

void
book_reset(struct book *b)
{
	if (b->count != 0)
		memset(b->at, 0, b->room * sizeof(*b->at));
	b->count = 0;
	bytes_reset(&b->text);
}

void
book_done(struct book *b)
{
	mem_free(b->at);
	bytes_done(&b->text);
	*b = (struct book){ 0 };
}

/* FNV-1a; never 0, which marks an empty place. */
static uint64_t
hash_of(struct view key)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ key.at[i]) * UINT64_C(1099511628211);
	return h | 1;
}

static struct book_entry *
place_of(const struct book *b, uint64_t hash, struct view key)
{
	size_t i = (size_t)(hash >> 1) & (b->room - 1);

	for (;; i = (i + 1) & (b->room - 1)) {
		struct book_entry *e = &b->at[i];

		if (e->hash == 0 || (e->hash == hash &&
		    view_equal(VIEW(b->text.at + e->key, e->key_len), key)))
			return e;
	}
}

static enum err
grow(struct book *b)
{
	struct book larger = { .room = b->room != 0 ? 2 * b->room :
	    ROOM_FIRST, .text = b->text };

	larger.at = mem_new(larger.room, sizeof(*larger.at));
	if (larger.at == NULL)
		return err_because(ERR_MEMORY, "what a batch reads");
	for (size_t i = 0; i < b->room; i++) {
		const struct book_entry *e = &b->at[i];

		if (e->hash != 0)
			*place_of(&larger, e->hash, VIEW(b->text.at + e->key,
			    e->key_len)) = *e;
	}
	mem_free(b->at);
	b->at = larger.at;
	b->room = larger.room;
	return ERR_OK;
}

enum err
book_put(struct book *b, struct view key, struct view value)
{
	struct book_entry e = { .hash = hash_of(key), .key_len = key.len,
	    .value_len = value.len };
	struct book_entry *place;

	if (2 * b->count >= b->room)
		TRY(grow(b));
	place = place_of(b, e.hash, key);
	if (place->hash != 0)
		return ERR_OK;
	e.key = b->text.len;
	bytes_put(&b->text, key);
	e.value = b->text.len;
	bytes_put(&b->text, value);
	TRY(bytes_check(&b->text));
	*place = e;
	b->count++;
	return ERR_OK;
}

bool
book_get(const struct book *b, struct view key, struct view *out_value)
{
	const struct book_entry *e;

	if (b->count == 0)
		return false;
	e = place_of(b, hash_of(key), key);
	if (e->hash == 0)
		return false;
	*out_value = VIEW(b->text.at + e->value, e->value_len);
	return true;
}
