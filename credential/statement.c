/*
 * From the request's claims to what a credential says. Claims come from an
 * upstream system and have passed the policy; what could still do harm in a
 * document (types, names with a meaning of their own) is refused here again.
 * Next: the file of each format.
 */
#include "credential/statement.h"

#include <stdlib.h>
#include <string.h>

#include "credential/cbor.h"

const uint8_t *
order_point(const struct credential_order *o)
{
	return request_asked(o->request)->proofs[o->key].point;
}

const struct programme *
order_programme(const struct credential_order *o)
{
	return grant_programme(o->grant);
}

struct hash
statement_random(const struct credential_order *o, const char *label,
    uint32_t number)
{
	uint8_t index[8];

	for (int i = 0; i < 4; i++) {
		index[i] = (uint8_t)((uint32_t)o->key >> (24 - 8 * i));
		index[4 + i] = (uint8_t)(number >> (24 - 8 * i));
	}
	return hmac_sha256(o->seed, view_text(label), VIEW_OF(index));
}

/* ---- gathering */

static enum value_kind
kind_of(enum claim_type t)
{
	switch (t) {
	case CLAIM_STRING:
	case CLAIM_DATE:
	case CLAIM_INSTANT:
	case CLAIM_PORTRAIT:
		return VALUE_STRING;
	case CLAIM_INTEGER:
		return VALUE_INTEGER;
	case CLAIM_BOOLEAN:
		return VALUE_BOOLEAN;
	case CLAIM_MAP:
		return VALUE_MAP;
	case CLAIM_LIST:
	case CLAIM_PRIVILEGES:
		return VALUE_LIST;
	}
	return VALUE_NONE;
}

static struct statement *
add(struct statements *out, const char *name, enum claim_type type)
{
	struct statement *s = &out->at[out->count++];

	*s = (struct statement){ .name = name, .type = type };
	return s;
}

/* What the service itself knows a claim to be, or NULL. */
static const char *
known_value(const struct claim_spec *spec, const struct issuer *i)
{
	if (strcmp(spec->name, "issuing_country") == 0 &&
	    issuer_country(i)[0] != '\0')
		return issuer_country(i);
	return spec->value;
}

/* ISO/IEC 18013-5 7.2.1: issuing_country is that of the certificate */
static enum err
state_known(const char *known, const struct value *asked,
    struct statement *s)
{
	if (asked != NULL && (asked->kind != VALUE_STRING ||
	    !view_is(asked->text, known)))
		return err_because(ERR_SCHEMA, "/claims/%s: not what the "
		    "signer's certificate or the programme says", s->name);
	s->value = (struct value){ .kind = VALUE_STRING,
	    .text = view_text(known) };
	return ERR_OK;
}

static enum err
state_claim(const struct credential_order *o, const struct claim_spec *spec,
    const struct value *asked, struct statements *out)
{
	const char *known = known_value(spec, o->issuer);
	struct statement *s;

	if (strncmp(spec->name, "age_over_", 9) == 0)
		return err_because(ERR_INTERNAL, "claim %s: ages are stated "
		    "by the service alone", spec->name);
	if (asked == NULL && known == NULL)
		return !spec->required ? ERR_OK : err_because(ERR_SCHEMA,
		    "/claims/%s: required and absent", spec->name);
	s = add(out, spec->name, spec->type);
	s->spec = spec;
	if (known != NULL)
		return state_known(known, asked, s);
	if (asked->kind != kind_of(spec->type))
		return err_because(ERR_SCHEMA, "/claims/%s: not of the "
		    "programme's type", spec->name);
	s->value = *asked;
	return ERR_OK;
}

/* In the programme's order, whatever the request's. */
static enum err
state_claims(const struct credential_order *o, enum credential_format format,
    struct statements *out, size_t *found)
{
	const struct programme *p = order_programme(o);
	const struct value *claims = &request_asked(o->request)->claims;

