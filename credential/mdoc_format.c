/*
 * mdocs as drafts: the MobileSecurityObject that a keyholder signs and no
 * other COSE message, and the finished IssuerSigned. What check() gets comes
 * from another process and is hostile. Next: draft.c.
 */
#include <string.h>

#include "credential/cbor.h"
#include "credential/cose.h"
#include "credential/format.h"
#include "credential/mdoc.h"

#define NAME 200	/* bytes of a doctype or namespace */
#define URI 256		/* of a status list */
#define CERTIFICATE 8192
#define ITEM ((size_t)1 << 18)	/* a portrait is the longest */

/* ---- the MSO */

/* Tag 0 and exactly this form: the fraction is what others got wrong. */
static int64_t
get_instant(struct cbor_reader *r)
{
	char text[INSTANT_TEXT];
	int64_t t = 0;
	struct view v;

	if (cbor_read_tag(r) != 0)
		cbor_fail(r, "a time that is no tdate");
	v = cbor_read_text(r, INSTANT_TEXT);
	if (r->why == NULL && (instant_get(v, &t) != ERR_OK ||
	    !view_is(v, instant_text(t, text))))
		cbor_fail(r, "a tdate with a fraction, offset or mistake");
	return t;
}

static void
get_status(struct cbor_reader *r, struct mdoc *m)
{
	cbor_want_text(r, "status");
	cbor_want_map(r, 1);
	cbor_want_text(r, "status_list");
	cbor_want_map(r, 2);
	cbor_want_text(r, "idx");
	m->status_index = cbor_read_uint(r);
	cbor_want_text(r, "uri");
	m->status_uri = cbor_read_text(r, URI);
	cbor_leave(r);
	cbor_leave(r);
}

static void
get_validity(struct cbor_reader *r, struct mdoc *m)
{
	cbor_want_text(r, "validityInfo");
	cbor_want_map(r, 3);
	cbor_want_text(r, "signed");
	m->issued = get_instant(r);
	cbor_want_text(r, "validFrom");
	m->from = get_instant(r);
	cbor_want_text(r, "validUntil");
	m->until = get_instant(r);
	if (m->from < m->issued || m->until <= m->from)
		cbor_fail(r, "a validity that is empty or before its "
		    "signing");
	cbor_leave(r);
}

static void
get_digests(struct cbor_reader *r, struct mdoc *m)
{
	const uint8_t *start;
	uint64_t namespaces;

	cbor_want_text(r, "valueDigests");
	start = r->rest.at;
	namespaces = cbor_enter_map(r);
	for (uint64_t i = 0; i < namespaces; i++) {
		uint64_t n;

		cbor_read_text(r, NAME);
		n = cbor_enter_map(r);
		for (uint64_t k = 0; k < n && r->why == NULL; k++) {
			cbor_read_uint(r);
			if (cbor_read_bytes(r, SHA256_SIZE).len !=
			    SHA256_SIZE)
				cbor_fail(r, "a digest that is not SHA-256");
		}
		cbor_leave(r);
	}
	cbor_leave(r);
	m->digests = VIEW(start, (size_t)(r->rest.at - start));
}

static void
get_device_key(struct cbor_reader *r, struct mdoc *m)
{
	cbor_want_text(r, "deviceKeyInfo");
	cbor_want_map(r, 1);
	cbor_want_text(r, "deviceKey");
	cbor_want_map(r, 4);
	cbor_want_int(r, 1);
	cbor_want_int(r, 2);
	cbor_want_int(r, -1);
	cbor_want_int(r, 1);
	cbor_want_int(r, -2);
	m->x = cbor_read_bytes(r, 32);
	cbor_want_int(r, -3);
	m->y = cbor_read_bytes(r, 32);
	if (m->x.len != 32 || m->y.len != 32)
		cbor_fail(r, "a device key that is not of P-256");
	cbor_leave(r);
	cbor_leave(r);
}

