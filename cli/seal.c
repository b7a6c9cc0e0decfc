/*
 * Opening and closing the daemon, over the officers' socket. A share goes
 * from its file, or the keyboard, into that socket and nowhere else: never
 * an argument, never printed. Next: the supervisor, which checks it.
 */
#include "cli/seal.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "quorum/share.h"

static enum err
admin_call(const char *dir, const char *method, const char *path,
    struct view body, struct answer *out)
{
	const struct call c = {
		.socket = "admin.sock",
		.method = method,
		.path = path,
		.body = body,
	};

	return service_call(dir, &c, out);
}

enum err
seal_status(const char *dir, struct answer *out)
{
	return admin_call(dir, "GET", "/v1/seal-status", (struct view){ 0 },
	    out);
}

/* The line, checked here first: its check sum tells a slip of the pen. */
static enum err
send_share(const char *dir, struct view line, struct answer *out)
{
	AUTO_DONE(share) share = { 0 };
	AUTO_DONE(bytes) body = { 0 };
	struct json j = json_start(&body);

	TRY(share_get(line, &share));
	json_record(&j, NULL);
	json_text(&j, "share", line);
	json_close(&j);
	TRY(json_end(&j));
	return admin_call(dir, "POST", "/v1/unseal", bytes_view(&body), out);
}

enum err
seal_send_file(const char *dir, const char *path, struct answer *out)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(file_read(path, SHARE_TEXT_SIZE + 1, &text));
	if (text.len > 0 && text.at[text.len - 1] == '\n')
		text.len--;
	return send_share(dir, bytes_view(&text), out);
}

/* ---- the commands */

/* Waiting for shares: neither open, nor opening, nor latched. */
static bool
is_sealed(const struct document *d)
{
	const char *state = document_text(d, "state");

	return state != NULL && strcmp(state, "sealed") == 0;
}

static bool
is_asking(const struct document *d)
{
	const char *state = document_text(d, "state");

	return state != NULL && strcmp(state, "asking") == 0;
}

/* Durable, published, witnessed: how far the log has come. */
static void
print_log(const struct document *d)
{
	printf("  log         %lld durable, %lld published",
	    (long long)document_int(d, "log.durable", 0),
	    (long long)document_int(d, "log.published", 0));
	if (document_text(d, "log.quorum") == NULL) {
		printf("\n");
		return;
	}
	printf(", %lld witnessed (quorum %s)\n",
	    (long long)document_int(d, "log.witnessed", 0),
	    document_text(d, "log.quorum"));
	if (!document_true(d, "log.issuing"))
		printf("  Nothing is issued: the quorum of witnesses is "
		    "missing for %lld seconds.\n",
		    (long long)document_int(d, "log.lag_seconds", 0));
}

static void
print_state(const struct document *d)
{
	const char *state = document_text(d, "state");
	size_t given = document_count(d, "given");

	printf("%s%s%s\n", paint(stdout, BOLD), state != NULL ? state : "?",
	    paint(stdout, PLAIN));
	if (is_sealed(d))
		printf("  shares      %zu of %lld\n", given,
		    (long long)document_int(d, "threshold", 0));
	else
		printf("  keyholders  %lld of %lld\n",
		    (long long)document_int(d, "keyholders", 0),
		    (long long)document_int(d, "keyholders_wanted", 0));
	if (document_text(d, "refused") != NULL)
		printf("  Not opened: %s.\n", document_text(d, "refused"));
	if (document_int(d, "log.durable", -1) >= 0)
		print_log(d);
	if (state != NULL && strcmp(state, "latched") == 0)
		printf("  The token refused the PIN. No login is tried until "
		    "an officer runs okse clear-latch.\n");
	if (document_has(d, "hold"))
		printf("  %sheld%s        %s\n", paint(stdout, RED),
		    paint(stdout, PLAIN), document_text(d, "hold.why"));
}

