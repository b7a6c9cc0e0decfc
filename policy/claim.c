/*
 * Is a claim what its programme's schema says? Values are whatever JSON the
 * upstream system sent, decoded and bounded in size. Next: rule_claims.c,
 * which asks for each claim of a request.
 */
#include "policy/claim.h"

#include <string.h>

#include "base/time.h"
#include "policy/portrait.h"
#include "policy/text.h"

static const char wrong_type[] =
    "not of the type or size that the schema gives";

static bool
within(const struct claim_spec *spec, int64_t v)
{
	return (spec->min == 0 && spec->max == 0) ||
	    (v >= spec->min && v <= spec->max);
}

static const char *
text_wrong(const struct claim_spec *spec, const struct value *v)
{
	if (v->kind != VALUE_STRING || v->text.len == 0 ||
	    !within(spec, (int64_t)v->text.len))
		return wrong_type;
	if (!text_clean(v->text))
		return "not in Unicode's form NFC, or with control characters";
	if (spec->characters == CHARACTERS_LATIN && !text_latin(v->text))
		return "not of Latin characters (ISO/IEC 8859-1) alone";
	if (spec->value != NULL && !view_is(v->text, spec->value))
		return "not the value that the programme states";
	return NULL;
}

static bool
is_date(const struct value *v)
{
	struct date d;

	return v->kind == VALUE_STRING && date_get(v->text, &d) == ERR_OK;
}

/* In the one form that a tdate of an mdoc has. */
static bool
is_instant(const struct value *v)
{
	char text[INSTANT_TEXT];
	int64_t t;

	return v->kind == VALUE_STRING &&
	    instant_get(v->text, &t) == ERR_OK &&
	    view_is(v->text, instant_text(t, text));
}

/* ---- of many members */

static bool
knows_member(const struct claim_spec *spec, struct view name)
{
	for (size_t i = 0; i < spec->members.count; i++)
		if (view_is(name, spec->members.at[i]))
			return true;
	return spec->members.count == 0;
}

static const char *
many_wrong(const struct claim_spec *spec, const struct value *v,
    enum value_kind kind)
{
	const char *wrong = NULL;

	if (v->kind != kind || v->count == 0)
		return wrong_type;
	for (size_t i = 0; wrong == NULL && i < v->count; i++) {
		const struct member *m = &v->members[i];

		if (kind == VALUE_MAP && !knows_member(spec, m->name))
			return "with a member that the schema does not know";
		wrong = text_wrong(spec, &m->value);
	}
	return wrong;
}

/* ---- driving privileges: ISO/IEC 18013-5 7.2.4 */

#define PRIVILEGE_TEXT 64	/* bytes of a code, sign or value */

static bool
is_code_text(const struct value *v)
{
	return v->kind == VALUE_STRING && v->text.len != 0 &&
	    v->text.len <= PRIVILEGE_TEXT && text_clean(v->text);
}

static bool
is_code(const struct value *v)
{
	if (v->kind != VALUE_MAP || value_find(v, "code") == NULL)
		return false;
	for (size_t i = 0; i < v->count; i++) {
		struct view name = v->members[i].name;

		if ((!view_is(name, "code") && !view_is(name, "sign") &&
		    !view_is(name, "value")) ||
		    !is_code_text(&v->members[i].value))
			return false;
	}
	return true;
}

static bool
is_codes(const struct value *v)
{
	bool good = v->kind == VALUE_LIST && v->count != 0;

	for (size_t i = 0; good && i < v->count; i++)
		good = is_code(&v->members[i].value);
	return good;
}

static bool
is_privilege_member(struct view name, const struct value *v)
{
	if (view_is(name, "vehicle_category_code"))
		return is_code_text(v);
	if (view_is(name, "issue_date") || view_is(name, "expiry_date"))
		return is_date(v);
	return view_is(name, "codes") && is_codes(v);
}

static bool
is_privileges(const struct value *v)
{
	bool good = v->kind == VALUE_LIST && v->count != 0;

	for (size_t i = 0; good && i < v->count; i++) {
		const struct value *one = &v->members[i].value;

		good = one->kind == VALUE_MAP &&
		    value_find(one, "vehicle_category_code") != NULL;
		for (size_t k = 0; good && k < one->count; k++)
			good = is_privilege_member(one->members[k].name,
			    &one->members[k].value);
	}
	return good;
}

/* ---- the portrait */

static bool
in_range(const struct claim_range *r, unsigned int v)
{
	return r->max == 0 || (v >= r->min && v <= r->max);
}

static const char *
portrait_wrong(const struct claim_spec *spec, const struct value *v)
{
	AUTO_DONE(bytes) jpeg = { 0 };
	struct portrait p;

	if (v->kind != VALUE_STRING || base64_get(v->text, &jpeg) != ERR_OK)
		return "not the base64 of a portrait (RFC 4648 4)";
	if (!within(spec, (int64_t)jpeg.len))
		return "a portrait of more or fewer bytes than the schema "
		    "gives";
	if (portrait_read(bytes_view(&jpeg), &p) != ERR_OK)
		return "not a JPEG of one picture (ISO/IEC 10918-1)";
	if (!in_range(&spec->width, p.width) ||
	    !in_range(&spec->height, p.height))
		return "a portrait wider, higher or smaller than the schema "
		    "gives";
	return NULL;
}

const char *
claim_wrong(const struct claim_spec *spec, const struct value *v)
{
	bool good = false;

	switch (spec->type) {
	case CLAIM_STRING:
		return text_wrong(spec, v);
	case CLAIM_MAP:
		return many_wrong(spec, v, VALUE_MAP);
	case CLAIM_LIST:
		return many_wrong(spec, v, VALUE_LIST);
	case CLAIM_PORTRAIT:
		return portrait_wrong(spec, v);
	case CLAIM_DATE:
		good = is_date(v);
		break;
	case CLAIM_INSTANT:
		good = is_instant(v);
		break;
	case CLAIM_INTEGER:
		good = v->kind == VALUE_INTEGER && within(spec, v->integer);
		break;
	case CLAIM_BOOLEAN:
		good = v->kind == VALUE_BOOLEAN;
		break;
	case CLAIM_PRIVILEGES:
		good = is_privileges(v);
		break;
	}
	return good ? NULL : wrong_type;
}
