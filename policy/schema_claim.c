/*
 * What a programme says of its claims and of each format, as tables for the
 * YAML reader, and what those tables cannot say: which keys go with which
 * type, and that an offered format is described. Next: link.c.
 */
#include <string.h>

#include "policy/rule.h"
#include "policy/yaml_tree.h"

const struct yaml_choice format_choices[] = {
	{ "dc+sd-jwt", FORMAT_SD_JWT }, { "mso_mdoc", FORMAT_MDOC },
	{ "vc+jwt", FORMAT_VC_JWT }, { "opendid-vc", FORMAT_OPENDID },
	{ "cwt-qr", FORMAT_CWT_QR }, { 0 },
};

enum err
format_of(struct view name, enum credential_format *out_format)
{
	for (const struct yaml_choice *c = format_choices; c->name != NULL;
	    c++) {
		if (!view_is(name, c->name))
			continue;
		*out_format = (enum credential_format)c->value;
		return ERR_OK;
	}
	return err_because(ERR_UNSUPPORTED, "a format that is not made here");
}

const struct yaml_type formats_type = YAML_LIST_OF(1, ASKED_FORMATS,
    &YAML_TYPE(.shape = YAML_REFERENCE));

/* ---- claims */

static const struct yaml_choice claim_types[] = {
	{ "text", CLAIM_STRING }, { "date", CLAIM_DATE },
	{ "integer", CLAIM_INTEGER }, { "boolean", CLAIM_BOOLEAN },
	{ "map", CLAIM_MAP }, { "list", CLAIM_LIST },
	{ "instant", CLAIM_INSTANT }, { "portrait", CLAIM_PORTRAIT },
	{ "privileges", CLAIM_PRIVILEGES }, { 0 },
};

static const struct yaml_choice disclosures[] = {
	{ "selective", DISCLOSE_SELECTIVELY }, { "always", DISCLOSE_ALWAYS },
	{ "never", DISCLOSE_NEVER }, { 0 },
};

static const struct yaml_choice character_choices[] = {
	{ "any", CHARACTERS_ANY }, { "latin", CHARACTERS_LATIN }, { 0 },
};

static const struct yaml_field range_fields[] = {
	YAML_FIELD("min", struct claim_range, min, &YAML_INT(1, 65535)),
	YAML_FIELD("max", struct claim_range, max, &YAML_INT(1, 65535)),
	{ 0 },
};
static const struct yaml_type range_type =
    YAML_STRUCT(struct claim_range, range_fields);

