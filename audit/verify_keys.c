/*
 * Whose log it was, entry by entry: what the entries logkey.rotate say, held
 * against the keys that are trusted and against who signed the checkpoint. A
 * thief of a former key can sign what he likes; that its time was over, the
 * tree says. Next in the flow: verify_report.c.
 */
#include "audit/verify_run.h"

#include <string.h>

static struct rotation *
newest_of(struct verify_run *v, const struct vkey *key)
{
	return &v->newest[vkey_type(key) == VKEY_ECDSA];
}

/* The one of this log that is trusted, or NULL. */
static const struct trust_log *
trusted(const struct verify_run *v, const struct vkey *key)
{
	const struct trust_policy *p = v->options->trust;

	for (size_t i = 0; i < trust_log_count(p); i++)
		if (vkey_same_key(trust_log(p, i)->key, key) &&
		    view_equal(vkey_name(trust_log(p, i)->key),
		    vkey_name(key)))
			return trust_log(p, i);
	return NULL;
}

static void
keep_rotation(struct verify_result *r, const struct rotation *found,
    bool followed)
{
	struct verify_rotation *at = &r->rotation[r->rotations <
	    VERIFY_ROTATIONS ? r->rotations : VERIFY_ROTATIONS - 1];

	memcpy(at->from, vkey_id(found->former).at, sizeof(at->from));
	memcpy(at->to, vkey_id(found->key).at, sizeof(at->to));
	at->index = found->index;
	at->followed = followed;
	at->lost = found->lost;
	r->rotations++;
}

/* Without its receipt nobody who trusts the former key can follow. */
static void
find_no_receipt(struct verify_run *v, const struct rotation *r)
{
	char path[ROTATION_PATH];

	(void)err_because(ERR_NOT_FOUND, "entry %llu hands over, and there is "
	    "no receipt of it that both keys have signed",
	    (unsigned long long)r->index);
	verify_found(v->result, VERIFY_KEYS, VERIFY_INCOMPLETE,
	    VERIFY_IN_FILE(rotation_path(r->former, path)));
}

enum err
verify_rotated(struct verify_run *v, const struct schema_entry *e)
{
	AUTO_DONE(rotation) r = { 0 };
	const struct trust_log *known;
	struct rotation *before;

	TRY(rotation_get(view_text(v->result->origin), e, &r));
	before = newest_of(v, r.key);
	if (before->key != NULL && !vkey_same_key(before->key, r.former))
		return err_because(ERR_MISMATCH, "logkey.rotate: the key that "
		    "it replaces was not the log's");
	known = trusted(v, r.former);
	if (known != NULL && known->until == UINT64_MAX && !r.lost)
		find_no_receipt(v, &r);
	else if (known != NULL && known->until != r.index && !r.lost)
		return err_because(ERR_MISMATCH, "logkey.rotate: the key that "
		    "it replaces handed over with another entry");
	keep_rotation(v->result, &r, known != NULL && known->until == r.index);
	rotation_done(before);
	*before = r;
	r = (struct rotation){ 0 };
	return ERR_OK;
}

/* ---- handovers: receipts of such entries */

/* Is the tree that it is of a part of the one at hand, or that of it? */
static enum err
check_tree(struct verify_run *v, const struct receipt *receipt)
{
	uint64_t size = v->result->size;
	struct tile_id id = { .level = 0, .index = receipt->index /
	    TILE_WIDTH };
	const struct checkpoint *c = &receipt->checkpoint;
	struct hash leaves[TILE_WIDTH];
	struct proof p;
	struct hash leaf = merkle_leaf(bytes_view(&receipt->entry));

	if (receipt->index >= size)
		return ERR_OK;	/* ahead of what is verified */
	id.width = tile_width(0, id.index, size);
	TRY(tile_read(&v->source, id, leaves));
	if (!merkle_equal(&leaf, &leaves[receipt->index % TILE_WIDTH]))
		return err_because(ERR_MISMATCH, "its entry is not the one of "
		    "this log");
	if (c->size > size)
		return ERR_OK;
	TRY(proof_consistency(&v->source, c->size, size, &p));
	return proof_check_consistency(&p, c->size, size, &c->root,
	    &v->result->root) == ERR_OK ? ERR_OK :
	    err_because(ERR_MISMATCH, "not of the same tree");
}

