/*
 * mdocs, compact credentials and QR tokens, read back. Next: inspect.c.
 */
#include <string.h>

#include "credential/base45.h"
#include "credential/cbor.h"
#include "credential/cose.h"
#include "credential/cwt_qr.h"
#include "credential/inspect_format.h"
#include "credential/mdoc.h"

#define TEXT 65536
#define ITEM ((size_t)1 << 18)

/* ---- any item as JSON */

static json_t *item(struct cbor_reader *r);

/* A picture in hex would say nothing to a reader. */
static json_t *
bytes_item(struct cbor_reader *r)
{
	struct view v = cbor_read_bytes(r, ITEM);
	AUTO_DONE(bytes) text = { 0 };

	if (v.len > 2 && v.at[0] == 0xff && v.at[1] == 0xd8)
		bytes_printf(&text, "JPEG, %zu bytes", v.len);
	else
		hex_put(&text, v);
	return json_string(bytes_text(&text));
}

static json_t *
array_item(struct cbor_reader *r)
{
	uint64_t n = cbor_enter_array(r);
	json_t *array = json_array();

	for (uint64_t i = 0; i < n && r->why == NULL; i++)
		json_array_append_new(array, item(r));
	cbor_leave(r);
	return array;
}

static void
put_key(struct cbor_reader *r, struct bytes *name)
{
	if (cbor_peek(r) == CBOR_TEXT)
		bytes_put(name, cbor_read_text(r, TEXT));
	else
		bytes_printf(name, "%lld", (long long)cbor_read_int(r));
}

static json_t *
map_item(struct cbor_reader *r)
{
	uint64_t n = cbor_enter_map(r);
	json_t *object = json_object();

	for (uint64_t i = 0; i < n && r->why == NULL; i++) {
		AUTO_DONE(bytes) name = { 0 };

		put_key(r, &name);
		json_object_set_new(object, bytes_text(&name), item(r));
	}
	cbor_leave(r);
	return object;
}

static json_t *
item(struct cbor_reader *r)
{
	switch (cbor_peek(r)) {
	case CBOR_UINT:
	case CBOR_NEGATIVE:
		return json_integer(cbor_read_int(r));
	case CBOR_BYTES:
		return bytes_item(r);
	case CBOR_TEXT:
		return inspect_text(cbor_read_text(r, TEXT));
	case CBOR_ARRAY:
		return array_item(r);
	case CBOR_MAP:
		return map_item(r);
	case CBOR_TAG:
		cbor_read_tag(r);
		return item(r);
	case CBOR_SIMPLE:
		return json_boolean(cbor_read_bool(r));
	case CBOR_END:
		break;
	}
	cbor_fail(r, "it ends early");
	return json_null();
}

static enum err
read_item(struct view v, const char *what, json_t **out)
{
	struct cbor_reader r = cbor_reader_of(v);
	AUTO(json_t) j = item(&r);

	TRY(cbor_end(&r, what));
	*out = STEAL(j);
	return ERR_OK;
}

/* ---- mdoc */

/* Whether valueDigests has this digest under this id of the namespace. */
static bool
is_listed(const struct mdoc *m, struct view namespace, uint64_t id,
    const struct hash *digest)
{
	struct cbor_reader r = cbor_reader_of(m->digests);
	uint64_t namespaces = cbor_enter_map(&r);
	bool found = false;

	for (uint64_t i = 0; i < namespaces && r.why == NULL; i++) {
		bool here = view_equal(cbor_read_text(&r, TEXT), namespace);
		uint64_t n = cbor_enter_map(&r);

		for (uint64_t k = 0; k < n && r.why == NULL; k++) {
			bool same = cbor_read_uint(&r) == id;
			struct view v = cbor_read_bytes(&r, SHA256_SIZE);

			found |= here && same &&
			    view_equal(v, VIEW_OF(digest->at));
		}
		cbor_leave(&r);
	}
	return found;
}

