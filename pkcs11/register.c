/*
 * The register as text, both ways. It comes from the directory of a ceremony:
 * another ceremony believes it once that one verifies, a daemon because its
 * operator names it. Next: ceremony/previous.c, account.c.
 */
#include "pkcs11/register.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"

#define REGISTER_TEXT 65536

static const char *const types[] = {
	[KEY_P256] = "p256", [KEY_ED25519] = "ed25519",
};

static const char *const states[] = {
	[REGISTER_LIVE] = "live", [REGISTER_DESTROYED] = "destroyed",
	[REGISTER_LOST] = "lost",
};

const char *
register_state_name(enum register_state state)
{
	return states[state];
}

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
	for (size_t i = 0; i < r->key_count; i++)
		if (view_equal(VIEW_OF(r->keys[i].spki.at),
		    VIEW_OF(key->spki.at)))
			return err_because(ERR_EXISTS, "the keys %s and %s "
			    "are one: what made them repeats itself",
			    r->keys[i].label, key->label);
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

/* ---- copies */

/* medium 0: on that token */
static struct register_copy *
find_copy(struct key_register *r, const char *label, const char *token,
    const char *serial, unsigned int medium)
{
	for (size_t i = 0; i < r->copy_count; i++) {
		struct register_copy *c = &r->copies[i];

		if (strcmp(c->key, label) == 0 && c->medium == medium &&
		    strcmp(c->token, token) == 0 &&
		    strcmp(c->serial, serial) == 0)
			return c;
	}
	return NULL;
}

struct register_copy *
register_on_token(struct key_register *r, const char *label,
    const char *token, const char *serial)
{
	return find_copy(r, label, token, serial, 0);
}

struct register_copy *
register_on_medium(struct key_register *r, const char *label,
    unsigned int medium)
{
	return find_copy(r, label, "", "", medium);
}

void
register_copy_name(const struct register_copy *c, char out[128])
{
	if (c->medium == 0)
		snprintf(out, 128, "%s on token %s, serial %s", c->key,
		    c->token, c->serial);
	else
		snprintf(out, 128, "%s on medium %u", c->key, c->medium);
}

static enum err
add_copy(struct key_register *r, const struct register_copy *copy)
{
	if (register_key(r, copy->key) == NULL)
		return err_because(ERR_NOT_FOUND, "the register has no key %s "
		    "that this could be a copy of", copy->key);
	if (find_copy(r, copy->key, copy->token, copy->serial,
	    copy->medium) != NULL)
		return err_because(ERR_EXISTS, "the register has a copy of %s "
		    "in this place already", copy->key);
	if (r->copy_count == REGISTER_COPIES)
		return err_because(ERR_RANGE, "a register has at most %d "
		    "copies", REGISTER_COPIES);
	r->copies[r->copy_count++] = *copy;
	return ERR_OK;
}

enum err
register_add_on_token(struct key_register *r, const char *label,
    const char *token, const char *serial)
{
	struct register_copy c = { .state = REGISTER_LIVE };

	snprintf(c.key, sizeof(c.key), "%s", label);
	snprintf(c.token, sizeof(c.token), "%s", token);
	snprintf(c.serial, sizeof(c.serial), "%s", serial);
	TRY(add_copy(r, &c));
	register_settle(r);
	return ERR_OK;
}

enum err
register_add_on_medium(struct key_register *r, const char *label,
    unsigned int medium, const struct hash *wrapped)
{
	struct register_copy c = { .medium = medium, .wrapped = *wrapped };

	if (medium < 1 || medium > REGISTER_MEDIA)
		return err_because(ERR_RANGE, "media are numbered 1 to %d",
		    REGISTER_MEDIA);
	snprintf(c.key, sizeof(c.key), "%s", label);
	TRY(add_copy(r, &c));
	register_settle(r);
	return ERR_OK;
}

