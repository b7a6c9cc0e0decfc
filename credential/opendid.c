/*
 * OpenDID credentials, as in opendid.txt: members are written in their
 * canonical order. What is stated comes from statement.c.
 * Next: opendid_format.c.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "credential/format.h"
#include "credential/opendid.h"
#include "credential/statement.h"

static void
put_value(struct json *j, const struct statement *s)
{
	AUTO_DONE(bytes) number = { 0 };

	switch (s->value.kind) {
	case VALUE_INTEGER:
		bytes_printf(&number, "%" PRId64, s->value.integer);
		json_text(j, "value", bytes_view(&number));
		return;
	case VALUE_BOOLEAN:
		json_c_text(j, "value", s->value.integer != 0 ? "true" :
		    "false");
		return;
	default:
		json_text(j, "value", s->value.text);
	}
}

static enum err
put_claim(struct json *j, const struct opendid_spec *spec,
    const struct statement *s)
{
	AUTO_DONE(bytes) code = { 0 };

	bytes_put_text(&code, spec->namespace);
	bytes_put_u8(&code, '.');
	bytes_put_text(&code, s->name);
	TRY(bytes_check(&code));
	json_record(j, NULL);
	json_c_text(j, "caption", s->spec->caption != NULL ?
	    s->spec->caption : s->name);
	json_text(j, "code", bytes_view(&code));
	json_c_text(j, "format", "plain");
	json_bool(j, "hideValue", false);
	json_c_text(j, "location", "inline");
	json_c_text(j, "type", "text");
	put_value(j, s);
	json_close(j);
	return ERR_OK;
}

static enum err
put_subject(struct json *j, const struct credential_order *o)
{
	const struct opendid_spec *spec = &order_programme(o)->opendid;
	struct statements s;

	TRY(statements_gather(o, FORMAT_OPENDID, &s));
	json_record(j, "credentialSubject");
	json_items(j, "claims");
	for (size_t i = 0; i < s.count; i++)
		if (s.at[i].spec != NULL)
			TRY(put_claim(j, spec, &s.at[i]));
	json_close(j);
	TRY(statement_did(j, "id", order_point(o)));
	json_close(j);
	return ERR_OK;
}

static void
put_evidence(struct json *j, const struct credential_order *o)
{
	const struct opendid_spec *spec = &order_programme(o)->opendid;
	bool visit = request_asked(o->request)->evidence.kind ==
	    EVIDENCE_QR_TOKEN;

	json_items(j, "evidence");
	json_record(j, NULL);
	json_c_text(j, "documentPresence", visit ? "Physical" : "Digital");
	json_c_text(j, "evidenceDocument", spec->document);
	json_c_text(j, "subjectPresence", visit ? "Physical" : "Digital");
	json_c_text(j, "type", "DocumentVerification");
	json_c_text(j, "verifier", spec->verifier);
	json_close(j);
	json_close(j);
}

/* RFC 9562 5.4 */
static void
put_id(struct json *j, const struct credential_order *o)
{
	struct hash h = statement_random(o, "okse opendid id", 0);
	AUTO_DONE(bytes) uuid = { 0 };

	h.at[6] = (uint8_t)((h.at[6] & 0x0f) | 0x40);
	h.at[8] = (uint8_t)((h.at[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			bytes_put_u8(&uuid, '-');
		hex_put(&uuid, VIEW(h.at + i, 1));
	}
	json_text(j, "id", bytes_view(&uuid));
}

static void
put_pair(struct json *j, const char *name, const char *id,
    const char *second, const char *value)
{
	json_record(j, name);
	json_c_text(j, "id", id);
	json_c_text(j, second, value);
	json_close(j);
}

static void
put_list(struct json *j, const char *name, const char *only)
{
	json_items(j, name);
	json_c_text(j, NULL, only);
	json_close(j);
}

static void
put_proof(struct json *j, const char *created, const char *method)
{
	json_record(j, "proof");
	json_c_text(j, "created", created);
	json_c_text(j, "proofPurpose", "assertionMethod");
	json_c_text(j, "type", "Secp256r1Signature2018");
	json_c_text(j, "verificationMethod", method);
	json_close(j);
}

static enum err
put_credential(struct json *j, const struct credential_order *o)
{
	struct credential_times t = credential_times(o->grant, o->issuer);
	const struct opendid_spec *spec = &order_programme(o)->opendid;
	char issued[INSTANT_TEXT], text[INSTANT_TEXT];

	instant_text(t.issued, issued);
	json_record(j, NULL);
	put_list(j, "@context", "https://www.w3.org/ns/credentials/v2");
	put_pair(j, "credentialSchema", spec->schema, "type",
	    "OsdSchemaCredential");
	TRY(put_subject(j, o));
	json_c_text(j, "encoding", "UTF-8");
	put_evidence(j, o);
	json_c_text(j, "formatVersion", "1.0");
	put_id(j, o);
	json_c_text(j, "issuanceDate", issued);
	put_pair(j, "issuer", spec->issuer, "name", spec->issuer_name);
	json_c_text(j, "language", spec->language);
	put_proof(j, issued, spec->method);
	put_list(j, "type", "VerifiableCredential");
	json_c_text(j, "validFrom", instant_text(t.from, text));
	json_c_text(j, "validUntil", instant_text(t.until, text));
	json_close(j);
	return json_end(j);
}

enum err
opendid_draft(const struct credential_order *o, struct draft **out_draft)
{
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(bytes) tail = { 0 };
	struct json j = json_start(&tbs);

	if (order_programme(o)->opendid.issuer == NULL)
		return err_because(ERR_UNSUPPORTED,
		    "the programme has no opendid-vc");
	TRY(put_credential(&j, o));
	bytes_put(&tail, issuer_point(o->issuer));
	return draft_new(DRAFT_OPENDID, issuer_name(o->issuer), &tbs, &tail,
	    out_draft);
}
