/*
 * The script's schema and what can be said of it without knowing the steps.
 * A script is written by the programme's own people and reviewed; it is read
 * strictly because what it says is done to keys for years.
 * Next: steps.c walks the steps.
 */
#include "ceremony/script.h"

#include <string.h>

#include "audit/vkey.h"

static const struct yaml_choice modes[] = {
	{ "rehearsal", MODE_REHEARSAL },
	{ 0 },
};

static const struct yaml_choice key_types[] = {
	{ "p256", KEY_P256 },
	{ "ed25519", KEY_ED25519 },
	{ 0 },
};

static const struct yaml_choice profile_kinds[] = {
	{ "iaca", PROFILE_IACA },
	{ "document-signer", PROFILE_DOCUMENT_SIGNER },
	{ "qr-signer", PROFILE_QR_SIGNER },
	{ "status-signer", PROFILE_STATUS_SIGNER },
	{ "metadata-signer", PROFILE_METADATA_SIGNER },
	{ 0 },
};

/* ---- values */

/* A web address that needs no escaping in a certificate or anywhere else. */
static enum err
check_uri(struct yaml_mark at, const void *value)
{
	const char *uri = *(const char *const *)value;
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/";

	if (!view_starts(view_text(uri), "https://") &&
	    !view_starts(view_text(uri), "http://"))
		return yaml_error(at, "expected an http:// or https:// URI");
	if (uri[strspn(uri, letters)] != '\0')
		return yaml_error(at, "expected a URI of letters, digits and "
		    "-._~:/ only");
	return ERR_OK;
}

