/*
 * The high-water guard. Registry, log and mark are each read as possibly old:
 * the newest of them says what was, and who knows less is not believed in
 * anything else. Next: recover.c, once it is known to be whole; rebuild.c
 * when it is not.
 */
#include "signer/notary/guard.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/json.h"
#include "signer/log.h"
#include "signer/notary/notary.h"
#include "signer/notary/recover.h"
#include "signer/notary/registry_inspect.h"

/* ---- what is missing */

enum err
guard_count(struct guard_kinds *k, struct view entry)
{
	struct schema_entry e;
	struct view op;

	TRY(schema_get(entry, &e));
	op = e.member[SCHEMA_OP];
	if (e.event != SCHEMA_EVENT_DECISION)
		k->other++;
	else if (!view_is(e.member[SCHEMA_OUT], "allow") ||
	    e.member[SCHEMA_DRY].at != NULL)
		k->refused++;
	else if (view_is(op, "qr-token"))
		k->qr_tokens++;
	else if (view_is(op, "credential"))
		k->credentials++;
	else
		k->status_changes++;
	return ERR_OK;
}

static enum err
count_missing(struct guard *g, const struct tile_source *tiles)
{
	AUTO_DONE(bytes) buffer = { 0 };
	struct view entries[TILE_WIDTH];
	uint64_t loaded = UINT64_MAX;

	for (uint64_t i = g->entries; i < g->published; i++) {
		struct tile_id id = { TILE_ENTRIES, i / TILE_WIDTH,
		    tile_width(TILE_ENTRIES, i / TILE_WIDTH, g->published) };

		if (id.index != loaded)
			TRY(tile_read_bundle(tiles, id, &buffer, entries));
		loaded = id.index;
		TRY(guard_count(&g->kinds, entries[i % TILE_WIDTH]));
	}
	return ERR_OK;
}

