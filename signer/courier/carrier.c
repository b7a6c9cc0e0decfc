/*
 * One connection out. All that comes back is hostile; a witness that hangs,
 * floods or lies ends this errand and nothing else. Next: courier.c, which
 * tells the notary.
 */
#include "signer/courier/carrier.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/response.h"

#define ANSWER_MAX 65536	/* bytes of a witness's answer */


struct carrier {
	struct event_base	*base;
	SSL_CTX			*tls;
	const struct target	*target;
	size_t			 number;
	carrier_back		 back;
	void			*context;
	struct bufferevent	*io;		/* NULL: not connected */
	struct event		*timer;
	struct bytes		 request;
	struct response		 response;
	bool			 busy;
	bool			 reused;	/* io served before */
};

enum err
carrier_tls(const char *roots, SSL_CTX **out_tls)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (tls == NULL ||
	    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_load_verify_file(tls, roots) != 1) {
		SSL_CTX_free(tls);
		return err_openssl(roots);
	}
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	*out_tls = tls;
	return ERR_OK;
}

/* ---- connecting */

static void
hang_up(struct carrier *c)
{
	if (c->io != NULL)
		bufferevent_free(c->io);
	c->io = NULL;
	c->reused = false;
}

static SSL *
new_session(const struct carrier *c)
{
	SSL *ssl = SSL_new(c->tls);
	const char *host = c->target->host;
	int ok;

	if (ssl == NULL)
		return NULL;
	/* the macro SSL_set_tlsext_host_name() drops the const of its text */
	ok = c->target->literal ?
	    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) :
	    SSL_set1_host(ssl, host) == 1 && SSL_ctrl(ssl,
	    SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
	    (void *)(uintptr_t)host) == 1;
	if (ok == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

static struct bufferevent *
new_buffers(const struct carrier *c)
{
	SSL *ssl;

	if (!c->target->tls)
		return bufferevent_socket_new(c->base, -1,
		    BEV_OPT_CLOSE_ON_FREE);
	if ((ssl = new_session(c)) == NULL)
		return NULL;
	return bufferevent_openssl_socket_new(c->base, -1, ssl,
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
}

static void on_readable(struct bufferevent *io, void *context);
static void on_event(struct bufferevent *io, short what, void *context);

static bool
dial(struct carrier *c)
{
	/* bufferevent_socket_connect() only reads the address */
	struct sockaddr_storage to = c->target->address;

	hang_up(c);
	if (c->target->address_len == 0 ||
	    (c->io = new_buffers(c)) == NULL)
		return false;
	bufferevent_setcb(c->io, on_readable, NULL, on_event, c);
	if (bufferevent_write(c->io, c->request.at, c->request.len) != 0 ||
	    bufferevent_enable(c->io, EV_READ | EV_WRITE) != 0 ||
	    bufferevent_socket_connect(c->io, (struct sockaddr *)&to,
	    (int)c->target->address_len) != 0)
		return false;
	return true;
}

/* ---- the end of an errand */

static void
finish(struct carrier *c, enum err e)
{
	struct response r = c->response;
	bool keep = e == ERR_OK && r.keep;

	c->response = (struct response){ 0 };
	c->busy = false;
	event_del(c->timer);
	if (keep)
		c->reused = true;
	else
		hang_up(c);
	c->back(c->context, c->number, e, r.status, bytes_view(&r.body));
	response_done(&r);
}

/* A connection that was kept may have ended since: one more try is due. */
static void
failed(struct carrier *c, enum err e)
{
	if (c->reused && !response_begun(&c->response)) {
		response_done(&c->response);
		response_init(&c->response, ANSWER_MAX);
		if (dial(c))
			return;
	}
	finish(c, e);
}

static void
on_readable(struct bufferevent *io, void *context)
{
	struct carrier *c = context;
	enum response_step step = RESPONSE_MORE;
	uint8_t part[4096];
	size_t n;

	if (!c->busy) {		/* it speaks unasked */
		hang_up(c);
		return;
	}
	while (step == RESPONSE_MORE &&
	    (n = bufferevent_read(io, part, sizeof(part))) != 0)
		step = response_feed(&c->response, VIEW(part, n));
	if (step == RESPONSE_WHOLE)
		finish(c, ERR_OK);
	if (step == RESPONSE_FAULT)
		finish(c, response_error(&c->response));
}

static void
on_event(struct bufferevent *io, short what, void *context)
{
	struct carrier *c = context;
	unsigned long tls;

	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) == 0)
		return;
	if (!c->busy) {
		hang_up(c);
		return;
	}
	if ((what & BEV_EVENT_EOF) != 0 && response_begun(&c->response)) {
		finish(c, response_end(&c->response) == RESPONSE_WHOLE ?
		    ERR_OK : response_error(&c->response));
		return;
	}
	tls = bufferevent_get_openssl_error(io);
	failed(c, err_because(ERR_UNAVAILABLE, "the connection: %s",
	    tls != 0 ? ERR_reason_error_string(tls) :
	    (what & BEV_EVENT_EOF) != 0 ? "it ended" :
	    evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR())));
}

/* Time is up; or, at once, what could not even begin. */
static void
on_time(evutil_socket_t fd, short what, void *context)
{
	struct carrier *c = context;

	(void)fd;
	(void)what;
	if (!c->busy)
		return;
	if (c->io == NULL)
		finish(c, err_because(ERR_UNAVAILABLE,
		    c->target->address_len == 0 ?
		    "its name was not resolved" : "no connection"));
	else
		finish(c, err_because(ERR_TIMEOUT, "no answer in time"));
}

/* ---- what the courier asks */

enum err
carrier_new(struct event_base *base, SSL_CTX *tls, const struct target *t,
    size_t number, struct carrier **out_carrier)
{
	AUTO(carrier) c = mem_new(1, sizeof(*c));

	if (c == NULL)
		return err_because(ERR_MEMORY, "a carrier");
	c->base = base;
	c->tls = tls;
	c->target = t;
	c->number = number;
	c->timer = evtimer_new(base, on_time, c);
	if (c->timer == NULL)
		return err_because(ERR_MEMORY, "a carrier's timer");
	*out_carrier = STEAL(c);
	return ERR_OK;
}

void
carrier_free(struct carrier *c)
{
	if (c == NULL)
		return;
	hang_up(c);
	if (c->timer != NULL)
		event_free(c->timer);
	bytes_done(&c->request);
	response_done(&c->response);
	mem_free(c);
}

void
carrier_on_return(struct carrier *c, carrier_back back, void *context)
{
	c->back = back;
	c->context = context;
}

void
carrier_send(struct carrier *c, struct view request, int64_t seconds)
{
	struct timeval limit = { .tv_sec = seconds };

	if (c->busy)		/* the old answer would be taken for the new */
		hang_up(c);
	c->busy = true;
	bytes_reset(&c->request);
	bytes_put(&c->request, request);
	response_done(&c->response);
	response_init(&c->response, ANSWER_MAX);
	if (c->io == NULL ? !dial(c) :
	    bufferevent_write(c->io, request.at, request.len) != 0) {
		hang_up(c);
		limit.tv_sec = 0;
	}
	event_add(c->timer, &limit);
}
