/*
 * The people's part of a ceremony: presence, agreement, exceptions, breaks and
 * the verdict, each signed by those who give it over the newest record. What
 * they type is a person's text: bounded, printable, and never believed to be a
 * signature before it verifies. Next: verify_people.c reads all this back.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "ceremony/steps.h"

#define REMARK 400	/* bytes of what somebody writes into a record */

/* In the language of the room. */
static __attribute__((format_arg(2))) const char *
words(const struct ceremony *c, const char *english)
{
	return phrase(c->console->language, english);
}

/* ---- signatures */

static enum err
sign_once(struct ceremony *c, const struct participant *p,
    struct view message, struct bytes *out_signature)
{
	bytes_reset(out_signature);
	TRY(c->console->sign(c->console->context, p, message,
	    out_signature));
	return officer_verify(&p->who, message, bytes_view(out_signature));
}

/* A wrong card or a wrong key is no reason to end a ceremony. */
enum err
attend_sign(struct ceremony *c, const struct participant *p,
    struct view message, struct bytes *out_signature)
{
	for (;;) {
		enum err e = sign_once(c, p, message, out_signature);

		if (e == ERR_OK || e == ERR_SYSTEM || e == ERR_MEMORY ||
		    e == ERR_NOT_FOUND || e == ERR_REFUSED)
			return e;
		ceremony_say(c, "  not the signature of %s: %s", p->as,
		    err_why());
		TRY(attend_enter(c, "Enter to try again, or abort"));
	}
}

static enum err
sign(struct ceremony *c, const struct participant *p, const char *what,
    const char *says, struct bytes *out_signature)
{
	struct statement s = {
		.what = what, .mode = script_mode_name(c->mode),
		.after = transcript_root(c->transcript),
		.step = c->step, .as = p->as, .says = says,
	};
	AUTO_DONE(bytes) text = { 0 };

	memcpy(s.id, c->id, sizeof(s.id));
	statement_put(&s, &text);
	TRY(bytes_check(&text));
	return attend_sign(c, p, bytes_view(&text), out_signature);
}

static enum err
record_signed(struct ceremony *c, const struct participant *p,
    enum record_type type, const char *what, const char *says)
{
	AUTO_DONE(bytes) signature = { 0 };
	AUTO_DONE(payload) fields = { 0 };

	TRY(sign(c, p, what, says, &signature));
	payload_put(&fields, "what", what);
	payload_put_hex(&fields, "signature", bytes_view(&signature));
	return ceremony_record_by(c, type, p->as, &fields);
}

/* ---- questions */

static bool
is_remark(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.at[i] < ' ' || v.at[i] == 0x7f)
			return false;
	return v.len != 0 && v.len <= REMARK && utf8_valid(v);
}

static enum err
ask_remark(struct ceremony *c, const char *text, struct bytes *out)
{
	struct question q = {
		.text = words(c, text), .practice = "practised",
	};

	do {
		bytes_reset(out);
		TRY(c->console->ask(c->console->context, &q, out));
	} while (!is_remark(bytes_view(out)));
	return ERR_OK;
}

static enum err
put_remark(struct ceremony *c, const char *key, const char *text,
    struct payload *p)
{
	AUTO_DONE(bytes) remark = { 0 };

	TRY(ask_remark(c, text, &remark));
	payload_put(p, key, bytes_text(&remark));
	return ERR_OK;
}

/* Officers or watchers among those present; at most so many sign. */
static enum err
agree_some(struct ceremony *c, bool officers, size_t wanted)
{
	for (size_t i = 0; wanted != 0 && i < c->participants.count; i++) {
		struct participant *p = &c->participants.at[i];

		if (!p->present || p->role == ROLE_FORMER ||
		    (p->role == ROLE_OFFICER) != officers)
			continue;
		TRY(record_signed(c, p, RECORD_CONFIRM, "exception",
		    "agree"));
		wanted--;
	}
	return ERR_OK;
}

