/*
 * Following a log from key to key. Files come from anybody: a handover counts
 * when a key that is trusted has signed a tree with the entry in it. Next in
 * the flow: trust_open.c, which then knows both; verify_keys.c, which holds
 * them against all entries.
 */
#include "audit/rotation.h"

#include <stdio.h>

#include "audit/entry.h"

#define PREFIX "rotated/"
#define SUFFIX ".tlog-proof"

void
rotation_done(struct rotation *r)
{
	vkey_free(r->former);
	vkey_free(r->key);
	*r = (struct rotation){ 0 };
}

static enum err
get_key(struct view origin, const struct schema_entry *e,
    enum schema_member key, enum schema_member hash, struct vkey **out_key)
{
	AUTO_DONE(bytes) said = { 0 };
	AUTO(vkey) k = NULL;
	struct hash h;

	TRY(vkey_get_key(origin, e->member[key], &k));
	TRY(hex_get(e->member[hash], &said));
	h = vkey_hash(k);
	if (vkey_type(k) == VKEY_COSIGNATURE)
		return err_because(ERR_UNSUPPORTED,
		    "logkey.rotate: a witness's key signs no log");
	if (!view_equal(bytes_view(&said), VIEW_OF(h.at)))
		return err_because(ERR_MISMATCH, "logkey.rotate: \"%s\" is "
		    "not the hash of \"%s\"", schema_member_name(hash),
		    schema_member_name(key));
	*out_key = STEAL(k);
	return ERR_OK;
}

enum err
rotation_get(struct view origin, const struct schema_entry *e,
    struct rotation *out_rotation)
{
	AUTO_DONE(rotation) r = { .index = schema_count(e, SCHEMA_SEQ),
		.lost = view_is(e->member[SCHEMA_REASON], ENTRY_KEY_LOST) };

	TRY(get_key(origin, e, SCHEMA_FORMER, SCHEMA_REPLACES, &r.former));
	TRY(get_key(origin, e, SCHEMA_KEY, SCHEMA_VKEY, &r.key));
	if (vkey_type(r.former) != vkey_type(r.key) ||
	    vkey_same_key(r.former, r.key))
		return err_because(ERR_MISMATCH, "logkey.rotate: a key is "
		    "replaced by another one of its type");
	*out_rotation = r;
	r = (struct rotation){ 0 };
	return ERR_OK;
}

/* ---- files */

const char *
rotation_path(const struct vkey *former, char out[ROTATION_PATH])
{
	const uint8_t *id = vkey_id(former).at;

	snprintf(out, ROTATION_PATH, PREFIX "%02x%02x%02x%02x" SUFFIX, id[0],
	    id[1], id[2], id[3]);
	return out;
}

bool
rotation_path_is(struct view path)
{
	AUTO_DONE(bytes) id = { 0 };
	struct reader r = reader_of(path);

	reader_text(&r, PREFIX);
	if (hex_get(reader_take(&r, 2 * VKEY_ID_SIZE), &id) != ERR_OK)
		return false;
	reader_text(&r, SUFFIX);
	return reader_end(&r, "a rotation's path") == ERR_OK;
}

enum err
rotation_of(const struct receipt *receipt, struct rotation *out_rotation)
{
	AUTO_DONE(rotation) r = { 0 };
	struct schema_entry e = { 0 };

	TRY(schema_get(bytes_view(&receipt->entry), &e));
	if (e.event != SCHEMA_EVENT_LOGKEY_ROTATE)
		return err_because(ERR_SCHEMA, "its entry is no "
		    "logkey.rotate");
	TRY(rotation_get(receipt->checkpoint.origin, &e, &r));
	if (r.index != receipt->index)
		return err_because(ERR_MISMATCH,
		    "its entry is of another index");
	TRY(receipt_check(receipt, r.former));
	TRY(receipt_check(receipt, r.key));
	*out_rotation = r;
	r = (struct rotation){ 0 };
	return ERR_OK;
}

/* ---- whom to trust */

static enum err
take(struct trust_policy *p, size_t i, struct view text)
{
	AUTO_DONE(receipt) receipt = { 0 };
	AUTO_DONE(rotation) r = { 0 };
	const struct trust_log *l = trust_log(p, i);

	TRY(receipt_get(text, &receipt));
	TRY(rotation_of(&receipt, &r));
	if (!vkey_same_key(r.former, l->key) ||
	    !view_equal(vkey_name(r.former), vkey_name(l->key)) ||
	    l->until != UINT64_MAX || r.index < l->since)
		return err_because(ERR_NOT_FOUND, "the key that hands over is "
		    "none that is trusted, or did so before");
	TRY(trust_know(p, r.key, r.index + 1, UINT64_MAX));
	return trust_know(p, r.former, l->since, r.index);
}

enum err
rotation_take(struct trust_policy *p, struct view receipt)
{
	enum err e = ERR_NOT_FOUND;

	for (size_t i = 0; i < trust_log_count(p) && e == ERR_NOT_FOUND; i++)
		e = take(p, i, receipt);
	return e;
}

enum err
rotation_follow(struct trust_policy *p, const struct log_files *files)
{
	/* those that come to be known are looked at as well */
	for (size_t i = 0; i < trust_log_count(p); i++) {
		AUTO_DONE(bytes) text = { 0 };
		char path[ROTATION_PATH];
		enum err e = files->read(files->arg,
		    rotation_path(trust_log(p, i)->key, path), RECEIPT_MAX,
		    &text);

		if (e == ERR_OK)
			e = take(p, i, bytes_view(&text));
		if (e == ERR_MEMORY || e == ERR_SYSTEM ||
		    e == ERR_UNAVAILABLE || e == ERR_TIMEOUT)
			return e;
	}
	return ERR_OK;
}
