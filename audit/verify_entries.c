/*
 * The pass over all entries: each is hashed into a tree of our own, read by
 * the log's schema and held against the others. Entries are what is doubted
 * here; the root that the tree comes to is compared in verify.c. Next in the
 * flow: verify_files.c for the tiles, reconcile.c for the entries.
 */
#include "audit/verify_run.h"

#define PROGRESS 16	/* bundles */

/* Keeps what is wrong with an entry, the reason being err_why(). */
static void
found_in_entry(struct verify_result *r, enum verify_check check,
    uint64_t index)
{
	struct tile_id id = { TILE_ENTRIES, index / TILE_WIDTH,
		tile_width(TILE_ENTRIES, index / TILE_WIDTH, r->size) };
	char path[TILE_PATH];

	verify_found(r, check, VERIFY_TAMPERED, (struct verify_place){
	    tile_path(id, path), index, index, VERIFY_NO_INDEX });
}

/* Counts one entry in a check, whose outcome is e. */
static enum err
tally(struct verify_run *v, enum verify_check check, enum err e,
    uint64_t index)
{
	if (e == ERR_MEMORY)
		return e;
	v->result->count[check].total++;
	v->result->count[check].good += e == ERR_OK;
	if (e != ERR_OK)
		found_in_entry(v->result, check, index);
	return ERR_OK;
}

/* Entries below this may be gone from now on; the entry itself may not. */
static enum err
check_minimum(struct verify_run *v, uint64_t index,
    const struct schema_entry *e)
{
	uint64_t min = schema_count(e, SCHEMA_MIN);

	if (e->event != SCHEMA_EVENT_PRUNE)
		return ERR_OK;
	if (min > index || min < v->result->minimum)
		return err_because(ERR_MISMATCH, "prune: the minimum index "
		    "goes back, or beyond this entry");
	v->result->minimum = min;
	return ERR_OK;
}

static enum err
check_period(struct verify_run *v, uint64_t index,
    const struct schema_entry *e)
{
	enum err found = closing_entry(&v->closing, index, e);
	struct hash root;

	if (e->event != SCHEMA_EVENT_PERIOD_CLOSE)
		return ERR_OK;
	root = tree_root(v->tree);
	closing_root(&v->closing, &root);
	bytes_put_u64(&v->ended, index + 1);
	bytes_put_u64(&v->ended, schema_count(e, SCHEMA_T));
	bytes_put(&v->ended, VIEW_OF(root.at));
	bytes_put_block(&v->ended, e->member[SCHEMA_PERIOD]);
	TRY(bytes_check(&v->ended));
	return tally(v, VERIFY_PERIODS, found, index);
}

static enum err
check_sequence(struct verify_run *v, uint64_t index,
    const struct schema_entry *e)
{
	TRY(reconcile_sequence(v->reconcile, index, e));
	return check_minimum(v, index, e);
}

static enum err
check_entry(struct verify_run *v, uint64_t index, struct view entry)
{
	struct hash leaf = merkle_leaf(entry);
	struct schema_entry e;
	enum err read = schema_get(entry, &e);

	TRY(tree_append(v->tree, &leaf));
	verify_reached(v);
	TRY(tally(v, VERIFY_SCHEMA, read, index));
	if (read != ERR_OK)
		return ERR_OK;
	verify_made(v, index, (int64_t)schema_count(&e, SCHEMA_T));
	TRY(tally(v, VERIFY_SEQUENCE, check_sequence(v, index, &e), index));
	TRY(check_period(v, index, &e));
	if (e.event == SCHEMA_EVENT_LOGKEY_ROTATE)
		TRY(tally(v, VERIFY_KEYS, verify_rotated(v, &e), index));
	TRY(tally(v, VERIFY_TICKETS, reconcile_tickets(v->reconcile, index,
	    &e), index));
	return tally(v, VERIFY_DEVICES, reconcile_devices(v->reconcile, index,
	    &e), index);
}

/* Ends of the first 1, 2, … hashes of a tile. */
static void
hash_ends(size_t ends[TILE_WIDTH])
{
	for (size_t i = 0; i < TILE_WIDTH; i++)
		ends[i] = (i + 1) * SHA256_SIZE;
}

/* The hash tiles that the entries so far have filled. */
static enum err
check_filled(struct verify_run *v)
{
	size_t ends[TILE_WIDTH];

	hash_ends(ends);
	for (size_t i = 0; i < tree_filled(v->tree); i++)
		TRY(verify_tile(v, tree_filled_id(v->tree, i),
		    tree_filled_bytes(v->tree, i), ends));
	tree_forget(v->tree);
	return ERR_OK;
}

