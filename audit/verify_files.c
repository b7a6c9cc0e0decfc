/*
 * The files of a log against what its entries give. File names and contents
 * are an attacker's. Next in the flow: verify_report.c.
 */
#include "audit/verify_run.h"

#include <stdio.h>
#include <string.h>

#include "audit/proof.h"

#define DEPTH_MAX 16	/* tile/entries/x…: 7 groups of digits and .p */

static uint64_t
first_difference(struct view a, struct view b)
{
	uint64_t i = 0;

	while (i < a.len && i < b.len && a.at[i] == b.at[i])
		i++;
	return i;
}

/* What a stored file shows: nothing, less, other or the same. */
static void
judge(struct verify_run *v, enum err e, const char *path, struct view derived)
{
	struct verify_place place = VERIFY_IN_FILE(path);
	struct view file = bytes_view(&v->file);
	struct verify_count *count = &v->result->count[VERIFY_TILES];
	enum verify_verdict verdict = VERIFY_TAMPERED;

	count->total++;
	if (view_equal(file, derived)) {
		count->good++;
		return;
	}
	if (verify_is_missing(e)) {
		verdict = VERIFY_INCOMPLETE;
	} else if (e == ERR_OK) {
		place.byte = first_difference(file, derived);
		(void)err_because(ERR_MISMATCH, "the entries give other "
		    "bytes");
		if (place.byte == file.len) {
			verdict = VERIFY_INCOMPLETE;
			(void)err_because(ERR_MISMATCH, "it ends early");
		}
	}
	verify_found(v->result, VERIFY_TILES, verdict, place);
}

static enum err
compare_leftover(struct verify_run *v, struct tile_id id, struct view derived)
{
	char path[TILE_PATH];
	enum err e;

	bytes_reset(&v->file);
	e = v->files->read(v->files->arg, tile_path(id, path),
	    TILE_BUNDLE_MAX, &v->file);
	if (verify_is_fatal(e))
		return e;
	judge(v, e, path, derived);
	return ERR_OK;
}

/* Where the narrower tiles beside one lie, and what they must be. */
struct leftovers {
	struct verify_run	*run;
	struct tile_id		 id;
	char			 path[TILE_PATH];
	struct view		 derived;
	const size_t		*ends;
};

static enum err
look_at_leftover(void *context, const char *name, enum files_kind kind)
{
	struct leftovers *l = context;
	char path[TILE_PATH];
	struct tile_id part;

	(void)kind;
	if (snprintf(path, sizeof(path), "%s/%s", l->path, name) >=
	    (int)sizeof(path) ||
	    tile_path_get(view_text(path), &part) != ERR_OK ||
	    part.width >= l->id.width)
		return ERR_OK;	/* verify_files() names the others */
	return compare_leftover(l->run, part, VIEW(l->derived.at,
	    l->ends[part.width - 1]));
}

enum err
verify_leftovers(struct verify_run *v, struct tile_id id, struct view derived,
    const size_t ends[TILE_WIDTH])
{
	struct leftovers l = { .run = v, .id = id, .derived = derived,
		.ends = ends };

	if (v->files->list == NULL)
		return ERR_OK;
	tile_path((struct tile_id){ id.level, id.index, 1 }, l.path);
	*strrchr(l.path, '/') = '\0';
	return v->files->list(v->files->arg, l.path, look_at_leftover, &l);
}

enum err
verify_tile(struct verify_run *v, struct tile_id id, struct view derived,
    const size_t ends[TILE_WIDTH])
{
	char path[TILE_PATH];
	enum err e;

	bytes_reset(&v->file);
	e = v->source.read(v->source.arg, id, &v->file);
	if (verify_is_fatal(e))
		return e;
	judge(v, e, tile_path(id, path), derived);
	return verify_leftovers(v, id, derived, ends);
}

/* ---- every file is accounted for */

/* The log's published key must be one of those that are trusted. */
static enum err
check_key(struct verify_run *v, struct view text)
{
	const struct trust_policy *trust = v->options->trust;
	struct reader r = reader_of(text);
	struct view line = reader_until(&r, '\n');
	AUTO(vkey) key = NULL;
	bool other = false;

	if (r.failed || r.rest.len != 0)
		return err_because(ERR_SYNTAX, "a verifier key is a line");
	TRY(vkey_get(line, &key));
	if (!view_is(vkey_name(key), v->result->origin))
		return err_because(ERR_MISMATCH, "a key of another log");
	for (size_t i = 0; i < trust_log_count(trust); i++) {
		const struct vkey *trusted = trust_log(trust, i)->key;

		if (vkey_same_key(trusted, key))
			return ERR_OK;
		other |= vkey_type(trusted) == vkey_type(key) &&
		    view_equal(vkey_name(trusted), vkey_name(key));
	}
	/* of a kind that nobody trusts: nothing rests on it */
	return !other ? ERR_OK : err_because(ERR_MISMATCH,
	    "not the key that is trusted");
}

static enum err
check_key_file(struct verify_run *v, const char *name)
{
	enum err e;

	bytes_reset(&v->file);
	e = v->files->read(v->files->arg, name, TRUST_SIZE, &v->file);
	if (e == ERR_OK)
		e = check_key(v, bytes_view(&v->file));
	if (verify_is_fatal(e))
		return e;
	if (e != ERR_OK)
		verify_found(v->result, VERIFY_FILES, VERIFY_TAMPERED,
		    VERIFY_IN_FILE(name));
	v->result->count[VERIFY_FILES].good += e == ERR_OK;
	return ERR_OK;
}

