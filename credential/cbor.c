/*
 * The CBOR encoder and the strict pull decoder. What is decoded may be hostile
 * (QR tokens are): every length is bounded by what is left, nesting by
 * CBOR_DEPTH, and each value has one encoding only. Used by the formats.
 */
#include "credential/cbor.h"

#include <string.h>

enum major {
	MAJOR_UINT,
	MAJOR_NEGATIVE,
	MAJOR_BYTES,
	MAJOR_TEXT,
	MAJOR_ARRAY,
	MAJOR_MAP,
	MAJOR_TAG,
	MAJOR_SIMPLE,
};

#define SIMPLE_FALSE 20		/* RFC 8949 3.3 */
#define SIMPLE_TRUE 21
#define TAG_ENCODED 24

/* RFC 8949 3: the argument in the head itself or in 1, 2, 4 or 8 bytes */
static void
put_head(struct bytes *b, enum major major, uint64_t v)
{
	uint8_t first = (uint8_t)(major << 5);

	if (v < 24) {
		bytes_put_u8(b, first | (uint8_t)v);
	} else if (v <= UINT8_MAX) {
		bytes_put_u8(b, first | 24);
		bytes_put_u8(b, (uint8_t)v);
	} else if (v <= UINT16_MAX) {
		bytes_put_u8(b, first | 25);
		bytes_put_u16(b, (uint16_t)v);
	} else if (v <= UINT32_MAX) {
		bytes_put_u8(b, first | 26);
		bytes_put_u32(b, (uint32_t)v);
	} else {
		bytes_put_u8(b, first | 27);
		bytes_put_u64(b, v);
	}
}

void
cbor_put_uint(struct bytes *b, uint64_t v)
{
	put_head(b, MAJOR_UINT, v);
}

void
cbor_put_int(struct bytes *b, int64_t v)
{
	if (v >= 0)
		put_head(b, MAJOR_UINT, (uint64_t)v);
	else
		put_head(b, MAJOR_NEGATIVE, ~(uint64_t)v);
}

void
cbor_put_bytes(struct bytes *b, struct view v)
{
	put_head(b, MAJOR_BYTES, v.len);
	bytes_put(b, v);
}

void
cbor_put_text(struct bytes *b, struct view utf8)
{
	put_head(b, MAJOR_TEXT, utf8.len);
	bytes_put(b, utf8);
}

void
cbor_put_array(struct bytes *b, uint64_t items)
{
	put_head(b, MAJOR_ARRAY, items);
}

void
cbor_put_map(struct bytes *b, uint64_t pairs)
{
	put_head(b, MAJOR_MAP, pairs);
}

void
cbor_put_tag(struct bytes *b, uint64_t tag)
{
	put_head(b, MAJOR_TAG, tag);
}

