/*
 * Who signs the log, and who signed it when. Files named by okse.yaml are
 * trusted to be keys; which of them is the log's, the registry knows. Notes
 * come from directories and witnesses: each must be signed by the key of its
 * time. Next: logkeys_rotate.c, where one replaces the other.
 */
#include "signer/notary/logkeys.h"

#include <string.h>

#include "signer/notary/logkeys_memory.h"

void
logkeys_done(struct logkeys *k)
{
	for (size_t i = 0; i < k->count; i++)
		vkey_free(k->at[i].key);
	*k = (struct logkeys){ 0 };
}

/* ---- which there are */

static enum err
add(struct logkeys *k, struct vkey **key, struct logkey **out)
{
	if (k->count == LOGKEYS)
		return err_because(ERR_FULL, "a log has at most %d keys, one "
		    "after the other", LOGKEYS);
	k->at[k->count] = (struct logkey){ .key = STEAL(*key), .at = -1 };
	*out = &k->at[k->count++];
	return ERR_OK;
}

static enum err
read_configured(struct logkeys *k, const struct config *c, size_t at)
{
	const struct config_key *key = &c->keys.at[at];
	const char *type = key->use == KEY_USE_LOG ? "ED25519" : "EC";
	AUTO(EVP_PKEY) public_key = NULL;
	AUTO(vkey) v = NULL;
	struct logkey *added;

	TRY(pem_read_public(key->public_key, &public_key));
	if (!EVP_PKEY_is_a(public_key, type))
		return err_because(ERR_UNSUPPORTED, "%s: expected a key of "
		    "type %s", key->public_key, type);
	TRY(vkey_of_key(view_text(c->origin), public_key, &v));
	for (size_t i = 0; i < k->count; i++)
		if (vkey_same_key(k->at[i].key, v))
			return err_because(ERR_SCHEMA, "keys: \"%s\" is "
			    "named twice", key->label);
	TRY(add(k, &v, &added));
	added->at = (int)at;
	return ERR_OK;
}

enum err
logkeys_configured(struct logkeys *k, const struct config *c)
{
	for (size_t i = 0; i < c->keys.count; i++)
		if (c->keys.at[i].use == KEY_USE_LOG ||
		    c->keys.at[i].use == KEY_USE_LOG_ECDSA)
			TRY(read_configured(k, c, i));
	return ERR_OK;
}

static void
move(struct logkeys *k, size_t from, size_t to)
{
	struct logkey moved = k->at[from];

	memmove(k->at + to + 1, k->at + to, (from - to) * sizeof(moved));
	k->at[to] = moved;
}

/* Brings the key that is remembered in this place there, or a new one. */
static enum err
take_place(struct logkeys *k, size_t place, struct vkey **key)
{
	struct logkey *found = k->at;

	while (found < k->at + k->count && !vkey_same_key(found->key, *key))
		found++;
	if (found == k->at + k->count)
		TRY(add(k, key, &found));
	if (found < k->at + place)
		return err_because(ERR_CORRUPT,
		    "the registry remembers a key of the log twice");
	move(k, (size_t)(found - k->at), place);
	return ERR_OK;
}

void
logkeys_begin_with(struct logkeys *k, size_t i)
{
	size_t known = 0;

	while (k->at[known].known)
		known++;
	move(k, i, known);
	k->at[known].known = true;
	k->fresh = true;
}

enum err
logkeys_load(struct logkeys *k, const char *origin, struct registry *r)
{
	AUTO_DONE(bytes) value = { 0 };
	struct reader in;

	TRY(logkeys_recall(r, &value));
	in = reader_of(bytes_view(&value));
	for (size_t i = 0; in.rest.len != 0 && !in.failed; i++) {
		struct logkeys_memory m = logkeys_memory_get(&in);
		AUTO(vkey) key = NULL;

		if (in.failed)
			break;
		TRY(vkey_get_key(view_text(origin), m.key, &key));
		TRY(take_place(k, i, &key));
		k->at[i].known = true;
		k->at[i].since = m.since;
		k->at[i].lost = m.lost;
	}
	return reader_end(&in, LOGKEYS_MEMORY);
}

const struct logkey *
logkeys_present(const struct logkeys *k, enum vkey_type type)
{
	const struct logkey *found = NULL;

	for (size_t i = 0; i < k->count; i++)
		if (k->at[i].known && vkey_type(k->at[i].key) == type)
			found = &k->at[i];
	return found;
}

const struct logkey *
logkeys_before(const struct logkeys *k, const struct logkey *next)
{
	for (const struct logkey *l = next; l-- > k->at;)
		if (vkey_type(l->key) == vkey_type(next->key))
			return l;
	return NULL;
}

