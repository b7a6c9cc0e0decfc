/*
 * CBOR, the deterministic subset (RFC 8949 4.2.1): definite lengths, shortest
 * heads, map keys in ascending order of their bytes. What is written with
 * this can be written in one way only, and nothing else is read back.
 *
 * Integers, byte and text strings, arrays, maps, tags and booleans: no floats
 * and no other simple values.
 */
#ifndef OKSE_CREDENTIAL_CBOR_H
#define OKSE_CREDENTIAL_CBOR_H

#include "base/bytes.h"

/* Writing. A map's caller puts key, value, key, value … in ascending order. */
void cbor_put_uint(struct bytes *b, uint64_t v);
void cbor_put_int(struct bytes *b, int64_t v);
void cbor_put_bytes(struct bytes *b, struct view v);
void cbor_put_text(struct bytes *b, struct view utf8);
void cbor_put_array(struct bytes *b, uint64_t items);
void cbor_put_map(struct bytes *b, uint64_t pairs);
void cbor_put_tag(struct bytes *b, uint64_t tag);	/* before its item */
void cbor_put_bool(struct bytes *b, bool v);
/* Tag 24 and the bytes of an item that is encoded already (RFC 8949 3.4.5.1) */
void cbor_put_encoded(struct bytes *b, struct view item);

/*
 * Reading, by pulling what the schema says comes next:
 *
 *	struct cbor_reader r = cbor_reader_of(view);
 *	if (cbor_enter_map(&r) != 2)
 *		…
 *	cbor_want_int(&r, 1);
 *	alg = cbor_read_int(&r);
 *	cbor_want_int(&r, 4);
 *	kid = cbor_read_bytes(&r, 8);
 *	cbor_leave(&r);
 *	TRY(cbor_end(&r, "protected header"));
 *
 * The first rule broken is remembered; after it everything reads as 0 or
 * empty. Views point into what is read.
 */
#define CBOR_DEPTH 8	/* arrays and maps within each other */

struct cbor_level {
	uint64_t	left;	/* items still to come, two for a pair */
	bool		map;
	struct view	key;	/* the last key's encoding */
};

struct cbor_reader {
	struct view	  rest;
	const char	 *why;	/* the first rule broken, or NULL */
	unsigned int	  depth;
	struct cbor_level level[CBOR_DEPTH];
};

struct cbor_reader cbor_reader_of(struct view v);
uint64_t cbor_read_uint(struct cbor_reader *r);
int64_t cbor_read_int(struct cbor_reader *r);
/* A string longer than max is refused; text is checked to be UTF-8. */
struct view cbor_read_bytes(struct cbor_reader *r, size_t max);
struct view cbor_read_text(struct cbor_reader *r, size_t max);
uint64_t cbor_read_tag(struct cbor_reader *r);	/* its item is read next */
bool cbor_read_bool(struct cbor_reader *r);
struct view cbor_read_encoded(struct cbor_reader *r, size_t max); /* tag 24 */
/* The number of items or pairs; keys must be integers or strings. */
uint64_t cbor_enter_array(struct cbor_reader *r);
uint64_t cbor_enter_map(struct cbor_reader *r);
void cbor_leave(struct cbor_reader *r);		/* all items were read */

/* What comes next, for readers of any item. */
enum cbor_kind {
	CBOR_UINT,
	CBOR_NEGATIVE,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_TAG,
	CBOR_SIMPLE,	/* a boolean, or refused when it is read */
	CBOR_END,	/* nothing, or an error before */
};
enum cbor_kind cbor_peek(const struct cbor_reader *r);

/* Refuses anything but this value. */
void cbor_want_text(struct cbor_reader *r, const char *text);
void cbor_want_int(struct cbor_reader *r, int64_t v);
void cbor_want_array(struct cbor_reader *r, uint64_t items);
void cbor_want_map(struct cbor_reader *r, uint64_t pairs);
void cbor_fail(struct cbor_reader *r, const char *why);
/* ERR_SYNTAX naming what and the rule, unless all was read and was good. */
[[nodiscard]] enum err cbor_end(const struct cbor_reader *r,
    const char *what);

#endif
