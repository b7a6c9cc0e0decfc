/*
 * Status List Tokens as in status_list.txt, made and read. Read are drafts of
 * another process and tokens of anybody: hostile, both. Next: draft.c.
 */
#include "credential/status_token.h"

#include "base/json.h"
#include "credential/cbor.h"
#include "credential/cose.h"
#include "credential/format.h"
#include "credential/json_scan.h"
#include "credential/jws.h"

#define TYP_JWT "statuslist+jwt"
#define TYP_CWT "application/statuslist+cwt"
#define TIME_MAX INT64_C(253402300799)		/* the end of year 9999 */
#define CERTIFICATE 4096

/* ---- what both forms ask */

static bool
is_uri(struct view v)
{
	if (v.len == 0 || v.len > STATUS_URI || !view_starts(v, "https://"))
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (v.at[i] <= ' ' || v.at[i] >= 0x7f || v.at[i] == '"' ||
		    v.at[i] == '\\')
			return false;
	return true;
}

static enum err
check_token(const struct status_token *t)
{
	if (!is_uri(t->uri))
		return err_because(ERR_RANGE, "status list: wanted an https "
		    "URI of at most %d bytes", STATUS_URI);
	if (t->issued_at < 0 || t->expires_at <= t->issued_at ||
	    t->expires_at > TIME_MAX || t->ttl <= 0 ||
	    t->ttl > t->expires_at - t->issued_at)
		return err_because(ERR_RANGE, "status list: wanted iat < exp "
		    "and 0 < ttl <= exp - iat");
	if (t->bits == 0 || t->bits > 8 || (t->bits & (t->bits - 1)) != 0 ||
	    t->list.len == 0 || t->list.len > 2 * STATUS_LIST_BYTES)
		return err_because(ERR_RANGE,
		    "status list: no such bits, or no list");
	return ERR_OK;
}

/* ---- making */

static enum err
put_jwt(struct bytes *tbs, const struct status_token *t,
    const struct issuer *i)
{
	AUTO_DONE(bytes) payload = { 0 };
	struct json j = json_start(&payload);

	json_record(&j, NULL);
	json_text(&j, "sub", t->uri);
	json_int(&j, "iat", t->issued_at);
	json_int(&j, "exp", t->expires_at);
	json_int(&j, "ttl", t->ttl);
	json_record(&j, "status_list");
	json_int(&j, "bits", t->bits);
	json_base64url(&j, "lst", t->list);
	json_close(&j);
	json_close(&j);
	TRY(json_end(&j));
	TRY(issuer_put_header(i, TYP_JWT, NULL, tbs));
	bytes_put_u8(tbs, '.');
	base64url_put(tbs, bytes_view(&payload));
	return bytes_check(tbs);
}

static void
put_protected(struct bytes *b, struct view certificate)
{
	cbor_put_map(b, 3);
	cbor_put_int(b, COSE_ALG);
	cbor_put_int(b, COSE_ES256);
	cbor_put_int(b, COSE_TYP);
	cbor_put_text(b, view_text(TYP_CWT));
	cbor_put_int(b, COSE_X5CHAIN);
	cbor_put_bytes(b, certificate);
}

static void
put_claims(struct bytes *b, const struct status_token *t)
{
	cbor_put_map(b, 5);
	cbor_put_int(b, CWT_SUB);
	cbor_put_text(b, t->uri);
	cbor_put_int(b, CWT_EXP);
	cbor_put_int(b, t->expires_at);
	cbor_put_int(b, CWT_IAT);
	cbor_put_int(b, t->issued_at);
	cbor_put_int(b, CWT_STATUS_LIST);
	cbor_put_map(b, 2);
	cbor_put_text(b, view_text("lst"));
	cbor_put_bytes(b, t->list);
	cbor_put_text(b, view_text("bits"));
	cbor_put_uint(b, t->bits);
	cbor_put_int(b, CWT_TTL);
	cbor_put_int(b, t->ttl);
}

