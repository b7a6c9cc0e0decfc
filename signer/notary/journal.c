/*
 * Writing the log. Entries come from the notary's own stages; the published
 * directory is read by web servers and the gate while it is written. Next:
 * record.c and chores.c, which stage entries; dispatch.c, which has
 * checkpoints signed.
 */
#include "signer/notary/journal.h"

#include <fcntl.h>
#include <inttypes.h>

#include "audit/checkpoint.h"
#include "audit/cosignature.h"
#include "base/file.h"
#include "base/time.h"
#include "signer/notary/recover.h"

/* How far the staging has come. */
struct stage {
	uint64_t		next;		/* index of the next entry */
	size_t			len;		/* of what is staged */
	struct entry_clock	clock;
};

struct journal {
	struct registry		*registry;
	const struct logkeys	*keys;
	const struct closed	*closed;
	char			*origin;
	char			*log;		/* the published directory */
	struct publish		*publish;
	struct recompute	 recompute;
	uint8_t			 boot[ENTRY_BOOT_SIZE];
	struct stage		 stage, marked, durable;
	uint64_t		 published;
	uint64_t		 signed_count;	/* checkpoints */
	struct hash		 root;		/* of that checkpoint */
	struct bytes		 staged;	/* blocks, one an entry */
	struct bytes		 entry;		/* of our own events */
	struct bytes		 body;		/* checkpoint being signed */
	int64_t			 asked_us;	/* when, 0 for never */
	int64_t			 pause_us;
	/* for witnesses */
	int			 dir;		/* the published directory */
	bool			 waits;		/* for journal_publish() */
	bool			 alone;		/* without the database */
	struct bytes		 note;		/* the newest signed one */
	uint64_t		 note_size;
	bool			 offered;	/* it is not published yet */
	bool			 grown;		/* it is, with fewer lines */
};

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	publish_close(j->publish);
	fd_close(&j->dir);
	bytes_done(&j->note);
	mem_free(j->origin);
	mem_free(j->log);
	bytes_done(&j->staged);
	bytes_done(&j->entry);
	bytes_done(&j->body);
	mem_free(j);
}

static enum err
set_origin(struct journal *j)
{
	struct view name = vkey_name(j->keys->at[0].key);
	AUTO_DONE(bytes) text = { 0 };

	bytes_put(&text, name);
	j->origin = mem_text(bytes_text(&text));
	return j->origin != NULL ? ERR_OK :
	    err_because(ERR_MEMORY, "the log's origin");
}

static enum err
open_note(struct journal *j, const char *dir)
{
	enum err e = publish_read_checkpoint(dir, &j->note);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	j->note_size = j->published;
	j->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return j->dir == -1 ? err_system("%s: open", dir) : ERR_OK;
}

enum err
journal_open(const char *dir, struct registry *registry,
    const struct logkeys *keys, const struct closed *closed,
    struct journal **out_journal, struct journal_found *out_found)
{
	AUTO(journal) j = mem_new(1, sizeof(*j));
	struct recovered found;

	if (j == NULL)
		return err_because(ERR_MEMORY, "the journal");
	j->dir = -1;
	j->pause_us = JOURNAL_PAUSE;
	j->registry = registry;
	j->keys = keys;
	j->closed = closed;
	TRY(set_origin(j));
	if ((j->log = mem_text(dir)) == NULL)
		return err_because(ERR_MEMORY, "the journal");
	TRY(random_bytes(j->boot, sizeof(j->boot)));
	TRY(recover_log(dir, registry, keys, closed, &found));
	j->publish = found.publish;
	j->recompute = found.recompute;
	j->stage.next = found.found.entries;
	j->stage.clock.last = found.last_t;
	j->marked = j->durable = j->stage;
	j->published = found.found.published;
	TRY(open_note(j, dir));
	/* a crash may have come between */
	TRY(logkeys_hand_over(keys, dir, bytes_view(&j->note)));
	TRY(logkeys_show(keys, dir, j->published));
	*out_found = found.found;
	*out_journal = STEAL(j);
	return ERR_OK;
}

/* ---- entries */

static enum err
fill(struct journal *j, int64_t t, struct entry_common *out)
{
	struct entry_common c = { .seq = j->stage.next, .t = t };

	for (size_t i = 0; i < sizeof(c.boot); i++)
		c.boot[i] = j->boot[i];
	TRY(random_bytes(c.nonce, sizeof(c.nonce)));
	*out = c;
	return ERR_OK;
}

