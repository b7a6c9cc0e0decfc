/*
 * Nodes of a fleet. Rows of the registry's node table are believed for what
 * they say of themselves; a certificate in one counts when our own CA has
 * issued it. Next: registry_fleet.c.
 */
#include "signer/notary/fleet.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "signer/log.h"
#include "signer/notary/notary.h"
#include "signer/notary/rebuild.h"
#include "signer/notary/period.h"

#define SECOND INT64_C(1000000)
#define LOOK_EVERY (5 * SECOND)
#define CONNECT_EVERY (SECOND / 2)	/* and while others are awaited */

static void
drop_certificates(struct fleet_node *at)
{
	while (at->qr_count != 0)
		issuer_free(STEAL(at->qr[--at->qr_count]));
	at->qr_hash = (struct hash){ 0 };
}

void
fleet_done(struct fleet *f)
{
	for (size_t i = 0; i < f->count; i++)
		drop_certificates(&f->nodes[i]);
	X509_free(f->ca);
	*f = (struct fleet){ 0 };
}

/* ---- who is there */

static enum err
take_certificate(struct notary *n, struct fleet_node *at, struct view der)
{
	AUTO(issuer) qr = NULL;

	TRY(issuer_of_der(der, n->config->issuer, &qr));
	TRY(issuer_verify_chain(qr, n->fleet.ca));
	at->qr[at->qr_count++] = STEAL(qr);
	return ERR_OK;
}

/* With a foreign or damaged certificate a node's tokens do not count. */
static void
take_certificates(struct notary *n, struct fleet_node *at, struct view all)
{
	struct hash hash = sha256(all);
	struct reader r = reader_of(all);
	enum err e = ERR_OK;

	if (at->state == FLEET_JOINED && merkle_equal(&hash, &at->qr_hash))
		return;
	drop_certificates(at);
	if (at->state != FLEET_JOINED)
		return;
	at->qr_hash = hash;
	while (r.rest.len != 0 && !r.failed && e == ERR_OK &&
	    at->qr_count < FLEET_KEYS)
		e = take_certificate(n, at, reader_block(&r, all.len));
	if (e != ERR_OK)
		log_warning("QR tokens of %s may not count: %s", at->origin,
		    err_why());
}

static struct fleet_node *
place_of(struct fleet *f, int64_t node)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->nodes[i].node == node)
			return &f->nodes[i];
	if (f->count == FLEET_NODES)
		return NULL;
	f->nodes[f->count].node = node;
	return &f->nodes[f->count++];
}

/* Another key has its log: that it joined is told once more. */
static bool
is_news(const struct fleet_node *at)
{
	static const struct hash none;

	return at->told == FLEET_JOINED && at->state == FLEET_JOINED &&
	    !merkle_equal(&at->told_key, &none) &&
	    !merkle_equal(&at->told_key, &at->log_key);
}

static enum err
see(void *arg, const struct registry_node *r)
{
	struct notary *n = arg;
	struct fleet_node *at = place_of(&n->fleet, r->node);

	if (at == NULL)
		return err_because(ERR_FULL, "more than %d nodes",
		    FLEET_NODES);
	memcpy(at->origin, r->origin, sizeof(at->origin));
	at->log_key = sha256(r->log_key);
	at->state = r->retired_at == TIME_NONE ? FLEET_JOINED :
	    FLEET_RETIRED;
	if (r->node != registry_own_node(n->registry))
		take_certificates(n, at, r->qr_certificates);
	if (at->told < at->state || is_news(at))
		n->chores.due = true;
	return ERR_OK;
}

/* ---- has everybody found all that it committed? */

