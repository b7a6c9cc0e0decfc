/*
 * Listeners and connections. A complete request is handed to the handler as a
 * struct call; its answer may come at once or later, in any order, through
 * server_reply(), and leaves in the order of the requests.
 *
 * Nobody outside holds a connection: an origin names one by place and
 * generation and leads nowhere once the connection is gone.
 */
#ifndef OKSE_SIGNER_GATE_SERVER_H
#define OKSE_SIGNER_GATE_SERVER_H

#include "signer/config.h"
#include "signer/gate/http.h"
#include "signer/gate/reply.h"
#include "signer/proc.h"

#define SERVER_PIPELINE 16		/* unanswered on a connection */
#define SERVER_HIGH_WATER ((size_t)256 * 1024)	/* unsent: stop reading */

struct server;

struct origin {
	uint32_t	place, generation, sequence;
};

/* One request; valid during the handler. */
struct call {
	uint64_t	 id;		/* random start, ascending */
	enum listener	 listener;
	const char	*client;	/* its name; "" on metrics and admin */
	int64_t		 uid;		/* who connected, on admin; or -1 */
	const struct http *http;
	struct origin	 origin;
	int64_t		 deadline;	/* monotonic µs: to be answered by */
};

/* What happened since the last server_take_counts(). */
struct server_counts {
	uint64_t	malformed, unauthenticated, throttled;
};

/* Must lead to exactly one server_reply() for the call's origin. */
typedef void (*server_handler)(void *context, const struct call *call);

/*
 * Reads the TLS files of config (which must outlive the server), so call it
 * before the sandbox.
 */
[[nodiscard]] enum err server_new(struct proc *p, const struct config *config,
    server_handler handler, void *context, struct server **out_server);
void server_free(struct server *s);
AUTO_STRUCT(server);

/* Who says, once its head is known, how long a body may be. */
void server_limit_bodies(struct server *s,
    size_t (*limit)(const struct http *http));

/* Serves a listening socket; takes fd over, also on failure. */
[[nodiscard]] enum err server_listen(struct server *s, enum listener l,
    int fd);

/* A new id, for a call or a part of one. */
uint64_t server_next_id(struct server *s);
/* Takes r's body over, also when nobody waits for it any more. */
void server_reply(struct server *s, struct origin to, struct reply *r);

/* To be called at the end of every pass of the loop: sends, goes on, closes. */
void server_pass(struct server *s);

/* A request that was refused before it became a decision. */
void server_note_refused(struct server *s, enum err e);
struct server_counts server_take_counts(struct server *s);
/* Adds its metrics as Prometheus text. */
void server_metrics(const struct server *s, struct bytes *out);

#endif
