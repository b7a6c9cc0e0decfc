/*
 * What this node saw of the others before the database went on elsewhere. It
 * is this process's own memory and no row: a database that was set back
 * cannot take it along. Next: fleet.c, which asks; guard.c.
 */
#include "signer/notary/absent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "signer/log.h"
#include "signer/notary/notary.h"

/* What was seen longer ago says nothing of who came and went since. */
#define REMEMBERED INT64_C(600000000)	/* µs */

/* Is everything of it there that there can be? */
static bool
can_vouch(const struct notary *n, const struct fleet_node *at,
    uint64_t commits)
{
	const struct fleet *f = &n->fleet;

	return at->unsure && at->absent.seen && !at->absent.connected &&
	    at->absent.was_whole && at->absent.commits == commits &&
	    registry_same_line(f->term, registry_term(n->registry)) &&
	    time_monotonic_us() - f->looked_us < REMEMBERED;
}

static void
judge(struct notary *n, struct fleet_node *at, uint64_t commits)
{
	struct absent *a = &at->absent;

	a->word = ABSENT_NOTHING;
	if (a->seen && commits < a->commits) {
		log_error("registry: the database has %" PRIu64 " commits of "
		    "%s, which had made %" PRIu64 ": it was set back",
		    commits, at->origin, a->commits);
		a->word = ABSENT_BEHIND;
	} else if (can_vouch(n, at, commits)) {
		log_info("registry: %s was not connected when the database "
		    "was restarted, and nothing of it is missing",
		    at->origin);
		a->word = ABSENT_WHOLE;
	}
	n->chores.due |= a->word != ABSENT_NOTHING;
}

static void
see(void *arg, int64_t node, uint64_t commits, bool connected)
{
	struct notary *n = arg;
	bool is_new = strcmp(n->fleet.term, registry_term(n->registry)) != 0;
	struct fleet_node *at = NULL;

	for (size_t i = 0; i < n->fleet.count; i++)
		if (n->fleet.nodes[i].node == node)
			at = &n->fleet.nodes[i];
	if (at == NULL || at->state != FLEET_JOINED ||
	    node == registry_own_node(n->registry))
		return;
	if (is_new || commits < at->absent.commits)
		judge(n, at, commits);
	at->absent.seen = true;
	at->absent.connected = connected;
	at->absent.commits = commits;
	at->absent.was_whole = !at->unsure ||
	    at->absent.word == ABSENT_WHOLE;
}

enum err
absent_look(struct notary *n)
{
	TRY(registry_writers(n->registry, see, n));
	snprintf(n->fleet.term, sizeof(n->fleet.term), "%s",
	    registry_term(n->registry));
	n->fleet.looked_us = time_monotonic_us();
	return ERR_OK;
}

enum err
absent_stage(struct notary *n)
{
	for (size_t i = 0; i < n->fleet.count; i++) {
		struct fleet_node *at = &n->fleet.nodes[i];

		at->absent.staged = at->absent.word;
		if (at->absent.word != ABSENT_NOTHING)
			TRY(registry_vouch(n->registry, at->node, at->said,
			    at->absent.word == ABSENT_BEHIND ?
			    REGISTRY_BEHIND : registry_term(n->registry)));
	}
	return ERR_OK;
}

void
absent_staged(struct fleet *f, bool durable)
{
	for (size_t i = 0; i < f->count && durable; i++) {
		struct absent *a = &f->nodes[i].absent;

		if (a->staged == a->word)
			a->word = ABSENT_NOTHING;
	}
}
