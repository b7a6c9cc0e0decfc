/*
 * Reading key attestations. They come by way of an upstream system and a
 * phone; what makes them count is the signature of an attester whom the
 * operator named. Next: body_request.c, which joins them with the proofs.
 */
#include "credential/attestation.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "credential/jwt.h"

#define WHAT "attestation"
#define CHAIN_MAX 4		/* certificates in x5c */

AUTO_DEFINE(X509_STORE, X509_STORE, X509_STORE_free);
AUTO_DEFINE(X509_STORE_CTX, X509_STORE_CTX, X509_STORE_CTX_free);

struct chain {
	size_t	count;
	X509	*at[CHAIN_MAX];
};

static void
chain_done(struct chain *c)
{
	for (size_t i = 0; i < c->count; i++)
		X509_free(c->at[i]);
}

/* ---- whose word counts */

void
attesters_done(struct attesters *a)
{
	for (size_t i = 0; i < a->count; i++) {
		X509_free(a->at[i].ca);
		EVP_PKEY_free(a->at[i].key);
		mem_free(a->at[i].kid);
	}
	a->count = 0;
}

static enum err
check_room(const struct attesters *a)
{
	if (a->count == ATTESTERS_MAX)
		return err_because(ERR_FULL, "over %d attesters",
		    ATTESTERS_MAX);
	return ERR_OK;
}

enum err
attesters_add_ca(struct attesters *a, const char *path)
{
	TRY(check_room(a));
	TRY(pem_read_certificate(path, &a->at[a->count].ca));
	a->count++;
	return ERR_OK;
}

enum err
attesters_add_key(struct attesters *a, const char *kid, const char *path)
{
	AUTO(EVP_PKEY) key = NULL;
	uint8_t point[P256_POINT_SIZE];
	char *name;

	TRY(check_room(a));
	TRY(pem_read_public(path, &key));
	TRY(p256_point(key, point));
	if ((name = mem_text(kid)) == NULL)
		return err_because(ERR_MEMORY, "an attester");
	a->at[a->count++] = (struct attester){ .key = STEAL(key),
	    .kid = name };
	return ERR_OK;
}

/* ---- by a chain of certificates */

static enum err
get_chain(const struct node *x5c, struct chain *c)
{
	size_t count = node_is(x5c, NODE_LIST) ? x5c->count : 0;

	if (count == 0 || count > CHAIN_MAX)
		return err_because(ERR_SCHEMA, WHAT ", header: x5c has 1 to "
		    "%d certificates (RFC 7515 4.1.6)", CHAIN_MAX);
	for (; c->count < count; c->count++) {
		struct view text = node_text(node_element(x5c, c->count));
		AUTO_DONE(bytes) der = { 0 };
		const uint8_t *at;

		if (base64_get(text, &der) != ERR_OK || der.len == 0)
			return err_because(ERR_SCHEMA, WHAT ", header: x5c "
			    "holds certificates in base64 (RFC 7515 4.1.6)");
		at = der.at;
		c->at[c->count] = d2i_X509(NULL, &at, (long)der.len);
		if (c->at[c->count] == NULL || at != der.at + der.len) {
			X509_free(c->at[c->count]);
			(void)err_openssl(WHAT);
			return err_because(ERR_SCHEMA, WHAT ", header: x5c "
			    "holds what is no certificate");
		}
	}
	return ERR_OK;
}

static bool
leads_to(const struct chain *c, X509 *ca, int64_t now)
{
	AUTO(X509_STORE) store = X509_STORE_new();
	AUTO(X509_STORE_CTX) x = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	bool good = store != NULL && x != NULL && between != NULL;

	for (size_t i = 1; good && i < c->count; i++)
		good = sk_X509_push(between, c->at[i]) > 0;
	good = good && X509_STORE_add_cert(store, ca) &&
	    X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT) &&
	    X509_STORE_CTX_init(x, store, c->at[0], between);
	if (good) {
		X509_STORE_CTX_set_time(x, 0, (time_t)now);
		/* its own word on itself is nobody's */
		good = X509_cmp(c->at[0], ca) != 0 && X509_verify_cert(x) == 1;
	}
	sk_X509_free(between);
	if (!good)
		(void)err_openssl(WHAT);	/* empties the queue */
	return good;
}

static enum err
verify_by_chain(const struct jwt *j, const struct attesters *a, int64_t now)
{
	AUTO_DONE(chain) c = { 0 };
	uint8_t point[P256_POINT_SIZE];
	bool known = false;

	TRY(get_chain(node_member(j->header.at, "x5c"), &c));
	for (size_t i = 0; i < a->count && !known; i++)
		known = a->at[i].ca != NULL &&
		    leads_to(&c, a->at[i].ca, now);
	if (!known)
		return err_because(ERR_SIGNATURE, WHAT ": no configured "
		    "attester vouches for its certificate now");
	if (p256_point(X509_get0_pubkey(c.at[0]), point) != ERR_OK ||
	    (X509_get_key_usage(c.at[0]) & KU_DIGITAL_SIGNATURE) == 0)
		return err_because(ERR_SCHEMA, WHAT ": its certificate holds "
		    "no P-256 key that may sign");
	return jwt_verify(j, X509_get0_pubkey(c.at[0]));
}

