/*
 * A log written as the notary writes it, for tests: a policy, heartbeats,
 * periods closed with the truth or something near it, old entries pruned.
 */
#ifndef OKSE_TESTS_TESTSTORY_H
#define OKSE_TESTS_TESTSTORY_H

#include "audit/closing.h"
#include "audit/verify.h"
#include "testdir.h"
#include "testlog.h"

struct teststory {
	struct testlog	log;
	struct closing	closing;
	uint64_t	next;
	struct hash	policy;
	int64_t		ago;		/* ms: the entries now are so old */
};

[[maybe_unused]] static struct entry_common
teststory_common(struct teststory *s)
{
	struct entry_common c = { .seq = s->next,
		.t = 1795392000000 - s->ago + (int64_t)s->next };

	memset(c.nonce, (int)(s->next % 251), sizeof(c.nonce));
	return c;
}

[[maybe_unused]] static void
teststory_put(struct teststory *s, const struct bytes *entry)
{
	struct schema_entry e;

	assert_int_equal(schema_get(bytes_view(entry), &e), ERR_OK);
	assert_int_equal(testlog_append(&s->log, bytes_view(entry)), ERR_OK);
	/* what a lie says is not counted twice */
	(void)closing_entry(&s->closing, s->next, &e);
	s->next++;
}

[[maybe_unused]] static void
teststory_beats(struct teststory *s, unsigned int n)
{
	while (n-- > 0) {
		struct entry_common c = teststory_common(s);
		AUTO_DONE(bytes) b = { 0 };

		assert_int_equal(entry_heartbeat(&c, &b), ERR_OK);
		teststory_put(s, &b);
	}
}

[[maybe_unused]] static void
teststory_policy(struct teststory *s)
{
	struct entry_common c = teststory_common(s);
	uint64_t seats[] = { 1, 2 };
	struct entry_policy_facts f = { .policy = s->policy, .serial = 3,
		.seats = seats, .seat_count = 2 };
	AUTO_DONE(bytes) b = { 0 };

	assert_int_equal(entry_policy(&c, &f, &b), ERR_OK);
	teststory_put(s, &b);
}

[[maybe_unused]] static void
teststory_prune(struct teststory *s, uint64_t min)
{
	struct entry_common c = teststory_common(s);
	AUTO_DONE(bytes) b = { 0 };

	assert_int_equal(entry_prune(&c, min, &b), ERR_OK);
	teststory_put(s, &b);
}

[[maybe_unused]] static struct hash
teststory_publish(struct teststory *s)
{
	struct hash root;

	assert_int_equal(testlog_publish(&s->log), ERR_OK);
	(void)publish_ready(s->log.publish, &root);
	return root;
}

/* Keeps the checkpoint as that of a period. */
[[maybe_unused]] static void
teststory_keep(struct teststory *s, const char *period)
{
	AUTO_DONE(bytes) note = { 0 };
	char path[512];

	assert_int_equal(path_join(s->log.dir, "closed", path, sizeof(path)),
	    ERR_OK);
	assert_int_equal(dir_make(path, 0755), ERR_OK);
	strcat(strcat(strcat(path, "/"), period), ".note");
	assert_int_equal(publish_read_checkpoint(s->log.dir, &note), ERR_OK);
	assert_int_equal(file_replace(path, bytes_view(&note), 0644), ERR_OK);
}

/* Ends the period, with the truth or something near it: 2026-10, -11, … */
[[maybe_unused]] static void
teststory_close(struct teststory *s, void (*lie)(struct entry_period_facts *f))
{
	char period[8] = "2026-10";
	struct entry_tally totals[SCHEMA_EVENT_COUNT];
	struct entry_common c = teststory_common(s);
	struct entry_period_facts f;
	AUTO_DONE(bytes) b = { 0 };
	struct hash root;

	period[6] = (char)('0' + s->closing.closed % 3);
	assert_int_equal(closing_facts(&s->closing, period, totals, &f),
	    ERR_OK);
	if (lie != NULL)
		lie(&f);
	assert_int_equal(entry_period_close(&c, &f, &b), ERR_OK);
	teststory_put(s, &b);
	root = teststory_publish(s);
	closing_root(&s->closing, &root);
	teststory_keep(s, period);
}

[[maybe_unused]] static void
teststory_open(struct teststory *s, int64_t ago)
{
	*s = (struct teststory){ .ago = ago };
	assert_int_equal(testlog_open(&s->log, testdir_new()), ERR_OK);
	s->policy = sha256(view_text("policy"));
	teststory_policy(s);
}

[[maybe_unused]] static void
teststory_end(struct teststory *s)
{
	testdir_remove(s->log.dir);
	testlog_done(&s->log);
}

[[maybe_unused]] static struct verify_result
teststory_verify(struct teststory *s)
{
	struct verify_result r;

	assert_int_equal(verify_log(s->log.dir, s->log.key, &r), ERR_OK);
	return r;
}

#endif