static enum err
put_step(struct journal *j, int64_t t, int64_t step)
{
	struct entry_common c;

	TRY(fill(j, t, &c));
	bytes_reset(&j->entry);
	TRY(entry_clock_step(&c, step, &j->entry));
	return journal_put(j, bytes_view(&j->entry), NULL);
}

enum err
journal_next(struct journal *j, struct entry_common *out_common)
{
	int64_t step, t;

	t = entry_clock_now(&j->stage.clock, time_now_ms(), time_monotonic_us(),
	    &step);
	if (step != 0)
		TRY(put_step(j, t, step));
	return fill(j, t, out_common);
}

enum err
journal_put(struct journal *j, struct view entry, struct hash *out_leaf)
{
	TRY(registry_entry_put(j->registry, j->stage.next, entry));
	bytes_put_block(&j->staged, entry);
	TRY(bytes_check(&j->staged));
	j->stage.next++;
	j->stage.len = j->staged.len;
	if (out_leaf != NULL)
		*out_leaf = merkle_leaf(entry);
	return ERR_OK;
}

enum err
journal_each_staged(const struct journal *j,
    enum err (*take)(void *context, struct view entry), void *context)
{
	struct reader r = reader_of(bytes_view(&j->staged));

	while (r.rest.len != 0)
		TRY(take(context, reader_block(&r, SCHEMA_ENTRY_MAX)));
	return ERR_OK;
}

static void
go_back(struct journal *j, const struct stage *to)
{
	j->stage = *to;
	j->staged.len = to->len;
	j->staged.failed = false;
}

void
journal_mark(struct journal *j)
{
	j->marked = j->stage;
}

void
journal_undo(struct journal *j)
{
	go_back(j, &j->marked);
}

void
journal_rolled_back(struct journal *j)
{
	go_back(j, &j->durable);
}

/* As many as the next checkpoint may have. */
static uint64_t
may_have(const struct journal *j)
{
	uint64_t stop = closed_stop(j->closed, j->published);

	return stop < j->durable.next ? stop : j->durable.next;
}

/* The end of a period comes under a checkpoint before what follows it. */
static bool
is_stopped(const struct journal *j)
{
	return closed_stop(j->closed, j->published) != CLOSED_NONE ||
	    publish_size(j->publish) < j->durable.next;
}

enum err
journal_committed(struct journal *j)
{
	struct reader r = reader_of(bytes_view(&j->staged));
	bool stopped = is_stopped(j);

	while (!stopped && r.rest.len != 0)
		TRY(publish_append(j->publish,
		    reader_block(&r, SCHEMA_ENTRY_MAX)));
	bytes_reset(&j->staged);
	j->stage.len = 0;
	j->durable = j->stage;
	return ERR_OK;
}

uint64_t
journal_staged(const struct journal *j)
{
	return j->stage.next;
}

uint64_t
journal_durable(const struct journal *j)
{
	return j->durable.next;
}

uint64_t
journal_published(const struct journal *j)
{
	return j->published;
}

uint64_t
journal_signed(const struct journal *j)
{
	return j->signed_count;
}

struct hash
journal_root(const struct journal *j)
{
	return j->root;
}

/* ---- checkpoints */

static bool
is_due(const struct journal *j, int64_t now_us)
{
	return may_have(j) > j->published && j->body.len == 0 &&
	    !j->offered &&
	    (j->asked_us == 0 || now_us - j->asked_us >= j->pause_us);
}

/* A flipped bit in memory must stop one publication, not kill the log. */
static enum err
second_opinion(struct journal *j, uint64_t size, const struct hash *root)
{
	struct recompute_source source = recover_source(j->registry);
	struct tile_source tiles = tile_source_dir(&j->dir);
	AUTO(recompute_bundles) bundles = NULL;
	struct hash second;

	if (j->alone) {
		TRY(recompute_bundles_new(&tiles, size, &bundles));
		source = recompute_from(bundles);
	}
	TRY(recompute_root(&j->recompute, &source, size, &second));
	if (!merkle_equal(root, &second))
		return err_because(ERR_CORRUPT, "the root of %" PRIu64
		    " entries was computed twice with different results",
		    size);
	return ERR_OK;
}

