/*
 * The PostgreSQL engine by itself, with tables of its own: reads ahead,
 * deferred writes, conflicts of two connections, every way for a connection
 * to break, and what the server must be.
 */
#include "tests/unit/signer/items.h"

/* ---- one connection */

static void
what_was_committed_is_there_for_others(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);

	(void)state;
	for (int careful = 0; careful < 2; careful++) {
		begin(e, careful);
		must(put(e, careful ? "b" : "a", 5 + careful));
		must(commit(e));
	}
	assert_int_equal(stored("a"), 5);
	assert_int_equal(stored("b"), 6);
	close_engine(e);
}

static void
what_was_rolled_back_is_not(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);

	(void)state;
	begin(e, true);
	must(put(e, "a", 5));
	e->ops->rollback(e);
	assert_int_equal(stored("a"), -1);
	begin(e, false);
	must(put(e, "a", 6));
	must(commit(e));
	assert_int_equal(stored("a"), 6);
	close_engine(e);
}

static void
expected_reads_are_answered_and_see_the_batch_s_own_writes(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);

	(void)state;
	begin(e, false);
	must(put(e, "a", 5));
	must(commit(e));
	begin(e, false);
	must(e->ops->expect(e, true));
	assert_int_equal(get(e, "a"), -1);	/* only noted */
	assert_int_equal(get(e, "b"), -1);
	must(e->ops->expect(e, false));
	assert_int_equal(get(e, "a"), 5);
	assert_int_equal(get(e, "b"), -1);
	assert_int_equal(get(e, "c"), -1);	/* not expected */
	must(put(e, "b", 6));
	must(set(e, SET, "a", 5, 7));
	assert_int_equal(get(e, "b"), 6);
	assert_int_equal(get(e, "a"), 7);
	must(commit(e));
	close_engine(e);
}

static void
a_batch_knows_nothing_of_what_the_one_before_read(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	static const char *const keys[] = { "a", "b" };

	(void)state;
	begin(e, false);
	must(put(e, "a", 1));
	must(put(e, "b", 2));
	must(commit(e));
	for (int i = 0; i < 2; i++) {
		begin(e, false);
		must(e->ops->expect(e, true));
		(void)get(e, keys[i]);
		must(e->ops->expect(e, false));
		assert_int_equal(get(e, keys[i]), 1 + i);
		must(commit(e));
	}
	close_engine(e);
}

static void
a_request_is_undone_alone(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);

	(void)state;
	for (int careful = 0; careful < 2; careful++) {
		const char *kept[] = { "k0", "k1" };
		const char *gone[] = { "g0", "g1" };

		begin(e, careful);
		must(e->ops->mark(e));
		must(put(e, kept[careful], 1));
		must(e->ops->mark(e));
		must(put(e, gone[careful], 2));
		if (careful)	/* reads it, so that the server has it */
			assert_int_equal(get(e, gone[careful]), 2);
		must(e->ops->undo(e));
		assert_int_equal(get(e, gone[careful]), -1);
		assert_int_equal(get(e, kept[careful]), 1);
		must(commit(e));
		assert_int_equal(stored(kept[careful]), 1);
		assert_int_equal(stored(gone[careful]), -1);
	}
	close_engine(e);
}

static void
a_deferred_conflict_shows_at_the_commit_a_careful_one_at_once(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);

	(void)state;
	begin(e, false);
	must(put(e, "a", 1));
	must(commit(e));
	begin(e, false);
	must(put(e, "a", 2));
	must(put(e, "b", 2));
	MUST_BE(commit(e), ERR_EXISTS);
	assert_int_equal(stored("b"), -1);	/* all of it was taken back */
	begin(e, true);
	MUST_BE(put(e, "a", 2), ERR_EXISTS);
	must(put(e, "b", 2));
	MUST_BE(set(e, SET, "b", 3, 4), ERR_EXISTS);
	must(commit(e));
	assert_int_equal(stored("a"), 1);
	assert_int_equal(stored("b"), 2);
	close_engine(e);
}

