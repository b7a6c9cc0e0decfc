/*
 * One connection, for server.c: bytes to requests, answers to bytes, in the
 * order of the requests. What it does at once is only to note what happened;
 * sending, going on and closing are done by connection_pass() at the end of
 * the loop's pass, so that no callback ever frees what another still uses.
 */
#ifndef OKSE_SIGNER_GATE_CONNECTION_H
#define OKSE_SIGNER_GATE_CONNECTION_H

#include "signer/gate/identity.h"
#include "signer/gate/server.h"

struct bufferevent;

enum phase {
	PHASE_HANDSHAKE,	/* TLS is not up yet */
	PHASE_OPEN,
	PHASE_LAST,		/* answers what is asked, reads no more */
	PHASE_LINGER,		/* all is said; waits for the client to go */
	PHASE_DEAD,		/* to be freed at the end of the pass */
};

struct answer {
	bool		ready;
	struct reply	reply;
	int64_t		asked;	/* monotonic µs, when the request began */
};

struct connection {
	struct server	*server;
	struct connection *next_busy;	/* of those the pass will visit */
	bool		 busy;
	uint32_t	 place, generation;
	enum listener	 listener;
	enum phase	 phase;
	struct bufferevent *io;
	bool		 reading;
	bool		 ended;		/* the client sends no more */
	size_t		 client;	/* or IDENTITY_NONE */
	int64_t		 uid;		/* on the officers' socket, or -1 */
	enum err	 refusal;	/* why no request of it is served */

	struct http	 http;
	uint32_t	 oldest, next;	/* sequence: unanswered, to come */
	struct answer	 answers[SERVER_PIPELINE];	/* by sequence */

	/* monotonic µs */
	int64_t		 born;
	int64_t		 began;		/* the request that is being read */
	int64_t		 read_by;	/* it, or (when idle) anything */
	int64_t		 write_by;	/* 0: nothing waits to be sent */
};


/*
 * Takes fd over, also on failure. context is NULL on a Unix socket, where the
 * caller has settled client and refusal; it fills in server, place, generation
 * and listener in any case.
 */
[[nodiscard]] enum err connection_open(struct connection *c, int fd,
    SSL_CTX *context);
void connection_free(struct connection *c);

/* One answer; takes it over. */
void connection_reply(struct connection *c, uint32_t sequence,
    struct reply *r);
/* Sends what is ready, reads on, closes. */
void connection_pass(struct connection *c);
/* Ends what took too long. */
void connection_sweep(struct connection *c, int64_t now);

/* ---- server.c, for connection.c */

void server_visit(struct connection *c);	/* in this pass */
struct event_base *server_base(struct server *s);
/* Whose it is, by its certificate; sets client and refusal. */
void server_identify(struct connection *c, X509 *certificate);
/* Fills in the client and calls the handler. */
void server_call(struct connection *c, struct call *call);
size_t server_body_max(const struct server *s, const struct http *http);
void server_note_malformed(struct server *s);
void server_note_unauthenticated(struct server *s);
void server_note_answer(struct server *s, int status, int64_t took_us);

#endif