static enum err
see_whole(void *arg, int64_t node, struct view value)
{
	struct notary *n = arg;
	struct fleet_node *at = place_of(&n->fleet, node);
	bool is = view_is(value, registry_term(n->registry));

	if (node == registry_own_node(n->registry))
		snprintf(n->fleet.whole, sizeof(n->fleet.whole), "%.*s",
		    (int)value.len, (const char *)value.at);
	else if (at != NULL)
		snprintf(at->said, sizeof(at->said), "%.*s", (int)value.len,
		    (const char *)value.at);
	if (at != NULL)
		at->unsure = !is;
	return ERR_OK;
}

/* By name; whoever does not fit comes when some of them have. */
static void
name_awaited(const struct fleet *f, char out[GUARD_AWAITED])
{
	static const char end[] = " found that nothing of it is missing";
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < f->count; i++) {
		const struct fleet_node *at = &f->nodes[i];
		size_t room = GUARD_AWAITED - sizeof(end) - len;

		if (!at->unsure || at->state != FLEET_JOINED ||
		    strlen(at->origin) + 5 > room)
			continue;
		len += (size_t)snprintf(out + len, room, "%s%s",
		    len != 0 ? " and " : "", at->origin);
	}
	if (len != 0)
		memcpy(out + len, end, sizeof(end));
}

/* Once all are whole: what others found out about challenges counts here. */
static enum err
await(struct notary *n)
{
	struct guard *g = &n->guard;
	char awaited[GUARD_AWAITED];

	name_awaited(&n->fleet, awaited);
	if (strcmp(awaited, g->awaited) == 0)
		return ERR_OK;
	if (awaited[0] == '\0')
		TRY(rebuild_load(n));
	memcpy(g->awaited, awaited, sizeof(awaited));
	g->news++;
	if (awaited[0] != '\0')
		log_warning("%s", guard_check(g) != ERR_OK ? err_why() : "");
	else
		log_info("all nodes have found what they committed");
	return ERR_OK;
}

enum err
fleet_look(struct notary *n)
{
	if (!registry_is_shared(n->registry))
		return ERR_OK;
	for (size_t i = 0; i < n->fleet.count; i++)
		n->fleet.nodes[i].unsure = false;
	TRY(registry_nodes(n->registry, see, n));
	TRY(registry_meta_each(n->registry, REGISTRY_WHOLE, see_whole, n));
	TRY(absent_look(n));
	TRY(await(n));
	if (strcmp(n->fleet.whole, registry_term(n->registry)) != 0)
		n->chores.due = true;
	n->fleet.next_us = time_monotonic_us() +
	    (n->guard.awaited[0] != '\0' ? CONNECT_EVERY : LOOK_EVERY);
	return ERR_OK;
}

enum err
fleet_confess(struct notary *n)
{
	if (!registry_is_shared(n->registry))
		return ERR_OK;
	TRY(registry_begin(n->registry));
	TRY(registry_meta_put(n->registry, REGISTRY_WHOLE,
	    view_text(REGISTRY_BEHIND)));
	return registry_commit(n->registry);
}

/* In the transaction of a batch: what was committed before it is there. */
static enum err
stage_whole(struct notary *n)
{
	const char *term = registry_term(n->registry);

	snprintf(n->fleet.staged, sizeof(n->fleet.staged), "%s", term);
	return strcmp(n->fleet.whole, term) == 0 ? ERR_OK :
	    registry_meta_put(n->registry, REGISTRY_WHOLE, view_text(term));
}

bool
fleet_has_grown(struct notary *n)
{
	size_t before = n->fleet.count;

	/* looked at within the last second */
	if (!registry_is_shared(n->registry) || n->fleet.next_us -
	    time_monotonic_us() > LOOK_EVERY - SECOND)
		return false;
	return fleet_look(n) == ERR_OK && n->fleet.count != before;
}

size_t
fleet_issuers(const struct fleet *f, const struct issuer *out[FLEET_ISSUERS])
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++)
		for (size_t k = 0; k < f->nodes[i].qr_count; k++)
			out[count++] = f->nodes[i].qr[k];
	return count;
}

/* ---- on the record */

