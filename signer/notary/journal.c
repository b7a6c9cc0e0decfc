/*
 * Writing the log. Entries come from the notary's own stages; the published
 * directory is read by web servers and the gate while it is written. Next:
 * record.c and chores.c, which stage entries; dispatch.c, which has
 * checkpoints signed.
 */
#include "signer/notary/journal.h"

#include <inttypes.h>

#include "audit/checkpoint.h"
#include "audit/note.h"
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
	const struct vkey	*key;
	const struct vkey	*second;	/* or NULL */
	char			*origin;
	struct publish		*publish;
	struct recompute	 recompute;
	uint8_t			 boot[ENTRY_BOOT_SIZE];
	struct stage		 stage, marked, durable;
	uint64_t		 published;
	struct hash		 root;		/* of that checkpoint */
	struct bytes		 staged;	/* blocks, one an entry */
	struct bytes		 entry;		/* of our own events */
	struct bytes		 body;		/* checkpoint being signed */
	int64_t			 asked_us;	/* when, 0 for never */
};

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	publish_close(j->publish);
	mem_free(j->origin);
	bytes_done(&j->staged);
	bytes_done(&j->entry);
	bytes_done(&j->body);
	mem_free(j);
}

static enum err
set_origin(struct journal *j)
{
	struct view name = vkey_name(j->key);
	AUTO_DONE(bytes) text = { 0 };

	bytes_put(&text, name);
	j->origin = mem_text(bytes_text(&text));
	return j->origin != NULL ? ERR_OK :
	    err_because(ERR_MEMORY, "the log's origin");
}

enum err
journal_open(const char *dir, struct registry *registry,
    const struct vkey *key, struct journal **out_journal,
    struct journal_found *out_found)
{
	AUTO(journal) j = mem_new(1, sizeof(*j));
	struct recovered found;

	if (j == NULL)
		return err_because(ERR_MEMORY, "the journal");
	j->registry = registry;
	j->key = key;
	TRY(set_origin(j));
	TRY(random_bytes(j->boot, sizeof(j->boot)));
	TRY(recover_log(dir, registry, key, &found));
	j->publish = found.publish;
	j->recompute = found.recompute;
	j->stage.next = found.found.entries;
	j->stage.clock.last = found.last_t;
	j->marked = j->durable = j->stage;
	j->published = found.found.published;
	*out_found = found.found;
	*out_journal = STEAL(j);
	return ERR_OK;
}

void
journal_second_key(struct journal *j, const struct vkey *second)
{
	j->second = second;
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

enum err
journal_committed(struct journal *j)
{
	struct reader r = reader_of(bytes_view(&j->staged));

	while (r.rest.len != 0)
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

struct hash
journal_root(const struct journal *j)
{
	return j->root;
}

/* ---- checkpoints */

static bool
is_due(const struct journal *j, int64_t now_us)
{
	return j->durable.next > j->published && j->body.len == 0 &&
	    (j->asked_us == 0 || now_us - j->asked_us >= JOURNAL_PAUSE);
}

/* A flipped bit in memory must stop one publication, not kill the log. */
static enum err
second_opinion(struct journal *j, uint64_t size, const struct hash *root)
{
	struct recompute_source source = recover_source(j->registry);
	struct hash second;

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
	TRY(publish_tiles(j->publish));
	size = publish_ready(j->publish, &root);
	TRY(second_opinion(j, size, &root));
	TRY(checkpoint_body(j->origin, size, &root, &j->body));
	bytes_put(out_body, bytes_view(&j->body));
	return bytes_check(out_body);
}

/* One signature after the other, each verified before it is put. */
static enum err
put_signatures(const struct journal *j, struct view signatures,
    struct bytes *note)
{
	struct view body = bytes_view(&j->body);
	struct reader r = reader_of(signatures);
	struct view first = reader_take(&r, ED25519_SIGNATURE_SIZE);
	uint64_t when;

	TRY(vkey_verify(j->key, body, first, &when));
	note_put_text(note, body);
	note_put_signature(note, j->key, first);
	if (j->second == NULL)
		return r.rest.len == 0 ? ERR_OK : err_because(ERR_SIGNATURE,
		    "a second signature, and no key for it");
	TRY(vkey_verify(j->second, body, r.rest, &when));
	note_put_signature(note, j->second, r.rest);
	return ERR_OK;
}

enum err
journal_cosigned(struct journal *j, struct view signatures)
{
	AUTO_DONE(bytes) note = { 0 };

	if (j->body.len == 0)
		return err_because(ERR_INTERNAL,
		    "a signature of a checkpoint that nobody asked for");
	TRY(put_signatures(j, signatures, &note));
	TRY(bytes_check(&note));
	TRY(publish_checkpoint(j->publish, bytes_view(&note)));
	j->published = publish_ready(j->publish, &j->root);
	bytes_reset(&j->body);
	return ERR_OK;
}

void
journal_not_cosigned(struct journal *j)
{
	bytes_reset(&j->body);
}
