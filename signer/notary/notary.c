/*
 * The role's process: its message table, its timers, and what each pass of
 * the loop does. The gate reads hostile bytes for a living, so what it sends
 * is decoded again; the supervisor is believed. Next: batch.c.
 */
#include <signal.h>
#include <unistd.h>

#include "signer/child.h"
#include "signer/log.h"
#include "signer/notary/calls.h"
#include "signer/notary/dispatch.h"
#include "signer/notary/nonce.h"
#include "signer/notary/orphans.h"
#include "signer/notary/period.h"
#include "signer/notary/upkeep.h"
#include "signer/notary/witnesses.h"

#define TICK_MS 250
#define TICKS_SECOND (1000 / TICK_MS)
#define TICKS_MINUTE (60 * TICKS_SECOND)
#define NO_KEYHOLDER UINT32_MAX

struct role_state {
	struct proc	*proc;
	struct notary	*notary;
	struct queue	 queue;
	struct batch	 batch;
	uint64_t	 ticks;
	uint32_t	 cosigner;	/* who has the checkpoint */
	struct upkeep	 upkeep;
	bool		 failed;
};

AUTO_DEFINE(role_state, struct role_state, mem_free);

/* Never retried in place: the process ends, recovery decides from the disk. */
static void
give_up(struct role_state *s, const char *what)
{
	log_error("%s: %s", what, err_why());
	s->failed = true;
	proc_stop(s->proc);
}

static void
answer_now(struct peer *to, uint64_t id, enum err e)
{
	struct served answer = { .id = id };

	serve_refuse(e, &answer);
	peer_send(to, answer.type, id, bytes_view(&answer.body));
	bytes_done(&answer.body);
}

/* ---- the gate */

static void
on_request(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);
	enum err e = guard_check(&s->notary->guard);

	if (e == ERR_OK)
		e = queue_add(&s->queue, m->id, m->body);
	if (e != ERR_OK)
		answer_now(from, m->id, e);
}

static void
on_challenge(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);
	struct reader r = reader_of(m->body);
	struct view caller = reader_block(&r, ASKED_TEXT);
	AUTO_DONE(bytes) body = { 0 };
	enum err e = reader_end(&r, "CHALLENGE");

	if (e == ERR_OK)
		e = nonce_challenge(s->notary, caller, &body);
	if (e != ERR_OK) {
		answer_now(from, m->id, e);
		return;
	}
	peer_send(from, MSG_ANSWER, m->id, bytes_view(&body));
}

static void
on_counts(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);

	(void)from;
	if (chores_add_counts(&s->notary->chores, m->body) != ERR_OK)
		log_warning("%s", err_why());
}

/* ---- the supervisor */

static void
on_open(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);
	AUTO(keys) keys = NULL;

	(void)from;
	if (keys_new(m->body, &keys) != ERR_OK) {
		log_error("%s", err_why());
		return;
	}
	places_done(&s->notary->places);
	lists_done(&s->notary->lists);
	keys_free(s->notary->keys);
	s->notary->keys = STEAL(keys);
	if (s->notary->attest != NULL)
		attest_opened(s->notary->attest, time_monotonic_us());
}

static void
on_close(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);

	(void)from;
	(void)m;
	places_done(&s->notary->places);
	lists_done(&s->notary->lists);
	keys_free(STEAL(s->notary->keys));
}

static void
on_record(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);

	(void)from;
	/* not acknowledged: the supervisor asks again */
	if (s->notary->guard.held)
		return;
	if (chores_add_record(&s->notary->chores, m->id, m->body) != ERR_OK)
		log_warning("%s", err_why());
}

static void
on_call(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);
	AUTO_DONE(bytes) body = { 0 };
	bool broken = false;

	calls_serve(s->notary, m->body, &broken, &body);
	if (broken)
		give_up(s, "an officer's request");
	peer_send(from, MSG_CALL_REPLY, m->id, bytes_view(&body));
}

static void
on_ask_witnesses(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);

	(void)from;
	(void)m;
	witnesses_ask(s->notary, p);
}

/* ---- the courier */

static void
on_returned(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);

	(void)from;
	if (witnesses_returned(s->notary, m) != ERR_OK)
		give_up(s, "a witness's answer");
}

/* ---- keyholders */

static void
on_done(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);

	dispatch_done(s->notary, p, peer_index(from), m->body);
}

static enum err
cosigned(struct role_state *s, struct view body)
{
	struct reader r = reader_of(body);
	uint16_t code = reader_u16(&r);
	struct view signatures = reader_block(&r, MSG_LONG);

	(void)reader_block(&r, MSG_LONG);
	TRY(reader_end(&r, "COSIGNED"));
	if (code != ERR_OK)
		return err_because(ERR_UNAVAILABLE,
		    "a keyholder could not sign a checkpoint");
	TRY(journal_cosigned(s->notary->journal, signatures));
	/* with witnesses it waits for them: witnesses_pass() */
	return s->notary->attest != NULL && !s->notary->guard.lost ? ERR_OK :
	    guard_published(s->notary);
}

