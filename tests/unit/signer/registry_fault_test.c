/*
 * The disk under the registry fails: every write and every sync of a batch in
 * turn, and no space at all. Nothing is acknowledged that is not durable, and
 * whatever is found after the next start fits together. SQLite's own file
 * layer is wrapped for it.
 */
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/verify.h"
#include "signer/notary/registry_sql.h"
#include "signer/notary/sqlite.h"
#include "tests/unit/signer/notary.h"

/* ---- a file layer that fails where it is told to */

enum fault { FAULT_NONE, FAULT_WRITE, FAULT_SHORT, FAULT_FULL, FAULT_SYNC };

static struct {
	enum fault	fault;
	int		after;		/* pieces, or syncs, that succeed */
	bool		hit;
	unsigned int	syncs;
	void		(*at_sync)(void);
} layer;

/* The database and its journal have different tables of methods. */
static struct methods {
	const sqlite3_io_methods *real;
	sqlite3_io_methods	  ours;
} methods[2];

static const sqlite3_io_methods *
real_of(sqlite3_file *f)
{
	return f->pMethods == &methods[0].ours ? methods[0].real :
	    methods[1].real;
}

/* Half a frame of the journal: cuts fall between frames and inside them. */
#define PIECE 2060

static bool
fails(bool sync, int pieces)
{
	if (layer.fault == FAULT_NONE || sync != (layer.fault == FAULT_SYNC))
		return false;
	if (layer.after >= pieces) {
		layer.after -= pieces;
		return false;
	}
	return layer.hit = true;
}

static int
on_write(sqlite3_file *f, const void *at, int len, sqlite3_int64 offset)
{
	const sqlite3_io_methods *real = real_of(f);

	if (!fails(false, (len + PIECE - 1) / PIECE))
		return real->xWrite(f, at, len, offset);
	if (layer.fault == FAULT_SHORT && layer.after > 0)
		real->xWrite(f, at, layer.after * PIECE, offset);
	layer.after = 0;	/* nor does any that follows succeed */
	return layer.fault == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int
on_sync(sqlite3_file *f, int flags)
{
	if (layer.at_sync != NULL)
		layer.at_sync();
	layer.syncs++;
	if (fails(true, 1))
		return SQLITE_IOERR_FSYNC;
	return real_of(f)->xSync(f, flags);
}

static sqlite3_vfs *plain;

static int
on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out_flags)
{
	struct methods *m = &methods[(flags & SQLITE_OPEN_MAIN_DB) != 0];
	int rc = plain->xOpen(vfs, name, f, flags, out_flags);

	if (rc != SQLITE_OK || (flags & (SQLITE_OPEN_MAIN_DB |
	    SQLITE_OPEN_WAL)) == 0)
		return rc;
	m->real = f->pMethods;
	m->ours = *f->pMethods;
	m->ours.xWrite = on_write;
	m->ours.xSync = on_sync;
	f->pMethods = &m->ours;
	return rc;
}

static int
install(void **state)
{
	static sqlite3_vfs faulty;

	(void)state;
	/* as sqlite_open() does, which comes too late for this */
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	plain = sqlite3_vfs_find(NULL);
	faulty = *plain;
	faulty.zName = "faulty";
	faulty.xOpen = on_open;
	return sqlite3_vfs_register(&faulty, 1);
}

/* ---- one batch under a fault */

static struct world *the_world;

static void
queue_visits(struct world *w, size_t round)
{
	for (size_t i = 0; i < 8; i++) {
		struct person p;

		person_init(&p, 100 * round + i, OPERATION_QR_TOKEN);
		world_queue(w, &p.asked);
	}
}

static void
no_ticket_leaves(const struct world *w)
{
	for (size_t i = 0; i < w->batch.count; i++)
		assert_null(w->batch.at[i].ticket);
}

/* Tickets that the log calls open: a retry's is an orphan already. */
static size_t
open_tickets(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n->outstanding.count; i++)
		n += !w->n->outstanding.at[i].again;
	return n;
}

static void
log_verifies(struct world *w)
{
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	size_t len = sizeof(signature);
	AUTO_DONE(bytes) body = { 0 };
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	struct verify_result r;

	OK(journal_checkpoint(w->n->journal, INT64_MAX, &body));
	assert_int_equal(EVP_DigestSignInit(c, NULL, NULL, NULL, w->log_key),
	    1);
	assert_int_equal(EVP_DigestSign(c, signature, &len, body.at,
	    body.len), 1);
	EVP_MD_CTX_free(c);
	OK(journal_cosigned(w->n->journal, VIEW_OF(signature)));
	OK(verify_log(w->config.log, w->n->log_key, &r));
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_int_equal(r.open, open_tickets(w));
}

#define CHILD_SERVED 2	/* no fault was met any more */

/* A process that serves one batch, meets the fault and ends as ours would. */
static void
serve_and_die(struct world *w, size_t round, enum fault fault)
{
	enum err e;

	world_open(w);
	queue_visits(w, round);
	layer.hit = false;
	layer.after = (int)round - 1;
	layer.fault = fault;
	e = batch_run(w->n, &w->queue, w->now, &w->batch);
	if (e == ERR_OK && !layer.hit)
		_exit(CHILD_SERVED);
	must_be(e != ERR_OK && layer.hit && !w->batch.durable,
	    "an error is final");
	for (size_t i = 0; i < w->batch.count; i++)
		must_be(w->batch.at[i].ticket == NULL, "no ticket");
	must_be(registry_failed(w->n->registry) != ERR_OK, "remembered");
	_exit(0);
}