static enum err
read_signed_item(struct view encoded, uint64_t *out_id, json_t *into)
{
	struct cbor_reader r = cbor_reader_of(encoded);
	AUTO(json_t) value = NULL;
	AUTO_DONE(bytes) name = { 0 };

	cbor_want_map(&r, 4);
	cbor_want_text(&r, "random");
	if (cbor_read_bytes(&r, 64).len < 16)
		cbor_fail(&r, "a salt of less than 16 bytes");
	cbor_want_text(&r, "digestID");
	*out_id = cbor_read_uint(&r);
	cbor_want_text(&r, "elementValue");
	value = item(&r);
	cbor_want_text(&r, "elementIdentifier");
	bytes_put(&name, cbor_read_text(&r, TEXT));
	cbor_leave(&r);
	TRY(cbor_end(&r, "IssuerSignedItem (ISO/IEC 18013-5 8.3.2.1.2.2)"));
	if (json_object_get(into, bytes_text(&name)) != NULL)
		return err_because(ERR_SCHEMA, "an element twice");
	return json_object_set(into, bytes_text(&name), value) == 0 ?
	    ERR_OK : err_because(ERR_MEMORY, "an element");
}

static enum err
read_namespace(struct cbor_reader *r, const struct mdoc *m, json_t *content)
{
	struct view namespace = cbor_read_text(r, TEXT);
	uint64_t n = cbor_enter_array(r);
	AUTO(json_t) elements = json_object();
	AUTO_DONE(bytes) name = { 0 };

	for (uint64_t k = 0; k < n && r->why == NULL; k++) {
		const uint8_t *start = r->rest.at;
		struct view encoded = cbor_read_encoded(r, ITEM);
		struct hash digest = sha256(VIEW(start,
		    (size_t)(r->rest.at - start)));
		uint64_t id;

		if (r->why != NULL)
			break;
		TRY(read_signed_item(encoded, &id, elements));
		if (!is_listed(m, namespace, id, &digest))
			return err_because(ERR_MISMATCH, "an element that "
			    "its digest is not of (ISO/IEC 18013-5 9.3.1)");
	}
	cbor_leave(r);
	bytes_put(&name, namespace);
	return json_object_set(content, bytes_text(&name), elements) == 0 ?
	    ERR_OK : err_because(ERR_MEMORY, "a namespace");
}

static enum err
read_namespaces(struct cbor_reader *r, const struct mdoc *m, json_t *content)
{
	uint64_t n = cbor_enter_map(r);

	for (uint64_t i = 0; i < n && r->why == NULL; i++)
		TRY(read_namespace(r, m, content));
	cbor_leave(r);
	return ERR_OK;
}

static enum err
describe_mdoc(const struct mdoc *m, struct inspected *i)
{
	AUTO_DONE(bytes) x = { 0 };
	AUTO_DONE(bytes) y = { 0 };

	base64url_put(&x, m->x);
	base64url_put(&y, m->y);
	i->from = m->from;
	i->until = m->until;
	i->content = json_pack("{s:o, s:o, s:o, s:o, s:{s:s, s:s, s:s, s:s}}",
	    "docType", inspect_text(m->doctype),
	    "signed", inspect_time(m->issued),
	    "validFrom", inspect_time(m->from),
	    "validUntil", inspect_time(m->until),
	    "deviceKey", "kty", "EC", "crv", "P-256",
	    "x", bytes_text(&x), "y", bytes_text(&y));
	if (m->status_uri.len != 0)
		json_object_set_new(i->content, "status", json_pack(
		    "{s:{s:I, s:o}}", "status_list", "idx",
		    (json_int_t)m->status_index, "uri",
		    inspect_text(m->status_uri)));
	return i->content != NULL ? ERR_OK :
	    err_because(ERR_MEMORY, "an mdoc");
}

static enum err
read_issuer_auth(struct cbor_reader *r, struct inspected *i,
    struct mdoc *out_mdoc)
{
	struct cose_sign1 s;
	struct view certificate, signature;

