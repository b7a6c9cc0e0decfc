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
    enum err e)
{
	struct asked *a = &g->body.asked;

	if (e != ERR_OK) {
		gate_refuse(g, call, e, err_why());
		body_done(&g->body);
		return;
	}
	a->caller = view_text(call->client);
	/* the table has checked it where one is needed */
	if (kind != PENDING_DECISION)
		(void)route_key(http_value(call->http, HTTP_IDEMPOTENCY_KEY),
		    &a->idempotency_key);
	request_encode(a, &g->frame);
	send_frame(g, call, kind);
	explicit_bzero(g->frame.at, g->frame.len);
	bytes_reset(&g->frame);
	body_done(&g->body);
}

void
route_qr_token(struct gate *g, const struct call *call)
{
	ask(g, call, PENDING_QR_TOKEN, body_decode(
	    bytes_view(&call->http->body), OPERATION_QR_TOKEN, &g->body));
}

void
route_credential(struct gate *g, const struct call *call)
{
	ask(g, call, PENDING_CREDENTIAL, body_decode(
	    bytes_view(&call->http->body), OPERATION_CREDENTIAL, &g->body));
}

void
route_decision(struct gate *g, const struct call *call)
{
	ask(g, call, PENDING_DECISION, body_decode_decision(
	    bytes_view(&call->http->body), &g->body));
}

void
route_status_change(struct gate *g, const struct call *call)
{
	gate_refuse(g, call, ERR_UNSUPPORTED,
	    "status changes are not offered yet");
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
