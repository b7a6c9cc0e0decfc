/*
 * A signer's certificate, read once at start-up from a file of the operator:
 * trusted to be ours, not to be right. Used by the formats.
 */
#include "credential/issuer.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "credential/certificate.h"

struct issuer {
	X509		*certificate;
	EVP_PKEY	*key;
	char		*uri;
	struct bytes	 der;
	struct bytes	 sd_jwt_header, vc_jwt_header;
	char		 country[3];
	struct hash	 fingerprint;
	struct hash name;
	uint8_t		 point[P256_POINT_SIZE];
	int64_t		 not_before;
	int64_t		 not_after;
};

void
issuer_free(struct issuer *i)
{
	if (i == NULL)
		return;
	X509_free(i->certificate);
	EVP_PKEY_free(i->key);
	mem_free(i->uri);
	bytes_done(&i->der);
	bytes_done(&i->sd_jwt_header);
	bytes_done(&i->vc_jwt_header);
	mem_free(i);
}

static void
put_x5c(const struct issuer *i, struct json *j)
{
	json_items(j, "x5c");
	json_base64(j, NULL, bytes_view(&i->der));
	json_close(j);
}

enum err
issuer_put_header(const struct issuer *i, const char *typ, const char *cty,
    struct bytes *out)
{
	AUTO_DONE(bytes) text = { 0 };
	struct json j = json_start(&text);

	json_record(&j, NULL);
	json_c_text(&j, "alg", "ES256");
	json_c_text(&j, "typ", typ);
	if (cty != NULL)
		json_c_text(&j, "cty", cty);
	put_x5c(i, &j);
	json_close(&j);
	TRY(json_end(&j));
	base64url_put(out, bytes_view(&text));
	return bytes_check(out);
}

static enum err
prepare_headers(struct issuer *i)
{
	TRY(issuer_put_header(i, "dc+sd-jwt", NULL, &i->sd_jwt_header));
	return issuer_put_header(i, "vc+jwt", "vc", &i->vc_jwt_header);
}

/* Left empty when there is none, or none of two letters. */
static void
find_country(struct issuer *i)
{
	X509_NAME *subject = X509_get_subject_name(i->certificate);
	char text[4] = "";

	if (X509_NAME_get_text_by_NID(subject, NID_countryName, text,
	    sizeof(text)) == 2)
		memcpy(i->country, text, sizeof(i->country));
}

static enum err
check_uri(const char *uri)
{
	struct view v = view_text(uri);

	if (!view_starts(v, "https://") || v.len > ISSUER_URI)
		return err_because(ERR_RANGE, "issuer: wanted an https URI of "
		    "at most %d bytes (SD-JWT VC 3.5)", ISSUER_URI);
	for (size_t k = 0; k < v.len; k++)
		if (v.at[k] <= ' ' || v.at[k] >= 0x7f)
			return err_because(ERR_SYNTAX,
			    "issuer: a URI is ASCII without spaces (RFC 3986)");
	return ERR_OK;
}

static enum err
complete(struct issuer *i, const char *name)
{
	if ((i->key = X509_get_pubkey(i->certificate)) == NULL)
		return err_openssl(name);
	TRY(p256_point(i->key, i->point));
	TRY(public_hash(i->key, &i->name));
	TRY(certificate_validity(i->certificate, &i->not_before,
	    &i->not_after));
	TRY(certificate_der(i->certificate, &i->der));
	i->fingerprint = sha256(bytes_view(&i->der));
	find_country(i);
	return prepare_headers(i);
}

static enum err
start(const char *uri, struct issuer **out_issuer)
{
	AUTO(issuer) i = NULL;

	TRY(check_uri(uri));
	if ((i = mem_new(1, sizeof(*i))) == NULL ||
	    (i->uri = mem_text(uri)) == NULL)
		return err_because(ERR_MEMORY, "an issuer");
	*out_issuer = STEAL(i);
	return ERR_OK;
}

enum err
issuer_load(const char *certificate_path, const char *uri,
    struct issuer **out_issuer)
{
	AUTO(issuer) i = NULL;

	TRY(start(uri, &i));
	TRY(pem_read_certificate(certificate_path, &i->certificate));
	TRY(complete(i, certificate_path));
	*out_issuer = STEAL(i);
	return ERR_OK;
}

enum err
issuer_of_der(struct view der, const char *uri, struct issuer **out_issuer)
{
	AUTO(issuer) i = NULL;
	const uint8_t *at = der.at;

	TRY(start(uri, &i));
	i->certificate = d2i_X509(NULL, &at, (long)der.len);
	if (i->certificate == NULL || at != der.at + der.len)
		return err_because(ERR_SYNTAX,
		    "%zu bytes that are no certificate", der.len);
	TRY(complete(i, "a certificate"));
	*out_issuer = STEAL(i);
	return ERR_OK;
}

enum err
issuer_verify_chain(const struct issuer *i, X509 *ca)
{
	return certificate_chained(i->certificate, ca);
}

const char *
issuer_uri(const struct issuer *i)
{
	return i->uri;
}

EVP_PKEY *
issuer_key(const struct issuer *i)
{
	return i->key;
}

struct view
issuer_point(const struct issuer *i)
{
	return VIEW_OF(i->point);
}

struct view
issuer_kid(const struct issuer *i)
{
	return VIEW(i->fingerprint.at, ISSUER_KID_SIZE);
}

struct hash
issuer_name(const struct issuer *i)
{
	return i->name;
}

bool
issuer_signs_documents(const struct issuer *i)
{
	return certificate_signs_documents(i->certificate);
}

int64_t
issuer_not_before(const struct issuer *i)
{
	return i->not_before;
}

int64_t
issuer_not_after(const struct issuer *i)
{
	return i->not_after;
}

const char *
issuer_country(const struct issuer *i)
{
	return i->country;
}

struct view
issuer_der(const struct issuer *i)
{
	return bytes_view(&i->der);
}

struct view
issuer_sd_jwt_header(const struct issuer *i)
{
	return bytes_view(&i->sd_jwt_header);
}

struct view
issuer_vc_jwt_header(const struct issuer *i)
{
	return bytes_view(&i->vc_jwt_header);
}

enum err
issuer_check_time(const struct issuer *i, int64_t now)
{
	if (now < i->not_before || now > i->not_after)
		return err_because(ERR_UNAVAILABLE, "the signer's certificate "
		    "%s (RFC 5280 4.1.2.5)", now < i->not_before ?
		    "is not valid yet" : "has expired");
	return ERR_OK;
}

enum err
issuer_covers(const struct issuer *i, int64_t from, int64_t to)
{
	if (from < i->not_before || to > i->not_after || from >= to)
		return err_because(ERR_INTERNAL, "a validity that is empty or "
		    "reaches beyond the signer's certificate");
	return ERR_OK;
}

void
issuer_jwk(const struct issuer *i, struct json *j)
{
	json_record(j, NULL);
	json_c_text(j, "kty", "EC");
	json_c_text(j, "crv", "P-256");
	json_base64url(j, "x", VIEW(i->point + 1, 32));
	json_base64url(j, "y", VIEW(i->point + 33, 32));
	json_hex(j, "kid", issuer_kid(i));
	json_c_text(j, "use", "sig");
	json_c_text(j, "alg", "ES256");
	put_x5c(i, j);
	json_close(j);
}
