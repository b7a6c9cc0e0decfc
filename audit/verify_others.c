/*
 * The checkpoint among others: those that an auditor kept, the witnessed one,
 * what witnesses say of them. Each is signed by the log, so one that is not
 * of the same tree is a fork. Next in the flow: verify_report.c.
 */
#include "audit/verify_run.h"

#include <stdio.h>
#include <string.h>

#include "audit/proof.h"

void
verify_add_anchor(struct verify_run *v, const char *name,
    const struct trust_seen *s)
{
	struct verify_anchor *a = &v->anchor[v->anchors++];

	snprintf(a->name, sizeof(a->name), "%s", name);
	a->size = s->checkpoint.size;
	a->root = s->checkpoint.root;
	a->quorum_time = s->quorum_time;
}

static enum err
add_other(struct verify_run *v, const char *name, struct view note)
{
	struct trust_seen seen;
	enum err e = trust_open(v->options->trust, note, &seen);

	v->result->count[VERIFY_CONSISTENCY].total++;
	if (e == ERR_OK && !view_is(seen.checkpoint.origin,
	    v->result->origin))
		e = err_because(ERR_MISMATCH,
		    "a checkpoint of another log");
	if (e == ERR_MEMORY)
		return e;
	if (e == ERR_OK)
		verify_add_anchor(v, name, &seen);
	else
		verify_found(v->result, VERIFY_CONSISTENCY, VERIFY_TAMPERED,
		    VERIFY_IN_FILE(name));
	return ERR_OK;
}

/* What the log says was witnessed must have been, by the auditor's policy. */
static enum err
add_witnessed(struct verify_run *v)
{
	const char *name = "checkpoint.witnessed";
	size_t before = v->anchors;

	TRY(add_other(v, name, bytes_view(&v->witnessed)));
	if (v->anchors == before ||
	    v->anchor[before].quorum_time != TRUST_NEVER)
		return ERR_OK;
	(void)err_because(ERR_NOT_FOUND, "no quorum has cosigned it");
	verify_found(v->result, VERIFY_WITNESSES, VERIFY_UNWITNESSED,
	    VERIFY_IN_FILE(name));
	return ERR_OK;
}

enum err
verify_read_file(struct verify_run *v, const char *name, struct bytes *out)
{
	enum err e = v->files->read(v->files->arg, name, NOTE_MAX, out);

	/* nothing and too much are no notes, but they are there */
	if (e == ERR_TOO_LARGE || (e == ERR_OK && out->len == 0))
		bytes_put_u8(out, 0);
	return e == ERR_NOT_FOUND || e == ERR_TOO_LARGE ? ERR_OK : e;
}

enum err
verify_read_others(struct verify_run *v)
{
	const struct verify_options *o = v->options;

	for (size_t i = 0; i < o->other_count; i++)
		TRY(add_other(v, o->others[i].name, o->others[i].note));
	if (v->witnessed.len != 0)
		TRY(add_witnessed(v));
	if (o->to.note.at != NULL) {
		bytes_reset(&v->file);
		TRY(verify_read_file(v, "checkpoint", &v->file));
		if (v->file.len != 0)
			TRY(add_other(v, "checkpoint", bytes_view(&v->file)));
	}
	verify_reached(v);
	return ERR_OK;
}

static void
keep_anchor(struct verify_run *v, struct verify_anchor *a, bool good)
{
	struct verify_result *r = v->result;

	a->checked = true;
	a->good = good;
	r->count[VERIFY_CONSISTENCY].good += good;
	if (!good || a->size > r->size ||
	    (r->last_good != VERIFY_NO_INDEX && a->size < r->last_good))
		return;
	r->last_good = a->size;
	memcpy(r->last_good_name, a->name, sizeof(a->name));
}

static void
found_fork(struct verify_run *v, const struct verify_anchor *a)
{
	uint64_t good = v->result->last_good;
	struct verify_place place = { a->name, good == VERIFY_NO_INDEX ? 0 :
		good, a->size - 1, VERIFY_NO_INDEX };

	if (a->size == 0 || a->size > v->result->size)
		place = VERIFY_IN_FILE(a->name);
	(void)err_because(ERR_MISMATCH, "a fork: this checkpoint of %llu "
	    "entries is not of the same tree", (unsigned long long)a->size);
	verify_found(v->result, VERIFY_CONSISTENCY, VERIFY_TAMPERED, place);
}

/* The newest checkpoint there is must not be older than one that was. */
static void
found_rollback(struct verify_run *v, const struct verify_anchor *a)
{
	(void)err_because(ERR_MISMATCH, "rolled back: this checkpoint has "
	    "%llu entries, the log's newest %llu",
	    (unsigned long long)a->size,
	    (unsigned long long)v->result->size);
	verify_found(v->result, VERIFY_CONSISTENCY, VERIFY_TAMPERED,
	    VERIFY_IN_FILE(a->name));
}

