/*
 * The log's key replaced by another: what is recorded and signed when, what a
 * crash between leaves, and which configurations are refused.
 */
#include "audit/publish.h"
#include "audit/verify.h"
#include "base/file.h"
#include "tests/unit/signer/publish.h"
#include "tests/unit/signer/transcript.h"

struct keys {
	struct world	*w;
	EVP_PKEY	*first, *next;
	char		 next_path[64];
	size_t		 at;		/* of the first in the world's keys */
};

static int
setup(void **state)
{
	struct keys *k = mem_new(1, sizeof(*k));

	k->w = world_new();
	world_open(k->w);
	k->first = k->w->log_key;
	k->next = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	OK(path_join(k->w->dir, "next.pub", k->next_path,
	    sizeof(k->next_path)));
	world_write_key(k->next_path, k->next);
	while (k->w->keys[k->at].use != KEY_USE_LOG)
		k->at++;
	*state = k;
	return 0;
}

static int
teardown(void **state)
{
	struct keys *k = *state;

	world_free(k->w);
	EVP_PKEY_free(k->next);
	mem_free(k);
	return 0;
}

enum named { FIRST, BOTH, NEXT };

/* What okse.yaml names from now on; the next one first, to be sure. */
static void
name(struct keys *k, enum named named)
{
	struct config *c = &k->w->config;
	struct config_key next = { .use = KEY_USE_LOG,
		.public_key = k->next_path };
	struct config_key first = { .use = KEY_USE_LOG,
		.public_key = k->w->path[4] };

	if (k->w->keys[c->keys.count - 1].use == KEY_USE_LOG)
		c->keys.count--;
	k->w->keys[k->at] = named == FIRST ? first : next;
	if (named == BOTH)
		k->w->keys[c->keys.count++] = first;
}

static void
sign(EVP_PKEY *key, const struct bytes *body, struct bytes *out)
{
	AUTO(EVP_MD_CTX) c = EVP_MD_CTX_new();
	uint8_t signature[ED25519_SIGNATURE_SIZE];
	size_t len = sizeof(signature);

	assert_int_equal(EVP_DigestSignInit(c, NULL, NULL, NULL, key), 1);
	assert_int_equal(EVP_DigestSign(c, signature, &len, body->at,
	    body->len), 1);
	bytes_put(out, VIEW_OF(signature));
}

/* As a keyholder does, with each key that is named. */
static void
sign_and_publish(struct keys *k, enum named named)
{
	static int64_t now_us = 1;
	AUTO_DONE(bytes) body = { 0 }, signatures = { 0 };

	now_us += JOURNAL_PAUSE;
	OK(journal_checkpoint(k->w->n->journal, now_us, &body));
	assert_true(body.len != 0);
	if (named != FIRST)
		sign(k->next, &body, &signatures);
	if (named != NEXT)
		sign(k->first, &body, &signatures);
	OK(journal_cosigned(k->w->n->journal, bytes_view(&signatures)));
	OK(guard_published(k->w->n));
}

/* A batch, as the process runs when the next key is there. */
static void
record(struct keys *k)
{
	assert_true(logkeys_due(k->w->n));
	world_run(k->w);
	OK(logkeys_committed(k->w->n));
	assert_false(logkeys_due(k->w->n));
}

static size_t
lines(const struct keys *k)
{
	AUTO_DONE(bytes) text = { 0 };
	struct note note;

	OK(publish_read_checkpoint(k->w->config.log, &text));
	OK(note_get(bytes_view(&text), &note));
	return note.count;
}

static bool
is_signed_by(const struct keys *k, size_t line, const struct vkey *key)
{
	AUTO_DONE(bytes) text = { 0 };
	struct note note;

	OK(publish_read_checkpoint(k->w->config.log, &text));
	OK(note_get(bytes_view(&text), &note));
	return line < note.count && view_equal(VIEW_OF(note.line[line].id),
	    vkey_id(key));
}

static struct verify_result
verify_by(const struct keys *k, EVP_PKEY *key)
{
	AUTO(vkey) trusted = NULL;
	struct verify_result r;

	OK(vkey_of_key(view_text(ORIGIN), key, &trusted));
	OK(verify_log(k->w->config.log, trusted, &r));
	return r;
}

static void
verified(const struct keys *k, EVP_PKEY *key)
{
	struct verify_result r = verify_by(k, key);

	for (int i = 0; i < VERIFY_CHECK_COUNT; i++)
		if (r.finding[i].verdict != VERIFY_VERIFIED)
			fail_msg("%s: %s", r.finding[i].file,
			    r.finding[i].why);
}

static void
refused(struct keys *k, const char *why)
{
	world_close(k->w);
	assert_int_equal(world_try_open(k->w), ERR_REFUSED);
	if (strstr(err_why(), why) == NULL)
		fail_msg("%s", err_why());
}

static bool
is_there(const struct keys *k, const char *what)
{
	char command[160];

	snprintf(command, sizeof(command), "test -e %s/%s", k->w->config.log,
	    what);
	return system(command) == 0;
}

