/*
 * Talking to the daemon of one instance: where its sockets are, and what its
 * answers mean for an exit status.
 */
#ifndef OKSE_CLI_SERVICE_H
#define OKSE_CLI_SERVICE_H

#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/document.h"

#define SERVICE_DIR "/run/okse"
#define SERVICE_OPTION                                                        \
	{ "dir", "DIR", "where the sockets are; $OKSE_DIR or " SERVICE_DIR }

const char *service_dir(const struct arguments *a);	/* what --dir means */
/* --config, or okse.yaml beside the sockets, or the system's. */
struct config;
[[nodiscard]] enum err service_config(const struct arguments *a,
    struct config **out_config);

/*
 * One call; c->socket is a name in dir ("api.sock"), a POST without a key
 * gets one. The answer's JSON is parsed.
 */
struct answer {
	struct reply	 reply;
	struct document	*document;
};

void answer_done(struct answer *answer);
[[nodiscard]] enum err service_call(const char *dir, const struct call *c,
    struct answer *out);

/*
 * Tells what went wrong: the problem's title and detail, and of a refusal
 * every rule that failed. The exit status.
 */
int service_problem(const struct answer *answer);
/* A call without a body on the officers' socket, told like that: the status. */
int service_ask(const struct arguments *a, const char *method,
    const char *path, struct answer *out);

/* Each rule of a decision on a line; with failed_only, those that failed. */
void decision_print(FILE *to, const struct document *d, bool failed_only);

#endif
