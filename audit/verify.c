/*
 * The offline verification of a log directory, all of which may be forged but
 * for the key the auditor brought. The entries are read once, in order;
 * everything else is derived from them and compared. Next in the flow:
 * verify_files.c for the comparison, locate.c when the root is not the signed
 * one.
 */
#include "audit/verify_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "audit/checkpoint.h"
#include "audit/locate.h"
#include "audit/note.h"
#include "base/file.h"

static void
verify_run_done(struct verify_run *v)
{
	fd_close(&v->dir);
	tree_free(v->tree);
	reconcile_free(v->reconcile);
	bytes_done(&v->bundle);
	bytes_done(&v->file);
}

/* Names and reasons may quote the log: only printable ASCII leaves here. */
static void
copy_printable(char *to, size_t size, const char *from)
{
	size_t i = 0;

	for (; i + 1 < size && from[i] != '\0'; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

void
verify_found(struct verify_result *r, enum verify_check check,
    enum verify_verdict verdict, struct verify_place place)
{
	struct verify_finding *f = &r->finding[check];

	if (verdict == VERIFY_TAMPERED || r->verdict == VERIFY_VERIFIED)
		r->verdict = verdict;
	if (f->why[0] != '\0')
		return;
	f->verdict = verdict;
	f->first_index = place.first_index;
	f->last_index = place.last_index;
	f->byte = place.byte;
	copy_printable(f->file, sizeof(f->file), place.file);
	copy_printable(f->why, sizeof(f->why), err_why());
}

/* ---- checkpoint */

static enum err
check_signed(struct view bytes, const struct vkey *key,
    struct checkpoint *out_checkpoint)
{
	struct note n;

	TRY(note_get(bytes, &n));
	TRY(note_verify(&n, key, NULL));
	TRY(checkpoint_get(n.text, out_checkpoint));
	if (!view_equal(out_checkpoint->origin, vkey_name(key)))
		return err_because(ERR_MISMATCH,
		    "the checkpoint's origin is not the key's name");
	return ERR_OK;
}

/* *out_go is false when there is no checkpoint to hold the entries against. */
static enum err
check_checkpoint(struct verify_run *v, const struct vkey *key, bool *out_go)
{
	struct verify_result *r = v->result;
	struct verify_place place = { "checkpoint", VERIFY_NO_INDEX,
		VERIFY_NO_INDEX, VERIFY_NO_INDEX };
	struct checkpoint c;
	enum err e;

	r->count[VERIFY_CHECKPOINT].total = 1;
	*out_go = false;
	e = file_read_at(v->dir, "checkpoint", NOTE_MAX, &v->file);
	if (e == ERR_NOT_FOUND) {
		verify_found(r, VERIFY_CHECKPOINT, VERIFY_INCOMPLETE, place);
		return ERR_OK;
	}
	if (e == ERR_OK)
		e = check_signed(bytes_view(&v->file), key, &c);
	if (e == ERR_MEMORY || e == ERR_SYSTEM)
		return e;
	if (e != ERR_OK) {
		verify_found(r, VERIFY_CHECKPOINT, VERIFY_TAMPERED, place);
		return ERR_OK;
	}
	r->count[VERIFY_CHECKPOINT].good = 1;
	snprintf(r->origin, sizeof(r->origin), "%.*s", (int)c.origin.len,
	    (const char *)c.origin.at);
	r->size = c.size;
	r->root = c.root;
	*out_go = true;
	return ERR_OK;
}

/* ---- entries */

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

static enum err
check_entry(struct verify_run *v, uint64_t index, struct view entry)
{
	struct hash leaf = merkle_leaf(entry);
	struct schema_entry e;
	enum err read = schema_get(entry, &e);

	TRY(tree_append(v->tree, &leaf));
	TRY(tally(v, VERIFY_SCHEMA, read, index));
	if (read != ERR_OK)
		return ERR_OK;
	TRY(tally(v, VERIFY_SEQUENCE, reconcile_sequence(v->reconcile, index,
	    &e), index));
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

/* ERR_OK also when the entries stop early: that is a finding. */
static enum err
check_entries(struct verify_run *v)
{
	uint64_t size = v->result->size;

	for (uint64_t n = 0; n * TILE_WIDTH < size; n++) {
		struct tile_id id = { TILE_ENTRIES, n,
			tile_width(TILE_ENTRIES, n, size) };
		char path[TILE_PATH];
		struct verify_place place = { tile_path(id, path),
			n * TILE_WIDTH, n * TILE_WIDTH + id.width - 1,
			VERIFY_NO_INDEX };
		enum err e = check_bundle(v, id);

		if (e == ERR_MEMORY || e == ERR_SYSTEM)
			return e;
		if (e == ERR_OK)
			continue;
		verify_found(v->result, VERIFY_ENTRIES, e == ERR_NOT_FOUND ||
		    e == ERR_CORRUPT ? VERIFY_INCOMPLETE : VERIFY_TAMPERED,
		    place);
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

/* ---- the root, and where it breaks */

static enum err
check_root(struct verify_run *v)
{
	struct verify_result *r = v->result;
	struct verify_count *count = &r->count[VERIFY_ENTRIES];
	struct hash root = tree_root(v->tree);
	bool all = tree_size(v->tree) == r->size;
	struct locate_range range;
	char path[TILE_PATH] = "";
	struct verify_place place = { path, 0, 0, VERIFY_NO_INDEX };

	*count = (struct verify_count){ tree_size(v->tree), r->size };
	if (all && merkle_equal(&root, &r->root))
		return ERR_OK;
	TRY(locate_damage(&v->source, r->size, &r->root, &range));
	if (range.first > range.last && !all)
		return ERR_OK;	/* what is there is right; it ends early */
	if (range.first > range.last)
		range = (struct locate_range){ 0, r->size - 1 };
	place.first_index = range.first;
	place.last_index = range.last;
	if (range.first / TILE_WIDTH == range.last / TILE_WIDTH)
		tile_path((struct tile_id){ TILE_ENTRIES,
		    range.first / TILE_WIDTH, tile_width(TILE_ENTRIES,
		    range.first / TILE_WIDTH, r->size) }, path);
	count->good = range.first;
	(void)err_because(ERR_MISMATCH, "not what the signed root says");
	r->finding[VERIFY_ENTRIES] = (struct verify_finding){ 0 };
	verify_found(r, VERIFY_ENTRIES, VERIFY_TAMPERED, place);
	return ERR_OK;
}

static void
keep_totals(struct verify_run *v)
{
	struct reconcile_totals t = reconcile_totals(v->reconcile);
	struct verify_result *r = v->result;

	r->boots = t.boots;
	r->first_t = t.first_t;
	r->last_t = t.last_t;
	r->allowed = t.allowed;
	r->denied = t.denied;
	r->done = t.done;
	r->failed = t.failed;
	r->orphaned = t.orphaned;
	r->open = t.open;
	r->active_devices = t.active_devices;
}

static enum err
run(struct verify_run *v, const struct vkey *key)
{
	bool go;

	TRY(check_checkpoint(v, key, &go));
	if (!go)
		return ERR_OK;
	TRY(tree_new(&v->tree));
	TRY(reconcile_new(v->result->size, &v->reconcile));
	TRY(check_entries(v));
	/* with entries missing, the edge of the tree is not theirs to give */
	if (tree_size(v->tree) == v->result->size)
		TRY(check_edge(v));
	TRY(check_root(v));
	keep_totals(v);
	return verify_files(v);
}

enum err
verify_log(const char *dir, const struct vkey *key,
    struct verify_result *out_result)
{
	struct verify_result r = { 0 };
	AUTO_DONE(verify_run) v = { .result = &r };

	v.dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v.dir == -1 && (errno == ENOENT || errno == ENOTDIR))
		return err_because(ERR_NOT_FOUND, "%s: no such directory",
		    dir);
	if (v.dir == -1)
		return err_system("%s: open", dir);
	v.source = tile_source_dir(&v.dir);
	memcpy(r.key_id, vkey_id(key).at, sizeof(r.key_id));
	TRY(run(&v, key));
	*out_result = r;
	return ERR_OK;
}

int
verify_exit_status(const struct verify_result *r)
{
	return (int)r->verdict;
}
