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
	if (s->log.key.name == NULL)
		return ERR_OK;
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
	if (s->mode == MODE_PRODUCTION && !c->inherited && c->not_before == 0)
		return yaml_error(c->key.at, "%s: not-before: needed in "
		    "production, the host's clock dates nothing", c->name);
	if (c->profile == PROFILE_LINK && strcmp(c->subject.common_name,
	    by->subject.common_name) != 0)
		return yaml_error(c->issuer.at, "%s: expected the name of its "
		    "issuer, for the profile %s", c->name, p->name);
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
			/* a link is another certificate of an authority */
			if (c->profile != PROFILE_LINK &&
			    s->certificates.at[k].profile != PROFILE_LINK &&
			    strcmp(c->key.name,
			    s->certificates.at[k].key.name) == 0)
				return yaml_error(c->key.at,
				    "expected a key of its own, %s has it",
				    s->certificates.at[k].name);
		TRY(check_certificate(s, c));
	}
	return ERR_OK;
}

/* ---- beginning and continuing */

/* A ceremony that begins has nothing before it, and makes what is needed. */
static enum err
check_beginning(struct yaml_mark at, const struct script *s)
{
	if (s->continues)
		return ERR_OK;
	if (s->former.count != 0)
		return yaml_error(at, "former: only in a script that "
		    "continues another");
	if (s->keys.count == 0 || s->certificates.count == 0 ||
	    s->log.key.name == NULL)
		return yaml_error(at, "expected keys, certificates and log, "
		    "unless the ceremony continues another");
	for (size_t i = 0; i < s->keys.count; i++)
		if (s->keys.at[i].inherited)
			return yaml_error(at, "keys: %s cannot be inherited, "
			    "nothing is continued", s->keys.at[i].label);
	for (size_t i = 0; i < s->certificates.count; i++)
		if (s->certificates.at[i].inherited)
			return yaml_error(at, "certificates: %s cannot be "
			    "inherited, nothing is continued",
			    s->certificates.at[i].name);
	return ERR_OK;
}

/* What can be had again is proven to be, in this ceremony. */
static enum err
check_backup(struct yaml_mark at, const struct script *s)
{
	if (script_wraps(s) != (s->backup.token != NULL))
		return yaml_error(at, "backup: expected token and media where "
		    "keys are made that are to be wrapped, and only there");
	if (s->backup.token != NULL && strcmp(s->backup.token, s->token) == 0)
		return yaml_error(at, "backup: expected another token than "
		    "the one that the keys are made in");
	if (s->mode == MODE_PRODUCTION && s->backup.token != NULL &&
	    s->backup.media < 2)
		return yaml_error(at, "backup: expected at least two media, "
		    "in production");
	return ERR_OK;
}

/* A key that is not wrapped anywhere went with its token. */
static enum err
check_lost(struct yaml_mark at, const struct script *s)
{
	if (s->lost.count == 0)
		return ERR_OK;
	if (!s->continues || s->former.count != 0)
		return yaml_error(at, "lost: only in a script that continues "
		    "another, with the same officers");
	for (size_t i = 0; i < s->lost.count; i++)
		if (strcmp(s->lost.at[i], s->token) == 0)
			return yaml_error(at, "lost: expected other tokens "
			    "than the one that the keys go into");
	for (size_t i = 0; i < s->keys.count; i++)
		if (s->keys.at[i].inherited &&
		    s->keys.at[i].backup != BACKUP_WRAPPED)
			return yaml_error(at, "keys: %s was not wrapped: it "
			    "is lost with its token", s->keys.at[i].label);
	return ERR_OK;
}

static enum err
check_inherited(const struct script *s)
{
	for (size_t i = 0; i < s->certificates.count; i++) {
		const struct script_certificate *c = &s->certificates.at[i];
		int key = script_key_index(s, c->key.name);

		if (c->inherited && !s->keys.at[key].inherited &&
		    !s->keys.at[key].brought)
			return yaml_error(c->key.at, "expected an inherited "
			    "key of the inherited certificate %s", c->name);
	}
	return ERR_OK;
}

/* Keys of a further node are made in one script and certified in another. */
static enum err
check_node(struct yaml_mark at, const struct script *s)
{
	if (s->node && (!s->continues || s->former.count != 0 ||
	    s->lost.count != 0 || script_wraps(s)))
		return yaml_error(at, "node: only in a script that continues "
		    "another, without former, lost or backup");
	for (size_t i = 0; i < s->keys.count; i++) {
		const struct script_key *k = &s->keys.at[i];

		if (s->node && k->inherited)
			return yaml_error(at, "keys: %s cannot be inherited, "
			    "it is not in the node's token", k->label);
		if (k->brought && (s->node || !s->continues || k->inherited ||
		    k->backup != BACKUP_NONE))
			return yaml_error(at, "keys: %s cannot be brought: "
			    "only into a script that continues another on "
			    "its own token, to be certified", k->label);
	}
	return ERR_OK;
}

static enum err
check_crl(struct yaml_mark at, const struct script *s,
    const struct script_crl *l)
{
	int issuer = script_certificate_index(s, l->issuer.name);

	if (issuer == -1 || s->certificates.at[issuer].profile !=
	    PROFILE_IACA)
		return yaml_error(l->issuer.at, "expected the name of an iaca "
		    "certificate");
	if (s->mode == MODE_PRODUCTION && l->this_update == 0)
		return yaml_error(l->issuer.at, "%s: this-update: needed in "
		    "production, the host's clock dates nothing", l->name);
	for (size_t i = 0; i < l->revoked.count; i++)
		if (script_certificate_index(s,
		    l->revoked.at[i].certificate.name) == -1)
			return yaml_error(l->revoked.at[i].certificate.at,
			    "expected the name of a certificate");
	return script_crl_index(s, l->name) == (int)(l - s->crls.at) ? ERR_OK :
	    yaml_error(at, "crls: the name %s is given twice", l->name);
}

static enum err
check_crls(struct yaml_mark at, const struct script *s)
{
	for (size_t i = 0; i < s->crls.count; i++)
		TRY(check_crl(at, s, &s->crls.at[i]));
	return ERR_OK;
}

enum err
script_check(struct yaml_mark at, const void *value)
{
	const struct script *s = value;

	TRY(check_officers(at, s));
	TRY(check_witnesses(at, s));
	TRY(check_production(at, s));
	TRY(check_beginning(at, s));
	TRY(check_keys(at, s));
	TRY(check_backup(at, s));
	TRY(check_lost(at, s));
	TRY(check_node(at, s));
	TRY(check_certificates(at, s));
	TRY(check_inherited(s));
	for (size_t i = 0; i < s->policies.count; i++)
		if (script_policy_index(s, s->policies.at[i].name) != (int)i)
			return yaml_error(at, "policies: the name %s is given "
			    "twice", s->policies.at[i].name);
	return check_crls(at, s);
}