/* Published beside the log, and signed by a key of its own. */
static bool
is_status_list(struct view name)
{
	struct reader r = reader_of(name);
	struct reader list;

	reader_text(&r, "status-lists/");
	list = reader_of(reader_until(&r, '.'));
	(void)reader_decimal(&list, INT64_MAX);
	return reader_end(&list, "a list") == ERR_OK &&
	    (view_is(r.rest, "jwt") || view_is(r.rest, "cwt"));
}

/* closed/2026-11.note: the checkpoint that ended a period. */
static bool
is_closed_note(struct view path, struct view *out_period)
{
	struct reader r = reader_of(path);

	reader_text(&r, "closed/");
	*out_period = reader_until(&r, '.');
	return view_is(r.rest, "note") && closing_period_valid(*out_period);
}

/* An entry that closes this period, with this tree up to it; *out_t: when. */
static bool
has_ended(const struct verify_run *v, struct view period,
    const struct checkpoint *c, int64_t *out_t)
{
	struct reader r = reader_of(bytes_view(&v->ended));

	while (r.rest.len != 0) {
		bool size = reader_u64(&r) == c->size;
		int64_t t = (int64_t)reader_u64(&r);
		bool root = view_equal(reader_take(&r, sizeof(c->root)),
		    VIEW_OF(c->root.at));

		if (view_equal(reader_block(&r, SIZE_MAX), period) && size &&
		    root) {
			*out_t = t;
			return true;
		}
	}
	return false;
}

/* Entries that are absent tell no period, but their hashes a root. */
static enum err
check_absent_end(struct verify_run *v, const struct checkpoint *c)
{
	struct hash root;

	TRY(proof_root(&v->source, c->size, &root));
	return merkle_equal(&root, &c->root) ? ERR_OK :
	    err_because(ERR_MISMATCH, "not of the same tree");
}

static enum err
check_end(struct verify_run *v, struct view period,
    const struct checkpoint *c, int64_t *out_t)
{
	if (c->size <= v->result->absent)
		return check_absent_end(v, c);
	return has_ended(v, period, c, out_t) ? ERR_OK :
	    err_because(ERR_MISMATCH,
	    "no period of this name ended with this tree");
}

/* *out_verdict: what it is when it is not good. */
static enum err
check_closed_note(struct verify_run *v, struct view period,
    enum verify_verdict *out_verdict)
{
	struct trust_seen seen;
	int64_t t = 0;
	enum err e;

	TRY(trust_open(v->options->trust, bytes_view(&v->file), &seen));
	if (seen.checkpoint.size > tree_size(v->tree))
		return ERR_OK;	/* ahead of what is verified */
	e = check_end(v, period, &seen.checkpoint, &t);
	if (e == ERR_NOT_FOUND)	/* hashes that nobody can compare it with */
		*out_verdict = VERIFY_INCOMPLETE;
	TRY(e);
	*out_verdict = VERIFY_UNWITNESSED;
	if (seen.quorum_time == TRUST_NEVER &&
	    v->result->last_t - t > verify_patience(v) * 1000)
		return err_because(ERR_NOT_FOUND, "no quorum has cosigned it");
	return ERR_OK;
}

static enum err
check_closed(struct verify_run *v, const char *path, struct view period)
{
	enum verify_verdict verdict = VERIFY_TAMPERED;
	enum err e;

	bytes_reset(&v->file);
	e = v->files->read(v->files->arg, path, NOTE_MAX, &v->file);
	if (e == ERR_OK)
		e = check_closed_note(v, period, &verdict);
	if (verify_is_fatal(e))
		return e;
	if (e != ERR_OK)
		verify_found(v->result, VERIFY_FILES, verdict,
		    VERIFY_IN_FILE(path));
	v->result->count[VERIFY_FILES].good += e == ERR_OK;
	return ERR_OK;
}

static enum err
account(struct verify_run *v, const char *path, bool regular)
{
	struct verify_result *r = v->result;
	struct view name = view_text(path), period;
	struct tile_id id;

	if (regular && is_status_list(name))
		return ERR_OK;
	r->count[VERIFY_FILES].total++;
	if (regular && (view_is(name, "log.vkey") ||
	    view_is(name, "log-ecdsa.vkey")))
		return check_key_file(v, path);
	if (regular && (view_is(name, "checkpoint") ||
	    view_is(name, "checkpoint.witnessed"))) {
		r->count[VERIFY_FILES].good++;
	} else if (regular && is_closed_note(name, &period)) {
		return check_closed(v, path, period);
	} else if (regular && rotation_path_is(name)) {
		return verify_handover(v, path, VERIFY_FILES);
	} else if (regular && tile_path_get(name, &id) == ERR_OK) {
		r->count[VERIFY_FILES].good++;
		r->ahead += id.width > tile_width(id.level, id.index,
		    r->size);
	} else {
		r->foreign++;
		(void)err_because(ERR_SCHEMA, "not a file of the log");
		verify_found(r, VERIFY_FILES, VERIFY_VERIFIED,
		    VERIFY_IN_FILE(path));
	}
	return ERR_OK;
}

struct walk {
	struct verify_run	*run;
	const char		*path;
	unsigned int		 depth;
};

static enum err
look_at_file(void *context, const char *name, enum files_kind kind)
{
	const struct walk *w = context;
	struct verify_run *v = w->run;
	char path[512];
	struct walk below = { v, path, w->depth + 1 };

	if (snprintf(path, sizeof(path), "%s%s%s", w->path, *w->path != '\0' ?
	    "/" : "", name) >= (int)sizeof(path))
		return account(v, path, false);
	if (kind != FILES_DIR || w->depth == DEPTH_MAX)
		return account(v, path, kind == FILES_REGULAR);
	return v->files->list(v->files->arg, path, look_at_file, &below);
}

enum err
verify_files(struct verify_run *v)
{
	struct walk w = { v, "", 0 };

	return v->files->list(v->files->arg, "", look_at_file, &w);
}
