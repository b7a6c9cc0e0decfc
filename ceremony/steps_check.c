/*
 * The model that a script's steps are walked through without doing any: what
 * must be so before each, and what is so after it. Scripts come here parsed
 * and consistent in themselves (script.c). Next: steps.c.
 */
#include <stdio.h>
#include <string.h>

#include "ceremony/steps_parts.h"

static const char *const fact_words[] = {
	"the secret to be split", "every quorum to be proven",
	"the token to be opened", "the PINs to be changed",
	"the ceremony to be closed", "the backup's secret to be split",
	"the backup's secret to be open", "the keys to be wrapped",
	"the backups to be proven", "the keys to be sealed",
	"the token to be declared lost", "the keys to be restored",
};

struct model {
	unsigned int	facts;
	bool		keys[CEREMONY_KEYS];		/* there */
	bool		destroyed[CEREMONY_KEYS];
	bool		certificates[SCRIPT_CERTIFICATES];
	bool		crls[SCRIPT_CRLS];
	bool		policies[SCRIPT_POLICIES];
};

static enum err
check_taken(const struct script_step *s, const struct row *row,
    const struct yaml_reference *what, enum takes as, const char *word)
{
	bool wanted = row->takes == as;

	if ((what->name != NULL) == wanted)
		return ERR_OK;
	return yaml_error(s->step.at, "expected %s \"%s\" with %s",
	    wanted ? "a" : "no", word, row->name);
}

static enum err
check_takes(const struct row *row, const struct script_step *s)
{
	TRY(check_taken(s, row, &s->key, TAKES_KEY, "key"));
	TRY(check_taken(s, row, &s->certificate, TAKES_CERTIFICATE,
	    "certificate"));
	TRY(check_taken(s, row, &s->crl, TAKES_CRL, "crl"));
	return check_taken(s, row, &s->policy, TAKES_POLICY, "policy");
}

static bool
is_kin(enum kin kin, const struct script *s)
{
	switch (kin) {
	case BEGINS:
		return !s->continues;
	case CONTINUES:
		return s->continues;
	case SPLITS:
		return !s->continues || s->former.count != 0;
	case CHANGES:
		return s->former.count != 0;
	case BACKS_UP:
		return script_wraps(s);
	case DEALS:
		return script_wraps(s) || s->former.count != 0;
	case RECOVERS:
		return s->lost.count != 0;
	case MAKES_TOKEN:
		return !s->continues || s->lost.count != 0 || s->node;
	case OPENS:
		return s->continues && !s->node;
	case REPLACES:
		return s->lost.count != 0 || s->node;
	case EITHER:
		break;
	}
	return true;
}

static enum err
check_kin(const struct row *row, const struct script *script,
    const struct script_step *s)
{
	static const char *const words[] = {
		[BEGINS] = "continues none",
		[CONTINUES] = "continues another",
		[SPLITS] = "continues none, or changes the officers",
		[CHANGES] = "changes the officers (former)",
		[BACKS_UP] = "makes keys that are to be wrapped",
		[DEALS] = "makes keys that are to be wrapped, or changes the "
		    "officers",
		[RECOVERS] = "recovers from a loss (lost)",
		[MAKES_TOKEN] = "continues none, recovers from a loss, or is "
		    "of a further node",
		[OPENS] = "continues another on its token",
		[REPLACES] = "recovers from a loss, or is of a further node",
	};

	return is_kin(row->kin, script) ? ERR_OK : yaml_error(s->step.at,
	    "%s: only in a script that %s", row->name, words[row->kin]);
}

static enum err
check_facts(const struct row *row, const struct script_step *s,
    const struct model *m)
{
	for (unsigned int i = 0; i < COUNT(fact_words); i++)
		if ((row->needs & ~m->facts) >> i & 1)
			return yaml_error(s->step.at, "%s: expected %s before",
			    row->name, fact_words[i]);
	if (!row->again && (row->gives & m->facts) != 0)
		return yaml_error(s->step.at, "%s: is done once", row->name);
	return ERR_OK;
}

/* Nothing is destroyed, signed with or left before it can be had again. */
static enum err
model_backed_up(struct yaml_mark at, const struct script_key *k,
    const struct model *m)
{
	if (!script_key_wraps(k) || (m->facts & SEALED) != 0)
		return ERR_OK;
	return yaml_error(at, "the key %s is to be backed up: expected its "
	    "backup to be proven (prove-backups), and the key to be sealed "
	    "(seal-keys), before", k->label);
}