enum err
journal_checkpoint(struct journal *j, int64_t now_us, struct bytes *out_body)
{
	struct hash root;
	uint64_t size;

	if (!is_due(j, now_us))
		return ERR_OK;
	j->asked_us = now_us;
	TRY(journal_publish(j));
	/* what waited behind the end of a period comes from the registry */
	TRY(recover_append(j->publish, j->registry, may_have(j)));
	TRY(publish_tiles(j->publish));
	size = publish_ready(j->publish, &root);
	TRY(second_opinion(j, size, &root));
	TRY(checkpoint_body(j->origin, size, &root, &j->body));
	bytes_put(out_body, bytes_view(&j->body));
	return bytes_check(out_body);
}

enum err
journal_cosigned(struct journal *j, struct view signatures)
{
	AUTO_DONE(bytes) note = { 0 };
	struct hash root;

	if (j->body.len == 0)
		return err_because(ERR_INTERNAL,
		    "a signature of a checkpoint that nobody asked for");
	TRY(logkeys_sign(j->keys, bytes_view(&j->body), signatures, &note));
	bytes_reset(&j->note);
	bytes_put(&j->note, bytes_view(&note));
	TRY(bytes_check(&j->note));
	j->note_size = publish_ready(j->publish, &root);
	j->offered = true;
	j->signed_count++;
	bytes_reset(&j->body);
	return j->waits ? ERR_OK : journal_publish(j);
}

void
journal_not_cosigned(struct journal *j)
{
	bytes_reset(&j->body);
}

/* ---- with witnesses */

void
journal_witnessed(struct journal *j, int64_t pause_us)
{
	j->waits = true;
	j->pause_us = pause_us;
}

struct view
journal_note(const struct journal *j)
{
	return bytes_view(&j->note);
}

uint64_t
journal_note_size(const struct journal *j)
{
	return j->note_size;
}

bool
journal_is_offer(const struct journal *j)
{
	return j->offered;
}

enum err
journal_prove(struct journal *j, uint64_t from, uint64_t to,
    struct proof *out_proof)
{
	struct tile_source tiles = tile_source_dir(&j->dir);

	*out_proof = (struct proof){ 0 };
	if (from == 0 || from == to)
		return ERR_OK;
	return proof_consistency(&tiles, from, to, out_proof);
}

enum err
journal_add_line(struct journal *j, const struct vkey *witness,
    struct view line)
{
	AUTO_DONE(bytes) note = { 0 };
	struct hash root;

	TRY(cosignature_add(bytes_view(&j->note), witness, line, &note));
	bytes_reset(&j->note);
	bytes_put(&j->note, bytes_view(&note));
	TRY(bytes_check(&j->note));
	/* once tiles of a larger tree are written it is too late for this */
	j->grown = !j->offered &&
	    publish_ready(j->publish, &root) == j->note_size;
	return ERR_OK;
}

enum err
journal_publish(struct journal *j)
{
	if (!j->offered && !j->grown)
		return ERR_OK;
	TRY(logkeys_hand_over(j->keys, j->log, bytes_view(&j->note)));
	TRY(publish_checkpoint(j->publish, bytes_view(&j->note)));
	j->published = publish_ready(j->publish, &j->root);
	j->offered = j->grown = false;
	return logkeys_show(j->keys, j->log, j->published);
}

enum err
journal_alone(struct journal *j)
{
	j->alone = true;
	j->waits = false;
	j->pause_us = 0;
	return journal_publish(j);
}

enum err
journal_keep_witnessed(const struct journal *j)
{
	return publish_witnessed(j->publish, bytes_view(&j->note));
}

enum err
journal_root_is(struct journal *j, uint64_t size, const struct hash *root)
{
	struct recompute_source source = recover_source(j->registry);
	struct tile_source tiles = tile_source_dir(&j->dir);
	struct recompute further = j->recompute;
	struct hash ours;
	uint64_t ready = publish_ready(j->publish, &ours);
	struct proof p;

	if (size > j->durable.next)
		return err_because(ERR_RANGE, "not so many entries");
	if (size == 0)
		return ERR_OK;
	/* tiles there are of that size alone: they prove what came before */
	if (size <= ready) {
		TRY(proof_consistency(&tiles, size, ready, &p));
		return proof_check_consistency(&p, size, ready, root, &ours);
	}
	TRY(recompute_root(&further, &source, size, &ours));
	return merkle_equal(root, &ours) ? ERR_OK :
	    err_because(ERR_MISMATCH, "another root");
}
