/*
 * Proofs of possession. A proof comes from a phone nobody trusts by way of an
 * upstream system; only the signature makes its key and its claims the
 * phone's. jansson reads the two JSON texts, here in the gate and nowhere
 * else. Next: the request's struct device_proof (policy/request.h).
 */
#include "credential/proof.h"

#include <string.h>

#include <jansson.h>

#define IAT_MAX INT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

AUTO_DEFINE(json_t, json_t, json_decref);

/* The three parts of a compact JWS (RFC 7515 3.1). */
struct jws {
	struct view	header;
	struct view	payload;
	struct view	signature;
	struct view	signing_input;
};

static enum err
split(struct view jwt, struct jws *out)
{
	const uint8_t *end = jwt.at + jwt.len;
	const uint8_t *first = NULL, *second = NULL;

	if (jwt.len > PROOF_MAX)
		return err_because(ERR_TOO_LARGE, "proof: %zu bytes, wanted at "
		    "most %d", jwt.len, PROOF_MAX);
	if (jwt.len != 0)
		first = memchr(jwt.at, '.', jwt.len);
	if (first != NULL)
		second = memchr(first + 1, '.', (size_t)(end - first - 1));
	if (second == NULL)
		return err_because(ERR_SYNTAX, "proof: wanted three parts "
		    "with dots between them (RFC 7515 3.1)");
	*out = (struct jws){
		.header = VIEW(jwt.at, (size_t)(first - jwt.at)),
		.payload = VIEW(first + 1, (size_t)(second - first - 1)),
		.signature = VIEW(second + 1, (size_t)(end - second - 1)),
		.signing_input = VIEW(jwt.at, (size_t)(second - jwt.at)),
	};
	return ERR_OK;
}

static enum err
load(struct view part, const char *what, json_t **out)
{
	AUTO_DONE(bytes) text = { 0 };
	json_error_t error;
	json_t *j;

	TRY(base64url_get(part, &text));
	j = json_loadb(bytes_text(&text), text.len, JSON_REJECT_DUPLICATES,
	    &error);
	if (j == NULL)
		return err_because(ERR_SYNTAX, "proof, %s: not JSON, or a "
		    "member twice, at byte %d (RFC 8259)", what,
		    error.position);
	if (!json_is_object(j)) {
		json_decref(j);
		return err_because(ERR_SCHEMA, "proof, %s: not an object "
		    "(RFC 7519 7.2)", what);
	}
	*out = j;
	return ERR_OK;
}

/* Every member is one of these; the list ends with NULL. */
static enum err
only(json_t *object, const char *what, const char *const *known)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		size_t i = 0;

		while (known[i] != NULL && strcmp(name, known[i]) != 0)
			i++;
		if (known[i] == NULL)
			return err_because(ERR_SCHEMA, "proof, %s: a member "
			    "that does not belong there", what);
	}
	return ERR_OK;
}

/* A text, empty when the member is missing or no text. */
static struct view
text_of(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	return VIEW(json_string_value(v), json_string_length(v));
}

static enum err
want(const json_t *object, const char *what, const char *name,
    const char *value, const char *clause)
{
	if (!view_is(text_of(object, name), value))
		return err_because(ERR_SCHEMA, "proof, %s: %s must be %s (%s)",
		    what, name, value, clause);
	return ERR_OK;
}

static enum err
coordinate(const json_t *jwk, const char *name, uint8_t out[32])
{
	AUTO_DONE(bytes) v = { 0 };

	if (base64url_get(text_of(jwk, name), &v) != ERR_OK || v.len != 32)
		return err_because(ERR_SCHEMA, "proof, jwk: %s must be the "
		    "base64url of 32 bytes (RFC 7518 6.2.1)", name);
	memcpy(out, v.at, v.len);
	return ERR_OK;
}

static enum err
get_key(const json_t *header, uint8_t out_point[P256_POINT_SIZE])
{
	const json_t *jwk = json_object_get(header, "jwk");
	uint8_t point[P256_POINT_SIZE] = { 4 };

	if (!json_is_object(jwk))
		return err_because(ERR_SCHEMA, "proof, header: jwk is missing "
		    "or no object (OpenID4VCI 1.0 F.1)");
	if (json_object_get(jwk, "d") != NULL)
		return err_because(ERR_SCHEMA, "proof, jwk: it holds a private "
		    "key (OpenID4VCI 1.0 F.1)");
	TRY(want(jwk, "jwk", "kty", "EC", "RFC 7518 6.2"));
	TRY(want(jwk, "jwk", "crv", "P-256", "RFC 7518 6.2.1.1"));
	TRY(coordinate(jwk, "x", point + 1));
	TRY(coordinate(jwk, "y", point + 33));
	memcpy(out_point, point, sizeof(point));
	return ERR_OK;
}

