/*
 * OpenDID credentials as drafts: the form that a keyholder signs and no
 * other, the parts of it that are signed by themselves, and the finished
 * text. What check() gets comes from another process and is hostile.
 * Next: draft.c.
 */
#include <string.h>

#include "credential/format.h"
#include "credential/json_scan.h"
#include "credential/opendid.h"

/* ---- taking apart */

static struct view
scan_claim(struct json_scan *s)
{
	const uint8_t *start = s->rest.at;

	scan_want(s, "{\"caption\":");
	scan_string(s);
	scan_want(s, ",\"code\":");
	scan_string(s);
	scan_want(s, ",\"format\":\"plain\",\"hideValue\":false,"
	    "\"location\":\"inline\",\"type\":\"text\",\"value\":");
	scan_string(s);
	scan_want(s, "}");
	return VIEW(start, (size_t)(s->rest.at - start));
}

static void
scan_claims(struct json_scan *s, struct opendid *o)
{
	do {
		if (o->count == OPENDID_CLAIMS) {
			s->failed = true;
			return;
		}
		o->claims[o->count++] = scan_claim(s);
	} while (scan_try(s, ","));
}

/* name, then a string that may say anything */
static void
scan_member(struct json_scan *s, const char *name)
{
	scan_want(s, name);
	scan_string(s);
}

static void
scan_before(struct json_scan *s)
{
	scan_want(s, "{\"@context\":[\"https://www.w3.org/ns/credentials/v2"
	    "\"],");
	scan_member(s, "\"credentialSchema\":{\"id\":");
	scan_want(s, ",\"type\":\"OsdSchemaCredential\"},"
	    "\"credentialSubject\":{\"claims\":[");
}

static void
scan_evidence(struct json_scan *s)
{
	scan_member(s, ",\"evidence\":[{\"documentPresence\":");
	scan_member(s, ",\"evidenceDocument\":");
	scan_member(s, ",\"subjectPresence\":");
	scan_member(s, ",\"type\":\"DocumentVerification\",\"verifier\":");
	scan_want(s, "}]");
}

static void
scan_after(struct json_scan *s, struct view text, struct opendid *o)
{
	scan_member(s, "],\"id\":");
	scan_want(s, "},\"encoding\":\"UTF-8\"");
	scan_evidence(s);
	scan_member(s, ",\"formatVersion\":\"1.0\",\"id\":");
	scan_member(s, ",\"issuanceDate\":");
	scan_member(s, ",\"issuer\":{\"id\":");
	scan_member(s, ",\"name\":");
	scan_member(s, "},\"language\":");
	scan_member(s, ",\"proof\":{\"created\":");
	scan_want(s, ",\"proofPurpose\":\"assertionMethod\",");
	o->proof_values = (size_t)(s->rest.at - text.at);
	scan_member(s, "\"type\":\"Secp256r1Signature2018\","
	    "\"verificationMethod\":");
	scan_member(s, "},\"type\":[\"VerifiableCredential\"],"
	    "\"validFrom\":");
	scan_member(s, ",\"validUntil\":");
	scan_want(s, "}");
}

enum err
opendid_get(struct view text, struct opendid *out_opendid)
{
	struct json_scan s = { .rest = text };
	struct opendid o = { .count = 0 };

	scan_before(&s);
	o.before = VIEW(text.at, (size_t)(s.rest.at - text.at));
	scan_claims(&s, &o);
	o.after = s.rest;
	scan_after(&s, text, &o);
	if (s.failed || s.rest.len != 0)
		return err_because(ERR_SCHEMA, "opendid-vc: not a credential "
		    "of ours in canonical form, at byte %zu of %zu",
		    text.len - s.rest.len, text.len);
	*out_opendid = o;
	return ERR_OK;
}

static enum err
check(struct view tbs)
{
	struct opendid o;

	return opendid_get(tbs, &o);
}

static enum err
check_tail(struct view tail)
{
	AUTO(EVP_PKEY) key = NULL;

	if (p256_public(tail, &key) != ERR_OK)
		return err_because(ERR_SCHEMA, "draft: wanted the signer's "
		    "P-256 key beside an opendid-vc");
	return ERR_OK;
}

/* The whole with one claim instead of all. */
static enum err
split(struct view tbs, struct draft *d)
{
	struct opendid o;

	TRY(opendid_get(tbs, &o));
	for (size_t i = 0; i < o.count; i++) {
		AUTO_DONE(bytes) part = { 0 };

		bytes_put(&part, o.before);
		bytes_put(&part, o.claims[i]);
		bytes_put(&part, o.after);
		TRY(draft_add_part(d, &part));
	}
	return ERR_OK;
}

/* ---- the finished text */

/* Multibase "m", without padding, with its quotes. */
static enum err
put_proof(const struct signed_draft *s, size_t i, struct bytes *out)
{
	struct hash digest = sha256(draft_part(s->draft, i));
	const uint8_t *signature = s->signatures + i * P256_SIGNATURE_SIZE;
	uint8_t proof[OPENDID_PROOF];
	AUTO_DONE(bytes) text = { 0 };

	TRY(p256_recovery_id(s->tail.at, &digest, signature, &proof[0]));
	proof[0] = (uint8_t)(proof[0] + OPENDID_PROOF_FIRST);
	memcpy(proof + 1, signature, P256_SIGNATURE_SIZE);
	base64_put(&text, VIEW_OF(proof));
	TRY(bytes_check(&text));
	bytes_put_text(out, "\"m");
	bytes_put(out, VIEW(text.at, text.len - 1));	/* one "=" */
	bytes_put_u8(out, '"');
	return ERR_OK;
}

static enum err
document(const struct signed_draft *s, struct bytes *out)
{
	struct view tbs = draft_tbs(s->draft);
	struct opendid o;

	TRY(opendid_get(tbs, &o));
	bytes_put(out, VIEW(tbs.at, o.proof_values));
	bytes_put_text(out, "\"proofValue\":");
	TRY(put_proof(s, 0, out));
	bytes_put_text(out, ",\"proofValueList\":[");
	for (size_t i = 1; i < draft_parts(s->draft); i++) {
		if (i > 1)
			bytes_put_u8(out, ',');
		TRY(put_proof(s, i, out));
	}
	bytes_put_text(out, "],");
	bytes_put(out, VIEW(tbs.at + o.proof_values,
	    tbs.len - o.proof_values));
	return bytes_check(out);
}

const struct format format_opendid = {
	.kind = DRAFT_OPENDID,
	.use = KEY_USE_DOCUMENT,
	.name = "opendid-vc",
	.check = check,
	.check_tail = check_tail,
	.split = split,
	.document = document,
};
