/*
 * The register as text, both ways. It comes from the directory of a ceremony:
 * another ceremony believes it once that one verifies, a daemon because its
 * operator names it. Next: ceremony/previous.c.
 */
#include "pkcs11/register.h"

#include <stdio.h>
#include <string.h>

static const char *const types[] = {
	[KEY_P256] = "p256", [KEY_ED25519] = "ed25519",
};

struct register_key *
register_key(struct key_register *r, const char *label)
{
	for (size_t i = 0; i < r->key_count; i++)
		if (strcmp(r->keys[i].label, label) == 0)
			return &r->keys[i];
	return NULL;
}

const struct register_certificate *
register_certificate(const struct key_register *r, const char *name)
{
	for (size_t i = 0; i < r->certificate_count; i++)
		if (strcmp(r->certificates[i].name, name) == 0)
			return &r->certificates[i];
	return NULL;
}

enum err
register_add_key(struct key_register *r, const struct register_key *key)
{
	if (register_key(r, key->label) != NULL)
		return err_because(ERR_EXISTS,
		    "the register has a key %s already", key->label);
	if (r->key_count == REGISTER_KEYS)
		return err_because(ERR_RANGE, "a register has at most %d keys",
		    REGISTER_KEYS);
	r->keys[r->key_count++] = *key;
	return ERR_OK;
}

enum err
register_add_certificate(struct key_register *r, const char *name,
    const struct hash *sha256)
{
	struct register_certificate *c =
	    &r->certificates[r->certificate_count];

	if (register_certificate(r, name) != NULL)
		return err_because(ERR_EXISTS,
		    "the register has a certificate %s already", name);
	if (r->certificate_count == REGISTER_CERTIFICATES)
		return err_because(ERR_RANGE, "a register has at most %d "
		    "certificates", REGISTER_CERTIFICATES);
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->sha256 = *sha256;
	r->certificate_count++;
	return ERR_OK;
}

size_t
register_live(const struct key_register *r)
{
	size_t live = 0;

	for (size_t i = 0; i < r->key_count; i++)
		live += !r->keys[i].destroyed;
	return live;
}

/* ---- writing */

static void
put_key(const struct register_key *k, struct bytes *out)
{
	bytes_printf(out, "key %s %s ", k->label, types[k->type]);
	hex_put(out, VIEW_OF(k->id));
	bytes_put_u8(out, ' ');
	hex_put(out, VIEW_OF(k->spki.at));
	bytes_printf(out, " %s\n", k->destroyed ? "destroyed" : "live");
}

enum err
register_put(const struct key_register *r, struct bytes *out)
{
	bytes_printf(out, "okse-register 1\ntoken %s %s\nquorum ", r->token,
	    r->serial);
	hex_put(out, VIEW_OF(r->quorum.at));
	bytes_put_u8(out, '\n');
	for (size_t i = 0; i < r->key_count; i++)
		put_key(&r->keys[i], out);
	for (size_t i = 0; i < r->certificate_count; i++) {
		bytes_printf(out, "certificate %s ", r->certificates[i].name);
		hex_put(out, VIEW_OF(r->certificates[i].sha256.at));
		bytes_put_u8(out, '\n');
	}
	return bytes_check(out);
}

/* ---- reading */

static void
get_name(struct reader *r, uint8_t stop, char *out, size_t size)
{
	struct view v = reader_until(r, stop);

	if (v.len == 0 || v.len >= size || memchr(v.at, '\0', v.len) != NULL) {
		r->failed = true;
		return;
	}
	memcpy(out, v.at, v.len);
	out[v.len] = '\0';
}

static void
get_hex(struct reader *r, uint8_t stop, uint8_t *out, size_t size)
{
	AUTO_DONE(bytes) raw = { 0 };

	if (hex_get(reader_until(r, stop), &raw) != ERR_OK || raw.len != size)
		r->failed = true;
	else
		memcpy(out, raw.at, size);
}

static enum err
get_key(struct reader *r, struct key_register *out)
{
	struct register_key k = { 0 };
	struct view type, state;

	get_name(r, ' ', k.label, sizeof(k.label));
	type = reader_until(r, ' ');
	k.type = view_is(type, types[KEY_P256]) ? KEY_P256 :
	    view_is(type, types[KEY_ED25519]) ? KEY_ED25519 : KEY_OTHER;
	get_hex(r, ' ', k.id, sizeof(k.id));
	get_hex(r, ' ', k.spki.at, sizeof(k.spki.at));
	state = reader_until(r, '\n');
	k.destroyed = view_is(state, "destroyed");
	if (k.type == KEY_OTHER || (!k.destroyed && !view_is(state, "live")))
		r->failed = true;
	return r->failed ? ERR_OK : register_add_key(out, &k);
}

static enum err
get_certificate(struct reader *r, struct key_register *out)
{
	char name[REGISTER_NAME] = "";
	struct hash h = { 0 };

	get_name(r, ' ', name, sizeof(name));
	get_hex(r, '\n', h.at, sizeof(h.at));
	return r->failed ? ERR_OK : register_add_certificate(out, name, &h);
}

static enum err
get_lines(struct reader *r, struct key_register *out)
{
	while (!r->failed && r->rest.len != 0) {
		struct view kind = reader_until(r, ' ');

		if (view_is(kind, "key") && out->certificate_count == 0)
			TRY(get_key(r, out));
		else if (view_is(kind, "certificate"))
			TRY(get_certificate(r, out));
		else
			r->failed = true;
	}
	return reader_end(r, "key register");
}

enum err
register_get(struct view text, struct key_register *out)
{
	struct reader r = reader_of(text);
	struct key_register found = { 0 };

	reader_text(&r, "okse-register 1\ntoken ");
	get_name(&r, ' ', found.token, sizeof(found.token));
	get_name(&r, '\n', found.serial, sizeof(found.serial));
	reader_text(&r, "quorum ");
	get_hex(&r, '\n', found.quorum.at, sizeof(found.quorum.at));
	TRY(get_lines(&r, &found));
	*out = found;
	return ERR_OK;
}
