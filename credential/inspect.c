/*
 * Which format a text is of, and whether what it says can be believed. Texts
 * come from anybody. Next: the inspect_*.c of the format.
 */
#include "credential/inspect_format.h"

#include <string.h>

#include "base/time.h"
#include "credential/certificate.h"

/* base64url of { "issuerAuth": … as an IssuerSigned begins */
#define MDOC_BEGINS "ompp"
/* 18([ and base64url of {"alg":"ES256","typ":"statuslist+jwt */
#define STATUS_CWT_BEGINS "\xd2\x84"
#define STATUS_JWT_BEGINS                                                     \
	"eyJhbGciOiJFUzI1NiIsInR5cCI6InN0YXR1c2xpc3Qrand0"

static const struct {
	const char		*begins;
	const char		*holds;		/* or NULL */
	const struct format	*format;
	enum err		(*read)(struct view text,
				    struct inspected *i);
} readers[] = {
	{ "OKSE1:", NULL, &format_qr_token, inspect_qr_token },
	{ STATUS_CWT_BEGINS, NULL, &format_status_cwt, inspect_status_cwt },
	{ STATUS_JWT_BEGINS, NULL, &format_status_jwt, inspect_status_jwt },
	{ "{", NULL, &format_opendid, inspect_opendid },
	{ "eyJ", "~", &format_sdjwt, inspect_sd_jwt },
	{ "eyJ", NULL, &format_vc_jwt, inspect_vc_jwt },
	{ MDOC_BEGINS, NULL, &format_mdoc, inspect_mdoc },
	{ "", NULL, &format_cwt_qr, inspect_cwt_qr },
};

void
inspected_free(struct inspected *i)
{
	if (i == NULL)
		return;
	for (size_t k = 0; k < i->parts; k++)
		bytes_done(&i->part[k]);
	bytes_done(&i->kid);
	X509_free(i->signer);
	status_list_free(i->list);
	json_decref(i->content);
	mem_free(i);
}

static enum err
check_parts(const struct inspected *i)
{
	for (size_t k = 0; k < i->parts; k++)
		TRY(bytes_check(&i->part[k]));
	TRY(bytes_check(&i->kid));
	if (i->content == NULL)
		return err_because(ERR_MEMORY, "a document's content");
	return i->format->check(bytes_view(&i->part[0]));
}

enum err
inspect(struct view text, struct inspected **out_inspected)
{
	AUTO(inspected) i = mem_new(1, sizeof(*i));
	size_t k = 0;

	if (i == NULL)
		return err_because(ERR_MEMORY, "a document");
	if (text.len > INSPECT_MAX)
		return err_because(ERR_TOO_LARGE, "a document of %zu bytes, "
		    "at most %zu", text.len, INSPECT_MAX);
	while (!view_starts(text, readers[k].begins) ||
	    (readers[k].holds != NULL && memmem(text.at, text.len,
	    readers[k].holds, strlen(readers[k].holds)) == NULL))
		k++;
	i->format = readers[k].format;
	TRY(readers[k].read(text, i));
	TRY(check_parts(i));
	*out_inspected = STEAL(i);
	return ERR_OK;
}

const char *
inspected_format(const struct inspected *i)
{
	return i->format->name;
}

struct hash
inspected_draft(const struct inspected *i)
{
	return sha256(bytes_view(&i->part[0]));
}

static int
append(const char *text, size_t len, void *out)
{
	bytes_put(out, VIEW(text, len));
	return 0;
}

enum err
inspected_json(const struct inspected *i, struct bytes *out)
{
	if (json_dump_callback(i->content, append, out, JSON_INDENT(2)) != 0)
		return err_because(ERR_MEMORY, "a document's content");
	bytes_put_u8(out, '\n');
	return bytes_check(out);
}

/* ---- for the readers */

enum err
inspect_json(struct view text, json_t **out_json)
{
	json_error_t error;
	json_t *j = json_loadb((const char *)text.at, text.len,
	    JSON_REJECT_DUPLICATES, &error);

	if (j == NULL)
		return err_because(ERR_SYNTAX, "not JSON, or a member twice, "
		    "at byte %d (RFC 8259)", error.position);
	*out_json = j;
	return ERR_OK;
}

enum err
inspect_certificate(struct view der, X509 **out)
{
	const uint8_t *at = der.at;
	X509 *x = d2i_X509(NULL, &at, (long)der.len);

	if (x == NULL || at != der.at + der.len) {
		X509_free(x);
		(void)err_openssl("certificate");
		return err_because(ERR_SYNTAX, "the signer's certificate is "
		    "none (RFC 5280 4.1)");
	}
	*out = x;
	return ERR_OK;
}

