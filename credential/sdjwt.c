/*
 * SD-JWT VC drafts, as in sdjwt.txt. What is stated comes from statement.c;
 * names that mean something in a JWT are refused here.
 * Next: sdjwt_format.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "credential/format.h"
#include "credential/statement.h"

#define DISCLOSURES 256		/* of one credential */
#define SALT_SIZE 16		/* RFC 9901 9.3: 128 bits */

/* The disclosures of one object, sorted at its end. */
struct digests {
	size_t		count;
	struct hash	at[DISCLOSURES];
};

/* A credential in the making. */
struct making {
	const struct credential_order *order;
	struct statements	 statements;
	struct bytes		 payload;
	struct json		 json;		/* into payload */
	struct bytes		 scratch;	/* one disclosure's JSON */
	struct bytes		 tail;		/* ~disclosure~…~ */
	uint32_t		 disclosures;	/* in tail */
	struct digests		 digests;	/* of the payload's own */
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
	return false;
}

/* ---- disclosures */

/* [salt, … is open for name and value; RFC 9901 4.2.1, 4.2.2 */
static struct json
open_disclosure(struct making *m)
{
	struct hash salt = statement_random(m->order, "okse sd-jwt salt",
	    m->disclosures);
	struct json j;

	bytes_reset(&m->scratch);
	j = json_start(&m->scratch);
	json_items(&j, NULL);
	json_base64url(&j, NULL, VIEW(salt.at, SALT_SIZE));
	return j;
}

static enum err
close_disclosure(struct making *m, struct json *j, struct digests *into)
{
	size_t start = m->tail.len;

	json_close(j);
	TRY(json_end(j));
	if (m->disclosures == DISCLOSURES)
		return err_because(ERR_INTERNAL,
		    "more than %d disclosures", DISCLOSURES);
	m->disclosures++;
	base64url_put(&m->tail, bytes_view(&m->scratch));
	TRY(bytes_check(&m->tail));
	/* over the encoded text, not the JSON: RFC 9901 4.2.3 */
	into->at[into->count++] = sha256(VIEW(m->tail.at + start,
	    m->tail.len - start));
	bytes_put_u8(&m->tail, '~');
	return ERR_OK;
}

static int
hash_order(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_SIZE);
}

/* Sorted, so that the order tells nothing (RFC 9901 4.2.4.1). */
static void
put_digests(struct json *j, struct digests *d)
{
	if (d->count == 0)
		return;
	qsort(d->at, d->count, sizeof(d->at[0]), hash_order);
	json_items(j, "_sd");
	for (size_t i = 0; i < d->count; i++)
		json_base64url(j, NULL, VIEW_OF(d->at[i].at));
	json_close(j);
}

/* ---- claims whose members are disclosed one by one */

static enum err
disclose_member(struct making *m, const struct statement *s,
    const struct member *member, struct digests *into)
{
	struct json j = open_disclosure(m);

	if (member->value.kind != VALUE_STRING ||
	    view_is(member->name, "_sd") || view_is(member->name, "..."))
		return err_because(ERR_SCHEMA, "/claims/%s: a member that is "
		    "no text, or has a reserved name (RFC 9901 4.1)",
		    s->name);
	if (s->type == CLAIM_MAP)
		json_text(&j, NULL, member->name);
	json_text(&j, NULL, member->value.text);
	return close_disclosure(m, &j, into);
}

static enum err
disclose_members(struct making *m, const struct statement *s,
    struct digests *into)
{
	struct sorted_members sorted;

	if (s->type == CLAIM_MAP)
		TRY(members_sort(&s->value, members_by_name, &sorted));
	for (size_t i = 0; i < s->value.count; i++)
		TRY(disclose_member(m, s, s->type == CLAIM_MAP ?
		    sorted.at[i] : &s->value.members[i], into));
	return ERR_OK;
}