static void
what_must_be_known_now_is(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);

	(void)state;
	begin(e, false);
	must(put(e, "a", 1));
	must(set(e, SET_NOW, "a", 1, 2));
	MUST_BE(set(e, SET_NOW, "a", 1, 3), ERR_EXISTS);
	must(commit(e));
	assert_int_equal(stored("a"), 2);
	close_engine(e);
}

static void
scans_see_all_writes_and_sweeps_come_last(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	struct query q = query_start(e, SWEEP), all = query_start(e, ALL);

	(void)state;
	begin(e, false);
	must(put(e, "c", 3));
	must(put(e, "a", 1));
	must(put(e, "b", 2));
	query_put_blob(&all, view_text("a"));
	for (int64_t i = 0; i < 3; i++) {
		must(i == 0 ? query_row(&all) : query_next(&all));
		assert_int_equal(query_get_blob(&all).at[0], 'a' + i);
		assert_int_equal(query_get_int(&all), 1 + i);
	}
	MUST_BE(query_next(&all), ERR_NOT_FOUND);
	query_put_int(&q, 3);
	must(query_run(&q));
	must(put(e, "d", 1));
	must(put(e, "e", 4));
	must(commit(e));
	assert_int_equal(stored("a"), -1);
	assert_int_equal(stored("d"), -1);
	assert_int_equal(stored("c"), 3);
	assert_int_equal(stored("e"), 4);
	close_engine(e);
}

/* ---- two connections */

static void
of_two_nodes_that_want_the_same_one_gets_it(void **state)
{
	struct engine *a = open_as(cluster.daemon, 1);
	struct engine *b = open_as(cluster.daemon, 2);

	(void)state;
	begin(a, false);
	begin(b, false);
	assert_int_equal(get(a, "x"), -1);
	assert_int_equal(get(b, "x"), -1);
	must(put(a, "x", 1));
	must(put(b, "x", 2));
	must(commit(a));
	MUST_BE(commit(b), ERR_EXISTS);
	begin(b, true);
	assert_int_equal(get(b, "x"), 1);
	MUST_BE(put(b, "x", 2), ERR_EXISTS);
	must(commit(b));
	assert_int_equal(stored("x"), 1);
	close_engine(a);
	close_engine(b);
}

static void
a_limit_that_two_nodes_share_is_not_exceeded(void **state)
{
	struct engine *a = open_as(cluster.daemon, 1);
	struct engine *b = open_as(cluster.daemon, 2);

	(void)state;
	begin(a, false);
	must(count_up(a, "q", 1));
	must(commit(a));
	begin(b, false);
	must(count_up(b, "q", 1));
	MUST_BE(commit(b), ERR_EXISTS);
	begin(b, true);
	MUST_BE(count_up(b, "q", 1), ERR_EXISTS);
	must(count_up(b, "q", 2));
	must(commit(b));
	close_engine(a);
	close_engine(b);
}

/* Commits of both in a circle: a child is the other node. */
static void
writes_in_different_orders_do_not_block_each_other(void **state)
{
	enum { ROUNDS = 60 };
	pid_t pid = fork();
	struct engine *e = open_as(cluster.daemon, pid == 0 ? 2 : 1);
	int status = 0, again = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		char one[16], two[16];
		enum err err;

		snprintf(one, sizeof(one), "%s%d", pid == 0 ? "m" : "n", i);
		snprintf(two, sizeof(two), "%s%d", pid == 0 ? "n" : "m", i);
		begin(e, false);
		must(count_up(e, one, 9));
		must(count_up(e, two, 9));
		err = commit(e);
		again += err == ERR_EXISTS;
		if (err != ERR_EXISTS)
			must(err);
	}
	close_engine(e);
	if (pid == 0)
		_exit(again);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(again, 0);	/* never 40P01 */
}