static void
on_cosigned(struct proc *p, struct peer *from, const struct msg *m)
{
	struct role_state *s = proc_context(p);
	enum err e;

	if (s->cosigner != peer_index(from)) {
		log_warning("a checkpoint from keyholder %u, which was not "
		    "asked", peer_index(from));
		return;
	}
	s->cosigner = NO_KEYHOLDER;
	e = cosigned(s, m->body);
	if (e == ERR_OK)
		return;
	if (e != ERR_SIGNATURE && e != ERR_UNAVAILABLE && e != ERR_SYNTAX) {
		give_up(s, "publishing");
		return;
	}
	log_error("checkpoint: %s", err_why());
	journal_not_cosigned(s->notary->journal);
}

static void
on_gone(struct proc *p, enum role role, unsigned int index)
{
	struct role_state *s = proc_context(p);

	if (role == ROLE_GATE) {
		dispatch_gate_gone(s->notary);
		s->upkeep.health = UPKEEP_UNTOLD;
		s->upkeep.gate_told = false;
	}
	witnesses_peer_gone(s->notary, role);
	if (role != ROLE_KEYHOLDER)
		return;
	dispatch_keyholder_gone(s->notary, p, index);
	if (s->cosigner != index)
		return;
	s->cosigner = NO_KEYHOLDER;
	journal_not_cosigned(s->notary->journal);
}

/* ---- each pass */

static size_t
count_keyholders(struct proc *p)
{
	size_t count = 0;

	for (struct peer *k = proc_next(p, ROLE_KEYHOLDER, NULL); k != NULL;
	    k = proc_next(p, ROLE_KEYHOLDER, k))
		count++;
	return count;
}

static void
serve_waiting(struct role_state *s)
{
	struct notary *n = s->notary;

	if (queue_is_empty(&s->queue) && !n->chores.due &&
	    (!lists_ready(&n->lists) || registry_is_away(n->registry) ||
	    !guard_is_open(&n->guard)))
		return;
	if (batch_run(n, &s->queue, time_now(), &s->batch) != ERR_OK) {
		give_up(s, "a batch");
		return;
	}
	if (s->batch.durable && (logkeys_committed(n) != ERR_OK ||
	    prune_committed(n) != ERR_OK ||
	    period_committed(n) != ERR_OK)) {
		give_up(s, "what the log remembers");
		return;
	}
	if (s->batch.durable) {
		dispatch_records(n, s->proc);
		chores_clear(&n->chores);
		attest_staged(n->attest);
	}
	dispatch_batch(n, s->proc, &s->batch);
	if (s->batch.durable || !queue_is_empty(&s->queue))
		proc_again(s->proc);
}

/* Each pass, and a look each tick; not while the registry is away. */
static void
keep_lists(struct role_state *s, bool look)
{
	struct notary *n = s->notary;
	bool more = false;
	enum err e = ERR_OK;

	if (registry_is_away(n->registry) || n->fleet.open.is ||
	    !guard_is_open(&n->guard))
		return;
	if (look)
		e = lists_look(n);
	if (e == ERR_OK)
		e = lists_step(n, time_now(), &more);
	if (e != ERR_OK && e != ERR_UNAVAILABLE)
		give_up(s, "status lists");
	else if (more)
		proc_again(s->proc);
}

static void
publish(struct role_state *s)
{
	struct notary *n = s->notary;
	AUTO_DONE(bytes) body = { 0 };
	struct peer *keyholder = dispatch_keyholder(n, s->proc);
	enum err e;

	/* a next key's entry comes before anything else is signed */
	if (keyholder == NULL || n->keys == NULL || logkeys_due(n))
		return;
	e = registry_is_away(n->registry) && !n->guard.lost ?
	    ERR_UNAVAILABLE :
	    journal_checkpoint(n->journal, time_monotonic_us(), &body);
	if (e != ERR_OK && e != ERR_UNAVAILABLE)
		give_up(s, "publishing");
	if (e != ERR_OK || body.len == 0)
		return;
	s->cosigner = peer_index(keyholder);
	peer_send(keyholder, MSG_CHECKPOINT, 0, bytes_view(&body));
}

/*
 * What takes its time on the disk, and nobody waits for: first in a pass,
 * when all that the last one made durable has left.
 */
