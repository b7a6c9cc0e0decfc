/*
 * The officers' commands: a script is checked before anybody travels,
 * rehearsed on a throw-away token, and what came of a ceremony is verified
 * from its files alone. Next: ceremony/ceremony.h.
 */
#include "ceremony/ceremony.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/say.h"
#include "pkcs11/card.h"
#include "quorum/words.h"

static void
print_line(void *context, const char *text)
{
	(void)context;
	printf("%s\n", text);
	fflush(stdout);
}

static const struct ceremony_listener listener = { .line = print_line };

static void
print_root(const struct hash *root)
{
	AUTO_DONE(bytes) hex = { 0 };

	hex_put(&hex, VIEW_OF(root->at));
	printf("transcript %s\n", bytes_text(&hex));
}

int
ceremony_check_script(const struct arguments *a)
{
	enum err e = ceremony_check(argument(a, 0), &listener);

	return e == ERR_OK ? EXIT_DONE : complain_err("the script", e);
}

static int
tell_root(const char *what, enum err e, const struct ceremony_result *r)
{
	if (e != ERR_OK)
		return complain_err(what, e);
	print_root(&r->root);
	return EXIT_DONE;
}

static const char *
module_of(const struct arguments *a)
{
	return option_value(a, "module", "/usr/lib/softhsm/libsofthsm2.so");
}

int
ceremony_rehearse_script(const struct arguments *a)
{
	struct ceremony_options o = {
		.script = argument(a, 0),
		.dir = argument(a, 1),
		.module = module_of(a),
		.listener = listener,
		.previous = option_value(a, "previous", NULL),
		.node = option_value(a, "node", NULL),
	};
	struct ceremony_result result = { 0 };

	return tell_root("the rehearsal", ceremony_hold(&o, &result),
	    &result);
}

int
ceremony_print_paper(const struct arguments *a)
{
	struct ceremony_options o = {
		.script = argument(a, 0),
		.module = module_of(a),
		.listener = listener,
		.previous = option_value(a, "previous", NULL),
		.node = option_value(a, "node", NULL),
	};
	enum err e = ceremony_paper(&o);

	return e == ERR_OK ? finish(EXIT_DONE) : complain_err("the paper", e);
}

/* ---- with people */

static bool
take_language(const struct arguments *a, enum language *out)
{
	const char *name = option_value(a, "language", "en");

	*out = strcmp(name, "ko") == 0 ? LANGUAGE_KOREAN : LANGUAGE_ENGLISH;
	if (strcmp(name, "ko") == 0 || strcmp(name, "en") == 0)
		return true;
	complain("--language is en or ko");
	return false;
}

/* On the whole screen of a terminal; in lines when asked, or without one. */
static int
hold_with_people(const struct arguments *a, struct ceremony_options *o,
    enum err (*act)(const struct ceremony_options *o,
    struct ceremony_result *out))
{
	AUTO(screen) screen = NULL;
	enum language language;
	struct console console;
	struct ceremony_result result = { 0 };
	enum err e;

	if (!take_language(a, &language))
		return EXIT_USAGE;
	/* shares are typed here */
	if ((e = mem_guard_process()) != ERR_OK)
		return complain_err("no core, no tracing", e);
	console = console_lines(&language);
	if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 &&
	    !option_given(a, "lines")) {
		if ((e = screen_open(o->dir, language, &screen)) != ERR_OK)
			return complain_err("the screen", e);
		console = screen_console(screen);
	}
	o->console = &console;
	e = act(o, &result);
	screen_close(STEAL(screen));
	return tell_root("the ceremony", e, &result);
}

int
ceremony_run_script(const struct arguments *a)
{
	struct ceremony_options o = {
		.script = argument(a, 0),
		.dir = argument(a, 1),
		.module = module_of(a),
		.rehearsal = option_value(a, "rehearsal", NULL),
		.previous = option_value(a, "previous", NULL),
		.node = option_value(a, "node", NULL),
	};

	return hold_with_people(a, &o, ceremony_hold);
}

int
ceremony_resume_dir(const struct arguments *a)
{
	struct ceremony_options o = {
		.dir = argument(a, 0),
		.module = module_of(a),
		.listener = listener,
	};
	struct ceremony_result result = { 0 };

	if (!option_given(a, "practice"))
		return hold_with_people(a, &o, ceremony_resume);
	return tell_root("the ceremony", ceremony_resume(&o, &result),
	    &result);
}

