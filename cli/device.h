/*
 * What the published logs say of a holder's devices: an index for each change.
 */
#ifndef OKSE_CLI_DEVICE_H
#define OKSE_CLI_DEVICE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/json.h"

#define TRANSITIONS_MAX 1024	/* what comes later is counted only */

struct transition {
	uint64_t	index;
	int64_t		t;		/* ms UTC */
	char		what[32];	/* "first-issue", "suspend" */
	char		reason[65];	/* or "" */
	char		outcome[24];	/* of the signature, or "" */
	uint64_t	bound;		/* of its device, ms; or 0 */
};

/* One log's; all zero is empty. */
struct transitions {
	char			 origin[130];
	size_t			 count;
	uint64_t		 more;	/* for which there was no room */
	struct transition	*at;
};

void transitions_done(struct transitions *t);

/*
 * Reads the log at place (cli/place.h), from the first entry at or after since
 * (ms) on. holder: 32 hex digits, as its entries have them. Nothing is
 * verified. Once for each *out.
 */
[[nodiscard]] enum err transitions_read(const char *place, int64_t since,
    const char *holder, const char *programme, struct transitions *out);

void transitions_print(const struct transitions *t);
void transitions_json(const struct transitions *t, struct json *j);

#endif
