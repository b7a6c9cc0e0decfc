/*
 * Bringing policies into force. Which one is asked for comes from an officer
 * through the desk and the supervisor; whether it may be is said by officers'
 * signatures and by what the registry remembers. Next: policy/bundle.c.
 */
#include "signer/notary/force.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "signer/about.h"
#include "signer/log.h"
#include "signer/notary/aside.h"

/* ---- what the registry remembers: of each a mark and the policy's hash */

#define IN_FORCE "policy"
#define CANDIDATE "shadow"

struct memory {
	struct bundle_mark	mark;		/* serial 0: nothing */
	struct hash		policy;
};

static void
get_hash(struct reader *r, struct hash *out)
{
	struct view v = reader_take(r, sizeof(out->at));

	if (!r->failed)
		memcpy(out->at, v.at, v.len);
}

static enum err
recall(struct notary *n, const char *name, struct memory *out)
{
	AUTO_DONE(bytes) value = { 0 };
	enum err e = registry_meta_get(n->registry, name, &value);
	struct reader r = reader_of(bytes_view(&value));
	struct memory m = { 0 };

	if (e == ERR_OK && value.len != 0) {
		m.mark.serial = (int64_t)reader_u64(&r);
		get_hash(&r, &m.mark.manifest);
		get_hash(&r, &m.policy);
	}
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (reader_end(&r, name) != ERR_OK)
		return err_because(ERR_CORRUPT, "registry: what it remembers "
		    "as \"%s\" is not of its form", name);
	*out = m;
	return ERR_OK;
}

/* b NULL: nothing is, from now on. */
static enum err
remember(struct notary *n, const char *name, const struct bundle *b)
{
	AUTO_DONE(bytes) value = { 0 };

	if (b != NULL) {
		bytes_put_u64(&value, (uint64_t)bundle_manifest(b)->serial);
		bytes_put(&value, VIEW_OF(bundle_hash(b)->at));
		bytes_put(&value, VIEW_OF(policy_hash(bundle_policy(b))->at));
	}
	TRY(bytes_check(&value));
	return registry_meta_put(n->registry, name, bytes_view(&value));
}

/* ---- taking one over */

static enum err
load(const struct notary *n, int64_t serial, const struct bundle_mark *mark,
    struct bundle **out)
{
	char path[PATH_MAX];
	enum err e;

	TRY(bundle_path(n->config->policy, serial, path));
	e = bundle_load(path, &n->force.roster, mark, out);
	return e == ERR_OK ? ERR_OK :
	    err_because(e, "policy %" PRId64 ": %s", serial, err_why());
}

static void
enter(struct notary *n, struct bundle *b)
{
	bundle_free(n->force.bundle);
	n->force.bundle = b;
	n->policy = bundle_policy(b);
}

/* Whose counts belong to the candidate before it. */
static void
follow(struct notary *n, struct bundle *candidate)
{
	bundle_free(n->force.candidate);
	n->force.candidate = candidate;
	n->force.shadow = (struct shadow){ 0 };
}

/* A shadow that cannot be had again is no reason not to serve. */
static void
open_candidate(struct notary *n)
{
	int64_t in_force = bundle_manifest(n->force.bundle)->serial;
	struct memory m;
	struct bundle *b = NULL;

	if (recall(n, CANDIDATE, &m) != ERR_OK || m.mark.serial <= in_force)
		return;
	if (load(n, m.mark.serial, &m.mark, &b) == ERR_OK)
		follow(n, b);
	else
		log_warning("the shadow policy: %s", err_why());
}

enum err
force_open(struct notary *n)
{
	const struct config *c = n->config;
	struct memory before;
	struct bundle *b = NULL;
	struct hash unused;
	int64_t serial;

	TRY(about_roster(c, &n->force.roster, &unused));
	TRY(recall(n, IN_FORCE, &before));
	serial = before.mark.serial;
	if (serial == 0)
		TRY(bundle_newest(c->policy, &serial));
	TRY(load(n, serial, &before.mark, &b));
	enter(n, b);
	n->force.changed_at = time_now();
	open_candidate(n);
	if (bundle_timely(b, time_now()) != ERR_OK)
		log_error("nothing is decided: %s", err_why());
	return ERR_OK;
}

void
force_close(struct force *f)
{
	bundle_free(f->bundle);
	bundle_free(f->candidate);
	roster_done(&f->roster);
}

/* ---- recording */

