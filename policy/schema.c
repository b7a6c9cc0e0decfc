/*
 * What the files of a policy look like, as tables for the YAML reader. The
 * key "kind" says which of the four a file is; rules are in rule.c, claims in
 * schema_claim.c. Next: link.c.
 */
#include <string.h>

#include "policy/rule.h"

const struct yaml_choice operation_choices[] = {
	{ "qr-token", OPERATION_QR_TOKEN },
	{ "credential", OPERATION_CREDENTIAL },
	{ "status-change", OPERATION_STATUS_CHANGE },
	{ 0 },
};

const struct yaml_choice purpose_choices[] = {
	{ "first-issue", PURPOSE_FIRST_ISSUE },
	{ "reissue", PURPOSE_REISSUE },
	{ "refresh", PURPOSE_REFRESH },
	{ 0 },
};

const struct yaml_choice action_choices[] = {
	{ "suspend", ACTION_SUSPEND },
	{ "reinstate", ACTION_REINSTATE },
	{ "revoke", ACTION_REVOKE },
	{ 0 },
};

const struct yaml_choice evidence_choices[] = {
	{ "none", EVIDENCE_NONE },
	{ "qr-token", EVIDENCE_QR_TOKEN },
	{ "ic-card", EVIDENCE_IC_CARD },
	{ 0 },
};

static const struct yaml_type name_type = { .shape = YAML_NAME };
static const struct yaml_type reference_type = { .shape = YAML_REFERENCE };

/* ---- kind: policy */

static const struct yaml_choice leap_choices[] = {
	{ "march-1", LEAP_MARCH_1 }, { "february-28", LEAP_FEBRUARY_28 },
	{ 0 },
};

static const struct yaml_field head_fields[] = {
	YAML_FIELD("serial", struct policy_head, serial,
	    &YAML_INT(1, INT64_MAX)),
	YAML_FIELD("leap-birthday", struct policy_head, leap_birthday,
	    &YAML_ONE_OF(leap_choices)),
	{ 0 },
};

/* ---- kind: callers */

static const struct yaml_choice details[] = {
	{ "outcome", DETAIL_OUTCOME }, { "full", DETAIL_FULL }, { 0 },
};

static const struct yaml_field entitlement_fields[] = {
	YAML_FIELD("programmes", struct entitlement, programmes,
	    &YAML_LIST_OF(1, POLICY_PROGRAMMES, &reference_type)),
	YAML_FIELD("operations", struct entitlement, operations,
	    &YAML_SOME_OF(operation_choices)),
	YAML_FIELD("purposes", struct entitlement, purposes,
	    &YAML_SOME_OF(purpose_choices)),
	YAML_FIELD("actions", struct entitlement, actions,
	    &YAML_SOME_OF(action_choices), .optional = true),
	YAML_FIELD("evidence", struct entitlement, evidence,
	    &YAML_SOME_OF(evidence_choices)),
	YAML_FIELD("detail", struct entitlement, detail,
	    &YAML_ONE_OF(details), .otherwise = "outcome"),
	{ 0 },
};

static const struct yaml_type entitlements_type =
    YAML_LIST_OF(1, 32, &YAML_STRUCT(struct entitlement, entitlement_fields));

static const struct yaml_field callers_fields[] = {
	YAML_FIELD("callers", struct callers, list, &YAML_MAP_OF(1, 1000,
	    struct caller, name, may, &entitlements_type)),
	{ 0 },
};

/* ---- kind: programme */

static const struct yaml_choice end_choices[] = {
	{ "end-of-day", VALIDITY_END_OF_DAY }, { "exact", VALIDITY_EXACT },
	{ 0 },
};

static enum err
check_period(struct yaml_mark at, const void *value)
{
	const struct yaml_period *p = value;

	if (p->years == 0 && p->months == 0 && p->days == 0)
		return yaml_error(at, "expected a period over zero");
	return ERR_OK;
}

