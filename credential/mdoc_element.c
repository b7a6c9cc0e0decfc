/*
 * Values as ISO/IEC 18013-5 table 5 types them, in deterministic CBOR.
 * Used by mdoc.c.
 */
#include "credential/mdoc_element.h"

#include <string.h>

#include "credential/cbor.h"

#define TAG_TDATE 0
#define TAG_FULL_DATE 1004	/* RFC 8943 */

void
mdoc_put_instant(struct bytes *b, int64_t t)
{
	char text[INSTANT_TEXT];

	cbor_put_tag(b, TAG_TDATE);
	cbor_put_text(b, view_text(instant_text(t, text)));
}

static void
put_date(struct bytes *b, struct view text)
{
	cbor_put_tag(b, TAG_FULL_DATE);
	cbor_put_text(b, text);
}

static enum err
wrong(const struct statement *s)
{
	return err_because(ERR_SCHEMA, "/claims/%s: not of the programme's "
	    "type", s->name);
}

int
members_by_encoding(const void *a, const void *b)
{
	const struct member *const *x = a, *const *y = b;
	size_t m = (*x)->name.len, n = (*y)->name.len;

	return m != n ? (m < n ? -1 : 1) :
	    view_compare((*x)->name, (*y)->name);
}

static enum err
put_texts(struct bytes *b, const struct statement *s)
{
	const struct value *v = &s->value;
	bool map = v->kind == VALUE_MAP;
	struct sorted_members sorted;

	if (map)
		TRY(members_sort(v, members_by_encoding, &sorted));
	if (map)
		cbor_put_map(b, v->count);
	else
		cbor_put_array(b, v->count);
	for (size_t i = 0; i < v->count; i++) {
		const struct member *m = map ? sorted.at[i] : &v->members[i];

		if (m->value.kind != VALUE_STRING)
			return wrong(s);
		if (map)
			cbor_put_text(b, m->name);
		cbor_put_text(b, m->value.text);
	}
	return ERR_OK;
}

static enum err
put_portrait(struct bytes *b, const struct statement *s)
{
	AUTO_DONE(bytes) jpeg = { 0 };

	TRY(base64_get(s->value.text, &jpeg));
	cbor_put_bytes(b, bytes_view(&jpeg));
	return ERR_OK;
}

/* ---- driving privileges: 7.2.4; a code, or a privilege, or lists of them */

static enum err put_privilege_value(struct bytes *b,
    const struct statement *s, const struct member *m);

static enum err
put_privilege_map(struct bytes *b, const struct statement *s,
    const struct value *v)
{
	struct sorted_members sorted;

	TRY(members_sort(v, members_by_encoding, &sorted));
	cbor_put_map(b, v->count);
	for (size_t i = 0; i < v->count; i++) {
		cbor_put_text(b, sorted.at[i]->name);
		TRY(put_privilege_value(b, s, sorted.at[i]));
	}
	return ERR_OK;
}

static enum err
put_privilege_list(struct bytes *b, const struct statement *s,
    const struct value *v)
{
	cbor_put_array(b, v->count);
	for (size_t i = 0; i < v->count; i++) {
		if (v->members[i].value.kind != VALUE_MAP)
			return wrong(s);
		TRY(put_privilege_map(b, s, &v->members[i].value));
	}
	return ERR_OK;
}

static enum err
put_privilege_value(struct bytes *b, const struct statement *s,
    const struct member *m)
{
	bool date = view_is(m->name, "issue_date") ||
	    view_is(m->name, "expiry_date");

	if (m->value.kind == VALUE_LIST)
		return put_privilege_list(b, s, &m->value);
	if (m->value.kind != VALUE_STRING)
		return wrong(s);
	if (date)
		put_date(b, m->value.text);
	else
		cbor_put_text(b, m->value.text);
	return ERR_OK;
}

enum err
mdoc_put_element(struct bytes *b, const struct statement *s)
{
	switch (s->type) {
	case CLAIM_STRING:
		cbor_put_text(b, s->value.text);
		return ERR_OK;
	case CLAIM_DATE:
		put_date(b, s->value.text);
		return ERR_OK;
	case CLAIM_INSTANT:
		cbor_put_tag(b, TAG_TDATE);
		cbor_put_text(b, s->value.text);
		return ERR_OK;
	case CLAIM_INTEGER:
		cbor_put_int(b, s->value.integer);
		return ERR_OK;
	case CLAIM_BOOLEAN:
		cbor_put_bool(b, s->value.integer != 0);
		return ERR_OK;
	case CLAIM_MAP:
	case CLAIM_LIST:
		return put_texts(b, s);
	case CLAIM_PORTRAIT:
		return put_portrait(b, s);
	case CLAIM_PRIVILEGES:
		return put_privilege_list(b, s, &s->value);
	}
	return wrong(s);
}
