/*
 * Ways to spoil a certificate, one at a time, for the rows of
 * mutations.h. The text and the number are those of the row.
 */
#ifndef OKSE_TEST_SPOIL_H
#define OKSE_TEST_SPOIL_H

#include <string.h>

#include <openssl/x509v3.h>

#include "issue.h"

AUTO_DEFINE(X509_NAME, X509_NAME, X509_NAME_free);
AUTO_DEFINE(ASN1_TIME, ASN1_TIME, ASN1_TIME_free);
AUTO_DEFINE(X509_EXTENSION, X509_EXTENSION, X509_EXTENSION_free);
AUTO_DEFINE(BIGNUM, BIGNUM, BN_free);

#define NOTHING "nothing"	/* the rule that a right certificate breaks */

static EVP_PKEY *root_key;
static EVP_PKEY *leaf_key;
static X509 *right[PROFILE_COUNT];

struct mutation {
	const char		*rule;
	enum profile_kind	 profile;
	void			 (*spoil)(X509 *x, const struct mutation *m);
	int			 number;
	const char		*text;
};

static void
no_change(X509 *x, const struct mutation *m)
{
	(void)x;
	(void)m;
}

static void
version(X509 *x, const struct mutation *m)
{
	assert_true(X509_set_version(x, m->number));
}

static void
serial(X509 *x, const struct mutation *m)
{
	BIGNUM *raw = NULL;
	AUTO(BIGNUM) n = NULL;

	assert_true(BN_hex2bn(&raw, m->text));
	n = raw;
	assert_non_null(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)));
}

static void
signed_by_rsa(X509 *x, const struct mutation *m)
{
	AUTO(EVP_PKEY) rsa = EVP_RSA_gen(2048);

	(void)m;
	assert_true(X509_sign(x, rsa, EVP_sha256()) > 0);
}

static void
issuer_in_another_encoding(X509 *x, const struct mutation *m)
{
	AUTO(X509_NAME) name = X509_NAME_new();

	(void)m;
	/* the same text, country as UTF8String instead of PrintableString */
	assert_true(X509_NAME_add_entry_by_txt(name, "C", V_ASN1_UTF8STRING,
	    (const unsigned char *)"KR", -1, -1, 0) &&
	    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
	    (const unsigned char *)"Okse", -1, -1, 0) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)"Root (REHEARSAL)", -1, -1, 0));
	assert_true(X509_set_issuer_name(x, name));
}

/* number: the attribute; text: its new value, NULL to remove it. */
static void
attribute(X509 *x, const struct mutation *m)
{
	X509_NAME *name = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(name, m->number, -1);

	if (at >= 0)
		X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, at));
	if (m->text != NULL)
		assert_true(X509_NAME_add_entry_by_NID(name, m->number,
		    V_ASN1_PRINTABLESTRING, (const unsigned char *)(uintptr_t)
		    m->text, -1, at, 0));
	if (m->profile == PROFILE_IACA)
		assert_true(X509_set_issuer_name(x, name));
}

static void
country_as_utf8(X509 *x, const struct mutation *m)
{
	X509_NAME *name = X509_get_subject_name(x);
	X509_NAME_ENTRY *e = X509_NAME_get_entry(name, 0);

	(void)m;
	assert_true(X509_NAME_ENTRY_set_data(e, V_ASN1_UTF8STRING,
	    (const unsigned char *)"KR", 2));
	X509_NAME_delete_entry(name, 0);
	assert_true(X509_NAME_add_entry(name, e, 0, 0));
	X509_NAME_ENTRY_free(e);
}

static void
attribute_twice(X509 *x, const struct mutation *m)
{
	assert_true(X509_NAME_add_entry_by_NID(X509_get_subject_name(x),
	    m->number, MBSTRING_UTF8, (const unsigned char *)(uintptr_t)
	    m->text, -1, -1, 0));
}

/* number: seconds after the right notBefore */
static void
ends_at(X509 *x, const struct mutation *m)
{
	AUTO(ASN1_TIME) t = ASN1_TIME_set(NULL, TEST_DAY + m->number);

	assert_true(X509_set1_notAfter(x, t));
}