static int
in_a_child(struct world *w, size_t round, enum fault fault)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		serve_and_die(w, round, fault);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static size_t
decisions(struct world *w, uint64_t from)
{
	size_t n = 0;

	for (; from < journal_durable(w->n->journal); from++) {
		struct view e;

		OK(registry_entry_get(w->n->registry, from, &e));
		n += memmem(e.at, e.len, "\"ev\":\"decision\"", 15) != NULL;
	}
	return n;
}

/* All of the batch, or nothing of it; and it can be asked for again. */
static void
all_or_nothing(struct world *w, uint64_t before, size_t round)
{
	size_t found;

	world_open(w);
	found = decisions(w, before);
	assert_true(found == 0 || found == 8);
	queue_visits(w, round);
	world_run(w);
	for (size_t i = 0; i < w->batch.count; i++)
		assert_int_equal(served_err(&w->batch.at[i]), ERR_OK);
	log_verifies(w);
}

static void
sweep(enum fault fault)
{
	struct world *w = world_new();
	uint64_t before = 0;
	size_t round = 1;

	while (in_a_child(w, round, fault) != CHILD_SERVED) {
		all_or_nothing(w, before, round++);
		before = journal_durable(w->n->journal);
		world_close(w);
	}
	print_message("%zu points of failure\n", round - 1);
	assert_true(round > (fault == FAULT_SYNC ? 1 : 10));
	world_free(w);
}

static void
a_write_that_fails_is_never_acknowledged(void **state)
{
	(void)state;
	sweep(FAULT_WRITE);
}

static void
a_write_cut_short_is_never_acknowledged(void **state)
{
	(void)state;
	sweep(FAULT_SHORT);
}

static void
a_disk_that_fills_at_the_commit_is_never_acknowledged(void **state)
{
	(void)state;
	sweep(FAULT_FULL);
}

static void
a_sync_that_fails_is_never_acknowledged(void **state)
{
	(void)state;
	sweep(FAULT_SYNC);
}

/* ---- the order of durability */

static unsigned int records_at_sync;

static void
look_at_sync(void)
{
	no_ticket_leaves(the_world);
	for (size_t i = 0; i < the_world->batch.count; i++)
		records_at_sync += the_world->batch.at[i].record != NULL;
}

static void
no_ticket_exists_before_the_disk_has_it(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_open(w);
	the_world = w;
	queue_visits(w, 1);
	layer.syncs = 0;
	layer.at_sync = look_at_sync;
	world_run(w);
	layer.at_sync = NULL;
	assert_true(layer.syncs >= 1);
	assert_true(records_at_sync >= 8);
	for (size_t i = 0; i < w->batch.count; i++)
		assert_non_null(w->batch.at[i].ticket);
	world_free(w);
}

/* ---- no space before the commit */

static void
limit_pages(struct world *w, const char *limit)
{
	sqlite3 *db = sqlite_connection(w->n->registry->engine);
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %s", limit);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL),
	    SQLITE_OK);
}

static void
a_full_disk_refuses_the_batch_and_the_service_goes_on(void **state)
{
	struct world *w = world_new();
	uint64_t before;

	(void)state;
	world_open(w);
	limit_pages(w, "1");	/* no page more than there are */
	before = journal_durable(w->n->journal);
	for (size_t round = 1; round < 4; round++) {
		queue_visits(w, round);
		OK(batch_run(w->n, &w->queue, w->now, &w->batch));
	}
	/* what still fitted was served; the last no longer */
	assert_false(w->batch.durable);
	assert_int_equal(w->batch.count, 8);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(served_err(&w->batch.at[i]), ERR_FULL);
	assert_int_equal(w->n->outstanding.count,
	    journal_durable(w->n->journal) - before);
	OK(registry_failed(w->n->registry));
	limit_pages(w, "1000000");
	queue_visits(w, 3);
	world_run(w);
	assert_true(w->batch.durable);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(served_err(&w->batch.at[i]), ERR_OK);
	world_reopen(w);
	log_verifies(w);
	world_free(w);
}

static void
chores_wait_while_the_disk_is_full(void **state)
{
	struct world *w = world_new();

	(void)state;
	world_open(w);
	limit_pages(w, "1");
	for (int i = 0; i < 40; i++) {
		w->n->chores.heartbeat = true;
		OK(batch_run(w->n, &w->queue, w->now, &w->batch));
		if (!w->batch.durable)
			break;
		chores_clear(&w->n->chores);
	}
	assert_false(w->batch.durable);
	assert_true(w->n->chores.heartbeat);
	limit_pages(w, "1000000");
	world_run(w);
	assert_true(w->batch.durable);
	assert_true(world_logged(w, 1, "\"ev\":\"heartbeat\""));
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_that_fails_is_never_acknowledged),
		cmocka_unit_test(a_write_cut_short_is_never_acknowledged),
		cmocka_unit_test(
		    a_disk_that_fills_at_the_commit_is_never_acknowledged),
		cmocka_unit_test(a_sync_that_fails_is_never_acknowledged),
		cmocka_unit_test(no_ticket_exists_before_the_disk_has_it),
		cmocka_unit_test(
		    a_full_disk_refuses_the_batch_and_the_service_goes_on),
		cmocka_unit_test(chores_wait_while_the_disk_is_full),
	};

	return cmocka_run_group_tests(tests, install, NULL);
}
