/*
 * TLS certificates of a throw-away instance: an authority of its own, the
 * server on 127.0.0.1, one client; and the CA of its practice cards. Their
 * keys lie in files, as those of nothing real should.
 */
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/time.h"
#include "cli/dev.h"

#define TLS_DAYS 365

struct party {
	const char	*name;		/* of the files */
	const char	*common_name;
	const char	*san;		/* or NULL */
	const char	*purpose;	/* extendedKeyUsage, or NULL: a CA */
};

static const struct party parties[] = {
	{ "ca", "Okse trial clients and servers", NULL, NULL },
	{ "server", "localhost", "DNS:localhost,IP:127.0.0.1", "serverAuth" },
	{ "client", "upstream", DEV_CLIENT_SAN, "clientAuth" },
	{ "card-ca", "Okse trial cards", NULL, NULL },
};

static enum err
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *e;
	int ok;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = e != NULL && X509_add_ext(certificate, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok ? ERR_OK : err_openssl("a certificate's extension");
}

static enum err
add_extensions(X509 *x, X509 *issuer, const struct party *p)
{
	TRY(add_extension(x, issuer, NID_subject_key_identifier, "hash"));
	TRY(add_extension(x, issuer, NID_authority_key_identifier, "keyid"));
	if (p->purpose == NULL) {
		TRY(add_extension(x, issuer, NID_basic_constraints,
		    "critical,CA:TRUE,pathlen:0"));
		return add_extension(x, issuer, NID_key_usage,
		    "critical,keyCertSign");
	}
	TRY(add_extension(x, issuer, NID_key_usage,
	    "critical,digitalSignature"));
	TRY(add_extension(x, issuer, NID_ext_key_usage, p->purpose));
	return add_extension(x, issuer, NID_subject_alt_name, p->san);
}

static enum err
set_fields(X509 *x, X509 *issuer, EVP_PKEY *key, const struct party *p)
{
	X509_NAME *name = X509_get_subject_name(x);
	uint64_t serial;

	TRY(random_bytes((uint8_t *)&serial, sizeof(serial)));
	if (X509_set_version(x, X509_VERSION_3) != 1 ||
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x),
	    serial >> 1) != 1 ||
	    X509_gmtime_adj(X509_getm_notBefore(x), -300) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(x),
	    (long)(TLS_DAYS * DAY)) == NULL ||
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)p->common_name, -1, -1, 0) != 1 ||
	    X509_set_issuer_name(x, X509_get_subject_name(issuer)) != 1 ||
	    X509_set_pubkey(x, key) != 1)
		return err_openssl("a TLS certificate");
	return add_extensions(x, issuer, p);
}

static enum err
write_pem(const struct dev *d, const char *name, const char *suffix,
    BIO *content, mode_t mode)
{
	char path[DEV_NAME];
	char *at;
	long len = BIO_get_mem_data(content, &at);

	snprintf(path, sizeof(path), "tls/%s.%s", name, suffix);
	return file_publish(dev_path(d, path).at, VIEW(at, (size_t)len),
	    mode);
}

static enum err
write_party(const struct dev *d, const struct party *p, X509 *x,
    EVP_PKEY *key)
{
	AUTO(BIO) pem = BIO_new(BIO_s_mem());
	AUTO(BIO) secret = BIO_new(BIO_s_mem());

	if (pem == NULL || secret == NULL ||
	    PEM_write_bio_X509(pem, x) != 1 ||
	    PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL,
	    NULL) != 1)
		return err_openssl("writing a TLS certificate");
	TRY(write_pem(d, p->name, "pem", pem, 0644));
	return write_pem(d, p->name, "key", secret, 0600);
}

enum err
dev_tls(const struct dev *d)
{
	AUTO(X509) ca = NULL;
	AUTO(EVP_PKEY) ca_key = NULL;

	TRY(dir_make(dev_path(d, "tls").at, 0700));
	for (size_t i = 0; i < COUNT(parties); i++) {
		AUTO(X509) x = X509_new();
		AUTO(EVP_PKEY) key = EVP_EC_gen("P-256");
		bool is_ca = parties[i].purpose == NULL;

		if (x == NULL || key == NULL)
			return err_openssl("a TLS key");
		TRY(set_fields(x, is_ca ? x : ca, key, &parties[i]));
		if (X509_sign(x, is_ca ? key : ca_key, EVP_sha256()) == 0)
			return err_openssl("signing a TLS certificate");
		TRY(write_party(d, &parties[i], x, key));
		if (ca == NULL) {
			ca = STEAL(x);
			ca_key = STEAL(key);
		}
	}
	return ERR_OK;
}