static enum register_state
settled(const struct key_register *r, const struct register_key *k)
{
	bool rest = false, here = false;

	for (size_t i = 0; i < r->copy_count; i++) {
		const struct register_copy *c = &r->copies[i];

		if (strcmp(c->key, k->label) != 0 ||
		    c->state == REGISTER_DESTROYED)
			continue;
		rest = true;
		here |= c->state == REGISTER_LIVE && c->medium == 0 &&
		    strcmp(c->token, r->token) == 0 &&
		    strcmp(c->serial, r->serial) == 0;
	}
	return here ? REGISTER_LIVE : rest ? REGISTER_LOST :
	    REGISTER_DESTROYED;
}

void
register_settle(struct key_register *r)
{
	for (size_t i = 0; i < r->key_count; i++)
		r->keys[i].state = settled(r, &r->keys[i]);
}

size_t
register_live(const struct key_register *r)
{
	size_t live = 0;

	for (size_t i = 0; i < r->key_count; i++)
		live += r->keys[i].state == REGISTER_LIVE;
	return live;
}

size_t
register_copies(const struct key_register *r, const char *label,
    enum register_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < r->copy_count; i++)
		n += r->copies[i].state == state && (label == NULL ||
		    strcmp(r->copies[i].key, label) == 0);
	return n;
}

size_t
register_wrapped(const struct key_register *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->copy_count; i++)
		n += r->copies[i].medium != 0 &&
		    r->copies[i].state == REGISTER_LIVE;
	return n;
}

/* ---- writing */

static void
put_key(const struct register_key *k, struct bytes *out)
{
	bytes_printf(out, "key %s %s ", k->label, types[k->type]);
	hex_put(out, VIEW_OF(k->id));
	bytes_put_u8(out, ' ');
	hex_put(out, VIEW_OF(k->spki.at));
	bytes_printf(out, " %s\n", states[k->state]);
}

static void
put_copy(const struct register_copy *c, struct bytes *out)
{
	bytes_printf(out, "copy %s ", c->key);
	if (c->medium == 0) {
		/* the serial last: a token may put blanks into it */
		bytes_printf(out, "token %s %s %s\n", c->token,
		    states[c->state], c->serial);
		return;
	}
	bytes_printf(out, "medium %u %s ", c->medium, states[c->state]);
	hex_put(out, VIEW_OF(c->wrapped.at));
	bytes_put_u8(out, '\n');
}

static void
put_backup_quorum(const struct key_register *r, struct bytes *out)
{
	bytes_put_text(out, "backup-quorum ");
	hex_put(out, VIEW_OF(r->backup_quorum.at));
	bytes_put_u8(out, ' ');
	hex_put(out, VIEW_OF(r->check));
	bytes_put_u8(out, '\n');
}