static enum err
check_country(struct yaml_mark at, const void *value)
{
	const char *c = *(const char *const *)value;

	if (strlen(c) != 2 || strspn(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2)
		return yaml_error(at, "expected two capital letters "
		    "(ISO 3166-1 alpha-2)");
	return ERR_OK;
}

static enum err
check_officer(struct yaml_mark at, const void *value)
{
	const char *name = *(const char *const *)value;

	if (!quorum_name_fits(view_text(name)))
		return yaml_error(at, "expected a name without control "
		    "characters or blanks at its ends");
	return ERR_OK;
}

static enum err
check_origin(struct yaml_mark at, const void *value)
{
	const char *origin = *(const char *const *)value;

	if (!vkey_name_valid(view_text(origin)))
		return yaml_error(at, "expected a log origin without blanks "
		    "and \"+\" (C2SP signed-note)");
	return ERR_OK;
}

/* ---- schema */

#define NAME(longest) YAML_TYPE(.shape = YAML_NAME, .max = (longest))
#define REFERENCE YAML_TYPE(.shape = YAML_REFERENCE)
#define CHECKED(longest, by)                                                  \
	YAML_TYPE(.shape = YAML_TEXT, .max = (longest), .check = (by))

static const struct yaml_field officer_fields[] = {
	YAML_FIELD("seat", struct script_officer, seat,
	    &YAML_INT(1, SCRIPT_OFFICERS)),
	YAML_FIELD("name", struct script_officer, name,
	    &CHECKED(QUORUM_NAME_SIZE - 1, check_officer)),
	{ 0 },
};

static const struct yaml_field key_fields[] = {
	YAML_FIELD("label", struct script_key, label, &NAME(32)),
	YAML_FIELD("type", struct script_key, type, &YAML_ONE_OF(key_types)),
	{ 0 },
};

typedef __typeof__(((struct script_certificate *)0)->subject) subject_type;

static const struct yaml_field subject_fields[] = {
	YAML_FIELD("country", subject_type, country,
	    &CHECKED(2, check_country)),
	YAML_FIELD("state", subject_type, state, &YAML_STRING(64),
	    .optional = true),
	YAML_FIELD("organisation", subject_type, organisation,
	    &YAML_STRING(64), .optional = true),
	/* 64 (RFC 5280 A.1, ub-common-name) less " (REHEARSAL)" */
	YAML_FIELD("common-name", subject_type, common_name, &YAML_STRING(52)),
	{ 0 },
};

static const struct yaml_field certificate_fields[] = {
	YAML_FIELD("name", struct script_certificate, name, &NAME(32)),
	YAML_FIELD("profile", struct script_certificate, profile,
	    &YAML_ONE_OF(profile_kinds)),
	YAML_FIELD("key", struct script_certificate, key, &REFERENCE),
	YAML_FIELD("issuer", struct script_certificate, issuer, &REFERENCE),
	YAML_FIELD("subject", struct script_certificate, subject,
	    &YAML_STRUCT(subject_type, subject_fields)),
	YAML_FIELD("not-before", struct script_certificate, not_before,
	    &YAML_TYPE(.shape = YAML_INSTANT), .optional = true),
	YAML_FIELD("days", struct script_certificate, days,
	    &YAML_INT(1, 20 * 365)),
	YAML_FIELD("contact", struct script_certificate, contact,
	    &CHECKED(256, check_uri)),
	YAML_FIELD("crl", struct script_certificate, crl,
	    &CHECKED(256, check_uri)),
	{ 0 },
};

static const struct yaml_field step_fields[] = {
	YAML_FIELD("step", struct script_step, step, &REFERENCE),
	YAML_FIELD("key", struct script_step, key, &REFERENCE,
	    .optional = true),
	YAML_FIELD("certificate", struct script_step, certificate, &REFERENCE,
	    .optional = true),
	{ 0 },
};

typedef __typeof__(((struct script *)0)->log) log_type;

static const struct yaml_field log_fields[] = {
	YAML_FIELD("key", log_type, key, &REFERENCE),
	YAML_FIELD("ecdsa-key", log_type, ecdsa_key, &REFERENCE,
	    .optional = true),
	YAML_FIELD("origin", log_type, origin, &CHECKED(255, check_origin)),
	{ 0 },
};

static enum err check_script(struct yaml_mark at, const void *value);

static const struct yaml_field script_fields[] = {
	YAML_FIELD("mode", struct script, mode, &YAML_ONE_OF(modes)),
	YAML_FIELD("name", struct script, name, &YAML_STRING(120)),
	YAML_FIELD("threshold", struct script, threshold,
	    &YAML_INT(2, SCRIPT_OFFICERS)),
	YAML_FIELD("officers", struct script, officers,
	    &YAML_LIST_OF(2, SCRIPT_OFFICERS,
	    &YAML_STRUCT(struct script_officer, officer_fields))),
	YAML_FIELD("token", struct script, token, &NAME(32)),
	YAML_FIELD("log", struct script, log,
	    &YAML_STRUCT(log_type, log_fields)),
	YAML_FIELD("keys", struct script, keys, &YAML_LIST_OF(1,
	    CEREMONY_KEYS, &YAML_STRUCT(struct script_key, key_fields))),
	YAML_FIELD("certificates", struct script, certificates,
	    &YAML_LIST_OF(1, SCRIPT_CERTIFICATES,
	    &YAML_STRUCT(struct script_certificate, certificate_fields))),
	YAML_FIELD("steps", struct script, steps, &YAML_LIST_OF(1,
	    SCRIPT_STEPS, &YAML_STRUCT(struct script_step, step_fields))),
	{ 0 },
};

/* ---- the whole */

const char *
script_mode_name(enum script_mode mode)
{
	for (size_t i = 0; modes[i].name != NULL; i++)
		if (modes[i].value == (int)mode)
			return modes[i].name;
	return "unknown";
}

int
script_key_index(const struct script *s, const char *label)
{
	for (size_t i = 0; i < s->keys.count; i++)
		if (strcmp(s->keys.at[i].label, label) == 0)
			return (int)i;
	return -1;
}

int
script_certificate_index(const struct script *s, const char *name)
{
	for (size_t i = 0; i < s->certificates.count; i++)
		if (strcmp(s->certificates.at[i].name, name) == 0)
			return (int)i;
	return -1;
}

struct certificate_plan
script_plan(const struct script *s, const struct script_certificate *c,
    int64_t day)
{
	int64_t from = c->not_before != 0 ? c->not_before : day;

	return (struct certificate_plan){
		.profile = (enum profile_kind)c->profile,
		.rehearsal = s->mode == MODE_REHEARSAL,
		.country = c->subject.country,
		.state = c->subject.state,
		.organisation = c->subject.organisation,
		.common_name = c->subject.common_name,
		.not_before = from,
		/* the last second belongs to it (RFC 5280 4.1.2.5) */
		.not_after = from + c->days * DAY - 1,
		.contact = c->contact,
		.crl = c->crl,
	};
}

static enum err
check_officers(struct yaml_mark at, const struct script *s)
{
	for (size_t i = 0; i < s->officers.count; i++) {
		const struct script_officer *o = &s->officers.at[i];

		if (o->seat != (int64_t)i + 1)
			return yaml_error(at, "officers: expected seats 1, 2, "
			    "3, … in order, got seat %jd at place %zu",
			    (intmax_t)o->seat, i + 1);
		for (size_t k = 0; k < i; k++)
			if (strcmp(o->name, s->officers.at[k].name) == 0)
				return yaml_error(at, "officers: seats %zu and "
				    "%zu have the same name", k + 1, i + 1);
	}
	if (s->threshold > (int64_t)s->officers.count)
		return yaml_error(at, "threshold: expected at most the number "
		    "of officers, %zu, got %jd", s->officers.count,
		    (intmax_t)s->threshold);
	return ERR_OK;
}

static enum err
check_log_key(const struct script *s, const struct yaml_reference *name,
    enum key_type type, const char *type_name)
{
	int at = script_key_index(s, name->name);

	if (at == -1)
		return yaml_error(name->at, "expected the label of a key");
	if (s->keys.at[at].type != (int)type)
		return yaml_error(name->at,
		    "expected a key of type %s for the log", type_name);
	return ERR_OK;
}

static enum err
check_keys(struct yaml_mark at, const struct script *s)
{
	for (size_t i = 0; i < s->keys.count; i++)
		if (script_key_index(s, s->keys.at[i].label) != (int)i)
			return yaml_error(at, "keys: the label %s is given "
			    "twice", s->keys.at[i].label);
	TRY(check_log_key(s, &s->log.key, KEY_ED25519, "ed25519"));
	if (s->log.ecdsa_key.name == NULL)
		return ERR_OK;
	return check_log_key(s, &s->log.ecdsa_key, KEY_P256, "p256");
}

static enum err
check_certificate(const struct script *s,
    const struct script_certificate *c)
{
	const struct profile *p = profile_of((enum profile_kind)c->profile);
	int key = script_key_index(s, c->key.name);
	int issuer = script_certificate_index(s, c->issuer.name);
	const struct script_certificate *by;

	if (key == -1)
		return yaml_error(c->key.at, "expected the label of a key");
	if (s->keys.at[key].type != KEY_P256)
		return yaml_error(c->key.at, "expected a key of type p256");
	if (issuer == -1)
		return yaml_error(c->issuer.at,
		    "expected the name of a certificate");
	by = &s->certificates.at[issuer];
	if (p->root ? by != c : by->profile != PROFILE_IACA)
		return yaml_error(c->issuer.at, "expected %s as issuer of the "
		    "profile %s", p->root ? "itself" : "an iaca", p->name);
	if (c->days > p->max_days)
		return yaml_error(c->key.at, "%s: days: expected at most %d "
		    "for the profile %s", c->name, p->max_days, p->name);
	if (strcmp(c->subject.country, by->subject.country) != 0)
		return yaml_error(c->issuer.at, "%s: expected the country of "
		    "its issuer", c->name);
	return ERR_OK;
}

static enum err
check_certificates(struct yaml_mark at, const struct script *s)
{
	for (size_t i = 0; i < s->certificates.count; i++) {
		const struct script_certificate *c = &s->certificates.at[i];

		if (script_certificate_index(s, c->name) != (int)i)
			return yaml_error(at, "certificates: the name %s is "
			    "given twice", c->name);
		if (s->log.ecdsa_key.name != NULL &&
		    strcmp(c->key.name, s->log.ecdsa_key.name) == 0)
			return yaml_error(c->key.at,
			    "expected a key of its own, the log has it");
		for (size_t k = 0; k < i; k++)
			if (strcmp(c->key.name,
			    s->certificates.at[k].key.name) == 0)
				return yaml_error(c->key.at,
				    "expected a key of its own, %s has it",
				    s->certificates.at[k].name);
		TRY(check_certificate(s, c));
	}
	return ERR_OK;
}

static enum err
check_script(struct yaml_mark at, const void *value)
{
	const struct script *s = value;

	TRY(check_officers(at, s));
	TRY(check_keys(at, s));
	return check_certificates(at, s);
}

void
script_free(struct script *s)
{
	if (s == NULL)
		return;
	yaml_doc_free(s->doc);
	mem_free(s);
}

enum err
script_parse(const char *name, struct view text, struct script **out_script)
{
	static const struct yaml_type type = {
		.shape = YAML_RECORD, .size = sizeof(struct script),
		.fields = script_fields, .check = check_script,
	};
	AUTO(script) s = mem_new(1, sizeof(*s));

	if (s == NULL)
		return err_because(ERR_MEMORY, "script");
	TRY(yaml_doc_parse(name, text, &s->doc));
	TRY(yaml_bind(s->doc, &type, s));
	*out_script = STEAL(s);
	return ERR_OK;
}