static enum err
check_displays(struct yaml_mark at, const void *value)
{
	const struct displays *d = value;

	for (size_t i = 0; i < d->count; i++) {
		const char *l = d->at[i].locale;

		if (strspn(l, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != strlen(l) ||
		    strlen(l) < 2 || strlen(l) > 35)
			return yaml_error(at, "display: expected language tags "
			    "(RFC 5646), as ko and en");
	}
	return ERR_OK;
}

const struct yaml_type displays_type = { .shape = YAML_MAP, .min = 1,
	.max = 8, .size = sizeof(struct display),
	.key_offset = offsetof(struct display, locale),
	.value_offset = offsetof(struct display, name),
	.item = &YAML_STRING(100), .check = check_displays };

/* optional, as all of them are */
#define CLAIM_FIELD(key, member, ...)                                         \
	YAML_FIELD(key, struct claim_spec, member, &YAML_TYPE(__VA_ARGS__),   \
	    .optional = true)

static const struct yaml_field claim_fields[] = {
	YAML_FIELD("type", struct claim_spec, type,
	    &YAML_ONE_OF(claim_types)),
	YAML_FIELD("required", struct claim_spec, required,
	    &YAML_TYPE(.shape = YAML_BOOLEAN)),
	YAML_FIELD("required-for", struct claim_spec, required_for,
	    &YAML_SOME_OF(format_choices), .optional = true),
	YAML_FIELD("formats", struct claim_spec, formats,
	    &YAML_SOME_OF(format_choices), .optional = true),
	YAML_FIELD("disclosure", struct claim_spec, disclosure,
	    &YAML_ONE_OF(disclosures), .otherwise = "selective"),
	YAML_FIELD("characters", struct claim_spec, characters,
	    &YAML_ONE_OF(character_choices), .otherwise = "any"),
	CLAIM_FIELD("min", min, .shape = YAML_INTEGER),
	CLAIM_FIELD("max", max, .shape = YAML_INTEGER),
	CLAIM_FIELD("value", value, .shape = YAML_TEXT, .max = 200),
	YAML_FIELD("members", struct claim_spec, members,
	    &YAML_LIST_OF(1, 32, &YAML_STRING(64)), .optional = true),
	YAML_FIELD("width", struct claim_spec, width, &range_type,
	    .optional = true),
	YAML_FIELD("height", struct claim_spec, height, &range_type,
	    .optional = true),
	CLAIM_FIELD("apart", apart, .shape = YAML_BOOLEAN),
	CLAIM_FIELD("namespace", namespace, .shape = YAML_TEXT, .max = 100),
	CLAIM_FIELD("element", element, .shape = YAML_TEXT, .max = 100),
	CLAIM_FIELD("caption", caption, .shape = YAML_TEXT, .max = 100),
	YAML_FIELD("display", struct claim_spec, display, &displays_type,
	    .optional = true),
	CLAIM_FIELD("claim-169", label, .shape = YAML_INTEGER, .min = 1,
	    .max = 99),
	{ 0 },
};

static bool
is_text_type(const struct claim_spec *c)
{
	return c->type == CLAIM_STRING || c->type == CLAIM_MAP ||
	    c->type == CLAIM_LIST;
}

/* What an OpenDID credential can hold: one text. */
static bool
is_scalar(enum claim_type type)
{
	return type == CLAIM_STRING || type == CLAIM_DATE ||
	    type == CLAIM_INTEGER || type == CLAIM_BOOLEAN ||
	    type == CLAIM_INSTANT;
}

static enum err
check_claim(struct yaml_mark at, const void *value)
{
	const struct claim_spec *c = value;
	bool many = c->type == CLAIM_MAP || c->type == CLAIM_LIST;

	if (c->min > c->max)
		return yaml_error(at, "expected min to be at most max");
	if (c->value != NULL && c->type != CLAIM_STRING)
		return yaml_error(at, "value is for a claim of type text");
	if (c->characters != CHARACTERS_ANY && !is_text_type(c))
		return yaml_error(at, "characters is for texts");
	if (c->members.count != 0 && c->type != CLAIM_MAP)
		return yaml_error(at, "members is for a map");
	if (c->apart && (!many || c->disclosure == DISCLOSE_NEVER))
		return yaml_error(at, "apart is for a map or list that can be "
		    "disclosed");
	if (c->type != CLAIM_PORTRAIT &&
	    (c->width.max != 0 || c->height.max != 0))
		return yaml_error(at, "width and height are for a portrait");
	if (c->formats != 0 && !is_scalar(c->type) &&
	    (c->formats & FORMAT_BIT(FORMAT_OPENDID)) != 0)
		return yaml_error(at, "opendid-vc has texts only: no maps, "
		    "lists, portraits and privileges");
	if (c->label != 0 && c->type != CLAIM_STRING &&
	    c->type != CLAIM_DATE && c->type != CLAIM_INTEGER)
		return yaml_error(at, "claim-169 is for texts, dates and "
		    "integers");
	if (c->label == 3)
		return yaml_error(at, "claim-169: 3 is the language, see "
		    "cwt-qr");
	return ERR_OK;
}

/* judge_claims() keeps those it has seen in 64 bits */
const struct yaml_type claims_type = YAML_MAP_OF(1, 64, struct claim_spec,
    name, name, &YAML_TYPE(.shape = YAML_RECORD,
    .size = sizeof(struct claim_spec), .fields = claim_fields,
    .check = check_claim));

/* ---- formats */

static const struct yaml_type decoys_type = YAML_INT(0, 32);
static const struct yaml_type text_type = YAML_STRING(200);

static const struct yaml_field sd_jwt_fields[] = {
	YAML_FIELD("decoys", struct sd_jwt_spec, decoys, &decoys_type,
	    .optional = true),
	{ 0 },
};
const struct yaml_type sd_jwt_type =
    YAML_STRUCT(struct sd_jwt_spec, sd_jwt_fields);

static const struct yaml_field mdoc_fields[] = {
	YAML_FIELD("doctype", struct mdoc_spec, doctype, &text_type),
	YAML_FIELD("namespace", struct mdoc_spec, namespace, &text_type),
	YAML_FIELD("decoys", struct mdoc_spec, decoys, &decoys_type,
	    .optional = true),
	{ 0 },
};
const struct yaml_type mdoc_type = YAML_STRUCT(struct mdoc_spec, mdoc_fields);

static const struct yaml_field vc_fields[] = {
	YAML_FIELD("type", struct vc_spec, type, &text_type),
	YAML_FIELD("context", struct vc_spec, context, &text_type),
	{ 0 },
};
const struct yaml_type vc_type = YAML_STRUCT(struct vc_spec, vc_fields);

static const struct yaml_field opendid_fields[] = {
	YAML_FIELD("issuer", struct opendid_spec, issuer, &text_type),
	YAML_FIELD("issuer-name", struct opendid_spec, issuer_name,
	    &text_type),
	YAML_FIELD("verification-method", struct opendid_spec, method,
	    &text_type),
	YAML_FIELD("schema", struct opendid_spec, schema, &text_type),
	YAML_FIELD("namespace", struct opendid_spec, namespace, &text_type),
	YAML_FIELD("language", struct opendid_spec, language, &text_type),
	YAML_FIELD("evidence-verifier", struct opendid_spec, verifier,
	    &text_type),
	YAML_FIELD("evidence-document", struct opendid_spec, document,
	    &text_type),
	{ 0 },
};
const struct yaml_type opendid_type =
    YAML_STRUCT(struct opendid_spec, opendid_fields);

static const struct yaml_field cwt_qr_fields[] = {
	YAML_FIELD("language", struct cwt_qr_spec, language,
	    &YAML_TYPE(.shape = YAML_TEXT, .min = 3, .max = 3)),
	{ 0 },
};
const struct yaml_type cwt_qr_type =
    YAML_STRUCT(struct cwt_qr_spec, cwt_qr_fields);

/* ---- once a programme is bound */

/* A format of the list is known, and the programme says what it needs. */
static enum err
link_format(const struct programme_file *f, const struct yaml_reference *name)
{
	const char *const described[] = {
		[FORMAT_SD_JWT] = f->vct,
		[FORMAT_MDOC] = f->mdoc.doctype,
		[FORMAT_VC_JWT] = f->vc.type,
		[FORMAT_OPENDID] = f->opendid.issuer,
		[FORMAT_CWT_QR] = f->cwt_qr.language,
	};
	struct nearest near = { 0 };
	char words[64];

	for (const struct yaml_choice *c = format_choices; c->name != NULL;
	    c++) {
		nearest_offer(&near, name->name, c->name);
		if (strcmp(c->name, name->name) != 0)
			continue;
		if (described[c->value] != NULL)
			return ERR_OK;
		return yaml_error(name->at, "expected the programme to "
		    "describe %s under a key of that name", c->name);
	}
	return yaml_error(name->at, "expected a format, got \"%.40s\"%s",
	    name->name, nearest_words(&near, words, sizeof(words)));
}

static enum err
check_labels(const struct programme_file *f)
{
	bool taken[100] = { 0 };

	for (size_t i = 0; i < f->claims.count; i++) {
		const struct claim_spec *c = &f->claims.at[i];

		if (c->label != 0 && taken[c->label])
			return yaml_error(f->formats.at[0].at, "claim %s: "
			    "expected each claim-169 once", c->name);
		taken[c->label] = true;
	}
	return ERR_OK;
}

/* Everywhere, if nothing else is said; into a QR code only by its label. */
static void
place(struct claim_spec *c)
{
	if (c->formats == 0)
		c->formats = UINT32_MAX;
	if (c->disclosure == DISCLOSE_NEVER)
		c->formats &= ~FORMAT_BIT(FORMAT_SD_JWT);
	if (!is_scalar(c->type))
		c->formats &= ~FORMAT_BIT(FORMAT_OPENDID);
	if (c->label == 0)
		c->formats &= ~FORMAT_BIT(FORMAT_CWT_QR);
}

enum err
claims_link(struct programme_file *f)
{
	for (size_t i = 0; i < f->formats.count; i++)
		TRY(link_format(f, &f->formats.at[i]));
	TRY(check_labels(f));
	for (size_t i = 0; i < f->claims.count; i++)
		place(&f->claims.at[i]);
	return ERR_OK;
}
