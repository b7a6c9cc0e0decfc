/*
 * OpenDID credentials, read back: the proof values are taken out of the text,
 * and what is left must be what was signed, to the byte. Next: inspect.c.
 */
#include <string.h>

#include "credential/inspect_format.h"
#include "credential/json_scan.h"
#include "credential/opendid.h"

/* "m" and base64 without padding: 31 + recovery id, r, s */
static void
scan_proof(struct json_scan *s, struct inspected *i)
{
	struct view v = scan_string(s);
	AUTO_DONE(bytes) base64 = { 0 };
	AUTO_DONE(bytes) proof = { 0 };

	if (s->failed || v.len < 4 || v.at[1] != 'm' ||
	    i->parts == DRAFT_PARTS) {
		s->failed = true;
		return;
	}
	bytes_put(&base64, VIEW(v.at + 2, v.len - 3));
	bytes_put_u8(&base64, '=');
	if (base64_get(bytes_view(&base64), &proof) != ERR_OK ||
	    proof.len != OPENDID_PROOF ||
	    proof.at[0] < OPENDID_PROOF_FIRST ||
	    proof.at[0] > OPENDID_PROOF_FIRST + 3) {
		s->failed = true;
		return;
	}
	i->recovery[i->parts] = (uint8_t)(proof.at[0] -
	    OPENDID_PROOF_FIRST);
	memcpy(i->signature[i->parts++], proof.at + 1, P256_SIGNATURE_SIZE);
}

/* Puts the text without its proof values into the first part. */
static enum err
take_proofs(struct view text, struct inspected *i)
{
	static const char mark[] = "\"proofPurpose\":\"assertionMethod\",";
	const uint8_t *at = memmem(text.at, text.len, mark, strlen(mark));
	struct json_scan s = { .failed = at == NULL };
	size_t before = 0;

	if (at != NULL) {
		before = (size_t)(at - text.at) + strlen(mark);
		s.rest = VIEW(text.at + before, text.len - before);
	}
	scan_want(&s, "\"proofValue\":");
	scan_proof(&s, i);
	scan_want(&s, ",\"proofValueList\":[");
	do
		scan_proof(&s, i);
	while (scan_try(&s, ","));
	scan_want(&s, "],");
	if (s.failed)
		return err_because(ERR_SYNTAX, "opendid-vc: no proof values "
		    "behind proofPurpose, or not of their form");
	bytes_put(&i->part[0], VIEW(text.at, before));
	bytes_put(&i->part[0], s.rest);
	return bytes_check(&i->part[0]);
}

static enum err
make_parts(struct inspected *i)
{
	struct opendid o;

	TRY(opendid_get(bytes_view(&i->part[0]), &o));
	if (o.count != i->parts - 1)
		return err_because(ERR_SCHEMA, "opendid-vc: %zu proof values "
		    "for %zu claims", i->parts - 1, o.count);
	for (size_t k = 0; k < o.count; k++) {
		bytes_put(&i->part[k + 1], o.before);
		bytes_put(&i->part[k + 1], o.claims[k]);
		bytes_put(&i->part[k + 1], o.after);
	}
	return ERR_OK;
}

enum err
inspect_opendid(struct view text, struct inspected *i)
{
	TRY(take_proofs(text, i));
	TRY(make_parts(i));
	TRY(inspect_json(text, &i->content));
	TRY(inspect_instant(i->content, "validFrom", &i->from));
	return inspect_instant(i->content, "validUntil", &i->until);
}
