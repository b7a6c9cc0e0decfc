/*
 * The routes, and what is asked of a request before its handler sees it. The
 * client is known here, what it sent is not. Next: the handler.
 */
#include "signer/gate/route.h"

#include <string.h>
#include <strings.h>

#define ON(listener) (1u << (listener))
#define CLIENTS (ON(LISTENER_API) | ON(LISTENER_TLS))

enum {
	NEEDS_KEY = 1,		/* Idempotency-Key */
	NEEDS_OPEN = 2,		/* unsealed, with a notary */
	NEEDS_SIGNER = 4,	/* and a keyholder */
	MAY_BE_LONG = 8,	/* a portrait may travel in it */
};
#define LONG_BODY_MAX ((size_t)256 * 1024)
#define ISSUES (NEEDS_KEY | NEEDS_OPEN | NEEDS_SIGNER)

static const struct route {
	enum http_method method;
	const char	*path;		/* ends in '/': what begins with it */
	unsigned int	 listeners;
	unsigned int	 needs;
	void		(*handle)(struct gate *g, const struct call *call);
} routes[] = {
	{ HTTP_POST, "/v1/qr-tokens", CLIENTS, ISSUES, route_qr_token },
	{ HTTP_POST, "/v1/qr-tokens:batch", CLIENTS, ISSUES | MAY_BE_LONG,
	    route_qr_tokens },
	{ HTTP_POST, "/v1/credentials", CLIENTS, ISSUES | MAY_BE_LONG,
	    route_credential },
	{ HTTP_POST, "/v1/status-changes", CLIENTS, NEEDS_KEY | NEEDS_OPEN,
	    route_status_change },
	{ HTTP_POST, "/v1/decisions", CLIENTS, NEEDS_OPEN | MAY_BE_LONG,
	    route_decision },
	{ HTTP_POST, "/v1/challenges", CLIENTS, NEEDS_OPEN, route_challenge },
	{ HTTP_GET, "/v1/keys", CLIENTS, 0, route_keys },
	{ HTTP_GET, "/.well-known/jwt-vc-issuer", CLIENTS, 0,
	    route_jwt_vc_issuer },
	{ HTTP_GET, "/.well-known/openid-credential-issuer", CLIENTS, 0,
	    route_issuer_metadata },
	{ HTTP_GET, "/v1/status-lists/", CLIENTS, 0, route_status_list },
	{ HTTP_GET, "/v1/log/checkpoint", CLIENTS, 0, route_checkpoint },
	{ HTTP_GET, "/v1/log/state", CLIENTS, 0, route_log_state },
	{ HTTP_GET, "/v1/log/tile/", CLIENTS, 0, route_tile },
	{ HTTP_GET, "/v1/log/proofs/", CLIENTS, 0, route_proof },
	{ HTTP_GET, "/livez", ON(LISTENER_METRICS), 0, route_live },
	{ HTTP_GET, "/readyz", ON(LISTENER_METRICS), 0, route_ready },
	{ HTTP_GET, "/metrics", ON(LISTENER_METRICS), 0, route_metrics },
	{ HTTP_GET, "/v1/seal-status", ON(LISTENER_ADMIN), 0,
	    route_seal_status },
	{ HTTP_POST, "/v1/unseal", ON(LISTENER_ADMIN), 0, route_unseal },
	{ HTTP_POST, "/v1/acts", ON(LISTENER_ADMIN), 0, route_act },
	{ HTTP_POST, "/v1/seal", ON(LISTENER_ADMIN), 0, route_seal },
	{ HTTP_POST, "/v1/clear-latch", ON(LISTENER_ADMIN), 0,
	    route_clear_latch },
	{ HTTP_GET, "/v1/policy", ON(LISTENER_ADMIN), 0, route_policy },
	{ HTTP_POST, "/v1/policy", ON(LISTENER_ADMIN), 0,
	    route_policy_change },
	{ HTTP_GET, "/v1/registry", ON(LISTENER_ADMIN), 0, route_registry },
	{ HTTP_GET, "/v1/registry/stats", ON(LISTENER_ADMIN), 0,
	    route_registry_stats },
	{ HTTP_POST, "/v1/registry/backup", ON(LISTENER_ADMIN), 0,
	    route_registry_backup },
	{ HTTP_POST, "/v1/registry/repair", ON(LISTENER_ADMIN), 0,
	    route_registry_repair },
	{ HTTP_GET, "/v1/log/periods", ON(LISTENER_ADMIN), 0, route_periods },
	{ HTTP_POST, "/v1/log/periods/", ON(LISTENER_ADMIN), 0,
	    route_period_close },
	{ HTTP_GET, "/v1/log/minimum", ON(LISTENER_ADMIN), 0, route_minimum },
	{ HTTP_POST, "/v1/log/minimum/", ON(LISTENER_ADMIN), 0,
	    route_minimum_set },
	{ HTTP_GET, "/v1/log/orphans", ON(LISTENER_ADMIN), 0, route_orphans },
	{ HTTP_GET, "/v1/log/orphans/", ON(LISTENER_ADMIN), 0,
	    route_orphans_from },
	{ HTTP_POST, "/v1/log/orphans", ON(LISTENER_ADMIN), 0,
	    route_orphans_close },
	{ HTTP_POST, "/v1/devices", ON(LISTENER_ADMIN), 0, route_device },
};

