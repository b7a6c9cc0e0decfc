/*
 * Repairing a registry: what would be done is shown and confirmed, the
 * daemon (or, while it is stopped, this program with the same code) does it.
 * Nothing is believed here: it names the entries that the operator saw, and
 * is refused when others are missing. Next: signer/notary/rebuild.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/registry.h"
#include "cli/say.h"
#include "signer/notary/rebuild.h"

#define POLL_MS 200

/* ---- showing and asking */

static void
print_plan(const struct document *d)
{
	static const struct {
		const char	*name, *path;
	} rows[] = {
		{ "credentials issued", "hold.kinds.credentials" },
		{ "QR tokens minted", "hold.kinds.qr_tokens" },
		{ "status changes", "hold.kinds.status_changes" },
		{ "refusals", "hold.kinds.refusals" },
		{ "other entries", "hold.kinds.other" },
	};

	printf("missing: entries %" PRId64 " to %" PRId64 " of the published "
	    "log\n", document_int(d, "hold.first_missing", 0),
	    document_int(d, "hold.last_missing", 0));
	for (size_t i = 0; i < COUNT(rows); i++)
		printf("  %-20s %10" PRId64 "\n", rows[i].name,
		    document_int(d, rows[i].path, 0));
	printf("Their rows are made again from the log, once it has been "
	    "verified against its checkpoint.\nWhoever retries one of these "
	    "requests is told to ask for a reissue: its content cannot be "
	    "made again.\n");
}

static bool
is_confirmed(const struct arguments *a)
{
	char line[16];

	if (option_given(a, "yes"))
		return true;
	fflush(stdout);
	fprintf(stderr, "Type \"repair\" to go on: ");
	return fgets(line, sizeof(line), stdin) != NULL &&
	    strcmp(line, "repair\n") == 0;
}

/* Is there something for this node to repair? Others may be awaited. */
static bool
is_behind(const struct document *d)
{
	const char *what = document_text(d, "hold.what");

	return what != NULL && strcmp(what, "registry") == 0;
}

/* EXIT_DONE: go on. */
static int
plan(const struct arguments *a, const struct document *d)
{
	if (!is_behind(d)) {
		complain("the registry lacks nothing that was published");
		if (document_has(d, "hold"))
			complain("%s", document_text(d, "hold.why"));
		return EXIT_CONFLICT;
	}
	print_plan(d);
	if (!document_true(d, "hold.repairable")) {
		complain("%s", document_text(d, "hold.why"));
		return EXIT_AWAY;
	}
	if (is_confirmed(a))
		return EXIT_DONE;
	complain("nothing was done");
	return EXIT_REFUSED;
}

/* ---- through the daemon */

static enum err
begin(const struct arguments *a, const struct document *d,
    struct answer *out)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_printf(&body, "{\"first_missing\":%" PRId64
	    ",\"last_missing\":%" PRId64 "}",
	    document_int(d, "hold.first_missing", 0),
	    document_int(d, "hold.last_missing", 0));
	TRY(bytes_check(&body));
	return registry_call(a, "POST", "/v1/registry/repair",
	    bytes_view(&body), out);
}

static void
say_whole(const struct document *d)
{
	printf("%sthe registry is whole\n",
	    isatty(STDERR_FILENO) ? "\n" : "");
	if (document_has(d, "hold"))
		complain("%s", document_text(d, "hold.why"));
}

/* The notary starts anew at the end, and is away for a moment. */
static int
wait_until_whole(const struct arguments *a)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	bool repairing = true;

	while (repairing) {
		AUTO_DONE(answer) answer = { 0 };
		const struct document *d;
		enum err e;

		nanosleep(&pause, NULL);
		e = registry_call(a, "GET", "/v1/registry",
		    (struct view){ 0 }, &answer);
		if (e != ERR_OK)
			return complain_err("the repair", e);
		d = answer.document;
		if (answer.reply.status == 200 && is_behind(d) &&
		    document_text(d, "repair.phase") == NULL) {
			complain("it was not repaired: the daemon's journal "
			    "says why");
			return EXIT_FAILED;
		}
		if (isatty(STDERR_FILENO) && is_behind(d))
			fprintf(stderr, "\r%s %" PRId64 " of %" PRId64,
			    document_text(d, "repair.phase"),
			    document_int(d, "repair.at", 0),
			    document_int(d, "repair.size", 0));
		repairing = answer.reply.status != 200 || is_behind(d);
		if (!repairing)
			say_whole(d);
	}
	return EXIT_DONE;
}

static int
repair_online(const struct arguments *a)
{
	AUTO_DONE(answer) state = { 0 }, begun = { 0 };
	enum err e = registry_call(a, "GET", "/v1/registry",
	    (struct view){ 0 }, &state);
	int status;

	if (e != ERR_OK)
		return complain_err("the daemon has not been asked", e);
	if (state.reply.status != 200)
		return service_problem(&state);
	if ((status = plan(a, state.document)) != EXIT_DONE)
		return status;
	if ((e = begin(a, state.document, &begun)) != ERR_OK)
		return complain_err("the repair", e);
	if (begun.reply.status != 200)
		return service_problem(&begun);
	return wait_until_whole(a);
}

/* ---- without it */

static enum err
describe(const struct notary *n, struct document **out)
{
	AUTO_DONE(bytes) json = { 0 }, hold = { 0 };
	struct json j = json_start(&json);

	TRY(guard_put(&n->guard, &hold));
	json_record(&j, NULL);
	if (hold.len != 0)
		json_raw(&j, "hold", bytes_view(&hold));
	json_close(&j);
	TRY(json_end(&j));
	return document_parse(bytes_view(&json), out);
}

static enum err
repair_here(struct notary *n)
{
	bool done = false;

	TRY(rebuild_start(n, n->guard.entries, n->guard.published - 1,
	    &n->rebuild));
	while (!done)
		TRY(rebuild_step(n->rebuild, &done));
	return ERR_OK;
}

static int
repair_offline(const struct arguments *a)
{
	AUTO(config) config = NULL;
	AUTO(notary) n = NULL;
	AUTO(document) d = NULL;
	int status;
	enum err e;

	if ((e = service_config(a, &config)) != ERR_OK)
		return complain_err("the configuration", e);
	if ((e = notary_examine(config, &n)) != ERR_OK ||
	    (e = describe(n, &d)) != ERR_OK)
		return complain_err("the registry", e);
	if ((status = plan(a, d)) != EXIT_DONE)
		return status;
	if ((e = repair_here(n)) != ERR_OK)
		return complain_err("the repair", e);
	printf("the registry is whole; the daemon's next start records it\n");
	return EXIT_DONE;
}

int
registry_repair(const struct arguments *a)
{
	return option_given(a, "offline") ? repair_offline(a) :
	    repair_online(a);
}
