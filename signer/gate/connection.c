/*
 * A client's connection. All that comes in is hostile until the parser and
 * the identity say otherwise; time, memory and the number of requests it can
 * hold are bounded here. Next: route.c, through the server's handler.
 */
#include "signer/gate/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>

#include "base/file.h"

#define SECOND INT64_C(1000000)
#define HANDSHAKE_TIME (5 * SECOND)
#define HEAD_TIME (5 * SECOND)		/* from the first byte */
#define BODY_TIME (10 * SECOND)
#define REQUEST_TIME (15 * SECOND)	/* from the first byte */
#define SEND_TIME (15 * SECOND)		/* of what was ready together */
#define IDLE_TIME (60 * SECOND)
#define LINGER_TIME (2 * SECOND)
#define LIFE_TIME (3600 * SECOND)	/* then who it is is asked again */

static size_t
unsent(const struct connection *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->io));
}

static uint32_t
outstanding(const struct connection *c)
{
	return c->next - c->oldest;
}

static bool
takes_more(const struct connection *c)
{
	return c->phase == PHASE_OPEN && outstanding(c) < SERVER_PIPELINE &&
	    unsent(c) < SERVER_HIGH_WATER;
}

static void
die(struct connection *c)
{
	c->phase = PHASE_DEAD;
	server_visit(c);
}

static struct answer *
new_answer(struct connection *c)
{
	struct answer *a = &c->answers[c->next++ % SERVER_PIPELINE];

	*a = (struct answer){ .asked = c->began };
	return a;
}

/* The last answer on this connection, which no handler will see. */
static void
refuse(struct connection *c, enum err e, int status, const char *rule)
{
	const struct problem p = {
		.err = e,
		.status = status,
		.detail = rule,
		.request = server_next_id(c->server),
		.allow = status == 405 ? "GET, POST" : NULL,
	};
	struct answer *a = new_answer(c);

	a->reply = problem_reply(&p);
	a->ready = true;
	c->phase = PHASE_LAST;
	server_visit(c);
}

/* ---- bytes to requests */

/* What a status of the parser is called in err.h. */
static enum err
err_of_fault(int status)
{
	switch (status) {
	case 405:
		return ERR_METHOD;
	case 413:
	case 414:
	case 431:
		return ERR_TOO_LARGE;
	case 501:
	case 505:
		return ERR_UNSUPPORTED;
	case 503:
		return ERR_MEMORY;
	default:
		return ERR_SYNTAX;
	}
}

static void
on_head(struct connection *c, int64_t now)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	int64_t body = now + BODY_TIME, whole = c->began + REQUEST_TIME;

	c->read_by = body < whole ? body : whole;
	c->http.body_max = server_body_max(c->server, &c->http);
	if (c->refusal != ERR_OK) {
		refuse(c, c->refusal, 0, c->refusal == ERR_THROTTLED ?
		    "this client has too many connections" : NULL);
		return;
	}
	/* answers that are due go first: then the client's patience decides */
	if (c->http.wants_continue && outstanding(c) == 0 &&
	    c->http.content_length <= c->http.body_max)
		(void)bufferevent_write(c->io, go_on, sizeof(go_on) - 1);
}

static void
on_request(struct connection *c, int64_t now)
{
	struct call call = {
		.id = server_next_id(c->server),
		.listener = c->listener,
		.http = &c->http,
		.origin = { c->place, c->generation, c->next },
		.deadline = c->began + REQUEST_TIME,
	};

	(void)new_answer(c);
	if (!c->http.keep_alive || now - c->born >= LIFE_TIME)
		c->phase = PHASE_LAST;
	server_call(c, &call);
	http_next(&c->http);
	c->read_by = now + IDLE_TIME;
}

static void
on_step(struct connection *c, enum http_step step, int64_t now)
{
	switch (step) {
	case HTTP_MORE:
		return;
	case HTTP_HEAD:
		on_head(c, now);
		return;
	case HTTP_WHOLE:
		on_request(c, now);
		return;
	case HTTP_FAULT:
		server_note_malformed(c->server);
		refuse(c, err_of_fault(c->http.status), c->http.status,
		    c->http.rule);
		return;
	}
}

static void
take_input(struct connection *c)
{
	struct evbuffer *in = bufferevent_get_input(c->io);
	int64_t now = time_monotonic_us();
	enum http_step step = HTTP_MORE;

	while (takes_more(c)) {
		size_t n = evbuffer_get_length(in), used;

		if (n == 0 && step != HTTP_HEAD)
			return;
		if (!http_is_inside(&c->http)) {
			c->began = now;
			c->read_by = now + HEAD_TIME;
		}
		/* all is in one piece already, but for long pipelines */
		step = http_feed(&c->http, VIEW(evbuffer_pullup(in, -1), n),
		    &used);
		(void)evbuffer_drain(in, used);
		on_step(c, step, now);
	}
}