enum err
inspect_instant(const json_t *object, const char *name, int64_t *out)
{
	const char *text = json_string_value(json_object_get(object, name));

	if (text == NULL || instant_get(view_text(text), out) != ERR_OK)
		return err_because(ERR_SCHEMA, "%s: no time (RFC 3339)",
		    name);
	return ERR_OK;
}

json_t *
inspect_text(struct view utf8)
{
	return json_stringn((const char *)utf8.at, utf8.len);
}

json_t *
inspect_time(int64_t t)
{
	char text[INSTANT_TEXT];

	if (t < 0 || t > INT64_C(253402300799))
		return json_integer(t);
	return json_string(instant_text(t, text));
}

/* ---- verifying */

static enum err
check_recovery(const struct inspected *i, size_t k, EVP_PKEY *key,
    const struct hash *digest)
{
	uint8_t point[P256_POINT_SIZE], id;

	TRY(p256_point(key, point));
	TRY(p256_recovery_id(point, digest, i->signature[k], &id));
	if (id != i->recovery[k])
		return err_because(ERR_SIGNATURE, "proof value %zu: another "
		    "recovery id", k);
	return ERR_OK;
}

/* Low-S, as all of ours are: or one document would have two texts. */
static enum err
check_signature(const struct inspected *i, size_t k, EVP_PKEY *key)
{
	struct hash digest = sha256(bytes_view(&i->part[k]));
	uint8_t low[P256_SIGNATURE_SIZE];

	memcpy(low, i->signature[k], sizeof(low));
	TRY(p256_low_s(low));
	if (!view_equal(VIEW_OF(low), VIEW_OF(i->signature[k])))
		return err_because(ERR_SIGNATURE,
		    "s of a signature is not in its lower half");
	return i->format == &format_opendid ?
	    check_recovery(i, k, key, &digest) :
	    p256_verify(key, &digest, VIEW_OF(low));
}

static enum err
check_signatures(const struct inspected *i, X509 *signer)
{
	EVP_PKEY *key = X509_get0_pubkey(signer);

	if (key == NULL)
		return err_because(ERR_SIGNATURE,
		    "the signer's certificate has no key");
	for (size_t k = 0; k < i->parts; k++)
		TRY(check_signature(i, k, key));
	return ERR_OK;
}

static bool
has_kid(X509 *x, struct view kid)
{
	AUTO_DONE(bytes) der = { 0 };
	struct hash h;

	if (certificate_der(x, &der) != ERR_OK)
		return false;
	h = sha256(bytes_view(&der));
	return view_equal(VIEW(h.at, kid.len), kid);
}

/* The document's own, or the one of those given that signed it. */
static enum err
find_signer(const struct inspected *i, const struct trust *t, X509 **out)
{
	if (i->signer != NULL) {
		*out = i->signer;
		return check_signatures(i, i->signer);
	}
	for (size_t k = 0; k < t->signer_count; k++) {
		X509 *x = t->signers[k];

		if (!has_kid(x, bytes_view(&i->kid)) ||
		    check_signatures(i, x) != ERR_OK)
			continue;
		*out = x;
		return ERR_OK;
	}
	return err_because(ERR_SIGNATURE, "none of the signers given made "
	    "the signature of this %s", i->format->name);
}

static enum err
check_times(const struct inspected *i, X509 *signer, int64_t now)
{
	int64_t from, to;

	TRY(certificate_validity(signer, &from, &to));
	if (i->from < from || i->until > to)
		return err_because(ERR_SIGNATURE,
		    "valid beyond its signer's certificate");
	if (now == TRUST_ANY_TIME)
		return ERR_OK;
	if (now < i->from)
		return err_because(ERR_SIGNATURE, "not valid yet");
	if (now >= i->until)
		return err_because(ERR_SIGNATURE, "no longer valid");
	return ERR_OK;
}

enum err
inspected_verify(const struct inspected *i, const struct trust *t,
    X509 **out_signer)
{
	X509 *signer = NULL;

	TRY(find_signer(i, t, &signer));
	TRY(certificate_chained(signer, t->ca));
	if (i->list != NULL && certificate_signs_documents(signer))
		return err_because(ERR_SIGNATURE,
		    "a document signer's certificate is of no status list");
	TRY(check_times(i, signer, t->now));
	if (out_signer == NULL)
		return ERR_OK;
	X509_up_ref(signer);
	*out_signer = signer;
	return ERR_OK;
}