enum err
register_put(const struct key_register *r, struct bytes *out)
{
	bytes_printf(out, "okse-register 2\ntoken %s %s\nquorum ", r->token,
	    r->serial);
	hex_put(out, VIEW_OF(r->quorum.at));
	bytes_put_u8(out, '\n');
	if (r->wraps)
		put_backup_quorum(r, out);
	for (size_t i = 0; i < r->key_count; i++)
		put_key(&r->keys[i], out);
	for (size_t i = 0; i < r->copy_count; i++)
		put_copy(&r->copies[i], out);
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

static enum register_state
get_state(struct reader *r, uint8_t stop)
{
	struct view state = reader_until(r, stop);

	for (size_t i = 0; i < COUNT(states); i++)
		if (view_is(state, states[i]))
			return (enum register_state)i;
	r->failed = true;
	return REGISTER_LOST;
}

static enum err
get_key(struct reader *r, struct key_register *out)
{
	struct register_key k = { 0 };
	struct view type;

	get_name(r, ' ', k.label, sizeof(k.label));
	type = reader_until(r, ' ');
	k.type = view_is(type, types[KEY_P256]) ? KEY_P256 :
	    view_is(type, types[KEY_ED25519]) ? KEY_ED25519 : KEY_OTHER;
	get_hex(r, ' ', k.id, sizeof(k.id));
	get_hex(r, ' ', k.spki.at, sizeof(k.spki.at));
	k.state = get_state(r, '\n');
	if (k.type == KEY_OTHER)
		r->failed = true;
	return r->failed ? ERR_OK : register_add_key(out, &k);
}

static unsigned int
get_medium(struct reader *r)
{
	struct view v = reader_until(r, ' ');

	if (v.len == 1 && v.at[0] >= '1' && v.at[0] <= '0' + REGISTER_MEDIA)
		return (unsigned int)(v.at[0] - '0');
	r->failed = true;
	return 0;
}

static enum err
get_copy(struct reader *r, struct key_register *out)
{
	struct register_copy c = { 0 };
	struct view kind;

	get_name(r, ' ', c.key, sizeof(c.key));
	kind = reader_until(r, ' ');
	if (view_is(kind, "token")) {
		get_name(r, ' ', c.token, sizeof(c.token));
		c.state = get_state(r, ' ');
		get_name(r, '\n', c.serial, sizeof(c.serial));
	} else if (view_is(kind, "medium")) {
		c.medium = get_medium(r);
		c.state = get_state(r, ' ');
		get_hex(r, '\n', c.wrapped.at, sizeof(c.wrapped.at));
	} else {
		r->failed = true;
	}
	return r->failed ? ERR_OK : add_copy(out, &c);
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

static void
get_backup_quorum(struct reader *r, struct key_register *out)
{
	get_hex(r, ' ', out->backup_quorum.at, sizeof(out->backup_quorum.at));
	get_hex(r, '\n', out->check, sizeof(out->check));
	out->wraps = true;
}

static enum err
get_lines(struct reader *r, struct key_register *out)
{
	while (!r->failed && r->rest.len != 0) {
		struct view kind = reader_until(r, ' ');

		if (view_is(kind, "backup-quorum") && !out->wraps &&
		    out->key_count == 0)
			get_backup_quorum(r, out);
		else if (view_is(kind, "key") && out->copy_count == 0 &&
		    out->certificate_count == 0)
			TRY(get_key(r, out));
		else if (view_is(kind, "copy") && out->certificate_count == 0)
			TRY(get_copy(r, out));
		else if (view_is(kind, "certificate"))
			TRY(get_certificate(r, out));
		else
			r->failed = true;
	}
	return reader_end(r, "key register");
}

/* What the register says of a key is what it says of its copies. */
static enum err
check_states(const struct key_register *r)
{
	for (size_t i = 0; i < r->key_count; i++)
		if (r->keys[i].state != settled(r, &r->keys[i]))
			return err_because(ERR_MISMATCH, "key register: the "
			    "state of %s is not that of its copies",
			    r->keys[i].label);
	for (size_t i = 0; i < r->copy_count; i++)
		if (r->copies[i].medium != 0 && !r->wraps)
			return err_because(ERR_MISMATCH, "key register: a "
			    "wrapped copy, and no backup-quorum");
	return ERR_OK;
}

enum err
register_get(struct view text, struct key_register *out)
{
	struct reader r = reader_of(text);
	struct key_register found = { 0 };

	reader_text(&r, "okse-register 2\ntoken ");
	get_name(&r, ' ', found.token, sizeof(found.token));
	get_name(&r, '\n', found.serial, sizeof(found.serial));
	reader_text(&r, "quorum ");
	get_hex(&r, '\n', found.quorum.at, sizeof(found.quorum.at));
	TRY(get_lines(&r, &found));
	TRY(check_states(&found));
	*out = found;
	return ERR_OK;
}

enum err
register_read(const char *path, struct key_register *out,
    struct hash *out_hash)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(file_read(path, REGISTER_TEXT, &text));
	TRY(register_get(bytes_view(&text), out));
	*out_hash = sha256(bytes_view(&text));
	return ERR_OK;
}
