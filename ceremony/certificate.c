/*
 * Building X.509 with OpenSSL and having the token sign exactly what was
 * linted. Names, dates and URIs come from the checked script.
 * Next: lint.c judges the result.
 */
#include "ceremony/certificate.h"

#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/time.h"
#include "ceremony/lint.h"

AUTO_DEFINE(GENERAL_NAMES, GENERAL_NAMES, GENERAL_NAMES_free);
AUTO_DEFINE(GENERAL_NAME, GENERAL_NAME, GENERAL_NAME_free);
AUTO_DEFINE(CRL_DIST_POINTS, CRL_DIST_POINTS, CRL_DIST_POINTS_free);
AUTO_DEFINE(DIST_POINT, DIST_POINT, DIST_POINT_free);
AUTO_DEFINE(X509_EXTENSION, X509_EXTENSION, X509_EXTENSION_free);
AUTO_DEFINE(ASN1_TIME, ASN1_TIME, ASN1_TIME_free);
AUTO_DEFINE(BIGNUM, BIGNUM, BN_free);

#define SERIAL_SIZE 20

/* ---- the parts */

static enum err
set_serial(X509 *x)
{
	uint8_t raw[SERIAL_SIZE];
	AUTO(BIGNUM) n = NULL;

	TRY(random_bytes(raw, sizeof(raw)));
	/* positive, 159 bits, no leading zero: 20 octets always */
	raw[0] = (raw[0] & 0x7f) | 0x40;
	n = BN_bin2bn(raw, sizeof(raw), NULL);
	if (n == NULL ||
	    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) == NULL)
		return err_openssl("serial number");
	return ERR_OK;
}

static bool
add_name(X509_NAME *name, const char *field, int type, const char *text)
{
	return text == NULL || X509_NAME_add_entry_by_txt(name, field, type,
	    (const unsigned char *)text, -1, -1, 0) == 1;
}

static enum err
set_names(X509 *x, const struct certificate_plan *p, X509 *issuer)
{
	X509_NAME *name = X509_get_subject_name(x);
	AUTO_DONE(bytes) cn = { 0 };

	bytes_printf(&cn, "%s%s", p->common_name,
	    p->rehearsal ? REHEARSAL_MARK : "");
	if (!add_name(name, "C", V_ASN1_PRINTABLESTRING, p->country) ||
	    !add_name(name, "ST", MBSTRING_UTF8, p->state) ||
	    !add_name(name, "O", MBSTRING_UTF8, p->organisation) ||
	    !add_name(name, "CN", MBSTRING_UTF8, bytes_text(&cn)))
		return err_openssl("subject");
	/* a copy of the encoding, so that the bytes are the same */
	if (!X509_set_issuer_name(x,
	    issuer != NULL ? X509_get_subject_name(issuer) : name))
		return err_openssl("issuer");
	return bytes_check(&cn);
}

static enum err
set_times(X509 *x, const struct certificate_plan *p)
{
	AUTO(ASN1_TIME) from = ASN1_TIME_set(NULL, p->not_before);
	AUTO(ASN1_TIME) to = ASN1_TIME_set(NULL, p->not_after);

	if (from == NULL || to == NULL || !X509_set1_notBefore(x, from) ||
	    !X509_set1_notAfter(x, to))
		return err_openssl("validity");
	return ERR_OK;
}

static enum err
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	AUTO(X509_EXTENSION) e = NULL;
	X509V3_CTX context;

	if (value == NULL)
		return ERR_OK;
	X509V3_set_ctx(&context, issuer != NULL ? issuer : x, x, NULL, NULL,
	    0);
	X509V3_set_ctx_nodb(&context);
	e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (e == NULL || !X509_add_ext(x, e, -1))
		return err_openssl(OBJ_nid2sn(nid));
	return ERR_OK;
}

static enum err
uri_names(const char *uri, GENERAL_NAMES **out)
{
	AUTO(GENERAL_NAMES) names = GENERAL_NAMES_new();
	AUTO(GENERAL_NAME) name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();

	if (names == NULL || name == NULL || text == NULL ||
	    !ASN1_STRING_set(text, uri, -1)) {
		ASN1_IA5STRING_free(text);
		return err_openssl("URI");
	}
	GENERAL_NAME_set0_value(name, GEN_URI, text);
	if (!sk_GENERAL_NAME_push(names, name))
		return err_openssl("URI");
	(void)STEAL(name);
	*out = STEAL(names);
	return ERR_OK;
}

