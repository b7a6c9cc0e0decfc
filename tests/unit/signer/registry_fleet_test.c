/*
 * Nodes of a registry that several share: who may be one, who is known, what
 * a retired one can still do, and what two of them do to each other.
 */
#define PLACE_ON_POSTGRES
#include "tests/unit/signer/registry_place.h"

static struct registry_node
node_of(const char *origin, const char *key)
{
	struct registry_node n = { .log_key = view_text(key),
	    .qr_certificates = view_text("qr"), .joined_at = 7 };

	snprintf(n.origin, sizeof(n.origin), "%s", origin);
	return n;
}

static void
join(const struct registry_node *n)
{
	AUTO(registry) owner = NULL;
	enum err e;

	OK(registry_open_owner(cluster.owner, &owner));
	e = registry_join(owner, n);
	assert_true(e == ERR_OK || e == ERR_EXISTS);
}

static enum err
become(struct registry_node n, struct registry **out)
{
	TRY(registry_open(cluster.daemon, out));
	return registry_become(*out, &n);
}

static void
one_origin_joins_once(void **state)
{
	AUTO(registry) owner = NULL;
	struct registry_node n = node_of("okse.example/once", "k");

	(void)state;
	OK(registry_open_owner(cluster.owner, &owner));
	OK(registry_join(owner, &n));
	assert_int_equal(registry_join(owner, &n), ERR_EXISTS);
	assert_int_equal(registry_retire(owner, "okse.example/nobody", false,
	    1), ERR_NOT_FOUND);
}

static void
only_who_has_joined_with_this_key_may_be_it(void **state)
{
	AUTO(registry) stranger = NULL;
	AUTO(registry) other = NULL;
	AUTO(registry) right = NULL;
	struct registry_node n = node_of("okse.example/key", "k");

	(void)state;
	join(&n);
	assert_int_equal(become(node_of("okse.example/none", "k"),
	    &stranger), ERR_NOT_FOUND);
	assert_int_equal(become(node_of("okse.example/key", "x"), &other),
	    ERR_MISMATCH);
	OK(become(n, &right));
	assert_true(registry_own_node(right) > 1);
}

struct seen {
	size_t	count;
	bool	renewed;
};

static enum err
see(void *arg, const struct registry_node *n)
{
	struct seen *s = arg;

	s->count++;
	s->renewed |= strcmp(n->origin, "okse.example/renewed") == 0 &&
	    view_is(n->qr_certificates, "fresh") && n->joined_at == 7 &&
	    n->retired_at == TIME_NONE;
	return ERR_OK;
}

static void
a_node_renews_what_its_tokens_are_verified_with(void **state)
{
	AUTO(registry) r = NULL;
	struct registry_node n = node_of("okse.example/renewed", "k");
	char origin[REGISTRY_ORIGIN + 1];
	struct seen seen = { 0 };

	(void)state;
	join(&n);
	n.qr_certificates = view_text("fresh");
	OK(become(n, &r));
	OK(registry_nodes(r, see, &seen));
	assert_true(seen.count >= 2 && seen.renewed);
	OK(registry_node_origin(r, registry_own_node(r), origin));
	assert_string_equal(origin, "okse.example/renewed");
	assert_int_equal(registry_node_origin(r, 1000, origin),
	    ERR_NOT_FOUND);
}

static void
put_entries(struct registry *r, const char *const text[3])
{
	OK(registry_begin(r));
	for (uint64_t i = 0; i < 3; i++)
		OK(registry_entry_put(r, i, view_text(text[i])));
	OK(registry_commit(r));
}

static void
are_entries(struct registry *r, const char *origin,
    const char *const text[3])
{
	struct view entry;

	OK(registry_look_as(r, origin));
	for (uint64_t i = 0; i < 3; i++) {
		OK(registry_entry_get(r, i, &entry));
		assert_true(view_is(entry, text[i]));
	}
}

static void
what_was_read_ahead_of_one_log_is_not_of_another(void **)
{
	static const char *const some[3] = { "a0", "a1", "a2" };
	static const char *const others[3] = { "b0", "b1", "b2" };
	struct registry_node a = node_of("okse.example/ahead-a", "k");
	struct registry_node b = node_of("okse.example/ahead-b", "k");
	AUTO(registry) first = NULL;
	AUTO(registry) second = NULL;
	AUTO(registry) reader = NULL;

	join(&a);
	join(&b);
	OK(become(a, &first));
	OK(become(b, &second));
	put_entries(first, some);
	put_entries(second, others);
	OK(registry_open_owner(cluster.owner, &reader));
	are_entries(reader, a.origin, some);
	are_entries(reader, b.origin, others);
	are_entries(reader, a.origin, some);
}