static void
a_deadlock_is_served_again_and_ends_nobody(void **state)
{
	struct engine *a = open_as(cluster.daemon, 1);
	pid_t pid;
	int status;

	(void)state;
	begin(a, false);
	must(put(a, "p", 1));
	must(put(a, "q", 1));
	must(commit(a));
	/* careful: in the order of the calls */
	begin(a, true);
	must(set(a, SET, "p", 1, 2));
	pid = fork();
	if (pid == 0) {
		struct engine *b = open_as(cluster.daemon, 2);
		enum err err;

		begin(b, true);
		must(set(b, SET, "q", 1, 3));
		err = set(b, SET, "p", 1, 3);
		if (err == ERR_OK)
			err = commit(b);
		else
			b->ops->rollback(b);
		_exit(err == ERR_OK || err == ERR_UNAVAILABLE ||
		    err == ERR_EXISTS ? 0 : 1);
	}
	usleep(300000);
	if (set(a, SET, "q", 1, 2) == ERR_OK)
		must(commit(a));
	else
		a->ops->rollback(a);
	assert_false(engine_postgres_away(a));
	begin(a, false);
	must(put(a, "r", 1));
	must(commit(a));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close_engine(a);
}

static void
a_second_process_of_a_node_does_not_start(void **state)
{
	struct engine *a = open_as(cluster.daemon, 1), *b;

	(void)state;
	must(engine_postgres_open(cluster.daemon, POSTGRES_AS_DAEMON,
	    statements, COUNT(statements), &b));
	MUST_BE(engine_postgres_writer(b, 1), ERR_UNAVAILABLE);
	b->ops->close(b);
	close_engine(a);
}

static void
whoever_lost_its_node_to_another_cannot_commit(void **state)
{
	struct engine *a = open_as(cluster.daemon, 1);

	(void)state;
	assert_true(cluster_sql(&cluster,
	    "UPDATE okse.writer SET epoch = epoch + 1 WHERE node = 1"));
	begin(a, false);
	must(put(a, "x", 1));
	MUST_BE(commit(a), ERR_SYSTEM);
	a->ops->rollback(a);
	close_engine(a);
	assert_int_equal(stored("x"), -1);
}

/* ---- a connection that breaks */

/*
 * One batch over a proxy that cuts at the n-th message. Whatever the engine
 * then says is compared with what is stored.
 */
static void
cut_at(struct proxy *proxy, const char *uri, enum proxy_side side, int n,
    bool *out_cut)
{
	struct engine *e = open_as(uri, 1);
	enum engine_fate fate = FATE_NONE;
	char key[16];
	enum err err;

	snprintf(key, sizeof(key), "%d-%d", side, n);
	proxy_plan(proxy, side, n);
	begin(e, n % 2 == 0);
	(void)e->ops->expect(e, true);
	(void)get(e, key);
	(void)e->ops->expect(e, false);
	(void)get(e, key);
	err = put(e, key, n);
	if (err == ERR_OK || e->failed == ERR_OK)
		err = commit(e);
	*out_cut = proxy->plan->seen >= n;
	proxy_plan(proxy, side, 0);
	if (err != ERR_OK && err != ERR_IN_FLIGHT)
		e->ops->rollback(e);
	for (int i = 0; engine_postgres_away(e) && i < 20; i++) {
		enum err again = engine_postgres_resume(e, &fate);

		if (again != ERR_UNAVAILABLE)
			must(again);
	}
	assert_false(engine_postgres_away(e));
	if (err == ERR_IN_FLIGHT)
		err = fate == FATE_COMMITTED ? ERR_OK : ERR_UNAVAILABLE;
	assert_true(err == ERR_OK || err == ERR_UNAVAILABLE);
	assert_int_equal(stored(key), err == ERR_OK ? n : -1);
	/* and it goes on */
	begin(e, false);
	must(count_up(e, "after", 1000));
	must(commit(e));
	close_engine(e);
}