static int
tell(const struct arguments *a, const struct answer *answer)
{
	if (answer->reply.status != 200)
		return service_problem(answer);
	if (option_given(a, "json"))
		put_line(bytes_view(&answer->reply.body));
	else
		print_state(answer->document);
	return EXIT_DONE;
}

int
status(const struct arguments *a)
{
	AUTO_DONE(answer) answer = { 0 };
	enum err e = seal_status(service_dir(a), &answer);

	if (e != ERR_OK)
		return complain_err("status", e);
	return tell(a, &answer);
}

static int
simple_post(const struct arguments *a, const char *path)
{
	AUTO_DONE(answer) answer = { 0 };
	enum err e = admin_call(service_dir(a), "POST", path,
	    (struct view){ 0 }, &answer);

	if (e != ERR_OK)
		return complain_err(path, e);
	return tell(a, &answer);
}

int
seal(const struct arguments *a)
{
	return simple_post(a, "/v1/seal");
}

int
clear_latch(const struct arguments *a)
{
	return simple_post(a, "/v1/clear-latch");
}

#define ASKING_PAUSE_US 100000

/*
 * The witnesses of the log are asked before it opens: this waits for what
 * they say, which the daemon bounds. What they refused is no success.
 */
static int
tell_outcome(const struct arguments *a, struct answer *answer)
{
	bool asked = false;

	while (answer->reply.status == 200 &&
	    is_asking(answer->document)) {
		enum err e;

		asked = true;
		usleep(ASKING_PAUSE_US);
		answer_done(answer);
		*answer = (struct answer){ 0 };
		if ((e = seal_status(service_dir(a), answer)) != ERR_OK)
			return complain_err("status", e);
	}
	if (tell(a, answer) != EXIT_DONE)
		return EXIT_FAILED;
	return asked && is_sealed(answer->document) ? EXIT_AWAY : EXIT_DONE;
}

static int
unseal_with_files(const struct arguments *a)
{
	const char *path;
	int status = EXIT_DONE;

	for (size_t i = 0; status == EXIT_DONE &&
	    (path = option_nth(a, "share", i)) != NULL; i++) {
		AUTO_DONE(answer) answer = { 0 };
		enum err e = seal_send_file(service_dir(a), path, &answer);

		if (e != ERR_OK)
			return complain_err(path, e);
		status = answer.reply.status == 200 ?
		    tell_outcome(a, &answer) : tell(a, &answer);
	}
	return status;
}

/* One line without echo, from a terminal or a pipe; false at the end. */
static bool
ask_share(char line[SHARE_TEXT_SIZE + 2])
{
	bool terminal = isatty(STDIN_FILENO);
	struct termios before, silent;
	char *got;

	if (terminal && tcgetattr(STDIN_FILENO, &before) == 0) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
		fprintf(stderr, "share (not shown): ");
	}
	got = fgets(line, SHARE_TEXT_SIZE + 2, stdin);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fprintf(stderr, "\n");
	}
	if (got != NULL)
		line[strcspn(line, "\n")] = '\0';
	return got != NULL;
}

/* Until it is open, or there is nothing more to read. */
static int
unseal_with_questions(const struct arguments *a)
{
	char line[SHARE_TEXT_SIZE + 2];
	int status = EXIT_DONE;
	bool open = false;

	/* what stdio reads ahead would stay in its buffer */
	setvbuf(stdin, NULL, _IONBF, 0);
	while (!open && status == EXIT_DONE && ask_share(line)) {
		AUTO_DONE(answer) answer = { 0 };
		enum err e = send_share(service_dir(a), view_text(line),
		    &answer);

		OPENSSL_cleanse(line, sizeof(line));
		if (e != ERR_OK)
			return complain_err("the share", e);
		status = answer.reply.status == 200 ?
		    tell_outcome(a, &answer) : tell(a, &answer);
		open = !is_sealed(answer.document);
	}
	return status;
}

int
unseal(const struct arguments *a)
{
	return option_given(a, "share") ? unseal_with_files(a)
	    : unseal_with_questions(a);
}
