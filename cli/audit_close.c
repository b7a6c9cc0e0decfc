/*
 * The end of a period: the daemon is asked to close it, and says what became
 * of those it closed. Next: signer/notary/period.c, signer/notary/closed.c.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/verify.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "cli/service.h"

#define POLL_MS 100
#define PATIENCE 600		/* polls */

/* A member of the i-th period. */
static const char *
member(size_t i, const char *name, char path[64])
{
	snprintf(path, 64, "periods.%zu.%s", i, name);
	return path;
}

static const char *
text_of(const struct answer *answer, size_t i, const char *name)
{
	char path[64];
	const char *text = document_text(answer->document,
	    member(i, name, path));

	return text != NULL ? text : "";
}

/* ", waiting for a, b": nothing when there are none. */
static void
put_names(const struct answer *answer, size_t i, const char *name,
    const char *words)
{
	char path[64];
	size_t count = document_count(answer->document,
	    member(i, name, path));

	for (size_t k = 0; k < count; k++) {
		snprintf(path, sizeof(path), "periods.%zu.%s.%zu", i, name,
		    k);
		printf("%s%s", k == 0 ? words : ", ",
		    document_text(answer->document, path));
	}
}

/* The exit status: 3 while it has not all it is to have. */
static int
tell(const struct answer *answer, size_t i)
{
	const char *state = text_of(answer, i, "state");
	const char *quorum = document_text(answer->document, "quorum");
	char path[64];

	printf("%s  %lld entries, %s", text_of(answer, i, "period"),
	    (long long)document_int(answer->document,
	    member(i, "size", path), 0), state);
	put_names(answer, i, "cosigned", " by ");
	put_names(answer, i, "waiting", "; waiting for ");
	put_names(answer, i, "passed", "; passed by ");
	putchar('\n');
	return strcmp(state, "witnessed") == 0 || (quorum == NULL &&
	    strcmp(state, "published") == 0) ? EXIT_DONE : VERIFY_UNWITNESSED;
}

int
audit_periods(const struct arguments *a)
{
	AUTO_DONE(answer) answer = { 0 };
	int status = service_ask(a, "GET", "/v1/log/periods", &answer);
	size_t count;

	if (status != EXIT_DONE)
		return status;
	count = document_count(answer.document, "periods");
	if (option_given(a, "json")) {
		put_line(bytes_view(&answer.reply.body));
		return EXIT_DONE;
	}
	if (count == 0)
		printf("no period of this log has been closed\n");
	for (size_t i = 0; i < count; i++)
		if (tell(&answer, i) != EXIT_DONE)
			status = VERIFY_UNWITNESSED;
	return status;
}

/* ---- closing */

static int
failed(const struct answer *answer)
{
	const char *why = document_text(answer->document, "closing.why");

	complain("it was not closed: %s", why != NULL ? why :
	    "the daemon has begun anew");
	return EXIT_FAILED;
}

/* *out_again while there is no checkpoint. */
static int
look(const struct arguments *a, bool *out_again)
{
	AUTO_DONE(answer) answer = { 0 };
	int status = service_ask(a, "GET", "/v1/log/periods", &answer);
	const char *phase;

	*out_again = false;
	if (status != EXIT_DONE)
		return status;
	for (size_t i = 0; i < document_count(answer.document, "periods");
	    i++) {
		if (strcmp(text_of(&answer, i, "period"), argument(a, 0)) != 0)
			continue;
		*out_again = strcmp(text_of(&answer, i, "state"), "closed") ==
		    0;
		return *out_again ? EXIT_DONE : tell(&answer, i);
	}
	phase = document_text(answer.document, "closing.phase");
	*out_again = phase != NULL && strcmp(phase, "counting") == 0;
	return *out_again ? EXIT_DONE : failed(&answer);
}

int
audit_close(const struct arguments *a)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	AUTO_DONE(answer) answer = { 0 };
	char path[64];
	bool again = true;
	int status;

	snprintf(path, sizeof(path), "/v1/log/periods/%s", argument(a, 0));
	status = service_ask(a, "POST", path, &answer);
	for (int i = 0; status == EXIT_DONE && again && i < PATIENCE; i++) {
		nanosleep(&pause, NULL);
		status = look(a, &again);
	}
	if (status != EXIT_DONE || !again)
		return status;
	complain("it is closed, but nothing signs its checkpoint yet: see "
	    "okse audit periods");
	return EXIT_AWAY;
}
