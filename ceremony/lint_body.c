/*
 * Linter predicates about version, serial, algorithm, names, times and key.
 * The certificate may be anybody's. Next: lint_extension.c.
 */
#include <string.h>

#include <openssl/x509v3.h>

#include "base/time.h"
#include "ceremony/lint.h"
#include "ceremony/lint_parts.h"

bool
lint_version(const struct subject *s)
{
	return X509_get_version(s->x) == X509_VERSION_3;
}

bool
lint_serial(const struct subject *s)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(s->x);
	const uint8_t *at = ASN1_STRING_get0_data(n);
	int len = ASN1_STRING_length(n);

	/* the sign bit needs an octet of its own in DER */
	return ASN1_STRING_type(n) == V_ASN1_INTEGER && len >= 8 &&
	    (len > 8 || at[0] >= 0x40) && len + (at[0] >> 7) <= 20;
}

bool
lint_algorithm(const struct subject *s)
{
	const X509_ALGOR *outer, *inner = X509_get0_tbs_sigalg(s->x);
	const ASN1_BIT_STRING *signature;
	const ASN1_OBJECT *object;
	int type, nid;

	X509_get0_signature(&signature, &outer, s->x);
	X509_ALGOR_get0(&object, &type, NULL, outer);
	nid = OBJ_obj2nid(object);
	return X509_ALGOR_cmp(outer, inner) == 0 && type == V_ASN1_UNDEF &&
	    (nid == NID_ecdsa_with_SHA256 || nid == NID_ecdsa_with_SHA384 ||
	    nid == NID_ecdsa_with_SHA512);
}

bool
lint_unique_ids(const struct subject *s)
{
	const ASN1_BIT_STRING *issuer = NULL, *subject = NULL;

	X509_get0_uids(s->x, &issuer, &subject);
	return issuer == NULL && subject == NULL;
}

/* ---- names */

static bool
same_name(const X509_NAME *a, const X509_NAME *b)
{
	const uint8_t *a_der, *b_der;
	size_t a_len, b_len;

	return X509_NAME_get0_der(a, &a_der, &a_len) &&
	    X509_NAME_get0_der(b, &b_der, &b_len) &&
	    view_equal(VIEW(a_der, a_len), VIEW(b_der, b_len));
}

bool
lint_self_issued(const struct subject *s)
{
	return X509_NAME_cmp(X509_get_subject_name(s->x),
	    X509_get_issuer_name(s->x)) == 0;
}

bool
lint_issuer_name(const struct subject *s)
{
	return same_name(X509_get_issuer_name(s->x),
	    X509_get_subject_name(s->issuer));
}

/* The one attribute of this kind; NULL when there is none or another. */
static const ASN1_STRING *
attribute(X509 *x, int nid)
{
	const X509_NAME *name = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(name, nid, -1);

	if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return NULL;
	return X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
}

static struct view
string_view(const ASN1_STRING *a)
{
	return a == NULL ? VIEW(NULL, 0) :
	    VIEW(ASN1_STRING_get0_data(a), (size_t)ASN1_STRING_length(a));
}

bool
lint_name_attributes(const struct subject *s)
{
	const X509_NAME *name = X509_get_subject_name(s->x);
	int count = X509_NAME_entry_count(name), wanted = 2;

	if (attribute(s->x, NID_countryName) == NULL ||
	    string_view(attribute(s->x, NID_commonName)).len == 0)
		return false;
	wanted += attribute(s->x, NID_stateOrProvinceName) != NULL;
	wanted += attribute(s->x, NID_organizationName) != NULL;
	return count == wanted;
}

bool
lint_country(const struct subject *s)
{
	const ASN1_STRING *c = attribute(s->x, NID_countryName);
	struct view v = string_view(c);

	return v.len == 2 && ASN1_STRING_type(c) == V_ASN1_PRINTABLESTRING &&
	    v.at[0] >= 'A' && v.at[0] <= 'Z' && v.at[1] >= 'A' &&
	    v.at[1] <= 'Z';
}

