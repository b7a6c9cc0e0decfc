/*
 * An officer's share into the daemon: what the daemon says of itself is shown
 * and compared, then the share is encrypted to the key in it and signed with
 * the officer's own. A share is never an argument and never printed.
 * Next: act.c sends it.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "ceremony/steps.h"
#include "cli/act.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "cli/seal.h"
#include "quorum/approve.h"
#include "quorum/envelope.h"

#define SEALED_FILE 65536	/* a share as CMS in PEM */

/* ---- the share */

static enum err
read_line_file(const char *path, EVP_PKEY *recipient, struct secret **out)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO(secret) line = NULL;

	TRY(file_read(path, SEALED_FILE, &text));
	if (view_starts(bytes_view(&text), "-----BEGIN CMS"))
		return recipient != NULL ?
		    share_unseal(bytes_view(&text), NULL, recipient, out) :
		    err_because(ERR_NOT_FOUND, "%s is sealed: --recipient is "
		    "the key it opens with", path);
	if (text.len > 0 && text.at[text.len - 1] == '\n')
		text.len--;
	TRY(secret_new(text.len, &line));
	memcpy(secret_at(line), text.at, text.len);
	*out = STEAL(line);
	return ERR_OK;
}

static enum err
check_set(const struct activation *about, const struct share *share)
{
	if (memcmp(about->set_id, share->set_id, SHARE_ID_SIZE) != 0)
		return err_because(ERR_MISMATCH, "this share is of another "
		    "set than the daemon's: of another ceremony, or one that "
		    "was replaced");
	return ERR_OK;
}

/* Read here first: its check sum tells a slip of the pen. */
static enum err
seal_line(const struct said *said, const struct secret *line,
    struct signer *s, struct bytes *out)
{
	AUTO_DONE(share) share = { 0 };
	struct envelope e = { .statement = said->hash };

	TRY(share_get(VIEW(secret_peek(line), secret_len(line)), &share));
	if (s->seat != 0 && s->seat != share.x)
		return err_because(ERR_MISMATCH, "this is the share of seat "
		    "%u, not of seat %u", share.x, s->seat);
	TRY(check_set(&said->about, &share));
	s->seat = e.seat = share.x;
	return envelope_seal(&e, VIEW_OF(said->about.point), line, out);
}

static enum err
send_line(const char *dir, const struct said *said,
    const struct secret *line, struct signer *s, struct answer *out)
{
	AUTO_DONE(act) act = { .kind = ACT_SHARE };

	TRY(seal_line(said, line, s, &act.sealed));
	return act_send(dir, said, s, &act, out);
}

enum err
seal_send_file(const char *dir, const char *path, const char *key,
    struct answer *out)
{
	AUTO_DONE(said) said = { 0 };
	AUTO_DONE(signer) s = { 0 };
	AUTO(secret) line = NULL;

	TRY(said_fetch(dir, &said));
	TRY(signer_of_key(key, &s));
	TRY(read_line_file(path, NULL, &line));
	return send_line(dir, &said, line, &s, out);
}

static enum err
send_plain(const char *dir, const struct secret *line, struct answer *out)
{
	AUTO_DONE(bytes) body = { 0 };
	struct json j = json_start(&body);
	struct call c = { .socket = "admin.sock", .method = "POST",
	    .path = "/v1/unseal" };

	json_record(&j, NULL);
	json_text(&j, "share", VIEW(secret_peek(line), secret_len(line)));
	json_close(&j);
	TRY(json_end(&j));
	c.body = bytes_view(&body);
	return service_call(dir, &c, out);
}

/* ---- the command */

/* N.key beside N.share, as practice officers have them. */
static enum err
key_beside(const char *share, struct bytes *out)
{
	size_t len = share != NULL ? strlen(share) : 0;

	if (len > 6 && strcmp(share + len - 6, ".share") == 0) {
		bytes_put(out, VIEW(share, len - 6));
		bytes_put_text(out, ".key");
		if (file_exists(bytes_text(out)))
			return bytes_check(out);
	}
	return err_because(ERR_NOT_FOUND, "a share is signed by its officer: "
	    "--key FILE, or --card URI");
}

static enum err
signer_of(const struct arguments *a, const char *share, size_t i,
    struct signer *out)
{
	const char *key = option_nth(a, "key", i);
	AUTO_DONE(bytes) beside = { 0 };

	if (option_given(a, "card"))
		return signer_given(a, out);
	TRY(seat_given(a, &out->seat));
	if (key != NULL)
		return signer_of_key(key, out);
	TRY(key_beside(share, &beside));
	return signer_of_key(bytes_text(&beside), out);
}

static enum err
take_line(const struct arguments *a, const char *share, struct secret **out)
{
	const char *path = option_value(a, "recipient", NULL);
	AUTO(EVP_PKEY) recipient = NULL;

	if (share == NULL)
		return ask_secret("share (not shown)", out);
	if (path != NULL)
		TRY(officer_key_read(path, &recipient));
	return read_line_file(share, recipient, out);
}

/* The statement anew for each: a round may have ended in between. */
static enum err
give(const struct arguments *a, const char *share, size_t i,
    struct answer *out)
{
	const char *dir = service_dir(a);
	AUTO_DONE(said) said = { 0 };
	AUTO_DONE(signer) s = { 0 };
	AUTO(secret) line = NULL;

	if (option_given(a, "plain")) {
		TRY(take_line(a, share, &line));
		return send_plain(dir, line, out);
	}
	TRY(said_fetch(dir, &said));
	if (i == 0)
		said_show(&said);
	TRY(said_compare(&said, a));
	TRY(take_line(a, share, &line));
	TRY(signer_of(a, share, i, &s));
	return send_line(dir, &said, line, &s, out);
}

static int
print_statement(const struct arguments *a)
{
	AUTO_DONE(said) said = { 0 };
	enum err e = said_fetch(service_dir(a), &said);

	if (e != ERR_OK)
		return complain_err("the statement", e);
	put_view(bytes_view(&said.text));
	return finish(EXIT_DONE);
}

/* The files given, or lines until it is open or there are no more. */
int
unseal(const struct arguments *a)
{
	bool files = option_given(a, "share"), open = false;
	int status = EXIT_DONE;

	if (option_given(a, "statement"))
		return print_statement(a);
	if (mem_guard_process() != ERR_OK)
		return complain_err("no core, no tracing", ERR_SYSTEM);
	for (size_t i = 0; status == EXIT_DONE && !open; i++) {
		const char *share = option_nth(a, "share", i);
		AUTO_DONE(answer) answer = { 0 };
		enum err e;

		if (files && share == NULL)
			break;
		e = give(a, share, i, &answer);
		if (e == ERR_NOT_FOUND && !files && i > 0)
			break;		/* the end of what was to be read */
		if (e != ERR_OK)
			return complain_err(files ? share : "the share", e);
		status = seal_tell_outcome(a, &answer);
		open = !files && !seal_waits(answer.document);
	}
	return status;
}
