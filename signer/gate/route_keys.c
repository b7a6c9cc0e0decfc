/*
 * Which keys sign for the issuer, for verifiers: as a JWK set, and where
 * SD-JWT VC looks for it. Certificates are the operator's, read before the
 * lock; what has ended is not given any more. Next: route_public.c.
 */
#include "signer/gate/route.h"

#include "base/json.h"
#include "base/time.h"
#include "credential/metadata.h"

#define KEYS_CACHE "public, max-age=300"

enum err
route_keys_open(struct gate *g)
{
	const struct config *c = g->config;

	for (size_t i = 0; i < c->keys.count; i++) {
		struct gate_key *k = &g->keys[g->key_count];

		if (c->keys.at[i].certificate == NULL)
			continue;
		k->use = (enum key_use)c->keys.at[i].use;
		TRY(issuer_load(c->keys.at[i].certificate, c->issuer,
		    &k->issuer));
		g->key_count++;
	}
	return ERR_OK;
}

/*
 * Those whose certificates have not ended: also those to come, so that
 * verifiers know a key before it signs. use 0: of any.
 */
static void
put_keys(const struct gate *g, int use, struct json *j)
{
	json_items(j, "keys");
	for (size_t i = 0; i < g->key_count; i++)
		if ((use == 0 || g->keys[i].use == (enum key_use)use) &&
		    issuer_not_after(g->keys[i].issuer) >= time_now())
			issuer_jwk(g->keys[i].issuer, j);
	json_close(j);
}

static void
give(struct gate *g, const struct call *call, const char *type,
    struct json *j, struct bytes *body)
{
	struct reply r = { .status = 200, .type = type, .cache = KEYS_CACHE };

	if (json_end(j) != ERR_OK) {
		gate_refuse(g, call, ERR_MEMORY, NULL);
		return;
	}
	r.body = *body;
	*body = (struct bytes){ 0 };
	server_reply(g->server, call->origin, &r);
}

void
route_keys(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) body = { 0 };
	struct json j = json_start(&body);

	json_record(&j, NULL);
	put_keys(g, 0, &j);
	json_close(&j);
	give(g, call, "application/jwk-set+json", &j, &body);
}

/* draft-ietf-oauth-sd-jwt-vc, "JWT VC Issuer Metadata" */
void
route_jwt_vc_issuer(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) body = { 0 };
	struct json j = json_start(&body);

	json_record(&j, NULL);
	json_c_text(&j, "issuer", g->config->issuer);
	json_record(&j, "jwks");
	put_keys(g, KEY_USE_DOCUMENT, &j);
	json_close(&j);
	json_close(&j);
	give(g, call, "application/json", &j, &body);
}

#define METADATA_JWT "application/jwt"

/* Signed when it is asked for by its type; wanted at least as much as JSON. */
static bool
wants_signed(const struct call *call)
{
	struct view accept = http_value(call->http, HTTP_ACCEPT);

	return accept.at != NULL && route_weight(accept, METADATA_JWT) > 0 &&
	    route_weight(accept, METADATA_JWT) >=
	    route_weight(accept, REPLY_JSON);
}

/* OpenID4VCI 1.0 12.2 */
void
route_issuer_metadata(struct gate *g, const struct call *call)
{
	bool sign = wants_signed(call);
	struct reply r = { .status = 200, .cache = KEYS_CACHE,
	    .type = sign ? METADATA_JWT : REPLY_JSON };
	enum err e = ERR_OK;

	if (g->metadata.len == 0) {
		gate_refuse(g, call, ERR_UNAVAILABLE, "not signed since the "
		    "start, or without a key of use metadata");
		return;
	}
	if (sign)
		bytes_put(&r.body, bytes_view(&g->metadata));
	else
		e = metadata_plain(bytes_view(&g->metadata), &r.body);
	if (e == ERR_OK && (e = bytes_check(&r.body)) == ERR_OK) {
		server_reply(g->server, call->origin, &r);
		return;
	}
	reply_done(&r);
	gate_refuse(g, call, e, NULL);
}
