/*
 * Where a ceremony meets people: what is shown to the room, what is asked of
 * it, and the two things only an officer can give, a share and a signature.
 * cli/ has one for terminals; practice.c has that of a rehearsal, in which
 * practice officers answer by themselves.
 */
#ifndef OKSE_CEREMONY_CONSOLE_H
#define OKSE_CEREMONY_CONSOLE_H

#include "base/bytes.h"
#include "base/mem.h"
#include "ceremony/participant.h"
#include "ceremony/phrase.h"

/* Of which secret; the backup's opens wrapped keys, and nothing else. */
enum share_of { SHARE_OF_SECRET, SHARE_OF_BACKUP };

struct question {
	const char	*text;		/* one line */
	const char	*practice;	/* what a practice officer answers */
};

struct console {
	void		*context;
	enum language	 language;
	/* One line without a line end, for the room and the projector. */
	void		(*say)(void *context, const char *text);
	/* A step begins, counted from 1; what it is for, in the language. */
	void		(*step)(void *context, size_t at, size_t of,
			    const char *title);
	/* A line of at most 1,000 bytes without its line end; ERR_NOT_FOUND
	   when nobody will ever answer (end of input). */
	enum err	(*ask)(void *context, const struct question *q,
			    struct bytes *out_line);
	/* The line of this officer's share, never echoed. */
	enum err	(*share)(void *context, const struct participant *p,
			    enum share_of of, struct secret **out_line);
	/* This participant's signature over a statement (statement.h). */
	enum err	(*sign)(void *context, const struct participant *p,
			    struct view statement,
			    struct bytes *out_signature);
};

#endif