static const char *
word_of(const struct fleet_node *at, char word[24])
{
	snprintf(word, 24, "node-%lld", (long long)at->node);
	return word;
}

static enum err
recall(struct notary *n, struct fleet_node *at)
{
	AUTO_DONE(bytes) known = { 0 };
	char word[24];
	enum err e = registry_meta_get(n->registry, word_of(at, word),
	    &known);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	if (known.len == 0)
		return ERR_OK;
	at->told = at->staged = (enum fleet_state)known.at[0];
	if (known.len == 1 + sizeof(at->told_key))
		memcpy(&at->told_key, known.at + 1, sizeof(at->told_key));
	return ERR_OK;
}

static enum err
record(struct notary *n, struct fleet_node *at, enum fleet_state state)
{
	AUTO_DONE(bytes) entry = { 0 }, value = { 0 };
	struct entry_common c;
	char word[24];
	struct entry_node_facts facts = {
		.node = word_of(at, word),
		.origin = at->origin,
		.vkey = at->log_key,
		.replaces = is_news(at) ? &at->told_key : NULL,
		.retires = state == FLEET_RETIRED,
	};

	TRY(journal_next(n->journal, &c));
	TRY(entry_node(&c, &facts, &entry));
	TRY(journal_put(n->journal, bytes_view(&entry), NULL));
	at->staged = state;
	bytes_put_u8(&value, (uint8_t)state);
	bytes_put(&value, VIEW_OF(at->log_key.at));
	TRY(bytes_check(&value));
	return registry_meta_put(n->registry, word, bytes_view(&value));
}

enum err
fleet_stage(struct notary *n)
{
	if (registry_is_shared(n->registry))
		TRY(stage_whole(n));
	TRY(absent_stage(n));
	for (size_t i = 0; i < n->fleet.count; i++) {
		struct fleet_node *at = &n->fleet.nodes[i];

		at->staged = at->told;
		if (is_news(at))
			TRY(record(n, at, FLEET_JOINED));
		while (at->staged < at->state)
			TRY(record(n, at, (enum fleet_state)(at->staged + 1)));
	}
	return ERR_OK;
}

void
fleet_staged(struct fleet *f, bool durable)
{
	for (size_t i = 0; i < f->count && durable; i++) {
		f->nodes[i].told = f->nodes[i].staged;
		f->nodes[i].told_key = f->nodes[i].log_key;
	}
	absent_staged(f, durable);
	if (durable)
		memcpy(f->whole, f->staged, sizeof(f->whole));
}

/* ---- becoming one */

void
fleet_put_certificates(const struct signers *s, int64_t now,
    struct bytes *out)
{
	const struct issuer *own[CONFIG_KEYS];
	size_t count = signers_of(s, KEY_USE_QR, now, own);

	for (size_t i = 0; i < count && i < FLEET_KEYS; i++)
		bytes_put_block(out, issuer_der(own[i]));
}

/* In okse.yaml's order: which of two the log has is not known yet. */
static void
put_log_keys(const struct notary *n, struct bytes *first, struct bytes *next)
{
	for (size_t i = 0; i < n->logkeys.count; i++)
		if (vkey_type(n->logkeys.at[i].key) == VKEY_ED25519)
			vkey_put(n->logkeys.at[i].key, first->len == 0 ?
			    first : next);
}

static enum err
become(struct notary *n)
{
	AUTO_DONE(bytes) vkey = { 0 }, next = { 0 }, certificates = { 0 };
	struct registry_node self = { 0 };

	put_log_keys(n, &vkey, &next);
	fleet_put_certificates(&n->signers, time_now(), &certificates);
	TRY(bytes_check(&vkey));
	TRY(bytes_check(&next));
	TRY(bytes_check(&certificates));
	self.log_key = bytes_view(&vkey);
	self.next_key = bytes_view(&next);
	self.qr_certificates = bytes_view(&certificates);
	snprintf(self.origin, sizeof(self.origin), "%s", n->config->origin);
	return registry_become(n->registry, &self);
}

