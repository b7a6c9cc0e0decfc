/*
 * Building revocation lists, and comparing one with its plan. The list signed
 * is the list built: its bytes are compared, and it is verified as anyone
 * would. Next: step_crl.c.
 */
#include "ceremony/crl.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

AUTO_DEFINE(X509_REVOKED, X509_REVOKED, X509_REVOKED_free);
AUTO_DEFINE(ASN1_TIME, ASN1_TIME, ASN1_TIME_free);
AUTO_DEFINE(ASN1_INTEGER, ASN1_INTEGER, ASN1_INTEGER_free);
AUTO_DEFINE(ASN1_ENUMERATED, ASN1_ENUMERATED, ASN1_ENUMERATED_free);
AUTO_DEFINE(AUTHORITY_KEYID, AUTHORITY_KEYID, AUTHORITY_KEYID_free);

/* ---- building */

static enum err
add_revoked(X509_CRL *crl, const struct crl_revoked *r)
{
	AUTO(X509_REVOKED) entry = X509_REVOKED_new();
	AUTO(ASN1_TIME) on = ASN1_TIME_set(NULL, (time_t)r->on);
	AUTO(ASN1_ENUMERATED) reason = ASN1_ENUMERATED_new();

	if (entry == NULL || on == NULL || reason == NULL ||
	    X509_REVOKED_set_serialNumber(entry,
	    (ASN1_INTEGER *)(uintptr_t)
	    X509_get0_serialNumber(r->certificate)) != 1 ||
	    X509_REVOKED_set_revocationDate(entry, on) != 1 ||
	    ASN1_ENUMERATED_set(reason, r->reason) != 1)
		return err_openssl("a revoked certificate");
	/* RFC 5280 5.3.1: unspecified is said by leaving it out */
	if (r->reason != CRL_REASON_UNSPECIFIED &&
	    X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0) !=
	    1)
		return err_openssl("reasonCode");
	if (X509_CRL_add0_revoked(crl, entry) != 1)
		return err_openssl("a revoked certificate");
	(void)STEAL(entry);
	return ERR_OK;
}

static enum err
add_extensions(X509_CRL *crl, const struct crl_plan *plan, X509 *issuer)
{
	const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(issuer);
	AUTO(AUTHORITY_KEYID) aki = AUTHORITY_KEYID_new();
	AUTO(ASN1_INTEGER) number = ASN1_INTEGER_new();

	if (ski == NULL)
		return err_because(ERR_MISMATCH,
		    "the issuer has no subjectKeyIdentifier");
	if (aki == NULL || number == NULL ||
	    (aki->keyid = ASN1_OCTET_STRING_dup(ski)) == NULL ||
	    ASN1_INTEGER_set_int64(number, plan->number) != 1 ||
	    X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, aki, 0,
	    0) != 1 ||
	    X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) != 1)
		return err_openssl("extensions of a revocation list");
	return ERR_OK;
}

static enum err
build(const struct crl_plan *plan, X509 *issuer, X509_CRL **out)
{
	AUTO(X509_CRL) crl = X509_CRL_new();
	AUTO(ASN1_TIME) now = ASN1_TIME_set(NULL, (time_t)plan->this_update);
	AUTO(ASN1_TIME) next = ASN1_TIME_set(NULL,
	    (time_t)plan->next_update);
	AUTO(EVP_PKEY) throw_away = EVP_EC_gen("P-256");

	if (crl == NULL || now == NULL || next == NULL ||
	    throw_away == NULL ||
	    X509_CRL_set_version(crl, X509_CRL_VERSION_2) != 1 ||
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) !=
	    1 || X509_CRL_set1_lastUpdate(crl, now) != 1 ||
	    X509_CRL_set1_nextUpdate(crl, next) != 1)
		return err_openssl("a revocation list");
	for (size_t i = 0; i < plan->count; i++)
		TRY(add_revoked(crl, &plan->revoked[i]));
	TRY(add_extensions(crl, plan, issuer));
	/* sets the algorithms, too; the order of entries is that of serials */
	if (X509_CRL_sort(crl) != 1 ||
	    X509_CRL_sign(crl, throw_away, EVP_sha256()) == 0)
		return err_openssl("a revocation list");
	*out = STEAL(crl);
	return ERR_OK;
}

