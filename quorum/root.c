/*
 * The root that stays when officers change (quorum.h). The carried bytes are
 * public and come from a file; the tag says whether they are this secret's.
 */
#include <string.h>

#include <openssl/evp.h>

#include "quorum/derive.h"
#include "quorum/quorum.h"

#define TAG 16

AUTO_DEFINE(CIPHER, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);

/* A key has one message, so its nonce need not vary. */
static enum err
start(const struct secret *secret, const struct quorum *q, bool encrypt,
    EVP_CIPHER_CTX **out)
{
	static const uint8_t nonce[12];
	AUTO(CIPHER) c = EVP_CIPHER_CTX_new();
	AUTO(secret) key = NULL;
	int n;

	TRY(derive_key(secret, "carry", &key));
	if (c == NULL || EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL,
	    secret_peek(key), nonce, encrypt) != 1 ||
	    EVP_CipherUpdate(c, NULL, &n, q->set_id, sizeof(q->set_id)) != 1)
		return err_openssl("carrying a root");
	*out = STEAL(c);
	return ERR_OK;
}

enum err
quorum_carry(struct quorum *q, const struct secret *secret,
    const struct secret *root)
{
	AUTO(CIPHER) c = NULL;
	int n;

	if (secret_len(root) != SHARE_VALUE_SIZE)
		return err_because(ERR_RANGE, "a root has %d bytes",
		    SHARE_VALUE_SIZE);
	TRY(start(secret, q, true, &c));
	if (EVP_CipherUpdate(c, q->carried, &n, secret_peek(root),
	    SHARE_VALUE_SIZE) != 1 ||
	    EVP_CipherFinal_ex(c, q->carried + SHARE_VALUE_SIZE, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG,
	    q->carried + SHARE_VALUE_SIZE) != 1)
		return err_openssl("carrying a root");
	q->carries = true;
	return ERR_OK;
}

static enum err
uncarry(const struct quorum *q, const struct secret *secret,
    struct secret *root)
{
	uint8_t tag[TAG];
	AUTO(CIPHER) c = NULL;
	int n;

	memcpy(tag, q->carried + SHARE_VALUE_SIZE, sizeof(tag));
	TRY(start(secret, q, false, &c));
	if (EVP_CipherUpdate(c, secret_at(root), &n, q->carried,
	    SHARE_VALUE_SIZE) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) != 1)
		return err_openssl("a carried root");
	if (EVP_CipherFinal_ex(c, tag, &n) != 1)
		return err_because(ERR_CORRUPT, "the carried root is not of "
		    "this secret");
	return ERR_OK;
}

enum err
quorum_root(const struct quorum *q, const struct secret *secret,
    struct secret **out_root)
{
	AUTO(secret) root = NULL;

	TRY(secret_new(SHARE_VALUE_SIZE, &root));
	if (q->carries)
		TRY(uncarry(q, secret, root));
	else
		memcpy(secret_at(root), secret_peek(secret),
		    SHARE_VALUE_SIZE);
	*out_root = STEAL(root);
	return ERR_OK;
}
