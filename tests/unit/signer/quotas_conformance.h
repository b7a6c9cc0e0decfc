/*
 * Quotas of clients and centres, by the hour and the day, as the notary keeps
 * them on any engine: exactly as many as allowed, whatever comes at one time,
 * is asked for again, or is interrupted. Run on each: quotas_test.c and
 * quotas_postgres_test.c.
 */
#include "tests/unit/signer/publish.h"

#ifdef PLACE_ON_POSTGRES
#include "tests/unit/signer/cluster.h"
#endif

#define PER_CLIENT_HOUR 5
#define PER_CENTRE_HOUR 3
#define PER_CENTRE_DAY 4

#define QUOTA(name, of, per, most, window)                                    \
	"  " name ": { kind: quota, operations: [" of "], per: " per ","      \
	" at-most: " #most ", window: " window ", basis: test }\n"
#define RULES(client, hour, day)                                              \
	"\n" QUOTA("client-hour", "qr-token, credential", "client", client,   \
	    "PT1H")                                                           \
	QUOTA("centre-hour", "qr-token", "centre", hour, "PT1H")              \
	QUOTA("centre-day", "qr-token", "centre", day, "P1D")

/* ---- the engine */

#ifdef PLACE_ON_POSTGRES

static struct cluster cluster;

static int
open_engine(void **state)
{
	int from, to;

	(void)state;
	assert_true(cluster_start(&cluster, ""));
	OK(registry_migrate(cluster.owner, &from, &to));
	return 0;
}

static int
close_engine(void **state)
{
	(void)state;
	cluster_stop(&cluster);
	return 0;
}

/* An empty registry, which this world's node has joined. */
static void
place(struct world *w)
{
	AUTO(registry) r = NULL;
	AUTO(vkey) key = NULL;
	AUTO_DONE(bytes) text = { 0 }, certificates = { 0 };
	struct registry_node self = { .origin = ORIGIN, .joined_at = 1 };
	struct signers signers;

	assert_true(cluster_sql(&cluster, "TRUNCATE okse.device, "
	    "okse.device_key, okse.qr, okse.nonce, okse.quota, "
	    "okse.status_list, okse.status_version, okse.status_use, "
	    "okse.idem, okse.orphan, okse.entry, okse.meta, okse.writer, "
	    "okse.node"));
	OK(registry_open_owner(cluster.owner, &r));
	OK(registry_grant(r, "okse"));
	OK(signers_load(&w->config, &signers));
	fleet_put_certificates(&signers, w->now, &certificates);
	signers_done(&signers);
	OK(vkey_of_key(view_text(ORIGIN), w->log_key, &key));
	vkey_put(key, &text);
	self.log_key = bytes_view(&text);
	self.qr_certificates = bytes_view(&certificates);
	OK(registry_join(r, &self));
	w->config.registry = cluster.daemon;
}

#else

static int
open_engine(void **state)
{
	(void)state;
	return 0;
}

static int
close_engine(void **state)
{
	(void)state;
	return 0;
}

static void
place(struct world *w)
{
	(void)w;
}

#endif

/* ---- a world with these quotas */

static int
setup(void **state)
{
	const struct bundle_plan plan = { 0, time_now() + 4000 * DAY };
	struct world *w = world_new();
	char dir[80], command[256], path[128];
	FILE *f;

	snprintf(dir, sizeof(dir), "%s/1", w->policy);
	snprintf(command, sizeof(command), "cd %s && rm -rf manifest* "
	    "signatures* *_test.yaml", dir);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof(path), "%s/resident-id.yaml", dir);
	f = fopen(path, "ae");
	assert_non_null(f);
	fputs(RULES(PER_CLIENT_HOUR, PER_CENTRE_HOUR, PER_CENTRE_DAY), f);
	assert_int_equal(fclose(f), 0);
	bundle_seal(dir, &w->officers, &plan, SEATS(1, 2));
	place(w);
	world_open(w);
	*state = w;
	return 0;
}

/* The i-th person visits this centre; by a key of their own. */
static void
visit(struct person *p, size_t i, const char *centre)
{
	person_init(p, i, OPERATION_QR_TOKEN);
	p->asked.evidence.centre = view_text(centre);
}

static const char *const centres[] = { "1111051500", "1111053000",
    "1111054000" };

static struct served *
ask(struct world *w, size_t i, const char *centre)
{
	struct person p;

	visit(&p, i, centre);
	return world_ask(w, &p.asked);
}

static void
granted(struct world *w, size_t i, const char *centre)
{
	struct served *s = ask(w, i, centre);

	assert_int_equal(served_err(s), ERR_OK);
	report(w, ticket_index(s->ticket), ERR_OK);
}

