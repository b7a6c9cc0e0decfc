/*
 * Signing with a found key, recovering once from what one may recover from
 * (the classes of rv.c), and the canary. What the token gives is checked for
 * length and range always, by verification when asked to; only checked
 * signatures leave this file.
 */
#include <assert.h>
#include <string.h>

#include "pkcs11/cryptoki.h"

/* Both algorithms' signatures have the same size. */
#define SIGNATURE_SIZE 64
static_assert(P256_SIGNATURE_SIZE == SIGNATURE_SIZE &&
    ED25519_SIGNATURE_SIZE == SIGNATURE_SIZE);

/* "okse/canary/v1", NUL, random bytes: no other message of ours has a NUL */
static const char canary_domain[] = "okse/canary/v1";

/* No length query: NSS answers 144 where it will give 64. */
static enum err
sign_once(struct key *k, struct view input, uint8_t out[SIGNATURE_SIZE])
{
	struct token *t = k->token;
	CK_MECHANISM mechanism = { .mechanism = key_mechanism(k->name.type) };
	uint8_t signature[1024];
	CK_ULONG len = sizeof(signature);

	TRY(session_ready(t));
	TRY(session_check(t, "C_SignInit", t->p11->C_SignInit(t->session,
	    &mechanism, k->handle)));
	TRY(session_check(t, "C_Sign", t->p11->C_Sign(t->session,
	    unconst(input.at), input.len, signature, &len)));
	if (len != SIGNATURE_SIZE) {
		rv_blame(TOKEN_DEVICE);
		return err_because(ERR_TOKEN, "C_Sign: wanted %u bytes of "
		    "signature, got %lu", SIGNATURE_SIZE, len);
	}
	memcpy(out, signature, SIGNATURE_SIZE);
	return ERR_OK;
}

/* To who asks for a signature, a key that is gone is a failing token. */
static enum err
find_again(struct key *k)
{
	enum err e = key_locate(k);

	if (e != ERR_NOT_FOUND && e != ERR_MISMATCH)
		return e;
	rv_blame(TOKEN_HANDLE);
	return err_because(ERR_TOKEN, "%s; it was there before", err_why());
}

static enum err
sign_recovering(struct key *k, struct view input,
    uint8_t out[SIGNATURE_SIZE])
{
	enum err e = sign_once(k, input, out);

	if (e == ERR_OK)
		return ERR_OK;
	switch (token_last_class()) {
	case TOKEN_SESSION:
		break;		/* in doubt: the next try opens another */
	case TOKEN_HANDLE:
		TRY(find_again(k));
		break;
	default:
		return e;
	}
	return sign_once(k, input, out);
}

static enum err
verify_in_software(struct key *k, struct view input, struct view signature)
{
	struct hash digest;

	if (k->name.type == KEY_ED25519)
		return ed25519_verify(k->public_key, input, signature);
	memcpy(digest.at, input.at, sizeof(digest.at));
	if (k->table != NULL && p256_table_verify(k->table, &digest,
	    signature.at))
		return ERR_OK;
	return p256_verify(k->public_key, &digest, signature);
}

static enum err
check(struct key *k, struct view input, bool verify,
    uint8_t signature[SIGNATURE_SIZE])
{
	enum err e = ERR_OK;

	if (k->name.type == KEY_P256)
		e = p256_low_s(signature);
	if (e == ERR_OK && verify)
		e = verify_in_software(k, input,
		    VIEW(signature, SIGNATURE_SIZE));
	if (e == ERR_SIGNATURE)
		rv_blame(TOKEN_DEVICE);
	return e;
}

static enum err
sign(struct key *k, struct view input, bool verify,
    uint8_t out[SIGNATURE_SIZE])
{
	uint8_t signature[SIGNATURE_SIZE];
	enum err e;

	if (k->refused != CKR_OK) {
		rv_blame(TOKEN_CONFIG);
		return err_because(ERR_TOKEN, "key '%s' is quarantined since "
		    "the token answered %s", k->label,
		    token_rv_name(k->refused));
	}
	e = sign_recovering(k, input, signature);
	if (e != ERR_OK && token_last_class() == TOKEN_CONFIG)
		k->refused = rv_last();
	if (e != ERR_OK)
		return e;
	TRY(check(k, input, verify, signature));
	memcpy(out, signature, SIGNATURE_SIZE);
	rv_clear();	/* what was recovered from is over */
	return ERR_OK;
}

enum err
key_sign_digest(struct key *k, const struct hash *digest, bool verify,
    uint8_t out[P256_SIGNATURE_SIZE])
{
	rv_clear();
	if (k->name.type != KEY_P256)
		return err_because(ERR_UNSUPPORTED,
		    "key '%s' is not for ECDSA P-256", k->label);
	return sign(k, VIEW_OF(digest->at), verify, out);
}

enum err
key_sign_message(struct key *k, struct view message, bool verify,
    uint8_t out[ED25519_SIGNATURE_SIZE])
{
	rv_clear();
	if (k->name.type != KEY_ED25519)
		return err_because(ERR_UNSUPPORTED,
		    "key '%s' is not for Ed25519", k->label);
	if (message.len > KEY_MESSAGE_MAX)
		return err_because(ERR_TOO_LARGE, "Ed25519 in a token: at most "
		    "%u bytes of message, got %zu", KEY_MESSAGE_MAX,
		    message.len);
	return sign(k, message, verify, out);
}

enum err
key_prove(struct key *k)
{
	uint8_t message[sizeof(canary_domain) + 32], signature[SIGNATURE_SIZE];
	struct view input = VIEW_OF(message);
	struct hash digest;

	memcpy(message, canary_domain, sizeof(canary_domain));
	TRY(random_bytes(message + sizeof(canary_domain), 32));
	if (k->name.type == KEY_P256) {
		digest = sha256(input);
		input = VIEW_OF(digest.at);
	}
	TRY(sign_once(k, input, signature));
	return check(k, input, true, signature);
}

enum err
key_canary(struct key *k)
{
	rv_clear();
	k->token->in_doubt = true;
	return key_prove(k);
}