/* ---- answers to bytes */

/*
 * Most answers fit the socket's buffer: then they go at once, which spares
 * the loop from asking whether they may. Returns how many bytes went.
 */
static size_t
send_now(struct connection *c, struct view head, struct view body)
{
	struct iovec parts[] = {
		{ (void *)(uintptr_t)head.at, head.len },
		{ (void *)(uintptr_t)body.at, body.len },
	};
	const struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n;

	if (c->listener == LISTENER_TLS || unsent(c) != 0)
		return 0;
	n = sendmsg(bufferevent_getfd(c->io), &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* an error will come again, to the bufferevent */
	return n > 0 ? (size_t)n : 0;
}

static void
let_go(const void *at, size_t len, void *shared)
{
	(void)at;
	(void)len;
	shared_free(shared);
}

/* What is shared is lent until it is sent; anything else is copied. */
static void
send_rest(struct connection *c, struct view v, size_t sent,
    struct shared *lent)
{
	struct evbuffer *out = bufferevent_get_output(c->io);

	if (sent >= v.len)
		return;
	v = VIEW(v.at + sent, v.len - sent);
	if ((lent == NULL ? evbuffer_add(out, v.at, v.len) :
	    evbuffer_add_reference(out, v.at, v.len, let_go,
	    shared_hold(lent))) == 0)
		return;
	shared_free(lent);
	die(c);
}

static void
send_answer(struct connection *c, struct reply *r, bool last)
{
	AUTO_DONE(bytes) head = { 0 };
	struct view body = reply_body(r);
	size_t sent;

	reply_put_head(r, last, &head);
	if (head.failed || r->body.failed) {
		die(c);
		return;
	}
	sent = send_now(c, bytes_view(&head), body);
	send_rest(c, bytes_view(&head), sent, NULL);
	send_rest(c, body, sent > head.len ? sent - head.len : 0,
	    r->shared);
}

static void
send_ready(struct connection *c)
{
	while (outstanding(c) != 0 && c->phase != PHASE_DEAD) {
		struct answer *a = &c->answers[c->oldest % SERVER_PIPELINE];

		if (!a->ready)
			break;
		send_answer(c, &a->reply, c->phase == PHASE_LAST &&
		    outstanding(c) == 1);
		server_note_answer(c->server, a->reply.status,
		    time_monotonic_us() - a->asked);
		reply_done(&a->reply);
		c->oldest++;
	}
	if (unsent(c) != 0 && c->write_by == 0)
		c->write_by = time_monotonic_us() + SEND_TIME;
}

void
connection_reply(struct connection *c, uint32_t sequence, struct reply *r)
{
	struct answer *a = &c->answers[sequence % SERVER_PIPELINE];

	if (c->phase == PHASE_DEAD || sequence - c->oldest >= outstanding(c) ||
	    a->ready) {
		reply_done(r);
		return;
	}
	a->reply = *r;
	r->body = (struct bytes){ 0 };
	r->shared = NULL;
	a->ready = true;
	server_visit(c);
}

/* ---- the end */

/*
 * All is said. Closing now could destroy what the client has not read yet
 * (RFC 9112 9.6): say that nothing follows, and wait for it to go.
 */
static void
linger(struct connection *c)
{
	SSL *tls = bufferevent_openssl_get_ssl(c->io);

	if (c->ended) {
		die(c);
		return;
	}
	if (tls != NULL)
		(void)SSL_shutdown(tls);
	(void)shutdown(bufferevent_getfd(c->io), SHUT_WR);
	c->phase = PHASE_LINGER;
	c->read_by = time_monotonic_us() + LINGER_TIME;
}

static void
on_client_ended(struct connection *c)
{
	if (evbuffer_get_length(bufferevent_get_input(c->io)) != 0 ||
	    c->phase != PHASE_OPEN)
		return;
	if (http_is_inside(&c->http)) {
		server_note_malformed(c->server);
		refuse(c, ERR_SYNTAX, 0, "the request ends early");
		return;
	}
	c->phase = PHASE_LAST;
}

static void
set_reading(struct connection *c)
{
	bool wanted = takes_more(c) || c->phase == PHASE_LINGER ||
	    c->phase == PHASE_HANDSHAKE;

	if (wanted == c->reading)
		return;
	c->reading = wanted;
	if (!wanted) {
		(void)bufferevent_disable(c->io, EV_READ);
		return;
	}
	/* the client could not go on while it was held back */
	c->read_by = time_monotonic_us() +
	    (c->phase == PHASE_OPEN ? HEAD_TIME : LINGER_TIME);
	(void)bufferevent_enable(c->io, EV_READ);
}

void
connection_pass(struct connection *c)
{
	struct evbuffer *in = bufferevent_get_input(c->io);

	if (c->phase == PHASE_OPEN)
		take_input(c);
	if (c->ended)
		on_client_ended(c);
	send_ready(c);
	/* what was held back is here already: nothing else will wake us */
	if (takes_more(c) && evbuffer_get_length(in) != 0)
		server_visit(c);
	if (c->phase == PHASE_LAST && outstanding(c) == 0 && unsent(c) == 0)
		linger(c);
	if (c->phase != PHASE_DEAD)
		set_reading(c);
}

void
connection_sweep(struct connection *c, int64_t now)
{
	bool inside = http_is_inside(&c->http);

	if (c->phase == PHASE_DEAD)
		return;
	if (c->write_by != 0 && now >= c->write_by) {
		die(c);
		return;
	}
	if (c->phase == PHASE_OPEN && !inside && now - c->born >= LIFE_TIME)
		c->phase = PHASE_LAST;
	if (c->reading && now >= c->read_by) {
		if (c->phase != PHASE_OPEN)
			die(c);
		else if (inside)
			refuse(c, ERR_TIMEOUT, 0, "the request came too "
			    "slowly: 5 s for its head, 10 s for its body");
		else if (outstanding(c) == 0)
			c->phase = PHASE_LAST;
	}
	if (c->phase != PHASE_OPEN)
		server_visit(c);
}

/* ---- what the loop reports */

static void
on_read(struct bufferevent *io, void *context)
{
	struct connection *c = context;
	struct evbuffer *in = bufferevent_get_input(io);

	if (c->phase == PHASE_LINGER)
		(void)evbuffer_drain(in, evbuffer_get_length(in));
	else
		server_visit(c);
}

static void
on_sent(struct bufferevent *io, void *context)
{
	struct connection *c = context;

	(void)io;
	c->write_by = 0;
	server_visit(c);
}

static void
on_handshake(struct connection *c)
{
	AUTO(X509) peer = SSL_get1_peer_certificate(
	    bufferevent_openssl_get_ssl(c->io));

	server_identify(c, peer);
	/* whoever is unknown on the network learns nothing from us */
	c->phase = c->client == IDENTITY_NONE ? PHASE_DEAD : PHASE_OPEN;
	c->read_by = time_monotonic_us() + IDLE_TIME;
	server_visit(c);
}

static void
on_event(struct bufferevent *io, short what, void *context)
{
	struct connection *c = context;

	(void)io;
	if ((what & BEV_EVENT_CONNECTED) != 0) {
		on_handshake(c);
		return;
	}
	if (c->phase == PHASE_HANDSHAKE)
		server_note_unauthenticated(c->server);
	if ((what & BEV_EVENT_ERROR) != 0 || c->phase == PHASE_HANDSHAKE ||
	    c->phase == PHASE_LINGER) {
		die(c);
		return;
	}
	c->ended = true;
	server_visit(c);
}

/* ---- from accept to close */

static struct bufferevent *
open_tls(struct event_base *base, int fd, SSL_CTX *context)
{
	SSL *tls = SSL_new(context);
	struct bufferevent *io;

	if (tls == NULL)
		return NULL;
	io = bufferevent_openssl_socket_new(base, fd, tls,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (io == NULL)
		SSL_free(tls);
	return io;
}

enum err
connection_open(struct connection *c, int fd, SSL_CTX *context)
{
	struct event_base *base = server_base(c->server);
	int64_t now = time_monotonic_us();

	c->io = context != NULL ? open_tls(base, fd, context) :
	    bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->io == NULL) {
		fd_close(&fd);
		return err_because(ERR_MEMORY, "a connection");
	}
	http_init(&c->http);
	c->born = now;
	c->phase = context != NULL ? PHASE_HANDSHAKE : PHASE_OPEN;
	c->read_by = now + (context != NULL ? HANDSHAKE_TIME :
	    c->refusal != ERR_OK ? HEAD_TIME : IDLE_TIME);
	c->reading = true;
	bufferevent_setcb(c->io, on_read, on_sent, on_event, c);
	if (bufferevent_enable(c->io, EV_READ | EV_WRITE) == -1)
		return err_because(ERR_MEMORY, "a connection's events");
	return ERR_OK;
}

void
connection_free(struct connection *c)
{
	if (c == NULL)
		return;
	if (c->io != NULL)
		bufferevent_free(c->io);
	for (size_t i = 0; i < SERVER_PIPELINE; i++)
		reply_done(&c->answers[i].reply);
	http_done(&c->http);
	mem_free(c);
}
