/*
 * The step that issues a revocation list, and its plan for the verifier. What
 * is revoked are certificates of the script, by their own serial numbers.
 */
#include <stdio.h>

#include "base/time.h"
#include "ceremony/steps.h"

enum err
step_crl_plan(const struct script *s, const struct script_crl *l,
    int64_t day, X509 *const certificates[SCRIPT_CERTIFICATES],
    struct step_crl *out)
{
	int64_t from = l->this_update != 0 ? l->this_update : day;

	for (size_t i = 0; i < l->revoked.count; i++) {
		const struct script_revoked *r = &l->revoked.at[i];
		int at = script_certificate_index(s, r->certificate.name);

		if (certificates[at] == NULL)
			return err_because(ERR_NOT_FOUND, "the certificate %s "
			    "to be revoked is not there", r->certificate.name);
		out->revoked[i] = (struct crl_revoked){
			.certificate = certificates[at],
			.reason = r->reason,
			.on = r->on,
		};
	}
	out->plan = (struct crl_plan){
		.number = l->number,
		.this_update = from,
		.next_update = from + l->days * DAY,
		.count = l->revoked.count,
		.revoked = out->revoked,
	};
	return ERR_OK;
}

static enum err
record_crl(struct ceremony *c, const struct script_crl *l, X509_CRL *crl)
{
	AUTO_DONE(payload) fields = { 0 };
	AUTO_DONE(bytes) der = { 0 };
	struct hash h;

	TRY(crl_der(crl, &der));
	h = sha256(bytes_view(&der));
	payload_put(&fields, "name", l->name);
	payload_put_int(&fields, "number", l->number);
	payload_put_int(&fields, "revoked", (int64_t)l->revoked.count);
	payload_put_hex(&fields, "sha256", VIEW_OF(h.at));
	return ceremony_record(c, RECORD_CRL, &fields);
}

enum err
step_issue_crl(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	const struct script *script = c->script;
	const struct script_crl *l =
	    &script->crls.at[script_crl_index(script, s->crl.name)];
	int by = script_certificate_index(script, l->issuer.name);
	struct certificate_signer signer;
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(X509_CRL) crl = NULL;
	AUTO(key) key = NULL;
	struct step_crl planned;
	char path[64];

	TRY(step_crl_plan(script, l, c->day, c->certificates, &planned));
	TRY(ceremony_signer(c, by, &key, &signer));
	TRY(crl_issue(&planned.plan, c->certificates[by], &signer, &crl));
	TRY(record_crl(c, l, crl));
	TRY(crl_pem(crl, &pem));
	snprintf(path, sizeof(path), "ca/%s.crl", l->name);
	TRY(ceremony_write(c, path, bytes_view(&pem)));
	payload_put(result, "file", path);
	return ERR_OK;
}
