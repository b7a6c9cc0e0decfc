/*
 * The members of a request (design: HTTP API), in the order a person would
 * write them. What the values mean is the policy's business; here they get
 * their types and their bounds. Next: request_encode() in policy/request.h.
 */
#include "signer/gate/body_request.h"

#include <string.h>

#include "credential/attestation.h"
#include "credential/proof.h"

/* What the readers below share. */
struct reading {
	enum operation	 op;
	enum body_mode	 mode;
	struct body	*b;
	struct asked	*a;	/* the body's */
};

static enum need
needed_to_issue(const struct reading *r)
{
	return r->mode == BODY_ISSUE ? NEEDED : OPTIONAL;
}

/* A buffer that lives as long as the body. */
static struct bytes *
storage(struct body *b)
{
	return &b->storage[b->storage_used++];
}

static enum err
get_purpose(struct object *o, struct asked *a)
{
	struct view name = { 0 };

	TRY(object_text(o, "purpose", NEEDED, ASKED_TEXT, &name));
	if (purpose_of(name, &a->purpose) != ERR_OK)
		return object_fault(o, "purpose", ERR_SCHEMA, "wanted "
		    "first-issue, reissue or refresh");
	return ERR_OK;
}

static enum err
get_action(struct object *o, struct asked *a)
{
	struct view name = { 0 };

	TRY(object_text(o, "action", NEEDED, ASKED_TEXT, &name));
	if (action_of(name, &a->action) != ERR_OK)
		return object_fault(o, "action", ERR_SCHEMA, "wanted "
		    "suspend, reinstate or revoke");
	return ERR_OK;
}

static enum err
get_card(struct object *holder, struct asked *a)
{
	struct object o;

	TRY(object_child(holder, "card", OPTIONAL, &o));
	if (o.json == NULL)
		return ERR_OK;
	a->holder.has_card = true;
	TRY(object_text(&o, "status", NEEDED, ASKED_TEXT,
	    &a->holder.card_status));
	a->holder.has_card_date = object_has(&o, "issued_on");
	TRY(object_date(&o, "issued_on", OPTIONAL,
	    &a->holder.card_issued_on));
	TRY(object_bool(&o, "ic_chip", OPTIONAL, &a->holder.ic_chip));
	return object_end(&o);
}

static enum err
get_holder(struct object *top, struct asked *a)
{
	struct object o;

	TRY(object_child(top, "holder", NEEDED, &o));
	TRY(object_text(&o, "number", NEEDED, ASKED_TEXT,
	    &a->holder.number));
	TRY(object_date(&o, "birth_date", NEEDED, &a->holder.birth_date));
	TRY(object_text(&o, "residence", OPTIONAL, ASKED_TEXT,
	    &a->holder.residence));
	TRY(get_card(&o, a));
	return object_end(&o);
}

static enum err
get_chip(struct object *o, const struct reading *r)
{
	struct bytes *certificate = storage(r->b);
	struct bytes *signature = storage(r->b);
	enum need need = needed_to_issue(r);

	TRY(object_base64(o, "certificate", need, ASKED_BLOB, certificate));
	TRY(object_text(o, "challenge", need, ASKED_TEXT,
	    &r->a->evidence.challenge));
	TRY(object_base64(o, "signature", need, ASKED_BLOB, signature));
	r->a->evidence.certificate = bytes_view(certificate);
	r->a->evidence.signature = bytes_view(signature);
	return ERR_OK;
}

/* A visit that asks for a QR token has none to show yet. */
static enum err
get_shown(struct object *o, const struct reading *r)
{
	if (r->op != OPERATION_CREDENTIAL)
		return ERR_OK;
	if (r->a->evidence.kind == EVIDENCE_IC_CARD)
		return get_chip(o, r);
	return object_text(o, "qr_token", needed_to_issue(r), ASKED_QR_TOKEN,
	    &r->a->evidence.qr_token);
}

/*
 * A refresh is of a device that is there: whether it needs evidence all the
 * same is for the policy to say (without-evidence).
 */
static enum err
get_evidence(struct object *top, const struct reading *r)
{
	enum need need = r->a->purpose == PURPOSE_REFRESH &&
	    r->op == OPERATION_CREDENTIAL ? OPTIONAL : needed_to_issue(r);
	struct object o;
	struct view kind = { 0 };

	TRY(object_child(top, "evidence", need, &o));
	if (o.json == NULL)
		return ERR_OK;
	TRY(object_text(&o, "kind", NEEDED, ASKED_TEXT, &kind));
	if (evidence_of(kind, &r->a->evidence.kind) != ERR_OK ||
	    r->a->evidence.kind == EVIDENCE_NONE)
		return object_fault(&o, "kind", ERR_SCHEMA,
		    "wanted qr-token or ic-card");
	TRY(object_text(&o, "centre", r->op == OPERATION_QR_TOKEN ?
	    needed_to_issue(r) : OPTIONAL, ASKED_TEXT,
	    &r->a->evidence.centre));
	TRY(get_shown(&o, r));
	return object_end(&o);
}

/* What is wrong with a proof is wrong with the request: never a 5xx of ours. */
static enum err
proof_fault(const struct object *element, enum err e)
{
	AUTO(text) why = mem_text(err_why());

	if (why == NULL || e == ERR_MEMORY || e == ERR_CRYPTO)
		return e;
	return object_fault(element, NULL, e == ERR_SIGNATURE ? e :
	    ERR_SCHEMA, why);
}

