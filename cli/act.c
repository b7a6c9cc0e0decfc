/*
 * Acts of officers, made and sent. The statement they answer comes through a
 * socket that whoever runs the machine controls: it is compared before
 * (said.c), and the act names its hash. Next: signer/round.c.
 */
#include "cli/act.h"

#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/seal.h"
#include "quorum/approve.h"

/* ---- the statement */

void
said_done(struct said *s)
{
	bytes_done(&s->text);
	*s = (struct said){ 0 };
}

enum err
said_fetch(const char *dir, struct said *out)
{
	AUTO_DONE(answer) answer = { 0 };
	AUTO_DONE(said) s = { 0 };
	const char *text;

	TRY(seal_status(dir, &answer));
	text = document_text(answer.document, "statement");
	if (answer.reply.status != 200 || text == NULL)
		return err_because(ERR_UNAVAILABLE,
		    "the daemon makes no statement of itself");
	bytes_put_text(&s.text, text);
	TRY(bytes_check(&s.text));
	s.hash = sha256(bytes_view(&s.text));
	TRY(activation_get(bytes_view(&s.text), &s.about));
	*out = s;
	s = (struct said){ 0 };
	return ERR_OK;
}

/* ---- who signs */

void
signer_done(struct signer *s)
{
	EVP_PKEY_free(s->key);
	EVP_PKEY_free(s->who.key);
	*s = (struct signer){ 0 };
}

enum err
signer_of_key(const char *path, struct signer *out)
{
	return officer_key_read(path, &out->key);
}

enum err
signer_of_card(const char *card, const char *roster, unsigned int seat,
    struct signer *out)
{
	AUTO_DONE(roster) r = { 0 };

	TRY(roster_read(roster, &r));
	if (seat < 1 || seat > r.count)
		return err_because(ERR_NOT_FOUND, "seat %u is not in %s: say "
		    "which with --seat", seat, roster);
	out->who = r.officers[seat - 1];
	EVP_PKEY_up_ref(out->who.key);
	out->card = card;
	return ERR_OK;
}

enum err
seat_given(const struct arguments *a, unsigned int *out)
{
	const char *text = option_value(a, "seat", "0");
	struct reader r = reader_of(view_text(text));
	uint64_t seat = reader_decimal(&r, ROSTER_SEATS);

	if (reader_end(&r, "--seat") != ERR_OK)
		return err_because(ERR_RANGE, "--seat: wanted a number from 1 "
		    "to %d", ROSTER_SEATS);
	*out = (unsigned int)seat;
	return ERR_OK;
}

enum err
signer_given(const struct arguments *a, struct signer *out)
{
	const char *card = option_value(a, "card", NULL);
	const char *key = option_value(a, "key", NULL);
	const char *roster = option_value(a, "roster", NULL);

	TRY(seat_given(a, &out->seat));
	if (card == NULL && key == NULL)
		return err_because(ERR_NOT_FOUND,
		    "an officer signs: --key FILE, or --card URI");
	if (card == NULL)
		return signer_of_key(key, out);
	if (roster == NULL)
		return err_because(ERR_NOT_FOUND, "with --card, the officers' "
		    "public keys are needed: --roster FILE");
	return signer_of_card(card, roster, out->seat, out);
}

static enum err
sign(const struct signer *s, struct view message, struct bytes *out)
{
	const struct participant p = {
		.as = "you", .card = s->card, .who = s->who,
	};

	return s->card != NULL ? console_sign(&p, message, out) :
	    officer_sign(s->key, message, out);
}

/* ---- the act */

static enum err
post(const char *dir, struct view text, struct answer *out)
{
	AUTO_DONE(bytes) body = { 0 };
	struct json j = json_start(&body);
	struct call c = { .socket = "admin.sock", .method = "POST",
	    .path = "/v1/acts" };

	json_record(&j, NULL);
	json_text(&j, "act", text);
	json_close(&j);
	TRY(json_end(&j));
	c.body = bytes_view(&body);
	return service_call(dir, &c, out);
}

enum err
act_send(const char *dir, const struct said *said, const struct signer *s,
    struct act *act, struct answer *out)
{
	AUTO_DONE(bytes) text = { 0 }, signature = { 0 };

	act->statement = said->hash;
	act->seat = s->seat;
	TRY(act_begin(act, &text));
	TRY(sign(s, bytes_view(&text), &signature));
	TRY(act_finish(bytes_view(&signature), &text));
	return post(dir, bytes_view(&text), out);
}
