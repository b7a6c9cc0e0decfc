/*
 * The cases of a suite, by tables like those of the rules and with the names
 * that requests have in JSON. Written by the policy's author, read as
 * strictly as the rules. Next: suite.c, which runs them.
 */
#include "policy/suite_case.h"

#include "policy/yaml_tree.h"

static const struct yaml_type boolean_type = { .shape = YAML_BOOLEAN };
static const struct yaml_type date_type = { .shape = YAML_DATE };
static const struct yaml_type instant_type = { .shape = YAML_INSTANT };
static const struct yaml_type part_type = { .shape = YAML_PART };
static const struct yaml_type count_type =
    { .shape = YAML_INTEGER, .min = 0, .max = INT64_MAX };
static const struct yaml_type text_type =
    { .shape = YAML_VIEW, .max = ASKED_TEXT };

/* ---- the request, member by member where struct asked has it */

#define MEMBER(key, member, type)                                             \
	YAML_FIELD(key, struct scenario, member, type, .optional = true)
#define GROUP(name, table)                                                    \
	{ .key = (name), .type = &YAML_STRUCT(struct scenario, table),        \
	    .optional = true }

static const struct yaml_field card_fields[] = {
	MEMBER("held", asked.holder.has_card, &boolean_type),
	MEMBER("status", asked.holder.card_status, &text_type),
	MEMBER("issued_on", asked.holder.card_issued_on, &date_type),
	MEMBER("ic_chip", asked.holder.ic_chip, &boolean_type),
	{ 0 },
};

static const struct yaml_field holder_fields[] = {
	MEMBER("number", asked.holder.number, &text_type),
	MEMBER("birth_date", asked.holder.birth_date, &date_type),
	MEMBER("residence", asked.holder.residence, &text_type),
	GROUP("card", card_fields),
	{ 0 },
};

static const struct yaml_field evidence_fields[] = {
	MEMBER("kind", asked.evidence.kind, &YAML_ONE_OF(evidence_choices)),
	MEMBER("centre", asked.evidence.centre, &text_type),
	{ 0 },
};

static const struct yaml_field device_fields[] = {
	MEMBER("id", asked.device_id, &text_type),
	{ 0 },
};

static const struct yaml_field request_fields[] = {
	MEMBER("operation", asked.operation, &YAML_ONE_OF(operation_choices)),
	MEMBER("programme", asked.programme, &text_type),
	MEMBER("purpose", asked.purpose, &YAML_ONE_OF(purpose_choices)),
	MEMBER("action", asked.action, &YAML_ONE_OF(action_choices)),
	MEMBER("reason", asked.reason, &text_type),
	GROUP("holder", holder_fields),
	GROUP("evidence", evidence_fields),
	GROUP("device", device_fields),
	MEMBER("formats", formats,
	    &YAML_LIST_OF(1, ASKED_FORMATS, &text_type)),
	MEMBER("claims", claims, &part_type),
	{ 0 },
};

/* ---- the facts */

static const struct yaml_field facts_fields[] = {
	MEMBER("caller", asked.caller, &text_type),
	MEMBER("active_devices", facts.active_devices, &count_type),
	MEMBER("this_device_active", facts.this_device_active, &boolean_type),
	MEMBER("device_state", facts.device_state,
	    &YAML_ONE_OF(device_state_choices)),
	MEMBER("other_device", facts.other_device, &boolean_type),
	MEMBER("last_issued_at", facts.last_issued_at, &instant_type),
	MEMBER("administrative_expiry", facts.administrative_expiry,
	    &instant_type),
	MEMBER("evidence", facts.evidence,
	    &YAML_ONE_OF(evidence_state_choices)),
	MEMBER("evidence_issued_at", facts.evidence_issued_at, &instant_type),
	MEMBER("device_proof", facts.device_proof,
	    &YAML_ONE_OF(proof_state_choices)),
	MEMBER("key_storage", asked.attestation.key_storage,
	    &YAML_ONE_OF(resistance_choices)),
	MEMBER("user_authentication", asked.attestation.user_authentication,
	    &YAML_ONE_OF(resistance_choices)),
	MEMBER("signer_not_before", facts.signer_not_before, &instant_type),
	MEMBER("signer_not_after", facts.signer_not_after, &instant_type),
	MEMBER("quota_used", facts.quota_used, &count_type),
	{ 0 },
};

/* ---- the case */

static const struct yaml_field given_fields[] = {
	MEMBER("now", now, &instant_type),
	GROUP("request", request_fields),
	MEMBER("facts", known, &part_type),
	{ 0 },
};

static const struct yaml_choice outcomes[] = {
	{ "allow", SUITE_ALLOW }, { "deny", SUITE_DENY }, { 0 },
};

static const struct yaml_type rules_type = YAML_LIST_OF(1, POLICY_RULES + 1,
    &YAML_TYPE(.shape = YAML_REFERENCE));

static const struct yaml_field grant_fields[] = {
	MEMBER("valid_from", grant.valid_from, &instant_type),
	MEMBER("administrative_expiry", grant.administrative_expiry,
	    &instant_type),
	MEMBER("technical_expiry", grant.technical_expiry, &instant_type),
	{ 0 },
};

