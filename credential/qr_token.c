/*
 * QR tokens, made and read. The text that qr_token_read() gets comes from a
 * phone's camera by way of an upstream system: hostile until the signature
 * has verified, and strict before that, so that one token has one text. Bytes
 * as in qr_token.txt; next: draft.c.
 */
#include "credential/qr_token.h"

#include <string.h>

#include "credential/base45.h"
#include "credential/cbor.h"
#include "credential/cose.h"
#include "credential/format.h"

#define CONTENT_TYPE "application/okse-qr+cwt"

#define CWT_VISIT (-65537)	/* private: see qr_token.txt */

enum visit {
	VISIT_PURPOSE = 1,
	VISIT_PROGRAMME,
	VISIT_CENTRE,
	VISIT_HOLDER,
};

/* ---- making */

static void
put_protected(struct bytes *b, struct view kid)
{
	cbor_put_map(b, 3);
	cbor_put_int(b, COSE_ALG);
	cbor_put_int(b, COSE_ES256);
	cbor_put_int(b, COSE_KID);
	cbor_put_bytes(b, kid);
	cbor_put_int(b, COSE_TYP);
	cbor_put_text(b, view_text(CONTENT_TYPE));
}

static void
put_claims(struct bytes *b, const struct qr_token *t)
{
	cbor_put_map(b, 6);
	cbor_put_int(b, CWT_ISS);
	cbor_put_text(b, view_text(t->issuer));
	cbor_put_int(b, CWT_AUD);
	cbor_put_text(b, view_text(t->audience));
	cbor_put_int(b, CWT_EXP);
	cbor_put_int(b, t->expires_at);
	cbor_put_int(b, CWT_IAT);
	cbor_put_int(b, t->issued_at);
	cbor_put_int(b, CWT_CTI);
	cbor_put_bytes(b, VIEW_OF(t->cti));
	cbor_put_int(b, CWT_VISIT);
	cbor_put_map(b, 4);
	cbor_put_int(b, VISIT_PURPOSE);
	cbor_put_int(b, t->purpose);
	cbor_put_int(b, VISIT_PROGRAMME);
	cbor_put_text(b, view_text(t->programme));
	cbor_put_int(b, VISIT_CENTRE);
	cbor_put_text(b, view_text(t->centre));
	cbor_put_int(b, VISIT_HOLDER);
	cbor_put_bytes(b, VIEW_OF(t->holder));
}

static enum err
copy_name(char *out, size_t max, struct view v, const char *what)
{
	if (v.len > max)
		return err_because(ERR_RANGE, "QR token: %s has %zu bytes, at "
		    "most %zu fit", what, v.len, max);
	if (v.len != 0)
		memcpy(out, v.at, v.len);
	return ERR_OK;
}

static enum err
fill(struct qr_token *t, const struct grant *g, const struct asked *asked,
    const struct qr_fields *fields, const struct issuer *i)
{
	const struct grant_terms *terms = grant_terms(g);

	snprintf(t->issuer, sizeof(t->issuer), "%s", issuer_uri(i));
	t->issued_at = terms->issued_at;
	t->expires_at = terms->technical_expiry;
	t->purpose = asked->purpose;
	memcpy(t->cti, fields->cti, sizeof(t->cti));
	memcpy(t->holder, fields->holder, sizeof(t->holder));
	TRY(copy_name(t->audience, ISSUER_URI, view_text(fields->audience),
	    "audience"));
	TRY(copy_name(t->programme, QR_TOKEN_NAME,
	    view_text(grant_programme(g)->id), "programme"));
	return copy_name(t->centre, QR_TOKEN_NAME, asked->evidence.centre,
	    "centre");
}

enum err
qr_token_draft(const struct grant *g, const struct request *r,
    const struct qr_fields *fields, const struct issuer *i,
    struct draft **out_draft)
{
	AUTO_DONE(bytes) protected = { 0 };
	AUTO_DONE(bytes) payload = { 0 };
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(bytes) none = { 0 };
	struct qr_token t = { 0 };

	TRY(fill(&t, g, request_asked(r), fields, i));
	TRY(issuer_covers(i, t.issued_at, t.expires_at));
	if (t.expires_at - t.issued_at > QR_TOKEN_LIFE)
		return err_because(ERR_INTERNAL, "QR token: granted for more "
		    "than %d seconds", QR_TOKEN_LIFE);
	put_protected(&protected, issuer_kid(i));
	put_claims(&payload, &t);
	TRY(bytes_check(&protected));
	TRY(bytes_check(&payload));
	cose_put_tbs(&tbs, &(struct cose_sign1){ bytes_view(&protected),
	    bytes_view(&payload) });
	return draft_new(DRAFT_QR_TOKEN, issuer_name(i), &tbs, &none,
	    out_draft);
}

