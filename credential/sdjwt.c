/*
 * SD-JWT VC drafts. Claims come from an upstream system and have passed the
 * policy; what could still do harm in a JWT (types, names with a meaning of
 * their own) is refused here again. Next: sdjwt_format.c.
 */
#include "credential/sdjwt.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "credential/format.h"

#define DISCLOSURES 256		/* of one credential */
#define SALT_SIZE 16		/* RFC 9901 9.3: 128 bits */

/* A credential in the making. */
struct making {
	const struct asked	*asked;
	const struct programme	*programme;
	struct view		 seed;
	uint32_t		 proof_index;
	size_t			 found;		/* claims of the request */
	struct bytes		 payload;
	struct json		 json;		/* into payload */
	struct bytes		 scratch;	/* one disclosure's JSON */
	struct bytes		 tail;		/* ~disclosure~…~ */
	uint32_t		 count;
	struct hash		 digests[DISCLOSURES];
};

static void
making_done(struct making *m)
{
	bytes_done(&m->payload);
	bytes_done(&m->scratch);
	bytes_done(&m->tail);
}

/*
 * Names with a meaning of their own in the payload: a claim by such a name
 * would be two members of one name, or be taken for what it is not.
 */
static bool
name_reserved(const char *name)
{
	static const char *const names[] = {
		"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "vct",
		"vct#integrity", "status", "_sd", "_sd_alg", "...",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, "age_over_", 9) == 0;
}

static void
put_salt(struct making *m, struct json *j)
{
	static const char label[] = "okse sd-jwt salt";
	uint8_t index[8];
	struct hash h;

	for (int i = 0; i < 4; i++) {
		index[i] = (uint8_t)(m->proof_index >> (24 - 8 * i));
		index[4 + i] = (uint8_t)(m->count >> (24 - 8 * i));
	}
	h = hmac_sha256(m->seed, view_text(label), VIEW_OF(index));
	json_base64url(j, NULL, VIEW(h.at, SALT_SIZE));
}

/* [salt, name, … is open for the value; RFC 9901 4.2.1 */
static struct json
open_disclosure(struct making *m, const char *name)
{
	struct json j;

	bytes_reset(&m->scratch);
	j = json_start(&m->scratch);
	json_array(&j, NULL);
	put_salt(m, &j);
	json_string(&j, NULL, name);
	return j;
}

static enum err
close_disclosure(struct making *m, struct json *j)
{
	size_t start = m->tail.len;

	json_close(j);
	TRY(json_end(j));
	if (m->count == DISCLOSURES)
		return err_because(ERR_INTERNAL,
		    "more than %d disclosures", DISCLOSURES);
	base64url_put(&m->tail, bytes_view(&m->scratch));
	TRY(bytes_check(&m->tail));
	/* over the encoded text, not the JSON: RFC 9901 4.2.3 */
	m->digests[m->count++] = sha256(VIEW(m->tail.at + start,
	    m->tail.len - start));
	bytes_put_u8(&m->tail, '~');
	return ERR_OK;
}

static int
member_order(const void *a, const void *b)
{
	const struct member *const *x = a, *const *y = b;

	return view_compare((*x)->name, (*y)->name);
}

static enum err
put_member(struct json *j, const struct member *m)
{
	char name[ASKED_TEXT + 1] = "";

	if (m->name.len >= sizeof(name) || m->value.kind != VALUE_STRING)
		return err_because(ERR_SCHEMA, "claims: a member of a map is "
		    "a text under a name of at most %d bytes", ASKED_TEXT);
	memcpy(name, m->name.at, m->name.len);
	/* RFC 9901 4.1: a verifier would look for disclosures here */
	if (strcmp(name, "_sd") == 0 || strcmp(name, "...") == 0)
		return err_because(ERR_SCHEMA, "claims: a member of a map has "
		    "a reserved name (RFC 9901 4.1)");
	json_text(j, name, m->value.text);
	return ERR_OK;
}

/* Sorted by name: two requests that mean the same make the same bytes. */
static enum err
put_map(struct json *j, const char *name, const struct value *v)
{
	const struct member *sorted[VALUE_MEMBERS];

	if (v->count > VALUE_MEMBERS)
		return err_because(ERR_SCHEMA,
		    "claims: a map of over %d members", VALUE_MEMBERS);
	for (size_t i = 0; i < v->count; i++)
		sorted[i] = &v->members[i];
	qsort(sorted, v->count, sizeof(sorted[0]), member_order);
	json_object(j, name);
	for (size_t i = 0; i < v->count; i++)
		TRY(put_member(j, sorted[i]));
	json_close(j);
	return ERR_OK;
}

static enum value_kind
kind_of(enum claim_type t)
{
	switch (t) {
	case CLAIM_STRING:
	case CLAIM_DATE:
		return VALUE_STRING;
	case CLAIM_INTEGER:
		return VALUE_INTEGER;
	case CLAIM_BOOLEAN:
		return VALUE_BOOLEAN;
	case CLAIM_MAP:
		return VALUE_MAP;
	}
	return VALUE_NONE;
}

static enum err
put_value(struct json *j, const char *name, const struct value *v)
{
	if (v->kind == VALUE_STRING)
		json_text(j, name, v->text);
	if (v->kind == VALUE_INTEGER)
		json_int(j, name, v->integer);
	if (v->kind == VALUE_BOOLEAN)
		json_bool(j, name, v->integer != 0);
	return v->kind == VALUE_MAP ? put_map(j, name, v) : ERR_OK;
}

