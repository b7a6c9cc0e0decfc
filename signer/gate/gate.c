/*
 * The gate's life: what it opens before the lock, what other processes tell
 * it, what happens once a second. Their messages are checked for form; a peer
 * that breaks it is dropped and replaced. Next: server.c for clients.
 */
#include "signer/gate/gate.h"

#include <fcntl.h>
#include <signal.h>

#include <event2/event.h>

#include "base/file.h"
#include "signer/child.h"
#include "signer/gate/route.h"
#include "signer/log.h"

#define BACKLOG_BUSY ((size_t)8 << 20)	/* of the notary: shed load */
#define SWEEP_MS 250
#define COUNT_MS 1000

/* ---- for the handlers */

/* To a connection, or to the batch it is one of. */
static void
answer(struct gate *g, struct origin to, struct reply *r)
{
	struct reply whole;
	struct origin client;

	if (!group_has(to))
		server_reply(g->server, to, r);
	else if (group_put(&g->groups, to, r, &client, &whole))
		server_reply(g->server, client, &whole);
}

void
gate_refuse(struct gate *g, const struct call *call, enum err e,
    const char *detail)
{
	const struct problem p =
	    { .err = e, .detail = detail, .request = call->id };
	struct reply r = problem_reply(&p);

	server_note_refused(g->server, e);
	answer(g, call->origin, &r);
}

void
gate_give(struct gate *g, const struct call *call, const char *type,
    struct bytes *body)
{
	struct reply r = { .status = 200, .type = type, .body = *body };

	*body = (struct bytes){ 0 };
	server_reply(g->server, call->origin, &r);
}

enum err
gate_ready(const struct gate *g, bool sign)
{
	const struct peer *notary = proc_peer(g->proc, ROLE_NOTARY, 0);

	if (g->seal != SEAL_OPEN)
		return err_because(ERR_SEALED,
		    "the officers have not opened the service");
	if (notary == NULL)
		return err_because(ERR_UNAVAILABLE, "the notary is restarting");
	if (sign && g->keyholders == 0)
		return err_because(ERR_UNAVAILABLE, "no key is at hand");
	if (peer_backlog(notary) > BACKLOG_BUSY)
		return err_because(ERR_FULL, "the notary is behind");
	return ERR_OK;
}

static void
on_call(void *context, const struct call *call)
{
	route_call(context, call);
}

static void
on_reply(void *context, struct origin to, struct reply *r)
{
	answer(context, to, r);
}

/* ---- messages */

/* A body that is not of its kind: whoever made it is not to be believed. */
static void
check(struct proc *p, struct peer *from, enum err e)
{
	if (e == ERR_OK)
		return;
	log_error("the %s sent a broken message: %s",
	    role_name(peer_role(from)), err_why());
	proc_drop(p, peer_role(from), peer_index(from));
}

static void
on_answer(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);

	check(p, from, pending_answer(g->pending, m->id, m->body));
}

static void
on_granted(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);

	check(p, from, pending_granted(g->pending, m->id, m->body));
}

static void
on_failed(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);

	check(p, from, pending_failed(g->pending, m->id, m->body));
}

static void
on_draft(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);

	check(p, from, pending_draft(g->pending, m->id, m->body));
}

static void
on_signature(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);

	check(p, from, pending_signature(g->pending, m->id, m->body));
}

static void
on_admin_reply(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);

	check(p, from, pending_admin(g->pending, m->id, m->body));
}

static void
on_metrics(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);

	if (metrics_set(&g->metrics, peer_role(from), peer_index(from),
	    m->body) != ERR_OK)
		log_warning("metrics: %s", err_why());
}

static void
on_state(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);
	struct reader r = reader_of(m->body);

	g->seal = (enum seal_state)reader_u16(&r);
	g->keyholders = reader_u16(&r);
	(void)reader_u16(&r);	/* the notary: its channel tells more */
	check(p, from, reader_end(&r, "STATE"));
}

static void
on_health(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);
	struct reader r = reader_of(m->body);

	g->policy_in_force = reader_u16(&r) != 0;
	g->policy_change_failed = reader_u16(&r) == 0;
	g->registry_away = reader_u16(&r) == 0;
	check(p, from, reader_end(&r, "HEALTH"));
}

static void
on_metadata(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);

	(void)from;
	bytes_reset(&g->metadata);
	bytes_put(&g->metadata, m->body);
}

static void
on_hold(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);
	struct reader r = reader_of(m->body);

	bytes_reset(&g->held_by);
	bytes_reset(&g->hold);
	bytes_put(&g->held_by, reader_block(&r, m->body.len));
	bytes_put(&g->hold, reader_block(&r, m->body.len));
	check(p, from, reader_end(&r, "HOLD"));
}

static void
on_log_state(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);
	struct reader r = reader_of(m->body);

	g->unwitnessed = reader_u16(&r) != ERR_OK;
	bytes_reset(&g->log_state);
	bytes_put(&g->log_state, reader_block(&r, m->body.len));
	check(p, from, reader_end(&r, "LOG_STATE"));
}

static void
on_listen(struct proc *p, struct peer *from, const struct msg *m)
{
	struct gate *g = proc_context(p);
	struct reader r = reader_of(m->body);
	enum listener l = (enum listener)reader_u16(&r);

	(void)from;
	if (reader_end(&r, "LISTEN") != ERR_OK || m->fd == -1 ||
	    server_listen(g->server, l,
	    fcntl(m->fd, F_DUPFD_CLOEXEC, 0)) != ERR_OK)
		log_error("listening: %s", err_why());
}

