/*
 * What an entry logkey.rotate says, and what it leads to: nowhere when it
 * cannot be, or when whoever is led does not trust the key that it replaces.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "testrotated.h"

static void
assert_found(const struct verify_result *r, enum verify_check check,
    enum verify_verdict verdict, const char *why)
{
	assert_int_equal(r->verdict, verdict);
	assert_int_equal(r->finding[check].verdict, verdict);
	if (strstr(r->finding[check].why, why) == NULL)
		fail_msg("%s: %s", r->finding[check].file,
		    r->finding[check].why);
}

/* ---- what an entry says */

static void
put_member(struct bytes *out, const char *name, const char *value)
{
	bytes_printf(out, "\"%s\":\"%s\",", name, value);
}

/* hash NULL: the key's own */
static void
put_said(struct bytes *out, uint64_t seq, const struct vkey *former,
    const struct vkey *key, const struct hash *replaces,
    const struct hash *hash)
{
	const struct hash h[] = { vkey_hash(former), vkey_hash(key) };
	AUTO_DONE(bytes) a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };

	vkey_put_key(former, &a);
	vkey_put_key(key, &b);
	hex_put(&c, VIEW_OF((replaces != NULL ? replaces : &h[0])->at));
	hex_put(&d, VIEW_OF((hash != NULL ? hash : &h[1])->at));
	bytes_put_text(out, "{\"boot\":\"0000000000000000\",");
	put_member(out, "ev", "logkey.rotate");
	put_member(out, "former", bytes_text(&a));
	put_member(out, "key", bytes_text(&b));
	put_member(out, "n", "00000000000000000000000000000000");
	put_member(out, "replaces", bytes_text(&c));
	bytes_printf(out, "\"seq\":%llu,\"t\":1795392000500,\"v\":1,",
	    (unsigned long long)seq);
	bytes_printf(out, "\"vkey\":\"%s\"}", bytes_text(&d));
}

static enum err
read_said(const struct vkey *former, const struct vkey *key,
    const struct hash *replaces, const struct hash *hash)
{
	AUTO_DONE(bytes) entry = { 0 };
	AUTO_DONE(rotation) r = { 0 };
	struct schema_entry e;

	put_said(&entry, 5, former, key, replaces, hash);
	assert_int_equal(schema_get(bytes_view(&entry), &e), ERR_OK);
	return rotation_get(view_text(TESTLOG_NAME), &e, &r);
}

static void
an_entry_names_two_keys_of_one_type_and_their_hashes(void **state)
{
	struct testrotated r;
	AUTO(EVP_PKEY) secret = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	AUTO(vkey) p256 = NULL;
	AUTO(vkey) witness = NULL;
	AUTO(EVP_PKEY) other = NULL;
	uint8_t seed[32] = { 9 };
	struct hash wrong = { { 1 } };

	(void)state;
	testrotated_open(&r);
	assert_int_equal(vkey_of_key(view_text(TESTLOG_NAME), secret, &p256),
	    ERR_OK);
	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_COSIGNATURE, seed,
	    &other, &witness), ERR_OK);
	assert_int_equal(read_said(r.first.key, r.next.key, NULL, NULL),
	    ERR_OK);
	assert_int_equal(read_said(r.first.key, r.next.key, &wrong, NULL),
	    ERR_MISMATCH);
	assert_int_equal(read_said(r.first.key, r.next.key, NULL, &wrong),
	    ERR_MISMATCH);
	assert_int_equal(read_said(r.first.key, r.first.key, NULL, NULL),
	    ERR_MISMATCH);
	assert_int_equal(read_said(r.first.key, p256, NULL, NULL),
	    ERR_MISMATCH);
	assert_int_equal(read_said(p256, r.next.key, NULL, NULL),
	    ERR_MISMATCH);
	assert_int_equal(read_said(witness, witness, NULL, NULL),
	    ERR_UNSUPPORTED);
	testrotated_end(&r);
}

