/*
 * The service's API from a shell, for trials and support: the request's body
 * is a file or standard input, since arguments are seen by everybody on the
 * machine and a holder's number is nobody's business.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/wallet.h"
#include "credential/qr_picture.h"

#define REQUEST_MAX ((size_t)256 << 10)
#define PNG_SCALE 8

static enum err
post(const struct arguments *a, const char *path, struct view body,
    struct answer *out)
{
	const struct call c = {
		.socket = "api.sock",
		.method = "POST",
		.path = path,
		.key = option_value(a, "key", NULL),
		.body = body,
	};

	return service_call(service_dir(a), &c, out);
}

static enum err
draw(const struct arguments *a, const char *token)
{
	AUTO(qr_picture) picture = NULL;
	AUTO_DONE(bytes) text = { 0 }, png = { 0 };
	const char *file = option_value(a, "png", NULL);

	TRY(qr_picture_new(view_text(token), &picture));
	if (file != NULL) {
		TRY(qr_picture_png(picture, PNG_SCALE, &png));
		TRY(file_publish(file, bytes_view(&png), 0644));
	}
	if (option_given(a, "show")) {
		qr_picture_text(picture, &text);
		TRY(bytes_check(&text));
		put_view(bytes_view(&text));
	}
	return ERR_OK;
}

/* A token a line, as in the request; whoever has none has an empty line. */
static int
print_tokens(const struct arguments *a, const struct answer *answer)
{
	const struct document *d = answer->document;
	size_t count = document_count(d, "results");
	int status = EXIT_DONE;
	char path[64];

	if (option_given(a, "json"))
		put_line(bytes_view(&answer->reply.body));
	for (size_t i = 0; i < count; i++) {
		const char *token, *title;
		int64_t code;

		snprintf(path, sizeof(path), "results.%zu.status", i);
		code = document_int(d, path, 500);
		snprintf(path, sizeof(path), "results.%zu.body.qr_token", i);
		token = document_text(d, path);
		if (!option_given(a, "json"))
			put_line(view_text(token != NULL ? token : ""));
		if (token != NULL)
			continue;
		snprintf(path, sizeof(path), "results.%zu.body.title", i);
		title = document_text(d, path);
		complain("request %zu: %lld %s", i, (long long)code,
		    title != NULL ? title : "");
		if (status == EXIT_DONE)
			status = exit_of_status((int)code);
	}
	return status;
}

static int
qr_tokens(const struct arguments *a)
{
	AUTO_DONE(bytes) body = { 0 };
	AUTO_DONE(answer) answer = { 0 };
	enum err e;

	e = read_input(option_value(a, "batch", NULL), REQUEST_MAX, &body);
	if (e != ERR_OK)
		return complain_err("the requests", e);
	e = post(a, "/v1/qr-tokens:batch", bytes_view(&body), &answer);
	if (e != ERR_OK)
		return complain_err("POST /v1/qr-tokens:batch", e);
	if (answer.reply.status != 200)
		return service_problem(&answer);
	return print_tokens(a, &answer);
}

int
qr_token(const struct arguments *a)
{
	AUTO_DONE(bytes) body = { 0 };
	AUTO_DONE(answer) answer = { 0 };
	const char *token;
	enum err e;

	if (option_given(a, "batch"))
		return qr_tokens(a);
	if ((e = read_input(argument(a, 0), REQUEST_MAX, &body)) != ERR_OK)
		return complain_err("the request", e);
	e = post(a, "/v1/qr-tokens", bytes_view(&body), &answer);
	if (e != ERR_OK)
		return complain_err("POST /v1/qr-tokens", e);
	if (answer.reply.status != 201)
		return service_problem(&answer);
	token = document_text(answer.document, "qr_token");
	if (token == NULL)
		return complain_err("no qr_token in the answer", ERR_SCHEMA);
	if (option_given(a, "json"))
		put_line(bytes_view(&answer.reply.body));
	else
		put_line(view_text(token));
	if ((e = draw(a, token)) != ERR_OK)
		return complain_err("the picture", e);
	return EXIT_DONE;
}