/* What the registry still has must be the beginning of what the log shows. */
static enum err
look_behind(struct notary *n, struct guard *g)
{
	AUTO_FD fd = open(n->config->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source tiles = tile_source_dir(&fd);
	enum err e;

	if (fd == -1)
		return err_system("%s: open", n->config->log);
	e = recover_edge(&tiles, n->registry, g->published, g->entries);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (e != ERR_OK || count_missing(g, &tiles) != ERR_OK)
		log_warning("what is missing cannot be told: %s", err_why());
	return ERR_OK;
}

/* ---- the mark */

/* The log has been set back, the registry goes on past the mark. */
static enum err
check_registry_at_mark(struct notary *n, const struct mark *m)
{
	struct recompute_source source = recover_source(n->registry);
	struct recompute r = { 0 };
	struct hash root;

	TRY(recompute_root(&r, &source, m->size, &root));
	if (!merkle_equal(&root, &m->root))
		return err_because(ERR_CORRUPT, "the registry's first %" PRIu64
		    " entries are not those that were published: it or the "
		    "log was exchanged", m->size);
	log_warning("the published log was set back behind entry %" PRIu64
	    "; the registry has everything, it is published again", m->size);
	return ERR_OK;
}

static enum err
check_mark(struct notary *n, const struct guard *g,
    const struct recover_head *head)
{
	const struct mark *m = &g->mark;

	if (m->size == head->size && m->size != 0 &&
	    !merkle_equal(&m->root, &head->root))
		return err_because(ERR_CORRUPT, "two checkpoints of size %"
		    PRIu64 ": the published one is not the one that was "
		    "published before (a fork)", m->size);
	if (m->size > head->size && m->size <= g->entries)
		return check_registry_at_mark(n, m);
	return ERR_OK;
}

/* ---- looking */

static enum err
look(struct notary *n, struct guard *g)
{
	struct recover_head head;

	TRY(recover_head(n->config->log, &n->logkeys, &head));
	TRY(registry_entry_count(n->registry, &g->entries));
	g->published = head.size;
	g->known = g->mark.size > head.size ? g->mark.size : head.size;
	TRY(check_mark(n, g, &head));
	g->held = g->known > g->entries;
	if (!g->held && head.strange &&
	    logkeys_present(&n->logkeys, VKEY_ED25519) != NULL)
		return err_because(ERR_MISMATCH, "the published checkpoint is "
		    "signed by a key of okse.yaml that no entry of the "
		    "registry has given the log to");
	if (g->published > g->entries)
		TRY(look_behind(n, g));
	if (g->held)
		log_error("%s", guard_check(g) != ERR_OK ? err_why() : "");
	return ERR_OK;
}

enum err
guard_open(struct notary *n)
{
	struct guard g = { .mark.fd = -1 };
	enum err e;

	TRY(mark_open(n->config->state, n->config->origin, &g.mark));
	if ((e = look(n, &g)) != ERR_OK) {
		guard_done(&g);
		return e;
	}
	n->guard = g;
	return ERR_OK;
}

void
guard_done(struct guard *g)
{
	mark_done(&g->mark);
}

bool
guard_can_repair(const struct guard *g)
{
	return g->held && g->published == g->known;
}

enum err
guard_check(const struct guard *g)
{
	if (g->lost)
		return err_because(ERR_BEHIND, "the registry's database "
		    "forgot what was committed: nothing is decided until it "
		    "was brought back");
	if (!g->held && g->awaited[0] != '\0')
		return err_because(ERR_BEHIND, "the registry's database may "
		    "have forgotten what others committed: nothing is "
		    "decided until %s", g->awaited);
	if (!g->held)
		return ERR_OK;
	return err_because(ERR_BEHIND, "the registry ends before entry %"
	    PRIu64 ", but entries up to %" PRIu64 " were published: an old "
	    "copy was restored, or commits were lost; nothing is decided "
	    "until %s", g->entries, g->known - 1, guard_can_repair(g) ?
	    "okse registry repair has brought them back" :
	    "the published log itself is brought back, from a mirror");
}

/* ---- while running */

enum err
guard_again(struct notary *n)
{
	uint64_t entries;

	if (n->guard.held)
		return ERR_OK;
	if (registry_is_moved(n->registry))
		return err_because(ERR_CORRUPT, "another file was put in the "
		    "registry's place while it was open");
	TRY(registry_entry_count(n->registry, &entries));
	if (entries != journal_durable(n->journal))
		return err_because(entries < journal_durable(n->journal) ?
		    ERR_BEHIND : ERR_CORRUPT, "the registry has %" PRIu64
		    " entries where %" PRIu64 " were committed", entries,
		    journal_durable(n->journal));
	return mark_sync(&n->guard.mark);
}

enum err
guard_connected(struct notary *n)
{
	uint64_t connection = registry_connection(n->registry);

	if (connection == n->guard.connection)
		return ERR_OK;
	TRY(guard_again(n));
	TRY(fleet_look(n));
	if (connection == registry_connection(n->registry))
		n->guard.connection = connection;
	return ERR_OK;
}

enum err
guard_lost(struct notary *n)
{
	if (n->guard.lost)
		return ERR_OK;
	log_error("%s; the log is shown to its end, then this process starts "
	    "anew", err_why());
	n->guard.lost = true;
	n->guard.news++;
	journal_rolled_back(n->journal);
	return journal_alone(n->journal);
}

bool
guard_has_shown_all(const struct notary *n)
{
	return journal_published(n->journal) == journal_durable(n->journal);
}

enum err
guard_published(struct notary *n)
{
	struct hash root = journal_root(n->journal);

	return mark_put(&n->guard.mark, n->config->origin,
	    journal_published(n->journal), &root);
}

/* ---- telling */

static void
put_kinds(const struct guard_kinds *k, struct json *j)
{
	json_record(j, "kinds");
	json_int(j, "qr_tokens", (int64_t)k->qr_tokens);
	json_int(j, "credentials", (int64_t)k->credentials);
	json_int(j, "status_changes", (int64_t)k->status_changes);
	json_int(j, "refusals", (int64_t)k->refused);
	json_int(j, "other", (int64_t)k->other);
	json_close(j);
}

const char *
guard_what(const struct guard *g)
{
	return guard_is_open(g) ? "" : g->held || g->lost ? "registry" :
	    "fleet";
}

enum err
guard_put(const struct guard *g, struct bytes *out)
{
	struct json j = json_start(out);

	if (guard_check(g) == ERR_OK)
		return ERR_OK;
	json_record(&j, NULL);
	json_c_text(&j, "what", guard_what(g));
	json_c_text(&j, "why", err_why());
	if (!g->held) {
		json_close(&j);
		return json_end(&j);
	}
	json_int(&j, "first_missing", (int64_t)g->entries);
	json_int(&j, "last_missing", (int64_t)g->known - 1);
	json_bool(&j, "repairable", guard_can_repair(g));
	put_kinds(&g->kinds, &j);
	json_close(&j);
	return json_end(&j);
}

void
guard_metrics(const struct guard *g, struct bytes *out)
{
	tally_head(out, "registry_missing_entries", "gauge",
	    "Published entries that the registry does not know.");
	bytes_printf(out, "okse_registry_missing_entries %" PRIu64 "\n",
	    g->held ? g->known - g->entries : 0);
}