static enum err
put_entry(struct notary *n, const struct bundle *b,
    const struct memory *before)
{
	const struct approvals *signers = bundle_signers(b);
	uint64_t seats[ROSTER_SEATS];
	struct entry_policy_facts f = {
		.policy = *policy_hash(bundle_policy(b)),
		.replaces = before->mark.serial != 0 ? &before->policy : NULL,
		.manifest = *bundle_hash(b),
		.serial = (uint64_t)bundle_manifest(b)->serial,
		.seats = seats,
		.seat_count = signers->count,
	};
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	for (unsigned int i = 0; i < signers->count; i++)
		seats[i] = signers->seats[i];
	TRY(journal_next(n->journal, &c));
	TRY(entry_policy(&c, &f, &entry));
	return journal_put(n->journal, bytes_view(&entry), NULL);
}

static enum err
record(struct notary *n, const struct bundle *b)
{
	struct memory before;

	TRY(recall(n, IN_FORCE, &before));
	if (before.mark.serial == bundle_manifest(b)->serial)
		return ERR_OK;	/* the same manifest: load() has seen to it */
	TRY(remember(n, IN_FORCE, b));
	return put_entry(n, b, &before);
}

enum err
force_record(struct notary *n)
{
	return record(n, n->force.bundle);
}

/* ---- changes */

static enum err
stage(struct notary *n, enum admin_verb verb, const struct bundle *b)
{
	TRY(registry_begin(n->registry));
	return verb == ADMIN_POLICY_ACTIVATE ? record(n, b) :
	    remember(n, CANDIDATE, b);
}

static enum err
activate(struct notary *n, int64_t serial, bool *out_broken)
{
	struct bundle_mark mark = bundle_mark_of(n->force.bundle);
	AUTO(bundle) b = NULL;

	TRY(load(n, serial, &mark, &b));
	TRY(bundle_timely(b, time_now()));
	TRY(aside_commit(n, stage(n, ADMIN_POLICY_ACTIVATE, b), out_broken));
	log_info("policy %" PRId64 " is in force, signed by %u officers",
	    serial, bundle_signers(b)->count);
	enter(n, STEAL(b));
	/* what is in force has no shadow, and nothing older has */
	if (n->force.candidate != NULL &&
	    bundle_manifest(n->force.candidate)->serial <= serial)
		follow(n, NULL);
	return ERR_OK;
}

/* A candidate's time need not have come: that is when it is tried. */
static enum err
cast_shadow(struct notary *n, int64_t serial, bool *out_broken)
{
	struct bundle_mark mark = bundle_mark_of(n->force.bundle);
	AUTO(bundle) b = NULL;

	if (serial == mark.serial)
		return err_because(ERR_EXISTS, "policy %" PRId64 " is in "
		    "force: it has no shadow", serial);
	if (serial != 0)
		TRY(load(n, serial, &mark, &b));
	TRY(aside_commit(n, stage(n, ADMIN_POLICY_SHADOW, b), out_broken));
	log_info("the shadow policy is %" PRId64 " (0: none)", serial);
	follow(n, STEAL(b));
	return ERR_OK;
}

enum err
force_change(struct notary *n, enum admin_verb verb, int64_t serial,
    bool *out_broken)
{
	struct force *f = &n->force;
	bool broken = false;
	enum err e = verb == ADMIN_POLICY_ACTIVATE ?
	    activate(n, serial, &broken) : cast_shadow(n, serial, &broken);

	*out_broken = broken;
	if (e != ERR_OK)
		log_error("policy %" PRId64 " stays in force: %s",
		    bundle_manifest(f->bundle)->serial, err_why());
	if (verb != ADMIN_POLICY_ACTIVATE)
		return e;
	f->changed_at = time_now();
	f->failed = e != ERR_OK;
	snprintf(f->why, sizeof(f->why), "%s", f->failed ? err_why() : "");
	return e;
}

enum err
force_check(const struct notary *n, int64_t now)
{
	if (bundle_timely(n->force.bundle, now) != ERR_OK)
		return err_because(ERR_UNAVAILABLE, "%s", err_why());
	return ERR_OK;
}

void
force_compare(struct notary *n, const struct request *r,
    const struct facts *f, const struct decision *d)
{
	if (n->force.candidate != NULL)
		shadow_compare(&n->force.shadow,
		    bundle_policy(n->force.candidate), r, f, d);
}

void
force_tell_shadow(struct notary *n)
{
	const struct bundle *b = n->force.candidate;

	if (b != NULL)
		shadow_tell(&n->force.shadow, bundle_manifest(b)->serial);
}