/* from a second before the issuer to a day after its beginning */
static void
begins_early(X509 *x, const struct mutation *m)
{
	AUTO(ASN1_TIME) from = ASN1_TIME_set(NULL, TEST_DAY - 1);
	AUTO(ASN1_TIME) to = ASN1_TIME_set(NULL, TEST_DAY + DAY);

	(void)m;
	assert_true(X509_set1_notBefore(x, from) &&
	    X509_set1_notAfter(x, to));
}

/* text: "YYYYMMDDHHMMSSZ" in a type that is not the right one for it */
static void
ends_generalized(X509 *x, const struct mutation *m)
{
	AUTO(ASN1_TIME) t = ASN1_TIME_new();

	assert_true(ASN1_GENERALIZEDTIME_set_string(t, m->text));
	assert_true(X509_set1_notAfter(x, t));
}

/* text: the curve; number: point form */
static void
key_on(X509 *x, const struct mutation *m)
{
	AUTO(EVP_PKEY) key = EVP_EC_gen(m->text);

	assert_non_null(key);
	if (m->number == 2)
		assert_true(EVP_PKEY_set_utf8_string_param(key,
		    "point-format", "compressed"));
	if (m->number == 3)
		assert_true(EVP_PKEY_set_utf8_string_param(key, "encoding",
		    "explicit"));
	assert_true(X509_set_pubkey(x, key));
}

static void
key_of_rsa(X509 *x, const struct mutation *m)
{
	AUTO(EVP_PKEY) rsa = EVP_RSA_gen(2048);

	(void)m;
	assert_true(X509_set_pubkey(x, rsa));
}

static void
key_of_the_issuer(X509 *x, const struct mutation *m)
{
	(void)m;
	assert_true(X509_set_pubkey(x, root_key));
}

static void
remove_extension(X509 *x, int nid)
{
	int at = X509_get_ext_by_NID(x, nid, -1);

	if (at >= 0)
		X509_EXTENSION_free(X509_delete_ext(x, at));
}

static void
add_extension(X509 *x, int nid, const char *value)
{
	AUTO(X509_EXTENSION) e = NULL;
	X509V3_CTX context;

	X509V3_set_ctx(&context, right[PROFILE_IACA], x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&context);
	e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (e == NULL)
		fail_msg("%s: %s", OBJ_nid2sn(nid), value);
	assert_true(X509_add_ext(x, e, -1));
}

static void
without(X509 *x, const struct mutation *m)
{
	remove_extension(x, m->number);
}

static void
with(X509 *x, const struct mutation *m)
{
	remove_extension(x, m->number);
	add_extension(x, m->number, m->text);
}

static void
twice(X509 *x, const struct mutation *m)
{
	X509_EXTENSION *e = X509_get_ext(x,
	    X509_get_ext_by_NID(x, m->number, -1));

	assert_true(X509_add_ext(x, e, -1));
}

static void
criticality(X509 *x, const struct mutation *m)
{
	X509_EXTENSION *e = X509_get_ext(x,
	    X509_get_ext_by_NID(x, m->number, -1));

	assert_true(X509_EXTENSION_set_critical(e,
	    !X509_EXTENSION_get_critical(e)));
}

/* text: the extension's content in hex */
static void
raw(X509 *x, const struct mutation *m)
{
	AUTO_DONE(bytes) content = { 0 };
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e = X509_get_ext(x,
	    X509_get_ext_by_NID(x, m->number, -1));

	assert_int_equal(hex_get(view_text(m->text), &content), ERR_OK);
	assert_true(ASN1_OCTET_STRING_set(value, content.at,
	    (int)content.len) && X509_EXTENSION_set_data(e, value));
	ASN1_OCTET_STRING_free(value);
}

#define ROOT PROFILE_IACA
#define SIGNER PROFILE_DOCUMENT_SIGNER
#define QR PROFILE_QR_SIGNER
#define LINK PROFILE_LINK

/*
 * Signers that are not document signers have one form: what spoils a QR
 * signer spoils each of them.
 */
static inline enum profile_kind
form_of(enum profile_kind k)
{
	return k == ROOT || k == SIGNER || k == LINK ? k : QR;
}

#endif