static enum err
check_bundle(struct verify_run *v, struct tile_id id)
{
	struct view entries[TILE_WIDTH];
	size_t ends[TILE_WIDTH], end = 0;

	TRY(tile_read_bundle(&v->source, id, &v->bundle, entries));
	for (unsigned int i = 0; i < id.width; i++) {
		TRY(check_entry(v, id.index * TILE_WIDTH + i, entries[i]));
		end += 2 + entries[i].len;
		ends[i] = end;
	}
	TRY(verify_leftovers(v, id, bytes_view(&v->bundle), ends));
	return check_filled(v);
}

/*
 * A bundle that is gone, with all before it: its hashes stand for it, and
 * must lead to the signed root. Whether it may be gone is seen at the end.
 */
static enum err
take_hashes(struct verify_run *v, struct tile_id bundle)
{
	struct tile_id id = { 0, bundle.index, TILE_WIDTH };
	struct hash leaves[TILE_WIDTH];

	TRY(tile_read(&v->source, id, leaves));
	for (unsigned int i = 0; i < TILE_WIDTH; i++) {
		TRY(tree_append(v->tree, &leaves[i]));
		verify_reached(v);
	}
	v->result->absent += TILE_WIDTH;
	reconcile_absent(v->reconcile, v->result->absent);
	closing_absent(&v->closing, v->result->absent);
	return check_filled(v);
}

/* *id becomes the tile of hashes when it is these that are not good. */
static enum err
check_or_miss_bundle(struct verify_run *v, struct tile_id *id)
{
	bool prefix = id->index * TILE_WIDTH == v->result->absent &&
	    id->width == TILE_WIDTH;
	enum err e = check_bundle(v, *id);

	if (e != ERR_NOT_FOUND || !prefix)
		return e;
	e = take_hashes(v, *id);
	id->level = 0;
	if (e == ERR_NOT_FOUND)
		return err_because(ERR_NOT_FOUND, "neither these hashes are "
		    "there, nor the entries");
	return e;
}

/* What is absent must be below the minimum index that the log has set. */
static void
check_absent(struct verify_run *v)
{
	struct verify_result *r = v->result;
	uint64_t first = r->minimum / TILE_WIDTH * TILE_WIDTH;
	char path[TILE_PATH];
	struct verify_place place = { path, first, r->absent - 1,
		VERIFY_NO_INDEX };

	if (r->absent <= r->minimum)
		return;
	tile_path((struct tile_id){ TILE_ENTRIES, first / TILE_WIDTH,
	    TILE_WIDTH }, path);
	(void)err_because(ERR_NOT_FOUND, "no such file, and the minimum index "
	    "is %llu", (unsigned long long)r->minimum);
	verify_found(r, VERIFY_ENTRIES, VERIFY_INCOMPLETE, place);
}

static void
progress(const struct verify_run *v, uint64_t bundle)
{
	if (v->options->progress != NULL && bundle % PROGRESS == 0)
		v->options->progress(v->options->arg, tree_size(v->tree),
		    v->result->size);
}

/* ERR_OK also when the entries stop early: that is a finding. */
static enum err
check_bundles(struct verify_run *v)
{
	uint64_t size = v->result->size;

	for (uint64_t n = 0; n * TILE_WIDTH < size; n++) {
		struct tile_id id = { TILE_ENTRIES, n,
			tile_width(TILE_ENTRIES, n, size) };
		char path[TILE_PATH];
		enum err e = check_or_miss_bundle(v, &id);
		struct verify_place place = { tile_path(id, path),
			n * TILE_WIDTH, n * TILE_WIDTH + id.width - 1,
			VERIFY_NO_INDEX };

		if (verify_is_fatal(e))
			return e;
		progress(v, n);
		if (e == ERR_OK)
			continue;
		verify_found(v->result, VERIFY_ENTRIES, verify_is_missing(e) ?
		    VERIFY_INCOMPLETE : VERIFY_TAMPERED, place);
		return ERR_OK;
	}
	return ERR_OK;
}

static enum err
check_edge(struct verify_run *v)
{
	uint64_t size = tree_size(v->tree);
	size_t ends[TILE_WIDTH];

	hash_ends(ends);
	for (int level = 0; level < TILE_LEVELS; level++) {
		struct tile_id id = { level, tile_full(level, size),
			tile_partial(level, size) };

		if (id.width != 0)
			TRY(verify_tile(v, id, tree_partial(v->tree, level),
			    ends));
	}
	return ERR_OK;
}

enum err
verify_entries(struct verify_run *v)
{
	TRY(check_bundles(v));
	check_absent(v);
	/* with entries missing, the edge of the tree is not theirs to give */
	if (tree_size(v->tree) != v->result->size)
		return ERR_OK;
	return check_edge(v);
}
