/*
 * The catalogue of steps, and the runner that records INTENT and RESULT around
 * each. Scripts come here checked (steps_check.c).
 * Next: step_secret.c and step_token.c do the steps.
 */
#include <stdio.h>
#include <string.h>

#include "ceremony/steps_parts.h"

static const struct row catalogue[] = {
	{ "split-secret", SPLITS, TAKES_NOTHING, TOKEN, SPLIT, false, true,
	    step_split_secret,
	    "a secret is drawn, by token and host, and split; each officer's "
	    "share is encrypted to them" },
	{ "prove-quorums", SPLITS, TAKES_NOTHING, SPLIT, PROVEN, false, false,
	    step_prove_quorums,
	    "each officer enters their share; every quorum must open the "
	    "secret, every set of one fewer must not" },
	/* first its chance is needed, for the secret its PINs come from */
	{ "initialise-token", MAKES_TOKEN, TAKES_NOTHING, 0, TOKEN, false,
	    true, step_initialise_token,
	    "the blank token gets its label: a point of no return" },
	{ "prove-possession", CONTINUES, TAKES_NOTHING, 0, PROVEN, false,
	    false, step_prove_possession,
	    "each officer who is present enters their share; it is checked "
	    "alone, and nothing is put together" },
	{ "change-pins", SPLITS, TAKES_NOTHING, SPLIT | PROVEN | TOKEN,
	    CHANGED, false, true, step_change_pins,
	    "the token takes the PINs of the officers, and theirs alone: a "
	    "point of no return" },
	{ "open-token", OPENS, TAKES_NOTHING, 0, TOKEN, false,
	    true, step_open_token,
	    "officers enter their shares; the token is opened, and its "
	    "objects are compared with the register" },
	{ "declare-lost", RECOVERS, TAKES_NOTHING, 0, LOST, false, true,
	    step_declare_lost,
	    "the token is given up: what it holds and no medium has is gone" },
	{ "open-secret", REPLACES, TAKES_NOTHING, 0, SPLIT | PROVEN, false,
	    true, step_open_secret,
	    "officers enter their shares; the secret is open, and no token "
	    "is" },
	{ "split-backup-secret", DEALS, TAKES_NOTHING, TOKEN, DEALT, false,
	    true, step_split_backup_secret,
	    "another secret is drawn and split: wrapped keys are opened by it "
	    "alone" },
	{ "prove-backup-quorums", DEALS, TAKES_NOTHING, DEALT, OPENED,
	    false, false, step_prove_backup_quorums,
	    "each officer enters their backup share; every quorum must open "
	    "the secret, every set of one fewer must not" },
	{ "open-backup-secret", CONTINUES, TAKES_NOTHING, 0, OPENED, false,
	    true, step_open_backup_secret,
	    "officers enter their backup shares" },
	{ "generate-key", EITHER, TAKES_KEY, TOKEN, 0, true, true,
	    step_generate_key,
	    "the token makes a key pair; its attributes are read back and it "
	    "signs" },
	{ "wrap-keys", BACKS_UP, TAKES_NOTHING, TOKEN | OPENED, WRAPPED,
	    false, true, step_wrap_keys,
	    "every key that is to be backed up is wrapped, and written to "
	    "every medium" },
	{ "prove-backups", BACKS_UP, TAKES_NOTHING, TOKEN | WRAPPED, COPIED,
	    false, true, step_prove_backups,
	    "on the second token every wrapped key is unwrapped, and signs" },
	{ "seal-keys", BACKS_UP, TAKES_NOTHING, COPIED, SEALED, false, true,
	    step_seal_keys,
	    "the keys become such that nothing takes them out of the token "
	    "any more: a point of no return" },
	{ "restore-keys", RECOVERS, TAKES_NOTHING, TOKEN | OPENED, REGAINED,
	    false, true, step_restore_keys,
	    "every wrapped key is unwrapped in the new token, and signs" },
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

const struct row *
step_row(const char *name)
{
	for (size_t i = 0; i < COUNT(catalogue); i++)
		if (strcmp(catalogue[i].name, name) == 0)
			return &catalogue[i];
	return NULL;
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
	return step_row(s->step.name)->critical;
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
	const struct row *row = step_row(s->step.name);
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
