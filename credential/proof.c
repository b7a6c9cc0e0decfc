/*
 * Proofs of possession. A proof comes from a phone nobody trusts by way of an
 * upstream system; only the signature makes its key and its claims the
 * phone's. Next: the request's struct device_proof (policy/request.h).
 */
#include "credential/proof.h"

#include <string.h>

#include "credential/jwt.h"

#define WHAT "proof"

/* Exactly one of these names the key, and we take the first. */
static enum err
get_key(const struct jwt *j, uint8_t out_point[P256_POINT_SIZE])
{
	static const char *const other[] =
	    { "kid", "x5c", "trust_chain", "key_attestation" };

	for (size_t i = 0; i < COUNT(other); i++)
		if (node_member(j->header.at, other[i]) != NULL)
			return err_because(ERR_UNSUPPORTED, WHAT ", header: "
			    "%s is not taken there: the key goes into jwk, an "
			    "attestation beside the proofs (OpenID4VCI 1.0 "
			    "F.1)", other[i]);
	return jwk_point(WHAT, node_member(j->header.at, "jwk"), out_point);
}

static enum err
get_payload(const struct jwt *j, struct bytes *storage,
    struct device_proof *p)
{
	struct view nonce = jwt_text(&j->payload, "nonce");
	struct view audience = jwt_text(&j->payload, "aud");
	const struct node *iss = node_member(j->payload.at, "iss");
	struct jwt_times times;

	if (nonce.len == 0 || audience.len == 0)
		return err_because(ERR_SCHEMA, WHAT ": aud and nonce must be "
		    "texts (OpenID4VCI 1.0 F.1)");
	if (iss != NULL && iss->kind != NODE_TEXT)
		return err_because(ERR_SCHEMA,
		    WHAT ": iss must be a text (RFC 7519 4.1.1)");
	TRY(jwt_times(j, &times));
	bytes_reset(storage);
	bytes_put(storage, nonce);
	bytes_put(storage, audience);
	TRY(bytes_check(storage));
	p->nonce = VIEW(storage->at, nonce.len);
	p->audience = VIEW(storage->at + nonce.len, audience.len);
	p->issued_at = times.issued_at;
	p->not_before = times.not_before;
	p->expires_at = times.expires_at;
	return ERR_OK;
}

enum err
proof_check(struct view jwt, struct bytes *storage,
    struct device_proof *out_proof)
{
	AUTO_DONE(jwt) j = { 0 };
	AUTO(EVP_PKEY) key = NULL;
	struct device_proof p = { 0 };

	TRY(jwt_read(jwt, WHAT, "openid4vci-proof+jwt", PROOF_MAX, &j));
	TRY(get_key(&j, p.point));
	TRY(get_payload(&j, storage, &p));
	TRY(p256_public(VIEW_OF(p.point), &key));
	TRY(jwt_verify(&j, key));
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