static enum err
get_header(struct view part, uint8_t out_point[P256_POINT_SIZE])
{
	static const char *const known[] = { "typ", "alg", "jwk", NULL };
	static const char *const other[] =
	    { "kid", "x5c", "trust_chain", "key_attestation" };
	AUTO(json_t) header = NULL;

	TRY(load(part, "header", &header));
	for (size_t i = 0; i < COUNT(other); i++)
		if (json_object_get(header, other[i]) != NULL)
			return err_because(ERR_UNSUPPORTED, "proof, header: "
			    "%s is not supported, the key goes into jwk "
			    "(OpenID4VCI 1.0 F.1)", other[i]);
	TRY(only(header, "header", known));
	TRY(want(header, "header", "typ", "openid4vci-proof+jwt",
	    "OpenID4VCI 1.0 F.1"));
	TRY(want(header, "header", "alg", "ES256", "RFC 7518 3.4"));
	return get_key(header, out_point);
}

static enum err
get_payload(struct view part, struct bytes *storage, struct device_proof *p)
{
	static const char *const known[] =
	    { "iss", "aud", "iat", "nonce", NULL };
	AUTO(json_t) payload = NULL;
	const json_t *iss, *iat;
	struct view nonce, audience;

	TRY(load(part, "payload", &payload));
	TRY(only(payload, "payload", known));
	nonce = text_of(payload, "nonce");
	audience = text_of(payload, "aud");
	iss = json_object_get(payload, "iss");
	iat = json_object_get(payload, "iat");
	if (nonce.len == 0 || audience.len == 0)
		return err_because(ERR_SCHEMA, "proof, payload: aud and nonce "
		    "must be texts (OpenID4VCI 1.0 F.1)");
	if (iss != NULL && !json_is_string(iss))
		return err_because(ERR_SCHEMA,
		    "proof, payload: iss must be a text (RFC 7519 4.1.1)");
	if (!json_is_integer(iat) || json_integer_value(iat) < 0 ||
	    json_integer_value(iat) > IAT_MAX)
		return err_because(ERR_SCHEMA, "proof, payload: iat must be "
		    "whole seconds since 1970 (RFC 7519 4.1.6)");
	bytes_reset(storage);
	bytes_put(storage, nonce);
	bytes_put(storage, audience);
	TRY(bytes_check(storage));
	p->nonce = VIEW(storage->at, nonce.len);
	p->audience = VIEW(storage->at + nonce.len, audience.len);
	p->issued_at = json_integer_value(iat);
	return ERR_OK;
}

static enum err
verify(const struct jws *jws, const uint8_t point[P256_POINT_SIZE])
{
	AUTO_DONE(bytes) signature = { 0 };
	AUTO(EVP_PKEY) key = NULL;
	struct hash digest = sha256(jws->signing_input);

	TRY(base64url_get(jws->signature, &signature));
	TRY(p256_public(VIEW(point, P256_POINT_SIZE), &key));
	return p256_verify(key, &digest, bytes_view(&signature));
}

enum err
proof_check(struct view jwt, struct bytes *storage,
    struct device_proof *out_proof)
{
	struct device_proof p = { 0 };
	struct jws jws;

	TRY(split(jwt, &jws));
	TRY(get_header(jws.header, p.point));
	TRY(get_payload(jws.payload, storage, &p));
	TRY(verify(&jws, p.point));
	*out_proof = p;
	return ERR_OK;
}

#define COORDINATE 43	/* characters of 32 bytes in base64url */

static void
put_coordinate(char out[COORDINATE + 2], const uint8_t at[32])
{
	EVP_EncodeBlock((unsigned char *)out, at, 32);
	out[COORDINATE] = '\0';
	for (char *c = out; *c != '\0'; c++) {
		*c = *c == '+' ? '-' : *c;
		*c = *c == '/' ? '_' : *c;
	}
}

struct hash
jwk_thumbprint(const uint8_t point[P256_POINT_SIZE])
{
	char text[160], x[COORDINATE + 2], y[COORDINATE + 2];

	put_coordinate(x, point + 1);
	put_coordinate(y, point + 33);
	/* the required members in the order of their names: RFC 7638 3.2 */
	snprintf(text, sizeof(text), "{\"crv\":\"P-256\",\"kty\":\"EC\","
	    "\"x\":\"%s\",\"y\":\"%s\"}", x, y);
	return sha256(view_text(text));
}
