/*
 * A database shared by nodes that is restarted, or put back to an older copy
 * of itself under the same timeline: it is another history each time, a node
 * that was down is vouched for by who saw it go, and one whose commits are
 * gone is awaited, whatever the registry says of it.
 */
#define PLACE_ON_POSTGRES
#include "tests/unit/signer/registry_place.h"

#include "signer/notary/notary.h"

static const char other_origin[] = "okse.example/other";

/* What a look needs of a notary, and another node. */
struct pair {
	struct notary	*n;
	struct registry	*other;
	int64_t		 node;		/* of the other */
};

static void
open_other(struct pair *p)
{
	struct registry_node self = { .log_key = view_text("k"),
	    .qr_certificates = view_text("qr"), .joined_at = 1 };
	AUTO(registry) owner = NULL;
	enum err e;

	snprintf(self.origin, sizeof(self.origin), "%s", other_origin);
	OK(registry_open_owner(cluster.owner, &owner));
	e = registry_join(owner, &self);
	assert_true(e == ERR_OK || e == ERR_EXISTS);
	OK(registry_open(cluster.daemon, &p->other));
	OK(registry_become(p->other, &self));
	p->node = registry_own_node(p->other);
}

static void
say(struct registry *r, const char *word)
{
	OK(registry_begin(r));
	OK(registry_meta_put(r, REGISTRY_WHOLE, view_text(word)));
	OK(registry_commit(r));
}

static int
pair_open(void **state)
{
	struct pair *p = mem_new(1, sizeof(*p));
	struct place place = { 0 };

	place_make(&place);
	place_open(&place);
	p->n = mem_new(1, sizeof(*p->n));
	p->n->registry = STEAL(place.r);
	open_other(p);
	say(p->n->registry, registry_term(p->n->registry));
	say(p->other, registry_term(p->other));
	*state = p;
	return 0;
}

static int
pair_close(void **state)
{
	struct pair *p = *state;

	registry_close(p->n->registry);
	registry_close(p->other);
	mem_free(p->n);
	mem_free(p);
	return 0;
}

static struct fleet_node *
other(const struct pair *p)
{
	for (size_t i = 0; i < p->n->fleet.count; i++)
		if (p->n->fleet.nodes[i].node == p->node)
			return &p->n->fleet.nodes[i];
	fail_msg("the other node is not there");
	return NULL;
}

static void
leave(struct pair *p)
{
	registry_close(STEAL(p->other));
	/* its session is over when the server says so */
	assert_true(cluster_sql(&cluster, "DO \\$\\$ BEGIN WHILE EXISTS ("
	    "SELECT FROM pg_stat_activity WHERE application_name = 'okse "
	    "node 2') LOOP PERFORM pg_sleep(0.01); PERFORM "
	    "pg_stat_clear_snapshot(); END LOOP; END \\$\\$"));
}

/* As fleet_look() does, without what the rest of a daemon is needed for. */
static enum err
keep_said(void *arg, int64_t node, struct view value)
{
	struct notary *n = arg;

	for (size_t i = 0; i < n->fleet.count; i++) {
		struct fleet_node *at = &n->fleet.nodes[i];

		if (at->node != node)
			continue;
		snprintf(at->said, sizeof(at->said), "%.*s", (int)value.len,
		    (const char *)value.at);
		at->unsure = !view_is(value, registry_term(n->registry));
	}
	return ERR_OK;
}

static enum err
keep_node(void *arg, const struct registry_node *r)
{
	struct fleet *f = &((struct notary *)arg)->fleet;
	size_t i = 0;

	while (i < f->count && f->nodes[i].node != r->node)
		i++;
	f->count += i == f->count;
	f->nodes[i].node = r->node;
	f->nodes[i].state = FLEET_JOINED;
	return ERR_OK;
}

static void
look(struct pair *p)
{
	OK(registry_nodes(p->n->registry, keep_node, p->n));
	OK(registry_meta_each(p->n->registry, REGISTRY_WHOLE, keep_said,
	    p->n));
	OK(absent_look(p->n));
}

static void
say_it(struct pair *p)
{
	OK(registry_begin(p->n->registry));
	OK(absent_stage(p->n));
	OK(registry_commit(p->n->registry));
	absent_staged(&p->n->fleet, true);
	assert_int_equal(other(p)->absent.word, ABSENT_NOTHING);
	look(p);
}

static void
find_again(struct registry *r)
{
	enum registry_fate fate;
	enum err e = ERR_UNAVAILABLE;

	/* the connection is lost by the attempt to use it */
	OK(registry_begin(r));
	(void)registry_meta_put(r, "x", view_text("x"));
	(void)registry_commit(r);
	registry_rollback(r);
	for (int i = 0; i < 100 && e == ERR_UNAVAILABLE; i++)
		e = registry_resume(r, &fate);
	OK(e);
}

static void
restart(struct pair *p)
{
	assert_int_equal(cluster_do(&cluster, "stop", ""), 0);
	assert_int_equal(cluster_do(&cluster, "restart", ""), 0);
	find_again(p->n->registry);
}

