/*
 * The catalogue of steps, the model that checks a script against it, and the
 * runner that records INTENT and RESULT around each. Scripts come here parsed
 * and consistent in themselves (script.c).
 * Next: step_secret.c and step_token.c do the steps.
 */
#include "ceremony/steps.h"

#include <stdio.h>
#include <string.h>

/* What can be so of a ceremony besides its keys and certificates. */
#define SPLIT	0x1u	/* the secret exists, every officer has a share */
#define PROVEN	0x2u	/* every quorum has opened it */
#define TOKEN	0x4u	/* the token is initialised and logged in */
#define CHANGED	0x8u	/* its PINs are the new officers' */
#define CLOSED	0x10u

enum takes { TAKES_NOTHING, TAKES_KEY, TAKES_CERTIFICATE, TAKES_CRL,
	TAKES_POLICY };

/* Which scripts may have it: the last one, with other officers. */
enum kin { BEGINS, CONTINUES, EITHER, SPLITS, CHANGES };

static const struct row {
	const char	*name;
	enum kin	 kin;
	enum takes	 takes;
	unsigned int	 needs, gives;
	bool		 again;		/* may be done more than once */
	bool		 critical;	/* a quorum of officers signs first */
	enum err	 (*run)(struct ceremony *c,
			    const struct script_step *s,
			    struct payload *result);
	const char	*about;		/* for the room, before it is done */
} catalogue[] = {
	{ "split-secret", SPLITS, TAKES_NOTHING, 0, SPLIT, false, true,
	    step_split_secret,
	    "a secret is drawn and split; each officer's share is encrypted "
	    "to them" },
	{ "prove-quorums", SPLITS, TAKES_NOTHING, SPLIT, PROVEN, false, false,
	    step_prove_quorums,
	    "each officer enters their share; every quorum must open the "
	    "secret, every set of one fewer must not" },
	/* its PINs are the secret's: recovery is proven before they are set */
	{ "initialise-token", BEGINS, TAKES_NOTHING, SPLIT | PROVEN, TOKEN,
	    false, true, step_initialise_token,
	    "the blank token gets its label and its PINs: a point of no "
	    "return" },
	{ "prove-possession", CONTINUES, TAKES_NOTHING, 0, PROVEN, false,
	    false, step_prove_possession,
	    "each officer who is present enters their share; it is checked "
	    "alone, and nothing is put together" },
	{ "change-pins", CHANGES, TAKES_NOTHING, SPLIT | PROVEN | TOKEN,
	    CHANGED, false, true, step_change_pins,
	    "the token takes the PINs of the new officers, and theirs alone: "
	    "a point of no return" },
	{ "open-token", CONTINUES, TAKES_NOTHING, 0, TOKEN, false,
	    true, step_open_token,
	    "officers enter their shares; the token is opened, and its "
	    "objects are compared with the register" },
	{ "generate-key", EITHER, TAKES_KEY, TOKEN, 0, true, true,
	    step_generate_key,
	    "the token makes a key pair; its attributes are read back and it "
	    "signs" },
	{ "certify", EITHER, TAKES_CERTIFICATE, TOKEN, 0, true, true,
	    step_certify,
	    "a certificate is built, linted, signed by the token, compared "
	    "and linted again" },
	{ "issue-crl", EITHER, TAKES_CRL, TOKEN, 0, true, true, step_issue_crl,
	    "a revocation list is built, signed by the token and read back" },
	{ "approve-policy", EITHER, TAKES_POLICY, 0, PROVEN, true, true,
	    step_approve_policy,
	    "officers sign the manifest of a policy bundle: read what it "
	    "changes before (okse policy simulate)" },
	{ "destroy-key", CONTINUES, TAKES_KEY, TOKEN, 0, true, true,
	    step_destroy_key,
	    "the key signs for the last time, and is destroyed: a point of no "
	    "return" },
	{ "close", EITHER, TAKES_NOTHING, 0, CLOSED, false, false, step_close,
	    "the token's objects are counted, it is logged out, the secret is "
	    "forgotten, the register is written" },
};

static const char *const fact_words[] = {
	"the secret to be split", "every quorum to be proven",
	"the token to be opened", "the PINs to be changed",
	"the ceremony to be closed",
};

