/*
 * Backups, from their records alone: each wrapped key's copies on media are the
 * same bytes; a copy on another token, which says truthfully that it came from
 * outside, signed a challenge of this ceremony under the key's public half;
 * and the key itself was sealed after that. Next: verify_register.c.
 */
#include <stdio.h>
#include <string.h>

#include "ceremony/steps.h"
#include "ceremony/verify.h"
#include "pkcs11/backup.h"

enum err
evidence_wrapped(const struct evidence *v, const char *label,
    unsigned int medium, struct hash *out)
{
	const struct record *r;
	char copy[64];

	snprintf(copy, sizeof(copy), "%s on medium %u", label, medium);
	TRY(evidence_find(v, RECORD_WRAP, "copy", copy, &r));
	return record_take_hex(r, "sha256", out->at, sizeof(out->at));
}

enum err
evidence_restored(const struct evidence *v, const char *label,
    const struct record **out)
{
	return evidence_find(v, RECORD_RESTORE, "label", label, out);
}

/* ---- the copy on a token */

static enum err
verify_answer(const struct evidence *v, const struct record *r,
    const struct script_key *key, EVP_PKEY *public)
{
	uint8_t challenge[32], signature[P256_SIGNATURE_SIZE];
	AUTO_DONE(bytes) message = { 0 };
	char serial[17];
	struct hash digest;
	enum err e;

	TRY(record_take_hex(r, "challenge", challenge, sizeof(challenge)));
	TRY(record_take_hex(r, "signature", signature, sizeof(signature)));
	TRY(record_take(r, "serial", serial, sizeof(serial)));
	restore_message(v->id, key->label, serial, VIEW_OF(challenge),
	    &message);
	TRY(bytes_check(&message));
	digest = sha256(bytes_view(&message));
	e = key->type == KEY_P256 ?
	    p256_verify(public, &digest, VIEW_OF(signature)) :
	    ed25519_verify(public, bytes_view(&message), VIEW_OF(signature));
	return e == ERR_OK ? ERR_OK : err_because(e, "record %ju: not signed "
	    "by the key %s", (uintmax_t)r->number, key->label);
}

static enum err
verify_copy(struct evidence *v, size_t at, const struct hash *wrapped)
{
	/* the truth: it was not made there, and was outside once */
	static const char *const wanted[] = {
		"CKA_TOKEN:1", "CKA_PRIVATE:1", "CKA_SENSITIVE:1",
		"CKA_EXTRACTABLE:0", "CKA_SIGN:1", "CKA_DECRYPT:0",
		"CKA_UNWRAP:0", "CKA_DERIVE:0", "CKA_SIGN_RECOVER:0",
		"CKA_MODIFIABLE:0", "CKA_LOCAL:0", "CKA_ALWAYS_SENSITIVE:0",
		"CKA_NEVER_EXTRACTABLE:0", NULL,
	};
	const struct script_key *key = &v->script->keys.at[at];
	const struct record *r, *probed;
	struct hash spki;

	TRY(evidence_restored(v, key->label, &r));
	TRY(record_says_hex(r, "sha256", VIEW_OF(wrapped->at)));
	TRY(public_hash(v->keys[at], &spki));
	TRY(record_says_hex(r, "spki-sha256", VIEW_OF(spki.at)));
	TRY(record_attributes(r, wanted));
	TRY(evidence_find(v, RECORD_NEGCTRL, "copy-of", key->label, &probed));
	return verify_answer(v, r, key, v->keys[at]);
}

/* Where the copies are: the second token, or the one that takes over. */
static enum err
verify_place(const struct evidence *v, const char *label, const char *as,
    const char *token)
{
	const struct record *r, *place;
	char serial[17];

	TRY(evidence_restored(v, label, &r));
	TRY(evidence_find(v, RECORD_TOKEN, as, token, &place));
	TRY(record_take(place, "serial", serial, sizeof(serial)));
	TRY(record_says(r, "serial", view_text(serial)));
	return record_says(r, "token", view_text(token));
}

/* ---- a key made here */

static enum err
verify_wrapped(struct evidence *v, size_t at)
{
	const struct script *s = v->script;
	const struct script_key *key = &s->keys.at[at];
	struct hash first, other;

	TRY(evidence_wrapped(v, key->label, 1, &first));
	for (unsigned int n = 2; n <= (unsigned int)s->backup.media; n++) {
		TRY(evidence_wrapped(v, key->label, n, &other));
		if (!view_equal(VIEW_OF(first.at), VIEW_OF(other.at)))
			return err_because(ERR_MISMATCH, "media 1 and %u have "
			    "different copies of %s", n, key->label);
	}
	TRY(verify_copy(v, at, &first));
	return verify_place(v, key->label, "backup", s->backup.token);
}

/* Where it was made nothing takes it out any more. */
static enum err
verify_sealed(const struct evidence *v, const struct script_key *key)
{
	static const char *const wanted[] = {
		"CKA_EXTRACTABLE:0", "CKA_MODIFIABLE:0", "CKA_SENSITIVE:1",
		"CKA_SIGN:1", "CKA_DECRYPT:0", "CKA_UNWRAP:0",
		"CKA_DERIVE:0", "CKA_LOCAL:1", "CKA_ALWAYS_SENSITIVE:1",
		"CKA_NEVER_EXTRACTABLE:0", NULL,
	};
	const struct record *r, *copy, *probed;

	TRY(evidence_find(v, RECORD_SEAL, "label", key->label, &r));
	TRY(record_attributes(r, wanted));
	TRY(evidence_restored(v, key->label, &copy));
	TRY(evidence_find(v, RECORD_NEGCTRL, "label", key->label, &probed));
	if (copy->number > r->number || probed->number < r->number)
		return err_because(ERR_MISMATCH, "record %ju: the key %s was "
		    "sealed before its backup was proven, or tried before "
		    "it was sealed", (uintmax_t)r->number, key->label);
	return ERR_OK;
}

/* ---- a key of the ceremony before */

static enum err
verify_regained(struct evidence *v, size_t at)
{
	const char *label = v->script->keys.at[at].label;
	const struct register_copy *from = NULL;

	for (unsigned int n = 1; from == NULL && n <= REGISTER_MEDIA; n++)
		from = register_on_medium(&v->before, label, n);
	if (from == NULL)
		return err_because(ERR_NOT_FOUND, "the register before has no "
		    "wrapped copy of %s", label);
	TRY(verify_copy(v, at, &from->wrapped));
	return verify_place(v, label, "label", v->script->token);
}

enum err
verify_backups(struct evidence *v)
{
	const struct script *s = v->script;

	for (size_t i = 0; i < s->keys.count; i++) {
		const struct script_key *key = &s->keys.at[i];

		if (key->backup == BACKUP_WRAPPED && key->inherited &&
		    s->lost.count != 0)
			TRY(verify_regained(v, i));
		if (!script_key_wraps(key))
			continue;
		TRY(verify_wrapped(v, i));
		TRY(verify_sealed(v, key));
	}
	return ERR_OK;
}
