/*
 * Between attest.c, which decides, and the other processes. Only the
 * supervisor asks; the courier brings what witnesses say. Next: the courier.
 */
#include "signer/notary/witnesses.h"

#include "base/time.h"
#include "signer/log.h"

static void
say(struct proc *p, enum err e)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_block(&body, view_text(e == ERR_OK ? "" : err_why()));
	peer_send(proc_peer(p, ROLE_SUPERVISOR, 0), MSG_WITNESSES_SAY, 0,
	    bytes_view(&body));
}

void
witnesses_ask(struct notary *n, struct proc *p)
{
	if (n->attest == NULL)	/* none, or the registry is held: see HOLD */
		say(p, ERR_OK);
	else
		attest_ask(n->attest, time_monotonic_us());
}

enum err
witnesses_returned(struct notary *n, const struct msg *m)
{
	if (n->attest == NULL)
		return ERR_OK;
	return attest_returned(n->attest, m->id, m->body,
	    time_monotonic_us());
}

static enum err
send_errands(struct attest *a, struct proc *p, int64_t now)
{
	struct peer *courier = proc_peer(p, ROLE_COURIER, 0);
	bool any = courier != NULL;

	while (any) {
		AUTO_DONE(bytes) body = { 0 };
		uint64_t id;

		TRY(attest_next(a, now, &any, &id, &body));
		if (any)
			peer_send(courier, MSG_ERRAND, id, bytes_view(&body));
	}
	return ERR_OK;
}

static void
tell_verdict(struct attest *a, struct proc *p, int64_t now)
{
	enum err e = a->asking ? attest_verdict(a, now) : attest_alarm(a);

	if (a->asking || (e == ERR_OK && !a->answer_due))
		return;
	a->answer_due = false;
	if (e != ERR_OK)
		log_error("%s", err_why());
	say(p, e);
}

enum err
witnesses_pass(struct notary *n, struct proc *p)
{
	int64_t now = time_monotonic_us();
	bool published, issuing;

	if (n->attest == NULL)
		return ERR_OK;
	TRY(send_errands(n->attest, p, now));
	TRY(attest_pass(n->attest, now, &published));
	if (published) {
		TRY(guard_published(n));
		proc_again(p);		/* another checkpoint may be due */
	}
	n->chores.due = n->chores.due || attest_has_news(n->attest);
	tell_verdict(n->attest, p, now);
	issuing = attest_check(n->attest, now) == ERR_OK;
	if (issuing != n->attest->issuing || n->log_state.len == 0) {
		n->attest->issuing = issuing;
		witnesses_tell(n, p);
	}
	return ERR_OK;
}

/* ---- the log's state */

static void
send_state(struct notary *n, struct proc *p, enum role role, bool *told)
{
	struct peer *to = proc_peer(p, role, 0);
	AUTO_DONE(bytes) body = { 0 };
	enum err e = n->attest == NULL ? ERR_OK :
	    attest_check(n->attest, time_monotonic_us());

	if (to == NULL || *told)
		return;
	*told = true;
	bytes_put_u16(&body, (uint16_t)e);
	bytes_put_block(&body, bytes_view(&n->log_state));
	peer_send(to, MSG_LOG_STATE, 0, bytes_view(&body));
}

void
witnesses_tell(struct notary *n, struct proc *p)
{
	AUTO_DONE(bytes) json = { 0 };

	if (attest_put(n->attest, n->journal, time_monotonic_us(), &json) !=
	    ERR_OK) {
		log_warning("%s", err_why());
		return;
	}
	if (!view_equal(bytes_view(&json), bytes_view(&n->log_state))) {
		bytes_reset(&n->log_state);
		bytes_put(&n->log_state, bytes_view(&json));
		n->state_told[0] = n->state_told[1] = false;
	}
	send_state(n, p, ROLE_GATE, &n->state_told[0]);
	send_state(n, p, ROLE_SUPERVISOR, &n->state_told[1]);
}

void
witnesses_peer_gone(struct notary *n, enum role role)
{
	if (role == ROLE_GATE)
		n->state_told[0] = false;
	if (role == ROLE_COURIER && n->attest != NULL)
		attest_courier_gone(n->attest);
}
