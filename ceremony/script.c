/*
 * The script's schema and what can be said of it without knowing the steps.
 * A script is written by the programme's own people and reviewed; it is read
 * strictly because what it says is done to keys for years.
 * Next: script_check.c.
 */
#include "ceremony/script_parts.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "audit/vkey.h"
#include "ceremony/participant.h"
#include "pkcs11/register.h"

static const struct yaml_choice modes[] = {
	{ "rehearsal", MODE_REHEARSAL },
	{ "production", MODE_PRODUCTION },
	{ 0 },
};

static const struct yaml_choice roles[] = {
	{ "auditor", ROLE_AUDITOR },
	{ "witness", ROLE_WITNESS },
	{ "operator", ROLE_OPERATOR },
	{ 0 },
};

static const struct yaml_choice key_types[] = {
	{ "p256", KEY_P256 },
	{ "ed25519", KEY_ED25519 },
	{ 0 },
};

static const struct yaml_choice backups[] = {
	{ "none", BACKUP_NONE },
	{ "wrapped", BACKUP_WRAPPED },
	{ 0 },
};

static const struct yaml_choice profile_kinds[] = {
	{ "iaca", PROFILE_IACA },
	{ "document-signer", PROFILE_DOCUMENT_SIGNER },
	{ "iaca-link", PROFILE_LINK },
	{ "qr-signer", PROFILE_QR_SIGNER },
	{ "status-signer", PROFILE_STATUS_SIGNER },
	{ "metadata-signer", PROFILE_METADATA_SIGNER },
	{ 0 },
};