static enum err
put_claim(struct making *m, const struct claim_spec *spec,
    const struct value *v)
{
	struct json j;

	if (name_reserved(spec->name))
		return err_because(ERR_INTERNAL, "claim %s: the name has a "
		    "meaning of its own in an SD-JWT VC", spec->name);
	if (v->kind != kind_of(spec->type))
		return err_because(ERR_SCHEMA,
		    "claim %s: not of the programme's type", spec->name);
	if (spec->disclosure == DISCLOSE_ALWAYS)
		return put_value(&m->json, spec->name, v);
	j = open_disclosure(m, spec->name);
	TRY(put_value(&j, NULL, v));
	return close_disclosure(m, &j);
}

/* In the programme's order, whatever the request's. */
static enum err
put_claims(struct making *m)
{
	const struct programme *p = m->programme;

	for (size_t i = 0; i < p->claim_count; i++) {
		const struct claim_spec *spec = &p->claims[i];
		const struct value *v = value_find(&m->asked->claims,
		    spec->name);

		if (v == NULL && spec->required)
			return err_because(ERR_SCHEMA,
			    "claim %s is missing", spec->name);
		if (v == NULL)
			continue;
		TRY(put_claim(m, spec, v));
		m->found++;
	}
	return ERR_OK;
}

/* A request may name them too (the policy compares); ours are stated. */
static enum err
put_ages(struct making *m, const struct grant *g)
{
	const struct programme *p = m->programme;

	for (size_t i = 0; i < p->age_over_count; i++) {
		char name[32];
		struct json j;

		snprintf(name, sizeof(name), "age_over_%02d",
		    (int)p->age_over[i]);
		m->found += value_find(&m->asked->claims, name) != NULL;
		j = open_disclosure(m, name);
		json_bool(&j, NULL, grant_age(g) >= p->age_over[i]);
		TRY(close_disclosure(m, &j));
	}
	return ERR_OK;
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
put_expiry_date(struct making *m, const struct grant_terms *t)
{
	static const char name[] = "expiry_date";
	AUTO_DONE(bytes) text = { 0 };
	struct json j;

	if (programme_names(m->programme, name))
		return ERR_OK;
	if (t->administrative_expiry == TIME_NONE)
		return err_because(ERR_INTERNAL,
		    "a grant of a credential without administrative expiry");
	date_put(&text, date_at(t->administrative_expiry - 1, SEOUL));
	j = open_disclosure(m, name);
	json_text(&j, NULL, bytes_view(&text));
	return close_disclosure(m, &j);
}

static enum err
check_found(const struct making *m)
{
	size_t sent = m->asked->claims.count;

	if (m->found != sent)
		return err_because(ERR_SCHEMA,
		    "claims: %zu are not of the programme", sent - m->found);
	return ERR_OK;
}

/* RFC 7800 3.2 */
static void
put_key(struct json *j, const uint8_t point[P256_POINT_SIZE])
{
	json_object(j, "cnf");
	json_object(j, "jwk");
	json_string(j, "kty", "EC");
	json_string(j, "crv", "P-256");
	json_base64url(j, "x", VIEW(point + 1, 32));
	json_base64url(j, "y", VIEW(point + 33, 32));
	json_close(j);
	json_close(j);
}

static int
hash_order(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_SIZE);
}

/* Sorted, so that the order tells nothing (RFC 9901 4.2.4.1). */
static void
put_digests(struct making *m)
{
	if (m->count == 0)
		return;
	qsort(m->digests, m->count, sizeof(m->digests[0]), hash_order);
	json_array(&m->json, "_sd");
	for (size_t i = 0; i < m->count; i++)
		json_base64url(&m->json, NULL, VIEW_OF(m->digests[i].at));
	json_close(&m->json);
}

static enum err
put_payload(struct making *m, const struct grant *g, const struct issuer *i)
{
	const struct grant_terms *t = grant_terms(g);
	struct json *j = &m->json;

	json_object(j, NULL);
	json_string(j, "iss", issuer_uri(i));	/* first: sdjwt_format.c */
	json_int(j, "iat", t->issued_at);
	json_int(j, "nbf", t->valid_from);
	json_int(j, "exp", t->technical_expiry);
	json_string(j, "vct", m->programme->vct);
	put_key(j, m->asked->proofs[m->proof_index].point);
	json_string(j, "_sd_alg", "sha-256");
	TRY(put_claims(m));
	TRY(put_ages(m, g));
	TRY(check_found(m));
	TRY(put_expiry_date(m, t));
	put_digests(m);
	json_close(j);
	return json_end(j);
}

static enum err
check_inputs(const struct grant_terms *t, const struct asked *asked,
    size_t proof_index, const struct issuer *i, struct view seed)
{
	if (proof_index >= asked->proof_count || seed.len != SDJWT_SEED_SIZE)
		return err_because(ERR_INTERNAL, "SD-JWT: no key %zu of %zu, "
		    "or a seed of %zu bytes", proof_index, asked->proof_count,
		    seed.len);
	return issuer_covers(i, t->valid_from, t->technical_expiry);
}

enum err
sdjwt_draft(const struct grant *g, const struct request *r,
    size_t proof_index, const struct issuer *i, struct view seed,
    struct draft **out_draft)
{
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(making) m = {
		.asked = request_asked(r),
		.programme = grant_programme(g),
		.seed = seed,
		.proof_index = (uint32_t)proof_index,
	};

	TRY(check_inputs(grant_terms(g), m.asked, proof_index, i, seed));
	m.json = json_start(&m.payload);
	bytes_put_u8(&m.tail, '~');
	TRY(put_payload(&m, g, i));
	bytes_put(&tbs, issuer_sd_jwt_header(i));
	bytes_put_u8(&tbs, '.');
	base64url_put(&tbs, bytes_view(&m.payload));
	return draft_new(DRAFT_SD_JWT, &tbs, &m.tail, out_draft);
}
