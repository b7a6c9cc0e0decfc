/*
 * A replay: which policy was in force when, and who looks at which entry. The
 * entries are the log's own, so what they say is believed only where it
 * agrees with the policies. Next: replay_decision.c.
 */
#include "audit/replay_run.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"

enum err
replay_new(struct replay **out_replay)
{
	struct replay *r = mem_new(1, sizeof(*r));

	if (r == NULL)
		return err_because(ERR_MEMORY, "no memory for a replay");
	*out_replay = r;
	return ERR_OK;
}

void
replay_free(struct replay *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->policy_count; i++)
		bundle_free(r->policies[i].bundle);
	table_done(&r->devices);
	table_done(&r->tokens);
	table_done(&r->keys);
	mem_free(r->lives);
	mem_free(r->device_of);
	mem_free(r);
}

void
replay_tally(struct replay *r, enum replay_check check, enum err e,
    uint64_t index)
{
	struct replay_result *t = &r->result;
	struct replay_finding *f;

	t->count[check].total++;
	t->count[check].good += e == ERR_OK;
	if (e == ERR_OK)
		return;
	if (t->finding_count < REPLAY_FINDINGS) {
		f = &t->findings[t->finding_count];
		f->log = r->log;
		f->index = index;
		f->check = check;
		snprintf(f->why, sizeof(f->why), "%s", err_why());
	}
	t->finding_count++;
}

/* ---- logs */

enum err
replay_log_of(struct replay *r, const char *origin)
{
	struct replay_result *t = &r->result;

	if (t->log_count == REPLAY_LOGS)
		return err_because(ERR_FULL, "more than %d logs", REPLAY_LOGS);
	if (strlen(origin) >= REPLAY_ORIGIN)
		return err_because(ERR_TOO_LARGE, "an origin over %d bytes",
		    REPLAY_ORIGIN - 1);
	for (size_t i = 0; i < t->log_count; i++)
		if (strcmp(t->origins[i], origin) == 0)
			return err_because(ERR_EXISTS, "two logs of the "
			    "origin %s", origin);
	r->log = t->log_count++;
	snprintf(t->origins[r->log], REPLAY_ORIGIN, "%s", origin);
	/* what one log says of itself is nothing to the next */
	r->in_force = NULL;
	r->serial = 0;
	mem_free(STEAL(r->device_of));
	r->device_room = 0;
	return ERR_OK;
}

static void
note_joined(struct replay *r, const struct schema_entry *e)
{
	struct view origin = e->member[SCHEMA_ORIGIN];

	r->nodes = true;
	for (size_t i = 0; i < r->joined_count; i++)
		if (view_is(origin, r->joined[i]))
			return;
	if (r->joined_count < REPLAY_LOGS && origin.len < REPLAY_ORIGIN)
		snprintf(r->joined[r->joined_count++], REPLAY_ORIGIN, "%.*s",
		    (int)origin.len, (const char *)origin.at);
}

/* ---- policies */

static void
hex_of(const struct hash *h, char out[65])
{
	AUTO_DONE(bytes) hex = { 0 };

	hex_put(&hex, VIEW_OF(h->at));
	snprintf(out, 65, "%s", bytes_text(&hex));
}

static const struct replay_policy *
find_policy(const struct replay *r, struct view hash)
{
	for (size_t i = 0; i < r->policy_count; i++)
		if (view_is(hash, r->policies[i].policy))
			return &r->policies[i];
	return NULL;
}

enum err
replay_bundle(struct replay *r, struct bundle *b)
{
	struct replay_policy *p = &r->policies[r->policy_count];

	if (r->policy_count == COUNT(r->policies))
		return err_because(ERR_FULL, "more than %d policies",
		    REPLAY_BUNDLES);
	hex_of(policy_hash(bundle_policy(b)), p->policy);
	hex_of(bundle_hash(b), p->manifest);
	if (find_policy(r, view_text(p->policy)) != NULL)
		return err_because(ERR_EXISTS, "two bundles of one policy");
	p->bundle = b;
	r->policy_count++;
	return ERR_OK;
}

/* Who signed, as the entry says, and as the signatures do. */
static bool
same_seats(const struct schema_entry *e, const struct approvals *signers)
{
	struct view rest = e->member[SCHEMA_SEATS];
	unsigned int i = 0;
	uint64_t seat;

	while (schema_next_index(&rest, &seat))
		if (i == signers->count || signers->seats[i++] != seat)
			return false;
	return i == signers->count;
}

static enum err
check_in_force(struct replay *r, const struct schema_entry *e)
{
	const struct replay_policy *p = find_policy(r,
	    e->member[SCHEMA_POLICY]);
	int64_t serial = (int64_t)schema_count(e, SCHEMA_SERIAL);
	int64_t before = r->serial;

	r->in_force = p;
	r->serial = serial;
	if (p == NULL)
		return err_because(ERR_NOT_FOUND, "no bundle of policy %lld "
		    "was given", (long long)serial);
	if (!view_is(e->member[SCHEMA_MANIFEST], p->manifest) ||
	    bundle_manifest(p->bundle)->serial != serial)
		return err_because(ERR_MISMATCH, "policy %lld came into force "
		    "by another manifest", (long long)serial);
	if (!same_seats(e, bundle_signers(p->bundle)))
		return err_because(ERR_MISMATCH, "policy %lld was signed by "
		    "other officers", (long long)serial);
	if (serial < before)
		return err_because(ERR_MISMATCH, "policy %lld after policy "
		    "%lld", (long long)serial, (long long)before);
	return bundle_timely(p->bundle,
	    (int64_t)schema_count(e, SCHEMA_T) / 1000);
}

/* The policy of a decision is the one in force; before any was named, known. */
static const struct policy *
policy_of(struct replay *r, const struct schema_entry *e)
{
	struct view hash = e->member[SCHEMA_POLICY];
	const struct replay_policy *p = r->in_force;

	if (p == NULL || !view_is(hash, p->policy)) {
		if (p != NULL) {
			(void)err_because(ERR_MISMATCH, "decided by a policy "
			    "that was not in force");
			return NULL;
		}
		p = find_policy(r, hash);
	}
	if (p == NULL || policy_serial(bundle_policy(p->bundle)) !=
	    (int64_t)schema_count(e, SCHEMA_SERIAL)) {
		(void)err_because(ERR_NOT_FOUND, "no bundle of its policy was "
		    "given");
		return NULL;
	}
	return bundle_policy(p->bundle);
}

/* ---- entries */

static void
look_at_decision(struct replay *r, uint64_t index,
    const struct schema_entry *e)
{
	const struct policy *p = policy_of(r, e);

	if (p == NULL)
		replay_tally(r, REPLAY_DECISIONS, ERR_NOT_FOUND, index);
	else
		replay_decision(r, index, e, p);
}

enum err
replay_entry(struct replay *r, uint64_t index, const struct schema_entry *e)
{
	r->result.entries++;
	if (e->event == SCHEMA_EVENT_POLICY_IN_FORCE)
		replay_tally(r, REPLAY_POLICIES, check_in_force(r, e), index);
	if (e->event == SCHEMA_EVENT_NODE_JOIN)
		note_joined(r, e);
	if (e->event == SCHEMA_EVENT_DECISION)
		look_at_decision(r, index, e);
	return r->result.log_count != 0 ? replay_fleet(r, index, e) :
	    replay_life(r, index, e);
}

int
replay_exit_status(const struct replay_result *r)
{
	if (r->finding_count != 0)
		return 1;
	return r->untold != 0 || (r->log_count != 0 && r->foreign != 0) ? 2 :
	    0;
}
