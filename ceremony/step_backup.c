/*
 * Keys that can be had again: wrapped onto media, unwrapped and proven on a
 * second token, and then sealed in the first, in this order, so that at the
 * end there is a backup that works and no way to make another. The secret
 * that the wrapping key is derived from has shares of its own: who opens a
 * daemon cannot unwrap a key. Next: medium.c, verify_backup.c.
 */
#include <stdio.h>
#include <string.h>

#include "ceremony/steps.h"
#include "pkcs11/backup.h"
#include "quorum/derive.h"

#define CHALLENGE_SIZE 32

enum err
ceremony_kek(const struct ceremony *c, struct secret **out_kek)
{
	return derive_key(c->backup, "backup-kek", out_kek);
}

/* ---- wrap-keys */

static enum err
record_wrap(struct ceremony *c, const char *label, unsigned int medium,
    struct view wrapped)
{
	AUTO_DONE(payload) p = { 0 };
	struct hash h = sha256(wrapped);
	char copy[64];

	snprintf(copy, sizeof(copy), "%s on medium %u", label, medium);
	payload_put(&p, "copy", copy);
	payload_put_int(&p, "length", (int64_t)wrapped.len);
	payload_put_hex(&p, "sha256", VIEW_OF(h.at));
	payload_put_hex(&p, "check", VIEW_OF(c->reg.check));
	TRY(ceremony_record(c, RECORD_WRAP, &p));
	return register_add_on_medium(&c->reg, label, medium, &h);
}

static enum err
wrap_one(struct ceremony *c, size_t at, const struct secret *kek)
{
	struct key_spec spec = ceremony_key_spec(c, at);
	AUTO_DONE(bytes) wrapped = { 0 };

	TRY(token_wrap(c->token, kek, &spec, &wrapped));
	for (unsigned int n = 1; n <= (unsigned int)c->script->backup.media;
	    n++) {
		TRY(medium_write(c, n, spec.label, bytes_view(&wrapped)));
		TRY(record_wrap(c, spec.label, n, bytes_view(&wrapped)));
	}
	ceremony_say(c, "  %s is wrapped", spec.label);
	return ERR_OK;
}

/* Is it the key that the wrapped ones are under? */
static enum err
take_kek(struct ceremony *c, struct secret **out)
{
	AUTO(secret) kek = NULL;
	uint8_t check[KEK_CHECK_SIZE];

	TRY(ceremony_kek(c, &kek));
	TRY(kek_check(kek, check));
	if (!secret_equal(VIEW_OF(check), VIEW_OF(c->reg.check)))
		return err_because(ERR_MISMATCH, "the officers' backup shares "
		    "open another wrapping key than the register's");
	*out = STEAL(kek);
	return ERR_OK;
}

enum err
step_wrap_keys(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	AUTO(secret) kek = NULL;
	int64_t wrapped = 0;

	(void)s;
	TRY(take_kek(c, &kek));
	for (size_t i = 0; i < c->script->keys.count; i++) {
		if (!script_key_wraps(&c->script->keys.at[i]))
			continue;
		TRY(wrap_one(c, i, kek));
		wrapped++;
	}
	payload_put_int(result, "keys", wrapped);
	payload_put_int(result, "media", c->script->backup.media);
	return ERR_OK;
}

/* ---- a copy, proven */

void
restore_message(const uint8_t id[SHARE_ID_SIZE], const char *label,
    const char *serial, struct view challenge, struct bytes *out)
{
	bytes_put_text(out, "okse/restore/v1\nceremony ");
	hex_put(out, VIEW(id, SHARE_ID_SIZE));
	bytes_printf(out, "\nkey %s\ntoken %s\nchallenge ", label, serial);
	hex_put(out, challenge);
	bytes_put_u8(out, '\n');
}

/* Signed by the copy, verified under the registered key before it is out. */
static enum err
answer(struct ceremony *c, const struct key_spec *spec, struct view message,
    uint8_t out[P256_SIGNATURE_SIZE])
{
	struct hash digest = sha256(message);
	AUTO(key) key = NULL;

	TRY(token_key_find(c->token, spec, &key));
	return key_type(key) == KEY_P256 ?
	    key_sign_digest(key, &digest, true, out) :
	    key_sign_message(key, message, true, out);
}

static enum err
record_restore(struct ceremony *c, const struct key_spec *spec,
    struct view wrapped, const struct key_record *copy)
{
	uint8_t challenge[CHALLENGE_SIZE], signature[P256_SIGNATURE_SIZE];
	struct hash h = sha256(wrapped), spki;
	AUTO_DONE(bytes) message = { 0 };
	AUTO_DONE(payload) p = { 0 };