static const struct yaml_field case_fields[] = {
	MEMBER("now", now, &instant_type),
	GROUP("request", request_fields),
	MEMBER("facts", known, &part_type),
	YAML_FIELD("outcome", struct scenario, outcome,
	    &YAML_ONE_OF(outcomes)),
	MEMBER("fails", fails, &rules_type),
	MEMBER("monitored", monitored, &rules_type),
	GROUP("grant", grant_fields),
	MEMBER("fees", fees, &YAML_MAP_OF(0, POLICY_FEES, struct suite_fee,
	    name, won, &count_type)),
	{ 0 },
};

static const struct yaml_field suite_fields[] = {
	YAML_FIELD("given", struct suite, given, &part_type,
	    .optional = true),
	YAML_FIELD("cases", struct suite, cases, &YAML_MAP_OF(1, SUITE_CASES,
	    struct suite_case, name, body, &part_type)),
	{ 0 },
};

enum err
suite_bind(struct yaml_doc *doc, struct suite **out_suite)
{
	struct suite *s = yaml_doc_new(doc, 1, sizeof(*s));

	if (s == NULL)
		return err_because(ERR_MEMORY, "no memory for a suite");
	s->doc = doc;
	TRY(yaml_bind(doc, &YAML_STRUCT(struct suite, suite_fields), s));
	*out_suite = s;
	return ERR_OK;
}

/* ---- claims: what is not quoted and reads as no text is none */

static enum err read_claim(struct yaml_doc *doc, const struct node *n,
    struct value *out);

static enum err
read_members(struct yaml_doc *doc, const struct node *n, struct value *out)
{
	struct member *m = yaml_doc_new(doc, n->count, sizeof(*m));

	if (m == NULL)
		return err_because(ERR_MEMORY, "no memory for claims");
	*out = (struct value){ .kind = n->kind == NODE_MAP ? VALUE_MAP :
	    VALUE_LIST, .members = m, .count = n->count };
	for (const struct node *c = n->first; c != NULL; c = c->next, m++) {
		if (c->key != NULL)
			m->name = view_text(c->key->text);
		TRY(read_claim(doc, c, &m->value));
	}
	return ERR_OK;
}

static enum err
read_claim(struct yaml_doc *doc, const struct node *n, struct value *out)
{
	static const struct yaml_type integer = { .shape = YAML_INTEGER };
	static const struct yaml_type text =
	    { .shape = YAML_VIEW, .max = YAML_SCALAR };
	bool flag;

	if (n->kind != NODE_SCALAR)
		return read_members(doc, n, out);
	if (n->plain && scalar_bind(n, &boolean_type, &flag) == ERR_OK) {
		*out = (struct value){ .kind = VALUE_BOOLEAN,
		    .integer = flag };
		return ERR_OK;
	}
	out->kind = VALUE_INTEGER;
	if (n->plain && scalar_bind(n, &integer, &out->integer) == ERR_OK)
		return ERR_OK;
	out->kind = VALUE_STRING;
	return scalar_bind(n, &text, &out->text);
}

static enum err
read_claims(struct yaml_doc *doc, struct scenario *s)
{
	const struct node *n = s->claims.node;

	if (n == NULL)
		return ERR_OK;
	if (n->kind != NODE_MAP)
		return yaml_unexpected(n, "a map");
	return read_members(doc, n, &s->asked.claims);
}

/* ---- a case, complete */

static enum err
bind_facts(struct yaml_doc *doc, const struct yaml_part *known,
    struct scenario *s)
{
	return yaml_bind_part(doc, known,
	    &YAML_STRUCT(struct scenario, facts_fields), s);
}

static void
complete(struct scenario *s)
{
	struct asked *a = &s->asked;

	a->dry_run = true;
	a->holder.has_card_date = a->holder.card_issued_on.year != 0;
	a->has_device = a->device_id.len != 0;
	a->attestation.how = ATTESTED_PROOFS;	/* of what is known */
	a->format_count = s->formats.count;
	for (size_t i = 0; i < s->formats.count; i++)
		a->formats[i] = s->formats.at[i];
}

enum err
suite_read(const struct suite *s, const struct suite_case *c,
    struct scenario *out)
{
	struct scenario n = { .asked.caller = view_text("upstream") };
	struct yaml_part given;

	TRY(yaml_bind_part(s->doc, &s->given,
	    &YAML_STRUCT(struct scenario, given_fields), &n));
	given = n.known;
	n.known = (struct yaml_part){ 0 };
	TRY(yaml_bind_part(s->doc, &c->body,
	    &YAML_STRUCT(struct scenario, case_fields), &n));
	if (n.now == 0)
		return yaml_error(c->body.at, "expected the key \"now\" here "
		    "or in \"given\"");
	n.facts = facts_neutral(n.now);
	TRY(bind_facts(s->doc, &given, &n));
	TRY(bind_facts(s->doc, &n.known, &n));
	TRY(read_claims(s->doc, &n));
	complete(&n);
	*out = n;
	return ERR_OK;
}