void
cbor_put_bool(struct bytes *b, bool v)
{
	put_head(b, MAJOR_SIMPLE, v ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void
cbor_put_encoded(struct bytes *b, struct view item)
{
	cbor_put_tag(b, TAG_ENCODED);
	cbor_put_bytes(b, item);
}

struct cbor_reader
cbor_reader_of(struct view v)
{
	return (struct cbor_reader){ .rest = v };
}

void
cbor_fail(struct cbor_reader *r, const char *why)
{
	if (r->why == NULL)
		r->why = why;
	r->rest.len = 0;
}

static struct cbor_level *
innermost(struct cbor_reader *r)
{
	return r->depth != 0 ? &r->level[r->depth - 1] : NULL;
}

static struct view
take(struct cbor_reader *r, uint64_t n)
{
	struct view taken = VIEW(r->rest.at, (size_t)n);

	if (n > r->rest.len) {
		cbor_fail(r, "it ends early");
		return VIEW(NULL, 0);
	}
	r->rest = VIEW(r->rest.at + n, r->rest.len - n);
	return taken;
}

/* The argument behind a head's first byte, in its shortest form. */
static uint64_t
get_argument(struct cbor_reader *r, uint8_t info)
{
	static const uint64_t least[] =
	    { 24, UINT8_MAX + 1, UINT16_MAX + 1, UINT64_C(1) << 32 };
	struct view v;
	uint64_t value = 0;

	if (info < 24)
		return info;
	if (info > 27) {
		cbor_fail(r, info == 31 ? "an indefinite length" :
		    "a reserved head");
		return 0;
	}
	v = take(r, UINT64_C(1) << (info - 24));
	for (size_t i = 0; i < v.len; i++)
		value = value << 8 | v.at[i];
	if (value < least[info - 24])
		cbor_fail(r, "a length or integer that is not in its "
		    "shortest form");
	return r->why == NULL ? value : 0;
}

/* A head of one of two majors; negative ones only where integers are read. */
static uint64_t
get_head(struct cbor_reader *r, enum major wanted, enum major other,
    enum major *out_major)
{
	struct cbor_level *l = innermost(r);
	struct view first;
	enum major major;

	if (l != NULL && l->left == 0)
		cbor_fail(r, "an array or map ends early");
	first = take(r, 1);
	if (first.len == 0)
		return 0;
	major = (enum major)(first.at[0] >> 5);
	if (major != wanted && major != other) {
		cbor_fail(r, "an item of another type");
		return 0;
	}
	*out_major = major;
	return get_argument(r, first.at[0] & 31);
}

/* Counts an item that was read from start on, and compares it when a key. */
static void
count_item(struct cbor_reader *r, const uint8_t *start)
{
	struct cbor_level *l = innermost(r);
	struct view item = VIEW(start, (size_t)(r->rest.at - start));

	if (r->why != NULL || l == NULL)
		return;
	if (l->map && l->left % 2 == 0) {
		if (l->key.at != NULL && view_compare(l->key, item) >= 0)
			cbor_fail(r, "a map with keys twice or out of order");
		l->key = item;
	}
	l->left--;
}

uint64_t
cbor_read_uint(struct cbor_reader *r)
{
	const uint8_t *start = r->rest.at;
	enum major major;
	uint64_t v = get_head(r, MAJOR_UINT, MAJOR_UINT, &major);

	count_item(r, start);
	return r->why == NULL ? v : 0;
}

int64_t
cbor_read_int(struct cbor_reader *r)
{
	const uint8_t *start = r->rest.at;
	enum major major = MAJOR_UINT;
	uint64_t v = get_head(r, MAJOR_UINT, MAJOR_NEGATIVE, &major);

	if (v > INT64_MAX)
		cbor_fail(r, "an integer of more than 63 bits");
	count_item(r, start);
	if (r->why != NULL)
		return 0;
	return major == MAJOR_UINT ? (int64_t)v : -1 - (int64_t)v;
}

static struct view
get_string(struct cbor_reader *r, enum major wanted, size_t max)
{
	const uint8_t *start = r->rest.at;
	enum major major;
	uint64_t n = get_head(r, wanted, wanted, &major);
	struct view v;

	if (n > max)
		cbor_fail(r, "a string over its limit");
	v = take(r, n);
	if (wanted == MAJOR_TEXT && !utf8_valid(v))
		cbor_fail(r, "a text that is not UTF-8");
	count_item(r, start);
	return r->why == NULL ? v : VIEW(NULL, 0);
}

struct view
cbor_read_bytes(struct cbor_reader *r, size_t max)
{
	return get_string(r, MAJOR_BYTES, max);
}

struct view
cbor_read_text(struct cbor_reader *r, size_t max)
{
	return get_string(r, MAJOR_TEXT, max);
}

uint64_t
cbor_read_tag(struct cbor_reader *r)
{
	struct cbor_level *l = innermost(r);
	enum major major;

	/* else the tag's item would be compared as a key without its tag */
	if (l != NULL && l->map && l->left % 2 == 0)
		cbor_fail(r, "a key that is neither integer nor string");
	return get_head(r, MAJOR_TAG, MAJOR_TAG, &major);
}

bool
cbor_read_bool(struct cbor_reader *r)
{
	const uint8_t *start = r->rest.at;
	struct cbor_level *l = innermost(r);
	enum major major;
	uint64_t v;

	if (l != NULL && l->map && l->left % 2 == 0)
		cbor_fail(r, "a key that is neither integer nor string");
	v = get_head(r, MAJOR_SIMPLE, MAJOR_SIMPLE, &major);
	if (v != SIMPLE_FALSE && v != SIMPLE_TRUE)
		cbor_fail(r, "a simple value that is no boolean");
	count_item(r, start);
	return r->why == NULL && v == SIMPLE_TRUE;
}

struct view
cbor_read_encoded(struct cbor_reader *r, size_t max)
{
	if (cbor_read_tag(r) != TAG_ENCODED)
		cbor_fail(r, "an item that is not encoded in a string");
	return cbor_read_bytes(r, max);
}

enum cbor_kind
cbor_peek(const struct cbor_reader *r)
{
	if (r->why != NULL || r->rest.len == 0)
		return CBOR_END;
	return (enum cbor_kind)(r->rest.at[0] >> 5);
}

static uint64_t
enter(struct cbor_reader *r, enum major wanted)
{
	struct cbor_level *l = innermost(r);
	bool map = wanted == MAJOR_MAP;
	enum major major;
	uint64_t n;

	if (l != NULL && l->map && l->left % 2 == 0)
		cbor_fail(r, "a key that is neither integer nor string");
	if (r->depth == CBOR_DEPTH)
		cbor_fail(r, "nesting that is too deep");
	n = get_head(r, wanted, wanted, &major);
	/* each item takes a byte at least */
	if (n > r->rest.len / (map ? 2 : 1))
		cbor_fail(r, "it ends early");
	if (r->why != NULL)
		return 0;
	if (l != NULL)
		l->left--;
	r->level[r->depth++] = (struct cbor_level){
		.left = map ? 2 * n : n,
		.map = map,
	};
	return n;
}

uint64_t
cbor_enter_array(struct cbor_reader *r)
{
	return enter(r, MAJOR_ARRAY);
}

uint64_t
cbor_enter_map(struct cbor_reader *r)
{
	return enter(r, MAJOR_MAP);
}

void
cbor_leave(struct cbor_reader *r)
{
	if (r->why != NULL)
		return;
	if (r->depth == 0 || r->level[r->depth - 1].left != 0) {
		cbor_fail(r, "an array or map with more items");
		return;
	}
	r->depth--;
}

void
cbor_want_int(struct cbor_reader *r, int64_t v)
{
	if (cbor_read_int(r) != v)
		cbor_fail(r, "an integer of another value");
}

void
cbor_want_text(struct cbor_reader *r, const char *text)
{
	if (!view_is(cbor_read_text(r, strlen(text)), text))
		cbor_fail(r, "a text of another value");
}

void
cbor_want_array(struct cbor_reader *r, uint64_t items)
{
	if (cbor_enter_array(r) != items)
		cbor_fail(r, "an array of another length");
}

void
cbor_want_map(struct cbor_reader *r, uint64_t pairs)
{
	if (cbor_enter_map(r) != pairs)
		cbor_fail(r, "a map of another length");
}

enum err
cbor_end(const struct cbor_reader *r, const char *what)
{
	if (r->why != NULL)
		return err_because(ERR_SYNTAX, "%s: %s (RFC 8949 4.2.1)",
		    what, r->why);
	if (r->depth != 0)
		return err_because(ERR_SYNTAX,
		    "%s: an array or map with more items", what);
	if (r->rest.len != 0)
		return err_because(ERR_SYNTAX, "%s: %zu bytes after its end",
		    what, r->rest.len);
	return ERR_OK;
}