/* The request with "device": a proof by the key in a file over a new nonce. */
static enum err
add_device(const struct arguments *a, const char *key_path,
    struct bytes *body)
{
	const struct call ask = { .socket = "api.sock", .method = "POST",
	    .path = "/v1/challenges" };
	AUTO_DONE(answer) challenge = { 0 };
	AUTO_DONE(bytes) proof = { 0 }, member = { 0 };
	AUTO(document) request = NULL;
	AUTO(EVP_PKEY) key = NULL;
	struct json j = json_start(&member);
	const char *audience, *nonce;

	TRY(document_parse(bytes_view(body), &request));
	TRY(wallet_open(key_path, &key));
	TRY(service_call(service_dir(a), &ask, &challenge));
	audience = document_text(challenge.document, "audience");
	nonce = document_text(challenge.document, "nonce");
	if (challenge.reply.status != 201 || !audience || !nonce)
		return err_because(ERR_UNAVAILABLE,
		    "the daemon gives no challenge (%d)",
		    challenge.reply.status);
	TRY(wallet_proof(key, audience, nonce, time_now(), &proof));
	json_record(&j, NULL);
	json_record(&j, "device");
	json_c_text(&j, "id", "practice");
	json_items(&j, "proofs");
	json_text(&j, NULL, bytes_view(&proof));
	for (int open = 3; open > 0; open--)
		json_close(&j);
	TRY(json_end(&j));
	bytes_reset(body);
	return document_merge(request, bytes_view(&member), body);
}

static void
print_credentials(const struct document *d)
{
	size_t count = document_count(d, "credentials");
	char path[64];

	for (size_t i = 0; i < count; i++) {
		const char *text;

		snprintf(path, sizeof(path), "credentials.%zu.credential", i);
		text = document_text(d, path);
		if (text != NULL)
			put_line(view_text(text));
	}
}

int
credential(const struct arguments *a)
{
	AUTO_DONE(bytes) body = { 0 };
	AUTO_DONE(answer) answer = { 0 };
	const char *key = option_value(a, "device-key", NULL);
	enum err e;

	if ((e = read_input(argument(a, 0), REQUEST_MAX, &body)) != ERR_OK)
		return complain_err("the request", e);
	if (key != NULL && (e = add_device(a, key, &body)) != ERR_OK)
		return complain_err("the device's proof", e);
	e = post(a, "/v1/credentials", bytes_view(&body), &answer);
	if (e != ERR_OK)
		return complain_err("POST /v1/credentials", e);
	if (answer.reply.status != 201)
		return service_problem(&answer);
	if (option_given(a, "json"))
		put_line(bytes_view(&answer.reply.body));
	else
		print_credentials(answer.document);
	return EXIT_DONE;
}

int
status_change(const struct arguments *a)
{
	AUTO_DONE(bytes) body = { 0 };
	AUTO_DONE(answer) answer = { 0 };
	const char *state;
	enum err e;

	if ((e = read_input(argument(a, 0), REQUEST_MAX, &body)) != ERR_OK)
		return complain_err("the request", e);
	e = post(a, "/v1/status-changes", bytes_view(&body), &answer);
	if (e != ERR_OK)
		return complain_err("POST /v1/status-changes", e);
	if (answer.reply.status != 201)
		return service_problem(&answer);
	state = document_text(answer.document, "device.state");
	if (option_given(a, "json"))
		put_line(bytes_view(&answer.reply.body));
	else
		put_line(view_text(state != NULL ? state : ""));
	return EXIT_DONE;
}

int
decision(const struct arguments *a)
{
	struct call c = { .socket = "api.sock", .method = "POST",
	    .path = "/v1/decisions" };
	AUTO_DONE(bytes) body = { 0 };
	AUTO_DONE(answer) answer = { 0 };
	const char *outcome;
	enum err e;

	if ((e = read_input(argument(a, 0), REQUEST_MAX, &body)) != ERR_OK)
		return complain_err("the request", e);
	c.body = bytes_view(&body);
	e = service_call(service_dir(a), &c, &answer);
	if (e != ERR_OK)
		return complain_err("POST /v1/decisions", e);
	outcome = document_text(answer.document, "decision.outcome");
	if (outcome == NULL)
		return service_problem(&answer);
	if (option_given(a, "json")) {
		put_line(bytes_view(&answer.reply.body));
	} else {
		printf("%s\n", outcome);
		decision_print(stdout, answer.document, false);
	}
	return strcmp(outcome, "allow") == 0 ? EXIT_DONE : EXIT_REFUSED;
}
