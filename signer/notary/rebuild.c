/*
 * The repair. The published directory may be anybody's copy: it counts for
 * what hashes to the checkpoint that the log's key has signed. Next:
 * restore.c for each entry.
 */
#include "signer/notary/rebuild.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "signer/log.h"
#include "signer/notary/recover.h"
#include "signer/notary/reported.h"
#include "signer/notary/restore.h"

#define STEP 2048		/* entries; some milliseconds */
#define MEMORY "repaired"	/* what is to be recorded, once it is whole */
#define CHALLENGES "challenges"	/* none given before counts any more */

enum phase { VERIFYING, RESTORING, WHOLE };

struct rebuild {
	struct notary		*notary;
	int			 dir;
	struct tile_source	 tiles;
	struct recompute_bundles *bundles;
	struct recompute_source	 published;
	struct recompute	 recompute;
	struct recover_head	 head;
	enum phase		 phase;
	uint64_t		 next;		/* entry, of the phase */
	uint64_t		 from;		/* the first ever missing */
	struct restored		 restored;
};

void
rebuild_free(struct rebuild *b)
{
	if (b == NULL)
		return;
	recompute_bundles_free(b->bundles);
	fd_close(&b->dir);
	mem_free(b);
}

/* ---- what will be recorded: from, to, newest, counts */

static enum err
recall(struct registry *r, uint64_t *out_from, uint64_t *out_to,
    struct restored *out)
{
	AUTO_DONE(bytes) value = { 0 };
	enum err e = registry_meta_get(r, MEMORY, &value);
	struct reader in = reader_of(bytes_view(&value));
	struct restored found;
	uint64_t from, to;

	if (e == ERR_NOT_FOUND || (e == ERR_OK && value.len == 0))
		return ERR_NOT_FOUND;
	TRY(e);
	from = reader_u64(&in);
	to = reader_u64(&in);
	found.newest = (int64_t)reader_u64(&in);
	for (size_t i = 0; i < RESTORE_KIND_COUNT; i++)
		found.counts[i] = reader_u64(&in);
	TRY(reader_end(&in, MEMORY));
	*out_from = from;
	*out_to = to;
	*out = found;
	return ERR_OK;
}

static enum err
remember(const struct rebuild *b)
{
	AUTO_DONE(bytes) value = { 0 };

	bytes_put_u64(&value, b->from);
	bytes_put_u64(&value, b->next - 1);
	bytes_put_u64(&value, (uint64_t)b->restored.newest);
	for (size_t i = 0; i < RESTORE_KIND_COUNT; i++)
		bytes_put_u64(&value, b->restored.counts[i]);
	TRY(bytes_check(&value));
	return registry_meta_put(b->notary->registry, MEMORY,
	    bytes_view(&value));
}

static enum err
put_entry(struct notary *n, uint64_t from, uint64_t to,
    const uint64_t counts[RESTORE_KIND_COUNT])
{
	struct entry_tally tally[RESTORE_KIND_COUNT];
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	for (size_t i = 0; i < RESTORE_KIND_COUNT; i++)
		tally[i] = (struct entry_tally){ restore_words[i], counts[i] };
	TRY(journal_next(n->journal, &c));
	TRY(entry_registry_repair(&c, from, to, tally, COUNT(tally), &entry));
	return journal_put(n->journal, bytes_view(&entry), NULL);
}

/* ---- challenges, whose use the log does not tell */

static enum err
put_challenges(struct notary *n, int64_t newest)
{
	AUTO_DONE(bytes) value = { 0 };

	bytes_put_u64(&value, (uint64_t)newest);
	TRY(bytes_check(&value));
	n->challenges_since = newest;
	return registry_meta_put(n->registry, CHALLENGES, bytes_view(&value));
}

static enum err
load_challenges(void *arg, int64_t node, struct view value)
{
	struct notary *n = arg;
	struct reader r = reader_of(value);
	int64_t since = (int64_t)reader_u64(&r);

	(void)node;
	if (since > n->challenges_since)
		n->challenges_since = since;
	return reader_end(&r, CHALLENGES);
}

enum err
rebuild_load(struct notary *n)
{
	return registry_meta_each(n->registry, CHALLENGES, load_challenges,
	    n);
}

enum err
rebuild_record(struct notary *n)
{
	struct restored done;
	uint64_t from, to;
	enum err e = recall(n->registry, &from, &to, &done);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	TRY(put_entry(n, from, to, done.counts));
	TRY(put_challenges(n, done.newest));
	TRY(reported_again(n));
	return registry_meta_put(n->registry, MEMORY, VIEW(NULL, 0));
}

