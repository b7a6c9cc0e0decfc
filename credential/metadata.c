/*
 * The issuer's metadata out of the policy. All of it is ours; nothing of a
 * request is in it. Next: signer/notary/announced.c, which has it signed.
 */
#include "credential/metadata.h"

#include <string.h>

#include "credential/format.h"
#include "credential/jws.h"

#define PAYLOAD_MAX ((size_t)80 << 10)	/* in base64url fits a message */
#define FIRST "\"credential_issuer\":"

/* ---- names */

static void
put_display(struct json *j, const struct displays *d, const char *korean)
{
	if (d->count == 0 && korean == NULL)
		return;
	json_items(j, "display");
	for (size_t i = 0; i < d->count; i++) {
		json_record(j, NULL);
		json_c_text(j, "name", d->at[i].name);
		json_c_text(j, "locale", d->at[i].locale);
		json_close(j);
	}
	if (d->count == 0) {
		json_record(j, NULL);
		json_c_text(j, "name", korean);
		json_c_text(j, "locale", "ko");
		json_close(j);
	}
	json_close(j);
}

static void
put_path(struct json *j, const struct programme *p,
    const struct claim_spec *c, enum credential_format f)
{
	bool mdoc = f == FORMAT_MDOC;

	json_items(j, "path");
	if (mdoc)
		json_c_text(j, NULL, c->namespace != NULL ? c->namespace :
		    p->mdoc.namespace);
	if (f == FORMAT_VC_JWT)
		json_c_text(j, NULL, "credentialSubject");
	json_c_text(j, NULL, mdoc && c->element != NULL ? c->element :
	    c->name);
	json_close(j);
}

static void
put_claims(struct json *j, const struct programme *p,
    enum credential_format f)
{
	json_items(j, "claims");
	for (size_t i = 0; i < p->claim_count; i++) {
		const struct claim_spec *c = &p->claims[i];

		if ((c->formats & FORMAT_BIT(f)) == 0 ||
		    (f == FORMAT_SD_JWT && c->disclosure == DISCLOSE_NEVER))
			continue;
		json_record(j, NULL);
		put_path(j, p, c, f);
		json_bool(j, "mandatory", c->required ||
		    (c->required_for & FORMAT_BIT(f)) != 0);
		put_display(j, &c->display, c->caption);
		json_close(j);
	}
	json_close(j);
}

/* ---- what a configuration needs */

static void
put_levels(struct json *j, const char *name, enum resistance least)
{
	if (least == RESISTANCE_NONE)
		return;
	json_items(j, name);
	for (int r = (int)least; r <= RESISTANCE_HIGH; r++)
		json_c_text(j, NULL, resistance_name((enum resistance)r));
	json_close(j);
}

static void
put_proof_type(struct json *j, const struct programme *p, const char *name)
{
	json_record(j, name);
	json_items(j, "proof_signing_alg_values_supported");
	json_c_text(j, NULL, "ES256");
	json_close(j);
	if (p->key_storage != RESISTANCE_NONE) {
		json_record(j, "key_attestations_required");
		put_levels(j, "key_storage", p->key_storage);
		put_levels(j, "user_authentication", p->user_authentication);
		json_close(j);
	}
	json_close(j);
}

static void
put_type(struct json *j, const struct programme *p, enum credential_format f)
{
	if (f == FORMAT_SD_JWT)
		json_c_text(j, "vct", p->vct);
	if (f == FORMAT_MDOC)
		json_c_text(j, "doctype", p->mdoc.doctype);
	if (f != FORMAT_VC_JWT)
		return;
	json_record(j, "credential_definition");
	json_items(j, "type");
	json_c_text(j, NULL, "VerifiableCredential");
	json_c_text(j, NULL, p->vc.type);
	json_close(j);
	json_close(j);
}

static void
put_algorithms(struct json *j, enum credential_format f)
{
	json_items(j, "cryptographic_binding_methods_supported");
	json_c_text(j, NULL, f == FORMAT_MDOC ? "cose_key" : "jwk");
	json_close(j);
	json_items(j, "credential_signing_alg_values_supported");
	if (f == FORMAT_MDOC)
		json_int(j, NULL, -7);
	else
		json_c_text(j, NULL, "ES256");
	json_close(j);
}

