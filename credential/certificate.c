/*
 * Certificates of signers: from a file of the operator, trusted to be ours,
 * or from a document, trusted in nothing. Used by issuer.c and inspect.c.
 */
#include "credential/certificate.h"

#include <string.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "base/time.h"

AUTO_DEFINE(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);
AUTO_DEFINE(X509_STORE, X509_STORE, X509_STORE_free);
AUTO_DEFINE(X509_STORE_CTX, X509_STORE_CTX, X509_STORE_CTX_free);

static enum err
asn1_instant(const ASN1_TIME *t, int64_t *out_instant)
{
	struct tm tm = { 0 };
	struct date d;

	if (!ASN1_TIME_to_tm(t, &tm))
		return err_because(ERR_SYNTAX, "certificate: a validity that "
		    "is no time (RFC 5280 4.1.2.5)");
	d = (struct date){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday };
	*out_instant = date_begins(d, 0) + tm.tm_hour * 3600 +
	    tm.tm_min * 60 + tm.tm_sec;
	return ERR_OK;
}

enum err
certificate_validity(X509 *x, int64_t *out_from, int64_t *out_to)
{
	TRY(asn1_instant(X509_get0_notBefore(x), out_from));
	TRY(asn1_instant(X509_get0_notAfter(x), out_to));
	if (*out_from > *out_to)
		return err_because(ERR_RANGE,
		    "certificate: it ends before it begins");
	return ERR_OK;
}

static enum err
check_nested(X509 *leaf, X509 *ca)
{
	int64_t leaf_from, leaf_to, from, to;

	TRY(certificate_validity(leaf, &leaf_from, &leaf_to));
	TRY(certificate_validity(ca, &from, &to));
	if (leaf_from < from || leaf_to > to)
		return err_because(ERR_SIGNATURE,
		    "certificate: its validity is not within the CA's");
	return ERR_OK;
}

enum err
certificate_chained(X509 *leaf, X509 *ca)
{
	AUTO(X509_STORE) store = X509_STORE_new();
	AUTO(X509_STORE_CTX) c = X509_STORE_CTX_new();

	if (store == NULL || c == NULL || !X509_STORE_add_cert(store, ca) ||
	    !X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME |
	    X509_V_FLAG_X509_STRICT) ||
	    !X509_STORE_CTX_init(c, store, leaf, NULL))
		return err_openssl("certificate chain");
	/* a signer that is its own root would pass as a trust anchor */
	if (X509_cmp(leaf, ca) == 0)
		return err_because(ERR_SIGNATURE, "certificate: it is the CA's "
		    "own, wanted one signed by it (HAIP 1.0 6.1.1)");
	if (X509_verify_cert(c) != 1)
		return err_because(ERR_SIGNATURE,
		    "certificate: %s (RFC 5280 6.1)",
		    X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(c)));
	return check_nested(leaf, ca);
}

bool
certificate_signs_documents(X509 *x)
{
	AUTO(EXTENDED_KEY_USAGE) purposes = X509_get_ext_d2i(x,
	    NID_ext_key_usage, NULL, NULL);
	char oid[64];

	for (int k = 0; k < sk_ASN1_OBJECT_num(purposes); k++)
		if (OBJ_obj2txt(oid, sizeof(oid),
		    sk_ASN1_OBJECT_value(purposes, k), 1) > 0 &&
		    strcmp(oid, "1.0.18013.5.1.2") == 0)
			return true;
	return false;
}