static enum err
verify_by_name(const struct jwt *j, const struct attesters *a)
{
	struct view kid = jwt_text(&j->header, "kid");

	for (size_t i = 0; i < a->count; i++)
		if (a->at[i].key != NULL && view_is(kid, a->at[i].kid))
			return jwt_verify(j, a->at[i].key);
	return err_because(ERR_SIGNATURE,
	    WHAT ": no configured attester has its kid");
}

static enum err
verify(const struct jwt *j, const struct attesters *a, int64_t now)
{
	bool chain = node_member(j->header.at, "x5c") != NULL;
	bool name = node_member(j->header.at, "kid") != NULL;

	if (node_member(j->header.at, "trust_chain") != NULL)
		return err_because(ERR_UNSUPPORTED, WHAT ", header: "
		    "trust_chain is not supported (OpenID4VCI 1.0 D.1)");
	if (chain == name)
		return err_because(ERR_SCHEMA, WHAT ", header: wanted either "
		    "x5c or kid (OpenID4VCI 1.0 D.1)");
	return chain ? verify_by_chain(j, a, now) : verify_by_name(j, a);
}

/* ---- what it says */

bool
attestation_has(const struct attestation *a,
    const uint8_t point[P256_POINT_SIZE])
{
	for (size_t i = 0; i < a->key_count; i++)
		if (view_equal(VIEW_OF(a->keys[i]),
		    VIEW(point, P256_POINT_SIZE)))
			return true;
	return false;
}

static enum err
get_keys(const struct jwt *j, struct attestation *a)
{
	const struct node *keys = node_member(j->payload.at, "attested_keys");
	size_t count = node_is(keys, NODE_LIST) ? keys->count : 0;

	if (count == 0 || count > ASKED_PROOFS)
		return err_because(ERR_SCHEMA, WHAT ": attested_keys must be "
		    "1 to %d keys (OpenID4VCI 1.0 D.1)", ASKED_PROOFS);
	for (size_t i = 0; i < count; i++) {
		uint8_t point[P256_POINT_SIZE];
		AUTO(EVP_PKEY) key = NULL;

		TRY(jwk_point(WHAT, node_element(keys, i), point));
		/* on the curve, or it is no key */
		if (p256_public(VIEW_OF(point), &key) != ERR_OK)
			return err_because(ERR_SCHEMA, WHAT ": attested_keys "
			    "holds what is no P-256 key (SEC 1 3.2.2)");
		if (attestation_has(a, point))
			return err_because(ERR_SCHEMA, WHAT
			    ": attested_keys holds a key twice");
		memcpy(a->keys[a->key_count++], point, sizeof(point));
	}
	return ERR_OK;
}

/* The best of those named; names that mean nothing to us assert nothing. */
static enum err
get_resistance(const struct jwt *j, const char *name,
    enum resistance *out)
{
	const struct node *list = node_member(j->payload.at, name);
	size_t count = node_is(list, NODE_LIST) ? list->count : 0;
	enum resistance best = RESISTANCE_NONE, r;

	if (list != NULL && count == 0)
		return err_because(ERR_SCHEMA, WHAT ": %s must be a list that "
		    "is not empty (OpenID4VCI 1.0 D.1)", name);
	for (size_t i = 0; i < count; i++) {
		const struct node *text = node_element(list, i);

		if (!node_is(text, NODE_TEXT))
			return err_because(ERR_SCHEMA, WHAT ": %s must be a "
			    "list of texts (OpenID4VCI 1.0 D.1)", name);
		if (resistance_of(text->text, &r) == ERR_OK && r > best)
			best = r;
	}
	*out = best;
	return ERR_OK;
}

static enum err
get_payload(const struct jwt *j, struct bytes *storage,
    struct attestation *a)
{
	struct view nonce = jwt_text(&j->payload, "nonce");
	struct jwt_times times;

	TRY(jwt_times(j, &times));
	TRY(get_resistance(j, "key_storage", &a->said.key_storage));
	TRY(get_resistance(j, "user_authentication",
	    &a->said.user_authentication));
	if (node_member(j->payload.at, "nonce") != NULL &&
	    (nonce.len == 0 || nonce.len > ASKED_TEXT))
		return err_because(ERR_SCHEMA, WHAT ": nonce must be a text "
		    "of 1 to %d bytes", ASKED_TEXT);
	bytes_reset(storage);
	bytes_put(storage, nonce);
	TRY(bytes_check(storage));
	a->said.nonce = bytes_view(storage);
	a->said.issued_at = times.issued_at;
	a->said.not_before = times.not_before;
	a->said.expires_at = times.expires_at;
	return get_keys(j, a);
}

enum err
attestation_check(struct view jwt, const struct attesters *attesters,
    int64_t now, struct bytes *storage, struct attestation *out)
{
	AUTO_DONE(jwt) j = { 0 };

	TRY(jwt_read(jwt, WHAT, "key-attestation+jwt", ATTESTATION_MAX, &j));
	*out = (struct attestation){ 0 };
	TRY(verify(&j, attesters, now));
	return get_payload(&j, storage, out);
}
