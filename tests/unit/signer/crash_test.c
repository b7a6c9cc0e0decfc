/*
 * A notary is killed again and again while it serves. After every kill: what
 * it acknowledged is there, byte for byte; the log is dense and verifies; no
 * holder has two active devices; every ticket has its outcome.
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/merkle.h"
#include "audit/verify.h"
#include "tests/unit/signer/notary.h"

#define KILLS "50"	/* OKSE_KILLS: another number */
#define PEOPLE 40	/* few, so that they collide */

struct ack {
	uint64_t	index;
	struct hash	leaf;
};

static void
publish(struct world *w)
{
	static int64_t now_us = 1;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	size_t len = sizeof(signature);
	AUTO_DONE(bytes) body = { 0 };
	EVP_MD_CTX *c;

	now_us += JOURNAL_PAUSE;
	MUST(journal_checkpoint(w->n->journal, now_us, &body));
	if (body.len == 0)
		return;
	c = EVP_MD_CTX_new();
	must_be(EVP_DigestSignInit(c, NULL, NULL, NULL, w->log_key) == 1 &&
	    EVP_DigestSign(c, signature, &len, body.at, body.len) == 1,
	    "Ed25519");
	EVP_MD_CTX_free(c);
	MUST(journal_cosigned(w->n->journal, VIEW_OF(signature)));
}

/* The child: visits and issues until it dies, telling what is durable. */
static void
acknowledge(struct world *w, int out)
{
	for (size_t i = 0; i < w->batch.count; i++) {
		const struct ticket *t = w->batch.at[i].ticket;
		struct ack a = { 0 };
		struct view entry;

		if (t == NULL)
			continue;
		a.index = ticket_index(t);
		MUST(registry_entry_get(w->n->registry, a.index, &entry));
		a.leaf = merkle_leaf(entry);
		must_be(write(out, &a, sizeof(a)) == sizeof(a), "pipe");
		/* every other ticket is signed, the rest are left open */
		if (i % 2 == 0) {
			AUTO_DONE(bytes) document = { 0 };

			world_sign(w, t, &document);
		}
	}
}

/* Each first issue is followed by reissues, each to another phone. */
static void
set_purpose(struct person *p, bool first)
{
	p->asked.purpose = first ? PURPOSE_FIRST_ISSUE : PURPOSE_REISSUE;
	p->asked.reason = view_text(first ? "" : "device-replaced");
}

static void
set_key(struct person *p, unsigned int round, size_t turn)
{
	snprintf(p->key, sizeof(p->key), "%u-%zu-%s-%s", round, turn,
	    operation_name(p->asked.operation), p->device);
	p->asked.idempotency_key = view_text(p->key);
}

static void
serve_until_killed(struct world *w, unsigned int round, int out)
{
	struct person p;

	for (size_t turn = 0;; turn++, w->now++) {
		size_t i = turn / 2 % PEOPLE;
		AUTO_DONE(bytes) token = { 0 };

		person_init(&p, i, OPERATION_QR_TOKEN);
		set_purpose(&p, turn % 2 == 0);
		set_key(&p, round, turn);
		world_queue(w, &p.asked);
		world_run(w);
		acknowledge(w, out);
		if (w->batch.at[0].ticket == NULL)
			continue;
		/* again, to have the token's text */
		world_queue(w, &p.asked);
		world_run(w);
		if (w->batch.at[0].ticket == NULL)
			continue;
		world_sign(w, w->batch.at[0].ticket, &token);
		for (int phone = 0; phone < 2; phone++) {
			person_credential(w, &p, i, bytes_view(&token),
			    phone == 0 ? "phone a" : "phone b");
			set_purpose(&p, turn % 2 == 0);
			set_key(&p, round, turn);
			world_queue(w, &p.asked);
		}
		world_run(w);
		acknowledge(w, out);
		publish(w);
	}
}

static size_t
read_acks(int in, struct ack *acks, size_t max)
{
	size_t n = 0;

	while (n < max && read(in, &acks[n], sizeof(acks[n])) ==
	    (ssize_t)sizeof(acks[n]))
		n++;
	return n;
}

/* How many (holder, programme) have more than one active device. */
static int
doubles(const struct world *w)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int n;

	assert_int_equal(sqlite3_open_v2(w->config.registry, &db,
	    SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM "
	    "(SELECT 1 FROM device WHERE state = 1 GROUP BY holder, programme "
	    "HAVING count(*) > 1)", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

static void
check_acks(struct world *w, const struct ack *acks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct view entry;
		struct hash leaf;

		OK(registry_entry_get(w->n->registry, acks[i].index, &entry));
		leaf = merkle_leaf(entry);
		assert_true(merkle_equal(&leaf, &acks[i].leaf));
	}
}

static void
check_log(struct world *w)
{
	struct verify_result r;

	publish(w);
	OK(verify_log(w->config.log, w->n->log_key, &r));
	if (r.verdict != VERIFY_VERIFIED)
		for (int i = 0; i < VERIFY_CHECK_COUNT; i++)
			print_message("%s\n", r.finding[i].why);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_int_equal(r.size, journal_durable(w->n->journal));
	assert_int_equal(r.open, 0);
}

static void
a_kill_at_any_moment_loses_nothing_acknowledged(void **state)
{
	struct world *w = world_new();
	static struct ack acks[100000];
	const char *wanted = getenv("OKSE_KILLS");
	size_t known = 0, kills = strtoul(wanted != NULL ? wanted : KILLS,
	    NULL, 10);

	(void)state;
	for (unsigned int round = 0; round < kills; round++) {
		int pipes[2], status;
		pid_t child;
		uint8_t wait;

		MUST(random_bytes(&wait, 1));
		assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
		if ((child = fork()) == 0) {
			close(pipes[0]);
			world_open(w);
			serve_until_killed(w, round, pipes[1]);
		}
		close(pipes[1]);
		/* the first acknowledgement, then anything up to 64 ms */
		known += read_acks(pipes[0], acks + known, 1);
		usleep((useconds_t)wait * 250);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
		known += read_acks(pipes[0], acks + known,
		    COUNT(acks) - known);
		close(pipes[0]);
		w->now += 1000;
		world_open(w);
		check_acks(w, acks, known);
		check_log(w);
		world_close(w);
		assert_int_equal(doubles(w), 0);
	}
	assert_true(known >= kills);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_kill_at_any_moment_loses_nothing_acknowledged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
