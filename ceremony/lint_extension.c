/*
 * Linter predicates about extensions: which there may be, and what is in
 * them. The certificate may be anybody's; OpenSSL decodes, we compare.
 */
#include <string.h>

#include <openssl/x509v3.h>

#include "ceremony/lint_parts.h"

AUTO_DEFINE(GENERAL_NAMES, GENERAL_NAMES, GENERAL_NAMES_free);
AUTO_DEFINE(CRL_DIST_POINTS, CRL_DIST_POINTS, CRL_DIST_POINTS_free);
AUTO_DEFINE(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free);
AUTO_DEFINE(AUTHORITY_KEYID, AUTHORITY_KEYID, AUTHORITY_KEYID_free);
AUTO_DEFINE(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);

enum presence { FORBIDDEN, OPTIONAL, REQUIRED };

/* What an extension may be: in a root or a link, a document signer, others. */
static const struct allowed {
	int		nid;
	bool		critical;
	enum presence	root, document, other;
} allowed[] = {
	{ NID_basic_constraints, true, REQUIRED, FORBIDDEN, FORBIDDEN },
	{ NID_key_usage, true, REQUIRED, REQUIRED, REQUIRED },
	{ NID_ext_key_usage, true, FORBIDDEN, REQUIRED, FORBIDDEN },
	{ NID_subject_key_identifier, false, REQUIRED, REQUIRED, REQUIRED },
	{ NID_authority_key_identifier, false, OPTIONAL, REQUIRED, REQUIRED },
	{ NID_issuer_alt_name, false, REQUIRED, REQUIRED, REQUIRED },
	{ NID_crl_distribution_points, false, REQUIRED, REQUIRED, REQUIRED },
};

static enum presence
presence_in(const struct allowed *a, const struct subject *s)
{
	if (s->profile == PROFILE_LINK &&
	    a->nid == NID_authority_key_identifier)
		return REQUIRED;
	if (s->profile == PROFILE_IACA || s->profile == PROFILE_LINK)
		return a->root;
	return s->profile == PROFILE_DOCUMENT_SIGNER ? a->document : a->other;
}

static const struct allowed *
allowed_of(X509_EXTENSION *e)
{
	int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));

	for (size_t i = 0; i < COUNT(allowed); i++)
		if (allowed[i].nid == nid)
			return &allowed[i];
	return NULL;
}

bool
lint_extensions_known(const struct subject *s)
{
	for (int i = 0; i < X509_get_ext_count(s->x); i++) {
		const struct allowed *a = allowed_of(X509_get_ext(s->x, i));

		if (a == NULL || presence_in(a, s) == FORBIDDEN)
			return false;
	}
	return true;
}

bool
lint_extensions_once(const struct subject *s)
{
	for (int i = 0; i < X509_get_ext_count(s->x); i++)
		if (X509_get_ext_by_OBJ(s->x, X509_EXTENSION_get_object(
		    X509_get_ext(s->x, i)), i) != -1)
			return false;
	return true;
}

bool
lint_extensions_complete(const struct subject *s)
{
	for (size_t i = 0; i < COUNT(allowed); i++)
		if (presence_in(&allowed[i], s) == REQUIRED &&
		    X509_get_ext_by_NID(s->x, allowed[i].nid, -1) == -1)
			return false;
	return true;
}

bool
lint_extensions_critical(const struct subject *s)
{
	for (int i = 0; i < X509_get_ext_count(s->x); i++) {
		X509_EXTENSION *e = X509_get_ext(s->x, i);
		const struct allowed *a = allowed_of(e);

		if (a != NULL &&
		    X509_EXTENSION_get_critical(e) != (int)a->critical)
			return false;
	}
	return true;
}

/* The content of an extension; at == NULL when it is not there. */
static struct view
content_of(X509 *x, int nid)
{
	int at = X509_get_ext_by_NID(x, nid, -1);
	const ASN1_OCTET_STRING *v;

	if (at == -1)
		return VIEW(NULL, 0);
	v = X509_EXTENSION_get_data(X509_get_ext(x, at));
	return VIEW(ASN1_STRING_get0_data(v), (size_t)ASN1_STRING_length(v));
}

