/*
 * The head of an HTTP/1.1 answer, as strictly as our own server writes it: a
 * Content-Length within a limit and nothing that would change what it means.
 */
#ifndef OKSE_CLI_ANSWER_H
#define OKSE_CLI_ANSWER_H

#include "base/bytes.h"

#define ANSWER_HEAD 16384	/* bytes, at most */

struct answer_head {
	int	status;		/* 100 … 599 */
	char	type[80];	/* Content-Type, or "" */
	size_t	length;		/* of the body */
	bool	close;		/* the connection ends after it */
};

/*
 * head ends in the blank line. ERR_SYNTAX: not HTTP/1.1, no or two lengths, a
 * Transfer-Encoding, a Content-Encoding; ERR_TOO_LARGE: longer than max.
 */
[[nodiscard]] enum err answer_get(struct view head, size_t max,
    struct answer_head *out_head);

#endif