static enum err
add_issuer_alt_name(X509 *x, const char *uri)
{
	AUTO(GENERAL_NAMES) names = NULL;

	TRY(uri_names(uri, &names));
	if (X509_add1_ext_i2d(x, NID_issuer_alt_name, names, 0, 0) != 1)
		return err_openssl("issuerAltName");
	return ERR_OK;
}

static enum err
add_crl_points(X509 *x, const char *uri)
{
	AUTO(CRL_DIST_POINTS) points = CRL_DIST_POINTS_new();
	AUTO(DIST_POINT) point = DIST_POINT_new();

	if (points == NULL || point == NULL ||
	    (point->distpoint = DIST_POINT_NAME_new()) == NULL)
		return err_openssl("cRLDistributionPoints");
	point->distpoint->type = 0;	/* fullName */
	TRY(uri_names(uri, &point->distpoint->name.fullname));
	if (!sk_DIST_POINT_push(points, point))
		return err_openssl("cRLDistributionPoints");
	(void)STEAL(point);
	if (X509_add1_ext_i2d(x, NID_crl_distribution_points, points, 0, 0) !=
	    1)
		return err_openssl("cRLDistributionPoints");
	return ERR_OK;
}

static enum err
build(const struct certificate_plan *plan, EVP_PKEY *key, X509 *issuer,
    X509 **out)
{
	const struct profile *p = profile_of(plan->profile);
	AUTO(X509) x = X509_new();

	if (x == NULL || !X509_set_version(x, X509_VERSION_3) ||
	    !X509_set_pubkey(x, key))
		return err_openssl("certificate");
	TRY(set_serial(x));
	TRY(set_names(x, plan, issuer));
	TRY(set_times(x, plan));
	TRY(add_extension(x, issuer, NID_basic_constraints,
	    p->basic_constraints));
	TRY(add_extension(x, issuer, NID_key_usage, p->key_usage));
	TRY(add_extension(x, issuer, NID_ext_key_usage,
	    p->extended_key_usage));
	/* SHA-1 of the BIT STRING, which is what ISO/IEC 18013-5 wants */
	TRY(add_extension(x, issuer, NID_subject_key_identifier, "hash"));
	TRY(add_extension(x, issuer, NID_authority_key_identifier,
	    p->root ? NULL : "keyid:always"));
	TRY(add_issuer_alt_name(x, plan->contact));
	TRY(add_crl_points(x, plan->crl));
	*out = STEAL(x);
	return ERR_OK;
}

/* ---- signing */

/* Sets the algorithms, too; the key is gone when this returns. */
static enum err
sign_with_throw_away_key(X509 *x)
{
	AUTO(EVP_PKEY) key = EVP_EC_gen("P-256");

	if (key == NULL || X509_sign(x, key, EVP_sha256()) == 0)
		return err_openssl("signing with a throw-away key");
	return ERR_OK;
}

static enum err
tbs_of(X509 *x, struct bytes *out)
{
	int len = i2d_re_X509_tbs(x, NULL);
	uint8_t *to = len > 0 ? bytes_grow(out, (size_t)len) : NULL;

	if (to == NULL || i2d_re_X509_tbs(x, &to) != len)
		return err_openssl("TBSCertificate");
	return ERR_OK;
}

/* tag, DER length below 65536, and nothing yet of the content */
static void
put_head(struct bytes *out, uint8_t tag, size_t len)
{
	bytes_put_u8(out, tag);
	if (len >= 256) {
		bytes_put_u8(out, 0x82);
		bytes_put_u16(out, (uint16_t)len);
		return;
	}
	if (len >= 128)
		bytes_put_u8(out, 0x81);
	bytes_put_u8(out, (uint8_t)len);
}

enum err
certificate_assemble(struct view tbs, const uint8_t raw[P256_SIGNATURE_SIZE],
    struct bytes *out)
{
	static const uint8_t algorithm[] = {	/* RFC 5758 3.2 */
		0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04,
		0x03, 0x02,
	};
	AUTO_DONE(bytes) content = { .max = 65535 };
	AUTO_DONE(bytes) der = { 0 };

	TRY(p256_to_der(raw, &der));
	bytes_put(&content, tbs);
	bytes_put(&content, VIEW_OF(algorithm));
	put_head(&content, 0x03, der.len + 1);
	bytes_put_u8(&content, 0);	/* unused bits */
	bytes_put(&content, bytes_view(&der));
	TRY(bytes_check(&content));
	put_head(out, 0x30, content.len);
	bytes_put(out, bytes_view(&content));
	return bytes_check(out);
}