static const struct yaml_field validity_fields[] = {
	YAML_FIELD("administrative", struct validity, administrative,
	    &YAML_TYPE(.shape = YAML_PERIOD, .check = check_period)),
	YAML_FIELD("ends", struct validity, ends, &YAML_ONE_OF(end_choices)),
	YAML_FIELD("technical", struct validity, technical,
	    &YAML_TYPE(.shape = YAML_SECONDS, .min = 1, .max = 36600 * DAY)),
	YAML_FIELD("qr-token", struct validity, qr_token,
	    &YAML_TYPE(.shape = YAML_SECONDS, .min = 1, .max = DAY)),
	YAML_FIELD("rounding", struct validity, rounding,
	    &YAML_TYPE(.shape = YAML_SECONDS, .min = 1, .max = DAY),
	    .optional = true),
	{ 0 },
};

static const struct yaml_field waiver_fields[] = {
	YAML_FIELD("born", struct fee_waiver, born, &YAML_INT(1, 9999)),
	YAML_FIELD("year", struct fee_waiver, year, &YAML_INT(1, 9999)),
	YAML_FIELD("card", struct fee_waiver, card,
	    &YAML_LIST_OF(1, 16, &YAML_STRING(32))),
	{ 0 },
};

/* the fields are the element's own, beside its name */
static const struct yaml_field fee_fields[] = {
	YAML_FIELD("won", struct fee, won, &YAML_INT(0, 1000000000)),
	YAML_FIELD("waived", struct fee, waived, &YAML_LIST_OF(1, 16,
	    &YAML_STRUCT(struct fee_waiver, waiver_fields)),
	    .optional = true),
	YAML_FIELD("basis", struct fee, basis, &YAML_STRING(200),
	    .optional = true),
	{ 0 },
};

static const struct yaml_type fees_type = YAML_NAMES_OF(1, POLICY_FEES,
    struct fee, id, id, &YAML_STRUCT(struct fee, fee_fields));

static const struct yaml_type ages_type =
    YAML_LIST_OF(0, 32, &YAML_INT(1, 150));

static const struct yaml_field programme_fields[] = {
	YAML_FIELD("programme", struct programme_file, id, &name_type),
	YAML_FIELD("vct", struct programme_file, vct, &YAML_STRING(200)),
	YAML_FIELD("operations", struct programme_file, operations,
	    &YAML_SOME_OF(operation_choices)),
	YAML_FIELD("formats", struct programme_file, formats, &formats_type),
	YAML_FIELD("age-over", struct programme_file, age_over, &ages_type),
	YAML_FIELD("claims", struct programme_file, claims, &claims_type),
	YAML_FIELD("dc+sd-jwt", struct programme_file, sd_jwt, &sd_jwt_type,
	    .optional = true),
	YAML_FIELD("mso_mdoc", struct programme_file, mdoc, &mdoc_type,
	    .optional = true),
	YAML_FIELD("vc+jwt", struct programme_file, vc, &vc_type,
	    .optional = true),
	YAML_FIELD("opendid-vc", struct programme_file, opendid,
	    &opendid_type, .optional = true),
	YAML_FIELD("cwt-qr", struct programme_file, cwt_qr, &cwt_qr_type,
	    .optional = true),
	YAML_FIELD("display", struct programme_file, display, &displays_type,
	    .optional = true),
	YAML_FIELD("validity", struct programme_file, validity,
	    &YAML_STRUCT(struct validity, validity_fields)),
	YAML_FIELD("fees", struct programme_file, fees, &fees_type,
	    .optional = true),
	YAML_FIELD("rules", struct programme_file, rules, &YAML_NAMES_OF(1,
	    POLICY_RULES, struct rule_entry, id, rule, &rule_type)),
	{ 0 },
};

/* ---- a file */

static const struct yaml_variant parts[] = {
	[PART_POLICY] = { "policy", sizeof(struct policy_head), head_fields },
	[PART_REGIONS] = { "regions", sizeof(struct regions),
	    regions_fields },
	[PART_CALLERS] = { "callers", sizeof(struct callers),
	    callers_fields },
	[PART_PROGRAMME] = { "programme", sizeof(struct programme_file),
	    programme_fields },
};

static const struct yaml_variant *const part_table[] = {
	&parts[PART_POLICY], &parts[PART_REGIONS], &parts[PART_CALLERS],
	&parts[PART_PROGRAMME], NULL,
};

const struct yaml_type policy_part_type = { .shape = YAML_VARIANT,
	.tag = "kind", .variants = part_table };

enum part_kind
policy_part_kind(const struct policy_part *part)
{
	return (enum part_kind)(part->variant - parts);
}
