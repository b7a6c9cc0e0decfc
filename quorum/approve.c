/*
 * Officers' keys and signatures, made. The key is the officer's own and stays
 * in this process; what is signed has been shown to them by the caller.
 */
#include "quorum/approve.h"

#include <string.h>

#include <openssl/pem.h>

#include "base/file.h"

#define KEY_FILE 16384

enum err
officer_key_new(EVP_PKEY **out_key)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (key == NULL)
		return err_openssl("an officer's key");
	*out_key = key;
	return ERR_OK;
}

enum err
officer_key_write(const char *path, EVP_PKEY *key)
{
	AUTO(BIO) bio = BIO_new(BIO_s_secmem());
	char *pem;
	long len;

	if (bio == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0,
	    NULL, NULL) != 1 || (len = BIO_get_mem_data(bio, &pem)) <= 0)
		return err_openssl("an officer's key as PEM");
	return file_create(path, VIEW(pem, (size_t)len), 0600);
}

enum err
officer_key_read(const char *path, EVP_PKEY **out_key)
{
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(BIO) bio = NULL;
	EVP_PKEY *key;

	TRY(file_read(path, KEY_FILE, &pem));
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (bio == NULL || (key = PEM_read_bio_PrivateKey(bio, NULL, NULL,
	    NULL)) == NULL) {
		(void)err_openssl(path);
		return err_because(ERR_SYNTAX,
		    "%s: wanted a PEM PRIVATE KEY (RFC 7468 10)", path);
	}
	*out_key = key;
	return ERR_OK;
}

static enum err
sign(EVP_PKEY *key, const EVP_MD *digest, struct view message,
    struct bytes *out)
{
	AUTO(EVP_MD_CTX) c = EVP_MD_CTX_new();
	uint8_t raw[128];
	size_t len = sizeof(raw);

	if (c == NULL ||
	    EVP_DigestSignInit(c, NULL, digest, NULL, key) <= 0 ||
	    EVP_DigestSign(c, raw, &len, message.at, message.len) <= 0)
		return err_openssl("an officer's signature");
	bytes_put(out, VIEW(raw, len));
	return bytes_check(out);
}

static enum err
sign_p256(EVP_PKEY *key, struct view message, struct bytes *out)
{
	AUTO_DONE(bytes) der = { 0 };
	uint8_t raw[P256_SIGNATURE_SIZE];

	TRY(sign(key, EVP_sha256(), message, &der));
	TRY(p256_from_der(bytes_view(&der), raw));
	TRY(p256_low_s(raw));
	return p256_to_der(raw, out);
}

enum err
officer_sign(EVP_PKEY *key, struct view message, struct bytes *out_signature)
{
	enum officer_algorithm algorithm;

	TRY(officer_algorithm_of(key, &algorithm));
	return algorithm == OFFICER_P256 ?
	    sign_p256(key, message, out_signature) :
	    sign(key, NULL, message, out_signature);
}

static enum err
put_line(const struct officer *o, unsigned int seat, EVP_PKEY *key,
    struct view message, struct bytes *out)
{
	AUTO_DONE(bytes) signature = { 0 };

	TRY(officer_sign(key, message, &signature));
	bytes_printf(out, "seat %u %s ", seat,
	    officer_algorithm_name(o->algorithm));
	base64_put(out, bytes_view(&signature));
	bytes_put_u8(out, '\n');
	return ERR_OK;
}

static enum err
check_signer(const struct approve *a, unsigned int seat, EVP_PKEY *key,
    const struct approvals *have)
{
	if (seat < 1 || seat > a->roster->count)
		return err_because(ERR_NOT_FOUND,
		    "seat %u is not in the roster", seat);
	if (EVP_PKEY_eq(key, a->roster->officers[seat - 1].key) != 1)
		return err_because(ERR_MISMATCH,
		    "this key is not that of seat %u in the roster", seat);
	for (unsigned int i = 0; i < have->count; i++)
		if (have->seats[i] == seat)
			return err_because(ERR_EXISTS,
			    "seat %u has signed already", seat);
	return ERR_OK;
}

/* The lines before, with the new one where its seat belongs. */
static enum err
merge(const struct approve *a, unsigned int seat, EVP_PKEY *key,
    const struct approvals *have, struct bytes *out)
{
	struct reader r = reader_of(a->before);
	bool put = false;

	reader_until(&r, '\n');
	bytes_put_text(out, "okse-signatures 1\n");
	for (unsigned int i = 0; i <= have->count; i++) {
		if (!put && (i == have->count || have->seats[i] > seat)) {
			TRY(put_line(&a->roster->officers[seat - 1], seat, key,
			    a->message, out));
			put = true;
		}
		if (i < have->count) {
			bytes_put(out, reader_until(&r, '\n'));
			bytes_put_u8(out, '\n');
		}
	}
	return bytes_check(out);
}

enum err
approve(const struct approve *a, unsigned int seat, EVP_PKEY *key,
    struct bytes *out_text)
{
	AUTO_DONE(bytes) text = { 0 };
	struct approvals have = { 0 };

	if (a->before.len != 0)
		TRY(approvals_get(a->roster, a->domain, a->message, a->before,
		    &have));
	TRY(check_signer(a, seat, key, &have));
	TRY(merge(a, seat, key, &have, &text));
	/* nothing leaves that a reader would refuse */
	TRY(approvals_get(a->roster, a->domain, a->message,
	    bytes_view(&text), &have));
	bytes_put(out_text, bytes_view(&text));
	return bytes_check(out_text);
}
