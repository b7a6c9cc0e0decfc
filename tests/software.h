/*
 * What a token and a ceremony would give, in software, for tests and tools: a
 * CA, signers with certificates, signatures. Everything aborts on failure.
 */
#ifndef OKSE_TESTS_SOFTWARE_H
#define OKSE_TESTS_SOFTWARE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/time.h"

static inline void
must_be(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "software: %s: %s\n", what, err_why());
	abort();
}

#define MUST(expr) must_be((expr) == ERR_OK, #expr)

static inline EVP_PKEY *
software_key(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	must_be(key != NULL, "key");
	return key;
}

static inline void
software_extension(X509 *x, X509 *ca, int nid, const char *value)
{
	X509V3_CTX c;
	X509_EXTENSION *e;

	X509V3_set_ctx(&c, ca, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	must_be(e != NULL && X509_add_ext(x, e, -1), value);
	X509_EXTENSION_free(e);
}

/* A certificate for key; a CA's own when ca is NULL. */
static inline X509 *
software_certify(const char *name, EVP_PKEY *key, X509 *ca,
    EVP_PKEY *ca_key, int64_t from, int64_t to, bool documents)
{
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	uint8_t serial[8];

	MUST(random_bytes(serial, sizeof(serial)));
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	X509_set_version(x, X509_VERSION_3);
	ASN1_STRING_set(X509_get_serialNumber(x), serial, sizeof(serial));
	X509_NAME_add_entry_by_txt(subject, "C", MBSTRING_ASC,
	    (const unsigned char *)"KR", -1, -1, 0);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, ca != NULL ? X509_get_subject_name(ca) :
	    subject);
	ASN1_TIME_set(X509_getm_notBefore(x), from);
	ASN1_TIME_set(X509_getm_notAfter(x), to);
	X509_set_pubkey(x, key);
	software_extension(x, x, NID_subject_key_identifier, "hash");
	software_extension(x, ca != NULL ? ca : x,
	    NID_authority_key_identifier, "keyid:always");
	if (ca == NULL)
		software_extension(x, x, NID_basic_constraints,
		    "critical,CA:TRUE,pathlen:0");
	software_extension(x, x, NID_key_usage, ca == NULL ?
	    "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	if (ca != NULL && documents)
		software_extension(x, x, NID_ext_key_usage,
		    "critical,1.0.18013.5.1.2");
	must_be(X509_sign(x, ca_key, EVP_sha256()) > 0, "X509_sign");
	return x;
}

/* A document signer's, or a CA's. */
static inline X509 *
software_certificate(const char *name, EVP_PKEY *key, X509 *ca,
    EVP_PKEY *ca_key, int64_t from, int64_t to)
{
	return software_certify(name, key, ca, ca_key, from, to, true);
}

static inline void
software_write(const char *path, X509 *x)
{
	FILE *f = fopen(path, "we");

	must_be(f != NULL && PEM_write_X509(f, x) && fclose(f) == 0, path);
}

/* ES256 over tbs, as the keyholder would hand it back. */
static inline void
software_sign(EVP_PKEY *key, struct view tbs,
    uint8_t out[P256_SIGNATURE_SIZE])
{
	uint8_t der[80];
	size_t len = sizeof(der);
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	must_be(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(c, der, &len, tbs.at, tbs.len) == 1, "ES256");
	MUST(p256_from_der(VIEW(der, len), out));
	EVP_MD_CTX_free(c);
}

#endif
