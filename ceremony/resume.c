/*
 * Going on after a crash. The transcript says how far the ceremony came; what
 * it says is believed as a verifier believes it: chain, signatures, files by
 * their hashes, keys by their records. The token is then asked what it holds.
 * Next: steps.c.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "base/file.h"
#include "ceremony/steps.h"
#include "ceremony/verify.h"

#define RECIPIENT_MAX 16384

/* ---- how far it came */

static void
find_step(const struct evidence *v, struct ceremony *c)
{
	for (size_t i = 0; i < v->records.count; i++) {
		c->begun = c->begun ||
		    v->records.at[i].type == RECORD_INTENT;
		if (v->records.at[i].type != RECORD_RESULT)
			continue;
		c->begun = false;
		c->next++;
	}
}

/* What the step that was not finished had chosen to initialise, if anything. */
static enum err
find_blank(const struct evidence *v, struct ceremony *c)
{
	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = &v->records.at[i];

		if (r->type == RECORD_INTENT)
			c->blank = (struct token_identity){ 0 };
		if (r->type != RECORD_BLANK)
			continue;
		TRY(record_take(r, "label", c->blank.label,
		    sizeof(c->blank.label)));
		TRY(record_take(r, "serial", c->blank.serial,
		    sizeof(c->blank.serial)));
	}
	return ERR_OK;
}

/* Has a step of this name its RESULT? */
static bool
is_done(const struct ceremony *c, const char *name)
{
	for (size_t i = 0; i < c->next; i++)
		if (strcmp(c->script->steps.at[i].step.name, name) == 0)
			return true;
	return false;
}

static enum err
check_goes_on(const struct evidence *v)
{
	const struct records *r = &v->records;
	bool steps = false;

	for (size_t i = 0; i < r->count; i++)
		steps |= r->at[i].type == RECORD_INTENT;
	if (r->ended)
		return err_because(ERR_EXISTS, "this ceremony has ended: "
		    "record %zu", r->count);
	return steps ? ERR_OK : err_because(ERR_NOT_FOUND, "no step was "
	    "begun: nothing was made; begin anew in another directory");
}

static enum err
check_same_hands(const struct evidence *v, struct ceremony *c)
{
	const struct record *env;

	TRY(evidence_find(v, RECORD_ENV, NULL, NULL, &env));
	TRY(ceremony_program_hash("/proc/self/exe", &c->hashes.program));
	TRY(ceremony_program_hash(c->module, &c->hashes.module));
	TRY(record_says_hex(env, "tool-sha256",
	    VIEW_OF(c->hashes.program.at)));
	return record_says_hex(env, "module-sha256",
	    VIEW_OF(c->hashes.module.at));
}

/* ---- who */

/* In a rehearsal the recipients' certificates are files of theirs. */
static enum err
take_recipient(const struct ceremony *c, struct participant *p)
{
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(BIO) bio = NULL;
	char name[48], path[PATH_MAX];

	snprintf(name, sizeof(name), "officers/%u.recipient.pem", p->seat);
	TRY(path_join(c->dir, name, path, sizeof(path)));
	TRY(file_read(path, RECIPIENT_MAX, &pem));
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (bio == NULL || (p->recipient = PEM_read_bio_X509(bio, NULL, NULL,
	    NULL)) == NULL)
		return err_openssl(name);
	return ERR_OK;
}

static enum err
take_people(struct evidence *v, struct ceremony *c)
{
	TRY(evidence_people(v));
	TRY(evidence_signatures(v));
	c->participants = v->participants;
	v->participants = (struct participants){ 0 };
	for (size_t i = 0; i < c->participants.count; i++) {
		struct participant *p = &c->participants.at[i];

		p->present = false;
		if (c->mode == MODE_REHEARSAL && p->role == ROLE_OFFICER)
			TRY(take_recipient(c, p));
	}
	return ERR_OK;
}

/* ---- what was made */

static enum err
load_outputs(struct evidence *v, struct ceremony *c)
{
	for (size_t i = 0; i < c->next; i++) {
		const struct script_step *s = &c->script->steps.at[i];

		if (strcmp(s->step.name, "generate-key") == 0)
			TRY(evidence_key(v, (size_t)script_key_index(
			    c->script, s->key.name)));
		if (s->certificate.name != NULL)
			TRY(evidence_certificate(v, (size_t)
			    script_certificate_index(c->script,
			    s->certificate.name)));
	}
	return ERR_OK;
}

