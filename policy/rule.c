/*
 * The catalogue: every kind of rule there is, and what all of them have in
 * common in YAML. A new kind is one struct rule_kind and one line here.
 * Next: rule_person.c.
 */
#include "policy/rule.h"

static const struct yaml_choice modes[] = {
	{ "enforce", MODE_ENFORCE }, { "monitor", MODE_MONITOR }, { 0 },
};

static const struct yaml_field common_fields[] = {
	YAML_FIELD("mode", struct rule, mode, &YAML_ONE_OF(modes),
	    .otherwise = "enforce"),
	YAML_FIELD("operations", struct rule, operations,
	    &YAML_SOME_OF(operation_choices), .optional = true),
	YAML_FIELD("purposes", struct rule, purposes,
	    &YAML_SOME_OF(purpose_choices), .optional = true),
	YAML_FIELD("basis", struct rule, basis, &YAML_STRING(200),
	    .optional = true),
	{ 0 },
};

static const struct yaml_variant *const kinds[] = {
	&rule_period.variant,
	&rule_entitlement.variant,
	&rule_number_digit.variant,
	&rule_number_birth_date.variant,
	&rule_age.variant,
	&rule_card.variant,
	&rule_region.variant,
	&rule_centre.variant,
	&rule_channel.variant,
	&rule_evidence.variant,
	&rule_device_proof.variant,
	&rule_device_attestation.variant,
	&rule_devices.variant,
	&rule_reason.variant,
	&rule_status_change.variant,
	&rule_administrative_validity.variant,
	&rule_technical_validity.variant,
	&rule_claims.variant,
	&rule_formats.variant,
	&rule_quota.variant,
	NULL,
};

static enum err
check(struct yaml_mark at, const void *value)
{
	const struct rule *rule = *(const struct rule *const *)value;

	return rule_kind(rule)->check != NULL ?
	    rule_kind(rule)->check(at, rule) : ERR_OK;
}

const struct yaml_type rule_type = { .shape = YAML_VARIANT, .tag = "kind",
	.fields = common_fields, .variants = kinds, .check = check };

enum outcome
judge_sight(const struct rule *rule, const struct scene *s, struct note *n)
{
	(void)rule;
	(void)n;
	return outcome_of(s->seen == 0);
}

bool
rule_concerns(const struct rule *rule, const struct asked *a)
{
	return rule_has(rule->operations, a->operation) &&
	    rule_has(rule->purposes, a->purpose);
}

const char *
rule_mode_name(const struct rule *rule)
{
	return modes[rule->mode].name;
}
