/*
 * Envelopes of shares, both ways (envelope.h). What is opened comes from
 * anybody; it is authenticated here and by the officer's signature before.
 * Next: share.c reads the line.
 */
#include "quorum/envelope.h"

#include <string.h>

#include <openssl/crypto.h>

#define INFO "okse/unseal/v1"
#define KEY_SIZE 32
#define IV_SIZE 12
#define SECURE_HEAP 32768
#define SECURE_LEAST 32		/* bytes of one allocation */

AUTO_DEFINE(EVP_PKEY_CTX, EVP_PKEY_CTX, EVP_PKEY_CTX_free);
AUTO_DEFINE(EVP_CIPHER_CTX, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);

enum err
envelope_prepare(void)
{
	/* 2: it is there, but not locked */
	if (CRYPTO_secure_malloc_initialized() == 1 ||
	    CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_LEAST) == 1)
		return ERR_OK;
	return err_because(ERR_MEMORY, "no locked memory for the key that "
	    "shares are encrypted to: see RLIMIT_MEMLOCK");
}

enum err
envelope_key(EVP_PKEY **out_key, uint8_t out_point[P256_POINT_SIZE])
{
	AUTO(EVP_PKEY) key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	if (key == NULL)
		return err_openssl("a round's key");
	TRY(p256_point(key, out_point));
	*out_key = STEAL(key);
	return ERR_OK;
}

/* Z of SP 800-56A 5.7.1.2, then what it is expanded to. */
static enum err
agree(const struct envelope *e, EVP_PKEY *own, EVP_PKEY *other,
    const uint8_t point[P256_POINT_SIZE], struct secret **out)
{
	AUTO(EVP_PKEY_CTX) c = EVP_PKEY_CTX_new(own, NULL);
	AUTO(secret) z = NULL;
	AUTO(secret) keys = NULL;
	struct hash salt = sha256_2(VIEW_OF(e->statement.at),
	    VIEW(point, P256_POINT_SIZE));
	size_t len = KEY_SIZE;

	TRY(secret_new(KEY_SIZE, &z));
	TRY(secret_new(KEY_SIZE + IV_SIZE, &keys));
	if (c == NULL || EVP_PKEY_derive_init(c) <= 0 ||
	    EVP_PKEY_derive_set_peer(c, other) <= 0 ||
	    EVP_PKEY_derive(c, secret_at(z), &len) <= 0 || len != KEY_SIZE)
		return err_openssl("ECDH with a round's key");
	TRY(hkdf_sha256(VIEW(secret_peek(z), KEY_SIZE), VIEW_OF(salt.at),
	    INFO, secret_at(keys), KEY_SIZE + IV_SIZE));
	*out = STEAL(keys);
	return ERR_OK;
}

/* The cipher with its key, its nonce and what it authenticates besides. */
static enum err
begin(const struct envelope *e, const struct secret *keys, int encrypt,
    EVP_CIPHER_CTX *c)
{
	uint8_t bound[SHA256_SIZE + 1];
	int len;

	memcpy(bound, e->statement.at, SHA256_SIZE);
	bound[SHA256_SIZE] = (uint8_t)e->seat;
	if (c == NULL || EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL,
	    secret_peek(keys), secret_peek(keys) + KEY_SIZE, encrypt) != 1 ||
	    EVP_CipherUpdate(c, NULL, &len, bound, sizeof(bound)) != 1)
		return err_openssl("AES-256-GCM");
	return ERR_OK;
}

enum err
envelope_seal(const struct envelope *e, struct view point,
    const struct secret *line, struct bytes *out)
{
	AUTO(EVP_PKEY) own = NULL;
	AUTO(EVP_PKEY) other = NULL;
	AUTO(secret) keys = NULL;
	AUTO(EVP_CIPHER_CTX) c = EVP_CIPHER_CTX_new();
	uint8_t text[ENVELOPE_SIZE], *body = text + P256_POINT_SIZE;
	int len;

	if (secret_len(line) != SHARE_TEXT_SIZE)
		return err_because(ERR_SYNTAX, "a share has %d characters, "
		    "got %zu", SHARE_TEXT_SIZE, secret_len(line));
	TRY(p256_public(point, &other));
	TRY(envelope_key(&own, text));
	TRY(agree(e, own, other, text, &keys));
	TRY(begin(e, keys, 1, c));
	if (EVP_CipherUpdate(c, body, &len, secret_peek(line),
	    SHARE_TEXT_SIZE) != 1 ||
	    EVP_CipherFinal_ex(c, body + len, &len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, ENVELOPE_TAG,
	    body + SHARE_TEXT_SIZE) != 1)
		return err_openssl("AES-256-GCM");
	bytes_put(out, VIEW_OF(text));
	return bytes_check(out);
}

enum err
envelope_open(const struct envelope *e, EVP_PKEY *key, struct view sealed,
    struct secret **out_line)
{
	AUTO(EVP_PKEY) other = NULL;
	AUTO(secret) keys = NULL;
	AUTO(secret) line = NULL;
	AUTO(EVP_CIPHER_CTX) c = EVP_CIPHER_CTX_new();
	const uint8_t *body = sealed.at + P256_POINT_SIZE;
	uint8_t tag[ENVELOPE_TAG];
	int len;

	if (sealed.len != ENVELOPE_SIZE)
		return err_because(ERR_SYNTAX, "a sealed share has %d bytes, "
		    "got %zu", ENVELOPE_SIZE, sealed.len);
	TRY(p256_public(VIEW(sealed.at, P256_POINT_SIZE), &other));
	TRY(secret_new(SHARE_TEXT_SIZE, &line));
	TRY(agree(e, key, other, sealed.at, &keys));
	TRY(begin(e, keys, 0, c));
	memcpy(tag, body + SHARE_TEXT_SIZE, ENVELOPE_TAG);
	if (EVP_CipherUpdate(c, secret_at(line), &len, body,
	    SHARE_TEXT_SIZE) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, ENVELOPE_TAG,
	    tag) != 1)
		return err_openssl("AES-256-GCM");
	if (EVP_CipherFinal_ex(c, secret_at(line) + len, &len) != 1)
		return err_because(ERR_MISMATCH, "a sealed share that this "
		    "round's key does not open: it was made for another "
		    "daemon, statement or seat");
	*out_line = STEAL(line);
	return ERR_OK;
}
