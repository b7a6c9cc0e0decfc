/*
 * The service about itself: health and metrics on a socket of their own, and
 * the officers' requests, which the desk passes to the supervisor. What an
 * officer encrypted to it stays so here; a plain line, where the configuration
 * takes it, goes through once.
 */
#include "signer/gate/route.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"

void
route_live(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_text(&body, "{\"status\":\"live\"}");
	gate_give(g, call, REPLY_JSON, &body);
}

void
route_ready(struct gate *g, const struct call *call)
{
	const struct {
		const char	*name;
		bool		 fails;
	} checks[] = {
		{ "sealed", g->seal != SEAL_OPEN },
		{ "notary", proc_peer(g->proc, ROLE_NOTARY, 0) == NULL },
		{ "keyholders", g->keyholders == 0 },
		{ "policy", g->hold.len == 0 && !g->policy_in_force },
		{ "database", g->registry_away },
		{ bytes_text(&g->held_by), g->hold.len != 0 },
		{ "witnesses", g->unwitnessed },
	};
	struct reply r = { .status = 200, .type = REPLY_JSON };
	struct json j = json_start(&r.body);

	for (size_t i = 0; i < COUNT(checks); i++)
		if (checks[i].fails)
			r.status = 503;
	json_record(&j, NULL);
	json_c_text(&j, "status", r.status == 200 ? "ready" : "unready");
	/* it serves, but not by what somebody wanted in force */
	json_items(&j, "degraded");
	if (g->policy_change_failed)
		json_c_text(&j, NULL, "policy-change");
	json_close(&j);
	json_items(&j, "failing");
	for (size_t i = 0; i < COUNT(checks); i++)
		if (checks[i].fails)
			json_c_text(&j, NULL, checks[i].name);
	json_close(&j);
	if (g->hold.len != 0)
		json_raw(&j, "hold", bytes_view(&g->hold));
	json_close(&j);
	server_reply(g->server, call->origin, &r);
}

void
route_metrics(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) own = { 0 }, body = { 0 };

	bytes_printf(&own, "# TYPE okse_requests_in_flight gauge\n"
	    "okse_requests_in_flight %zu\n"
	    "# TYPE okse_open gauge\nokse_open %d\n"
	    "# TYPE okse_keyholders gauge\nokse_keyholders %u\n",
	    pending_count(g->pending), g->seal == SEAL_OPEN, g->keyholders);
	server_metrics(g->server, &own);
	metrics_put(&g->metrics, bytes_view(&own), &body);
	gate_give(g, call, "text/plain; version=0.0.4; charset=utf-8", &body);
}

/* ---- officers */

static void
ask_supervisor(struct gate *g, const struct call *call, enum admin_verb verb,
    struct view argument)
{
	AUTO_DONE(bytes) body = { 0 };
	enum err e = pending_add(g->pending, call, PENDING_ADMIN, NULL);

	if (e != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		return;
	}
	bytes_put_u16(&body, (uint16_t)verb);
	bytes_put_block(&body, argument);
	peer_send(proc_peer(g->proc, ROLE_SUPERVISOR, 0), MSG_ADMIN, call->id,
	    bytes_view(&body));
}

/* A request whose body says nothing. */
static void
ask_plainly(struct gate *g, const struct call *call, enum admin_verb verb)
{
	enum err e = body_decode_empty(bytes_view(&call->http->body),
	    &g->body);

	body_done(&g->body);
	if (e != ERR_OK)
		gate_refuse(g, call, e, err_why());
	else
		ask_supervisor(g, call, verb, VIEW(NULL, 0));
}

void
route_seal_status(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_STATUS);
}

void
route_unseal(struct gate *g, const struct call *call)
{
	struct view share;
	enum err e = body_decode_share(bytes_view(&call->http->body),
	    &g->body, &share);

	if (e != ERR_OK)
		gate_refuse(g, call, e, err_why());
	else
		ask_supervisor(g, call, ADMIN_SHARE, share);
	body_done(&g->body);
}