static enum err
take_exception(struct ceremony *c)
{
	AUTO_DONE(payload) p = { 0 };

	TRY(put_remark(c, "expected", "exception: what was expected?", &p));
	TRY(put_remark(c, "happened", "exception: what happened?", &p));
	TRY(put_remark(c, "decided", "exception: what was decided?", &p));
	TRY(ceremony_record(c, RECORD_EXCEPTION, &p));
	TRY(agree_some(c, true, 1));
	return agree_some(c, false, 1);
}

static enum err
take_break(struct ceremony *c)
{
	AUTO_DONE(payload) left = { 0 };
	AUTO_DONE(payload) back = { 0 };

	TRY(put_remark(c, "left", "break: why, and what was sealed how?",
	    &left));
	TRY(ceremony_record(c, RECORD_BREAK, &left));
	TRY(put_remark(c, "back", "break: back; what was found how?", &back));
	TRY(ceremony_record(c, RECORD_BREAK, &back));
	return attend_roll_call(c);
}

static enum err
abort_by_hand(struct ceremony *c)
{
	AUTO_DONE(bytes) why = { 0 };

	TRY(ask_remark(c, "abort: why?", &why));
	return err_because(ERR_REFUSED, "aborted in the room: %s",
	    bytes_text(&why));
}

enum err
attend_ask(struct ceremony *c, const struct question *q, struct bytes *out)
{
	for (;;) {
		struct view v;

		bytes_reset(out);
		TRY(c->console->ask(c->console->context, q, out));
		v = bytes_view(out);
		if (view_is(v, "abort"))
			return abort_by_hand(c);
		if (view_is(v, "exception"))
			TRY(take_exception(c));
		else if (view_is(v, "break"))
			TRY(take_break(c));
		else
			return ERR_OK;
	}
}

enum err
attend_enter(struct ceremony *c, const char *text)
{
	struct question q = { .text = words(c, text), .practice = "" };
	AUTO_DONE(bytes) line = { 0 };

	do
		TRY(attend_ask(c, &q, &line));
	while (line.len != 0);
	return ERR_OK;
}

/* ---- presence */

static bool
hands_out_shares(const struct script *s)
{
	return script_has_step(s, "split-secret") ||
	    script_has_step(s, "split-backup-secret");
}

static enum err
check_present(const struct ceremony *c)
{
	const struct script *s = c->script;
	size_t officers = participants_officers(&c->participants);
	size_t all = 0, former = 0;
	size_t needed = hands_out_shares(s) ? s->officers.count :
	    (size_t)s->threshold;

	for (size_t i = 0; i < c->participants.count; i++) {
		all += c->participants.at[i].present;
		former += c->participants.at[i].present &&
		    c->participants.at[i].role == ROLE_FORMER;
	}
	if (s->former.count != 0 && former < c->quorum.threshold &&
	    c->before == NULL)
		return err_because(ERR_FORBIDDEN, "%zu of those who hold the "
		    "shares are present, %u are needed", former,
		    c->quorum.threshold);
	if (officers < needed)
		return err_because(ERR_FORBIDDEN, "%zu officers are present, "
		    "%zu are needed", officers, needed);
	if (s->witnesses.count != 0 && all == officers + former)
		return err_because(ERR_FORBIDDEN, "nobody is present who "
		    "watches: an auditor or a witness is needed");
	return ERR_OK;
}