static enum err
put_cwt(struct bytes *tbs, const struct status_token *t,
    const struct issuer *i)
{
	AUTO_DONE(bytes) protected = { 0 };
	AUTO_DONE(bytes) payload = { 0 };

	put_protected(&protected, issuer_der(i));
	put_claims(&payload, t);
	TRY(bytes_check(&protected));
	TRY(bytes_check(&payload));
	cose_put_tbs(tbs, &(struct cose_sign1){ bytes_view(&protected),
	    bytes_view(&payload) });
	return bytes_check(tbs);
}

enum err
status_token_draft(enum status_form form, const struct status_token *t,
    const struct issuer *i, struct draft **out_draft)
{
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(bytes) none = { 0 };

	TRY(check_token(t));
	TRY(issuer_covers(i, t->issued_at, t->expires_at));
	TRY(form == STATUS_JWT ? put_jwt(&tbs, t, i) : put_cwt(&tbs, t, i));
	return draft_new(form == STATUS_JWT ? DRAFT_STATUS_JWT :
	    DRAFT_STATUS_CWT, issuer_name(i), &tbs, &none, out_draft);
}

/* ---- reading */

void
status_room_done(struct status_room *r)
{
	bytes_done(&r->payload);
	bytes_done(&r->list);
}

/* A number without sign or leading zero; what is none fails the scan. */
static int64_t
scan_number(struct json_scan *s)
{
	struct reader r = reader_of(s->rest);
	size_t n = 0;
	int64_t v;

	while (n < s->rest.len && s->rest.at[n] >= '0' && s->rest.at[n] <= '9')
		n++;
	r = reader_of(VIEW(s->rest.at, n));
	v = (int64_t)reader_decimal(&r, (uint64_t)TIME_MAX);
	s->failed |= r.failed || r.rest.len != 0;
	s->rest = VIEW(s->rest.at + n, s->rest.len - n);
	return v;
}

static struct view
scan_unquoted(struct json_scan *s)
{
	struct view v = scan_string(s);

	return s->failed ? v : VIEW(v.at + 1, v.len - 2);
}

static enum err
get_jwt_claims(struct status_room *room, struct status_token *t)
{
	struct json_scan s = { .rest = bytes_view(&room->payload) };
	struct view list;

	scan_want(&s, "{\"sub\":");
	t->uri = scan_unquoted(&s);
	scan_want(&s, ",\"iat\":");
	t->issued_at = scan_number(&s);
	scan_want(&s, ",\"exp\":");
	t->expires_at = scan_number(&s);
	scan_want(&s, ",\"ttl\":");
	t->ttl = scan_number(&s);
	scan_want(&s, ",\"status_list\":{\"bits\":");
	t->bits = (unsigned int)scan_number(&s);
	scan_want(&s, ",\"lst\":");
	list = scan_unquoted(&s);
	scan_want(&s, "}}");
	if (s.failed || s.rest.len != 0 ||
	    base64url_get(list, &room->list) != ERR_OK)
		return err_because(ERR_SCHEMA, "status list: the claims are "
		    "not those of a list of ours "
		    "(draft-ietf-oauth-status-list 5.1)");
	t->list = bytes_view(&room->list);
	return ERR_OK;
}

static enum err
get_jwt(struct view tbs, struct status_room *room, struct status_token *t)
{
	struct view rest = tbs;

	/* {"alg":"ES256","typ":"statuslist+jwt","x5c":[" and {"sub" */
	TRY(jws_check(tbs, &(struct jws_form){
		.name = TYP_JWT " (draft-ietf-oauth-status-list 5.1)",
		.header = "eyJhbGciOiJFUzI1NiIsInR5cCI6InN0YXR1c2xpc3Qrand0Ii"
		    "wieDVjIjpb",
		.payload = "eyJzdWIi",
	}));
	(void)jws_cut(&rest, '.');
	if (base64url_get(rest, &room->payload) != ERR_OK)
		return ERR_SCHEMA;
	return get_jwt_claims(room, t);
}

