/*
 * An HTTP/1.1 response as a state machine over bytes (RFC 9112), for all that
 * ask others: the courier, the command's calls, an auditor's downloads. Bodies
 * by Content-Length, chunked, or to the end of the connection, and never more
 * of them than the asker wants.
 */
#ifndef OKSE_BASE_RESPONSE_H
#define OKSE_BASE_RESPONSE_H

#include "base/bytes.h"

#define RESPONSE_HEAD_MAX 16384		/* all lines around the body */

enum response_step {
	RESPONSE_MORE,
	RESPONSE_WHOLE,		/* status and body are valid */
	RESPONSE_FAULT,		/* response_error() says why */
};

struct response {
	int		 status;
	char		 type[80];	/* Content-Type, or "" */
	bool		 keep;		/* the connection may serve another */
	struct bytes	 body;

	/* response.c's own */
	int		 state;
	enum err	 error;
	const char	*rule;
	uint64_t	 left;		/* of the body, or of a chunk */
	size_t		 head;		/* bytes of lines so far */
	bool		 chunked, has_length, has_coding;
	struct bytes	 line;
};

/* max: bytes of the body, at most. */
void response_init(struct response *r, size_t max);
void response_done(struct response *r);

/* Takes all of in; what comes behind a whole response is a fault. */
enum response_step response_feed(struct response *r, struct view in);
/* Nothing more will come. Whether a body that has no length is all there,
 * only TLS or its reader can know. */
enum response_step response_end(struct response *r);
/* After a fault: ERR_SYNTAX, or ERR_TOO_LARGE, with its reason. */
[[nodiscard]] enum err response_error(const struct response *r);
/* Whether anything has come. */
bool response_begun(const struct response *r);

#endif