static void
on_gone(struct proc *p, enum role role, unsigned int index)
{
	struct gate *g = proc_context(p);

	metrics_forget(&g->metrics, role, index);
	if (role == ROLE_SUPERVISOR)
		proc_stop(p);
	if (role != ROLE_NOTARY)
		return;
	g->policy_in_force = g->policy_change_failed = false;
	g->registry_away = false;
	bytes_reset(&g->held_by);
	bytes_reset(&g->hold);
	bytes_reset(&g->log_state);
	g->unwitnessed = false;
	pending_fail_all(g->pending, ERR_UNAVAILABLE, "the notary is "
	    "restarting; a retry with the same Idempotency-Key is safe");
}

static void
on_pass(struct proc *p)
{
	struct gate *g = proc_context(p);

	server_pass(g->server);
}

static const struct proc_rule rules[] = {
	{ MSG_LISTEN, on_listen },
	{ MSG_STATE, on_state },
	{ MSG_ANSWER, on_answer },
	{ MSG_GRANTED, on_granted },
	{ MSG_FAILED, on_failed },
	{ MSG_DRAFT, on_draft },
	{ MSG_SIGNATURE, on_signature },
	{ MSG_ADMIN_REPLY, on_admin_reply },
	{ MSG_METRICS, on_metrics },
	{ MSG_HEALTH, on_health },
	{ MSG_HOLD, on_hold },
	{ MSG_METADATA, on_metadata },
	{ MSG_LOG_STATE, on_log_state },
};

static const struct proc_table gate_table =
    { ROLE_GATE, rules, COUNT(rules), on_gone, on_pass };
static const struct proc_table desk_table =
    { ROLE_DESK, rules, COUNT(rules), on_gone, on_pass };

/* ---- time */

static void
on_sweep(void *context)
{
	struct gate *g = context;

	pending_sweep(g->pending, time_monotonic_us());
}

/* What never became a decision is logged as a sum, or it could flood the log */
static void
on_count(void *context)
{
	struct gate *g = context;
	struct peer *notary = proc_peer(g->proc, ROLE_NOTARY, 0);
	AUTO_DONE(bytes) body = { 0 };
	struct server_counts n;

	if (notary == NULL)
		return;
	n = server_take_counts(g->server);
	if ((n.malformed | n.unauthenticated | n.throttled) == 0)
		return;
	bytes_put_u64(&body, n.malformed);
	bytes_put_u64(&body, n.unauthenticated);
	bytes_put_u64(&body, n.throttled);
	peer_send(notary, MSG_COUNTS, 0, bytes_view(&body));
}

/* ---- start to end */

static enum err
load_attesters(struct gate *g)
{
	for (size_t i = 0; i < g->config->attesters.count; i++) {
		const struct config_attester *a = &g->config->attesters.at[i];

		TRY(a->certificate != NULL ?
		    attesters_add_ca(&g->attesters, a->certificate) :
		    attesters_add_key(&g->attesters, a->kid, a->public_key));
	}
	return ERR_OK;
}

static enum err
start(struct gate *g)
{
	TRY(server_new(g->proc, g->config, on_call, g, &g->server));
	server_limit_bodies(g->server, route_body_max);
	TRY(pending_new((size_t)g->config->limits.in_flight, on_reply, g,
	    &g->pending));
	TRY(proc_every(g->proc, SWEEP_MS, on_sweep, g));
	TRY(proc_every(g->proc, COUNT_MS, on_count, g));
	if (g->role != ROLE_GATE)
		return ERR_OK;
	g->body.attesters = &g->attesters;
	TRY(load_attesters(g));
	TRY(route_open(g));
	return ERR_OK;
}

static void
gate_done(struct gate *g)
{
	pending_free(g->pending);
	groups_done(&g->groups);
	server_free(g->server);
	metrics_done(&g->metrics);
	body_done(&g->body);
	attesters_done(&g->attesters);
	bytes_done(&g->frame);
	shelf_done(&g->shelf);
	bytes_done(&g->metadata);
	bytes_done(&g->held_by);
	bytes_done(&g->hold);
	bytes_done(&g->log_state);
	for (size_t i = 0; i < g->key_count; i++)
		issuer_free(g->keys[i].issuer);
	fd_close(&g->log);
}

static void *
take_memory(size_t size)
{
	return mem_new(1, size);
}

static void *
resize_memory(void *p, size_t size)
{
	return mem_resize(p, 1, size);
}

static int
run(struct gate *g, const struct config *config)
{
	g->config = config;
	if (start(g) != ERR_OK)
		return log_fatal("start");
	if (child_serve(g->proc, config) != ERR_OK)
		return log_fatal("the loop");
	return 0;
}

int
gate_main(enum role self)
{
	AUTO(proc) proc = NULL;
	AUTO(config) config = NULL;
	AUTO_DONE(gate) g =
	    { .role = self, .log = -1, .seal = SEAL_SEALED };

	log_start(self, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	/* bodies pass through its buffers: they are wiped on release */
	event_set_mem_functions(take_memory, resize_memory, mem_free);
	if (child_start(self == ROLE_GATE ? &gate_table : &desk_table, &g,
	    &proc, &config) != ERR_OK)
		return log_fatal("start");
	g.proc = proc;
	return run(&g, config);
}