static enum err
verify_signature(X509 *x, EVP_PKEY *issuer_key)
{
	if (X509_verify(x, issuer_key) == 1)
		return ERR_OK;
	(void)err_openssl("certificate signature");
	return err_because(ERR_SIGNATURE, "the certificate's signature does "
	    "not verify under its issuer's key");
}

/* The signed certificate holds the linted TBS and its signature verifies. */
static enum err
parse_back(struct view der, struct view tbs, EVP_PKEY *issuer_key, X509 **out)
{
	const uint8_t *at = der.at;
	AUTO(X509) x = d2i_X509(NULL, &at, (long)der.len);
	AUTO_DONE(bytes) again = { 0 };

	if (x == NULL || at != der.at + der.len)
		return err_openssl("the signed certificate");
	TRY(verify_signature(x, issuer_key));
	TRY(tbs_of(x, &again));
	if (!view_equal(bytes_view(&again), tbs))
		return err_because(ERR_MISMATCH, "the signed certificate is "
		    "not the one that was linted");
	*out = STEAL(x);
	return ERR_OK;
}

enum err
certificate_issue(const struct certificate_plan *plan, EVP_PKEY *key,
    X509 *issuer, const struct certificate_signer *signer,
    X509 **out_certificate)
{
	EVP_PKEY *issuer_key = issuer != NULL ? X509_get0_pubkey(issuer) : key;
	uint8_t signature[P256_SIGNATURE_SIZE];
	AUTO(X509) draft = NULL;
	AUTO(X509) signed_one = NULL;
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(bytes) der = { 0 };
	struct hash digest;

	TRY(build(plan, key, issuer, &draft));
	TRY(sign_with_throw_away_key(draft));
	TRY(lint_certificate(draft, issuer, plan->profile, plan->rehearsal));
	TRY(tbs_of(draft, &tbs));
	digest = sha256(bytes_view(&tbs));
	TRY(signer->sign(signer->context, &digest, signature));
	TRY(certificate_assemble(bytes_view(&tbs), signature, &der));
	TRY(parse_back(bytes_view(&der), bytes_view(&tbs), issuer_key,
	    &signed_one));
	if (lint_certificate(signed_one, issuer, plan->profile,
	    plan->rehearsal) != ERR_OK)
		return err_because(ERR_MISMATCH, "after signing: %s",
		    err_why());
	*out_certificate = STEAL(signed_one);
	return ERR_OK;
}

enum err
certificate_check(const struct certificate_plan *plan, EVP_PKEY *key,
    X509 *issuer, X509 *certificate)
{
	AUTO(X509) planned = NULL;
	AUTO_DONE(bytes) wanted = { 0 };
	AUTO_DONE(bytes) came = { 0 };

	TRY(lint_certificate(certificate, issuer, plan->profile,
	    plan->rehearsal));
	TRY(verify_signature(certificate,
	    issuer != NULL ? X509_get0_pubkey(issuer) : key));
	TRY(build(plan, key, issuer, &planned));
	if (!X509_set_serialNumber(planned,
	    X509_get_serialNumber(certificate)))
		return err_openssl("serial number");
	TRY(sign_with_throw_away_key(planned));
	TRY(tbs_of(planned, &wanted));
	TRY(tbs_of(certificate, &came));
	if (!view_equal(bytes_view(&wanted), bytes_view(&came)))
		return err_because(ERR_MISMATCH, "the certificate is not what "
		    "its plan says: name, validity, key or addresses differ");
	return ERR_OK;
}

/* ---- as files */

static enum err
take_pem(BIO *bio, bool written, struct bytes *out)
{
	char *at;
	long len = BIO_get_mem_data(bio, &at);

	if (!written || len <= 0)
		return err_openssl("PEM");
	bytes_put(out, VIEW(at, (size_t)len));
	return bytes_check(out);
}

enum err
certificate_pem(X509 *certificate, struct bytes *out)
{
	AUTO(BIO) bio = BIO_new(BIO_s_mem());

	return take_pem(bio, bio != NULL &&
	    PEM_write_bio_X509(bio, certificate) == 1, out);
}

enum err
public_key_pem(EVP_PKEY *key, struct bytes *out)
{
	AUTO(BIO) bio = BIO_new(BIO_s_mem());

	return take_pem(bio, bio != NULL &&
	    PEM_write_bio_PUBKEY(bio, key) == 1, out);
}