	TRY(random_bytes(challenge, sizeof(challenge)));
	restore_message(c->id, spec->label, c->identity.serial,
	    VIEW_OF(challenge), &message);
	TRY(bytes_check(&message));
	TRY(answer(c, spec, bytes_view(&message), signature));
	TRY(public_hash(spec->public_key, &spki));
	payload_put(&p, "label", spec->label);
	payload_put(&p, "token", c->identity.label);
	payload_put(&p, "serial", c->identity.serial);
	payload_put_hex(&p, "sha256", VIEW_OF(h.at));
	payload_put_hex(&p, "spki-sha256", VIEW_OF(spki.at));
	payload_put_hex(&p, "challenge", VIEW_OF(challenge));
	payload_put_hex(&p, "signature", VIEW_OF(signature));
	ceremony_put_attributes(copy, &p);
	return ceremony_record(c, RECORD_RESTORE, &p);
}

enum err
ceremony_restore(struct ceremony *c, size_t at, struct view wrapped)
{
	struct key_spec spec = ceremony_key_spec(c, at);
	AUTO_DONE(key_record) copy = { 0 };
	AUTO(secret) kek = NULL;

	TRY(take_kek(c, &kek));
	if (c->begun)		/* a copy that a crash left half */
		TRY(token_unwrap_clear(c->token, &spec));
	TRY(token_unwrap(c->token, kek, &spec, wrapped, &copy));
	TRY(record_restore(c, &spec, wrapped, &copy));
	TRY(ceremony_probe(c, "copy-of",
	    (enum key_type)c->script->keys.at[at].type, spec.label, spec.id));
	TRY(register_add_on_token(&c->reg, spec.label, c->identity.label,
	    c->identity.serial));
	ceremony_say(c, "  %s signs on the token %s", spec.label,
	    c->identity.label);
	return ERR_OK;
}

/* ---- prove-backups */

/* The serial of a token that the register knows by its label, or NULL. */
static const char *
known_serial(const struct ceremony *c, const char *label)
{
	for (size_t i = 0; i < c->reg.copy_count; i++)
		if (c->reg.copies[i].medium == 0 &&
		    strcmp(c->reg.copies[i].token, label) == 0)
			return c->reg.copies[i].serial;
	return NULL;
}

enum err
ceremony_open_known(struct ceremony *c, const char *label,
    const char *serial)
{
	AUTO(secret) pin = NULL;

	token_close(STEAL(c->token));
	snprintf(c->identity.label, sizeof(c->identity.label), "%s", label);
	snprintf(c->identity.serial, sizeof(c->identity.serial), "%s",
	    serial);
	TRY(derive_pin(c->secret, label, &pin));
	TRY(ceremony_open_token(c, pin));
	c->identity = *token_identity(c->token);
	return ERR_OK;
}

/* One token of a module is open at a time. */
static enum err
open_second(struct ceremony *c)
{
	const char *label = c->script->backup.token;
	const char *serial = known_serial(c, label);

	if (serial != NULL) {
		TRY(ceremony_open_known(c, label, serial));
	} else {
		token_close(STEAL(c->token));
		TRY(ceremony_make_token(c, label, c->secret));
	}
	return ceremony_record_token(c, "backup");
}

/* From a medium that is not the same for each key, so that all are read. */
static enum err
prove_one(struct ceremony *c, size_t at, unsigned int medium)
{
	const char *label = c->script->keys.at[at].label;
	const struct register_copy *from = register_on_medium(&c->reg, label,
	    medium);
	AUTO_DONE(bytes) wrapped = { 0 };

	TRY(medium_read(c, medium, label, &from->wrapped, &wrapped));
	return ceremony_restore(c, at, bytes_view(&wrapped));
}

enum err
step_prove_backups(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	unsigned int media = (unsigned int)c->script->backup.media;
	int64_t proven = 0;

	(void)s;
	TRY(open_second(c));
	for (size_t i = 0; i < c->script->keys.count; i++)
		if (script_key_wraps(&c->script->keys.at[i]))
			TRY(prove_one(c, i, (unsigned int)proven++ % media +
			    1));
	payload_put(result, "serial", c->identity.serial);
	payload_put_int(result, "keys", proven);
	return ceremony_reopen(c, c->secret);
}

/* ---- seal-keys */

static enum err
seal_one(struct ceremony *c, size_t at)
{
	struct key_spec spec = ceremony_key_spec(c, at);
	AUTO_DONE(key_record) sealed = { 0 };
	AUTO_DONE(payload) p = { 0 };

	TRY(token_seal(c->token, &spec, &sealed));
	payload_put(&p, "label", spec.label);
	ceremony_put_attributes(&sealed, &p);
	TRY(ceremony_record(c, RECORD_SEAL, &p));
	return ceremony_probe(c, "label",
	    (enum key_type)c->script->keys.at[at].type, spec.label, spec.id);
}

enum err
step_seal_keys(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	int64_t keys = 0;

	(void)s;
	for (size_t i = 0; i < c->script->keys.count; i++) {
		if (!script_key_wraps(&c->script->keys.at[i]))
			continue;
		TRY(seal_one(c, i));
		keys++;
	}
	secret_free(STEAL(c->backup));
	payload_put_int(result, "keys", keys);
	return ERR_OK;
}