	cbor_want_array(r, 4);
	s.protected = cbor_read_bytes(r, COSE_PART);
	cbor_want_map(r, 1);
	cbor_want_int(r, COSE_X5CHAIN);
	certificate = cbor_read_bytes(r, COSE_PART);
	cbor_leave(r);
	s.payload = cbor_read_bytes(r, COSE_PART);
	signature = cbor_read_bytes(r, P256_SIGNATURE_SIZE);
	cbor_leave(r);
	if (r->why != NULL || signature.len != P256_SIGNATURE_SIZE)
		return err_because(ERR_SYNTAX, "issuerAuth: %s "
		    "(ISO/IEC 18013-5 9.1.2.4)", r->why != NULL ? r->why :
		    "a signature that is not of 64 bytes");
	memcpy(i->signature[0], signature.at, signature.len);
	cose_put_tbs(&i->part[0], &s);
	i->parts = 1;
	TRY(inspect_certificate(certificate, &i->signer));
	return mdoc_get_payload(s.payload, out_mdoc);
}

enum err
inspect_mdoc(struct view text, struct inspected *i)
{
	AUTO_DONE(bytes) b = { 0 };
	struct cbor_reader r;
	struct mdoc m;
	json_t *namespaces;

	TRY(base64url_get(text, &b));
	r = cbor_reader_of(bytes_view(&b));
	cbor_want_map(&r, 2);
	cbor_want_text(&r, "issuerAuth");
	TRY(read_issuer_auth(&r, i, &m));
	TRY(describe_mdoc(&m, i));
	namespaces = json_object();
	json_object_set_new(i->content, "nameSpaces", namespaces);
	cbor_want_text(&r, "nameSpaces");
	TRY(read_namespaces(&r, &m, namespaces));
	cbor_leave(&r);
	return cbor_end(&r, "IssuerSigned (ISO/IEC 18013-5 8.3.2.1.2.2)");
}

/* ---- tokens that name their signer by a few bytes */

static enum err
read_token(struct view token, struct inspected *i, struct cose_sign1 *out)
{
	struct cbor_reader r;

	TRY(cose_get_sign1(token, out, i->signature[0]));
	cose_put_tbs(&i->part[0], out);
	i->parts = 1;
	r = cbor_reader_of(out->protected);
	cbor_want_map(&r, 3);
	cbor_want_int(&r, COSE_ALG);
	cbor_read_int(&r);
	cbor_want_int(&r, COSE_KID);
	bytes_put(&i->kid, cbor_read_bytes(&r, 8));
	return read_item(out->payload, "a token's claims", &i->content);
}

enum err
inspect_cwt_qr(struct view text, struct inspected *i)
{
	AUTO_DONE(bytes) b = { 0 };
	struct cose_sign1 s = { 0 };
	struct cwt_qr c;

	TRY(cwt_qr_unpack(text, &b));
	if (b.len < 2 || b.at[0] != 0xd8 || b.at[1] != 61)
		return err_because(ERR_SYNTAX, "compact credential: not "
		    "tagged as a CWT (RFC 8392 6)");
	TRY(read_token(VIEW(b.at + 2, b.len - 2), i, &s));
	TRY(cwt_qr_get(&s, &c));
	i->from = c.valid_from;
	i->until = c.expires_at;
	return ERR_OK;
}

/* format_qr_token.check() judges its claims. */
enum err
inspect_qr_token(struct view text, struct inspected *i)
{
	AUTO_DONE(bytes) b = { 0 };
	struct cose_sign1 s = { 0 };

	TRY(base45_get(VIEW(text.at + 6, text.len - 6), &b));
	TRY(read_token(bytes_view(&b), i, &s));
	i->from = json_integer_value(json_object_get(i->content, "6"));
	i->until = json_integer_value(json_object_get(i->content, "4"));
	return ERR_OK;
}
