/*
 * What a phone does when it asks for its credential. Audience and nonce come
 * from the daemon. Next: credential/proof.c, which judges the proof.
 */
#include "cli/wallet.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "base/json.h"

#define KEY_FILE 4096

enum err
wallet_new(EVP_PKEY **out_key)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	if (key == NULL)
		return err_openssl("making a P-256 key");
	*out_key = key;
	return ERR_OK;
}

static enum err
read_key(const char *path, EVP_PKEY **out_key)
{
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(BIO) from = NULL;

	TRY(file_read(path, KEY_FILE, &pem));
	from = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (from == NULL)
		return ERR_MEMORY;
	*out_key = PEM_read_bio_PrivateKey(from, NULL, NULL, NULL);
	return *out_key != NULL ? ERR_OK : err_openssl(path);
}

static enum err
write_key(const char *path, EVP_PKEY *key)
{
	AUTO(BIO) to = BIO_new(BIO_s_mem());
	char *at;
	long len;

	if (to == NULL || PEM_write_bio_PrivateKey(to, key, NULL, NULL, 0,
	    NULL, NULL) != 1)
		return err_openssl("writing a key");
	len = BIO_get_mem_data(to, &at);
	return file_create(path, VIEW(at, (size_t)len), 0600);
}

enum err
wallet_open(const char *path, EVP_PKEY **out_key)
{
	AUTO(EVP_PKEY) key = NULL;

	if (file_exists(path))
		return read_key(path, out_key);
	TRY(wallet_new(&key));
	TRY(write_key(path, key));
	*out_key = STEAL(key);
	return ERR_OK;
}

static enum err
put_header(EVP_PKEY *key, struct bytes *out)
{
	AUTO_DONE(bytes) text = { 0 };
	uint8_t point[P256_POINT_SIZE];
	struct json j = json_start(&text);

	TRY(p256_point(key, point));
	json_record(&j, NULL);
	json_c_text(&j, "alg", "ES256");
	json_c_text(&j, "typ", "openid4vci-proof+jwt");
	json_record(&j, "jwk");
	json_c_text(&j, "kty", "EC");
	json_c_text(&j, "crv", "P-256");
	json_base64url(&j, "x", VIEW(point + 1, 32));
	json_base64url(&j, "y", VIEW(point + 33, 32));
	json_close(&j);
	json_close(&j);
	TRY(json_end(&j));
	base64url_put(out, bytes_view(&text));
	return ERR_OK;
}

static enum err
put_payload(const char *audience, const char *nonce, int64_t issued_at,
    struct bytes *out)
{
	AUTO_DONE(bytes) text = { 0 };
	struct json j = json_start(&text);

	json_record(&j, NULL);
	json_c_text(&j, "aud", audience);
	json_c_text(&j, "nonce", nonce);
	json_int(&j, "iat", issued_at);
	json_close(&j);
	TRY(json_end(&j));
	base64url_put(out, bytes_view(&text));
	return ERR_OK;
}

static enum err
sign(EVP_PKEY *key, struct view input, uint8_t out[P256_SIGNATURE_SIZE])
{
	AUTO(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t len = sizeof(der);

	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
	    key) != 1 ||
	    EVP_DigestSign(ctx, der, &len, input.at, input.len) != 1)
		return err_openssl("signing a device proof");
	return p256_from_der(VIEW(der, len), out);
}

enum err
wallet_proof(EVP_PKEY *key, const char *audience, const char *nonce,
    int64_t issued_at, struct bytes *out)
{
	AUTO_DONE(bytes) jwt = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];

	TRY(put_header(key, &jwt));
	bytes_put_text(&jwt, ".");
	TRY(put_payload(audience, nonce, issued_at, &jwt));
	TRY(bytes_check(&jwt));
	TRY(sign(key, bytes_view(&jwt), signature));
	bytes_put_text(&jwt, ".");
	base64url_put(&jwt, VIEW_OF(signature));
	TRY(bytes_check(&jwt));
	bytes_put(out, bytes_view(&jwt));
	return bytes_check(out);
}
