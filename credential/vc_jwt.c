/*
 * W3C credentials secured with JOSE, as in vc_jwt.txt. What is stated comes
 * from statement.c. Next: draft.c.
 */
#include <string.h>

#include "base/json.h"
#include "credential/format.h"
#include "credential/jws.h"
#include "credential/statement.h"

#define CONTEXT "https://www.w3.org/ns/credentials/v2"

/* Names with a meaning of their own in a subject (JSON-LD 1.1 9.1). */
static enum err
put_subject(struct json *j, const struct credential_order *o,
    const struct statements *s)
{
	json_record(j, "credentialSubject");
	TRY(statement_did(j, "id", order_point(o)));
	for (size_t i = 0; i < s->count; i++) {
		const char *name = s->at[i].name;

		if (name[0] == '@' || strcmp(name, "id") == 0 ||
		    strcmp(name, "type") == 0)
			return err_because(ERR_INTERNAL, "claim %s: the name "
			    "has a meaning of its own in a credential", name);
		TRY(statement_json(j, name, &s->at[i]));
	}
	json_close(j);
	return ERR_OK;
}

static void
put_list(struct json *j, const char *name, const char *first,
    const char *second)
{
	json_items(j, name);
	json_c_text(j, NULL, first);
	json_c_text(j, NULL, second);
	json_close(j);
}

static enum err
put_credential(struct json *j, const struct credential_order *o,
    const struct statements *s)
{
	struct credential_times t = credential_times(o->grant, o->issuer);
	const struct vc_spec *spec = &order_programme(o)->vc;
	char text[INSTANT_TEXT];

	json_record(j, NULL);
	put_list(j, "@context", CONTEXT, spec->context);	/* first */
	put_list(j, "type", "VerifiableCredential", spec->type);
	json_c_text(j, "issuer", issuer_uri(o->issuer));
	json_c_text(j, "validFrom", instant_text(t.from, text));
	json_c_text(j, "validUntil", instant_text(t.until, text));
	TRY(put_subject(j, o, s));
	json_int(j, "iat", t.issued);
	json_int(j, "nbf", t.from);
	json_int(j, "exp", t.until);
	json_record(j, "cnf");
	statement_jwk(j, "jwk", order_point(o));
	json_close(j);
	statement_status(j, o->status);
	json_close(j);
	return json_end(j);
}

enum err
vc_jwt_draft(const struct credential_order *o, struct draft **out_draft)
{
	AUTO_DONE(bytes) payload = { 0 };
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(bytes) none = { 0 };
	struct json j = json_start(&payload);
	struct statements s;

	if (order_programme(o)->vc.type == NULL)
		return err_because(ERR_UNSUPPORTED,
		    "the programme has no vc+jwt");
	TRY(statements_gather(o, FORMAT_VC_JWT, &s));
	TRY(put_credential(&j, o, &s));
	bytes_put(&tbs, issuer_vc_jwt_header(o->issuer));
	bytes_put_u8(&tbs, '.');
	base64url_put(&tbs, bytes_view(&payload));
	return draft_new(DRAFT_VC_JWT, issuer_name(o->issuer), &tbs, &none,
	    out_draft);
}

/* ---- as a draft */

/* {"alg":"ES256","typ":"vc+jwt","cty":"vc","x5c":[ and {"@context":["… */
static enum err
check(struct view tbs)
{
	return jws_check(tbs, &(struct jws_form){
		.name = "vc+jwt (VC-JOSE-COSE 3.1.1)",
		.header = "eyJhbGciOiJFUzI1NiIsInR5cCI6InZjK2p3dCIsImN0eSI6"
		    "InZjIiwieDVjIjpb",
		.payload = "eyJAY29udGV4dCI6WyJodHRwczovL3d3dy53My5vcmcvbnMv"
		    "Y3JlZGVudGlhbHMvdjIi",
	});
}

const struct format format_vc_jwt = {
	.kind = DRAFT_VC_JWT,
	.use = KEY_USE_DOCUMENT,
	.name = "vc+jwt",
	.check = check,
	.document = jws_document,
};