/* ---- as it should be */

static void
a_log_goes_from_key_to_key(void **state)
{
	struct keys *k = *state;
	AUTO(vkey) first = NULL;
	struct verify_result r;

	OK(vkey_of_key(view_text(ORIGIN), k->first, &first));
	sign_and_publish(k, FIRST);
	name(k, BOTH);
	world_reopen(k->w);
	/* nothing is recorded before the daemon is open */
	assert_true(is_signed_by(k, 0, first));
	assert_true(vkey_same_key(k->w->n->log_key, first));
	record(k);
	assert_false(vkey_same_key(k->w->n->log_key, first));
	assert_true(world_logged(k->w, 1, "\"ev\":\"logkey.rotate\""));
	sign_and_publish(k, BOTH);
	assert_int_equal(lines(k), 2);
	assert_true(is_signed_by(k, 0, first));
	assert_true(is_signed_by(k, 1, k->w->n->log_key));
	verified(k, k->first);
	verified(k, k->next);
	name(k, NEXT);
	world_reopen(k->w);
	sign_and_publish(k, NEXT);
	assert_int_equal(lines(k), 1);
	verified(k, k->first);
	verified(k, k->next);
	r = verify_by(k, k->first);
	assert_true(r.rotations == 1 && r.rotation[0].followed);
	world_reopen(k->w);
	assert_int_equal(lines(k), 1);
}

static void
the_key_shown_beside_the_log_follows(void **state)
{
	struct keys *k = *state;
	AUTO_DONE(bytes) line = { 0 }, there = { 0 };
	char path[128];

	sign_and_publish(k, FIRST);
	assert_false(is_there(k, "log.vkey"));
	name(k, BOTH);
	world_reopen(k->w);
	record(k);
	assert_false(is_there(k, "log.vkey"));
	sign_and_publish(k, BOTH);
	vkey_put(k->w->n->log_key, &line);
	bytes_put_u8(&line, '\n');
	OK(path_join(k->w->config.log, "log.vkey", path, sizeof(path)));
	OK(file_read(path, 4096, &there));
	assert_true(view_equal(bytes_view(&line), bytes_view(&there)));
	/* a crash before that */
	OK(file_replace(path, view_text("another\n"), 0644));
	world_reopen(k->w);
	bytes_reset(&there);
	OK(file_read(path, 4096, &there));
	assert_true(view_equal(bytes_view(&line), bytes_view(&there)));
}

static void
a_sealed_daemon_rotates_nothing(void **state)
{
	struct keys *k = *state;

	sign_and_publish(k, FIRST);
	name(k, BOTH);
	world_close(k->w);
	OK(world_try_open(k->w));
	assert_false(logkeys_due(k->w->n));
	world_unseal(k->w);
	k->w->n->keyholders = 0;
	assert_false(logkeys_due(k->w->n));
	world_run(k->w);
	OK(logkeys_committed(k->w->n));
	/* so the way back is open */
	name(k, FIRST);
	world_reopen(k->w);
	decide(k->w, 1);
	sign_and_publish(k, FIRST);
	verified(k, k->first);
}

/* A daemon in its sandbox reads nothing that it has not read at its start. */
static void
the_ceremony_named_is_that_of_the_start(void **state)
{
	struct keys *k = *state;
	AUTO_DONE(bytes) text = { 0 }, roster = { 0 }, wanted = { 0 };
	struct hash root = { 0 };
	char path[128];

	put_record(&text, "production", 1, "OPEN",
	    "ceremony=0102 mode=production name=x", &root);
	OK(file_read(k->w->roster, 4096, &roster));
	put_file(&text, 2, "ceremony/roster.txt", bytes_view(&roster), &root);
	put_record(&text, "production", 3, "CLOSE", "", &root);
	bytes_put_text(&wanted, "\"transcript\":\"");
	hex_put(&wanted, VIEW_OF(root.at));
	OK(path_join(k->w->dir, "transcript.log", path, sizeof(path)));
	OK(file_create(path, bytes_view(&text), 0600));
	sign_and_publish(k, FIRST);
	k->w->config.transcript = path;
	name(k, BOTH);
	world_reopen(k->w);
	assert_int_equal(unlink(path), 0);
	record(k);
	assert_true(world_logged(k->w, 1, "\"ev\":\"logkey.rotate\""));
	assert_true(world_logged(k->w, 1, bytes_text(&wanted)));
	k->w->config.transcript = NULL;
}

static void
what_was_kept_of_a_crash_goes_on(void **state)
{
	struct keys *k = *state;

	sign_and_publish(k, FIRST);
	name(k, BOTH);
	world_reopen(k->w);
	record(k);
	/* the entry is durable, nothing is signed: once is enough */
	world_reopen(k->w);
	assert_false(logkeys_due(k->w->n));
	verified(k, k->first);
	sign_and_publish(k, BOTH);
	verified(k, k->first);
	/* a receipt that never came to be is made from the checkpoint */
	run_in(k->w, "rm -r log/rotated");
	world_reopen(k->w);
	verified(k, k->first);
	run_in(k->w, "rm -r log/rotated");
	name(k, NEXT);
	world_reopen(k->w);
	sign_and_publish(k, NEXT);
	verified(k, k->first);
}

