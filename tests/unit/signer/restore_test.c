/*
 * Three nodes with one registry and clocks that differ, whose logs are all
 * that is left: in whatever order the logs are told, and with whatever the
 * registry had kept, the rows come out as they were. Histories are random;
 * what they should come to is kept by a model that does as reserve.c does.
 */
#include "audit/entry.h"
#include "signer/notary/restore.h"

#define PLACE_ON_POSTGRES
#include "tests/unit/signer/registry_place.h"

#define NODES 3
#define HOLDERS 16
#define EVENTS 9		/* of a holder, at most */
#define ENTRIES (HOLDERS * EVENTS * 2)
#define START 1795392000

/* A device, and how many credentials it was given; places follow. */
struct model_device {
	struct registry_device	d;
	size_t			use_count;
	int64_t			first[EVENTS];
};

struct model_holder {
	struct handle		holder;
	size_t			count;
	struct model_device	at[EVENTS];
};

struct told {
	size_t		node;
	uint64_t	index;
	struct bytes	entry;
};

static struct {
	struct registry		*registry[NODES];
	struct model_holder	 holders[HOLDERS];
	size_t			 count;
	struct told		 told[ENTRIES];	/* as it happened */
	uint64_t		 next[NODES];	/* index */
	int64_t			 time, places;
	uint64_t		 tokens;
} world;

static uint32_t
some(uint32_t below)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % below;
}

/* ---- what happens */

/* Seconds pass slowly; a node may be two behind another. */
static int64_t
clock_of(size_t node)
{
	world.time += some(3) == 0;
	return world.time + (int64_t)node - 1;
}

static struct handle
name(uint8_t kind, uint64_t number)
{
	struct handle h = { .at = { kind } };

	memcpy(h.at + 4, &number, sizeof(number));
	return h;
}

static void
tell(size_t node, int64_t now, struct entry_decision_facts *f)
{
	static const struct entry_rule rule = { "a", ENTRY_RULE_PASS };
	struct told *t = &world.told[world.count++];
	struct entry_common c = { .seq = world.next[node]++,
	    .t = now * 1000 };
	AUTO_DONE(bytes) facts = { 0 };

	assert_true(world.count <= ENTRIES);
	bytes_printf(&facts, "{\"now\":%lld}", (long long)now);
	f->programme = "resident-id";
	f->allow = true;
	f->caller = "c";
	f->rules = &rule;
	f->rule_count = 1;
	f->facts = bytes_view(&facts);
	memcpy(f->request, &world.count, sizeof(world.count));
	t->node = node;
	t->index = c.seq;
	OK(entry_decision(&c, f, &t->entry));
}

static struct handle
visit(const struct model_holder *h, const char *purpose)
{
	size_t node = some(NODES);
	int64_t now = clock_of(node);
	struct handle cti = name(9, world.tokens++);
	struct entry_decision_facts f = { .operation = "qr-token",
	    .purpose = purpose, .holder = h->holder.at, .cti = cti.at,
	    .expiry = (now + 180) * 1000 };

	memcpy(cti.at, handle_at(now).at, 4);
	tell(node, now, &f);
	return cti;
}

static void
credential(struct model_holder *h, struct model_device *to,
    struct entry_decision_facts *f, size_t node, int64_t now)
{
	struct handle cti = visit(h, f->purpose);
	const struct schema_use use = { 1, (uint64_t)world.places, 1 };