static enum err
put_configuration(struct json *j, const struct metadata *m,
    const struct programme *p, const char *format)
{
	enum credential_format f;
	char name[160];

	TRY(format_of(view_text(format), &f));
	snprintf(name, sizeof(name), "%s:%s", p->id, format);
	json_record(j, name);
	json_c_text(j, "format", format);
	put_type(j, p, f);
	put_algorithms(j, f);
	json_record(j, "proof_types_supported");
	put_proof_type(j, p, "jwt");
	if (m->attested)
		put_proof_type(j, p, "attestation");
	json_close(j);
	json_record(j, "credential_metadata");
	put_display(j, &p->display, NULL);
	put_claims(j, p, f);
	json_close(j);
	json_close(j);
	return ERR_OK;
}

static enum err
put_payload(const struct metadata *m, struct bytes *out)
{
	struct json j = json_start(out);
	const struct programme *p;

	json_record(&j, NULL);
	json_c_text(&j, "sub", m->issuer);
	json_int(&j, "iat", m->issued_at);
	json_int(&j, "exp", m->expires_at);
	json_c_text(&j, "credential_issuer", m->issuer);
	json_c_text(&j, "credential_endpoint", m->endpoint);
	json_record(&j, "batch_credential_issuance");
	json_int(&j, "batch_size", ASKED_PROOFS);
	json_close(&j);
	json_record(&j, "credential_configurations_supported");
	for (size_t i = 0; (p = policy_programme_at(m->policy, i)) != NULL;
	    i++)
		for (size_t k = 0; p->formats[k] != NULL; k++)
			TRY(put_configuration(&j, m, p, p->formats[k]));
	json_close(&j);
	json_close(&j);
	return json_end(&j);
}

enum err
metadata_draft(const struct metadata *m, const struct issuer *i,
    struct draft **out_draft)
{
	AUTO_DONE(bytes) payload = { 0 };
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(bytes) none = { 0 };

	TRY(issuer_covers(i, m->issued_at, m->expires_at));
	TRY(put_payload(m, &payload));
	if (payload.len > PAYLOAD_MAX)
		return err_because(ERR_TOO_LARGE, "metadata of %zu bytes, at "
		    "most %zu are published", payload.len, PAYLOAD_MAX);
	TRY(issuer_put_header(i, METADATA_TYPE, NULL, &tbs));
	bytes_put_u8(&tbs, '.');
	base64url_put(&tbs, bytes_view(&payload));
	return draft_new(DRAFT_METADATA, issuer_name(i), &tbs, &none,
	    out_draft);
}

/* ---- as a draft, and as a document */

/* {"alg":"ES256","typ":"openidvci-issuer-metadata+jwt" and {"sub":"https:/ */
static enum err
check(struct view tbs)
{
	return jws_check(tbs, &(struct jws_form){
		.name = METADATA_TYPE " (OpenID4VCI 1.0 12.2.3)",
		.header = "eyJhbGciOiJFUzI1NiIsInR5cCI6Im9wZW5pZHZjaS1pc3N1"
		    "ZXItbWV0YWRhdGErand0",
		.payload = "eyJzdWIiOiJodHRwczov",
	});
}

const struct format format_metadata = {
	.kind = DRAFT_METADATA,
	.use = KEY_USE_METADATA,
	.name = METADATA_TYPE,
	.check = check,
	.document = jws_document,
};

enum err
metadata_plain(struct view jwt, struct bytes *out)
{
	AUTO_DONE(bytes) payload = { 0 };
	struct view rest = jwt;
	const char *first;

	(void)jws_cut(&rest, '.');
	TRY(base64url_get(jws_cut(&rest, '.'), &payload));
	bytes_put_u8(&payload, '\0');
	TRY(bytes_check(&payload));
	first = strstr((const char *)payload.at, FIRST);
	if (first == NULL || payload.at[payload.len - 2] != '}')
		return err_because(ERR_SYNTAX, "metadata without its issuer");
	bytes_put_u8(out, '{');
	bytes_put_text(out, first);
	out->len--;
	bytes_put_text(out, ",\"signed_metadata\":\"");
	bytes_put(out, jwt);
	bytes_put_text(out, "\"}");
	return bytes_check(out);
}
