/*
 * Answers: what a handler gives, and how it becomes bytes. Problems are
 * RFC 9457 documents whose type ends in the code of err.h.
 */
#ifndef OKSE_SIGNER_GATE_REPLY_H
#define OKSE_SIGNER_GATE_REPLY_H

#include "base/bytes.h"

#define REPLY_JSON "application/json"
#define REPLY_PROBLEM "application/problem+json"
#define PROBLEM_TYPE "urn:okse:problem:"	/* then err_code() */

#define SHARED_CACHE 96

/*
 * What many answers give alike, with how a client may keep it: counted by its
 * users, so that slow clients share one copy, and freed with the last.
 */
struct shared {
	unsigned int	 users;
	struct bytes	 body;
	int64_t		 modified;	/* seconds */
	char		 etag[36];	/* quoted, of the body */
	char		 cache[SHARED_CACHE];
};

/* Takes the body over. ERR_MEMORY. */
[[nodiscard]] enum err shared_new(struct bytes *body, int64_t modified,
    struct shared **out_shared);
struct shared *shared_hold(struct shared *d);
void shared_free(struct shared *d);		/* one user less */
AUTO_STRUCT(shared);

struct reply {
	int		 status;
	const char	*type;		/* Content-Type */
	const char	*cache;		/* Cache-Control; NULL: no-store */
	const char	*allow;		/* with 405 */
	unsigned int	 retry_after;	/* seconds; 0: none */
	struct bytes	 body;
	struct shared	*shared;	/* instead of body; NULL: none */
};

void reply_done(struct reply *r);	/* wipes */
struct view reply_body(const struct reply *r);	/* empty with 304 */

/* RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT" */
#define HTTP_DATE 30
const char *http_date(int64_t instant, char text[HTTP_DATE]);

/* The status line and header lines, with the empty one. */
void reply_put_head(const struct reply *r, bool close, struct bytes *out);

struct problem {
	enum err	 err;
	int		 status;	/* 0: that of err */
	/*
	 * What the client may learn, or NULL. A leading "/json/pointer: " is
	 * given as members of its own too: pointer and rule.
	 */
	const char	*detail;
	uint64_t	 request;	/* the id to look for in the journal */
	unsigned int	 retry_after;	/* 0: 1 s for 429 and 503 */
	const char	*allow;		/* with 405 */
	struct view	 members;	/* JSON members to add, or empty */
};

/* Never fails: without memory the body is left empty. */
struct reply problem_reply(const struct problem *p);

#endif