static void
tiles_are_made_anew_under_either_key(void **state)
{
	struct keys *k = *state;

	decide(k->w, 300);
	sign_and_publish(k, FIRST);
	name(k, BOTH);
	world_reopen(k->w);
	record(k);
	sign_and_publish(k, BOTH);
	name(k, NEXT);
	run_in(k->w, "rm -r log/tile");
	world_reopen(k->w);
	sign_and_publish(k, NEXT);
	verified(k, k->first);
}

static void
a_lost_key_is_replaced_where_nothing_is_published(void **state)
{
	struct keys *k = *state;
	struct verify_result r;

	decide(k->w, 10);
	sign_and_publish(k, FIRST);
	name(k, NEXT);
	run_in(k->w, "mv log old");
	world_reopen(k->w);
	record(k);
	assert_true(world_logged(k->w, 1, "\"reason\":\"lost\""));
	sign_and_publish(k, NEXT);
	assert_int_equal(lines(k), 1);
	verified(k, k->next);
	r = verify_by(k, k->first);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	world_reopen(k->w);
	sign_and_publish(k, NEXT);
	verified(k, k->next);
}

/* ---- refused */

static void
a_next_key_alone_is_refused(void **state)
{
	struct keys *k = *state;

	sign_and_publish(k, FIRST);
	name(k, NEXT);
	refused(k, "name both");
	name(k, FIRST);
	world_open(k->w);
	sign_and_publish(k, FIRST);
	verified(k, k->first);
}

static void
a_key_is_not_left_out_before_it_has_signed_for_the_next(void **state)
{
	struct keys *k = *state;

	sign_and_publish(k, FIRST);
	name(k, BOTH);
	world_reopen(k->w);
	record(k);
	name(k, NEXT);
	refused(k, "has not yet signed");
	name(k, FIRST);
	refused(k, "not named any more");
	name(k, BOTH);
	world_open(k->w);
	sign_and_publish(k, BOTH);
	name(k, FIRST);
	refused(k, "not named any more");
	name(k, NEXT);
	world_open(k->w);
	sign_and_publish(k, NEXT);
	verified(k, k->first);
}

static void
a_new_log_begins_with_one_key(void **state)
{
	struct keys *k = *state;

	name(k, BOTH);
	run_in(k->w, "rm -r registry.db* log.mark");
	refused(k, "begins with one");
}

static void
a_registry_of_an_older_program_knows_by_the_checkpoint(void **state)
{
	struct keys *k = *state;
	struct registry *r = k->w->n->registry;

	sign_and_publish(k, FIRST);
	OK(registry_begin(r));
	OK(registry_meta_put(r, "logkeys", VIEW(NULL, 0)));
	OK(registry_commit(r));
	name(k, BOTH);
	world_reopen(k->w);
	record(k);
	sign_and_publish(k, BOTH);
	verified(k, k->first);
	/* and one that is all gone, by the checkpoint of a stranger */
	world_close(k->w);
	name(k, NEXT);
	run_in(k->w, "mv registry.db away");
	run_in(k->w, "rm -f registry.db-* log.mark");
	OK(world_try_open(k->w));
	assert_true(k->w->n->guard.held);
}

static void
a_checkpoint_of_neither_key_is_refused(void **state)
{
	struct keys *k = *state;
	AUTO_DONE(bytes) body = { 0 }, signatures = { 0 };

	OK(journal_checkpoint(k->w->n->journal, 1, &body));
	sign(k->next, &body, &signatures);
	assert_int_equal(journal_cosigned(k->w->n->journal,
	    bytes_view(&signatures)), ERR_SIGNATURE);
	bytes_reset(&signatures);
	sign(k->first, &body, &signatures);
	OK(journal_cosigned(k->w->n->journal, bytes_view(&signatures)));
	world_close(k->w);
	run_in(k->w, "sed -i '$s/ [A-Za-z0-9+/]*=*$/ AAAAAAAA/' "
	    "log/checkpoint");
	assert_int_equal(world_try_open(k->w), ERR_NOT_FOUND);
	assert_non_null(strstr(err_why(), "has not signed"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_log_goes_from_key_to_key),
		TEST(the_key_shown_beside_the_log_follows),
		TEST(a_sealed_daemon_rotates_nothing),
		TEST(the_ceremony_named_is_that_of_the_start),
		TEST(what_was_kept_of_a_crash_goes_on),
		TEST(tiles_are_made_anew_under_either_key),
		TEST(a_lost_key_is_replaced_where_nothing_is_published),
		TEST(a_next_key_alone_is_refused),
		TEST(a_key_is_not_left_out_before_it_has_signed_for_the_next),
		TEST(a_new_log_begins_with_one_key),
		TEST(a_registry_of_an_older_program_knows_by_the_checkpoint),
		TEST(a_checkpoint_of_neither_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