/* *out_missing: the file is not there, or the tiles to hold it against. */
static enum err
check_receipt(struct verify_run *v, const char *path, bool *out_missing)
{
	AUTO_DONE(receipt) receipt = { 0 };
	AUTO_DONE(rotation) r = { 0 };
	char wanted[ROTATION_PATH];
	enum err e;

	bytes_reset(&v->file);
	e = v->files->read(v->files->arg, path, RECEIPT_MAX, &v->file);
	*out_missing = verify_is_missing(e);
	TRY(e);
	TRY(receipt_get(bytes_view(&v->file), &receipt));
	TRY(rotation_of(&receipt, &r));
	if (!view_is(receipt.checkpoint.origin, v->result->origin) ||
	    strcmp(path, rotation_path(r.former, wanted)) != 0)
		return err_because(ERR_MISMATCH, "not of the key and the log "
		    "that it lies with");
	e = check_tree(v, &receipt);
	*out_missing = verify_is_missing(e);
	return e;
}

enum err
verify_handover(struct verify_run *v, const char *path,
    enum verify_check check)
{
	struct verify_count *count = &v->result->count[check];
	bool missing;
	enum err e = check_receipt(v, path, &missing);

	if (verify_is_fatal(e))
		return e;
	count->good += e == ERR_OK;
	if (e != ERR_OK)
		verify_found(v->result, check, missing ? VERIFY_INCOMPLETE :
		    VERIFY_TAMPERED, VERIFY_IN_FILE(path));
	return ERR_OK;
}

enum err
verify_why_unsigned(struct verify_run *v, bool *out_told)
{
	const struct trust_policy *p = v->options->trust;

	*out_told = false;
	for (size_t i = 0; i < trust_log_count(p) && !*out_told; i++) {
		AUTO_DONE(receipt) receipt = { 0 };
		AUTO_DONE(rotation) r = { 0 };
		char path[ROTATION_PATH];
		enum err e;

		rotation_path(trust_log(p, i)->key, path);
		bytes_reset(&v->file);
		e = v->files->read(v->files->arg, path, RECEIPT_MAX,
		    &v->file);
		if (verify_is_fatal(e))
			return e;
		if (e == ERR_OK && (receipt_get(bytes_view(&v->file),
		    &receipt) != ERR_OK ||
		    rotation_of(&receipt, &r) != ERR_OK)) {
			verify_found(v->result, VERIFY_CHECKPOINT,
			    VERIFY_TAMPERED, VERIFY_IN_FILE(path));
			*out_told = true;
		}
	}
	return ERR_OK;
}

/* ---- at the end */

/* Whoever the entries say that the log belongs to has signed its end. */
static void
check_owner(struct verify_run *v, const struct rotation *r)
{
	const struct trust_policy *p = v->options->trust;
	bool asked = false;
	struct note note;

	for (size_t i = 0; i < trust_log_count(p); i++)
		asked = asked || vkey_type(trust_log(p, i)->key) ==
		    vkey_type(r->key);
	if (!asked || (note_get(bytes_view(&v->note), &note) == ERR_OK &&
	    note_verify(&note, r->key, NULL) == ERR_OK))
		return;
	(void)err_because(ERR_MISMATCH, "the key that it gives the log to has "
	    "not signed the checkpoint");
	verify_found(v->result, VERIFY_KEYS, VERIFY_TAMPERED,
	    (struct verify_place){ "", r->index, r->index,
	    VERIFY_NO_INDEX });
}

enum err
verify_handovers(struct verify_run *v)
{
	const struct trust_policy *p = v->options->trust;

	if (tree_size(v->tree) != v->result->size)
		return ERR_OK;	/* entries are missing */
	for (size_t i = 0; i < COUNT(v->newest); i++)
		if (v->newest[i].key != NULL)
			check_owner(v, &v->newest[i]);
	for (size_t i = 0; i < trust_log_count(p); i++) {
		const struct trust_log *l = trust_log(p, i);
		char path[ROTATION_PATH];

		if (l->until >= v->result->size ||
		    !view_is(vkey_name(l->key), v->result->origin))
			continue;
		v->result->count[VERIFY_KEYS].total++;
		TRY(verify_handover(v, rotation_path(l->key, path),
		    VERIFY_KEYS));
	}
	return ERR_OK;
}
