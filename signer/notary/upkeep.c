/*
 * Backups, repairs, the end of a period, the removal of old entries and the
 * hold, a piece in every pass of the loop. Next: registry_backup.c, rebuild.c,
 * period.c, prune.c, guard.c.
 */
#include "signer/notary/upkeep.h"

#include "signer/log.h"
#include "signer/notary/period.h"
#include "signer/notary/rebuild.h"

static void
tell_hold(const struct notary *n, struct peer *to, bool *told)
{
	AUTO_DONE(bytes) body = { 0 }, json = { 0 };

	if (to == NULL || *told)
		return;
	*told = true;
	if (guard_put(&n->guard, &json) != ERR_OK)
		log_warning("%s", err_why());
	bytes_put_block(&body, view_text(json.len != 0 ? "registry" : ""));
	bytes_put_block(&body, bytes_view(&json));
	peer_send(to, MSG_HOLD, 0, bytes_view(&body));
}

/* Recorded once it is whole, unless nothing may be. */
static void
back_up(struct notary *n, struct proc *p)
{
	if (!backup_is_running(n->backup))
		return;
	if (!backup_step(n->backup)) {
		proc_again(p);
		return;
	}
	if (!backup_is_done(n->backup) || n->guard.held)
		return;
	n->chores.backed_up = backup_entries(n->backup);
	n->chores.due = true;
}

static enum err
repair(struct notary *n, struct proc *p)
{
	bool done = false;

	if (n->rebuild == NULL)
		return ERR_OK;
	TRY(rebuild_step(n->rebuild, &done));
	if (!done) {
		proc_again(p);
		return ERR_OK;
	}
	log_info("the registry is whole again: starting with it");
	rebuild_free(STEAL(n->rebuild));
	proc_stop(p);
	return ERR_OK;
}

static enum err
close_period(struct notary *n, struct proc *p)
{
	bool again;

	if (n->guard.held)
		return ERR_OK;
	TRY(period_step(n, &again));
	if (again)
		proc_again(p);
	return ERR_OK;
}

static enum err
prune(struct notary *n, struct proc *p)
{
	bool again;

	if (n->guard.held)
		return ERR_OK;
	TRY(prune_step(n, &again));
	if (again)
		proc_again(p);
	return ERR_OK;
}

enum err
upkeep_pass(struct upkeep *u, struct notary *n, struct proc *p)
{
	tell_hold(n, proc_peer(p, ROLE_SUPERVISOR, 0), &u->supervisor_told);
	tell_hold(n, proc_peer(p, ROLE_GATE, 0), &u->gate_told);
	back_up(n, p);
	TRY(close_period(n, p));
	TRY(prune(n, p));
	return repair(n, p);
}