	to->first[to->use_count++] = world.places++;
	f->operation = "credential";
	f->holder = h->holder.at;
	f->device = to->d.device.at;
	f->used = cti.at;
	f->uses = &use;
	f->use_count = 1;
	f->bound = handle_time(&to->d.serial) * 1000;
	f->expiry = to->d.administrative_expiry * 1000;
	f->until = (now + 100) * 1000;
	tell(node, now, f);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
change_time(const struct registry_device *d, int64_t now)
{
	return later(later(now, d->issued_at), d->changed_at + 1);
}

static void
give(struct model_holder *h, const char *purpose)
{
	size_t node = some(NODES);
	int64_t now = clock_of(node);
	struct entry_decision_facts f = { .purpose = purpose };
	struct model_device *to = &h->at[h->count], *old = to - 1;
	int64_t newest = h->count != 0 ? handle_time(&old->d.serial) : 0;

	if (strcmp(purpose, "reissue") == 0) {
		f.old = newest * 1000;
		old->d.changed_at = change_time(&old->d, now);
		old->d.state = old->d.administrative_expiry <= now ?
		    DEVICE_EXPIRED : DEVICE_REPLACED;
		f.changed = old->d.changed_at * 1000;
	}
	to->d = (struct registry_device){
		.device = name(2, some(3)),	/* a phone may come again */
		.serial = handle_at(later(now, newest + 1)),
		.state = DEVICE_ACTIVE,
		.issued_at = now,
		.administrative_expiry = now + 20 + (int64_t)some(200),
		.refreshed_at = TIME_NONE, .changed_at = TIME_NONE,
	};
	h->count++;
	credential(h, to, &f, node, now);
}

static void
refresh(struct model_holder *h)
{
	size_t node = some(NODES);
	struct model_device *to = &h->at[h->count - 1];
	struct entry_decision_facts f = { .purpose = "refresh" };
	int64_t now = clock_of(node);

	to->d.refreshed_at = later(now, to->d.refreshed_at);
	credential(h, to, &f, node, now);
}

static void
change(struct model_holder *h, const char *action, enum device_state state)
{
	size_t node = some(NODES);
	struct registry_device *d = &h->at[h->count - 1].d;
	int64_t now = clock_of(node);
	struct entry_decision_facts f = { .operation = "status-change",
	    .action = action, .holder = h->holder.at, .device = d->device.at,
	    .bound = handle_time(&d->serial) * 1000 };

	d->state = state;
	d->changed_at = change_time(d, now);
	f.changed = d->changed_at * 1000;
	tell(node, now, &f);
}

static void
live(struct model_holder *h)
{
	enum device_state state = h->count == 0 ? DEVICE_REVOKED :
	    h->at[h->count - 1].d.state;

	if (state == DEVICE_REVOKED)
		give(h, "first-issue");
	else if (some(4) == 0)
		change(h, "revoke", DEVICE_REVOKED);
	else if (some(4) == 0)
		give(h, "reissue");
	else if (state == DEVICE_SUSPENDED)
		change(h, "reinstate", DEVICE_ACTIVE);
	else if (some(3) == 0)
		refresh(h);
	else
		change(h, "suspend", DEVICE_SUSPENDED);
}

static void
live_all(void)
{
	world.time = START;
	for (uint8_t i = 0; i < HOLDERS; i++)
		world.holders[i].holder = handle((uint8_t)(i + 1));
	for (size_t k = 0; k < EVENTS; k++)
		for (size_t i = 0; i < HOLDERS; i++)
			live(&world.holders[i]);
}

/* ---- what is there */

static void
same_device(const struct model_holder *h, const struct registry_device *d)
{
	struct registry_device found;

	OK(registry_device_bound(world.registry[0], &h->holder, resident,
	    handle_time(&d->serial), &found));
	assert_memory_equal(found.device.at, d->device.at, HANDLE_SIZE);
	assert_int_equal(found.state, d->state);
	assert_int_equal(found.issued_at, d->issued_at);
	assert_int_equal(found.administrative_expiry,
	    d->administrative_expiry);
	assert_int_equal(found.refreshed_at, d->refreshed_at);
	assert_int_equal(found.changed_at, d->changed_at);
}

static enum err
see(void *arg, const struct status_use *use, enum status value)
{
	int *values = arg;

	values[use->first] = (int)value;
	return ERR_OK;
}

static void
same_places(void)
{
	static int values[ENTRIES];
	struct registry_sweep s = { .list = 1 };

	memset(values, 0, sizeof(values));
	while (!s.whole)
		OK(registry_status_changed(world.registry[0], &s, 100, see,
		    values));
	for (size_t i = 0; i < HOLDERS * EVENTS; i++) {
		const struct model_device *d =
		    &world.holders[i / EVENTS].at[i % EVENTS];
		enum status value = d->d.state == DEVICE_ACTIVE ?
		    STATUS_VALID : d->d.state == DEVICE_SUSPENDED ?
		    STATUS_SUSPENDED : STATUS_INVALID;

		for (size_t k = 0; k < d->use_count; k++)
			assert_int_equal(values[d->first[k]], (int)value);
	}
}

static void
all_is_as_it_was(void)
{
	size_t devices = 0;
	char sql[160];

	for (size_t i = 0; i < HOLDERS; i++)
		for (size_t k = 0; k < world.holders[i].count; k++, devices++)
			same_device(&world.holders[i],
			    &world.holders[i].at[k].d);
	assert_true(devices > HOLDERS);
	same_places();
	snprintf(sql, sizeof(sql), "SELECT 1 / (count(*) = %zu)::int FROM "
	    "okse.device", devices);
	assert_true(cluster_sql(&cluster, sql));
	/* a token of each issue, and none that was not used */
	snprintf(sql, sizeof(sql), "SELECT 1 / (count(*) = %llu AND "
	    "count(redeemed_at) = %llu AND min(expires_at - issued_at) = 180"
	    ")::int FROM okse.qr", (unsigned long long)world.tokens,
	    (unsigned long long)world.tokens);
	assert_true(cluster_sql(&cluster, sql));
}

/* ---- telling it again */

/* Of what was told from first to last, a node's part, some at a time. */
static void
restore(size_t first, size_t last, size_t node)
{
	struct registry *r = world.registry[node];
	struct restored so_far = { 0 };

	for (size_t i = first; i < last; i++) {
		const struct told *t = &world.told[i];

		if ((i - first) % 50 == 0)
			OK(registry_begin(r));
		if (t->node == node)
			OK(restore_entry(r, t->index, bytes_view(&t->entry),
			    1 << 20, &so_far));
		if ((i - first) % 50 == 49 || i == last - 1)
			OK(registry_commit(r));
	}
}

static void
forget_all(void)
{
	assert_true(cluster_sql(&cluster, "TRUNCATE okse.device, "
	    "okse.device_key, okse.qr, okse.status_list, "
	    "okse.status_version, okse.status_use, okse.idem, okse.entry"));
}

static const size_t orders[][NODES] = { { 0, 1, 2 }, { 0, 2, 1 },
    { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

static void
in_any_order_of_the_logs_the_rows_are_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		forget_all();
		for (size_t k = 0; k < NODES; k++)
			restore(0, world.count, orders[i][k]);
		all_is_as_it_was();
	}
}

/* The registry forgot the end of it. */
static void
what_was_kept_is_built_upon(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		size_t kept = world.count * (i + 1) / (COUNT(orders) + 1);

		forget_all();
		for (size_t k = 0; k < NODES; k++)
			restore(0, kept, k);
		for (size_t k = 0; k < NODES; k++)
			restore(kept, world.count, orders[i][k]);
		all_is_as_it_was();
	}
}

