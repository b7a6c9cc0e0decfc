/*
 * The log between registry and published directory: publication, recovery
 * from every state a crash can leave, refusal of what contradicts itself, and
 * the entries beside decisions.
 */
#include "audit/note.h"
#include "audit/publish.h"
#include "audit/verify.h"
#include "tests/unit/signer/publish.h"

static void
verified(struct world *w, uint64_t size)
{
	struct verify_result r;

	OK(verify_log(w->config.log, w->n->log_key, &r));
	if (r.verdict != VERIFY_VERIFIED)
		for (int i = 0; i < VERIFY_CHECK_COUNT; i++)
			print_message("%s\n", r.finding[i].why);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_int_equal(r.size, size);
}

/* ---- publication */

static void
what_is_published_verifies(void **state)
{
	struct world *w = *state;

	publish(w);
	verified(w, journal_durable(w->n->journal));
	decide(w, 300);
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
nothing_new_gives_no_checkpoint(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) body = { 0 };

	publish(w);
	OK(journal_checkpoint(w->n->journal, INT64_MAX, &body));
	assert_int_equal(body.len, 0);
}

static void
one_checkpoint_at_a_time_and_a_pause_between(void **state)
{
	struct world *w = *state;
	struct journal *j = w->n->journal;
	AUTO_DONE(bytes) one = { 0 }, two = { 0 };

	OK(journal_checkpoint(j, 1000000, &one));
	assert_true(one.len != 0);
	OK(journal_checkpoint(j, 9000000, &two));
	assert_int_equal(two.len, 0);
	journal_not_cosigned(j);
	OK(journal_checkpoint(j, 1000000 + JOURNAL_PAUSE - 1, &two));
	assert_int_equal(two.len, 0);
	OK(journal_checkpoint(j, 1000000 + JOURNAL_PAUSE, &two));
	assert_true(view_equal(bytes_view(&one), bytes_view(&two)));
}

static void
a_checkpoint_the_log_key_did_not_sign_stays_unpublished(void **state)
{
	struct world *w = *state;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	AUTO_DONE(bytes) body = { 0 }, note = { 0 };

	memset(signature, 1, sizeof(signature));
	assert_int_equal(journal_cosigned(w->n->journal, VIEW_OF(signature)),
	    ERR_INTERNAL);
	OK(journal_checkpoint(w->n->journal, 1, &body));
	assert_int_equal(journal_cosigned(w->n->journal, VIEW_OF(signature)),
	    ERR_SIGNATURE);
	assert_int_equal(publish_read_checkpoint(w->config.log, &note),
	    ERR_NOT_FOUND);
}

/* The log's second key, named by the configuration from now on. */
static EVP_PKEY *
second_key(struct world *w, char path[64])
{
	EVP_PKEY *secret = EVP_EC_gen("P-256");

	assert_non_null(secret);
	OK(path_join(w->dir, "second.pub", path, 64));
	world_write_key(path, secret);
	w->keys[w->config.keys.count++] = (struct config_key){
	    .use = KEY_USE_LOG_ECDSA, .public_key = path };
	return secret;
}

static void
put_second(EVP_PKEY *secret, const struct bytes *body, struct bytes *out)
{
	AUTO(EVP_MD_CTX) c = EVP_MD_CTX_new();
	uint8_t der[80];
	size_t len = sizeof(der);

	assert_int_equal(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL,
	    secret), 1);
	assert_int_equal(EVP_DigestSign(c, der, &len, body->at, body->len),
	    1);
	bytes_put(out, VIEW(der, len));
}

