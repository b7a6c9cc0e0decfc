/*
 * Joining the answers of a request's members. They are our own bytes; which
 * group they belong to is told by an origin no connection has. Next: gate.c,
 * which hands the whole to the server.
 */
#include "signer/gate/group.h"

#include "base/json.h"

#define MEMBER_PLACE UINT32_MAX		/* of no connection */

struct group {
	struct origin	 to;
	uint32_t	 generation;
	size_t		 count, missing;
	struct reply	*replies;	/* status 0: missing */
};

static void
group_free(struct group *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->count; i++)
		reply_done(&g->replies[i]);
	mem_free(g->replies);
	mem_free(g);
}

AUTO_STRUCT(group);

void
groups_done(struct groups *g)
{
	for (size_t i = 0; i < GROUPS_MAX; i++)
		group_free(STEAL(g->at[i]));
}

enum err
group_open(struct groups *g, struct origin to, size_t members,
    uint32_t *out_place)
{
	AUTO(group) fresh = NULL;
	uint32_t place = 0;

	while (place < GROUPS_MAX && g->at[place] != NULL)
		place++;
	if (place == GROUPS_MAX)
		return err_because(ERR_FULL, "%d batches are in flight, which "
		    "is the limit", GROUPS_MAX);
	if ((fresh = mem_new(1, sizeof(*fresh))) == NULL ||
	    (fresh->replies = mem_new(members, sizeof(*fresh->replies))) ==
	    NULL)
		return err_because(ERR_MEMORY, "a batch");
	fresh->to = to;
	fresh->generation = g->next++;
	fresh->count = fresh->missing = members;
	g->at[place] = STEAL(fresh);
	*out_place = place;
	return ERR_OK;
}

/* place of the group and number of the member share 32 bits */
struct origin
group_origin(const struct groups *g, uint32_t place, size_t i)
{
	return (struct origin){ MEMBER_PLACE, g->at[place]->generation,
	    place * GROUP_MEMBERS + (uint32_t)i };
}

bool
group_has(struct origin o)
{
	return o.place == MEMBER_PLACE;
}

static struct reply
join(struct group *g)
{
	struct reply all = { .status = 200, .type = REPLY_JSON };
	struct json j = json_start(&all.body);

	json_record(&j, NULL);
	json_items(&j, "results");
	for (size_t i = 0; i < g->count; i++) {
		const struct reply *r = &g->replies[i];

		json_record(&j, NULL);
		json_int(&j, "status", r->status);
		if (r->retry_after != 0)
			json_int(&j, "retry_after", r->retry_after);
		json_raw(&j, "body", bytes_view(&r->body));
		json_close(&j);
	}
	json_close(&j);
	json_close(&j);
	if (json_end(&j) == ERR_OK)
		return all;
	/* what was signed comes again with a retry */
	reply_done(&all);
	return problem_reply(&(struct problem){ .err = ERR_MEMORY });
}

bool
group_put(struct groups *g, struct origin member, struct reply *r,
    struct origin *out_to, struct reply *out_reply)
{
	uint32_t place = member.sequence / GROUP_MEMBERS;
	size_t i = member.sequence % GROUP_MEMBERS;
	struct group *of = place < GROUPS_MAX ? g->at[place] : NULL;

	if (of == NULL || of->generation != member.generation ||
	    i >= of->count || of->replies[i].status != 0) {
		reply_done(r);
		return false;
	}
	of->replies[i] = *r;
	r->body = (struct bytes){ 0 };
	if (--of->missing != 0)
		return false;
	*out_to = of->to;
	*out_reply = join(of);
	group_free(STEAL(g->at[place]));
	return true;
}
