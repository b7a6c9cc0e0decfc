/*
 * Requests that become decisions: the body is decoded, framed, and sent to
 * the notary, which answers through pending.c. Bodies are hostile and hold
 * personal data: nothing of them stays when the frame is gone.
 * Next: the notary's handler of REQUEST.
 */
#include "signer/gate/route.h"

#include <string.h>

static void
send_frame(struct gate *g, const struct call *call, enum pending_kind kind)
{
	enum err e;

	if (g->frame.failed || g->frame.len > MSG_LONG) {
		gate_refuse(g, call, ERR_RANGE, "the body holds too much");
		return;
	}
	e = pending_add(g->pending, call, kind, &g->body.asked);
	if (e != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		return;
	}
	peer_send(proc_peer(g->proc, ROLE_NOTARY, 0), MSG_REQUEST, call->id,
	    bytes_view(&g->frame));
}

/* With the body decoded, or e the reason why it is not. */
static void
ask(struct gate *g, const struct call *call, enum pending_kind kind,
    struct view key, enum err e)
{
	struct asked *a = &g->body.asked;

	if (e != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		body_done(&g->body);
		return;
	}
	a->caller = view_text(call->client);
	a->idempotency_key = key;
	request_encode(a, &g->frame);
	send_frame(g, call, kind);
	explicit_bzero(g->frame.at, g->frame.len);
	bytes_reset(&g->frame);
	body_done(&g->body);
}

/* The table has checked it where one is needed. */
static struct view
key_of(const struct call *call)
{
	struct view key = { 0 };

	(void)route_key(http_value(call->http, HTTP_IDEMPOTENCY_KEY),
	    &key);
	return key;
}

void
route_qr_token(struct gate *g, const struct call *call)
{
	ask(g, call, PENDING_QR_TOKEN, key_of(call), body_decode(
	    bytes_view(&call->http->body), OPERATION_QR_TOKEN, &g->body));
}

/*
 * Each member has a key of its own, made of the batch's and its place: a
 * blank keeps these apart from all keys that clients can send.
 */
static void
ask_member(struct gate *g, const struct call *call,
    const struct body_batch *batch, size_t i)
{
	AUTO_DONE(bytes) key = { 0 };

	bytes_put(&key, key_of(call));
	bytes_printf(&key, " %zu", i);
	ask(g, call, PENDING_QR_TOKEN, bytes_view(&key),
	    body_decode_member(batch, i, &g->body));
}

/* One after another into the notary's queue, where one commit takes all. */
void
route_qr_tokens(struct gate *g, const struct call *call)
{
	AUTO_DONE(body_batch) batch = { 0 };
	uint32_t place;
	enum err e;

	e = body_decode_batch(bytes_view(&call->http->body), &batch);
	if (e == ERR_OK)
		e = group_open(&g->groups, call->origin, batch.list.count,
		    &place);
	if (e != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		return;
	}
	for (size_t i = 0; i < batch.list.count; i++) {
		struct call member = *call;

		member.id = server_next_id(g->server);
		member.origin = group_origin(&g->groups, place, i);
		ask_member(g, &member, &batch, i);
	}
}

void
route_credential(struct gate *g, const struct call *call)
{
	ask(g, call, PENDING_CREDENTIAL, key_of(call), body_decode(
	    bytes_view(&call->http->body), OPERATION_CREDENTIAL, &g->body));
}

void
route_decision(struct gate *g, const struct call *call)
{
	ask(g, call, PENDING_DECISION, VIEW(NULL, 0), body_decode_decision(
	    bytes_view(&call->http->body), &g->body));
}

void
route_status_change(struct gate *g, const struct call *call)
{
	ask(g, call, PENDING_STATUS_CHANGE, key_of(call), body_decode(
	    bytes_view(&call->http->body), OPERATION_STATUS_CHANGE,
	    &g->body));
}

void
route_challenge(struct gate *g, const struct call *call)
{
	AUTO_DONE(bytes) body = { 0 };
	enum err e;

	e = body_decode_empty(bytes_view(&call->http->body), &g->body);
	body_done(&g->body);
	if (e == ERR_OK)
		e = pending_add(g->pending, call, PENDING_CHALLENGE, NULL);
	if (e != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		return;
	}
	bytes_put_block(&body, view_text(call->client));
	peer_send(proc_peer(g->proc, ROLE_NOTARY, 0), MSG_CHALLENGE, call->id,
	    bytes_view(&body));
}
