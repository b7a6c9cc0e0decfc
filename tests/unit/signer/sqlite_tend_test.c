/*
 * The write-ahead log goes back into the database when it is long and nobody
 * waits: never within a commit that somebody waits for.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "signer/notary/sqlite.h"

#define OK(expr) assert_int_equal(expr, ERR_OK)
#define PAGE 4096
#define LONG 2000	/* pages */

enum { PUT, GET, STATEMENTS };
static const struct statement statements[STATEMENTS] = {
	[PUT] = { "PUT", "t", STATEMENT_WRITE,
	    "INSERT INTO t (id, v) VALUES (?1, ?2)" },
	[GET] = { "GET", "t", STATEMENT_READ,
	    "SELECT v FROM t WHERE id = ?1" },
};

static char dir[64], path[96];

static struct engine *
database(void)
{
	struct engine *e = NULL;

	strcpy(dir, "/tmp/okse-sqlite-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.db", dir);
	OK(sqlite_open(path, statements, STATEMENTS, &e));
	OK(e->ops->migrate(e, "CREATE TABLE t (id INTEGER PRIMARY KEY, "
	    "v BLOB NOT NULL);", 1));
	OK(e->ops->ready(e));
	return e;
}

static void
leave(struct engine *e)
{
	char command[96];

	e->ops->close(e);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

/* A commit of so many pages, and a few. */
static void
commit_pages(struct engine *e, int64_t id, size_t pages)
{
	uint8_t *much = mem_new(pages, PAGE);
	struct query q = query_start(e, PUT);

	assert_non_null(much);
	OK(e->ops->begin(e, false));
	query_put_int(&q, id);
	query_put_blob(&q, VIEW(much, pages * PAGE));
	OK(query_change(&q));
	OK(e->ops->commit(e));
	mem_free(much);
}

static size_t
pages_in_database(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size / PAGE;
}

static void
a_short_log_stays_and_a_long_one_goes_back(void **)
{
	struct engine *e = database();
	size_t before;

	e->ops->tend(e);
	before = pages_in_database();
	commit_pages(e, 1, LONG - 100);
	e->ops->tend(e);
	assert_int_equal(pages_in_database(), before);
	commit_pages(e, 2, 100);
	assert_int_equal(pages_in_database(), before);
	e->ops->tend(e);
	assert_true(pages_in_database() >= LONG);
	/* counted from there again */
	before = pages_in_database();
	commit_pages(e, 3, LONG - 100);
	e->ops->tend(e);
	assert_int_equal(pages_in_database(), before);
	leave(e);
}

static void
within_a_transaction_nothing_happens(void **)
{
	struct engine *e = database();
	size_t before;
	struct query q;

	commit_pages(e, 1, LONG + 1);
	before = pages_in_database();
	OK(e->ops->begin(e, false));
	e->ops->tend(e);
	assert_int_equal(pages_in_database(), before);
	q = query_start(e, GET);
	query_put_int(&q, 1);
	OK(query_row(&q));
	assert_int_equal(query_get_blob(&q).len, (LONG + 1) * PAGE);
	OK(query_end(&q));
	OK(e->ops->commit(e));
	leave(e);
}

static void
a_log_that_nobody_tends_goes_back_with_a_commit(void **)
{
	struct engine *e = database();

	commit_pages(e, 1, 2 * LONG);
	assert_true(pages_in_database() >= 2 * LONG);
	leave(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_log_stays_and_a_long_one_goes_back),
		cmocka_unit_test(within_a_transaction_nothing_happens),
		cmocka_unit_test(
		    a_log_that_nobody_tends_goes_back_with_a_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
