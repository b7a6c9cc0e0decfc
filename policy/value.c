/*
 * Values of claims and their wire form. Decoded values come from the gate,
 * which parses hostile bytes: every count is checked against what is left
 * before memory is taken for it.
 */
#include "policy/value.h"

void
value_done(struct value *v)
{
	for (size_t i = 0; v->members != NULL && i < v->count; i++)
		value_done(&v->members[i].value);
	mem_free(v->members);
	*v = (struct value){ 0 };
}

enum err
value_reserve(struct value *v, enum value_kind kind, size_t count)
{
	struct member *members;

	if (count > VALUE_MEMBERS)
		return err_because(ERR_RANGE,
		    "a list or map has at most %d members, got %zu",
		    VALUE_MEMBERS, count);
	if ((members = mem_new(count, sizeof(*members))) == NULL)
		return err_because(ERR_MEMORY, "no memory for a value");
	value_done(v);
	v->kind = kind;
	v->members = members;
	v->count = count;
	return ERR_OK;
}

const struct value *
value_find(const struct value *map, const char *name)
{
	for (size_t i = 0; map->kind == VALUE_MAP && i < map->count; i++) {
		if (view_is(map->members[i].name, name))
			return &map->members[i].value;
	}
	return NULL;
}

void
value_put(struct bytes *b, const struct value *v)
{
	bytes_put_u8(b, (uint8_t)v->kind);
	switch (v->kind) {
	case VALUE_NONE:
		return;
	case VALUE_STRING:
		bytes_put_block(b, v->text);
		return;
	case VALUE_INTEGER:
		bytes_put_u64(b, (uint64_t)v->integer);
		return;
	case VALUE_BOOLEAN:
		bytes_put_u8(b, v->integer != 0);
		return;
	case VALUE_LIST:
	case VALUE_MAP:
		break;
	}
	bytes_put_u16(b, (uint16_t)v->count);
	for (size_t i = 0; i < v->count; i++) {
		if (v->kind == VALUE_MAP)
			bytes_put_block(b, v->members[i].name);
		value_put(b, &v->members[i].value);
	}
}

static void get(struct reader *r, struct value *out, unsigned int depth);

static struct view
get_text(struct reader *r, size_t max)
{
	struct view text = reader_block(r, max);

	if (!utf8_valid(text))
		r->failed = true;
	return text;
}

static struct view
get_name(struct reader *r, const struct value *map, size_t before)
{
	struct view name = get_text(r, VALUE_TEXT);

	for (size_t i = 0; i < before; i++) {
		if (view_equal(map->members[i].name, name))
			r->failed = true;
	}
	return name;
}

static void
get_members(struct reader *r, struct value *out, enum value_kind kind,
    unsigned int depth)
{
	size_t count = reader_u16(r);

	/* a member takes at least two bytes: its kind and its content */
	if (r->failed || depth == VALUE_DEPTH || count > r->rest.len / 2 ||
	    value_reserve(out, kind, count) != ERR_OK) {
		r->failed = true;
		return;
	}
	for (size_t i = 0; i < count && !r->failed; i++) {
		struct member *m = &out->members[i];

		if (kind == VALUE_MAP)
			m->name = get_name(r, out, i);
		get(r, &m->value, depth + 1);
		if (m->value.kind == VALUE_NONE)
			r->failed = true;
	}
}

static void
get(struct reader *r, struct value *out, unsigned int depth)
{
	uint8_t kind = reader_u8(r);

	switch (kind) {
	case VALUE_NONE:
		return;
	case VALUE_STRING:
		out->text = get_text(r, VALUE_TEXT);
		break;
	case VALUE_INTEGER:
		out->integer = (int64_t)reader_u64(r);
		break;
	case VALUE_BOOLEAN:
		out->integer = reader_u8(r);
		if (out->integer > 1)
			r->failed = true;
		break;
	case VALUE_LIST:
	case VALUE_MAP:
		get_members(r, out, kind, depth);
		return;
	default:
		r->failed = true;
		return;
	}
	out->kind = kind;
}

void
value_get(struct reader *r, struct value *out)
{
	struct value v = { 0 };

	get(r, &v, 0);
	if (r->failed)
		value_done(&v);
	*out = v;
}