/* What is signed by both keys, and yet no handover. */
static void
an_entry_that_cannot_be_hands_nothing_over(void **state)
{
	static const struct hash wrong = { { 1 } };
	static const struct {
		uint64_t		 seq;
		const struct hash	*hash;
		enum verify_check	 check;
	} bad[] = { { 301, &wrong, VERIFY_KEYS },
		{ 300, NULL, VERIFY_SEQUENCE } };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct testrotated r;
		AUTO_DONE(bytes) entry = { 0 };
		struct verify_result found;

		testrotated_open(&r);
		put_said(&entry, bad[i].seq, r.first.key, r.next.key, NULL,
		    bad[i].hash);
		r.index = r.s.next;
		teststory_put(&r.s, &entry);
		testrotated_publish(&r, BOTH(&r));
		testrotated_hand_over(&r, &r.first);
		found = testrotated_verify(&r, &r.first);
		assert_int_equal(found.finding[bad[i].check].verdict,
		    VERIFY_TAMPERED);
		assert_int_equal(found.finding[VERIFY_FILES].verdict,
		    VERIFY_TAMPERED);
		teststory_beats(&r.s, 1);
		testrotated_publish(&r, r.next);
		found = testrotated_verify(&r, &r.first);
		assert_found(&found, VERIFY_CHECKPOINT, VERIFY_TAMPERED, "");
		testrotated_end(&r);
	}
}

static void
nobody_is_led_on_from_a_key_they_do_not_trust(void **state)
{
	struct testrotated r, other;
	AUTO_DONE(bytes) receipt = { 0 }, later = { 0 };
	AUTO(trust_policy) stranger = NULL;
	AUTO(trust_policy) named = NULL;
	AUTO(trust_policy) ours = NULL;
	AUTO(EVP_PKEY) secret = NULL;
	AUTO(vkey) renamed = NULL;
	static const uint8_t seed[32] = "a seed that everybody may know.";

	(void)state;
	testrotated_done_well(&r);
	read_all(testrotated_path(&r, &r.first), &receipt);
	assert_int_equal(trust_key(r.third.key, &stranger), ERR_OK);
	assert_int_equal(rotation_take(stranger, bytes_view(&receipt)),
	    ERR_NOT_FOUND);
	assert_true(trust_log_count(stranger) == 1);
	/* the same key, of another log */
	assert_int_equal(testlog_key("example.kr/other", VKEY_ED25519, seed,
	    &secret, &renamed), ERR_OK);
	assert_true(vkey_same_key(renamed, r.first.key));
	assert_int_equal(trust_key(renamed, &named), ERR_OK);
	assert_int_equal(rotation_take(named, bytes_view(&receipt)),
	    ERR_NOT_FOUND);
	/* on from the next key, but with an entry before it had the log */
	testrotated_open(&other);
	testrotated_entry(&other, &other.next, &other.third);
	testrotated_publish(&other, other.next, other.third);
	testrotated_receipt(&other, other.index, &later);
	assert_int_equal(trust_key(r.first.key, &ours), ERR_OK);
	assert_int_equal(rotation_take(ours, bytes_view(&receipt)), ERR_OK);
	assert_int_equal(rotation_take(ours, bytes_view(&later)),
	    ERR_NOT_FOUND);
	assert_int_equal(rotation_take(ours, view_text("receipt")),
	    ERR_SYNTAX);
	testrotated_end(&other);
	testrotated_end(&r);
}

static void
a_full_policy_takes_no_further_key(void **state)
{
	struct testrotated r;
	AUTO_DONE(bytes) keys = { 0 }, receipt = { 0 };
	AUTO(trust_policy) full = NULL;

	(void)state;
	testrotated_done_well(&r);
	read_all(testrotated_path(&r, &r.first), &receipt);
	for (uint8_t i = 0; i < TRUST_MAX; i++) {
		struct testkey k = testkey_new((uint8_t)(100 + i));

		vkey_put(i == 0 ? r.first.key : k.key, &keys);
		bytes_put_u8(&keys, '\n');
		testkey_done(&k);
	}
	assert_int_equal(trust_keys_get(bytes_view(&keys), &full), ERR_OK);
	assert_int_equal(rotation_take(full, bytes_view(&receipt)),
	    ERR_TOO_LARGE);
	assert_true(trust_log_count(full) == TRUST_MAX);
	testrotated_end(&r);
}

static enum err
read_nothing(void *arg, const char *path, size_t max, struct bytes *out)
{
	(void)path;
	(void)max;
	(void)out;
	return err_because(*(enum err *)arg, "as asked");
}