/* Can the key of this certificate sign by now? */
static enum err
model_signer(const struct script *script, struct yaml_mark at,
    int certificate, const struct model *m)
{
	int key = script_key_index(script,
	    script->certificates.at[certificate].key.name);

	if (!m->keys[key])
		return yaml_error(at, "expected the key %s, which signs it, "
		    "to be %s before", script->keys.at[key].label,
		    script->keys.at[key].inherited ? "restored" : "generated");
	return model_backed_up(at, &script->keys.at[key], m);
}

static enum err
model_backups(struct yaml_mark at, const struct script *script,
    const struct model *m)
{
	for (size_t i = 0; i < script->keys.count; i++)
		TRY(model_backed_up(at, &script->keys.at[i], m));
	return ERR_OK;
}

static enum err
model_wrap(const struct script *script, const struct script_step *s,
    const struct model *m)
{
	for (size_t i = 0; i < script->keys.count; i++)
		if (script_key_wraps(&script->keys.at[i]) && !m->keys[i])
			return yaml_error(s->step.at, "wrap-keys: expected "
			    "the key %s to be generated before",
			    script->keys.at[i].label);
	return ERR_OK;
}

/* New officers share the secret there is: what is wrapped stays as it is. */
static enum err
model_deal(const struct script *script, const struct script_step *s,
    struct model *m)
{
	if (script->former.count != 0 && (m->facts & OPENED) == 0)
		return yaml_error(s->step.at, "%s: expected the former "
		    "officers to open it before (open-backup-secret)",
		    s->step.name);
	m->facts &= ~OPENED;
	return ERR_OK;
}

/* A token in another's place has the PINs of the secret that there is. */
static enum err
model_token(const struct script *script, const struct script_step *s,
    const struct model *m)
{
	if (script->lost.count != 0 && (m->facts & LOST) == 0)
		return yaml_error(s->step.at, "%s: expected the token before "
		    "it to be declared lost before", s->step.name);
	/* prove-possession proves shares and opens nothing */
	if (script->continues && (m->facts & SPLIT) == 0)
		return yaml_error(s->step.at, "%s: expected the secret to be "
		    "opened before (open-secret)", s->step.name);
	return ERR_OK;
}

/* Nothing is made in a token that other PINs open than the officers'. */
static enum err
model_pins(const struct script *script, const struct script_step *s,
    const struct model *m)
{
	return !is_kin(SPLITS, script) || (m->facts & CHANGED) != 0 ?
	    ERR_OK : yaml_error(s->step.at, "%s: expected the PINs to be "
	    "changed before", s->step.name);
}

static enum err
model_key(const struct script *script, const struct row *row,
    const struct script_step *s, struct model *m)
{
	int key = script_key_index(script, s->key.name);
	bool destroys = row->run == step_destroy_key;

	if (key == -1)
		return yaml_error(s->key.at, "expected the label of a key");
	if (m->destroyed[key])
		return yaml_error(s->key.at, "this key is destroyed before");
	if (!destroys && m->keys[key])
		return yaml_error(s->key.at, "this key is generated before");
	if (destroys && !script->keys.at[key].inherited)
		return yaml_error(s->key.at, "expected an inherited key");
	if (destroys)
		TRY(model_backups(s->step.at, script, m));
	if (script_key_wraps(&script->keys.at[key]) &&
	    (m->facts & WRAPPED) != 0)
		return yaml_error(s->key.at, "expected this key to be "
		    "generated before the keys are wrapped (wrap-keys)");
	if (!destroys)
		TRY(model_pins(script, s, m));
	m->keys[key] = true;
	m->destroyed[key] = destroys;
	return ERR_OK;
}

static enum err
model_certificate(const struct script *script, const struct script_step *s,
    struct model *m)
{
	int at = script_certificate_index(script, s->certificate.name);
	const struct script_certificate *c;
	int issuer;

	if (at == -1)
		return yaml_error(s->certificate.at,
		    "expected the name of a certificate");
	c = &script->certificates.at[at];
	issuer = script_certificate_index(script, c->issuer.name);
	if (m->certificates[at])
		return yaml_error(s->certificate.at,
		    "this certificate is issued before");
	if (!m->keys[script_key_index(script, c->key.name)])
		return yaml_error(s->certificate.at,
		    "expected its key %s to be generated before", c->key.name);
	if (m->destroyed[script_key_index(script,
	    script->certificates.at[issuer].key.name)])
		return yaml_error(s->certificate.at,
		    "the key of its issuer is destroyed before");
	if (issuer != at && !m->certificates[issuer])
		return yaml_error(s->certificate.at,
		    "expected its issuer %s to be issued before",
		    c->issuer.name);
	TRY(model_signer(script, s->certificate.at, issuer, m));
	m->certificates[at] = true;
	return ERR_OK;
}

