/*
 * Calls to the daemon and its answers in words. Answers are our own daemon's,
 * parsed strictly all the same.
 */
#include "cli/service.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/say.h"
#include "signer/config.h"

#define CONFIG_FILE "/etc/okse/okse.yaml"
#define CONFIG_SIZE ((size_t)128 << 10)

const char *
service_dir(const struct arguments *a)
{
	const char *dir = getenv("OKSE_DIR");

	return option_value(a, "dir",
	    dir != NULL && *dir != '\0' ? dir : SERVICE_DIR);
}

enum err
service_config(const struct arguments *a, struct config **out_config)
{
	AUTO_DONE(bytes) text = { 0 };
	char beside[PATH_MAX];
	const char *path;

	TRY(path_join(service_dir(a), "okse.yaml", beside, sizeof(beside)));
	path = option_value(a, "config",
	    file_exists(beside) ? beside : CONFIG_FILE);
	TRY(file_read(path, CONFIG_SIZE, &text));
	return config_parse(path, bytes_view(&text), out_config);
}

void
answer_done(struct answer *answer)
{
	reply_done(&answer->reply);
	document_free(answer->document);
	answer->document = NULL;
}

enum err
service_call(const char *dir, const struct call *c, struct answer *out)
{
	AUTO_DONE(answer) answer = { 0 };
	struct call call = *c;
	char where[PATH_MAX], key[CLIENT_KEY];

	TRY(path_join(dir, c->socket, where, sizeof(where)));
	call.socket = where;
	if (c->key == NULL && strcmp(c->method, "POST") == 0) {
		TRY(client_key(key));
		call.key = key;
	}
	TRY(client_call(&call, &answer.reply));
	TRY(document_parse(bytes_view(&answer.reply.body), &answer.document));
	*out = answer;
	answer = (struct answer){ 0 };
	return ERR_OK;
}

void
decision_print(FILE *to, const struct document *d, bool failed_only)
{
	char path[64];
	size_t count = document_count(d, "decision.rules");

	for (size_t i = 0; i < count; i++) {
		const char *part[4];
		static const char *const names[] =
		    { "id", "outcome", "message", "basis" };

		for (size_t k = 0; k < COUNT(names); k++) {
			snprintf(path, sizeof(path), "decision.rules.%zu.%s",
			    i, names[k]);
			part[k] = document_text(d, path);
			if (part[k] == NULL)
				part[k] = "";
		}
		bool failed = strcmp(part[1], "fail") == 0;
		bool passed = strcmp(part[1], "pass") == 0;

		if (failed_only && !failed)
			continue;
		fprintf(to, "  %s%s%s %-24s %s%s%s%s\n",
		    paint(to, failed ? RED : passed ? GREEN : DIM),
		    failed ? "✗" : passed ? "✓" : "·", paint(to, PLAIN),
		    part[0], part[2], *part[3] != '\0' ? " (" : "", part[3],
		    *part[3] != '\0' ? ")" : "");
	}
}

int
service_problem(const struct answer *answer)
{
	const char *title = document_text(answer->document, "title");
	const char *detail = document_text(answer->document, "detail");

	complain("%s%s%s", title != NULL ? title : "the daemon refuses",
	    detail != NULL ? ": " : "", detail != NULL ? detail : "");
	decision_print(stderr, answer->document, true);
	return exit_of_status(answer->reply.status);
}

int
service_ask(const struct arguments *a, const char *method, const char *path,
    struct answer *out)
{
	const struct call c = { .socket = "admin.sock", .method = method,
	    .path = path };
	enum err e = service_call(service_dir(a), &c, out);

	if (e != ERR_OK)
		return complain_err(path, e);
	return out->reply.status == 200 ? EXIT_DONE : service_problem(out);
}