static enum err
get_protected(struct view v)
{
	struct cbor_reader r = cbor_reader_of(v);

	cbor_want_map(&r, 3);
	cbor_want_int(&r, COSE_ALG);
	cbor_want_int(&r, COSE_ES256);
	cbor_want_int(&r, COSE_TYP);
	cbor_want_text(&r, TYP_CWT);
	cbor_want_int(&r, COSE_X5CHAIN);
	cbor_read_bytes(&r, CERTIFICATE);
	cbor_leave(&r);
	return cbor_end(&r, "status list, protected header");
}

static enum err
get_cwt_claims(struct view v, struct status_token *t)
{
	struct cbor_reader r = cbor_reader_of(v);
	uint64_t bits;

	cbor_want_map(&r, 5);
	cbor_want_int(&r, CWT_SUB);
	t->uri = cbor_read_text(&r, STATUS_URI);
	cbor_want_int(&r, CWT_EXP);
	t->expires_at = cbor_read_int(&r);
	cbor_want_int(&r, CWT_IAT);
	t->issued_at = cbor_read_int(&r);
	cbor_want_int(&r, CWT_STATUS_LIST);
	cbor_want_map(&r, 2);
	cbor_want_text(&r, "lst");
	t->list = cbor_read_bytes(&r, COSE_PAYLOAD);
	cbor_want_text(&r, "bits");
	bits = cbor_read_uint(&r);
	cbor_leave(&r);
	cbor_want_int(&r, CWT_TTL);
	t->ttl = cbor_read_int(&r);
	cbor_leave(&r);
	t->bits = bits <= 8 ? (unsigned int)bits : 0;
	return cbor_end(&r, "status list, claims");
}

static enum err
get_cwt(struct view tbs, struct status_token *t)
{
	struct cose_sign1 s = { 0 };

	if (cose_get_tbs(tbs, &s) != ERR_OK ||
	    get_protected(s.protected) != ERR_OK ||
	    get_cwt_claims(s.payload, t) != ERR_OK)
		return ERR_SCHEMA;
	return ERR_OK;
}

enum err
status_token_get(enum status_form form, struct view tbs,
    struct status_room *room, struct status_token *out_token)
{
	struct status_token t = { 0 };

	TRY(form == STATUS_JWT ? get_jwt(tbs, room, &t) : get_cwt(tbs, &t));
	if (check_token(&t) != ERR_OK)
		return ERR_SCHEMA;
	*out_token = t;
	return ERR_OK;
}

/* ---- as drafts */

static enum err
check(enum status_form form, struct view tbs)
{
	AUTO_DONE(status_room) room = { 0 };
	struct status_token t;

	return status_token_get(form, tbs, &room, &t);
}

static enum err
check_jwt(struct view tbs)
{
	return check(STATUS_JWT, tbs);
}

static enum err
check_cwt(struct view tbs)
{
	return check(STATUS_CWT, tbs);
}

static enum err
document_cwt(const struct signed_draft *d, struct bytes *out)
{
	struct cose_sign1 s = { 0 };

	TRY(cose_get_tbs(draft_tbs(d->draft), &s));
	cose_put_sign1(out, &s, VIEW(d->signatures, P256_SIGNATURE_SIZE));
	return bytes_check(out);
}

const struct format format_status_jwt = {
	.kind = DRAFT_STATUS_JWT,
	.use = KEY_USE_STATUS,
	.name = TYP_JWT,
	.check = check_jwt,
	.document = jws_document,
};

const struct format format_status_cwt = {
	.kind = DRAFT_STATUS_CWT,
	.use = KEY_USE_STATUS,
	.name = "statuslist+cwt",
	.check = check_cwt,
	.document = document_cwt,
};