/* ---- one signature by a card, for the console */

static enum err
take_pin(const struct token_uri *uri, struct secret **out_pin)
{
	AUTO_DONE(bytes) text = { 0 };
	enum err e;

	if (uri->pin_file == NULL)
		return ask_terminal_secret("PIN of the card (not shown)",
		    out_pin);
	TRY(file_read(uri->pin_file, 256, &text));
	while (text.len != 0 && text.at[text.len - 1] == '\n')
		text.len--;
	e = secret_new(text.len, out_pin);
	if (e == ERR_OK)
		memcpy(secret_at(*out_pin), text.at, text.len);
	explicit_bzero(text.at, text.len);
	return e;
}

static enum err
sign_with_card(const char *card, const char *public, struct bytes *out_hex)
{
	AUTO_DONE(bytes) statement = { 0 }, signature = { 0 };
	AUTO(token_uri) uri = NULL;
	AUTO(secret) pin = NULL;
	AUTO(token) t = NULL;
	AUTO(EVP_PKEY) key = NULL;
	struct officer who = { 0 };
	enum err e;

	TRY(read_input(NULL, 65536, &statement));
	TRY(officer_key_get(view_text(public), &who));
	key = who.key;
	TRY(token_uri_parse(card, &uri));
	TRY(take_pin(uri, &pin));
	TRY(token_open(uri, NULL, &t));
	e = token_login(t, pin);
	if (e != ERR_OK)
		return err_because(e, "%s%s", e != ERR_PIN ? "" : "it refused "
		    "the PIN, which was tried once: ", err_why());
	TRY(card_sign(t, key, bytes_view(&statement), &signature));
	TRY(officer_verify(&who, bytes_view(&statement),
	    bytes_view(&signature)));
	hex_put(out_hex, bytes_view(&signature));
	return bytes_check(out_hex);
}

int
ceremony_sign_statement(const struct arguments *a)
{
	const char *card = option_value(a, "card", NULL);
	const char *public = option_value(a, "public", NULL);
	AUTO_DONE(bytes) hex = { 0 };
	enum err e;

	if (card == NULL || public == NULL) {
		complain("--card and --public are needed");
		return EXIT_USAGE;
	}
	e = mem_guard_process();
	if (e == ERR_OK)
		e = sign_with_card(card, public, &hex);
	if (e != ERR_OK)
		return complain_err("the card", e);
	put_line(bytes_view(&hex));
	return finish(EXIT_DONE);
}

int
ceremony_report_minutes(const struct arguments *a)
{
	AUTO_DONE(bytes) text = { 0 };
	enum err e = ceremony_minutes(argument(a, 0), option_given(a, "html"),
	    &text);

	if (e != ERR_OK)
		return complain_err("the minutes", e);
	put_view(bytes_view(&text));
	return finish(EXIT_DONE);
}

/* As it was written down: 64 digits, or 24 words. */
static enum err
take_root(const char *text, struct hash *out)
{
	AUTO_DONE(bytes) raw = { 0 };

	if (strchr(text, ' ') != NULL)
		return words_get(view_text(text), out);
	TRY(hex_get(view_text(text), &raw));
	if (raw.len != sizeof(out->at))
		return err_because(ERR_SYNTAX, "wanted 64 digits of 0-9 and "
		    "a-f, or %d words", HASH_WORDS);
	memcpy(out->at, raw.at, sizeof(out->at));
	return ERR_OK;
}

int
ceremony_verify_files(const struct arguments *a)
{
	const char *text = option_value(a, "root", NULL);
	struct hash expected;
	struct ceremony_question q = {
		.dir = argument(a, 0),
		.root = text != NULL ? &expected : NULL,
		.production = option_given(a, "production"),
	};
	struct ceremony_judgement j;
	enum err e;

	if (text != NULL && (e = take_root(text, &expected)) != ERR_OK) {
		(void)complain_err("--root", e);
		return EXIT_USAGE;
	}
	e = ceremony_examine(&q, &listener, &j);
	if (e != ERR_OK)
		(void)complain_err(verdict_text(j.verdict), e);
	return finish((int)j.verdict);
}
