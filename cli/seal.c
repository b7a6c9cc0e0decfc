/*
 * Closing the daemon, over the officers' socket, and what its state is. How it
 * is opened is in unseal.c. Next: the supervisor.
 */
#include "cli/seal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/act.h"
#include "cli/commands.h"
#include "cli/say.h"

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

/* ---- the commands */

bool
seal_waits(const struct document *d)
{
	const char *state = document_text(d, "state");

	return state != NULL && strcmp(state, "sealed") == 0;
}

/* The quorum is complete, and it is not known yet what comes of it. */
static bool
is_under_way(const struct document *d)
{
	const char *state = document_text(d, "state");

	return state != NULL && (strcmp(state, "asking") == 0 ||
	    strcmp(state, "opening") == 0);
}

static bool
is_latched(const struct document *d)
{
	const char *state = document_text(d, "state");

	return state != NULL && strcmp(state, "latched") == 0;
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
	if (seal_waits(d))
		printf("  shares      %zu of %lld\n", given,
		    (long long)document_int(d, "threshold", 0));
	else
		printf("  keyholders  %lld of %lld\n",
		    (long long)document_int(d, "keyholders", 0),
		    (long long)document_int(d, "keyholders_wanted", 0));
	if (document_true(d, "plain_lines"))
		printf("  %sShares are taken in the clear%s (unseal: lines): "
		    "for practice only.\n", paint(stdout, RED),
		    paint(stdout, PLAIN));
	if (document_text(d, "refused") != NULL)
		printf("  Not opened: %s.\n", document_text(d, "refused"));
	if (document_int(d, "log.durable", -1) >= 0)
		print_log(d);
	if (is_latched(d))
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

static enum err
sign_and_send(const struct arguments *a, struct answer *out)
{
	AUTO_DONE(act) act = {
		.kind = option_given(a, "cancel") ? ACT_CANCEL : ACT_SEAL,
	};
	AUTO_DONE(signer) s = { 0 };
	AUTO_DONE(said) said = { 0 };

	TRY(signer_given(a, &s));
	if (s.seat == 0)
		return err_because(ERR_RANGE, "--seat N: of whom?");
	TRY(said_fetch(service_dir(a), &said));
	return act_send(service_dir(a), &said, &s, &act, out);
}

int
seal(const struct arguments *a)
{
	AUTO_DONE(answer) answer = { 0 };
	enum err e;

	if (!option_given(a, "cancel") && !option_given(a, "seat"))
		return simple_post(a, "/v1/seal");
	e = sign_and_send(a, &answer);
	return e == ERR_OK ? tell(a, &answer) : complain_err("seal", e);
}

int
clear_latch(const struct arguments *a)
{
	return simple_post(a, "/v1/clear-latch");
}

#define PAUSE_US 100000
#define PAUSES_MAX 1200		/* two minutes */

/*
 * Before it opens, the witnesses of the log are asked and the token is put to
 * the test: this waits for what comes of it. What keeps it closed is no
 * success; nor is a token that does not answer, whatever comes of it later.
 */
int
seal_tell_outcome(const struct arguments *a, struct answer *answer)
{
	const struct document *d;
	unsigned int pauses = 0;
	int status;

	while (answer->reply.status == 200 && pauses < PAUSES_MAX &&
	    is_under_way(answer->document)) {
		enum err e;

		pauses++;
		usleep(PAUSE_US);
		answer_done(answer);
		*answer = (struct answer){ 0 };
		if ((e = seal_status(service_dir(a), answer)) != ERR_OK)
			return complain_err("status", e);
	}
	if ((status = tell(a, answer)) != EXIT_DONE)
		return status;
	d = answer->document;
	return is_latched(d) || is_under_way(d) ||
	    (pauses != 0 && seal_waits(d)) ? EXIT_AWAY : EXIT_DONE;
}
