/*
 * Recovery of the log. The registry's entries and the published files are
 * both read as possibly damaged: what does not fit stops the start, with the
 * sizes, and nothing is repaired by guessing. Only tiles,
 * which the entries determine, are made anew. Next: journal.c.
 */
#include "signer/notary/recover.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "base/file.h"
#include "signer/log.h"

#define REBUILD_STEP 65536	/* entries between two writings of tiles */

enum err
recover_head(const char *dir, const struct logkeys *keys,
    struct recover_head *out_head)
{
	AUTO_DONE(bytes) text = { 0 };
	struct checkpoint c;
	bool strange;
	enum err e = publish_read_checkpoint(dir, &text);

	if (e == ERR_NOT_FOUND) {
		*out_head = (struct recover_head){
			.root = merkle_root(NULL, 0),
		};
		return ERR_OK;
	}
	TRY(e);
	e = logkeys_open(keys, bytes_view(&text), &c, &strange);
	if (e != ERR_OK)
		return err_because(e, "%s/checkpoint: %s", dir, err_why());
	*out_head = (struct recover_head){ c.size, c.root, strange };
	return ERR_OK;
}

static enum err
get_entry(struct registry *r, uint64_t index, struct view *out)
{
	enum err e = registry_entry_get(r, index, out);

	if (e == ERR_NOT_FOUND)
		return err_because(ERR_CORRUPT,
		    "the registry has no entry %" PRIu64, index);
	return e;
}

static enum err
read_source(void *arg, uint64_t index, struct view *out_entry)
{
	return get_entry(arg, index, out_entry);
}

struct recompute_source
recover_source(struct registry *r)
{
	return (struct recompute_source){ .read = read_source, .arg = r };
}

enum err
recover_edge(const struct tile_source *tiles, struct registry *r,
    uint64_t size, uint64_t upto)
{
	struct tile_id id = { .level = 0, .index = (upto - 1) / TILE_WIDTH };
	struct hash leaves[TILE_WIDTH];

	if (upto == 0)
		return ERR_OK;
	id.width = tile_width(0, id.index, size);
	TRY(tile_read(tiles, id, leaves));
	for (uint64_t i = id.index * TILE_WIDTH; i < upto; i++) {
		struct view entry;
		struct hash leaf;

		TRY(get_entry(r, i, &entry));
		leaf = merkle_leaf(entry);
		if (!merkle_equal(&leaf, &leaves[i % TILE_WIDTH]))
			return err_because(ERR_CORRUPT, "entry %" PRIu64
			    " of the registry is not the published one: one "
			    "of them was altered, or the log was forked", i);
	}
	return ERR_OK;
}

enum err
recover_append(struct publish *p, struct registry *r, uint64_t size)
{
	for (uint64_t i = publish_size(p); i < size; i++) {
		struct view entry;

		TRY(get_entry(r, i, &entry));
		TRY(publish_append(p, entry));
	}
	return ERR_OK;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * All tiles again, from entries that hash to the signed root; with the partial
 * ones of every period's end.
 */
static enum err
rebuild(const char *dir, struct registry *r, const struct recover_head *h,
    const struct closed *closed, struct recovered *out)
{
	struct recompute_source source = recover_source(r);
	struct hash root, empty = merkle_root(NULL, 0);

	TRY(recompute_root(&out->recompute, &source, h->size, &root));
	if (!merkle_equal(&root, &h->root))
		return err_because(ERR_CORRUPT, "the registry's entries do "
		    "not hash to the published root of size %" PRIu64,
		    h->size);
	TRY(publish_open(dir, 0, &empty, &out->publish));
	for (uint64_t i = 0; i < h->size;) {
		i = least(least(i + REBUILD_STEP, h->size),
		    closed_next(closed, i));
		TRY(recover_append(out->publish, r, i));
		TRY(publish_tiles(out->publish));
	}
	out->found.rebuilt = true;
	return ERR_OK;
}

static enum err
open_tiles(const char *dir, struct registry *r, const struct recover_head *h,
    struct recovered *out)
{
	AUTO_FD fd = -1;
	struct tile_source tiles = tile_source_dir(&fd);

	TRY(publish_open(dir, h->size, &h->root, &out->publish));
	if (h->size == 0)
		return ERR_OK;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_system("%s: open", dir);
	TRY(recompute_load(&out->recompute, &tiles, h->size, &h->root));
	return recover_edge(&tiles, r, h->size, h->size);
}

static enum err
open_or_rebuild(const char *dir, struct registry *r,
    const struct recover_head *h, const struct closed *closed,
    struct recovered *out)
{
	enum err e = open_tiles(dir, r, h, out);

	if (e != ERR_NOT_FOUND && e != ERR_CORRUPT && e != ERR_MISMATCH)
		return e;
	log_warning("the published log does not open (%s): can its tiles be "
	    "made anew from the registry?", err_why());
	publish_close(STEAL(out->publish));
	out->recompute = (struct recompute){ 0 };
	return rebuild(dir, r, h, closed, out);
}

static enum err
last_time(struct registry *r, uint64_t size, int64_t *out_ms)
{
	struct schema_entry entry;
	struct view bytes;

	*out_ms = 0;
	if (size == 0)
		return ERR_OK;
	TRY(get_entry(r, size - 1, &bytes));
	TRY(schema_get(bytes, &entry));
	*out_ms = (int64_t)schema_count(&entry, SCHEMA_T);
	return ERR_OK;
}

static enum err
recover(const char *dir, struct registry *r, const struct logkeys *keys,
    const struct closed *closed, struct recovered *out)
{
	struct recover_head h;

	TRY(recover_head(dir, keys, &h));
	TRY(registry_entry_count(r, &out->found.entries));
	out->found.published = h.size;
	if (h.size > out->found.entries)
		return err_because(ERR_CORRUPT, "the published log has %"
		    PRIu64 " entries, the registry only %" PRIu64, h.size,
		    out->found.entries);
	TRY(open_or_rebuild(dir, r, &h, closed, out));
	TRY(recover_append(out->publish, r, least(out->found.entries,
	    closed_stop(closed, h.size))));
	return last_time(r, out->found.entries, &out->last_t);
}

enum err
recover_log(const char *dir, struct registry *r, const struct logkeys *keys,
    const struct closed *closed, struct recovered *out_recovered)
{
	struct recovered found = { 0 };
	enum err e = recover(dir, r, keys, closed, &found);

	if (e != ERR_OK) {
		publish_close(found.publish);
		return e;
	}
	*out_recovered = found;
	return ERR_OK;
}