struct model {
	unsigned int	facts;
	bool		keys[CEREMONY_KEYS];		/* there */
	bool		destroyed[CEREMONY_KEYS];
	bool		certificates[SCRIPT_CERTIFICATES];
	bool		crls[SCRIPT_CRLS];
	bool		policies[SCRIPT_POLICIES];
};

static const struct row *
row_of(const char *name)
{
	for (size_t i = 0; i < COUNT(catalogue); i++)
		if (strcmp(catalogue[i].name, name) == 0)
			return &catalogue[i];
	return NULL;
}

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
	if (script->former.count != 0 && (m->facts & CHANGED) == 0)
		return yaml_error(s->step.at, "close: expected the PINs to be "
		    "changed before, since the officers change");
	for (size_t i = 0; i < script->keys.count; i++)
		if (!m->keys[i])
			return yaml_error(s->step.at, "close: expected the "
			    "key %s to be generated before",
			    script->keys.at[i].label);
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
	const struct row *row = row_of(s->step.name);

	if (row == NULL)
		return yaml_error(s->step.at, "expected a step of the "
		    "catalogue");
	if ((m->facts & CLOSED) != 0)
		return yaml_error(s->step.at, "expected nothing after close");
	TRY(check_kin(row, script, s));
	if (row->run == step_split_secret && script->continues &&
	    (m->facts & TOKEN) == 0)
		return yaml_error(s->step.at, "%s: expected the token to be "
		    "opened by the officers before", row->name);
	TRY(check_takes(row, s));
	TRY(check_facts(row, s, m));
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
		m.keys[i] = s->keys.at[i].inherited;
	for (size_t i = 0; i < s->certificates.count; i++)
		m.certificates[i] = s->certificates.at[i].inherited;
	for (size_t i = 0; i < s->steps.count; i++)
		TRY(model_step(s, &s->steps.at[i], &m));
	if ((m.facts & CLOSED) == 0)
		return yaml_error(s->steps.at[s->steps.count - 1].step.at,
		    "expected close as the last step");
	return ERR_OK;
}

void
step_word(const struct script *s, size_t index, char out[64])
{
	snprintf(out, 64, "%zu.%s", index + 1, s->steps.at[index].step.name);
}

void
step_title(const struct script *s, size_t index, char out[128])
{
	const struct script_step *at = &s->steps.at[index];
	const char *const subjects[] = {
		at->key.name, at->certificate.name, at->crl.name,
		at->policy.name,
	};
	const char *subject = NULL;

	for (size_t i = 0; i < COUNT(subjects); i++)
		subject = subjects[i] != NULL ? subjects[i] : subject;

	snprintf(out, 128, "%s%s%s", at->step.name,
	    subject != NULL ? " " : "", subject != NULL ? subject : "");
}

bool
step_is_critical(const struct script_step *s)
{
	return row_of(s->step.name)->critical;
}

static enum err
record_intent(struct ceremony *c, const struct script_step *s)
{
	AUTO_DONE(payload) intent = { 0 };

	if (s->key.name != NULL)
		payload_put(&intent, "key", s->key.name);
	if (s->certificate.name != NULL)
		payload_put(&intent, "certificate", s->certificate.name);
	if (s->crl.name != NULL)
		payload_put(&intent, "crl", s->crl.name);
	if (s->policy.name != NULL)
		payload_put(&intent, "policy", s->policy.name);
	return ceremony_record(c, RECORD_INTENT, &intent);
}

static enum err
run_step(struct ceremony *c, const struct script_step *s)
{
	const struct row *row = row_of(s->step.name);
	AUTO_DONE(payload) result = { 0 };

	ceremony_say(c, "  %s", phrase(c->console->language, row->about));
	if (!c->begun)
		TRY(record_intent(c, s));
	TRY(row->critical ?
	    attend_agree(c, (size_t)c->script->threshold) :
	    attend_enter(c, "Enter to go on"));
	TRY(row->run(c, s, &result));
	c->begun = false;
	return ceremony_record(c, RECORD_RESULT, &result);
}

enum err
steps_run(struct ceremony *c)
{
	for (; c->next < c->script->steps.count; c->next++) {
		char title[128];

		step_word(c->script, c->next, c->step);
		step_title(c->script, c->next, title);
		c->console->step(c->console->context, c->next + 1,
		    c->script->steps.count, title);
		TRY(run_step(c, &c->script->steps.at[c->next]));
	}
	return ERR_OK;
}