static void
after_answers(struct role_state *s)
{
	registry_tend(s->notary->registry);
	publish(s);
	if (!s->failed && witnesses_pass(s->notary, s->proc) != ERR_OK)
		give_up(s, "publishing");
}

static void
on_pass(struct proc *p)
{
	struct role_state *s = proc_context(p);

	if (s->notary == NULL || s->failed)
		return;
	metadata_tell(s->notary, proc_peer(p, ROLE_GATE, 0));
	if (upkeep_pass(&s->upkeep, s->notary, p) != ERR_OK)
		give_up(s, "a repair or the end of a period");
	if (s->notary->guard.held || s->failed)
		return;
	if (s->notary->guard.lost) {
		publish(s);
		s->failed |= upkeep_is_over(&s->upkeep, s->notary, p);
		return;
	}
	s->notary->keyholders = count_keyholders(p);
	s->notary->chores.due |= logkeys_due(s->notary);
	after_answers(s);
	if (!s->failed)
		keep_lists(s, false);
	if (!s->failed)
		serve_waiting(s);
}

/* ---- timers and signals */

static void
send_metrics(struct role_state *s)
{
	AUTO_DONE(bytes) text = { 0 };

	orphans_count(s->notary);
	tally_put(s->notary, &text);
	peer_send(proc_peer(s->proc, ROLE_GATE, 0), MSG_METRICS, 0,
	    bytes_view(&text));
}

static void
judge_registry(struct role_state *s, enum err e)
{
	if (e == ERR_BEHIND)
		e = guard_lost(s->notary);
	if (e != ERR_OK && e != ERR_UNAVAILABLE)
		give_up(s, "the registry");
}

/* Away from the registry, and back. */
static void
mind_fleet(struct role_state *s)
{
	bool back = false;

	if (s->failed || s->notary->guard.held || s->notary->guard.lost)
		return;
	judge_registry(s, fleet_tick(s->notary, &back));
	s->notary->chores.due |= back;
}

static void
on_tick(void *context)
{
	struct role_state *s = context;
	struct chores *c = &s->notary->chores;

	s->ticks++;
	mind_fleet(s);
	if (!s->failed && !s->notary->guard.held)
		keep_lists(s, true);
	if (s->failed || s->ticks % TICKS_SECOND != 0)
		return;
	send_metrics(s);
	if (s->notary->guard.held || s->notary->guard.lost)
		return;
	witnesses_tell(s->notary, s->proc);
	if (s->ticks % TICKS_MINUTE == 0) {
		c->heartbeat = true;
		force_tell_shadow(s->notary);
		if (!registry_is_away(s->notary->registry) &&
		    !s->notary->fleet.open.is)
			judge_registry(s, guard_again(s->notary));
	}
	c->due = c->due || metadata_due(s->notary, time_now()) ||
	    c->heartbeat || c->record_count + c->done_count +
	    c->failed_count != 0;
}

static void
on_terminate(void *context)
{
	struct role_state *s = context;

	proc_stop(s->proc);
}

static const struct proc_rule rules[] = {
	{ MSG_REQUEST, on_request },
	{ MSG_CHALLENGE, on_challenge },
	{ MSG_COUNTS, on_counts },
	{ MSG_OPEN, on_open },
	{ MSG_CLOSE, on_close },
	{ MSG_RECORD, on_record },
	{ MSG_ASK_WITNESSES, on_ask_witnesses },
	{ MSG_RETURNED, on_returned },
	{ MSG_CALL, on_call },
	{ MSG_DONE, on_done },
	{ MSG_COSIGNED, on_cosigned },
};

static const struct proc_table table = {
	.self = ROLE_NOTARY,
	.rules = rules,
	.count = COUNT(rules),
	.gone = on_gone,
	.pass = on_pass,
};

static enum err
run(struct role_state *s)
{
	struct config *config = NULL;

	TRY(child_start(&table, s, &s->proc, &config));
	TRY(notary_open(config, &s->notary));
	TRY(proc_every(s->proc, TICK_MS, on_tick, s));
	TRY(proc_on_signal(s->proc, SIGTERM, on_terminate, s));
	TRY(child_serve(s->proc, config));
	if (s->failed)
		return ERR_INTERNAL;	/* told already; nothing is touched */
	TRY(notary_stop(s->notary, "stop"));
	notary_close(STEAL(s->notary));
	return ERR_OK;
}

int
notary_main(void)
{
	AUTO(role_state) s = mem_new(1, sizeof(*s));

	log_start(ROLE_NOTARY, 0);
	if (s == NULL)
		return log_fatal("notary");
	s->cosigner = NO_KEYHOLDER;
	s->upkeep.health = UPKEEP_UNTOLD;
	if (run(s) != ERR_OK)
		return s->failed ? 1 : log_fatal("notary");
	return 0;
}
