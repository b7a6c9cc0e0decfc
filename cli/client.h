/*
 * A small HTTP/1.1 client for the daemon's Unix sockets: one request, one
 * answer, one connection. Answers are bounded and have a length; no
 * answer within CLIENT_SECONDS is a failure.
 */
#ifndef OKSE_CLI_CLIENT_H
#define OKSE_CLI_CLIENT_H

#include "base/bytes.h"

#define CLIENT_SECONDS 30
#define CLIENT_ANSWER ((size_t)16 << 20)	/* longest body of an answer */

struct call {
	const char	*socket;	/* path */
	const char	*method;	/* "GET" or "POST" */
	const char	*path;
	const char	*key;		/* Idempotency-Key, or NULL */
	struct view	 body;		/* JSON; nothing is sent for "" */
};

struct reply {
	int		status;		/* 100 … 599 */
	char		type[80];	/* Content-Type, or "" */
	struct bytes	body;
};

/* inline: the gate, whose server one command borrows, has one of this name */
static inline void
reply_done(struct reply *r)
{
	bytes_done(&r->body);
	*r = (struct reply){ 0 };
}

/*
 * ERR_UNAVAILABLE: nobody listens at the socket; ERR_TIMEOUT; ERR_SYNTAX: the
 * answer is not HTTP as the daemon speaks it; ERR_TOO_LARGE.
 */
[[nodiscard]] enum err client_call(const struct call *c,
    struct reply *out_reply);

/* A new Idempotency-Key: 32 hex characters and NUL. */
#define CLIENT_KEY 33
[[nodiscard]] enum err client_key(char out[CLIENT_KEY]);

/* Connected, close-on-exec; ERR_TOO_LARGE for a path over 107 bytes. */
[[nodiscard]] enum err client_connect(const char *socket, int *out_fd);

#endif
