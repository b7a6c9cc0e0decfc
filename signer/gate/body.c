/*
 * Request bodies and cases, from text to struct. The texts are hostile (those
 * of cases are an operator's), parsed once. Next: the schema in
 * body_request.c.
 */
#include "signer/gate/body.h"

#include "policy/number.h"
#include "signer/admin.h"
#include "signer/gate/body_request.h"

void
body_done(struct body *b)
{
	value_done(&b->asked.claims);
	json_tree_done(&b->json);
	for (size_t i = 0; i < b->storage_used; i++)
		bytes_done(&b->storage[i]);
	*b = (struct body){ .attesters = b->attesters };
}

enum err
body_decode(struct view json, enum operation op, struct body *b)
{
	struct object top;

	TRY(object_load(json, &b->json, &top));
	TRY(body_get_request(&top, op, BODY_ISSUE, b));
	return object_end(&top);
}

void
body_batch_done(struct body_batch *batch)
{
	json_tree_done(&batch->json);
	*batch = (struct body_batch){ 0 };
}

enum err
body_decode_batch(struct view json, struct body_batch *batch)
{
	TRY(object_load(json, &batch->json, &batch->top));
	TRY(object_list(&batch->top, "requests", NEEDED, BODY_BATCH,
	    &batch->list));
	return object_end(&batch->top);
}

enum err
body_decode_member(const struct body_batch *batch, size_t i, struct body *b)
{
	struct object top;

	TRY(element_top(&batch->list, i, &top));
	TRY(body_get_request(&top, OPERATION_QR_TOKEN, BODY_ISSUE, b));
	if (b->asked.pictures)
		return object_fault(&top, "pictures", ERR_SCHEMA,
		    "not in a batch: draw them from the tokens");
	return object_end(&top);
}

static enum err
get_operation(struct object *top, enum operation *out)
{
	struct view name = { 0 };

	TRY(object_text(top, "operation", NEEDED, ASKED_TEXT, &name));
	if (operation_of(name, out) != ERR_OK)
		return object_fault(top, "operation", ERR_SCHEMA, "wanted "
		    "qr-token, credential or status-change");
	return ERR_OK;
}

enum err
body_decode_decision(struct view json, struct body *b)
{
	struct object top;
	enum operation op;

	TRY(object_load(json, &b->json, &top));
	TRY(get_operation(&top, &op));
	TRY(body_get_request(&top, op, BODY_DECISION, b));
	return object_end(&top);
}

/* ---- cases */

/* null is the value of what never happened. */
static enum err
get_maybe_instant(struct object *o, const char *name, int64_t *out)
{
	bool is_null = false;

	TRY(object_null(o, name, &is_null));
	if (!is_null)
		return object_instant(o, name, OPTIONAL, out);
	*out = TIME_NONE;
	return ERR_OK;
}

static enum err
get_resistance(struct object *o, const char *name, enum resistance *out)
{
	struct view text = { 0 };

	TRY(object_text(o, name, OPTIONAL, ASKED_TEXT, &text));
	if (text.len != 0 && resistance_of(text, out) != ERR_OK)
		return object_fault(o, name, ERR_SCHEMA,
		    "no such resistance to attack");
	return ERR_OK;
}

static enum err
get_states(struct object *o, struct facts *f, struct asked_attestation *t)
{
	struct view evidence = { 0 }, proof = { 0 };

	TRY(object_text(o, "evidence", OPTIONAL, ASKED_TEXT, &evidence));
	if (evidence.len != 0 &&
	    evidence_state_of(evidence, &f->evidence) != ERR_OK)
		return object_fault(o, "evidence", ERR_SCHEMA,
		    "no such state of evidence");
	TRY(get_resistance(o, "key_storage", &t->key_storage));
	TRY(get_resistance(o, "user_authentication",
	    &t->user_authentication));
	t->how = ATTESTED_PROOFS;
	TRY(object_text(o, "device_proof", OPTIONAL, ASKED_TEXT, &proof));
	if (proof.len != 0 &&
	    proof_state_of(proof, &f->device_proof) != ERR_OK)
		return object_fault(o, "device_proof", ERR_SCHEMA,
		    "no such state of a device proof");
	return ERR_OK;
}

static enum err
get_device_state(struct object *o, struct facts *f)
{
	struct view state = { 0 };

	TRY(object_text(o, "device_state", OPTIONAL, ASKED_TEXT, &state));
	if (state.len != 0 && device_state_of(state, &f->device_state) !=
	    ERR_OK)
		return object_fault(o, "device_state", ERR_SCHEMA,
		    "no such state of a device");
	return ERR_OK;
}

