/*
 * The courier's process. Requests are the notary's; what witnesses answer is
 * hostile and goes back as it came, within bounds. Names are resolved before
 * the lock, for the resolver needs files; when a name leads nowhere for long,
 * the process ends and its successor asks the resolver again. Next:
 * carrier.c, and signer/notary/witnesses.c, which believes signatures only.
 */
#include "signer/courier/courier.h"

#include <signal.h>
#include <stdlib.h>

#include "audit/trust.h"
#include "audit/witness.h"
#include "base/time.h"
#include "signer/child.h"
#include "signer/courier/carrier.h"
#include "signer/log.h"

#define LOOK_MS 10000
#define RESOLVE_AGAIN (300 * INT64_C(1000000))	/* µs a name leads nowhere */

struct stop {
	struct target	 target;
	struct carrier	*carrier;
	uint64_t	 id;		/* of the errand on its way */
	int64_t		 failing_us;	/* since; 0: it answers */
};

struct courier {
	struct proc		*proc;
	struct config		*config;
	SSL_CTX			*tls;
	struct bytes		 path;	/* of this log's checkpoint */
	size_t			 count;
	struct stop		 stops[TRUST_MAX];
};

static void
courier_free(struct courier *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++)
		carrier_free(c->stops[i].carrier);
	SSL_CTX_free(c->tls);
	bytes_done(&c->path);
	proc_free(c->proc);
	config_free(c->config);
	mem_free(c);
}

AUTO_STRUCT(courier);

/* ---- back from a witness */

static void
on_return(void *context, size_t number, enum err e, int status,
    struct view body)
{
	struct courier *c = context;
	struct stop *s = &c->stops[number];
	AUTO_DONE(bytes) out = { 0 };

	if (e == ERR_OK)
		s->failing_us = 0;
	else if (s->failing_us == 0)
		s->failing_us = time_monotonic_us();
	bytes_put_u16(&out, (uint16_t)number);
	bytes_put_u16(&out, (uint16_t)e);
	bytes_put_u16(&out, (uint16_t)(e == ERR_OK ? status : 0));
	bytes_put_block(&out, e == ERR_OK ? body : VIEW(NULL, 0));
	bytes_put_block(&out, view_text(e == ERR_OK ? "" : err_why()));
	peer_send(proc_peer(c->proc, ROLE_NOTARY, 0), MSG_RETURNED, s->id,
	    bytes_view(&out));
}

/* ---- from the notary */

static void
put_add(const struct target *t, struct view body, struct bytes *out)
{
	bytes_printf(out, "POST %s/add-checkpoint HTTP/1.1\r\nHost: ",
	    t->path);
	target_put_host(t, out);
	bytes_printf(out, "\r\nUser-Agent: okse\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\n\r\n", body.len);
	bytes_put(out, body);
}

static void
put_look(const struct target *t, const struct bytes *path, struct bytes *out)
{
	bytes_printf(out, "GET %s/", t->path);
	bytes_put(out, bytes_view(path));
	bytes_put_text(out, " HTTP/1.1\r\nHost: ");
	target_put_host(t, out);
	bytes_put_text(out, "\r\nUser-Agent: okse\r\n\r\n");
}

static enum err
go(struct courier *c, uint64_t id, struct view errand)
{
	struct reader r = reader_of(errand);
	size_t number = reader_u16(&r);
	unsigned int kind = reader_u8(&r);
	struct view body = reader_block(&r, MSG_LONG);
	AUTO_DONE(bytes) request = { 0 };
	struct stop *s;

	TRY(reader_end(&r, "ERRAND"));
	if (number >= c->count || (kind != ERRAND_ADD && kind != ERRAND_LOOK))
		return err_because(ERR_SYNTAX, "ERRAND: to nowhere");
	s = &c->stops[number];
	if (kind == ERRAND_ADD)
		put_add(&s->target, body, &request);
	else
		put_look(&s->target, &c->path, &request);
	TRY(bytes_check(&request));
	s->id = id;
	carrier_send(s->carrier, bytes_view(&request),
	    c->config->witnesses.timeout);
	return ERR_OK;
}

static void
on_errand(struct proc *p, struct peer *from, const struct msg *m)
{
	(void)from;
	if (go(proc_context(p), m->id, m->body) != ERR_OK)
		log_error("%s", err_why());
}

/* ---- time */

static void
on_look(void *context)
{
	struct courier *c = context;
	int64_t now = time_monotonic_us();

	for (size_t i = 0; i < c->count; i++) {
		const struct stop *s = &c->stops[i];

		if (s->target.literal || s->failing_us == 0 ||
		    now - s->failing_us < RESOLVE_AGAIN)
			continue;
		log_info("%s leads nowhere: to be resolved again",
		    s->target.host);
		proc_stop(c->proc);
	}
}

/* ---- start */

static enum err
add_stop(struct courier *c, const struct trust_witness *w)
{
	struct stop *s = &c->stops[c->count];

	TRY(target_get(w->url, &s->target));
	if (s->target.tls && c->tls == NULL) {
		if (c->config->witnesses.ca == NULL)
			return err_because(ERR_SCHEMA, "witnesses: https:// "
			    "needs roots");
		TRY(carrier_tls(c->config->witnesses.ca, &c->tls));
	}
	if (target_resolve(&s->target) != ERR_OK) {
		log_warning("%s", err_why());
		s->failing_us = time_monotonic_us();
	}
	TRY(carrier_new(proc_base(c->proc), c->tls, &s->target, c->count,
	    &s->carrier));
	carrier_on_return(s->carrier, on_return, c);
	c->count++;
	return ERR_OK;
}

static enum err
prepare(struct courier *c)
{
	AUTO(trust_policy) policy = NULL;

	/* one silent resolver must not cost the others their start */
	if (setenv("RES_OPTIONS", "timeout:1 attempts:1", 1) != 0)
		return err_system("setenv");
	witness_path_put(&c->path, view_text(c->config->origin));
	TRY(bytes_check(&c->path));
	TRY(trust_policy_read(c->config->witnesses.policy, &policy));
	for (size_t i = 0; i < trust_witness_count(policy); i++)
		TRY(add_stop(c, trust_witness(policy, i)));
	return proc_every(c->proc, LOOK_MS, on_look, c);
}

static void
on_terminate(void *context)
{
	struct courier *c = context;

	proc_stop(c->proc);
}

static const struct proc_rule rules[] = {
	{ MSG_ERRAND, on_errand },
};

static const struct proc_table table = {
	.self = ROLE_COURIER,
	.rules = rules,
	.count = COUNT(rules),
};

static enum err
run(struct courier *c)
{
	TRY(child_start(&table, c, &c->proc, &c->config));
	TRY(prepare(c));
	TRY(proc_on_signal(c->proc, SIGTERM, on_terminate, c));
	return child_serve(c->proc, c->config);
}

int
courier_main(void)
{
	AUTO(courier) c = mem_new(1, sizeof(*c));

	log_start(ROLE_COURIER, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	if (c == NULL || run(c) != ERR_OK)
		return log_fatal("courier");
	return 0;
}
