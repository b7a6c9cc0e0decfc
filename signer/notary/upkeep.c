/*
 * Backups, repairs, the end of a period, the removal of old entries and the
 * hold, a piece in every pass of the loop. Next: registry_backup.c, rebuild.c,
 * period.c, prune.c, guard.c.
 */
#include "signer/notary/upkeep.h"

#include "signer/log.h"
#include "signer/notary/period.h"
#include "signer/notary/rebuild.h"

#define SHOW_PATIENCE INT64_C(10000000)	/* µs, for a last checkpoint */

/* The gate hears of it by HEALTH; an officer asks for the status. */
static enum err
put_away(struct bytes *out)
{
	struct json j = json_start(out);

	json_record(&j, NULL);
	json_c_text(&j, "what", "database");
	json_c_text(&j, "why", "the registry's database is away, late or "
	    "waits for its standby: nothing is decided until it is back");
	json_close(&j);
	return json_end(&j);
}

static void
tell_hold(const struct notary *n, struct peer *to, bool away, bool *told)
{
	AUTO_DONE(bytes) body = { 0 }, json = { 0 };
	bool database = away && guard_is_open(&n->guard);

	if (to == NULL || *told)
		return;
	*told = true;
	if ((database ? put_away(&json) : guard_put(&n->guard, &json)) !=
	    ERR_OK)
		log_warning("%s", err_why());
	bytes_put_block(&body, view_text(database ? "database" :
	    guard_what(&n->guard)));
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

/* What readiness depends on, told when it changes. */
static void
tell_health(struct upkeep *u, const struct notary *n, struct peer *gate)
{
	uint16_t in_force = force_check(n, time_now()) == ERR_OK;
	uint16_t changed = !n->force.failed;
	uint16_t registry = !registry_is_away(n->registry);
	uint32_t health = (uint32_t)in_force << 2 | (uint32_t)changed << 1 |
	    registry;
	AUTO_DONE(bytes) body = { 0 };

	if (gate == NULL || health == u->health)
		return;
	u->health = health;
	bytes_put_u16(&body, in_force);
	bytes_put_u16(&body, changed);
	bytes_put_u16(&body, registry);
	peer_send(gate, MSG_HEALTH, 0, bytes_view(&body));
}

/*
 * The log has what the registry forgot, and what was on its way to clients:
 * a keyholder signs it, if there is one.
 */
bool
upkeep_is_over(struct upkeep *u, const struct notary *n, struct proc *p)
{
	int64_t now = time_monotonic_us();
	bool shown = guard_has_shown_all(n);

	if (u->lost_since == 0)
		u->lost_since = now;
	if (!shown && now - u->lost_since < SHOW_PATIENCE)
		return false;
	if (!shown)
		log_error("no checkpoint could be signed: what was committed "
		    "and not published is lost with this process");
	proc_stop(p);
	return true;
}

enum err
upkeep_pass(struct upkeep *u, struct notary *n, struct proc *p)
{
	bool away = registry_is_away(n->registry);

	if (u->news != n->guard.news)
		u->supervisor_told = u->gate_told = false;
	if (u->away != away)
		u->supervisor_told = false;
	u->news = n->guard.news;
	u->away = away;
	tell_hold(n, proc_peer(p, ROLE_SUPERVISOR, 0), away,
	    &u->supervisor_told);
	tell_hold(n, proc_peer(p, ROLE_GATE, 0), false, &u->gate_told);
	if (!n->guard.held)
		tell_health(u, n, proc_peer(p, ROLE_GATE, 0));
	back_up(n, p);
	TRY(close_period(n, p));
	TRY(prune(n, p));
	return repair(n, p);
}
