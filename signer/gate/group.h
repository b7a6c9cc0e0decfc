/*
 * Requests that are many: each member is served like a request of its own,
 * and the answer is made when the last of theirs is there:
 *
 *	{"results":[{"status":201,"body":{…}},{"status":403,"body":{…}}]}
 *
 * in the order of the members, with "retry_after" where the member's own
 * answer would have the field.
 */
#ifndef OKSE_SIGNER_GATE_GROUP_H
#define OKSE_SIGNER_GATE_GROUP_H

#include "signer/gate/server.h"

#define GROUP_MEMBERS 256
#define GROUPS_MAX 64		/* at one time */

struct group;

/* All zero is empty. */
struct groups {
	struct group	*at[GROUPS_MAX];
	uint32_t	 next;		/* generation */
};
void groups_done(struct groups *g);

/* Whoever is answered at `to`, by this many members. ERR_FULL, ERR_MEMORY. */
[[nodiscard]] enum err group_open(struct groups *g, struct origin to,
    size_t members, uint32_t *out_place);
/* Where the answer of member i goes. */
struct origin group_origin(const struct groups *g, uint32_t place, size_t i);

/* Whether an origin is a member's. */
bool group_has(struct origin o);
/*
 * A member's answer, taken over. True when it was the last: then the group is
 * gone and *out_reply, for *out_to, is the caller's.
 */
bool group_put(struct groups *g, struct origin member, struct reply *r,
    struct origin *out_to, struct reply *out_reply);

#endif