static enum err
get_mso(struct view mso, struct mdoc *out_mdoc)
{
	struct cbor_reader r = cbor_reader_of(mso);
	struct mdoc m = { 0 };
	uint64_t members = cbor_enter_map(&r);

	if (members != 6 && members != 7)
		cbor_fail(&r, "not a MobileSecurityObject of ours");
	if (members == 7)
		get_status(&r, &m);
	cbor_want_text(&r, "docType");
	m.doctype = cbor_read_text(&r, NAME);
	cbor_want_text(&r, "version");
	cbor_want_text(&r, "1.0");
	get_validity(&r, &m);
	get_digests(&r, &m);
	get_device_key(&r, &m);
	cbor_want_text(&r, "digestAlgorithm");
	cbor_want_text(&r, "SHA-256");
	cbor_leave(&r);
	TRY(cbor_end(&r, "MSO (ISO/IEC 18013-5 9.1.2.4)"));
	*out_mdoc = m;
	return ERR_OK;
}

enum err
mdoc_get_payload(struct view payload, struct mdoc *out_mdoc)
{
	struct cbor_reader r = cbor_reader_of(payload);
	struct view mso = cbor_read_encoded(&r, COSE_PART);

	TRY(cbor_end(&r, "MobileSecurityObjectBytes"));
	return get_mso(mso, out_mdoc);
}

static enum err
check(struct view tbs)
{
	static const uint8_t protected[] = { 0xa1, 0x01, 0x26 };
	struct cose_sign1 s = { 0 };
	struct mdoc m;

	/* the reader's words, but here it is a shape that we do not sign */
	if (cose_get_tbs(tbs, &s) != ERR_OK ||
	    mdoc_get_payload(s.payload, &m) != ERR_OK)
		return ERR_SCHEMA;
	if (!view_equal(s.protected, VIEW_OF(protected)))
		return err_because(ERR_SCHEMA, "draft: wanted ES256 alone in "
		    "the protected header of an mdoc");
	return ERR_OK;
}

/* ---- what stands beside it */

static void
get_namespaces(struct cbor_reader *r)
{
	uint64_t namespaces = cbor_enter_map(r);

	for (uint64_t i = 0; i < namespaces; i++) {
		uint64_t n;

		cbor_read_text(r, NAME);
		n = cbor_enter_array(r);
		for (uint64_t k = 0; k < n && r->why == NULL; k++)
			cbor_read_encoded(r, ITEM);
		cbor_leave(r);
	}
	cbor_leave(r);
}

struct tail {
	struct view	certificate, namespaces;
};

static enum err
get_tail(struct view v, struct tail *out)
{
	struct cbor_reader r = cbor_reader_of(v);
	const uint8_t *start;

	cbor_want_array(&r, 2);
	out->certificate = cbor_read_bytes(&r, CERTIFICATE);
	start = r.rest.at;
	get_namespaces(&r);
	out->namespaces = VIEW(start, (size_t)(r.rest.at - start));
	cbor_leave(&r);
	return cbor_end(&r, "draft of an mdoc, tail");
}

static enum err
check_tail(struct view v)
{
	struct tail tail;

	return get_tail(v, &tail) == ERR_OK ? ERR_OK : ERR_SCHEMA;
}

static enum err
document(const struct signed_draft *d, struct bytes *out)
{
	AUTO_DONE(bytes) b = { 0 };
	struct cose_sign1 s = { 0 };
	struct tail tail;

	TRY(cose_get_tbs(draft_tbs(d->draft), &s));
	TRY(get_tail(d->tail, &tail));
	cbor_put_map(&b, 2);
	cbor_put_text(&b, view_text("issuerAuth"));
	cbor_put_array(&b, 4);
	cbor_put_bytes(&b, s.protected);
	cbor_put_map(&b, 1);
	cbor_put_int(&b, COSE_X5CHAIN);
	cbor_put_bytes(&b, tail.certificate);
	cbor_put_bytes(&b, s.payload);
	cbor_put_bytes(&b, VIEW(d->signatures, P256_SIGNATURE_SIZE));
	cbor_put_text(&b, view_text("nameSpaces"));
	bytes_put(&b, tail.namespaces);
	TRY(bytes_check(&b));
	base64url_put(out, bytes_view(&b));
	return bytes_check(out);
}

const struct format format_mdoc = {
	.kind = DRAFT_MDOC,
	.use = KEY_USE_DOCUMENT,
	.name = "mso_mdoc",
	.check = check,
	.check_tail = check_tail,
	.document = document,
};