static enum err
get_proof(const struct object *list, size_t i, const struct reading *r)
{
	const struct object element = { .in = list, .index = i };
	struct device_proof *p = &r->a->proofs[i];
	struct view jwt = { 0 };
	enum err e;

	TRY(element_text(list, i, PROOF_MAX, &jwt));
	if (r->mode == BODY_CASE)
		return ERR_OK;
	if ((e = proof_check(jwt, storage(r->b), p)) != ERR_OK)
		return proof_fault(&element, e);
	if (p->nonce.len > ASKED_TEXT || p->audience.len > ASKED_TEXT)
		return object_fault(&element, NULL, ERR_RANGE, "nonce and aud "
		    "have at most 128 bytes");
	r->a->proof_count++;
	return ERR_OK;
}

/* A key is in one credential of each format: none may come twice. */
static enum err
check_keys(const struct object *proofs, const struct asked *a,
    const struct attestation *t)
{
	for (size_t i = 0; i < a->proof_count; i++) {
		const struct object element = { .in = proofs, .index = i };
		struct view key = VIEW_OF(a->proofs[i].point);

		if (t != NULL && !attestation_has(t, key.at))
			return object_fault(&element, NULL, ERR_SCHEMA, "its "
			    "key is not one of the attestation's");
		for (size_t j = 0; j < i; j++)
			if (view_equal(key, VIEW_OF(a->proofs[j].point)))
				return object_fault(&element, NULL,
				    ERR_SCHEMA, "the key of another proof");
	}
	return ERR_OK;
}

/* In place of proofs: a credential for each key it names. */
static void
use_attested_keys(struct asked *a, const struct attestation *t)
{
	for (size_t i = 0; i < t->key_count; i++) {
		struct device_proof *p = &a->proofs[a->proof_count++];

		memcpy(p->point, t->keys[i], sizeof(p->point));
		p->not_before = INT64_MIN;
		p->expires_at = INT64_MAX;
	}
}

static enum err
get_attestation(struct object *device, const struct object *proofs,
    const struct reading *r)
{
	static const struct attesters nobody;
	const struct object at =
	    { .in = device, .name = view_text("attestation") };
	struct asked_attestation *said = &r->a->attestation;
	AUTO(attestation) t = mem_new(1, sizeof(*t));
	struct view jwt = { 0 };
	enum err e;

	TRY(object_text(device, "attestation", OPTIONAL, ATTESTATION_MAX,
	    &jwt));
	if (jwt.len == 0 || r->mode == BODY_CASE)
		return check_keys(proofs, r->a, NULL);
	if (t == NULL)
		return err_because(ERR_MEMORY, "an attestation");
	e = attestation_check(jwt, r->b->attesters != NULL ?
	    r->b->attesters : &nobody, time_now(), storage(r->b), t);
	if (e != ERR_OK)
		return proof_fault(&at, e);
	*said = t->said;
	said->how = proofs->count != 0 ? ATTESTED_PROOFS : ATTESTED_ALONE;
	if (said->how == ATTESTED_PROOFS)
		return check_keys(proofs, r->a, t);
	if (said->nonce.len == 0)
		return object_fault(&at, NULL, ERR_SCHEMA, "without proofs it "
		    "needs a nonce (OpenID4VCI 1.0 F.3)");
	use_attested_keys(r->a, t);
	return ERR_OK;
}

static enum err
get_device(struct object *top, const struct reading *r)
{
	struct object o, proofs;
	/* whoever revokes a phone does not have it */
	enum need need = r->op == OPERATION_CREDENTIAL ? needed_to_issue(r) :
	    OPTIONAL;

	TRY(object_child(top, "device", need, &o));
	if (o.json == NULL)
		return ERR_OK;
	r->a->has_device = true;
	TRY(object_text(&o, "id", NEEDED, ASKED_TEXT, &r->a->device_id));
	if (r->op != OPERATION_CREDENTIAL)
		return object_end(&o);
	if (object_has(&o, "attestation"))
		need = OPTIONAL;
	TRY(object_list(&o, "proofs", need, ASKED_PROOFS, &proofs));
	for (size_t i = 0; i < proofs.count; i++)
		TRY(get_proof(&proofs, i, r));
	TRY(get_attestation(&o, &proofs, r));
	return object_end(&o);
}

static enum err
get_formats(struct object *top, const struct reading *r)
{
	struct asked *a = r->a;
	struct object list;

	TRY(object_list(top, "formats", needed_to_issue(r), ASKED_FORMATS,
	    &list));
	a->format_count = list.count;
	for (size_t i = 0; i < a->format_count; i++) {
		const struct object element = { .in = &list, .index = i };

		TRY(element_text(&list, i, ASKED_TEXT, &a->formats[i]));
		for (size_t j = 0; j < i; j++)
			if (view_equal(a->formats[i], a->formats[j]))
				return object_fault(&element, NULL, ERR_RANGE,
				    "each format only once");
	}
	return ERR_OK;
}

enum err
body_get_request(struct object *top, enum operation op, enum body_mode mode,
    struct body *b)
{
	const struct reading r =
	    { .op = op, .mode = mode, .b = b, .a = &b->asked };

	r.a->operation = op;
	r.a->dry_run = mode != BODY_ISSUE;
	TRY(object_text(top, "programme", NEEDED, ASKED_TEXT,
	    &r.a->programme));
	TRY(op == OPERATION_STATUS_CHANGE ? get_action(top, r.a) :
	    get_purpose(top, r.a));
	TRY(object_text(top, "reason", OPTIONAL, ASKED_TEXT, &r.a->reason));
	TRY(get_holder(top, r.a));
	if (op == OPERATION_STATUS_CHANGE)
		return get_device(top, &r);
	TRY(get_evidence(top, &r));
	if (op == OPERATION_QR_TOKEN)
		return object_bool(top, "pictures", OPTIONAL,
		    &r.a->pictures);
	TRY(get_device(top, &r));
	TRY(get_formats(top, &r));
	return object_map(top, "claims", needed_to_issue(&r), &r.a->claims);
}