static void
wherever_it_is_cut_the_engine_knows_what_happened(void **state)
{
	struct proxy proxy;
	char uri[128];

	(void)state;
	assert_true(proxy_start(&proxy, &cluster, uri));
	for (int side = PROXY_CLIENT; side <= PROXY_SERVER; side++) {
		bool cut = true;
		int n;

		for (n = 1; cut; n++)
			cut_at(&proxy, uri, (enum proxy_side)side, n, &cut);
		assert_true(n > 8);	/* it was cut many times */
	}
	proxy_stop(&proxy);
}

static void
a_server_that_is_away_is_refused_fast_and_found_again(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	enum engine_fate fate;

	(void)state;
	assert_int_equal(cluster_do(&cluster, "kill", ""), 0);
	begin(e, false);
	(void)put(e, "x", 1);
	MUST_BE(commit(e), ERR_UNAVAILABLE);
	e->ops->rollback(e);
	assert_true(engine_postgres_away(e));
	MUST_BE(e->ops->begin(e, false), ERR_UNAVAILABLE);
	MUST_BE(engine_postgres_resume(e, &fate), ERR_UNAVAILABLE);
	assert_int_equal(cluster_do(&cluster, "restart", ""), 0);
	must(engine_postgres_resume(e, &fate));
	assert_int_equal(fate, FATE_NONE);
	begin(e, false);
	must(put(e, "y", 1));
	must(commit(e));
	close_engine(e);
	assert_int_equal(stored("x"), -1);
	assert_int_equal(stored("y"), 1);
}

static void
a_server_that_was_set_back_is_not_written_to(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	enum engine_fate fate;

	(void)state;
	begin(e, false);
	must(put(e, "x", 1));
	must(commit(e));
	assert_true(cluster_sql(&cluster, "UPDATE okse.writer SET batch = "
	    "batch - 1 WHERE node = 1; SELECT pg_terminate_backend(pid) FROM "
	    "pg_stat_activity WHERE application_name = 'okse node 1'"));
	begin(e, false);
	(void)put(e, "y", 1);
	assert_int_not_equal(commit(e), ERR_OK);
	e->ops->rollback(e);
	MUST_BE(engine_postgres_resume(e, &fate), ERR_BEHIND);
	close_engine(e);
}

/* Sets it, and waits until the server goes by it; NULL: what it was before. */
static void
set_server(const char *name, const char *value, const char *then)
{
	char sql[160];
	int i = 0;

	snprintf(sql, sizeof(sql), value == NULL ? "ALTER SYSTEM RESET %s" :
	    "ALTER SYSTEM SET %s = '%s'", name, value);
	assert_true(cluster_sql(&cluster, sql));
	assert_true(cluster_sql(&cluster, "SELECT pg_reload_conf()"));
	snprintf(sql, sizeof(sql), "SELECT 1 / (current_setting('%s') = "
	    "'%s')::int", name, then);
	while (!cluster_sql(&cluster, sql)) {
		assert_in_range(++i, 1, 600);
		usleep(100000);
	}
}

static void
replicate_to(const char *standby)
{
	set_server("synchronous_standby_names", standby, standby);
	/* it is the checkpointer that tells the others, and tells nobody */
	assert_true(cluster_sql(&cluster, "SELECT pg_sleep(1)"));
}

/* Ends every wait for a standby, as an impatient administrator would. */
static pid_t
cancel_waits(void)
{
	pid_t pid = fork();

	for (int i = 0; pid == 0 && i < 20; i++)
		(void)cluster_sql(&cluster, "SELECT pg_sleep(0.1), "
		    "pg_cancel_backend(pid) FROM pg_stat_activity WHERE "
		    "wait_event = 'SyncRep'");
	if (pid == 0)
		_exit(0);
	return pid;
}