static enum err
tbs_of(X509_CRL *crl, struct bytes *out)
{
	int len = i2d_re_X509_CRL_tbs(crl, NULL);
	uint8_t *to = len > 0 ? bytes_grow(out, (size_t)len) : NULL;

	if (to == NULL || i2d_re_X509_CRL_tbs(crl, &to) != len)
		return err_openssl("TBSCertList");
	return ERR_OK;
}

/* ---- checking */

enum err
crl_check(const struct crl_plan *plan, X509 *issuer, X509_CRL *crl)
{
	AUTO_DONE(bytes) wanted = { 0 }, came = { 0 };
	AUTO(X509_CRL) planned = NULL;

	if (X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1) {
		(void)err_openssl("revocation list");
		return err_because(ERR_SIGNATURE, "the revocation list does "
		    "not verify under its issuer's key");
	}
	TRY(build(plan, issuer, &planned));
	TRY(tbs_of(planned, &wanted));
	TRY(tbs_of(crl, &came));
	return view_equal(bytes_view(&wanted), bytes_view(&came)) ? ERR_OK :
	    err_because(ERR_MISMATCH, "the revocation list is not what its "
	    "plan says");
}

enum err
crl_issue(const struct crl_plan *plan, X509 *issuer,
    const struct certificate_signer *signer, X509_CRL **out_crl)
{
	uint8_t signature[P256_SIGNATURE_SIZE];
	AUTO_DONE(bytes) tbs = { 0 }, der = { 0 };
	AUTO(X509_CRL) draft = NULL;
	AUTO(X509_CRL) crl = NULL;
	const uint8_t *at;
	struct hash digest;

	TRY(build(plan, issuer, &draft));
	TRY(tbs_of(draft, &tbs));
	digest = sha256(bytes_view(&tbs));
	TRY(signer->sign(signer->context, &digest, signature));
	TRY(certificate_assemble(bytes_view(&tbs), signature, &der));
	at = der.at;
	crl = d2i_X509_CRL(NULL, &at, (long)der.len);
	if (crl == NULL || at != der.at + der.len)
		return err_openssl("the signed revocation list");
	TRY(crl_check(plan, issuer, crl));
	*out_crl = STEAL(crl);
	return ERR_OK;
}

/* ---- as files */

enum err
crl_pem(X509_CRL *crl, struct bytes *out)
{
	AUTO(BIO) bio = BIO_new(BIO_s_mem());
	char *at;
	long len;

	if (bio == NULL || PEM_write_bio_X509_CRL(bio, crl) != 1 ||
	    (len = BIO_get_mem_data(bio, &at)) <= 0)
		return err_openssl("PEM");
	bytes_put(out, VIEW(at, (size_t)len));
	return bytes_check(out);
}

enum err
crl_read(struct view pem, X509_CRL **out_crl)
{
	AUTO(BIO) bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	X509_CRL *crl = bio != NULL ? PEM_read_bio_X509_CRL(bio, NULL, NULL,
	    NULL) : NULL;

	if (crl == NULL)
		return err_openssl("a revocation list");
	*out_crl = crl;
	return ERR_OK;
}

enum err
crl_der(X509_CRL *crl, struct bytes *out)
{
	int len = i2d_X509_CRL(crl, NULL);
	uint8_t *to = len > 0 ? bytes_grow(out, (size_t)len) : NULL;

	if (to == NULL || i2d_X509_CRL(crl, &to) != len)
		return err_openssl("a revocation list as DER");
	return ERR_OK;
}
