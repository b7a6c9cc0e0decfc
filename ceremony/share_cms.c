/*
 * A share on its way to its officer: CMS EnvelopedData for the certificate of
 * one recipient, which any `openssl cms -decrypt` opens, in fifteen years too.
 * AES-256 in CBC (RFC 3565) under ECDH or RSA key transport, as the key of the
 * certificate asks; OpenSSL 3.0 writes AuthEnvelopedData only by hand, and the
 * share has a commitment of its own. Next: step_secret.c.
 */
#include <string.h>

/* in this order: cms.h adds to pem.h only when it was there before */
#include <openssl/pem.h>
#include <openssl/cms.h>

#include "ceremony/steps.h"

AUTO_DEFINE(CMS, CMS_ContentInfo, CMS_ContentInfo_free);

static void
stack_free(STACK_OF(X509) *s)
{
	sk_X509_free(s);
}

AUTO_DEFINE(X509_STACK, STACK_OF(X509), stack_free);

enum err
share_seal(const struct secret *line, X509 *recipient, struct bytes *out_pem)
{
	AUTO(X509_STACK) to = sk_X509_new_null();
	AUTO(BIO) in = BIO_new_mem_buf(secret_peek(line),
	    (int)secret_len(line));
	AUTO(BIO) out = BIO_new(BIO_s_mem());
	AUTO(CMS) cms = NULL;
	char *pem;
	long len;

	if (to == NULL || in == NULL || out == NULL ||
	    sk_X509_push(to, recipient) <= 0)
		return err_openssl("a recipient");
	cms = CMS_encrypt(to, in, EVP_aes_256_cbc(), CMS_BINARY);
	if (cms == NULL || PEM_write_bio_CMS(out, cms) != 1 ||
	    (len = BIO_get_mem_data(out, &pem)) <= 0)
		return err_openssl("a share for its officer (RFC 5652 6)");
	bytes_put(out_pem, VIEW(pem, (size_t)len));
	return bytes_check(out_pem);
}

enum err
share_unseal(struct view pem, X509 *recipient, EVP_PKEY *key,
    struct secret **out_line)
{
	AUTO(BIO) in = BIO_new_mem_buf(pem.at, (int)pem.len);
	AUTO(BIO) out = BIO_new(BIO_s_secmem());
	AUTO(CMS) cms = NULL;
	AUTO(secret) line = NULL;
	char *text;
	long len;

	if (in == NULL || out == NULL)
		return err_openssl("a sealed share");
	cms = PEM_read_bio_CMS(in, NULL, NULL, NULL);
	if (cms == NULL ||
	    CMS_decrypt(cms, key, recipient, NULL, out, 0) != 1 ||
	    (len = BIO_get_mem_data(out, &text)) <= 0)
		return err_openssl("a sealed share");
	TRY(secret_new((size_t)len, &line));
	memcpy(secret_at(line), text, (size_t)len);
	*out_line = STEAL(line);
	return ERR_OK;
}
