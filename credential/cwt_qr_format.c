/*
 * Compact credentials as drafts, and read. Texts come from a camera, drafts
 * from another process: hostile, both. Next: draft.c.
 */
#include <string.h>

#include <zlib.h>

#include "credential/base45.h"
#include "credential/cbor.h"
#include "credential/cwt_qr.h"
#include "credential/format.h"

#define TAG_CWT 61
#define NAME 200
#define URI 256

/* ---- reading */

static struct view
get_protected(struct view v)
{
	struct cbor_reader r = cbor_reader_of(v);
	struct view kid;

	cbor_want_map(&r, 3);
	cbor_want_int(&r, COSE_ALG);
	cbor_want_int(&r, COSE_ES256);
	cbor_want_int(&r, COSE_KID);
	kid = cbor_read_bytes(&r, 8);
	cbor_want_int(&r, COSE_TYP);
	cbor_want_int(&r, COSE_TYP_CWT);
	cbor_leave(&r);
	if (cbor_end(&r, "compact credential, header") != ERR_OK ||
	    kid.len != 8)
		return VIEW(NULL, 0);
	return kid;
}

/* Labels of claim 169, each with a text or an integer. */
static struct view
get_identity(struct cbor_reader *r)
{
	const uint8_t *start = r->rest.at;
	uint64_t n = cbor_enter_map(r);

	for (uint64_t i = 0; i < n && r->why == NULL; i++) {
		cbor_read_uint(r);
		if (cbor_peek(r) == CBOR_TEXT)
			cbor_read_text(r, CWT_QR_TOKEN);
		else
			cbor_read_int(r);
	}
	cbor_leave(r);
	return VIEW(start, (size_t)(r->rest.at - start));
}

static void
get_status(struct cbor_reader *r, struct cwt_qr *c)
{
	cbor_want_int(r, CWT_STATUS);
	cbor_want_map(r, 1);
	cbor_want_text(r, "status_list");
	cbor_want_map(r, 2);
	cbor_want_text(r, "idx");
	c->status_index = cbor_read_uint(r);
	cbor_want_text(r, "uri");
	c->status_uri = cbor_read_text(r, URI);
	cbor_leave(r);
	cbor_leave(r);
}

static enum err
get_claims(struct view v, struct cwt_qr *c)
{
	struct cbor_reader r = cbor_reader_of(v);
	uint64_t members = cbor_enter_map(&r);

	if (members != 6 && members != 7)
		cbor_fail(&r, "not a compact credential of ours");
	cbor_want_int(&r, CWT_ISS);
	c->issuer = cbor_read_text(&r, NAME);
	cbor_want_int(&r, CWT_EXP);
	c->expires_at = cbor_read_int(&r);
	cbor_want_int(&r, CWT_NBF);
	c->valid_from = cbor_read_int(&r);
	cbor_want_int(&r, CWT_IAT);
	c->issued_at = cbor_read_int(&r);
	cbor_want_int(&r, CWT_CTI);
	if (cbor_read_bytes(&r, 8).len != 8)
		cbor_fail(&r, "an identifier that is not of 8 bytes");
	cbor_want_int(&r, CWT_IDENTITY);
	c->identity = get_identity(&r);
	if (members == 7)
		get_status(&r, c);
	cbor_leave(&r);
	if (c->issued_at < 0 || c->valid_from < c->issued_at ||
	    c->expires_at <= c->valid_from)
		cbor_fail(&r, "a validity that is empty");
	return cbor_end(&r, "compact credential, claims");
}

enum err
cwt_qr_get(const struct cose_sign1 *s, struct cwt_qr *out_cwt)
{
	struct cwt_qr c = { .kid = get_protected(s->protected) };

	if (c.kid.len == 0)
		return err_because(ERR_SYNTAX, "compact credential: the "
		    "protected header is not that of one");
	TRY(get_claims(s->payload, &c));
	*out_cwt = c;
	return ERR_OK;
}

enum err
cwt_qr_unpack(struct view text, struct bytes *out)
{
	AUTO_DONE(bytes) packed = { 0 };
	uint8_t token[CWT_QR_TOKEN];
	uLongf n = sizeof(token);

	if (text.len > 2 * CWT_QR_TOKEN)
		return err_because(ERR_TOO_LARGE, "compact credential: %zu "
		    "characters, at most %d", text.len, 2 * CWT_QR_TOKEN);
	TRY(base45_get(text, &packed));
	if (uncompress(token, &n, packed.at, packed.len) != Z_OK)
		return err_because(ERR_SYNTAX, "compact credential: not the "
		    "zlib form of at most %d bytes (RFC 1950)", CWT_QR_TOKEN);
	bytes_put(out, VIEW(token, n));
	return bytes_check(out);
}

/* ---- as a draft */

static enum err
check(struct view tbs)
{
	struct cose_sign1 s = { 0 };
	struct cwt_qr c;

	/* the reader's words, but here it is a shape that we do not sign */
	if (cose_get_tbs(tbs, &s) != ERR_OK || cwt_qr_get(&s, &c) != ERR_OK)
		return ERR_SCHEMA;
	return ERR_OK;
}

/*
 * With the usual window, for readers know zlib by its first byte, and with
 * little memory beside it: tokens are short.
 */
static enum err
pack(struct view token, struct bytes *out)
{
	uint8_t in[CWT_QR_TOKEN], packed[CWT_QR_TOKEN + 64];
	z_stream z = { .next_in = in, .avail_in = (uInt)token.len,
	    .next_out = packed, .avail_out = sizeof(packed) };
	bool done;

	if (token.len > sizeof(in))
		return err_because(ERR_TOO_LARGE, "a token of %zu bytes",
		    token.len);
	memcpy(in, token.at, token.len);
	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS, 1,
	    Z_DEFAULT_STRATEGY) != Z_OK)
		return err_because(ERR_MEMORY, "zlib");
	done = deflate(&z, Z_FINISH) == Z_STREAM_END;
	deflateEnd(&z);
	if (!done)
		return err_because(ERR_INTERNAL, "zlib made it longer");
	base45_put(out, VIEW(packed, sizeof(packed) - z.avail_out));
	return bytes_check(out);
}

static enum err
document(const struct signed_draft *d, struct bytes *out)
{
	AUTO_DONE(bytes) token = { 0 };
	struct cose_sign1 s = { 0 };

	TRY(cose_get_tbs(draft_tbs(d->draft), &s));
	cbor_put_tag(&token, TAG_CWT);
	cose_put_sign1(&token, &s, VIEW(d->signatures, P256_SIGNATURE_SIZE));
	TRY(bytes_check(&token));
	return pack(bytes_view(&token), out);
}

const struct format format_cwt_qr = {
	.kind = DRAFT_CWT_QR,
	.use = KEY_USE_DOCUMENT,
	.name = "cwt-qr",
	.check = check,
	.document = document,
};