static void
refused(struct world *w, size_t i, const char *centre, const char *rule)
{
	struct served *s = ask(w, i, centre);

	assert_int_equal(served_err(s), ERR_REFUSED);
	assert_true(served_failed(s, rule));
}

/* ---- */

static void
a_client_gets_as_many_an_hour_as_allowed_and_not_one_more(void **state)
{
	struct world *w = *state;
	struct person p;

	for (size_t i = 0; i < PER_CLIENT_HOUR; i++)
		granted(w, i, centres[i % 3]);
	refused(w, 90, centres[2], "client-hour");
	refused(w, 91, centres[2], "client-hour");
	/* another client has its own */
	visit(&p, 92, centres[2]);
	p.asked.caller = view_text("issuance");
	(void)world_ask(w, &p.asked);
	assert_false(served_failed(&w->batch.at[0], "client-hour"));
	/* and the next hour, of Korean time, is another */
	w->now += 3599;
	refused(w, 93, centres[2], "client-hour");
	w->now++;
	granted(w, 94, centres[2]);
}

static void
a_centre_has_its_hours_and_its_day(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < PER_CENTRE_HOUR; i++)
		granted(w, i, centres[0]);
	refused(w, 90, centres[0], "centre-hour");
	granted(w, 3, centres[1]);
	w->now += 3600;
	granted(w, 4, centres[0]);
	refused(w, 91, centres[0], "centre-day");
	w->now += 3600;
	refused(w, 92, centres[0], "centre-day");
	/* it was noon in Seoul: the day ends there, not in London */
	w->now += 10 * 3600 - 1;
	refused(w, 93, centres[0], "centre-day");
	w->now++;
	granted(w, 5, centres[0]);
}

static void
a_refusal_takes_nothing_of_any_of_them(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < PER_CENTRE_HOUR; i++)
		granted(w, i, centres[0]);
	for (size_t i = 90; i < 110; i++)
		refused(w, i, centres[0], "centre-hour");
	/* the client's are there for other centres */
	for (size_t i = PER_CENTRE_HOUR; i < PER_CLIENT_HOUR; i++)
		granted(w, i, centres[1]);
	refused(w, 110, centres[2], "client-hour");
}

static void
a_retry_takes_none_whenever_it_comes(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < PER_CENTRE_HOUR; i++)
		granted(w, i, centres[0]);
	for (size_t again = 0; again < 3; again++)
		granted(w, again, centres[0]);
	/* nor after a crash, with the signature still to come */
	assert_int_equal(served_err(ask(w, 3, centres[1])), ERR_OK);
	world_reopen(w);
	for (size_t again = 0; again < 3; again++)
		granted(w, again, centres[0]);
	granted(w, 3, centres[1]);
	refused(w, 90, centres[0], "centre-hour");
	granted(w, 4, centres[1]);
	refused(w, 91, centres[2], "client-hour");
	/* what was granted is served also when nothing is left */
	granted(w, 0, centres[0]);
}

static void
of_many_at_one_time_exactly_so_many_are_granted(void **state)
{
	struct world *w = *state;
	size_t ok = 0;

	granted(w, 0, centres[0]);
	for (size_t i = 1; i < 41; i++) {
		struct person p;

		visit(&p, i, centres[i % 3]);
		world_queue(w, &p.asked);
	}
	world_run(w);
	assert_int_equal(w->batch.count, 40);
	for (size_t i = 0; i < w->batch.count; i++)
		ok += served_err(&w->batch.at[i]) == ERR_OK;
	assert_int_equal(ok, PER_CLIENT_HOUR - 1);
	refused(w, 90, centres[2], "client-hour");
}

static void
what_was_not_committed_took_nothing(void **state)
{
	struct world *w = *state;
	struct person p;

	for (size_t i = 0; i < PER_CENTRE_HOUR - 1; i++)
		granted(w, i, centres[0]);
	/* asked for, and the process is gone before it is served */
	visit(&p, 7, centres[0]);
	world_queue(w, &p.asked);
	world_reopen(w);
	granted(w, 8, centres[0]);
	refused(w, 7, centres[0], "centre-hour");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_gets_as_many_an_hour_as_allowed_and_not_one_more),
		TEST(a_centre_has_its_hours_and_its_day),
		TEST(a_refusal_takes_nothing_of_any_of_them),
		TEST(a_retry_takes_none_whenever_it_comes),
		TEST(of_many_at_one_time_exactly_so_many_are_granted),
		TEST(what_was_not_committed_took_nothing),
	};

	return cmocka_run_group_tests(tests, open_engine, close_engine);
}