	for (size_t i = 0; i < p->claim_count; i++) {
		const struct claim_spec *spec = &p->claims[i];
		const struct value *asked = value_find(claims, spec->name);

		*found += asked != NULL;
		if ((spec->formats & FORMAT_BIT(format)) != 0)
			TRY(state_claim(o, spec, asked, out));
	}
	return ERR_OK;
}

/* A request may name them too (the policy compares); ours are stated. */
static void
state_ages(const struct credential_order *o, struct statements *out,
    size_t *found)
{
	const struct programme *p = order_programme(o);
	const struct value *claims = &request_asked(o->request)->claims;

	for (size_t i = 0; i < p->age_over_count; i++) {
		char *name = out->names[i];
		struct statement *s = add(out, name, CLAIM_BOOLEAN);

		snprintf(name, sizeof(out->names[i]), "age_over_%02d",
		    (int)p->age_over[i]);
		s->value = (struct value){ .kind = VALUE_BOOLEAN,
		    .integer = grant_age(o->grant) >= p->age_over[i] };
		*found += value_find(claims, name) != NULL;
	}
}

static bool
programme_names(const struct programme *p, const char *name)
{
	for (size_t i = 0; i < p->claim_count; i++)
		if (strcmp(p->claims[i].name, name) == 0)
			return true;
	return false;
}

/*
 * The last day on which the holder need not come again; unless the programme
 * knows an expiry date of its own (a driver's licence does).
 */
static enum err
state_expiry_date(const struct credential_order *o, struct statements *out)
{
	int64_t end = grant_terms(o->grant)->administrative_expiry;
	AUTO_DONE(bytes) text = { 0 };
	struct statement *s;

	if (programme_names(order_programme(o), "expiry_date"))
		return ERR_OK;
	if (end == TIME_NONE)
		return err_because(ERR_INTERNAL,
		    "a grant of a credential without administrative expiry");
	date_put(&text, date_at(end - 1, SEOUL));
	snprintf(out->expiry, sizeof(out->expiry), "%s", bytes_text(&text));
	s = add(out, "expiry_date", CLAIM_DATE);
	s->value = (struct value){ .kind = VALUE_STRING,
	    .text = view_text(out->expiry) };
	return bytes_check(&text);
}

enum err
statements_gather(const struct credential_order *o,
    enum credential_format format, struct statements *out)
{
	size_t sent = request_asked(o->request)->claims.count, found = 0;

	out->count = 0;
	TRY(state_claims(o, format, out, &found));
	state_ages(o, out, &found);
	if (found != sent)
		return err_because(ERR_SCHEMA,
		    "/claims: %zu are not of the programme", sent - found);
	return state_expiry_date(o, out);
}

/* ---- as JSON */

int
members_by_name(const void *a, const void *b)
{
	const struct member *const *x = a, *const *y = b;

	return view_compare((*x)->name, (*y)->name);
}

enum err
members_sort(const struct value *map, int (*order)(const void *,
    const void *), struct sorted_members *out)
{
	if (map->count > VALUE_MEMBERS)
		return err_because(ERR_SCHEMA,
		    "/claims: a map of over %d members", VALUE_MEMBERS);
	for (size_t i = 0; i < map->count; i++)
		out->at[i] = &map->members[i];
	qsort(out->at, map->count, sizeof(out->at[0]), order);
	return ERR_OK;
}

static enum err put_value(struct json *j, const char *name,
    const struct value *v);

/* RFC 9901 4.1: behind some names a verifier would look for disclosures */
static enum err
put_member(struct json *j, const struct member *m)
{
	char name[ASKED_TEXT + 1] = "";

	if (m->name.len >= sizeof(name) || view_is(m->name, "_sd") ||
	    view_is(m->name, "..."))
		return err_because(ERR_SCHEMA, "/claims: a member of a map "
		    "has a reserved name or one of over %d bytes "
		    "(RFC 9901 4.1)", ASKED_TEXT);
	if (m->name.len != 0)
		memcpy(name, m->name.at, m->name.len);
	return put_value(j, name, &m->value);
}