/* ---- reading */

static enum err
get_protected(struct view v, uint8_t kid[ISSUER_KID_SIZE])
{
	struct cbor_reader r = cbor_reader_of(v);
	struct view k;

	cbor_want_map(&r, 3);
	cbor_want_int(&r, COSE_ALG);
	cbor_want_int(&r, COSE_ES256);
	cbor_want_int(&r, COSE_KID);
	k = cbor_read_bytes(&r, ISSUER_KID_SIZE);
	cbor_want_int(&r, COSE_TYP);
	if (!view_is(cbor_read_text(&r, COSE_PART), CONTENT_TYPE) ||
	    k.len != ISSUER_KID_SIZE)
		cbor_fail(&r, "another kind of token");
	cbor_leave(&r);
	TRY(cbor_end(&r, "QR token, protected header"));
	memcpy(kid, k.at, k.len);
	return ERR_OK;
}

static void
get_text(struct cbor_reader *r, char *out, size_t max)
{
	struct view v = cbor_read_text(r, max);

	if (v.len != 0)
		memcpy(out, v.at, v.len);
	out[v.len] = '\0';
}

static void
get_id(struct cbor_reader *r, uint8_t out[QR_TOKEN_ID])
{
	struct view v = cbor_read_bytes(r, QR_TOKEN_ID);

	if (v.len != QR_TOKEN_ID)
		cbor_fail(r, "an identifier that is not of 16 bytes");
	if (r->why == NULL)
		memcpy(out, v.at, v.len);
}

static void
get_visit(struct cbor_reader *r, struct qr_token *t)
{
	int64_t purpose;

	cbor_want_map(r, 4);
	cbor_want_int(r, VISIT_PURPOSE);
	purpose = cbor_read_int(r);
	if (purpose < PURPOSE_FIRST_ISSUE || purpose > PURPOSE_REFRESH)
		cbor_fail(r, "an unknown purpose");
	t->purpose = (enum purpose)purpose;
	cbor_want_int(r, VISIT_PROGRAMME);
	get_text(r, t->programme, QR_TOKEN_NAME);
	cbor_want_int(r, VISIT_CENTRE);
	get_text(r, t->centre, QR_TOKEN_NAME);
	cbor_want_int(r, VISIT_HOLDER);
	get_id(r, t->holder);
	cbor_leave(r);
}

static enum err
get_claims(struct view v, struct qr_token *t)
{
	struct cbor_reader r = cbor_reader_of(v);

	cbor_want_map(&r, 6);
	cbor_want_int(&r, CWT_ISS);
	get_text(&r, t->issuer, ISSUER_URI);
	cbor_want_int(&r, CWT_AUD);
	get_text(&r, t->audience, ISSUER_URI);
	cbor_want_int(&r, CWT_EXP);
	t->expires_at = cbor_read_int(&r);
	cbor_want_int(&r, CWT_IAT);
	t->issued_at = cbor_read_int(&r);
	cbor_want_int(&r, CWT_CTI);
	get_id(&r, t->cti);
	cbor_want_int(&r, CWT_VISIT);
	get_visit(&r, t);
	cbor_leave(&r);
	if (r.why == NULL && (t->issued_at < 0 ||
	    t->expires_at <= t->issued_at ||
	    t->expires_at - t->issued_at > QR_TOKEN_LIFE))
		cbor_fail(&r, "a life that is empty or too long");
	return cbor_end(&r, "QR token, claims");
}

/* Everything of a token but its signature, from its two signed parts. */
static enum err
get_signed(const struct cose_sign1 *s, struct qr_token *t)
{
	TRY(get_protected(s->protected, t->kid));
	return get_claims(s->payload, t);
}

static enum err
find_issuer(const struct issuer *const *issuers, size_t count,
    const struct qr_token *t, const struct issuer **out)
{
	for (size_t i = 0; i < count; i++) {
		if (!view_equal(issuer_kid(issuers[i]), VIEW_OF(t->kid)) ||
		    strcmp(issuer_uri(issuers[i]), t->issuer) != 0)
			continue;
		*out = issuers[i];
		return ERR_OK;
	}
	return err_because(ERR_SIGNATURE,
	    "QR token: signed with no key of ours (RFC 9052 3.1)");
}