/* {"_sd":[…]}, or [{"...":…},…]: a list keeps its order (RFC 9901 4.2.4.2) */
static void
put_members(struct json *j, const char *name, const struct statement *s,
    struct digests *d)
{
	if (s->type == CLAIM_MAP) {
		json_record(j, name);
		put_digests(j, d);
		json_close(j);
		return;
	}
	json_items(j, name);
	for (size_t i = 0; i < d->count; i++) {
		json_record(j, NULL);
		json_base64url(j, "...", VIEW_OF(d->at[i].at));
		json_close(j);
	}
	json_close(j);
}

static enum err
put_apart(struct making *m, const struct statement *s, bool always)
{
	struct digests members;
	struct json own;

	members.count = 0;
	TRY(disclose_members(m, s, &members));
	if (always) {
		put_members(&m->json, s->name, s, &members);
		return ERR_OK;
	}
	own = open_disclosure(m);
	json_c_text(&own, NULL, s->name);
	put_members(&own, NULL, s, &members);
	return close_disclosure(m, &own, &m->digests);
}

static enum err
put_statement(struct making *m, const struct statement *s)
{
	bool always = s->spec != NULL &&
	    s->spec->disclosure == DISCLOSE_ALWAYS;
	struct json own;

	if (name_reserved(s->name))
		return err_because(ERR_INTERNAL, "claim %s: the name has a "
		    "meaning of its own in an SD-JWT VC", s->name);
	if (s->spec != NULL && s->spec->apart)
		return put_apart(m, s, always);
	if (always)
		return statement_json(&m->json, s->name, s);
	own = open_disclosure(m);
	json_c_text(&own, NULL, s->name);
	TRY(statement_json(&own, NULL, s));
	return close_disclosure(m, &own, &m->digests);
}

/* Digests of nothing: how many claims there are stays unsaid. */
static enum err
put_decoys(struct making *m)
{
	int64_t n = order_programme(m->order)->sd_jwt.decoys;

	if (m->digests.count == 0)
		return ERR_OK;
	if (m->digests.count + (size_t)n > DISCLOSURES)
		return err_because(ERR_INTERNAL, "no room for decoys");
	for (int64_t i = 0; i < n; i++)
		m->digests.at[m->digests.count++] = statement_random(
		    m->order, "okse sd-jwt decoy", (uint32_t)i);
	return ERR_OK;
}

static enum err
put_payload(struct making *m)
{
	const struct credential_order *o = m->order;
	struct credential_times t = credential_times(o->grant, o->issuer);
	struct json *j = &m->json;

	json_record(j, NULL);
	json_c_text(j, "iss", issuer_uri(o->issuer));	/* sdjwt_format.c */
	json_int(j, "iat", t.issued);
	json_int(j, "nbf", t.from);
	json_int(j, "exp", t.until);
	json_c_text(j, "vct", order_programme(o)->vct);
	json_record(j, "cnf");				/* RFC 7800 3.2 */
	statement_jwk(j, "jwk", order_point(o));
	json_close(j);
	statement_status(j, o->status);
	json_c_text(j, "_sd_alg", "sha-256");
	for (size_t i = 0; i < m->statements.count; i++)
		TRY(put_statement(m, &m->statements.at[i]));
	TRY(put_decoys(m));
	put_digests(j, &m->digests);
	json_close(j);
	return json_end(j);
}

enum err
sdjwt_draft(const struct credential_order *o, struct draft **out_draft)
{
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(making) m = { .order = o };

	TRY(statements_gather(o, FORMAT_SD_JWT, &m.statements));
	m.json = json_start(&m.payload);
	bytes_put_u8(&m.tail, '~');
	TRY(put_payload(&m));
	bytes_put(&tbs, issuer_sd_jwt_header(o->issuer));
	bytes_put_u8(&tbs, '.');
	base64url_put(&tbs, bytes_view(&m.payload));
	return draft_new(DRAFT_SD_JWT, issuer_name(o->issuer), &tbs, &m.tail,
	    out_draft);
}