static void
a_retired_node_commits_nothing_and_never_comes_back(void **state)
{
	AUTO(registry) owner = NULL;
	AUTO(registry) r = NULL;
	AUTO(registry) again = NULL;
	struct registry_node n = node_of("okse.example/retired", "k");
	struct handle holder = handle(40);
	struct registry_device d = device(41), found;

	(void)state;
	join(&n);
	OK(become(n, &r));
	OK(registry_open_owner(cluster.owner, &owner));
	OK(registry_retire(owner, n.origin, false, 9));
	assert_int_equal(registry_retire(owner, n.origin, false, 10),
	    ERR_EXISTS);
	OK(registry_begin_deferring(r));
	OK(registry_device_reserve(r, &holder, resident, &d));
	assert_int_equal(registry_commit(r), ERR_SYSTEM);
	registry_rollback(r);
	registry_close(STEAL(r));
	assert_int_equal(become(n, &again), ERR_REFUSED);
	assert_int_equal(registry_device_find(owner, &holder, resident,
	    &found), ERR_NOT_FOUND);
}

static void
two_nodes_share_devices_tokens_and_retries_but_no_log(void **state)
{
	struct place *p = *state;
	AUTO(registry) other = NULL;
	struct registry_node n = node_of("okse.example/second", "k");
	struct handle holder = handle(50), id = handle(52);
	struct registry_device d = device(51), e = device(53), found;
	struct registry_idem idem = { .index = 3, .draft_count = 1 }, kept;
	uint64_t count;

	join(&n);
	OK(become(n, &other));
	OK(registry_begin(p->r));
	OK(registry_device_reserve(p->r, &holder, resident, &d));
	OK(registry_idem_put(p->r, &id, &idem));
	OK(registry_entry_put(p->r, 0, view_text("mine")));
	OK(registry_commit(p->r));
	OK(registry_device_find(other, &holder, resident, &found));
	OK(registry_begin(other));
	assert_int_equal(registry_device_reserve(other, &holder, resident,
	    &e), ERR_EXISTS);
	assert_int_equal(registry_idem_put(other, &id, &idem), ERR_EXISTS);
	OK(registry_entry_put(other, 0, view_text("theirs")));
	OK(registry_commit(other));
	OK(registry_idem_find(other, &id, &kept));
	assert_int_equal(kept.node, registry_own_node(p->r));
	assert_int_not_equal(kept.node, registry_own_node(other));
	OK(registry_entry_count(other, &count));
	assert_int_equal(count, 1);
}

struct doubt {
	int64_t	node;
	size_t	whole, behind;
};

static enum err
count(void *arg, int64_t node, struct view value)
{
	struct doubt *d = arg;

	d->whole += node == d->node && value.len > 8;
	d->behind += node == d->node && view_is(value, REGISTRY_BEHIND);
	return ERR_OK;
}

/* What a node with a past may have lost is not given up in silence. */
static void
a_node_in_doubt_is_confirmed_or_retired_as_lost(void **state)
{
	AUTO(registry) owner = NULL;
	struct registry_node n = node_of("okse.example/past", "k");
	struct doubt d = { 0 };

	(void)state;
	n.has_past = true;
	join(&n);
	OK(registry_open_owner(cluster.owner, &owner));
	OK(registry_look_as(owner, n.origin));
	d.node = registry_own_node(owner);
	OK(registry_meta_each(owner, REGISTRY_WHOLE, count, &d));
	assert_int_equal(d.behind, 1);
	assert_int_equal(registry_retire(owner, n.origin, false, 9),
	    ERR_BEHIND);
	OK(registry_confirm(owner));
	OK(registry_meta_each(owner, REGISTRY_WHOLE, count, &d));
	assert_int_equal(d.behind, 1);
	assert_int_equal(d.whole, 1);
	OK(registry_begin(owner));
	OK(registry_meta_put(owner, REGISTRY_WHOLE,
	    view_text(REGISTRY_BEHIND)));
	OK(registry_commit(owner));
	OK(registry_retire(owner, n.origin, true, 9));
}

/* The first to go on uses a list that nobody can have had. */
static void
lists_are_skipped_when_places_may_be_lost(void **state)
{
	struct place *p = *state;
	struct handle serial = handle(60);
	struct status_use use;

	OK(registry_begin(p->r));
	OK(registry_status_skip(p->r, 7));	/* none: nothing to skip */
	OK(registry_status_take(p->r, 4096, 2, &serial, 1000, 7, &use));
	assert_int_equal(use.list, 1);
	OK(registry_status_skip(p->r, 7));
	OK(registry_commit(p->r));
	reopen(p);
	OK(registry_begin(p->r));
	OK(registry_status_take(p->r, 4096, 2, &serial, 1000, 7, &use));
	OK(registry_commit(p->r));
	assert_int_equal(use.list, 9);
	assert_int_equal(use.size, 4096);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_origin_joins_once),
		TEST(only_who_has_joined_with_this_key_may_be_it),
		TEST(a_node_renews_what_its_tokens_are_verified_with),
		TEST(what_was_read_ahead_of_one_log_is_not_of_another),
		TEST(a_retired_node_commits_nothing_and_never_comes_back),
		TEST(a_node_in_doubt_is_confirmed_or_retired_as_lost),
		TEST(lists_are_skipped_when_places_may_be_lost),
		TEST(two_nodes_share_devices_tokens_and_retries_but_no_log),
	};

	return cmocka_run_group_tests(tests, places_open, places_close);
}