static void
a_commit_with_a_warning_is_no_success_until_it_is_replicated(void **state)
{
	struct engine *e = open_as(cluster.daemon, 1);
	enum engine_fate fate = FATE_NONE;
	pid_t impatient;

	(void)state;
	replicate_to("nobody");
	impatient = cancel_waits();
	begin(e, false);
	must(put(e, "x", 1));
	MUST_BE(commit(e), ERR_IN_FLIGHT);
	assert_true(engine_postgres_away(e));
	assert_int_equal(waitpid(impatient, NULL, 0), impatient);
	MUST_BE(engine_postgres_resume(e, &fate), ERR_UNAVAILABLE);
	replicate_to("");
	for (int i = 0; engine_postgres_away(e) && i < 20; i++)
		if (engine_postgres_resume(e, &fate) != ERR_UNAVAILABLE)
			break;
	assert_false(engine_postgres_away(e));
	assert_int_equal(fate, FATE_COMMITTED);
	close_engine(e);
	assert_int_equal(stored("x"), 1);
}

/* ---- what the server must be */

static void
refused(const char *uri, const char *word)
{
	struct engine *e;
	enum err err = engine_postgres_open(uri, POSTGRES_AS_DAEMON,
	    statements, COUNT(statements), &e);

	assert_true(err == ERR_UNSUPPORTED || err == ERR_UNAVAILABLE);
	if (strstr(err_why(), word) == NULL)
		fail_msg("\"%s\" does not name %s", err_why(), word);
}

static void
roles_that_could_change_the_tables_are_refused(void **state)
{
	char uri[128];

	(void)state;
	refused(cluster.owner, "owns");
	snprintf(uri, sizeof(uri), "postgresql://postgres@/okse?host=%s",
	    cluster.dir);
	refused(uri, "superuser");
	assert_true(cluster_sql(&cluster,
	    "GRANT CREATE ON SCHEMA okse TO okse"));
	refused(cluster.daemon, "create");
	assert_true(cluster_sql(&cluster,
	    "REVOKE CREATE ON SCHEMA okse FROM okse"));
}

static void
settings_that_lose_commits_are_refused_by_name(void **state)
{
	static const char *const weak[][2] = {
		{ "synchronous_commit", "off" },
		{ "synchronous_commit", "local" },
		{ "synchronous_commit", "remote_write" },
		{ "default_transaction_isolation", "serializable" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(weak); i++) {
		char sql[128];

		snprintf(sql, sizeof(sql), "ALTER ROLE okse SET %s = '%s'",
		    weak[i][0], weak[i][1]);
		assert_true(cluster_sql(&cluster, sql));
		refused(cluster.daemon, weak[i][0]);
		snprintf(sql, sizeof(sql), "ALTER ROLE okse RESET %s",
		    weak[i][0]);
		assert_true(cluster_sql(&cluster, sql));
	}
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "fsync" : "full_page_writes";

		set_server(name, "off", "off");
		refused(cluster.daemon, name);
		set_server(name, NULL, "on");
	}
	close_engine(open_as(cluster.daemon, 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, clean)
	    TEST(what_was_committed_is_there_for_others),
	    TEST(what_was_rolled_back_is_not),
	    TEST(expected_reads_are_answered_and_see_the_batch_s_own_writes),
	    TEST(a_batch_knows_nothing_of_what_the_one_before_read),
	    TEST(a_request_is_undone_alone),
	    TEST(a_deferred_conflict_shows_at_the_commit_a_careful_one_at_once),
	    TEST(what_must_be_known_now_is),
	    TEST(scans_see_all_writes_and_sweeps_come_last),
	    TEST(of_two_nodes_that_want_the_same_one_gets_it),
	    TEST(a_limit_that_two_nodes_share_is_not_exceeded),
	    TEST(writes_in_different_orders_do_not_block_each_other),
	    TEST(a_deadlock_is_served_again_and_ends_nobody),
	    TEST(a_second_process_of_a_node_does_not_start),
	    TEST(whoever_lost_its_node_to_another_cannot_commit),
	    TEST(wherever_it_is_cut_the_engine_knows_what_happened),
	    TEST(a_server_that_is_away_is_refused_fast_and_found_again),
	    TEST(a_server_that_was_set_back_is_not_written_to),
	    TEST(a_commit_with_a_warning_is_no_success_until_it_is_replicated),
	    TEST(roles_that_could_change_the_tables_are_refused),
	    TEST(settings_that_lose_commits_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