/* Steps of one repair come between those of another. */
static void
repairs_may_go_on_at_the_same_time(void **state)
{
	size_t at[NODES] = { 0 };

	(void)state;
	forget_all();
	while (at[0] + at[1] + at[2] < NODES * world.count) {
		size_t node = some(NODES), to;

		to = at[node] + 20 < world.count ? at[node] + 20 :
		    world.count;
		restore(at[node], to, node);
		at[node] = to;
	}
	all_is_as_it_was();
}

/* ---- */

static int
fleet_open(void **state)
{
	static const char *const origins[NODES] = { "okse.example/1",
	    "okse.example/2", "okse.example/3" };
	AUTO(registry) owner = NULL;

	OK(crypto_init());
	assert_int_equal(places_open(state), 0);
	OK(registry_open_owner(cluster.owner, &owner));
	for (size_t i = 0; i < NODES; i++) {
		struct registry_node n = { .log_key = view_text("k"),
		    .qr_certificates = view_text("qr"), .joined_at = 7 };

		snprintf(n.origin, sizeof(n.origin), "%s", origins[i]);
		OK(registry_join(owner, &n));
		OK(registry_open(cluster.daemon, &world.registry[i]));
		OK(registry_become(world.registry[i], &n));
	}
	live_all();
	return 0;
}

static int
fleet_close(void **state)
{
	for (size_t i = 0; i < NODES; i++)
		registry_close(world.registry[i]);
	for (size_t i = 0; i < world.count; i++)
		bytes_done(&world.told[i].entry);
	return places_close(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    in_any_order_of_the_logs_the_rows_are_the_same),
		cmocka_unit_test(what_was_kept_is_built_upon),
		cmocka_unit_test(repairs_may_go_on_at_the_same_time),
	};

	return cmocka_run_group_tests(tests, fleet_open, fleet_close);
}
