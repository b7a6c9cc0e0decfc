/*
 * An HTTP/1.1 response as a state machine over bytes (RFC 9112): what a
 * witness answers. Bodies by Content-Length, chunked, or to the end of the
 * connection, and never more than RESPONSE_BODY_MAX of them.
 */
#ifndef OKSE_SIGNER_COURIER_RESPONSE_H
#define OKSE_SIGNER_COURIER_RESPONSE_H

#include "base/bytes.h"

#define RESPONSE_HEAD_MAX 16384		/* all lines before the body */
#define RESPONSE_BODY_MAX 65536

enum response_step {
	RESPONSE_MORE,
	RESPONSE_WHOLE,		/* status and body are valid */
	RESPONSE_FAULT,		/* rule says why */
};

struct response {
	int		 status;
	bool		 keep;	/* the connection may serve another */
	struct bytes	 body;
	const char	*rule;

	/* response.c's own */
	int		 state;
	uint64_t	 left;		/* of the body, or of a chunk */
	size_t		 head;		/* bytes of lines so far */
	bool		 chunked, has_length, has_coding;
	struct bytes	 line;
};

void response_init(struct response *r);
void response_done(struct response *r);

/* Takes all of in; what comes behind a whole response is a fault. */
enum response_step response_feed(struct response *r, struct view in);
/* Nothing more will come. */
enum response_step response_end(struct response *r);
/* Whether anything has come. */
bool response_begun(const struct response *r);

#endif