bool
lint_subject_key_id(const struct subject *s)
{
	struct view v = content_of(s->x, NID_subject_key_identifier);
	uint8_t wanted[2 + 20] = { 0x04, 20 };	/* OCTET STRING */

	return X509_pubkey_digest(s->x, EVP_sha1(), wanted + 2, NULL) &&
	    view_equal(v, VIEW_OF(wanted));
}

bool
lint_authority_key_id(const struct subject *s)
{
	AUTO(AUTHORITY_KEYID) id = NULL;
	struct view its = content_of(s->issuer, NID_subject_key_identifier);

	if (content_of(s->x, NID_authority_key_identifier).at == NULL)
		return true;	/* extensions-complete says whether it may */
	id = X509_get_ext_d2i(s->x, NID_authority_key_identifier, NULL, NULL);
	if (id == NULL || id->keyid == NULL || id->issuer != NULL ||
	    id->serial != NULL || its.len != 2 + 20)
		return false;
	return view_equal(VIEW(its.at + 2, 20),
	    VIEW(ASN1_STRING_get0_data(id->keyid),
	    (size_t)ASN1_STRING_length(id->keyid)));
}

bool
lint_root_constraints(const struct subject *s)
{
	AUTO(BASIC_CONSTRAINTS) b = X509_get_ext_d2i(s->x,
	    NID_basic_constraints, NULL, NULL);

	return b != NULL && b->ca && b->pathlen != NULL &&
	    ASN1_INTEGER_get(b->pathlen) == 0;
}

/* KeyUsage as DER: BIT STRING of one octet, unused bits counted. */
static bool
usage_is(const struct subject *s, uint8_t unused, uint8_t bits)
{
	const uint8_t wanted[] = { 0x03, 2, unused, bits };

	return view_equal(content_of(s->x, NID_key_usage), VIEW_OF(wanted));
}

bool
lint_root_usage(const struct subject *s)
{
	return usage_is(s, 1, 0x06);	/* keyCertSign (5), cRLSign (6) */
}

bool
lint_signer_usage(const struct subject *s)
{
	return usage_is(s, 7, 0x80);	/* digitalSignature (0) */
}

bool
lint_signer_purpose(const struct subject *s)
{
	AUTO(EXTENDED_KEY_USAGE) e = X509_get_ext_d2i(s->x, NID_ext_key_usage,
	    NULL, NULL);
	char oid[64];

	return e != NULL && sk_ASN1_OBJECT_num(e) == 1 &&
	    OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(e, 0), 1) > 0 &&
	    strcmp(oid, "1.0.18013.5.1.2") == 0;
}

bool
lint_issuer_alt_name(const struct subject *s)
{
	AUTO(GENERAL_NAMES) names = X509_get_ext_d2i(s->x,
	    NID_issuer_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type = sk_GENERAL_NAME_value(names, i)->type;

		if (type != GEN_EMAIL && type != GEN_URI)
			return false;
	}
	return sk_GENERAL_NAME_num(names) > 0;
}

bool
lint_issuer_alt_name_copy(const struct subject *s)
{
	return view_equal(content_of(s->x, NID_issuer_alt_name),
	    content_of(s->issuer, NID_issuer_alt_name));
}

static bool
point_is_plain(const DIST_POINT *p)
{
	const GENERAL_NAMES *names;

	if (p->reasons != NULL || p->CRLissuer != NULL ||
	    p->distpoint == NULL || p->distpoint->type != 0)
		return false;
	names = p->distpoint->name.fullname;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (sk_GENERAL_NAME_value(names, i)->type != GEN_URI)
			return false;
	return sk_GENERAL_NAME_num(names) > 0;
}

bool
lint_crl_points(const struct subject *s)
{
	AUTO(CRL_DIST_POINTS) points = X509_get_ext_d2i(s->x,
	    NID_crl_distribution_points, NULL, NULL);

	for (int i = 0; i < sk_DIST_POINT_num(points); i++)
		if (!point_is_plain(sk_DIST_POINT_value(points, i)))
			return false;
	return sk_DIST_POINT_num(points) > 0;
}