/* ---- */

static void
each_start_of_the_server_is_another_history_of_one_line(void **state)
{
	struct pair *p = *state;
	char before[REGISTRY_TERM];

	snprintf(before, sizeof(before), "%s", registry_term(p->n->registry));
	assert_true(registry_same_line(before, before));
	restart(p);
	assert_string_not_equal(before, registry_term(p->n->registry));
	assert_true(registry_same_line(before,
	    registry_term(p->n->registry)));
	assert_false(registry_same_line("1/00000001/5", "1/00000002/5"));
	assert_false(registry_same_line("1/00000001/5", "2/00000001/5"));
	assert_false(registry_same_line("", ""));
}

static void
who_was_down_when_the_server_was_restarted_is_vouched_for(void **state)
{
	struct pair *p = *state;

	leave(p);
	look(p);
	assert_false(other(p)->unsure || other(p)->absent.connected);
	restart(p);
	look(p);
	assert_true(other(p)->unsure);
	assert_int_equal(other(p)->absent.word, ABSENT_WHOLE);
	assert_true(p->n->chores.due);
	say_it(p);
	assert_false(other(p)->unsure);
}

static void
a_vouch_that_was_not_recorded_is_said_again(void **state)
{
	struct pair *p = *state;

	leave(p);
	look(p);
	restart(p);
	look(p);
	OK(registry_begin(p->n->registry));
	OK(absent_stage(p->n));
	registry_rollback(p->n->registry);
	absent_staged(&p->n->fleet, false);
	assert_int_equal(other(p)->absent.word, ABSENT_WHOLE);
	restart(p);		/* once more, meanwhile */
	look(p);
	assert_int_equal(other(p)->absent.word, ABSENT_WHOLE);
	say_it(p);
	assert_false(other(p)->unsure);
}

static void
who_was_connected_is_awaited(void **state)
{
	struct pair *p = *state;

	look(p);
	assert_true(other(p)->absent.connected);
	restart(p);
	look(p);
	assert_true(other(p)->unsure);
	assert_int_equal(other(p)->absent.word, ABSENT_NOTHING);
}

static void
who_was_not_seen_lately_is_awaited(void **state)
{
	struct pair *p = *state;

	leave(p);
	look(p);
	restart(p);
	p->n->fleet.looked_us -= INT64_C(600000000);
	look(p);
	assert_true(other(p)->unsure);
	assert_int_equal(other(p)->absent.word, ABSENT_NOTHING);
}

static void
who_was_in_doubt_before_stays_in_doubt(void **state)
{
	struct pair *p = *state;

	say(p->other, REGISTRY_BEHIND);
	leave(p);
	look(p);
	restart(p);
	look(p);
	assert_true(other(p)->unsure);
	assert_int_equal(other(p)->absent.word, ABSENT_NOTHING);
}

/* The same timeline, the same cluster: nothing but the commits says so. */
static void
who_was_set_back_is_known_by_its_commits(void **state)
{
	struct pair *p = *state;
	const struct handle holder = { { 1 } };
	const struct registry_device d = { .device = { { 2 } },
	    .serial = { { 3 } }, .issued_at = 1 };

	assert_int_equal(cluster_do(&cluster, "save", ""), 0);
	OK(registry_begin(p->other));
	OK(registry_device_reserve(p->other, &holder, view_text("p"), &d));
	OK(registry_commit(p->other));
	leave(p);
	look(p);
	assert_int_equal(cluster_do(&cluster, "set-back", ""), 0);
	find_again(p->n->registry);
	look(p);
	assert_int_equal(other(p)->absent.word, ABSENT_BEHIND);
	assert_true(p->n->chores.due);
	say_it(p);
	assert_true(other(p)->unsure);
	assert_string_equal(other(p)->said, REGISTRY_BEHIND);
}

static void
what_a_node_says_meanwhile_is_not_taken_back(void **state)
{
	struct pair *p = *state;

	leave(p);
	look(p);
	restart(p);
	look(p);
	assert_int_equal(other(p)->absent.word, ABSENT_WHOLE);
	open_other(p);
	say(p->other, REGISTRY_BEHIND);
	say_it(p);
	assert_string_equal(other(p)->said, REGISTRY_BEHIND);
}

#define PAIR(f) cmocka_unit_test_setup_teardown(f, pair_open, pair_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(each_start_of_the_server_is_another_history_of_one_line),
		PAIR(who_was_down_when_the_server_was_restarted_is_vouched_for),
		PAIR(a_vouch_that_was_not_recorded_is_said_again),
		PAIR(who_was_connected_is_awaited),
		PAIR(who_was_not_seen_lately_is_awaited),
		PAIR(who_was_in_doubt_before_stays_in_doubt),
		PAIR(who_was_set_back_is_known_by_its_commits),
		PAIR(what_a_node_says_meanwhile_is_not_taken_back),
	};

	return cmocka_run_group_tests(tests, places_open, places_close);
}
