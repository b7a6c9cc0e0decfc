/*
 * The offline verification of a log, all of which may be forged but for the
 * keys the auditor brought. The entries are read once, in order; everything
 * else is derived from them and compared. Next in the flow: verify_entries.c,
 * then locate.c when the root is not the signed one.
 */
#include "audit/verify_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "audit/locate.h"
#include "base/file.h"

static void
verify_run_done(struct verify_run *v)
{
	tree_free(v->tree);
	reconcile_free(v->reconcile);
	for (size_t i = 0; i < COUNT(v->newest); i++)
		rotation_done(&v->newest[i]);
	bytes_done(&v->bundle);
	bytes_done(&v->file);
	bytes_done(&v->note);
	bytes_done(&v->witnessed);
	bytes_done(&v->ended);
}

bool
verify_is_fatal(enum err e)
{
	return e == ERR_MEMORY || e == ERR_SYSTEM || e == ERR_UNAVAILABLE ||
	    e == ERR_TIMEOUT;
}

bool
verify_is_missing(enum err e)
{
	return e == ERR_NOT_FOUND || e == ERR_CORRUPT;
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

/* Tampered before incomplete before unwitnessed. */
static bool
is_worse(enum verify_verdict a, enum verify_verdict b)
{
	return a != VERIFY_VERIFIED && (b == VERIFY_VERIFIED || a < b);
}

void
verify_found(struct verify_result *r, enum verify_check check,
    enum verify_verdict verdict, struct verify_place place)
{
	struct verify_finding *f = &r->finding[check];

	if (is_worse(verdict, r->verdict))
		r->verdict = verdict;
	if (f->why[0] != '\0' && !is_worse(verdict, f->verdict))
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
read_checkpoint(struct verify_run *v)
{
	const struct verify_other *to = &v->options->to;

	if (to->note.at == NULL)
		return v->files->read(v->files->arg, "checkpoint", NOTE_MAX,
		    &v->note);
	bytes_put(&v->note, to->note);
	return bytes_check(&v->note);
}

static void
keep_checkpoint(struct verify_run *v, const struct trust_seen *s)
{
	struct verify_result *r = v->result;
	struct view quorum = trust_quorum(v->options->trust);
	char text[sizeof(r->quorum)];

	r->count[VERIFY_CHECKPOINT].good = 1;
	snprintf(r->origin, sizeof(r->origin), "%.*s",
	    (int)s->checkpoint.origin.len,
	    (const char *)s->checkpoint.origin.at);
	snprintf(text, sizeof(text), "%.*s", (int)quorum.len,
	    (const char *)quorum.at);
	copy_printable(r->quorum, sizeof(r->quorum), text);
	r->size = s->checkpoint.size;
	r->root = s->checkpoint.root;
	r->signatures = s->signatures;
	r->witnesses = s->witnesses;
	r->witnesses_known = trust_witness_count(v->options->trust);
	r->unknown_lines = s->unknown;
	memcpy(r->key_id, s->key_id, sizeof(r->key_id));
}

/* Keeps why, the reason being err_why(), or rather what lies behind it. */
static enum err
found_unsigned(struct verify_run *v, enum err e, const char *name, bool there)
{
	AUTO_DONE(bytes) why = { 0 };
	bool told = false;

	bytes_put_text(&why, err_why());
	TRY(bytes_check(&why));
	if (there)
		TRY(verify_why_unsigned(v, &told));
	if (told)
		return ERR_OK;
	(void)err_because(e, "%s", bytes_text(&why));
	verify_found(v->result, VERIFY_CHECKPOINT, there ? VERIFY_TAMPERED :
	    VERIFY_INCOMPLETE, VERIFY_IN_FILE(name));
	return ERR_OK;
}

/* *out_go is false when there is no checkpoint to hold the entries against. */
static enum err
check_checkpoint(struct verify_run *v, bool *out_go)
{
	struct verify_result *r = v->result;
	const char *name = v->options->to.note.at == NULL ? "checkpoint" :
	    v->options->to.name;
	struct trust_seen seen;
	bool there;
	enum err e;

	r->count[VERIFY_CHECKPOINT].total = 1;
	*out_go = false;
	e = read_checkpoint(v);
	there = e != ERR_NOT_FOUND;
	if (e == ERR_OK)
		e = trust_open(v->options->trust, bytes_view(&v->note),
		    &seen);
	if (verify_is_fatal(e))
		return e;
	if (e != ERR_OK)
		return found_unsigned(v, e, name, there);
	keep_checkpoint(v, &seen);
	verify_add_anchor(v, name, &seen);
	*out_go = true;
	return ERR_OK;
}

/* ---- the root, and where it breaks */

/* What is known to be right narrows down where the damage is. */
static struct locate_range
between_anchors(const struct verify_run *v)
{
	struct locate_range range = { 0, v->result->size - 1 };

	for (size_t i = 1; i < v->anchors; i++) {
		const struct verify_anchor *a = &v->anchor[i];

		if (!a->checked || a->size > v->result->size)
			continue;
		if (a->good && a->size > range.first)
			range.first = a->size;
		if (!a->good && a->size != 0 && a->size - 1 < range.last)
			range.last = a->size - 1;
	}
	return range;
}

static void
found_damage(struct verify_run *v, struct locate_range range)
{
	struct verify_result *r = v->result;
	uint64_t tile = range.first / TILE_WIDTH;
	char path[TILE_PATH] = "";
	struct verify_place place = { path, range.first, range.last,
		VERIFY_NO_INDEX };
	/* entries that are not there are not what is wrong: their hashes are */
	bool read = range.first >= r->absent &&
	    range.first < tree_size(v->tree);

	if (tile == range.last / TILE_WIDTH)
		tile_path((struct tile_id){ read ? TILE_ENTRIES : 0, tile,
		    tile_width(0, tile, r->size) }, path);
	r->count[VERIFY_ENTRIES].good = range.first < r->absent ? 0 :
	    range.first - r->absent;
	(void)err_because(ERR_MISMATCH, "not what the signed root says");
	r->finding[VERIFY_ENTRIES] = (struct verify_finding){ 0 };
	verify_found(r, VERIFY_ENTRIES, VERIFY_TAMPERED, place);
}

static enum err
check_root(struct verify_run *v)
{
	struct verify_result *r = v->result;
	struct hash root = tree_root(v->tree);
	bool all = tree_size(v->tree) == r->size;
	struct locate_range range;

	/* those that may be absent are not asked for */
	r->count[VERIFY_ENTRIES] = (struct verify_count){
	    tree_size(v->tree) - r->absent, r->size -
	    (r->absent <= r->minimum ? r->absent : 0) };
	if (all && merkle_equal(&root, &r->root)) {
		v->anchor[0].good = true;
		return ERR_OK;
	}
	TRY(locate_damage(&v->source, r->size, &r->root, &range));
	if (range.first > range.last && !all)
		return ERR_OK;	/* what is there is right; it ends early */
	if (range.first > range.last ||
	    (range.first == 0 && range.last == r->size - 1))
		range = between_anchors(v);
	found_damage(v, range);
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
	r->closed = t.closed;
	r->open = t.open;
	r->active_devices = t.active_devices;
	r->shared = t.shared;
	r->unclosed = v->closing.next - v->closing.first;
}

static enum err
run(struct verify_run *v)
{
	bool go;

	/* before the checkpoint: the log may go on while it is read, but what
	 * was witnessed by then is not newer */
	TRY(verify_read_file(v, "checkpoint.witnessed", &v->witnessed));
	TRY(check_checkpoint(v, &go));
	if (!go)
		return ERR_OK;
	TRY(tree_new(&v->tree));
	TRY(reconcile_new(v->result->size, &v->reconcile));
	TRY(verify_read_others(v));
	TRY(verify_entries(v));
	TRY(check_root(v));
	keep_totals(v);
	TRY(verify_handovers(v));
	TRY(verify_beyond(v));
	verify_witnesses(v);
	return v->files->list != NULL ? verify_files(v) : ERR_OK;
}

enum err
verify_with(const struct log_files *files,
    const struct verify_options *options, struct verify_result *out_result)
{
	struct verify_result r = { .witnessed = VERIFY_NO_INDEX,
		.last_good = VERIFY_NO_INDEX, .listed = files->list != NULL };
	AUTO_DONE(verify_run) v = { .files = files, .options = options,
		.source = log_files_tiles(files), .result = &r };

	if (options->other_count > VERIFY_OTHERS)
		return err_because(ERR_RANGE, "more than %d other "
		    "checkpoints", VERIFY_OTHERS);
	TRY(run(&v));
	*out_result = r;
	return ERR_OK;
}

enum err
verify_log(const char *dir, const struct vkey *key,
    struct verify_result *out_result)
{
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct log_files files = log_files_dir(&fd);
	AUTO(trust_policy) trust = NULL;
	struct verify_options options = { 0 };

	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return err_because(ERR_NOT_FOUND, "%s: no such directory",
		    dir);
	if (fd == -1)
		return err_system("%s: open", dir);
	TRY(trust_key(key, &trust));
	TRY(rotation_follow(trust, &files));
	options.trust = trust;
	return verify_with(&files, &options, out_result);
}

int
verify_exit_status(const struct verify_result *r)
{
	return (int)r->verdict;
}