void
route_act(struct gate *g, const struct call *call)
{
	struct view act;
	enum err e = body_decode_act(bytes_view(&call->http->body), &g->body,
	    &act);

	if (e != ERR_OK)
		gate_refuse(g, call, e, err_why());
	else
		ask_supervisor(g, call, ADMIN_ACT, act);
	body_done(&g->body);
}

void
route_seal(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_SEAL);
}

void
route_clear_latch(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_CLEAR_LATCH);
}

void
route_policy(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_POLICY);
}

void
route_registry(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_REGISTRY);
}

void
route_registry_stats(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_REGISTRY_STATS);
}

void
route_registry_backup(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_REGISTRY_BACKUP);
}

void
route_registry_repair(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) argument = { 0 };
	uint64_t first = 0, last = 0;
	enum err e = body_decode_repair(bytes_view(&call->http->body),
	    &g->body, &first, &last);

	body_done(&g->body);
	if (e != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		return;
	}
	bytes_put_u64(&argument, first);
	bytes_put_u64(&argument, last);
	ask_supervisor(g, call, ADMIN_REGISTRY_REPAIR, bytes_view(&argument));
}

void
route_periods(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_PERIOD);
}

/* The argument is the path behind the prefix, the notary's to judge. */
static void
ask_of_path(struct gate *g, const struct call *call, enum admin_verb verb,
    const char *prefix)
{
	struct view path = http_target(call->http);
	size_t skip = strlen(prefix);

	if (call->http->body.len != 0)
		gate_refuse(g, call, ERR_SCHEMA, "no body is expected");
	else
		ask_supervisor(g, call, verb,
		    VIEW(path.at + skip, path.len - skip));
}

void
route_period_close(struct gate *g, const struct call *call)
{
	ask_of_path(g, call, ADMIN_PERIOD_CLOSE, "/v1/log/periods/");
}

void
route_minimum(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_MINIMUM);
}

void
route_minimum_set(struct gate *g, const struct call *call)
{
	ask_of_path(g, call, ADMIN_MINIMUM_SET, "/v1/log/minimum/");
}

void
route_orphans(struct gate *g, const struct call *call)
{
	ask_plainly(g, call, ADMIN_ORPHANS);
}

void
route_orphans_from(struct gate *g, const struct call *call)
{
	ask_of_path(g, call, ADMIN_ORPHANS, "/v1/log/orphans/");
}

/* The log will say who: the kernel's word. */
static enum err
put_who(const struct call *call, struct bytes *out)
{
	char who[32];

	if (call->uid < 0)
		return err_because(ERR_UNAUTHENTICATED,
		    "the kernel does not say who asks");
	snprintf(who, sizeof(who), "uid:%" PRId64, call->uid);
	bytes_put_block(out, view_text(who));
	return ERR_OK;
}

void
route_orphans_close(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) argument = { 0 };
	enum err e = put_who(call, &argument);

	if (e == ERR_OK)
		e = body_decode_orphans(bytes_view(&call->http->body),
		    &g->body, &argument);
	body_done(&g->body);
	if (e != ERR_OK)
		gate_refuse(g, call, e, err_why());
	else
		ask_supervisor(g, call, ADMIN_ORPHANS_CLOSE,
		    bytes_view(&argument));
}

/* The number goes on and is kept nowhere: buffers are wiped when freed. */
void
route_device(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) argument = { 0 };
	enum err e = put_who(call, &argument);

	if (e == ERR_OK)
		e = body_decode_device(bytes_view(&call->http->body),
		    &g->body, &argument);
	body_done(&g->body);
	if (e != ERR_OK)
		gate_refuse(g, call, e, err_why());
	else
		ask_supervisor(g, call, ADMIN_DEVICE, bytes_view(&argument));
}

void
route_policy_change(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) argument = { 0 };
	uint64_t serial = 0;
	bool shadow = false;
	enum err e = body_decode_policy(bytes_view(&call->http->body),
	    &g->body, &serial, &shadow);

	body_done(&g->body);
	if (e != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		return;
	}
	bytes_put_u64(&argument, serial);
	ask_supervisor(g, call, shadow ? ADMIN_POLICY_SHADOW :
	    ADMIN_POLICY_ACTIVATE, bytes_view(&argument));
}