static void
a_second_key_signs_every_checkpoint_too(void **state)
{
	struct world *w = *state;
	char path[64];
	AUTO(EVP_PKEY) secret = second_key(w, path);
	AUTO_DONE(bytes) body = { 0 }, both = { 0 }, text = { 0 };
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	const struct logkey *second;
	struct note note;

	OK(journal_checkpoint(w->n->journal, 1, &body));
	sign_body(w, &body, signature);
	bytes_put(&both, VIEW_OF(signature));
	put_second(secret, &body, &both);
	/* nobody asked for a second one; then it is missing, then not ours */
	assert_int_equal(journal_cosigned(w->n->journal, bytes_view(&both)),
	    ERR_SIGNATURE);
	world_reopen(w);
	bytes_reset(&body);
	OK(journal_checkpoint(w->n->journal, 1, &body));
	sign_body(w, &body, signature);
	assert_int_equal(journal_cosigned(w->n->journal, VIEW_OF(signature)),
	    ERR_SIGNATURE);
	bytes_reset(&both);
	bytes_put(&both, VIEW_OF(signature));
	put_second(secret, &body, &both);
	both.at[both.len - 1] ^= 1;
	assert_int_equal(journal_cosigned(w->n->journal, bytes_view(&both)),
	    ERR_SIGNATURE);
	both.at[both.len - 1] ^= 1;
	OK(journal_cosigned(w->n->journal, bytes_view(&both)));
	OK(publish_read_checkpoint(w->config.log, &text));
	OK(note_get(bytes_view(&text), &note));
	assert_int_equal(note.count, 2);
	OK(note_verify(&note, w->n->log_key, NULL));
	second = logkeys_present(&w->n->logkeys, VKEY_ECDSA);
	OK(note_verify(&note, second->key, NULL));
	verified(w, journal_durable(w->n->journal));
}

static void
entries_may_follow_while_a_checkpoint_is_signed(void **state)
{
	struct world *w = *state;
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	AUTO_DONE(bytes) body = { 0 };
	uint64_t size = journal_durable(w->n->journal);

	OK(journal_checkpoint(w->n->journal, 1, &body));
	decide(w, 10);
	sign_body(w, &body, signature);
	OK(journal_cosigned(w->n->journal, VIEW_OF(signature)));
	assert_int_equal(journal_published(w->n->journal), size);
	verified(w, size);
	publish(w);
	verified(w, size + 10);
}

/* ---- recovery */

static void
a_start_is_recorded_with_what_was_found(void **state)
{
	struct world *w = *state;

	assert_true(world_logged(w, 9, "\"ev\":\"start\""));
	assert_true(world_logged(w, 9, "\"ev\":\"policy\""));
	assert_false(world_logged(w, 9, "\"ev\":\"recover\""));
	publish(w);
	world_reopen(w);
	assert_true(world_logged(w, 2, "\"ev\":\"start\""));
	assert_true(world_logged(w, 1, "\"ev\":\"recover\""));
	assert_true(world_logged(w, 1, "\"entries\":2"));
	assert_true(world_logged(w, 1, "\"published\":2"));
	publish(w);
	verified(w, 4);
}

