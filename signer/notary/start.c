/*
 * Opening and closing what the notary owns. Files named by the configuration
 * are trusted as far as they fit together: certificates with keys, keys with
 * the CA, the registry with the published log. Next: notary.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "credential/qr_token.h"
#include "signer/about.h"
#include "signer/log.h"
#include "signer/notary/orphans.h"
#include "signer/notary/period.h"
#include "signer/notary/rebuild.h"
#include "signer/notary/reported.h"

/* ---- keys and certificates */

static enum err
load_card_cas(struct notary *n)
{
	const struct config *c = n->config;

	for (size_t i = 0; i < c->card_cas.count; i++)
		TRY(card_ca_load(c->card_cas.at[i].certificate,
		    &n->card_cas[i]));
	return ERR_OK;
}

static enum err
load_keys(struct notary *n)
{
	const struct config *c = n->config;

	if (strlen(c->issuer) > QR_TOKEN_NAME)
		return err_because(ERR_RANGE, "issuer: at most %d bytes, it "
		    "is the audience of QR tokens", QR_TOKEN_NAME);
	TRY(signers_load(c, &n->signers));
	return logkeys_configured(&n->logkeys, c);
}

/* ---- what a start records */

static enum err
record(struct notary *n, const struct bytes *entry)
{
	return journal_put(n->journal, bytes_view(entry), NULL);
}

static enum err
record_start(struct notary *n)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;
	struct hash program;
	char version[12];

	snprintf(version, sizeof(version), "%d", OKSE_VERSION);
	TRY(about_program(&program));
	TRY(journal_next(n->journal, &c));
	TRY(entry_start(&c, version, &program, &n->config->hash,
	    &entry));
	return record(n, &entry);
}

static enum err
record_recovery(struct notary *n, const struct journal_found *found)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	if (found->entries == 0)
		return ERR_OK;
	TRY(journal_next(n->journal, &c));
	TRY(entry_recover(&c, found->entries, found->published, &entry));
	return record(n, &entry);
}

/*
 * Is this what the registry remembers under the name? If not it is
 * remembered, and due to be recorded.
 */
static enum err
is_news(struct notary *n, const char *name, struct view value, bool *out_news)
{
	AUTO_DONE(bytes) known = { 0 };
	enum err e = registry_meta_get(n->registry, name, &known);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	*out_news = e == ERR_NOT_FOUND || !view_equal(bytes_view(&known),
	    value);
	return *out_news ? registry_meta_put(n->registry, name, value) :
	    ERR_OK;
}

static enum err
record_ceremony(struct notary *n)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;
	bool news;

	if (n->config->transcript == NULL)
		return ERR_OK;
	TRY(about_ceremony(n->config->transcript, &n->ceremony));
	TRY(is_news(n, "ceremony", VIEW_OF(n->ceremony.at), &news));
	if (!news)
		return ERR_OK;
	TRY(journal_next(n->journal, &c));
	TRY(entry_ceremony(&c, &n->ceremony, &entry));
	return record(n, &entry);
}

static enum err
record_all(struct notary *n, const struct journal_found *found)
{
	TRY(registry_begin(n->registry));
	TRY(record_start(n));
	TRY(record_recovery(n, found));
	TRY(rebuild_record(n));
	TRY(record_ceremony(n));
	TRY(logkeys_remember(n));
	TRY(force_record(n));
	TRY(reported_orphans(n));
	TRY(fleet_stage(n));
	TRY(registry_commit(n->registry));
	fleet_staged(&n->fleet, true);
	return journal_committed(n->journal);
}

/* ---- opening and closing */

static enum err
open_journal(struct notary *n)
{
	struct journal_found found;

	TRY(force_open(n));
	TRY(rebuild_load(n));
	TRY(prune_load(n));
	n->closed.log = n->config->log;
	n->closed.keys = &n->logkeys;
	TRY(logkeys_settle(n));
	TRY(closed_load(&n->closed, n->registry));
	TRY(journal_open(n->config->log, n->registry, &n->logkeys, &n->closed,
	    &n->journal, &found));
	TRY(attest_new(n->config, &n->logkeys, n->journal, &n->closed,
	    &n->attest));
	n->began = found.entries;
	TRY(record_all(n, &found));
	n->tally.orphans_stale = true;
	orphans_count(n);
	log_info("log: %" PRIu64 " entries found, %" PRIu64 " published%s; "
	    "%" PRIu64 " tickets without an outcome, %" PRIu64 " orphans "
	    "are open", found.entries, found.published, found.rebuilt ?
	    ", tiles made anew" : "", n->tally.orphaned,
	    n->tally.orphans_open);
	return ERR_OK;
}

enum err
notary_examine(const struct config *c, struct notary **out_notary)
{
	AUTO(notary) n = mem_new(1, sizeof(*n));

	if (n == NULL)
		return err_because(ERR_MEMORY, "the notary");
	n->guard.mark.fd = -1;
	n->config = c;
	n->chores.since = time_now_ms();
	TRY(load_keys(n));
	TRY(load_card_cas(n));
	TRY(registry_open(c->registry, &n->registry));
	TRY(fleet_open(n));
	TRY(logkeys_load(&n->logkeys, c->origin, n->registry));
	TRY(guard_open(n));
	*out_notary = STEAL(n);
	return ERR_OK;
}

enum err
notary_open(const struct config *c, struct notary **out_notary)
{
	AUTO(notary) n = NULL;

	TRY(notary_examine(c, &n));
	TRY(n->guard.held ? fleet_confess(n) : open_journal(n));
	*out_notary = STEAL(n);
	return ERR_OK;
}

enum err
notary_stop(struct notary *n, const char *reason)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	if (n->guard.held)
		return ERR_OK;
	TRY(registry_begin(n->registry));
	TRY(chores_stage(n));
	TRY(reported_put(n));
	TRY(journal_next(n->journal, &c));
	TRY(entry_stop(&c, reason, &entry));
	TRY(record(n, &entry));
	TRY(registry_commit(n->registry));
	chores_clear(&n->chores);
	return journal_committed(n->journal);
}

void
notary_close(struct notary *n)
{
	if (n == NULL)
		return;
	attest_free(n->attest);
	bytes_done(&n->log_state);
	journal_close(n->journal);
	rebuild_free(n->rebuild);
	period_free(n->period);
	closed_done(&n->closed);
	backup_free(n->backup);
	registry_close(n->registry);
	chores_done(&n->chores);
	places_done(&n->places);
	lists_done(&n->lists);
	keys_free(n->keys);
	logkeys_done(&n->logkeys);
	announced_done(&n->announced);
	signers_done(&n->signers);
	for (size_t i = 0; i < COUNT(n->card_cas); i++)
		card_ca_free(n->card_cas[i]);
	force_close(&n->force);
	guard_done(&n->guard);
	fleet_done(&n->fleet);
	mem_free(n);
}