/* The route of the path, with its method if there is one. */
static const struct route *
find(const struct call *call)
{
	struct view target = http_target(call->http);
	const struct route *other = NULL;

	for (size_t i = 0; i < COUNT(routes); i++) {
		const char *path = routes[i].path;
		bool fits = path[strlen(path) - 1] == '/' ?
		    view_starts(target, path) : view_is(target, path);

		if (!fits || (routes[i].listeners & ON(call->listener)) == 0)
			continue;
		if (routes[i].method == call->http->method)
			return &routes[i];
		other = &routes[i];
	}
	return other;
}

size_t
route_body_max(const struct http *http)
{
	for (size_t i = 0; i < COUNT(routes); i++)
		if ((routes[i].needs & MAY_BE_LONG) != 0 &&
		    view_is(http_target(http), routes[i].path))
			return LONG_BODY_MAX;
	return HTTP_BODY_MAX;
}

/* ---- header fields */

enum err
route_key(struct view field, struct view *out_key)
{
	struct view key = field;

	if (field.at == NULL)
		return err_because(ERR_SYNTAX, "Idempotency-Key is missing: "
		    "this changes something, so a retry must be told from a "
		    "new request");
	/* the draft's form: a string of RFC 8941 3.3.3 */
	if (key.len >= 2 && key.at[0] == '"' && key.at[key.len - 1] == '"')
		key = VIEW(key.at + 1, key.len - 2);
	if (key.len == 0 || key.len > 64)
		return err_because(ERR_SYNTAX, "Idempotency-Key: wanted 1 to "
		    "64 characters, got %zu", key.len);
	for (size_t i = 0; i < key.len; i++)
		if (key.at[i] <= ' ' || key.at[i] > '~' || key.at[i] == '"' ||
		    key.at[i] == '\\')
			return err_because(ERR_SYNTAX, "Idempotency-Key: "
			    "wanted visible ASCII without \" and \\");
	*out_key = key;
	return ERR_OK;
}

static bool
is_word(const char *at, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(at, word, len) == 0;
}

enum err
route_media(struct view field)
{
	static const char wanted[] = "Content-Type: wanted application/json, "
	    "with charset=utf-8 or without";
	const char *at = (const char *)field.at;
	const char *end = at + field.len;
	size_t n;

	for (n = 0; at + n < end && strchr("; \t", at[n]) == NULL; n++)
		continue;
	if (!is_word(at, n, "application/json"))
		return err_because(ERR_MEDIA_TYPE, "%s", wanted);
	for (at += n; at < end && strchr("; \t", *at) != NULL; at++)
		continue;
	n = (size_t)(end - at);
	if (n != 0 && !is_word(at, n, "charset=utf-8") &&
	    !is_word(at, n, "charset=\"utf-8\""))
		return err_because(ERR_MEDIA_TYPE, "%s", wanted);
	return ERR_OK;
}

/* ---- the way in */

static enum err
admit(const struct gate *g, const struct route *r, const struct call *call)
{
	const struct http *h = call->http;
	struct view key;

	if (h->body.len != 0)
		TRY(route_media(http_value(h, HTTP_CONTENT_TYPE)));
	if ((r->needs & NEEDS_KEY) != 0)
		TRY(route_key(http_value(h, HTTP_IDEMPOTENCY_KEY), &key));
	if ((r->needs & NEEDS_OPEN) != 0)
		TRY(gate_ready(g, (r->needs & NEEDS_SIGNER) != 0));
	return ERR_OK;
}

static void
refuse_method(struct gate *g, const struct call *call, enum http_method allow)
{
	const struct problem p = {
		.err = ERR_METHOD,
		.request = call->id,
		.allow = allow == HTTP_GET ? "GET" : "POST",
	};
	struct reply r = problem_reply(&p);

	server_note_refused(g->server, ERR_METHOD);
	server_reply(g->server, call->origin, &r);
}

void
route_call(struct gate *g, const struct call *call)
{
	const struct route *r = find(call);
	enum err e;

	if (r == NULL) {
		gate_refuse(g, call, ERR_NOT_FOUND,
		    "no such route on this socket");
		return;
	}
	if (r->method != call->http->method) {
		refuse_method(g, call, r->method);
		return;
	}
	if ((e = admit(g, r, call)) != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		return;
	}
	r->handle(g, call);
}