static enum err
verify(const struct issuer *i, const struct hash *tbs,
    const uint8_t signature[P256_SIGNATURE_SIZE])
{
	uint8_t canonical[P256_SIGNATURE_SIZE];

	memcpy(canonical, signature, sizeof(canonical));
	TRY(p256_low_s(canonical));
	if (!view_equal(VIEW_OF(canonical), VIEW(signature,
	    P256_SIGNATURE_SIZE)))
		return err_because(ERR_SIGNATURE,
		    "QR token: s of the signature is not in its lower half");
	return p256_verify(issuer_key(i), tbs, VIEW_OF(canonical));
}

static enum err
decode_text(struct view text, struct bytes *out)
{
	size_t prefix = strlen(QR_TOKEN_PREFIX);

	if (!view_starts(text, QR_TOKEN_PREFIX))
		return err_because(ERR_SYNTAX,
		    "QR token: wanted %s in front", QR_TOKEN_PREFIX);
	if (text.len > ASKED_QR_TOKEN)
		return err_because(ERR_SYNTAX, "QR token: %zu characters, "
		    "wanted at most %d", text.len, ASKED_QR_TOKEN);
	return base45_get(VIEW(text.at + prefix, text.len - prefix), out);
}

struct hash
qr_token_name(const struct hash *tbs,
    const uint8_t signature[P256_SIGNATURE_SIZE])
{
	return sha256_2(VIEW_OF(tbs->at), VIEW(signature,
	    P256_SIGNATURE_SIZE));
}

enum err
qr_token_read_again(struct view text, const struct issuer *const *issuers,
    size_t issuer_count,
    bool (*vouches)(const void *context, const struct hash *name),
    const void *context, struct qr_token *out_token)
{
	AUTO_DONE(bytes) token = { 0 };
	AUTO_DONE(bytes) tbs = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	const struct issuer *i = NULL;
	struct qr_token t = { 0 };
	struct cose_sign1 s = { 0 };
	struct hash name;

	TRY(decode_text(text, &token));
	TRY(cose_get_sign1(bytes_view(&token), &s, signature));
	TRY(get_signed(&s, &t));
	TRY(find_issuer(issuers, issuer_count, &t, &i));
	cose_put_tbs(&tbs, &s);
	TRY(bytes_check(&tbs));
	t.tbs = sha256(bytes_view(&tbs));
	name = qr_token_name(&t.tbs, signature);
	if (vouches == NULL || !vouches(context, &name))
		TRY(verify(i, &t.tbs, signature));
	*out_token = t;
	return ERR_OK;
}

enum err
qr_token_peek(struct view text, uint8_t out_cti[QR_TOKEN_ID])
{
	AUTO_DONE(bytes) token = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct qr_token t = { 0 };
	struct cose_sign1 s = { 0 };

	TRY(decode_text(text, &token));
	TRY(cose_get_sign1(bytes_view(&token), &s, signature));
	TRY(get_signed(&s, &t));
	memcpy(out_cti, t.cti, sizeof(t.cti));
	return ERR_OK;
}

enum err
qr_token_read(struct view text, const struct issuer *const *issuers,
    size_t issuer_count, struct qr_token *out_token)
{
	return qr_token_read_again(text, issuers, issuer_count, NULL, NULL,
	    out_token);
}

/* ---- as a draft */

static enum err
check(struct view tbs)
{
	struct cose_sign1 s = { 0 };
	struct qr_token t = { 0 };

	/* the reader's words, but here it is a shape that we do not sign */
	if (cose_get_tbs(tbs, &s) != ERR_OK || get_signed(&s, &t) != ERR_OK)
		return ERR_SCHEMA;
	return ERR_OK;
}

static enum err
document(const struct signed_draft *d, struct bytes *out)
{
	AUTO_DONE(bytes) token = { 0 };
	struct cose_sign1 s = { 0 };

	TRY(cose_get_tbs(draft_tbs(d->draft), &s));
	cose_put_sign1(&token, &s, VIEW(d->signatures, P256_SIGNATURE_SIZE));
	TRY(bytes_check(&token));
	bytes_put_text(out, QR_TOKEN_PREFIX);
	base45_put(out, bytes_view(&token));
	return bytes_check(out);
}

const struct format format_qr_token = {
	.kind = DRAFT_QR_TOKEN,
	.use = KEY_USE_QR,
	.name = "qr-token",
	.check = check,
	.document = document,
};