/* Without hold and removal: a signer's certificate is not suspended. */
static const struct yaml_choice reasons[] = {
	{ "unspecified", CRL_REASON_UNSPECIFIED },
	{ "key-compromise", CRL_REASON_KEY_COMPROMISE },
	{ "ca-compromise", CRL_REASON_CA_COMPROMISE },
	{ "affiliation-changed", CRL_REASON_AFFILIATION_CHANGED },
	{ "superseded", CRL_REASON_SUPERSEDED },
	{ "cessation-of-operation", CRL_REASON_CESSATION_OF_OPERATION },
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
check_key(struct yaml_mark at, const void *value)
{
	const char *text = *(const char *const *)value;
	struct officer o = { 0 };
	enum err e = officer_key_get(view_text(text), &o);

	EVP_PKEY_free(o.key);
	if (e != ERR_OK)
		return yaml_error(at, "expected a public key, Ed25519 or "
		    "P-256, as SubjectPublicKeyInfo in base64");
	return ERR_OK;
}

static enum err
check_recipient(struct yaml_mark at, const void *value)
{
	const char *text = *(const char *const *)value;
	AUTO(X509) x = NULL;

	if (recipient_get(view_text(text), &x) != ERR_OK)
		return yaml_error(at, "expected a certificate in DER, in "
		    "base64");
	return ERR_OK;
}

static enum err
check_card(struct yaml_mark at, const void *value)
{
	AUTO(token_uri) uri = NULL;

	if (token_uri_parse(*(const char *const *)value, &uri) != ERR_OK)
		return yaml_error(at, "expected the URI of a token: %s",
		    err_why());
	return ERR_OK;
}

static enum err
check_sha256(struct yaml_mark at, const void *value)
{
	const char *hex = *(const char *const *)value;

	if (strlen(hex) != 2 * SHA256_SIZE ||
	    strspn(hex, "0123456789abcdef") != 2 * SHA256_SIZE)
		return yaml_error(at, "expected a SHA-256, 64 characters of "
		    "0-9 and a-f");
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
#define FLAG YAML_TYPE(.shape = YAML_BOOLEAN)
#define INSTANT YAML_TYPE(.shape = YAML_INSTANT)
#define CHECKED(longest, by)                                                  \
	YAML_TYPE(.shape = YAML_TEXT, .max = (longest), .check = (by))

static const struct yaml_field officer_fields[] = {
	YAML_FIELD("seat", struct script_officer, seat,
	    &YAML_INT(1, SCRIPT_OFFICERS)),
	YAML_FIELD("name", struct script_officer, name,
	    &CHECKED(QUORUM_NAME_SIZE - 1, check_officer)),
	YAML_FIELD("key", struct script_officer, key,
	    &CHECKED(256, check_key), .optional = true),
	YAML_FIELD("card", struct script_officer, card,
	    &CHECKED(512, check_card), .optional = true),
	YAML_FIELD("recipient", struct script_officer, recipient,
	    &CHECKED(4096, check_recipient), .optional = true),
	{ 0 },
};

static const struct yaml_field witness_fields[] = {
	YAML_FIELD("role", struct script_witness, role, &YAML_ONE_OF(roles)),
	YAML_FIELD("name", struct script_witness, name,
	    &CHECKED(QUORUM_NAME_SIZE - 1, check_officer)),
	YAML_FIELD("key", struct script_witness, key,
	    &CHECKED(256, check_key), .optional = true),
	YAML_FIELD("card", struct script_witness, card,
	    &CHECKED(512, check_card), .optional = true),
	{ 0 },
};

typedef __typeof__(((struct script *)0)->window) window_type;

static const struct yaml_field window_fields[] = {
	YAML_FIELD("from", window_type, from, &INSTANT),
	YAML_FIELD("to", window_type, to, &INSTANT),
	{ 0 },
};

static const struct yaml_field key_fields[] = {
	YAML_FIELD("label", struct script_key, label, &NAME(32)),
	YAML_FIELD("type", struct script_key, type, &YAML_ONE_OF(key_types)),
	YAML_FIELD("backup", struct script_key, backup,
	    &YAML_ONE_OF(backups), .otherwise = "none"),
	YAML_FIELD("inherited", struct script_key, inherited, &FLAG,
	    .optional = true),
	YAML_FIELD("brought", struct script_key, brought, &FLAG,
	    .optional = true),
	{ 0 },
};

typedef __typeof__(((struct script *)0)->backup) backup_type;

static const struct yaml_field backup_fields[] = {
	YAML_FIELD("token", backup_type, token, &NAME(32)),
	YAML_FIELD("media", backup_type, media, &YAML_INT(1, REGISTER_MEDIA)),
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
	    &INSTANT, .optional = true),
	YAML_FIELD("days", struct script_certificate, days,
	    &YAML_INT(1, 20 * 365)),
	YAML_FIELD("contact", struct script_certificate, contact,
	    &CHECKED(256, check_uri)),
	YAML_FIELD("crl", struct script_certificate, crl,
	    &CHECKED(256, check_uri)),
	YAML_FIELD("inherited", struct script_certificate, inherited, &FLAG,
	    .optional = true),
	{ 0 },
};

static const struct yaml_field revoked_fields[] = {
	YAML_FIELD("certificate", struct script_revoked, certificate,
	    &REFERENCE),
	YAML_FIELD("reason", struct script_revoked, reason,
	    &YAML_ONE_OF(reasons)),
	YAML_FIELD("on", struct script_revoked, on, &INSTANT),
	{ 0 },
};

static const struct yaml_field crl_fields[] = {
	YAML_FIELD("name", struct script_crl, name, &NAME(32)),
	YAML_FIELD("issuer", struct script_crl, issuer, &REFERENCE),
	YAML_FIELD("number", struct script_crl, number,
	    &YAML_INT(1, INT32_MAX)),
	YAML_FIELD("this-update", struct script_crl, this_update, &INSTANT,
	    .optional = true),
	/* ISO/IEC 18013-5: until its figure is confirmed, the shorter one */
	YAML_FIELD("days", struct script_crl, days, &YAML_INT(1, 90)),
	YAML_FIELD("revoked", struct script_crl, revoked,
	    &YAML_LIST_OF(1, SCRIPT_REVOKED,
	    &YAML_STRUCT(struct script_revoked, revoked_fields)),
	    .optional = true),
	{ 0 },
};

static const struct yaml_field policy_fields[] = {
	YAML_FIELD("name", struct script_policy, name, &NAME(32)),
	YAML_FIELD("bundle", struct script_policy, bundle, &YAML_STRING(256)),
	YAML_FIELD("manifest", struct script_policy, manifest,
	    &CHECKED(64, check_sha256)),
	{ 0 },
};

static const struct yaml_field step_fields[] = {
	YAML_FIELD("step", struct script_step, step, &REFERENCE),
	YAML_FIELD("key", struct script_step, key, &REFERENCE,
	    .optional = true),
	YAML_FIELD("certificate", struct script_step, certificate, &REFERENCE,
	    .optional = true),
	YAML_FIELD("crl", struct script_step, crl, &REFERENCE,
	    .optional = true),
	YAML_FIELD("policy", struct script_step, policy, &REFERENCE,
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

static const struct yaml_field script_fields[] = {
	YAML_FIELD("mode", struct script, mode, &YAML_ONE_OF(modes)),
	YAML_FIELD("name", struct script, name, &YAML_STRING(120)),
	YAML_FIELD("continues", struct script, continues, &FLAG,
	    .optional = true),
	YAML_FIELD("node", struct script, node, &FLAG, .optional = true),
	YAML_FIELD("threshold", struct script, threshold,
	    &YAML_INT(2, SCRIPT_OFFICERS)),
	YAML_FIELD("officers", struct script, officers,
	    &YAML_LIST_OF(2, SCRIPT_OFFICERS,
	    &YAML_STRUCT(struct script_officer, officer_fields))),
	YAML_FIELD("window", struct script, window,
	    &YAML_STRUCT(window_type, window_fields), .optional = true),
	YAML_FIELD("rehearsed-within", struct script, rehearsed_within,
	    &YAML_INT(1, 90), .otherwise = "14"),
	YAML_FIELD("witnesses", struct script, witnesses,
	    &YAML_LIST_OF(1, SCRIPT_WITNESSES,
	    &YAML_STRUCT(struct script_witness, witness_fields)),
	    .optional = true),
	YAML_FIELD("former", struct script, former,
	    &YAML_LIST_OF(2, SCRIPT_OFFICERS,
	    &YAML_STRUCT(struct script_officer, officer_fields)),
	    .optional = true),
	YAML_FIELD("token", struct script, token, &NAME(32)),
	YAML_FIELD("backup", struct script, backup,
	    &YAML_STRUCT(backup_type, backup_fields), .optional = true),
	YAML_FIELD("lost", struct script, lost,
	    &YAML_LIST_OF(1, SCRIPT_LOST, &NAME(32)), .optional = true),
	YAML_FIELD("log", struct script, log,
	    &YAML_STRUCT(log_type, log_fields), .optional = true),
	YAML_FIELD("keys", struct script, keys, &YAML_LIST_OF(1,
	    CEREMONY_KEYS, &YAML_STRUCT(struct script_key, key_fields)),
	    .optional = true),
	YAML_FIELD("certificates", struct script, certificates,
	    &YAML_LIST_OF(1, SCRIPT_CERTIFICATES,
	    &YAML_STRUCT(struct script_certificate, certificate_fields)),
	    .optional = true),
	YAML_FIELD("crls", struct script, crls, &YAML_LIST_OF(1, SCRIPT_CRLS,
	    &YAML_STRUCT(struct script_crl, crl_fields)), .optional = true),
	YAML_FIELD("policies", struct script, policies,
	    &YAML_LIST_OF(1, SCRIPT_POLICIES,
	    &YAML_STRUCT(struct script_policy, policy_fields)),
	    .optional = true),
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

const char *
script_role_name(enum script_role role)
{
	for (size_t i = 0; roles[i].name != NULL; i++)
		if (roles[i].value == (int)role)
			return roles[i].name;
	return role == ROLE_FORMER ? "former" : "officer";
}

bool
script_key_wraps(const struct script_key *k)
{
	return k->backup == BACKUP_WRAPPED && !k->inherited;
}

bool
script_wraps(const struct script *s)
{
	for (size_t i = 0; i < s->keys.count; i++)
		if (script_key_wraps(&s->keys.at[i]))
			return true;
	return false;
}

bool
script_has_step(const struct script *s, const char *name)
{
	for (size_t i = 0; i < s->steps.count; i++)
		if (strcmp(s->steps.at[i].step.name, name) == 0)
			return true;
	return false;
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

int
script_crl_index(const struct script *s, const char *name)
{
	for (size_t i = 0; i < s->crls.count; i++)
		if (strcmp(s->crls.at[i].name, name) == 0)
			return (int)i;
	return -1;
}

int
script_policy_index(const struct script *s, const char *name)
{
	for (size_t i = 0; i < s->policies.count; i++)
		if (strcmp(s->policies.at[i].name, name) == 0)
			return (int)i;
	return -1;
}

struct certificate_plan
script_plan(enum script_mode mode, const struct script_certificate *c,
    int64_t day)
{
	int64_t from = c->not_before != 0 ? c->not_before : day;

	return (struct certificate_plan){
		.profile = (enum profile_kind)c->profile,
		.rehearsal = mode == MODE_REHEARSAL,
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
		.fields = script_fields, .check = script_check,
	};
	AUTO(script) s = mem_new(1, sizeof(*s));

	if (s == NULL)
		return err_because(ERR_MEMORY, "script");
	TRY(yaml_doc_parse(name, text, &s->doc));
	TRY(yaml_bind(s->doc, &type, s));
	*out_script = STEAL(s);
	return ERR_OK;
}
