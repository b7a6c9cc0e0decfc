/*
 * What holds between the parts of a script: people, keys and certificates fit
 * together, and what only production must have. Each part has its form already
 * (script.c). Next: steps.c walks the steps.
 */
#include <string.h>

#include "ceremony/participant.h"
#include "ceremony/script_parts.h"

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

/* One person, one seat. */
static enum err
check_witnesses(struct yaml_mark at, const struct script *s)
{
	for (size_t i = 0; i < s->witnesses.count; i++) {
		const char *name = s->witnesses.at[i].name;

		for (size_t k = 0; k < s->officers.count; k++)
			if (strcmp(name, s->officers.at[k].name) == 0)
				return yaml_error(at, "witnesses: number %zu "
				    "has the name of seat %zu", i + 1, k + 1);
		for (size_t k = 0; k < i; k++)
			if (strcmp(name, s->witnesses.at[k].name) == 0)
				return yaml_error(at, "witnesses: numbers %zu "
				    "and %zu have the same name", k + 1,
				    i + 1);
	}
	return ERR_OK;
}

/* What only a ceremony that counts must have. */
static enum err
check_production(struct yaml_mark at, const struct script *s)
{
	struct participants p;
	enum err e;

	if (s->mode != MODE_PRODUCTION)
		return ERR_OK;
	if (s->window.from >= s->window.to)
		return yaml_error(at, "window: expected one whose \"from\" is "
		    "before its \"to\", in production");
	if (s->witnesses.count == 0)
		return yaml_error(at, "witnesses: expected at least one, in "
		    "production");
	if (2 * s->threshold <= (int64_t)s->officers.count)
		return yaml_error(at, "threshold: expected more than half of "
		    "the officers, in production");
	participants_of(s, &p);
	e = participants_keys(s, &p);
	if (e == ERR_OK)
		e = participants_check(&p);
	participants_done(&p);
	return e == ERR_OK ? ERR_OK : yaml_error(at, "%s", err_why());
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

enum err
script_check(struct yaml_mark at, const void *value)
{
	const struct script *s = value;

	TRY(check_officers(at, s));
	TRY(check_witnesses(at, s));
	TRY(check_production(at, s));
	TRY(check_keys(at, s));
	return check_certificates(at, s);
}