/* ---- beginning */

static enum err
check_wish(const struct guard *g, uint64_t first, uint64_t last)
{
	if (!g->held)
		return err_because(ERR_NOT_FOUND,
		    "the registry lacks nothing that was published");
	if (!guard_can_repair(g))
		return err_because(ERR_UNAVAILABLE, "the published log ends "
		    "before entry %" PRIu64 ": bring it back first",
		    g->known - 1);
	if (first != g->entries || last != g->published - 1)
		return err_because(ERR_MISMATCH, "entries %" PRIu64 " to %"
		    PRIu64 " are missing, not those that were confirmed",
		    g->entries, g->published - 1);
	return ERR_OK;
}

enum err
rebuild_start(struct notary *n, uint64_t first, uint64_t last,
    struct rebuild **out_rebuild)
{
	AUTO(rebuild) b = mem_new(1, sizeof(*b));
	uint64_t to;
	enum err e;

	if (b == NULL)
		return err_because(ERR_MEMORY, "a repair");
	b->dir = -1;
	TRY(check_wish(&n->guard, first, last));
	b->notary = n;
	b->from = first;
	TRY(recover_head(n->config->log, &n->logkeys, &b->head));
	b->dir = open(n->config->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->dir == -1)
		return err_system("%s", n->config->log);
	b->tiles = tile_source_dir(&b->dir);
	TRY(recompute_bundles_new(&b->tiles, b->head.size, &b->bundles));
	b->published = recompute_from(b->bundles);
	/* begun before, and interrupted */
	e = recall(n->registry, &b->from, &to, &b->restored);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	*out_rebuild = STEAL(b);
	return ERR_OK;
}

/* ---- verifying */

/* A published entry, which the registry has as well if it has its index. */
static enum err
read_both(void *arg, uint64_t index, struct view *out_entry)
{
	struct rebuild *b = arg;
	struct view published, own;

	TRY(b->published.read(b->published.arg, index, &published));
	if (index < b->notary->guard.entries) {
		TRY(registry_entry_get(b->notary->registry, index, &own));
		if (!view_equal(own, published))
			return err_because(ERR_CORRUPT, "entry %" PRIu64
			    " of the registry is not the published one",
			    index);
	}
	*out_entry = published;
	return ERR_OK;
}

static uint64_t
chunk_end(const struct rebuild *b)
{
	return b->head.size - b->next > STEP ? b->next + STEP : b->head.size;
}

static enum err
verify_some(struct rebuild *b)
{
	const struct recompute_source both = { .read = read_both, .arg = b };
	struct hash root;

	TRY(recompute_root(&b->recompute, &both, chunk_end(b), &root));
	b->next = chunk_end(b);
	if (b->next != b->head.size)
		return ERR_OK;
	if (!merkle_equal(&root, &b->head.root))
		return err_because(ERR_CORRUPT, "the published entries do "
		    "not hash to their checkpoint: nothing was repaired");
	b->phase = RESTORING;
	b->next = b->notary->guard.entries;
	return ERR_OK;
}

/* ---- restoring */

static enum err
stage_some(struct rebuild *b)
{
	struct notary *n = b->notary;

	for (uint64_t end = chunk_end(b); b->next < end; b->next++) {
		struct view entry;

		TRY(b->published.read(b->published.arg, b->next, &entry));
		TRY(restore_entry(n->registry, b->next, entry,
		    n->config->status_lists.entries, &b->restored));
	}
	return remember(b);
}

static enum err
restore_some(struct rebuild *b)
{
	struct registry *r = b->notary->registry;

	TRY(registry_begin(r));
	TRY(stage_some(b));
	TRY(registry_commit(r));
	if (b->next == b->head.size)
		b->phase = WHOLE;
	return ERR_OK;
}

enum err
rebuild_step(struct rebuild *b, bool *out_done)
{
	if (b->phase == VERIFYING)
		TRY(verify_some(b));
	else if (b->phase == RESTORING)
		TRY(restore_some(b));
	*out_done = b->phase == WHOLE;
	return ERR_OK;
}

void
rebuild_put(const struct rebuild *b, struct json *j)
{
	static const char *const phases[] = { "verifying", "restoring",
	    "whole" };

	if (b == NULL) {
		json_none(j, "repair");
		return;
	}
	json_record(j, "repair");
	json_c_text(j, "phase", phases[b->phase]);
	json_int(j, "at", (int64_t)b->next);
	json_int(j, "size", (int64_t)b->head.size);
	json_close(j);
}
