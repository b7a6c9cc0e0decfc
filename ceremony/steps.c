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
#define CLOSED	0x8u

enum takes { TAKES_NOTHING, TAKES_KEY, TAKES_CERTIFICATE };

static const struct row {
	const char	*name;
	enum takes	 takes;
	unsigned int	 needs, gives;
	bool		 critical;	/* a quorum of officers signs first */
	enum err	 (*run)(struct ceremony *c,
			    const struct script_step *s,
			    struct payload *result);
	const char	*about;		/* for the room, before it is done */
} catalogue[] = {
	{ "split-secret", TAKES_NOTHING, 0, SPLIT, true, step_split_secret,
	    "a secret is drawn and split; each officer's share is encrypted "
	    "to them" },
	{ "prove-quorums", TAKES_NOTHING, SPLIT, PROVEN, false,
	    step_prove_quorums,
	    "each officer enters their share; every quorum must open the "
	    "secret, every set of one fewer must not" },
	/* its PINs are the secret's: recovery is proven before they are set */
	{ "initialise-token", TAKES_NOTHING, SPLIT | PROVEN, TOKEN, true,
	    step_initialise_token,
	    "the blank token gets its label and its PINs: a point of no "
	    "return" },
	{ "generate-key", TAKES_KEY, TOKEN, 0, true, step_generate_key,
	    "the token makes a key pair; its attributes are read back and it "
	    "signs" },
	{ "certify", TAKES_CERTIFICATE, TOKEN, 0, true, step_certify,
	    "a certificate is built, linted, signed by the token, compared "
	    "and linted again" },
	{ "close", TAKES_NOTHING, PROVEN | TOKEN, CLOSED, false, step_close,
	    "the token's objects are counted, it is logged out, the secret is "
	    "forgotten" },
};

static const char *const fact_words[] = {
	"the secret to be split", "every quorum to be proven",
	"the token to be initialised", "the ceremony to be closed",
};

struct model {
	unsigned int	facts;
	bool		keys[CEREMONY_KEYS];
	bool		certificates[SCRIPT_CERTIFICATES];
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
check_takes(const struct row *row, const struct script_step *s)
{
	if ((s->key.name != NULL) != (row->takes == TAKES_KEY))
		return yaml_error(s->step.at, "expected %s \"key\" with %s",
		    row->takes == TAKES_KEY ? "a" : "no", row->name);
	if ((s->certificate.name != NULL) !=
	    (row->takes == TAKES_CERTIFICATE))
		return yaml_error(s->step.at, "expected %s \"certificate\" "
		    "with %s", row->takes == TAKES_CERTIFICATE ? "a" : "no",
		    row->name);
	return ERR_OK;
}

static enum err
check_facts(const struct row *row, const struct script_step *s,
    const struct model *m)
{
	for (unsigned int i = 0; i < COUNT(fact_words); i++)
		if ((row->needs & ~m->facts) >> i & 1)
			return yaml_error(s->step.at, "%s: expected %s before",
			    row->name, fact_words[i]);
	if ((row->gives & m->facts) != 0)
		return yaml_error(s->step.at, "%s: is done once", row->name);
	return ERR_OK;
}

static enum err
model_key(const struct script *script, const struct script_step *s,
    struct model *m)
{
	int key = script_key_index(script, s->key.name);

	if (key == -1)
		return yaml_error(s->key.at, "expected the label of a key");
	if (m->keys[key])
		return yaml_error(s->key.at, "this key is generated before");
	m->keys[key] = true;
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
	if (issuer != at && !m->certificates[issuer])
		return yaml_error(s->certificate.at,
		    "expected its issuer %s to be issued before",
		    c->issuer.name);
	m->certificates[at] = true;
	return ERR_OK;
}

/* Nothing the script plans may be left out. */
static enum err
model_close(const struct script *script, const struct script_step *s,
    const struct model *m)
{
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
	TRY(check_takes(row, s));
	TRY(check_facts(row, s, m));
	if (row->takes == TAKES_KEY)
		TRY(model_key(script, s, m));
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
	const char *subject = at->key.name != NULL ? at->key.name :
	    at->certificate.name;

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
	return ceremony_record(c, RECORD_INTENT, &intent);
}

static enum err
run_step(struct ceremony *c, const struct script_step *s)
{
	const struct row *row = row_of(s->step.name);
	AUTO_DONE(payload) result = { 0 };

	ceremony_say(c, "  %s", row->about);
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
		ceremony_say(c, "step %zu of %zu: %s", c->next + 1,
		    c->script->steps.count, title);
		TRY(run_step(c, &c->script->steps.at[c->next]));
	}
	return ERR_OK;
}