void
verify_reached(struct verify_run *v)
{
	uint64_t size = tree_size(v->tree);

	for (size_t i = 1; i < v->anchors; i++) {
		struct verify_anchor *a = &v->anchor[i];
		struct hash root;

		if (a->size != size || a->checked)
			continue;
		root = tree_root(v->tree);
		keep_anchor(v, a, merkle_equal(&root, &a->root));
		if (!a->good)
			found_fork(v, a);
	}
}

void
verify_made(struct verify_run *v, uint64_t index, int64_t t)
{
	for (size_t i = 0; i < v->anchors; i++) {
		struct verify_anchor *a = &v->anchor[i];

		if (a->size == index + 1)
			a->t_last = t;
		if (a->size == index)
			a->t_next = t;
	}
}

static enum err
prove(struct verify_run *v, const struct verify_anchor *a)
{
	struct verify_result *r = v->result;
	struct proof p = { 0 };

	if (r->size != 0)
		TRY(proof_consistency(&v->source, r->size, a->size, &p));
	return proof_check_consistency(&p, r->size, a->size, &r->root,
	    &a->root);
}

enum err
verify_beyond(struct verify_run *v)
{
	for (size_t i = 1; i < v->anchors; i++) {
		struct verify_anchor *a = &v->anchor[i];
		enum err e;

		if (a->size <= v->result->size)
			continue;
		e = prove(v, a);
		if (verify_is_fatal(e))
			return e;
		keep_anchor(v, a, e == ERR_OK &&
		    v->options->to.note.at != NULL);
		if (e != ERR_OK && !verify_is_missing(e))
			found_fork(v, a);
		else if (v->options->to.note.at == NULL)
			found_rollback(v, a);
		else if (e != ERR_OK)
			verify_found(v->result, VERIFY_CONSISTENCY,
			    VERIFY_INCOMPLETE, VERIFY_IN_FILE(a->name));
	}
	return ERR_OK;
}

/* ---- witnesses */

/* The checkpoint itself, the newest before it, the first behind it. */
static const struct verify_anchor *
find_witnessed(const struct verify_run *v)
{
	const struct verify_anchor *best = NULL;
	uint64_t size = v->result->size;

	for (size_t i = 0; i < v->anchors; i++) {
		const struct verify_anchor *a = &v->anchor[i];

		if (!a->good || a->quorum_time == TRUST_NEVER)
			continue;
		if (best == NULL || (a->size <= size ?
		    best->size > size || a->size > best->size :
		    best->size > size && a->size < best->size))
			best = a;
	}
	return best;
}

static void
late(struct verify_run *v)
{
	verify_found(v->result, VERIFY_WITNESSES, VERIFY_UNWITNESSED,
	    VERIFY_IN_FILE(""));
}

int64_t
verify_patience(const struct verify_run *v)
{
	return v->options->late != 0 ? (int64_t)v->options->late :
	    VERIFY_LATE;
}

static void
judge_times(struct verify_run *v, const struct verify_anchor *a)
{
	struct verify_result *r = v->result;
	int64_t limit = verify_patience(v);
	int64_t waiting = a->t_next != 0 ? (r->last_t - a->t_next) / 1000 : 0;

	if (a->t_last != 0)
		r->lag = (int64_t)a->quorum_time - a->t_last / 1000;
	if (r->lag > limit || r->lag < -limit) {
		(void)err_because(ERR_TIMEOUT, "cosigned %lld s %s the newest "
		    "entry it covers, over %lld", (long long)(r->lag < 0 ?
		    -r->lag : r->lag), r->lag < 0 ? "before" : "after",
		    (long long)limit);
		late(v);
	} else if (waiting > limit) {
		(void)err_because(ERR_TIMEOUT, "entries from %llu on wait "
		    "%lld s for a quorum, over %lld",
		    (unsigned long long)a->size, (long long)waiting,
		    (long long)limit);
		late(v);
	} else {
		r->count[VERIFY_WITNESSES].good = 1;
	}
}

void
verify_witnesses(struct verify_run *v)
{
	const struct verify_anchor *a;

	if (view_is(trust_quorum(v->options->trust), "none"))
		return;
	v->result->count[VERIFY_WITNESSES].total = 1;
	if ((a = find_witnessed(v)) == NULL) {
		(void)err_because(ERR_NOT_FOUND, "no quorum has cosigned this "
		    "checkpoint or an earlier one");
		late(v);
		return;
	}
	v->result->witnessed = a->size;
	v->result->quorum_time = a->quorum_time;
	judge_times(v, a);
}