/* The one after a lost key signs what that one had signed once more. */
uint64_t
logkeys_since(const struct logkey *k)
{
	return k->lost ? 0 : k->since;
}

/* ---- reading */

/* By the key of its time; by one before when that one was lost since. */
static enum err
open_known(const struct logkeys *k, const struct note *n, uint64_t size)
{
	enum err e = ERR_NOT_FOUND;

	for (size_t i = k->count; i-- > 0 && e == ERR_NOT_FOUND;) {
		const struct logkey *l = &k->at[i];

		if (!l->known || vkey_type(l->key) != VKEY_ED25519 ||
		    logkeys_since(l) > size)
			continue;
		e = note_verify(n, l->key, NULL);
		if (!l->lost || l->since <= size)
			break;
	}
	return e;
}

static enum err
open_strange(const struct logkeys *k, const struct note *n)
{
	enum err e = ERR_NOT_FOUND;

	for (size_t i = 0; i < k->count && e == ERR_NOT_FOUND; i++)
		if (!k->at[i].known &&
		    vkey_type(k->at[i].key) == VKEY_ED25519)
			e = note_verify(n, k->at[i].key, NULL);
	return e;
}

enum err
logkeys_open(const struct logkeys *k, struct view note,
    struct checkpoint *out_checkpoint, bool *out_strange)
{
	struct checkpoint c;
	struct note n;
	bool strange;
	enum err e;

	TRY(note_get(note, &n));
	TRY(checkpoint_get(n.text, &c));
	if (k->count == 0 || !view_equal(c.origin, vkey_name(k->at[0].key)))
		return err_because(ERR_MISMATCH,
		    "a checkpoint of another log");
	e = open_known(k, &n, c.size);
	strange = e == ERR_NOT_FOUND;
	if (strange)
		e = open_strange(k, &n);
	if (e == ERR_NOT_FOUND)
		return err_because(e, "a checkpoint of %llu entries that the "
		    "log's key of then has not signed, nor any other of "
		    "okse.yaml: name the one it is signed by, with use log",
		    (unsigned long long)c.size);
	TRY(e);
	*out_checkpoint = c;
	*out_strange = strange;
	return ERR_OK;
}

/* ---- signing */

static struct view
take_signature(struct reader *r, enum vkey_type type)
{
	/* a P-256 signature is shorter than 128 bytes (DER) */
	return reader_take(r, type == VKEY_ED25519 ? ED25519_SIGNATURE_SIZE :
	    r->rest.len < 2 ? 2 : (size_t)r->rest.at[1] + 2);
}

/* That of each key, in the order of okse.yaml. */
static void
take_signatures(const struct logkeys *k, enum vkey_type type,
    struct reader *r, struct view out[LOGKEYS])
{
	for (int at = 0; at < CONFIG_KEYS; at++)
		for (size_t i = 0; i < k->count; i++)
			if (k->at[i].at == at &&
			    vkey_type(k->at[i].key) == type)
				out[i] = take_signature(r, type);
}

static enum err
put_lines(const struct logkeys *k, enum vkey_type type, uint64_t size,
    struct view body, const struct view signatures[LOGKEYS],
    struct bytes *note)
{
	for (size_t i = 0; i < k->count; i++) {
		const struct logkey *l = &k->at[i];
		uint64_t when;

		if (l->at == -1 || !l->known || vkey_type(l->key) != type ||
		    logkeys_since(l) > size)
			continue;
		TRY(vkey_verify(l->key, body, signatures[i], &when));
		note_put_signature(note, l->key, signatures[i]);
	}
	return ERR_OK;
}

enum err
logkeys_sign(const struct logkeys *k, struct view body,
    struct view signatures, struct bytes *out_note)
{
	struct view by[LOGKEYS] = { 0 };
	struct reader r = reader_of(signatures);
	struct checkpoint c, again;
	bool strange;

	TRY(checkpoint_get(body, &c));
	take_signatures(k, VKEY_ED25519, &r, by);
	take_signatures(k, VKEY_ECDSA, &r, by);
	if (reader_end(&r, "signatures") != ERR_OK)
		return err_because(ERR_SIGNATURE,
		    "not one signature of each of the log's keys");
	note_put_text(out_note, body);
	TRY(put_lines(k, VKEY_ED25519, c.size, body, by, out_note));
	TRY(put_lines(k, VKEY_ECDSA, c.size, body, by, out_note));
	TRY(bytes_check(out_note));
	/* what we would not believe, nobody else should be asked to */
	return logkeys_open(k, bytes_view(out_note), &again, &strange);
}