static enum err
put_map(struct json *j, const char *name, const struct value *v)
{
	struct sorted_members sorted;

	TRY(members_sort(v, members_by_name, &sorted));
	json_record(j, name);
	for (size_t i = 0; i < v->count; i++)
		TRY(put_member(j, sorted.at[i]));
	json_close(j);
	return ERR_OK;
}

static enum err
put_list(struct json *j, const char *name, const struct value *v)
{
	json_items(j, name);
	for (size_t i = 0; i < v->count; i++)
		TRY(put_value(j, NULL, &v->members[i].value));
	json_close(j);
	return ERR_OK;
}

/* Depth is bounded where values are decoded: VALUE_DEPTH. */
static enum err
put_value(struct json *j, const char *name, const struct value *v)
{
	switch (v->kind) {
	case VALUE_STRING:
		json_text(j, name, v->text);
		return ERR_OK;
	case VALUE_INTEGER:
		json_int(j, name, v->integer);
		return ERR_OK;
	case VALUE_BOOLEAN:
		json_bool(j, name, v->integer != 0);
		return ERR_OK;
	case VALUE_LIST:
		return put_list(j, name, v);
	case VALUE_MAP:
		return put_map(j, name, v);
	case VALUE_NONE:
		break;
	}
	return err_because(ERR_SCHEMA, "/claims: a value of no type");
}

static bool
members_are_texts(const struct value *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->members[i].value.kind != VALUE_STRING)
			return false;
	return true;
}

enum err
statement_json(struct json *j, const char *name, const struct statement *s)
{
	AUTO_DONE(bytes) uri = { 0 };

	if ((s->type == CLAIM_MAP || s->type == CLAIM_LIST) &&
	    !members_are_texts(&s->value))
		return err_because(ERR_SCHEMA, "/claims/%s: a member that is "
		    "no text", s->name);
	if (s->type != CLAIM_PORTRAIT)
		return put_value(j, name, &s->value);
	bytes_put_text(&uri, "data:image/jpeg;base64,");	/* RFC 2397 */
	bytes_put(&uri, s->value.text);
	json_text(j, name, bytes_view(&uri));
	return bytes_check(&uri);
}

void
statement_jwk(struct json *j, const char *name,
    const uint8_t point[P256_POINT_SIZE])
{
	json_record(j, name);
	json_c_text(j, "kty", "EC");
	json_c_text(j, "crv", "P-256");
	json_base64url(j, "x", VIEW(point + 1, 32));
	json_base64url(j, "y", VIEW(point + 33, 32));
	json_close(j);
}

enum err
statement_did(struct json *j, const char *name,
    const uint8_t point[P256_POINT_SIZE])
{
	AUTO_DONE(bytes) jwk = { 0 };
	AUTO_DONE(bytes) did = { 0 };
	struct json own = json_start(&jwk);

	statement_jwk(&own, NULL, point);
	TRY(json_end(&own));
	bytes_put_text(&did, "did:jwk:");
	base64url_put(&did, bytes_view(&jwk));
	TRY(bytes_check(&did));
	json_text(j, name, bytes_view(&did));
	return ERR_OK;
}

void
statement_status(struct json *j, const struct status_entry *status)
{
	if (status == NULL)
		return;
	json_record(j, "status");
	json_record(j, "status_list");
	json_int(j, "idx", (int64_t)status->index);
	json_c_text(j, "uri", status->uri);
	json_close(j);
	json_close(j);
}

void
statement_status_cbor(struct bytes *b, const struct status_entry *status)
{
	cbor_put_map(b, 1);
	cbor_put_text(b, view_text("status_list"));
	cbor_put_map(b, 2);
	cbor_put_text(b, view_text("idx"));
	cbor_put_uint(b, status->index);
	cbor_put_text(b, view_text("uri"));
	cbor_put_text(b, view_text(status->uri));
}
