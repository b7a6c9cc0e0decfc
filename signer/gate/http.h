/*
 * The HTTP/1.1 subset that the gate speaks: a state machine over bytes that
 * knows nothing of sockets.
 *
 * Accepted: GET and POST, origin-form targets, bodies by one Content-Length.
 * Everything that two parsers could read differently is refused and the
 * connection closed: Transfer-Encoding, a second or odd Content-Length,
 * obs-fold, a CR or LF alone, NUL and other control characters, a second
 * Host, white space around a field's name. Clauses are RFC 9112's.
 */
#ifndef OKSE_SIGNER_GATE_HTTP_H
#define OKSE_SIGNER_GATE_HTTP_H

#include "base/bytes.h"

#define HTTP_LINE_MAX 2048	/* of the request line, without CR LF */
#define HTTP_HEAD_MAX 8192	/* of all header lines, with theirs */
#define HTTP_HEADERS 40
#define HTTP_BODY_MAX 65536

enum http_method {
	HTTP_GET = 1,
	HTTP_POST,
};

enum http_step {
	HTTP_MORE,	/* all bytes are used, more are needed */
	HTTP_HEAD,	/* the head is complete; feed again for the body */
	HTTP_WHOLE,	/* the request is complete; http_next() goes on */
	HTTP_FAULT,	/* status and rule say why; nothing more is read */
};

/* Header fields whose values routes ask for. */
enum http_field {
	HTTP_CONTENT_TYPE,
	HTTP_IDEMPOTENCY_KEY,
	HTTP_ACCEPT,
	HTTP_IF_NONE_MATCH,
	HTTP_IF_MODIFIED_SINCE,
	HTTP_KEPT,
	HTTP_NOT_KEPT = HTTP_KEPT
};

/* Where in the head a value lies; at == 0 means there is none. */
struct http_span {
	uint32_t	at, len;
};

struct http {
	/* what was asked; valid from HTTP_HEAD on */
	enum http_method method;
	bool		keep_alive;	/* false: answer, then close */
	bool		wants_continue;	/* before it sends its body */
	size_t		content_length;
	size_t		body_max;	/* may be raised at HTTP_HEAD */
	struct bytes	body;

	/* the first fault; valid from HTTP_FAULT on */
	int		 status;
	const char	*rule;		/* wanted, came, clause */

	/* http.c's own */
	int		 state;
	bool		 is_1_0;
	bool		 has_length;
	struct bytes	 head;		/* lines as they came */
	size_t		 line;		/* where the current one begins */
	size_t		 fields;	/* where the first header begins */
	unsigned int	 field_count;
	uint32_t	 seen;		/* which known headers came */
	struct http_span target, kept[HTTP_KEPT];
};

void http_init(struct http *h);
void http_done(struct http *h);		/* wipes */

/* Reads from in until a step is reached; *out_used says how far it came. */
enum http_step http_feed(struct http *h, struct view in, size_t *out_used);

/* After HTTP_WHOLE: forgets (and wipes) the request, ready for the next. */
void http_next(struct http *h);

/* Whether part of a request has come. */
bool http_is_inside(const struct http *h);
/* Whether its head is complete. */
bool http_has_head(const struct http *h);

/* Views of the head, valid until http_next(); at NULL: there is no such. */
struct view http_target(const struct http *h);
struct view http_value(const struct http *h, enum http_field f);

#endif