bool
lint_place(const struct subject *s)
{
	const ASN1_STRING *own = attribute(s->x, NID_stateOrProvinceName);
	const ASN1_STRING *its = attribute(s->issuer, NID_stateOrProvinceName);

	return view_equal(string_view(attribute(s->x, NID_countryName)),
	    string_view(attribute(s->issuer, NID_countryName))) &&
	    (its == NULL || view_equal(string_view(own), string_view(its)));
}

bool
lint_rehearsal_mark(const struct subject *s)
{
	struct view cn = string_view(attribute(s->x, NID_commonName));
	struct view mark = view_text(REHEARSAL_MARK);

	return s->rehearsal == (cn.len > mark.len && view_equal(
	    VIEW(cn.at + cn.len - mark.len, mark.len), mark));
}

/* ---- times */

static bool
instant_of(const ASN1_TIME *t, int64_t *out)
{
	struct date d;
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm))
		return false;
	d = (struct date){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday };
	*out = date_begins(d, 0) + tm.tm_hour * 3600 + tm.tm_min * 60 +
	    tm.tm_sec;
	return true;
}

static bool
validity(X509 *x, int64_t *from, int64_t *to)
{
	return instant_of(X509_get0_notBefore(x), from) &&
	    instant_of(X509_get0_notAfter(x), to);
}

static bool
time_form(const ASN1_TIME *t)
{
	struct view v = string_view(t);
	int64_t at;
	bool late;

	if (!instant_of(t, &at) || v.len == 0 || v.at[v.len - 1] != 'Z')
		return false;
	late = date_at(at, 0).year >= 2050;
	return ASN1_STRING_type(t) ==
	    (late ? V_ASN1_GENERALIZEDTIME : V_ASN1_UTCTIME) &&
	    v.len == (late ? 15 : 13);
}

bool
lint_time_form(const struct subject *s)
{
	return time_form(X509_get0_notBefore(s->x)) &&
	    time_form(X509_get0_notAfter(s->x));
}

bool
lint_time_order(const struct subject *s)
{
	int64_t from, to;

	return validity(s->x, &from, &to) && from < to;
}

/* Both ends of a validity belong to it (RFC 5280 4.1.2.5). */
bool
lint_20_years(const struct subject *s)
{
	int64_t from, to, of_day;
	struct date d;

	if (!validity(s->x, &from, &to))
		return false;
	d = date_at(from, 0);
	of_day = from - date_begins(d, 0);
	d.year += 20;
	if (!date_valid(d))	/* 29 February */
		d.day = 28;
	return to + 1 <= date_begins(d, 0) + of_day;
}

bool
lint_457_days(const struct subject *s)
{
	int64_t from, to;

	return validity(s->x, &from, &to) && to + 1 - from <= 457 * DAY;
}

bool
lint_within_issuer(const struct subject *s)
{
	int64_t from, to, issuer_from, issuer_to;

	return validity(s->x, &from, &to) &&
	    validity(s->issuer, &issuer_from, &issuer_to) &&
	    from >= issuer_from && to <= issuer_to;
}

/* ---- key */

bool
lint_key(const struct subject *s)
{
	const X509_PUBKEY *spki = X509_get_X509_PUBKEY(s->x);
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(s->x);
	EVP_PKEY *key = X509_get0_pubkey(s->x);
	const ASN1_OBJECT *curve;
	X509_ALGOR *algorithm;
	const void *value;
	int type, nid;

	if (key == NULL || !EVP_PKEY_is_a(key, "EC") ||
	    !X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, spki))
		return false;
	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type != V_ASN1_OBJECT)	/* explicit parameters */
		return false;
	curve = value;
	nid = OBJ_obj2nid(curve);
	return (nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 ||
	    nid == NID_secp521r1) && string_view(bits).len != 0 &&
	    string_view(bits).at[0] == 4;
}

bool
lint_own_key(const struct subject *s)
{
	return !view_equal(string_view(X509_get0_pubkey_bitstr(s->x)),
	    string_view(X509_get0_pubkey_bitstr(s->issuer)));
}