static enum err
get_facts(struct object *top, struct body *b)
{
	struct facts *f = &b->facts;
	struct object o;

	TRY(object_child(top, "facts", OPTIONAL, &o));
	TRY(object_text(&o, "caller", OPTIONAL, ASKED_TEXT,
	    &b->asked.caller));
	TRY(object_count(&o, "active_devices", OPTIONAL,
	    &f->active_devices));
	TRY(object_bool(&o, "this_device_active", OPTIONAL,
	    &f->this_device_active));
	TRY(get_device_state(&o, f));
	TRY(object_bool(&o, "other_device", OPTIONAL, &f->other_device));
	TRY(get_maybe_instant(&o, "last_issued_at", &f->last_issued_at));
	TRY(get_maybe_instant(&o, "administrative_expiry",
	    &f->administrative_expiry));
	TRY(get_states(&o, f, &b->asked.attestation));
	TRY(object_instant(&o, "evidence_issued_at", OPTIONAL,
	    &f->evidence_issued_at));
	TRY(object_instant(&o, "signer_not_before", OPTIONAL,
	    &f->signer_not_before));
	TRY(object_instant(&o, "signer_not_after", OPTIONAL,
	    &f->signer_not_after));
	TRY(object_count(&o, "quota_used", OPTIONAL, &f->quota_used));
	return object_end(&o);
}

enum err
body_decode_case(struct view json, struct body *b)
{
	struct object top;
	enum operation op;
	int64_t now = 0;

	TRY(object_load(json, &b->json, &top));
	TRY(get_operation(&top, &op));
	TRY(object_instant(&top, "now", NEEDED, &now));
	b->facts = facts_neutral(now);
	b->asked.caller = view_text("upstream");
	TRY(get_facts(&top, b));
	TRY(body_get_request(&top, op, BODY_CASE, b));
	return object_end(&top);
}

/* ---- small ones */

enum err
body_decode_share(struct view json, struct body *b, struct view *out_share)
{
	struct object top;

	TRY(object_load(json, &b->json, &top));
	TRY(object_text(&top, "share", NEEDED, ADMIN_SHARE_MAX, out_share));
	return object_end(&top);
}

enum err
body_decode_act(struct view json, struct body *b, struct view *out_act)
{
	struct object top;

	TRY(object_load(json, &b->json, &top));
	TRY(object_text(&top, "act", NEEDED, ADMIN_SHARE_MAX, out_act));
	return object_end(&top);
}

enum err
body_decode_policy(struct view json, struct body *b, uint64_t *out_serial,
    bool *out_shadow)
{
	struct object top;
	int64_t serial = 0;
	bool shadow = false;

	TRY(object_load(json, &b->json, &top));
	TRY(object_count(&top, "serial", NEEDED, &serial));
	TRY(object_bool(&top, "shadow", OPTIONAL, &shadow));
	TRY(object_end(&top));
	*out_serial = (uint64_t)serial;
	*out_shadow = shadow;
	return ERR_OK;
}

enum err
body_decode_repair(struct view json, struct body *b, uint64_t *out_first,
    uint64_t *out_last)
{
	struct object top;
	int64_t first = 0, last = 0;

	TRY(object_load(json, &b->json, &top));
	TRY(object_count(&top, "first_missing", NEEDED, &first));
	TRY(object_count(&top, "last_missing", NEEDED, &last));
	TRY(object_end(&top));
	*out_first = (uint64_t)first;
	*out_last = (uint64_t)last;
	return ERR_OK;
}

enum err
body_decode_orphans(struct view json, struct body *b, struct bytes *out)
{
	struct object top, list;
	struct view reason = { 0 };

	TRY(object_load(json, &b->json, &top));
	TRY(object_text(&top, "reason", NEEDED, 64, &reason));
	TRY(object_list(&top, "indexes", NEEDED, BODY_ORPHANS, &list));
	TRY(object_end(&top));
	bytes_put_block(out, reason);
	for (size_t i = 0; i < list.count; i++) {
		int64_t index;

		TRY(element_count(&list, i, &index));
		bytes_put_u64(out, (uint64_t)index);
	}
	return bytes_check(out);
}

enum err
body_decode_device(struct view json, struct body *b, struct bytes *out)
{
	struct object top, holder;
	struct view programme = { 0 }, number = { 0 };
	bool entry;
	int64_t index = 0;

	TRY(object_load(json, &b->json, &top));
	entry = object_has(&top, "entry");
	if (entry) {
		TRY(object_count(&top, "entry", NEEDED, &index));
	} else {
		TRY(object_text(&top, "programme", NEEDED, ASKED_TEXT,
		    &programme));
		TRY(object_child(&top, "holder", NEEDED, &holder));
		TRY(object_text(&holder, "number", NEEDED, ASKED_TEXT,
		    &number));
		if (!number_is(number))
			return object_fault(&holder, "number", ERR_SYNTAX,
			    "wanted 13 digits and nothing else");
		TRY(object_end(&holder));
	}
	TRY(object_end(&top));
	bytes_put_block(out, programme);
	bytes_put_block(out, number);
	bytes_put_u64(out, (uint64_t)index);
	return bytes_check(out);
}

enum err
body_decode_empty(struct view json, struct body *b)
{
	struct object top;

	if (json.len == 0)
		return ERR_OK;
	TRY(object_load(json, &b->json, &top));
	return object_end(&top);
}