/* "absent", or Enter; whoever is here signs. */
static enum err
call(struct ceremony *c, struct participant *p)
{
	AUTO_DONE(bytes) line = { 0 };
	char text[256];
	struct question q = { .text = text, .practice = "" };

	snprintf(text, sizeof(text), words(c,
	    "roll-call: %s, %s: Enter, or absent"), p->as, p->who.name);
	p->present = false;
	do {
		/* not attend_ask(): a break would begin with a roll-call */
		bytes_reset(&line);
		TRY(c->console->ask(c->console->context, &q, &line));
		if (view_is(bytes_view(&line), "abort"))
			return abort_by_hand(c);
	} while (line.len != 0 && !view_is(bytes_view(&line), "absent"));
	if (line.len != 0)
		return ERR_OK;
	TRY(record_signed(c, p, RECORD_ROLLCALL, "roll-call", "present"));
	p->present = true;
	return ERR_OK;
}

enum err
attend_roll_call(struct ceremony *c)
{
	for (size_t i = 0; i < c->participants.count; i++)
		TRY(call(c, &c->participants.at[i]));
	return check_present(c);
}

/* ---- agreement */

/* One officer, who may say no. */
enum err
attend_attest(struct ceremony *c, struct participant *p, const char *what,
    const char *about, bool *out_agreed)
{
	AUTO_DONE(bytes) line = { 0 };
	char text[256];
	struct question q = { .text = text, .practice = "" };

	snprintf(text, sizeof(text), "%s, %s, %s", p->as, p->who.name,
	    words(c, about));
	do
		TRY(attend_ask(c, &q, &line));
	while (line.len != 0 && !view_is(bytes_view(&line), "no"));
	*out_agreed = line.len == 0;
	return *out_agreed ? record_signed(c, p, RECORD_CONFIRM, what,
	    "agree") : ERR_OK;
}

enum err
attend_agree(struct ceremony *c, size_t officers)
{
	size_t agreed = 0;

	for (size_t i = 0; agreed < officers && i < c->participants.count;
	    i++) {
		struct participant *p = &c->participants.at[i];
		bool yes = false;

		if (p->role != ROLE_OFFICER || !p->present)
			continue;
		TRY(attend_attest(c, p, "confirm",
		    "do you agree? Enter, or no", &yes));
		agreed += yes;
	}
	if (agreed < officers)
		return err_because(ERR_FORBIDDEN, "%zu officers agreed, %zu "
		    "are needed", agreed, officers);
	return ERR_OK;
}

/* ---- the verdict */

static enum err
put_verdict(struct ceremony *c, const struct participant *p,
    struct bytes *out)
{
	AUTO_DONE(bytes) says = { 0 }, signature = { 0 };
	char text[256];
	struct question q = { .text = text, .practice = "agree" };

	snprintf(text, sizeof(text), words(c,
	    "%s, %s: agree, or disagree and why"), p->as, p->who.name);
	do {
		bytes_reset(&says);
		TRY(c->console->ask(c->console->context, &q, &says));
	} while (!is_remark(bytes_view(&says)) ||
	    (!view_is(bytes_view(&says), "agree") &&
	    !view_starts(bytes_view(&says), "disagree ")));
	TRY(sign(c, p, "verdict", bytes_text(&says), &signature));
	bytes_printf(out, "%s %s ", p->as,
	    officer_algorithm_name(p->who.algorithm));
	base64_put(out, bytes_view(&signature));
	bytes_printf(out, " %s\n", bytes_text(&says));
	return bytes_check(out);
}

enum err
attend_verdicts(struct ceremony *c)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash root = transcript_root(c->transcript);
	char path[PATH_MAX];

	ceremony_say(c, "the ceremony's root, for everybody's own paper:");
	ceremony_say_hash(c, "root", &root);
	bytes_put_text(&text, "okse-ceremony-signatures 1\nroot ");
	hex_put(&text, VIEW_OF(root.at));
	bytes_put_u8(&text, '\n');
	for (size_t i = 0; i < c->participants.count; i++)
		if (c->participants.at[i].present)
			TRY(put_verdict(c, &c->participants.at[i], &text));
	TRY(bytes_check(&text));
	TRY(path_join(c->dir, "ceremony/signatures.txt", path, sizeof(path)));
	return file_create(path, bytes_view(&text), 0644);
}