enum err
fleet_open(struct notary *n)
{
	if (!registry_is_shared(n->registry))
		return ERR_OK;
	TRY(pem_read_certificate(n->config->ca, &n->fleet.ca));
	TRY(become(n));
	TRY(fleet_look(n));
	n->guard.connection = registry_connection(n->registry);
	for (size_t i = 0; i < n->fleet.count; i++)
		TRY(recall(n, &n->fleet.nodes[i]));
	log_info("registry: node %lld of %zu",
	    (long long)registry_own_node(n->registry), n->fleet.count);
	return ERR_OK;
}

/* ---- a registry that is away */

void
fleet_commit_is_open(struct notary *n)
{
	n->fleet.open = (struct fleet_open_commit){
		.is = true,
		.records = n->chores.record_count,
		.done = n->chores.done_count,
		.failed = n->chores.failed_count,
		.heartbeat = n->chores.heartbeat,
	};
}

static enum err
settle(struct notary *n, enum registry_fate fate)
{
	struct fleet_open_commit open = n->fleet.open;

	n->fleet.open = (struct fleet_open_commit){ 0 };
	if (!open.is)
		return ERR_OK;
	log_info("the commit without an answer was %s",
	    fate == REGISTRY_COMMITTED ? "made" : "not made");
	if (fate != REGISTRY_COMMITTED) {
		journal_rolled_back(n->journal);
		return ERR_OK;
	}
	TRY(journal_committed(n->journal));
	TRY(logkeys_committed(n));
	TRY(prune_committed(n));
	TRY(period_committed(n));
	fleet_staged(&n->fleet, true);
	chores_drop(&n->chores, open.records, open.done, open.failed,
	    open.heartbeat);
	return ERR_OK;
}

static enum err
come_back(struct notary *n, bool *out_back)
{
	enum registry_fate fate = REGISTRY_NONE;
	enum err e = registry_resume(n->registry, &fate);

	n->fleet.next_us = time_monotonic_us() + CONNECT_EVERY;
	if (e == ERR_UNAVAILABLE)
		return ERR_OK;
	TRY(e);
	TRY(settle(n, fate));
	e = guard_connected(n);
	if (e == ERR_UNAVAILABLE)
		return ERR_OK;		/* gone again */
	TRY(e);
	log_info("the registry is there again");
	*out_back = true;
	return ERR_OK;
}

enum err
fleet_tick(struct notary *n, bool *out_back)
{
	enum err e;

	*out_back = false;
	if (!registry_is_shared(n->registry) ||
	    time_monotonic_us() < n->fleet.next_us)
		return ERR_OK;
	if (registry_is_away(n->registry))
		return come_back(n, out_back);
	e = fleet_look(n);
	return e == ERR_UNAVAILABLE ? ERR_OK : e;
}

/* ---- telling */

void
fleet_metrics(const struct notary *n, struct bytes *out)
{
	int64_t own = registry_own_node(n->registry);
	size_t joined = 0, connected = 0;

	if (!registry_is_shared(n->registry))
		return;
	for (size_t i = 0; i < n->fleet.count; i++) {
		const struct fleet_node *at = &n->fleet.nodes[i];

		joined += at->state == FLEET_JOINED;
		connected += at->state == FLEET_JOINED &&
		    (at->node == own || at->absent.connected);
	}
	tally_head(out, "fleet_nodes", "gauge",
	    "Daemons that share the registry.");
	bytes_printf(out, "okse_fleet_nodes %zu\n", joined);
	tally_head(out, "fleet_connected", "gauge",
	    "Those of them that were connected to it at the last look.");
	bytes_printf(out, "okse_fleet_connected %zu\n", connected);
	tally_head(out, "registry_away", "gauge",
	    "1 while the registry's database cannot be reached.");
	bytes_printf(out, "okse_registry_away %d\n",
	    registry_is_away(n->registry));
}
