/*
 * COSE_Sign1 messages, written and strictly read. What is read may be hostile.
 * Used by the formats.
 */
#include "credential/cose.h"

#include <string.h>

#include "credential/cbor.h"

#define TAG_SIGN1 18
#define CONTEXT "Signature1"

void
cose_put_tbs(struct bytes *b, const struct cose_sign1 *s)
{
	cbor_put_array(b, 4);
	cbor_put_text(b, view_text(CONTEXT));
	cbor_put_bytes(b, s->protected);
	cbor_put_bytes(b, VIEW(NULL, 0));
	cbor_put_bytes(b, s->payload);
}

enum err
cose_get_tbs(struct view tbs, struct cose_sign1 *out_sign1)
{
	struct cbor_reader r = cbor_reader_of(tbs);
	struct cose_sign1 s;

	cbor_want_array(&r, 4);
	if (!view_is(cbor_read_text(&r, strlen(CONTEXT)), CONTEXT))
		cbor_fail(&r, "not a Sig_structure of one signer");
	s.protected = cbor_read_bytes(&r, COSE_PART);
	cbor_read_bytes(&r, 0);
	s.payload = cbor_read_bytes(&r, COSE_PAYLOAD);
	cbor_leave(&r);
	TRY(cbor_end(&r, "Sig_structure (RFC 9052 4.4)"));
	*out_sign1 = s;
	return ERR_OK;
}

void
cose_put_alg(struct bytes *protected)
{
	cbor_put_map(protected, 1);
	cbor_put_int(protected, COSE_ALG);
	cbor_put_int(protected, COSE_ES256);
}

void
cose_put_sign1(struct bytes *b, const struct cose_sign1 *s,
    struct view signature)
{
	cbor_put_tag(b, TAG_SIGN1);
	cbor_put_array(b, 4);
	cbor_put_bytes(b, s->protected);
	cbor_put_map(b, 0);
	cbor_put_bytes(b, s->payload);
	cbor_put_bytes(b, signature);
}

enum err
cose_get_sign1(struct view message, struct cose_sign1 *out_sign1,
    uint8_t out_signature[P256_SIGNATURE_SIZE])
{
	struct cbor_reader r = cbor_reader_of(message);
	struct cose_sign1 s;
	struct view signature;

	if (cbor_read_tag(&r) != TAG_SIGN1)
		cbor_fail(&r, "not a COSE_Sign1");
	cbor_want_array(&r, 4);
	s.protected = cbor_read_bytes(&r, COSE_PART);
	cbor_want_map(&r, 0);
	cbor_leave(&r);
	s.payload = cbor_read_bytes(&r, COSE_PAYLOAD);
	signature = cbor_read_bytes(&r, P256_SIGNATURE_SIZE);
	if (signature.len != P256_SIGNATURE_SIZE)
		cbor_fail(&r, "a signature that is not of 64 bytes");
	cbor_leave(&r);
	TRY(cbor_end(&r, "COSE_Sign1 (RFC 9052 4.2)"));
	memcpy(out_signature, signature.at, signature.len);
	*out_sign1 = s;
	return ERR_OK;
}