/* Keys by their ids in the register; what v holds becomes c's. */
static enum err
take_outputs(struct evidence *v, struct ceremony *c)
{
	TRY(evidence_previous(v));
	TRY(load_outputs(v, c));
	TRY(evidence_register(v, c->next, &c->reg));
	c->quorum = v->quorum;
	c->backup_quorum = v->backup_quorum;
	for (size_t i = 0; i < c->script->keys.count; i++) {
		const struct register_key *k = register_key(&c->reg,
		    c->script->keys.at[i].label);

		if (k != NULL)
			memcpy(c->ids[i], k->id, sizeof(k->id));
		c->keys[i] = STEAL(v->keys[i]);
	}
	for (size_t i = 0; i < c->script->certificates.count; i++)
		c->certificates[i] = STEAL(v->certificates[i]);
	return ERR_OK;
}

/* ---- in the room again */

static enum err
record_resume(struct ceremony *c)
{
	AUTO_DONE(payload) p = { 0 };

	payload_put_hex(&p, "tool-sha256", VIEW_OF(c->hashes.program.at));
	TRY(ceremony_record(c, RECORD_RESUME, &p));
	ceremony_say(c, "going on with step %zu", c->next + 1);
	return attend_roll_call(c);
}

static enum err
read_quorum(struct evidence *v, struct ceremony *c)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(evidence_read(v, "ceremony/quorum.txt", &text));
	return quorum_get(bytes_view(&text), &c->quorum);
}

/* The backup's secret, while wrapped keys may still have to be opened. */
static enum err
regain_backup(struct evidence *v, struct ceremony *c)
{
	bool split = is_done(c, "split-backup-secret");
	AUTO_DONE(bytes) text = { 0 };

	if (split) {
		TRY(evidence_read(v, "ceremony/backup-quorum.txt", &text));
		TRY(quorum_get(bytes_view(&text), &c->backup_quorum));
	}
	if ((!split && !is_done(c, "open-backup-secret")) ||
	    is_done(c, "seal-keys") || is_done(c, "restore-keys"))
		return ERR_OK;
	return ceremony_open_secret(c, split ? c->participants.at :
	    participants_holders(c->script, &c->participants),
	    SHARE_OF_BACKUP, &c->backup);
}

/* The holders of before, while the officers change. */
static enum err
regain_before(struct ceremony *c)
{
	if (!c->script->continues && is_done(c, "initialise-token"))
		return ceremony_provisional(c, &c->before);
	if (c->script->former.count == 0 || !is_done(c, "open-token"))
		return ERR_OK;
	TRY(ceremony_open_secret(c, participants_holders(c->script,
	    &c->participants), SHARE_OF_SECRET, &c->before));
	return quorum_root(&c->quorum, c->before, &c->root);
}

/*
 * The token, with the PIN it has by now. While PINs are being changed nobody
 * knows which: that is found out, and the change is whole afterwards.
 */
static enum err
regain_token(struct ceremony *c)
{
	bool changing = c->begun && strcmp(c->script->steps.at[
	    c->next].step.name, "change-pins") == 0;

	if (!is_done(c, "initialise-token") && !is_done(c, "open-token"))
		return ERR_OK;
	if (changing)
		TRY(ceremony_change_pins(c));
	return ceremony_reopen(c, c->before != NULL && !changing &&
	    !is_done(c, "change-pins") ? c->before : c->secret);
}

/* A secret that opens nothing yet, because nobody proved it, is made anew. */
static enum err
regain_secret(struct evidence *v, struct ceremony *c)
{
	bool split = is_done(c, "split-secret");

	if (is_done(c, "close"))
		return ERR_OK;
	TRY(regain_before(c));
	if (split)
		TRY(read_quorum(v, c));
	if (split || is_done(c, "open-secret") ||
	    (is_done(c, "open-token") && c->before == NULL))
		TRY(ceremony_open_secret(c, c->participants.at,
		    SHARE_OF_SECRET, &c->secret));
	TRY(regain_backup(v, c));
	return regain_token(c);
}

enum err
ceremony_resume_state(struct evidence *v, struct ceremony *c)
{
	char path[PATH_MAX];

	TRY(check_goes_on(v));
	TRY(check_same_hands(v, c));
	c->script = v->script;
	c->mode = v->mode;
	c->day = v->day;
	memcpy(c->id, v->id, sizeof(c->id));
	find_step(v, c);
	TRY(find_blank(v, c));
	TRY(take_people(v, c));
	TRY(take_outputs(v, c));
	if (c->next < c->script->steps.count)
		step_word(c->script, c->next, c->step);
	else
		snprintf(c->step, sizeof(c->step), "close");
	TRY(path_join(c->dir, "ceremony/transcript.log", path, sizeof(path)));
	TRY(transcript_continue(path, script_mode_name(c->mode), c->step,
	    &v->records, &c->transcript));
	TRY(record_resume(c));
	return regain_secret(v, c);
}