static void
a_medium_that_fails_says_nothing_of_the_log(void **state)
{
	static const struct {
		enum err	fails, wanted;
	} all[] = { { ERR_MEMORY, ERR_MEMORY }, { ERR_SYSTEM, ERR_SYSTEM },
		{ ERR_UNAVAILABLE, ERR_UNAVAILABLE },
		{ ERR_TIMEOUT, ERR_TIMEOUT }, { ERR_NOT_FOUND, ERR_OK },
		{ ERR_TOO_LARGE, ERR_OK } };
	struct testkey k = testkey_new(1);
	AUTO(trust_policy) p = NULL;

	(void)state;
	assert_int_equal(trust_key(k.key, &p), ERR_OK);
	for (size_t i = 0; i < COUNT(all); i++) {
		enum err e = all[i].fails;
		const struct log_files files = { .read = read_nothing,
			.arg = &e };

		assert_int_equal(rotation_follow(p, &files), all[i].wanted);
	}
	testkey_done(&k);
}

static void
tiles_that_are_missing_leave_a_handover_incomplete(void **state)
{
	/* that of the entry, and one behind the receipt's tree */
	static const char *const tiles[] = { "tile/0/001",
		"tile/0/002.p/195" };

	(void)state;
	for (size_t i = 0; i < COUNT(tiles); i++) {
		struct testrotated r;
		struct verify_result found;

		testrotated_done_well(&r);
		assert_int_equal(unlink(path_in(&r.s.log, tiles[i])), 0);
		found = testrotated_verify(&r, &r.first);
		assert_int_equal(found.verdict, VERIFY_INCOMPLETE);
		assert_int_equal(found.finding[VERIFY_KEYS].verdict,
		    VERIFY_INCOMPLETE);
		testrotated_end(&r);
	}
}

static void
a_file_that_is_no_receipt_is_found(void **state)
{
	struct testrotated r;
	struct verify_result found;

	(void)state;
	testrotated_done_well(&r);
	write_all(testrotated_path(&r, &r.first), view_text("receipt"));
	found = testrotated_verify(&r, &r.next);
	assert_found(&found, VERIFY_FILES, VERIFY_TAMPERED, "receipt: ");
	found = testrotated_verify(&r, &r.first);
	assert_found(&found, VERIFY_CHECKPOINT, VERIFY_TAMPERED,
	    "receipt: ");
	testrotated_end(&r);
}

/* All but the handovers. */
static enum err
read_others(void *arg, const char *path, size_t max, struct bytes *out)
{
	struct log_files *all = arg;

	return view_starts(view_text(path), "rotated/") ?
	    err_because(ERR_UNAVAILABLE, "as asked") :
	    all->read(all->arg, path, max, out);
}

static void
a_medium_that_fails_amid_a_handover_gives_no_verdict(void **state)
{
	struct testrotated r;
	AUTO_FD fd = -1;
	struct log_files all = log_files_dir(&fd);
	const struct log_files others = { .read = read_others, .arg = &all };
	AUTO(trust_policy) p = NULL;
	struct verify_options options = { 0 };
	struct verify_result found;

	(void)state;
	testrotated_done_well(&r);
	fd = open(r.s.log.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(trust_key(r.first.key, &p), ERR_OK);
	options.trust = p;
	assert_int_equal(verify_with(&others, &options, &found),
	    ERR_UNAVAILABLE);
	assert_int_equal(rotation_follow(p, &all), ERR_OK);
	assert_int_equal(verify_with(&others, &options, &found),
	    ERR_UNAVAILABLE);
	testrotated_end(&r);
}

static void
only_its_own_paths_are_a_handovers(void **state)
{
	static const char *const others[] = { "rotated/0123abcd",
		"rotated/0123abcd.tlog-proof.", "rotated/0123ABCD.tlog-proof",
		"rotated/0123abc.tlog-proof", "rotated/0123abcde.tlog-proof",
		"closed/0123abcd.tlog-proof", "rotated/" };

	(void)state;
	assert_true(rotation_path_is(view_text(
	    "rotated/0123abcd.tlog-proof")));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(rotation_path_is(view_text(others[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_entry_names_two_keys_of_one_type_and_their_hashes),
		cmocka_unit_test(an_entry_that_cannot_be_hands_nothing_over),
		cmocka_unit_test(nobody_is_led_on_from_a_key_they_do_not_trust),
		cmocka_unit_test(a_full_policy_takes_no_further_key),
		cmocka_unit_test(a_medium_that_fails_says_nothing_of_the_log),
		cmocka_unit_test(
		    tiles_that_are_missing_leave_a_handover_incomplete),
		cmocka_unit_test(a_file_that_is_no_receipt_is_found),
		cmocka_unit_test(
		    a_medium_that_fails_amid_a_handover_gives_no_verdict),
		cmocka_unit_test(only_its_own_paths_are_a_handovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