static enum err
model_crl(const struct script *script, const struct script_step *s,
    struct model *m)
{
	int at = script_crl_index(script, s->crl.name);
	int issuer;

	if (at == -1)
		return yaml_error(s->crl.at, "expected the name of a crl");
	issuer = script_certificate_index(script,
	    script->crls.at[at].issuer.name);
	if (m->crls[at])
		return yaml_error(s->crl.at, "this list is issued before");
	if (!m->certificates[issuer] || m->destroyed[script_key_index(script,
	    script->certificates.at[issuer].key.name)])
		return yaml_error(s->crl.at, "expected its issuer %s, and the "
		    "key of it", script->certificates.at[issuer].name);
	TRY(model_signer(script, s->crl.at, issuer, m));
	m->crls[at] = true;
	return ERR_OK;
}

static enum err
model_policy(const struct script *script, const struct script_step *s,
    struct model *m)
{
	int at = script_policy_index(script, s->policy.name);

	if (at == -1)
		return yaml_error(s->policy.at, "expected the name of a "
		    "policy");
	if (m->policies[at])
		return yaml_error(s->policy.at, "this policy is approved "
		    "before");
	m->policies[at] = true;
	return ERR_OK;
}

/* Nothing the script plans may be left out. */
static enum err
model_close(const struct script *script, const struct script_step *s,
    const struct model *m)
{
	if ((m->facts & (PROVEN | TOKEN)) == 0 ||
	    (!script->continues && (m->facts & TOKEN) == 0))
		return yaml_error(s->step.at, "close: expected something to "
		    "be done before");
	TRY(model_pins(script, s, m));
	for (size_t i = 0; i < script->keys.count; i++)
		if (!m->keys[i])
			return yaml_error(s->step.at, "close: expected the "
			    "key %s to be %s before",
			    script->keys.at[i].label,
			    script->keys.at[i].inherited ? "restored" :
			    "generated");
	TRY(model_backups(s->step.at, script, m));
	for (size_t i = 0; i < script->certificates.count; i++)
		if (!m->certificates[i])
			return yaml_error(s->step.at, "close: expected the "
			    "certificate %s to be issued before",
			    script->certificates.at[i].name);
	for (size_t i = 0; i < script->crls.count; i++)
		if (!m->crls[i])
			return yaml_error(s->step.at, "close: expected the "
			    "crl %s to be issued before",
			    script->crls.at[i].name);
	for (size_t i = 0; i < script->policies.count; i++)
		if (!m->policies[i])
			return yaml_error(s->step.at, "close: expected the "
			    "policy %s to be approved before",
			    script->policies.at[i].name);
	return ERR_OK;
}

static enum err
model_step(const struct script *script, const struct script_step *s,
    struct model *m)
{
	const struct row *row = step_row(s->step.name);

	if (row == NULL)
		return yaml_error(s->step.at, "expected a step of the "
		    "catalogue");
	if ((m->facts & CLOSED) != 0)
		return yaml_error(s->step.at, "expected nothing after close");
	TRY(check_kin(row, script, s));
	TRY(check_takes(row, s));
	TRY(check_facts(row, s, m));
	if (row->run == step_initialise_token)
		TRY(model_token(script, s, m));
	if (row->gives == WRAPPED)
		TRY(model_wrap(script, s, m));
	if (row->gives == DEALT)
		TRY(model_deal(script, s, m));
	if (row->gives == REGAINED)
		for (size_t i = 0; i < script->keys.count; i++)
			m->keys[i] |= script->keys.at[i].inherited;
	if (row->takes == TAKES_KEY)
		TRY(model_key(script, row, s, m));
	if (row->takes == TAKES_CRL)
		TRY(model_crl(script, s, m));
	if (row->takes == TAKES_POLICY)
		TRY(model_policy(script, s, m));
	if (row->takes == TAKES_CERTIFICATE)
		TRY(model_certificate(script, s, m));
	if (row->gives == CLOSED)
		TRY(model_close(script, s, m));
	m->facts |= row->gives;
	return ERR_OK;
}

enum err
steps_check(const struct script *s)
{
	struct model m = { 0 };

	for (size_t i = 0; i < s->keys.count; i++)
		m.keys[i] = s->keys.at[i].brought ||
		    (s->keys.at[i].inherited && s->lost.count == 0);
	for (size_t i = 0; i < s->certificates.count; i++)
		m.certificates[i] = s->certificates.at[i].inherited;
	for (size_t i = 0; i < s->steps.count; i++)
		TRY(model_step(s, &s->steps.at[i], &m));
	if ((m.facts & CLOSED) == 0)
		return yaml_error(s->steps.at[s->steps.count - 1].step.at,
		    "expected close as the last step");
	return ERR_OK;
}

