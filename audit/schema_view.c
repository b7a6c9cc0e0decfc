/*
 * Looking into the members of an entry that schema_get() has accepted: what
 * is scanned here is of its form. Next in the flow: reconcile.c.
 */
#include "audit/schema.h"

#include <string.h>

static void
skip(struct view *rest, size_t n)
{
	if (n > rest->len)
		n = rest->len;
	*rest = VIEW(rest->at + n, rest->len - n);
}

static uint64_t
take_digits(struct view *rest)
{
	uint64_t value = 0;

	while (rest->len != 0 && *rest->at >= '0' && *rest->at <= '9') {
		value = value * 10 + (uint64_t)(*rest->at - '0');
		skip(rest, 1);
	}
	return value;
}

uint64_t
schema_count(const struct schema_entry *e, enum schema_member m)
{
	struct view digits = e->member[m];

	return take_digits(&digits);
}

bool
schema_next_index(struct view *rest, uint64_t *out_index)
{
	if (rest->len == 0)
		return false;
	*out_index = take_digits(rest);
	skip(rest, 1);
	return true;
}

bool
schema_next_hex(struct view *rest, struct view *out_hex)
{
	const uint8_t *end;

	if (rest->len < 2 || (end = memchr(rest->at + 1, '"',
	    rest->len - 1)) == NULL)
		return false;
	*out_hex = VIEW(rest->at + 1, (size_t)(end - rest->at) - 1);
	skip(rest, out_hex->len + 3);
	return true;
}

bool
schema_next_use(struct view *rest, struct schema_use *out_use)
{
	struct schema_use u;

	if (rest->len == 0)
		return false;
	skip(rest, 1);
	u.list = take_digits(rest);
	skip(rest, 1);
	u.first = take_digits(rest);
	skip(rest, 1);
	u.count = take_digits(rest);
	skip(rest, 2);
	*out_use = u;
	return true;
}

/* The value's end: a comma that is in no object or text of its own. */
static size_t
value_length(struct view rest)
{
	size_t n = 0;
	unsigned int depth = 0;
	bool text = false;

	for (; n < rest.len && (depth != 0 || text || rest.at[n] != ',');
	    n++) {
		depth += !text && rest.at[n] == '{';
		depth -= !text && rest.at[n] == '}';
		text ^= rest.at[n] == '"';
	}
	return n;
}

bool
schema_next_pair(struct view *rest, struct view *out_word,
    struct view *out_value)
{
	if (!schema_next_hex(rest, out_word))
		return false;
	*out_value = VIEW(rest->at, value_length(*rest));
	skip(rest, out_value->len + 1);
	return true;
}
