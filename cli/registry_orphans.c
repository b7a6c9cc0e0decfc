/*
 * Orphans, from an operator's side: which tickets a crash has left open, and
 * closing those that nobody comes back for. The daemon knows and decides; its
 * answers are shown. Next: signer/notary/orphans.c.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/registry.h"
#include "cli/say.h"

#define PATH "/v1/log/orphans"

/* ---- showing */

static const char *
text_of(const struct document *d, size_t i, const char *name)
{
	char path[64];
	const char *text;

	snprintf(path, sizeof(path), "orphans.%zu.%s", i, name);
	text = document_text(d, path);
	return text != NULL ? text : "-";
}

static void
print_orphan(const struct document *d, size_t i)
{
	char path[64];

	snprintf(path, sizeof(path), "orphans.%zu.index", i);
	printf("%10" PRId64 "  %s  %s  %s %s  %s\n",
	    document_int(d, path, 0), text_of(d, i, "time"),
	    text_of(d, i, "programme"), text_of(d, i, "operation"),
	    text_of(d, i, "purpose"), text_of(d, i, "caller"));
	snprintf(path, sizeof(path), "orphans.%zu.retry_until", i);
	if (document_text(d, path) != NULL)
		printf("%12suntil %s a retry signs the same content\n", "",
		    text_of(d, i, "retry_until"));
	else
		printf("%12sno retry is served any more\n", "");
	printf("%12sotherwise: %s\n", "", text_of(d, i, "otherwise"));
}

static void
print_page(const struct arguments *a, const struct answer *answer)
{
	if (option_given(a, "json")) {
		put_line(bytes_view(&answer->reply.body));
		return;
	}
	for (size_t i = 0; i < document_count(answer->document, "orphans");
	    i++)
		print_orphan(answer->document, i);
}

int
registry_orphans(const struct arguments *a)
{
	int64_t next = 0, open;

	do {
		AUTO_DONE(answer) answer = { 0 };
		char path[64];
		enum err e;

		snprintf(path, sizeof(path), PATH "/%" PRId64, next);
		e = registry_call(a, "GET", path, (struct view){ 0 },
		    &answer);
		if (e != ERR_OK)
			return complain_err("the daemon has not been asked",
			    e);
		if (answer.reply.status != 200)
			return service_problem(&answer);
		print_page(a, &answer);
		next = document_int(answer.document, "next", 0);
		open = document_int(answer.document, "open", 0);
	} while (next != 0);
	complain("%" PRId64 " orphans are open", open);
	return EXIT_DONE;
}

/* ---- closing */

static enum err
put_wish(const struct arguments *a, const char *reason, struct bytes *out)
{
	struct json j = json_start(out);
	const char *word;

	json_record(&j, NULL);
	json_items(&j, "indexes");
	for (size_t i = 0; (word = argument(a, i)) != NULL; i++) {
		struct reader r = reader_of(view_text(word));

		json_int(&j, NULL, (int64_t)reader_decimal(&r, INT64_MAX));
		TRY(reader_end(&r, "an index of the log"));
	}
	json_close(&j);
	json_c_text(&j, "reason", reason);
	json_close(&j);
	return json_end(&j);
}

int
registry_close_orphans(const struct arguments *a)
{
	const char *reason = option_value(a, "reason", NULL);
	AUTO_DONE(answer) answer = { 0 };
	AUTO_DONE(bytes) body = { 0 };
	enum err e;

	if (reason == NULL) {
		complain("--reason: why they are closed stays in the log");
		return EXIT_USAGE;
	}
	if ((e = put_wish(a, reason, &body)) != ERR_OK) {
		complain_err("the orphans", e);
		return EXIT_USAGE;
	}
	e = registry_call(a, "POST", PATH, bytes_view(&body), &answer);
	if (e != ERR_OK)
		return complain_err("the daemon has not been asked", e);
	if (answer.reply.status != 200)
		return service_problem(&answer);
	if (option_given(a, "json"))
		put_line(bytes_view(&answer.reply.body));
	else
		printf("closed by entry %" PRId64 "\n",
		    document_int(answer.document, "log.index", 0));
	return EXIT_DONE;
}