static void
unpublished_entries_are_published_after_a_restart(void **state)
{
	struct world *w = *state;

	publish(w);
	decide(w, 600);
	world_reopen(w);
	publish(w);
	verified(w, journal_durable(w->n->journal));
	decide(w, 1);
	world_reopen(w);
	world_reopen(w);
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
a_checkpoint_written_just_before_the_crash_is_taken_over(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) body = { 0 };

	publish(w);
	decide(w, 300);
	/* tiles are there, the checkpoint is not */
	OK(journal_checkpoint(w->n->journal, INT64_MAX, &body));
	world_reopen(w);
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
a_registry_that_went_another_way_is_refused(void **state)
{
	struct world *w = *state;

	publish(w);
	world_close(w);
	run_in(w, "cp -r log old-log && cp registry.db old.db");
	world_open(w);
	decide(w, 10);
	publish(w);
	world_close(w);
	/* the old registry continued under the old log, now under the new */
	run_in(w, "mv log new-log && mv old-log log && cp old.db registry.db "
	    "&& rm log.mark");
	world_open(w);
	decide(w, 20);
	world_close(w);
	run_in(w, "rm -r log && mv new-log log");
	assert_int_equal(world_try_open(w), ERR_CORRUPT);
	assert_non_null(strstr(err_why(), "not"));
	run_in(w, "rm -r log registry.db* log.mark");
	world_open(w);
}

static void
another_logs_checkpoint_is_refused(void **state)
{
	struct world *w = *state;

	publish(w);
	world_close(w);
	w->config.origin = "other.example/log";
	assert_int_equal(world_try_open(w), ERR_MISMATCH);
	w->config.origin = ORIGIN;
	world_open(w);
}

static void
a_forged_checkpoint_is_refused(void **state)
{
	struct world *w = *state;

	publish(w);
	world_close(w);
	run_in(w, "sed -i '2s/.*/1/' log/checkpoint");
	assert_int_equal(world_try_open(w), ERR_SIGNATURE);
	run_in(w, "rm log/checkpoint");
	world_open(w);
}

static void
lost_tiles_are_made_anew(void **state)
{
	struct world *w = *state;

	decide(w, 700);
	publish(w);
	world_close(w);
	run_in(w, "rm -r log/tile");
	world_open(w);
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
a_damaged_tile_at_the_edge_is_made_anew(void **state)
{
	struct world *w = *state;

	decide(w, 100);
	publish(w);
	world_close(w);
	run_in(w, "f=$(find log/tile/0 -type f) && "
	    "printf x | dd of=$f conv=notrunc status=none");
	world_open(w);
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
time_goes_on_from_the_newest_entry(void **state)
{
	struct world *w = *state;
	struct schema_entry e;
	struct view bytes;
	uint64_t before, after;

	OK(registry_entry_get(w->n->registry, 1, &bytes));
	OK(schema_get(bytes, &e));
	before = schema_count(&e, SCHEMA_T);
	world_reopen(w);
	OK(registry_entry_get(w->n->registry, 2, &bytes));
	OK(schema_get(bytes, &e));
	after = schema_count(&e, SCHEMA_T);
	assert_true(after >= before);
}

/* ---- tickets and their outcomes */

static void
outcomes_are_logged_with_the_next_commit(void **state)
{
	struct world *w = *state;
	uint64_t a = ticket(w, 1), b = ticket(w, 2), c = ticket(w, 3);
	uint64_t d = ticket(w, 4);
	char text[64];

	report(w, c, ERR_OK);
	report(w, a, ERR_OK);
	report(w, b, ERR_TOKEN);
	report(w, d, ERR_UNAVAILABLE);
	world_run(w);
	snprintf(text, sizeof(text), "\"ev\":\"done\",\"n\":");
	assert_true(world_logged(w, 3, text));
	snprintf(text, sizeof(text), "\"of\":[%d,%d]", (int)a, (int)c);
	assert_true(world_logged(w, 3, text));
	assert_true(world_logged(w, 2, "\"reason\":\"token\""));
	assert_true(world_logged(w, 2, "\"reason\":\"unavailable\""));
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
tickets_without_an_outcome_become_orphans_once(void **state)
{
	struct world *w = *state;
	uint64_t a = ticket(w, 1), b = ticket(w, 2), c = ticket(w, 3);
	uint64_t entries;
	char text[64];

	report(w, b, ERR_OK);
	world_run(w);
	world_reopen(w);
	snprintf(text, sizeof(text), "\"of\":[%d,%d]", (int)a, (int)c);
	assert_true(world_logged(w, 1, "\"ev\":\"orphan\""));
	assert_true(world_logged(w, 1, text));
	entries = journal_durable(w->n->journal);
	world_reopen(w);
	assert_int_equal(journal_durable(w->n->journal), entries + 2);
	assert_false(world_logged(w, 2, "\"ev\":\"orphan\""));
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
many_outcomes_take_several_entries(void **state)
{
	struct world *w = *state;
	uint64_t of[2 * SCHEMA_LIST_MAX + 1];
	uint64_t entries;

	for (size_t i = 0; i < COUNT(of); i++) {
		struct person p;

		person_init(&p, i, OPERATION_QR_TOKEN);
		world_queue(w, &p.asked);
	}
	for (size_t i = 0; i < COUNT(of);) {
		world_run(w);
		for (size_t k = 0; k < w->batch.count; k++)
			of[i++] = ticket_index(w->batch.at[k].ticket);
	}
	for (size_t i = COUNT(of); i-- > 0;)
		report(w, of[i], ERR_OK);
	entries = journal_durable(w->n->journal);
	world_run(w);
	assert_int_equal(journal_durable(w->n->journal), entries + 3);
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
as_many_orphans_as_can_be_outstanding_are_logged(void **state)
{
	struct world *w = *state;
	size_t n = OUTSTANDING_MAX;

	for (size_t i = 0; i < n; i++) {
		struct person p;

		person_init(&p, i, OPERATION_QR_TOKEN);
		world_queue(w, &p.asked);
	}
	while (!queue_is_empty(&w->queue))
		world_run(w);
	world_reopen(w);
	assert_int_equal(w->n->tally.orphaned, n);
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

/* ---- what the supervisor tells */

static void
tell(struct world *w, const char *event, size_t pairs,
    const char *const *texts)
{
	AUTO_DONE(bytes) body = { 0 };

	bytes_put_block(&body, view_text(event));
	bytes_put_u16(&body, (uint16_t)pairs);
	for (size_t i = 0; i < 2 * pairs; i++)
		bytes_put_block(&body, view_text(texts[i]));
	OK(chores_add_record(&w->n->chores, 1, bytes_view(&body)));
	world_run(w);
}
/* a hash in hex */
#define STATEMENT                                                             \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TELL(event, ...)                                                      \
	do {                                                                  \
		const char *const texts_[] = { __VA_ARGS__ };                 \
		tell(w, event, COUNT(texts_) / 2, texts_);                    \
	} while (0)

static void
what_the_supervisor_tells_is_an_entry(void **state)
{
	struct world *w = *state;
	char spki[65];

	memset(spki, 'a', 64);
	spki[64] = '\0';
	TELL("unseal.share", "seat", "2");
	assert_true(world_logged(w, 1, "\"ev\":\"unseal.share\""));
	assert_true(world_logged(w, 1, "\"seat\":2"));
	TELL("unseal", "seats", "1,3", "statement", STATEMENT);
	assert_true(world_logged(w, 1, "\"seats\":[1,3]"));
	assert_true(world_logged(w, 1, "\"digest\":\"" STATEMENT "\""));
	TELL("seal", "reason", "officer");
	assert_true(world_logged(w, 1, "\"reason\":\"officer\""));
	TELL("seal", "reason", "cancel", "seat", "2");
	assert_true(world_logged(w, 1, "\"reason\":\"cancel\",\"seat\":2"));
	TELL("key.use", "keyholder", "0", "label", "okse document", "spki",
	    spki, "stop", "false");
	assert_true(world_logged(w, 1, "\"label\":\"okse document\""));
	assert_true(world_logged(w, 1, "\"what\":\"start\""));
	TELL("token", "register", spki, "keys", "7", "objects", "14",
	    "refused", "56", "unknown", "7");
	assert_true(world_logged(w, 1, "\"ev\":\"token\""));
	assert_true(world_logged(w, 1, "\"refused\":56"));
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
a_record_that_cannot_be_read_is_no_entry(void **state)
{
	struct world *w = *state;
	uint64_t entries = journal_durable(w->n->journal);

	TELL("unseal.share", "seat", "x");
	TELL("unseal.share", "seat", "");
	TELL("unseal.share", "seat", "1,2");
	TELL("unseal.share", "seat", "1234567890");
	TELL("unseal.share", "other", "1");
	TELL("unseal", "seats", "3,1", "statement", STATEMENT);
	TELL("unseal", "seats", ",", "statement", STATEMENT);
	TELL("unseal", "seats", "1,3");
	TELL("seal", "reason", "Not A Word");
	TELL("key.use", "keyholder", "0", "label", "x", "spki", "abc");
	TELL("token", "register", "abc", "keys", "7", "objects", "14",
	    "refused", "56", "unknown", "7");
	TELL("token", "register", STATEMENT, "keys", "7", "objects", "14",
	    "refused", "56");
	TELL("crash", "role", "gate");
	OK(chores_add_record(&w->n->chores, 1, view_text("x")));
	world_run(w);
	assert_int_equal(journal_durable(w->n->journal), entries);
	TELL("unseal.share", "seat", "123456789");
	assert_int_equal(journal_durable(w->n->journal), entries + 1);
}

static void
too_many_records_wait_their_turn(void **state)
{
	struct world *w = *state;
	struct chores *c = &w->n->chores;

	for (int i = 0; i < CHORES_RECORDS; i++)
		OK(chores_add_record(c, 1, view_text("x")));
	assert_int_equal(chores_add_record(c, 1, view_text("x")), ERR_FULL);
	world_run(w);
	OK(chores_add_record(c, 1, view_text("x")));
}

static void
heartbeats_and_counts_are_logged(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) body = { 0 };
	uint64_t entries = journal_durable(w->n->journal);

	w->n->chores.heartbeat = true;
	world_run(w);
	assert_int_equal(journal_durable(w->n->journal), entries + 1);
	bytes_put_u64(&body, 5);
	bytes_put_u64(&body, 0);
	assert_int_equal(chores_add_counts(&w->n->chores, bytes_view(&body)),
	    ERR_SYNTAX);
	bytes_put_u64(&body, 7);
	OK(chores_add_counts(&w->n->chores, bytes_view(&body)));
	OK(chores_add_counts(&w->n->chores, bytes_view(&body)));
	world_run(w);
	assert_int_equal(journal_durable(w->n->journal), entries + 1);
	w->n->chores.heartbeat = true;
	world_run(w);
	assert_int_equal(journal_durable(w->n->journal), entries + 3);
	assert_true(world_logged(w, 2, "\"malformed\":10"));
	assert_true(world_logged(w, 2, "\"throttled\":14"));
	w->n->chores.heartbeat = true;
	world_run(w);
	assert_int_equal(journal_durable(w->n->journal), entries + 4);
	publish(w);
	verified(w, journal_durable(w->n->journal));
}

static void
a_stop_is_recorded_with_what_was_pending(void **state)
{
	struct world *w = *state;
	uint64_t a = ticket(w, 1);

	report(w, a, ERR_OK);
	OK(notary_stop(w->n, "stop"));
	assert_true(world_logged(w, 1, "\"ev\":\"stop\""));
	assert_true(world_logged(w, 2, "\"ev\":\"done\""));
	world_reopen(w);
	assert_int_equal(w->n->tally.orphaned, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_published_verifies),
		TEST(nothing_new_gives_no_checkpoint),
		TEST(one_checkpoint_at_a_time_and_a_pause_between),
		TEST(a_checkpoint_the_log_key_did_not_sign_stays_unpublished),
		TEST(a_second_key_signs_every_checkpoint_too),
		TEST(entries_may_follow_while_a_checkpoint_is_signed),
		TEST(a_start_is_recorded_with_what_was_found),
		TEST(unpublished_entries_are_published_after_a_restart),
		TEST(a_checkpoint_written_just_before_the_crash_is_taken_over),
		TEST(a_registry_that_went_another_way_is_refused),
		TEST(another_logs_checkpoint_is_refused),
		TEST(a_forged_checkpoint_is_refused),
		TEST(lost_tiles_are_made_anew),
		TEST(a_damaged_tile_at_the_edge_is_made_anew),
		TEST(time_goes_on_from_the_newest_entry),
		TEST(outcomes_are_logged_with_the_next_commit),
		TEST(tickets_without_an_outcome_become_orphans_once),
		TEST(many_outcomes_take_several_entries),
		TEST(as_many_orphans_as_can_be_outstanding_are_logged),
		TEST(what_the_supervisor_tells_is_an_entry),
		TEST(a_record_that_cannot_be_read_is_no_entry),
		TEST(too_many_records_wait_their_turn),
		TEST(heartbeats_and_counts_are_logged),
		TEST(a_stop_is_recorded_with_what_was_pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
