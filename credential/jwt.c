/*
 * JWTs that come with a request. Nobody trusts them: they are read here in the
 * gate and nowhere else, and only a signature makes what they say anybody's
 * word. Next: proof.c and attestation.c.
 */
#include "credential/jwt.h"

#include <string.h>

#define TIME_LAST INT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

void
jwt_done(struct jwt *j)
{
	json_tree_done(&j->header);
	json_tree_done(&j->payload);
	bytes_done(&j->texts[0]);
	bytes_done(&j->texts[1]);
	bytes_done(&j->signature);
}

/* The three parts of a compact JWS (RFC 7515 3.1). */
struct parts {
	struct view	header, payload, signature, signing_input;
};

static enum err
split(struct view text, const char *what, size_t max, struct parts *out)
{
	const uint8_t *end = text.at + text.len;
	const uint8_t *first = NULL, *second = NULL;

	if (text.len > max)
		return err_because(ERR_TOO_LARGE, "%s: %zu bytes, wanted at "
		    "most %zu", what, text.len, max);
	if (text.len != 0)
		first = memchr(text.at, '.', text.len);
	if (first != NULL)
		second = memchr(first + 1, '.', (size_t)(end - first - 1));
	if (second == NULL)
		return err_because(ERR_SYNTAX, "%s: wanted three parts with "
		    "dots between them (RFC 7515 3.1)", what);
	*out = (struct parts){
		.header = VIEW(text.at, (size_t)(first - text.at)),
		.payload = VIEW(first + 1, (size_t)(second - first - 1)),
		.signature = VIEW(second + 1, (size_t)(end - second - 1)),
		.signing_input = VIEW(text.at, (size_t)(second - text.at)),
	};
	return ERR_OK;
}

static enum err
load(struct view part, const char *what, const char *name,
    struct bytes *text, struct json_tree *out)
{
	enum err e;

	TRY(base64url_get(part, text));
	if ((e = json_tree_read(out, bytes_view(text))) == ERR_MEMORY)
		return e;
	if (e != ERR_OK)
		return err_because(ERR_SYNTAX, "%s, %s: not JSON as it is "
		    "taken here, at byte %zu: %s", what, name, out->fault_at,
		    out->fault);
	if (out->at->kind != NODE_OBJECT)
		return err_because(ERR_SCHEMA, "%s, %s: not an object (RFC "
		    "7519 7.2)", what, name);
	return ERR_OK;
}

struct view
jwt_text(const struct json_tree *object, const char *name)
{
	return node_text(node_member(object->at, name));
}

static enum err
want(const struct node *object, const char *what, const char *name,
    const char *value, const char *clause)
{
	if (!view_is(node_text(node_member(object, name)), value))
		return err_because(ERR_SCHEMA, "%s: %s must be %s (%s)", what,
		    name, value, clause);
	return ERR_OK;
}

enum err
jwt_read(struct view text, const char *what, const char *typ, size_t max,
    struct jwt *out)
{
	AUTO_DONE(jwt) j = { .what = what };
	struct parts parts;

	TRY(split(text, what, max, &parts));
	TRY(load(parts.header, what, "header", &j.texts[0], &j.header));
	TRY(want(j.header.at, what, "typ", typ, "OpenID4VCI 1.0 D, F"));
	TRY(want(j.header.at, what, "alg", "ES256", "RFC 7518 3.4"));
	if (node_member(j.header.at, "crit") != NULL)
		return err_because(ERR_SCHEMA, "%s: crit names what is not "
		    "known here (RFC 7515 4.1.11)", what);
	TRY(load(parts.payload, what, "payload", &j.texts[1], &j.payload));
	TRY(base64url_get(parts.signature, &j.signature));
	j.digest = sha256(parts.signing_input);
	*out = j;
	j = (struct jwt){ 0 };
	return ERR_OK;
}

enum err
jwt_verify(const struct jwt *j, EVP_PKEY *key)
{
	return p256_verify(key, &j->digest, bytes_view(&j->signature));
}

/* ---- times */

static enum err
get_time(const struct jwt *j, const char *name, int64_t *out)
{
	const struct node *v = node_member(j->payload.at, name);

	if (v == NULL)
		return ERR_OK;
	if (v->kind != NODE_INT || v->number < 0 || v->number > TIME_LAST)
		return err_because(ERR_SCHEMA, "%s: %s must be whole seconds "
		    "since 1970 (RFC 7519 4.1)", j->what, name);
	*out = v->number;
	return ERR_OK;
}

enum err
jwt_times(const struct jwt *j, struct jwt_times *out)
{
	struct jwt_times t = { -1, INT64_MIN, INT64_MAX };

	TRY(get_time(j, "iat", &t.issued_at));
	TRY(get_time(j, "nbf", &t.not_before));
	TRY(get_time(j, "exp", &t.expires_at));
	if (t.issued_at == -1)
		return err_because(ERR_SCHEMA, "%s: iat is missing "
		    "(OpenID4VCI 1.0 D.1, F.1)", j->what);
	*out = t;
	return ERR_OK;
}

/* ---- keys */

static enum err
coordinate(const char *what, const struct node *jwk, const char *name,
    uint8_t out[32])
{
	AUTO_DONE(bytes) v = { 0 };

	if (base64url_get(node_text(node_member(jwk, name)), &v) != ERR_OK ||
	    v.len != 32)
		return err_because(ERR_SCHEMA, "%s, key: %s must be the "
		    "base64url of 32 bytes (RFC 7518 6.2.1)", what, name);
	memcpy(out, v.at, v.len);
	return ERR_OK;
}

/* Members of private keys of any type (RFC 7518 6.2.2, 6.3.2, 6.4). */
static enum err
refuse_private(const char *what, const struct node *jwk)
{
	static const char *const members[] =
	    { "d", "p", "q", "dp", "dq", "qi", "oth", "k" };

	for (size_t i = 0; i < COUNT(members); i++)
		if (node_member(jwk, members[i]) != NULL)
			return err_because(ERR_SCHEMA, "%s, key: it holds a "
			    "private key (OpenID4VCI 1.0 F.1)", what);
	return ERR_OK;
}

enum err
jwk_point(const char *what, const struct node *jwk,
    uint8_t out_point[P256_POINT_SIZE])
{
	uint8_t point[P256_POINT_SIZE] = { 4 };

	if (!node_is(jwk, NODE_OBJECT))
		return err_because(ERR_SCHEMA, "%s: its key is missing or no "
		    "object (RFC 7517 4)", what);
	TRY(refuse_private(what, jwk));
	TRY(want(jwk, what, "kty", "EC", "RFC 7518 6.2"));
	TRY(want(jwk, what, "crv", "P-256", "RFC 7518 6.2.1.1"));
	if (node_member(jwk, "use") != NULL)
		TRY(want(jwk, what, "use", "sig", "RFC 7517 4.2"));
	if (node_member(jwk, "alg") != NULL)
		TRY(want(jwk, what, "alg", "ES256", "RFC 7517 4.4"));
	TRY(coordinate(what, jwk, "x", point + 1));
	TRY(coordinate(what, jwk, "y", point + 33));
	memcpy(out_point, point, sizeof(point));
	return ERR_OK;
}
