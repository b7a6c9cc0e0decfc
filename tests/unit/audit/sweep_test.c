/*
 * A small export, changed in every way one file can be: each bit flipped, cut
 * at each offset, lengthened, deleted, swapped, replaced by its older self.
 * Nothing is accepted, and the file is named. OKSE_SWEEP=all sweeps every bit
 * and offset (make test-sweep), otherwise some of each byte's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "testsweep.h"

#define ENTRIES 40

static struct testsweep s;
static bool all;

static bool
is_tile(const char *path)
{
	return strncmp(path, "tile/", 5) == 0;
}

/* Notes and keys by the full policy; tiles by the key alone, ten times
 * faster, as witnesses have nothing to say of them. */
static struct verify_result
judge(const char *path)
{
	return testsweep_verify(&s, is_tile(path) ? s.key : s.full);
}

static void
must_be_found(const char *path, const char *what, size_t at)
{
	struct verify_result r = judge(path);

	if (r.verdict == VERIFY_VERIFIED || !testsweep_names(&r, path))
		fail_msg("%s: %s at %zu: verdict %d", path, what, at,
		    (int)r.verdict);
}

static void
the_export_itself_is_verified(void **state)
{
	struct verify_result r = testsweep_verify(&s, s.full);

	(void)state;
	for (size_t i = 0; i < VERIFY_CHECK_COUNT; i++)
		if (r.finding[i].why[0] != '\0')
			fail_msg("%s", r.finding[i].why);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.signatures == 2 && r.witnesses == 0);
	assert_true(r.size == ENTRIES && r.witnessed == ENTRIES);
	assert_true(r.count[VERIFY_CONSISTENCY].good == 2);
	assert_true(r.lag == 10);
	assert_true(testsweep_verify(&s, s.key).verdict == VERIFY_VERIFIED);
	/* checkpoint, witnessed, closed, two keys, bundles, tiles */
	assert_true(s.m.count == 9);
}

/* Which entry of a bundle a byte belongs to; -1: to a length. */
static int
entry_at(const struct bytes *bundle, size_t at)
{
	struct reader r = reader_of(bytes_view(bundle));
	size_t begin = 0;

	for (int i = 0; r.rest.len != 0; i++) {
		size_t len = reader_u16(&r);

		(void)reader_take(&r, len);
		if (at < begin + 2)
			return -1;
		begin += 2 + len;
		if (at < begin)
			return i;
	}
	return -1;
}

static void
every_flipped_bit_is_found_in_its_file(void **state)
{
	(void)state;
	for (size_t f = 0; f < s.m.count; f++) {
		struct testmemory_file *file = &s.m.file[f];
		size_t bits = file->content.len * 8;

		for (size_t b = 0; b < bits; b += all ? 1 : 8 + b / 8 % 7) {
			uint8_t *at = &file->content.at[b / 8];

			*at ^= (uint8_t)(1 << b % 8);
			must_be_found(file->path, "bit", b);
			*at ^= (uint8_t)(1 << b % 8);
		}
	}
	assert_true(testsweep_verify(&s, s.full).verdict == VERIFY_VERIFIED);
}

static void
a_flipped_bit_of_an_entry_is_named_by_its_index(void **state)
{
	struct bytes *b = testmemory_find(&s.m, "tile/entries/000.p/40");

	(void)state;
	for (size_t i = 0; i < b->len; i += all ? 1 : 11) {
		int index = entry_at(b, i);
		struct verify_result r;

		if (index == -1)
			continue;
		b->at[i] ^= 4;
		r = testsweep_verify(&s, s.key);
		b->at[i] ^= 4;
		assert_int_equal(r.verdict, VERIFY_TAMPERED);
		assert_true(r.finding[VERIFY_ENTRIES].first_index ==
		    (uint64_t)index);
		assert_true(r.finding[VERIFY_ENTRIES].last_index ==
		    (uint64_t)index);
	}
}

static void
a_file_cut_at_any_offset_is_found(void **state)
{
	(void)state;
	for (size_t f = 0; f < s.m.count; f++) {
		struct testmemory_file *file = &s.m.file[f];
		size_t len = file->content.len;

		for (size_t n = 0; n < len; n += all ? 1 : 1 + len / 150) {
			file->content.len = n;
			must_be_found(file->path, "cut", n);
		}
		file->content.len = len;
	}
	assert_true(testsweep_verify(&s, s.full).verdict == VERIFY_VERIFIED);
}

static void
appended_and_prepended_bytes_are_found(void **state)
{
	static const uint8_t tail[] = { 0, '\n', ' ', 'A', '=', 0xff };

	(void)state;
	for (size_t f = 0; f < s.m.count; f++) {
		struct bytes *b = &s.m.file[f].content;
		AUTO_DONE(bytes) before = { 0 };
		size_t len = b->len;

		bytes_put(&before, bytes_view(b));
		for (size_t t = 0; t < COUNT(tail); t++) {
			for (size_t n = 1; n <= 64; n += all ? 1 : 21) {
				for (size_t k = 0; k < n; k++)
					bytes_put_u8(b, tail[t]);
				must_be_found(s.m.file[f].path, "tail", n);
				b->len = len;
			}
			bytes_reset(b);
			bytes_put_u8(b, tail[t]);
			bytes_put(b, bytes_view(&before));
			must_be_found(s.m.file[f].path, "head", 1);
			bytes_reset(b);
			bytes_put(b, bytes_view(&before));
		}
	}
	assert_true(testsweep_verify(&s, s.full).verdict == VERIFY_VERIFIED);
}

static void
a_deleted_file_that_the_checkpoint_needs_is_missed(void **state)
{
	(void)state;
	for (size_t f = 0; f < s.m.count; f++) {
		char path[sizeof(s.m.file[f].path)];
		struct verify_result r;
		bool spare;

		memcpy(path, s.m.file[f].path, sizeof(path));
		/* the keys are the auditor's own, leftovers may go, what was
		 * kept has a quorum, too, and ends the period as well */
		spare = strstr(path, ".vkey") != NULL ||
		    strstr(path, ".p/20") != NULL ||
		    strstr(path, "closed/") != NULL ||
		    strcmp(path, "checkpoint.witnessed") == 0;
		s.m.file[f].path[0] = '\0';
		r = testsweep_verify(&s, s.full);
		memcpy(s.m.file[f].path, path, sizeof(path));
		assert_int_equal(r.verdict, spare ? VERIFY_VERIFIED :
		    VERIFY_INCOMPLETE);
		assert_true(spare || testsweep_names(&r, path));
	}
}

static void
swap(size_t a, size_t b)
{
	struct bytes t = s.m.file[a].content;

	s.m.file[a].content = s.m.file[b].content;
	s.m.file[b].content = t;
}

static void
files_that_changed_places_are_found(void **state)
{
	(void)state;
	for (size_t a = 0; a < s.m.count; a++)
		for (size_t b = 0; b < a; b++) {
			struct verify_result r;

			/* two names of one note */
			if (view_equal(bytes_view(&s.m.file[a].content),
			    bytes_view(&s.m.file[b].content)))
				continue;
			swap(a, b);
			r = testsweep_verify(&s, s.full);
			swap(a, b);
			/* which key stands in which file is no secret */
			if (strstr(s.m.file[a].path, ".vkey") != NULL &&
			    strstr(s.m.file[b].path, ".vkey") != NULL)
				continue;
			assert_int_not_equal(r.verdict, VERIFY_VERIFIED);
			/* a period's checkpoint for the newest: rolled back */
			assert_true(testsweep_names(&r, s.m.file[a].path) ||
			    testsweep_names(&r, s.m.file[b].path) ||
			    testsweep_names(&r, "checkpoint.witnessed"));
		}
}

/* The log, or some of its files, as it was at half its size. */
static void
put_back(const char *path)
{
	struct bytes *old = testmemory_find(&s.older, path);

	assert_non_null(old);
	testmemory_set(&s.m, path, bytes_view(old));
}

static void
an_older_checkpoint_is_a_rollback(void **state)
{
	AUTO_DONE(bytes) newest = { 0 }, witnessed = { 0 };
	struct verify_other kept = { "newest.note", { 0 } };
	struct verify_options o = { .trust = s.full, .others = &kept,
		.other_count = 1 };
	struct log_files files = testmemory_files(&s.m);
	struct verify_result r;

	(void)state;
	bytes_put(&newest, bytes_view(testmemory_find(&s.m, "checkpoint")));
	bytes_put(&witnessed, bytes_view(testmemory_find(&s.m,
	    "checkpoint.witnessed")));
	put_back("checkpoint");
	/* the newer one is still there for all to see */
	r = testsweep_verify(&s, s.full);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_true(testsweep_names(&r, "checkpoint.witnessed"));
	put_back("checkpoint.witnessed");
	/* or the auditor has kept it */
	kept.note = bytes_view(&newest);
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_TAMPERED);
	assert_true(testsweep_names(&r, "newest.note"));
	assert_non_null(strstr(r.finding[VERIFY_CONSISTENCY].why, "rolled"));
	/* asked for as of that time, it is a good log */
	o.to = (struct verify_other){ "kept", bytes_view(&s.kept) };
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.size == ENTRIES / 2 && r.ahead == 2);
	testmemory_set(&s.m, "checkpoint", bytes_view(&newest));
	testmemory_set(&s.m, "checkpoint.witnessed", bytes_view(&witnessed));
	assert_int_equal(testsweep_verify(&s, s.full).verdict,
	    VERIFY_VERIFIED);
}

/* A tile of the size before, under the name of the one needed now. */
static void
an_older_tile_in_place_of_the_newer_is_found(void **state)
{
	static const char *const pair[][2] = {
		{ "tile/entries/000.p/20", "tile/entries/000.p/40" },
		{ "tile/0/000.p/20", "tile/0/000.p/40" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pair); i++)
		for (size_t k = 0; k < 2; k++) {
			const char *from = pair[i][k], *to = pair[i][!k];
			AUTO_DONE(bytes) kept = { 0 };
			struct bytes *b = testmemory_find(&s.m, to);

			bytes_put(&kept, bytes_view(b));
			bytes_reset(b);
			bytes_put(b, bytes_view(testmemory_find(&s.m, from)));
			must_be_found(to, "replaced", i);
			bytes_reset(b);
			bytes_put(b, bytes_view(&kept));
		}
}

static void
a_full_tile_in_place_of_a_partial_one_is_only_cut(void **state)
{
	struct bytes *b = testmemory_find(&s.m, "tile/0/000.p/40");
	size_t len = b->len;

	(void)state;
	testmemory_set(&s.m, "tile/0/000", bytes_view(b));
	b = testmemory_find(&s.m, "tile/0/000.p/40");
	memset(bytes_grow(testmemory_find(&s.m, "tile/0/000"),
	    TILE_SIZE - len), 7, TILE_SIZE - len);
	strcpy(s.m.file[s.m.count - 1].path, "tile/0/000");
	for (size_t i = 0; i < s.m.count; i++)
		if (strcmp(s.m.file[i].path, "tile/0/000.p/40") == 0)
			s.m.file[i].path[0] = '!';
	assert_int_equal(testsweep_verify(&s, s.key).verdict,
	    VERIFY_VERIFIED);
	testmemory_find(&s.m, "tile/0/000")->at[len - 1] ^= 1;
	assert_int_equal(testsweep_verify(&s, s.key).verdict,
	    VERIFY_TAMPERED);
	for (size_t i = 0; i < s.m.count; i++)
		if (s.m.file[i].path[0] == '!')
			s.m.file[i].path[0] = 't';
	bytes_done(&s.m.file[--s.m.count].content);
}

static void
more_checkpoints_than_can_be_compared_are_refused(void **state)
{
	struct verify_other same[VERIFY_OTHERS + 1];
	struct verify_options o = { .trust = s.full, .others = same,
		.other_count = VERIFY_OTHERS };
	struct log_files files = testmemory_files(&s.m);
	struct verify_result r;

	(void)state;
	for (size_t i = 0; i < COUNT(same); i++)
		same[i] = (struct verify_other){ "kept.note",
			bytes_view(&s.kept) };
	assert_int_equal(verify_with(&files, &o, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	o.other_count++;
	assert_int_equal(verify_with(&files, &o, &r), ERR_RANGE);
}

/* ---- the keys as what is trusted, rather than as what is verified */

static void
a_flipped_bit_of_the_trusted_keys_trusts_nothing(void **state)
{
	AUTO_DONE(bytes) keys = { 0 };

	(void)state;
	bytes_put(&keys, bytes_view(testmemory_find(&s.m, "log.vkey")));
	bytes_put(&keys, bytes_view(testmemory_find(&s.m,
	    "log-ecdsa.vkey")));
	for (size_t b = 0; b < keys.len * 8; b++) {
		AUTO(trust_policy) trust = NULL;

		keys.at[b / 8] ^= (uint8_t)(1 << b % 8);
		if (trust_keys_get(bytes_view(&keys), &trust) == ERR_OK)
			assert_int_not_equal(testsweep_verify(&s,
			    trust).verdict, VERIFY_VERIFIED);
		keys.at[b / 8] ^= (uint8_t)(1 << b % 8);
	}
}

static int
setup(void **state)
{
	const char *sweep = getenv("OKSE_SWEEP");

	(void)state;
	all = sweep != NULL && strcmp(sweep, "all") == 0;
	return testsweep_open_story(&s, ENTRIES, false);
}

static int
teardown(void **state)
{
	(void)state;
	testsweep_done(&s);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_export_itself_is_verified),
		cmocka_unit_test(every_flipped_bit_is_found_in_its_file),
		cmocka_unit_test(
		    a_flipped_bit_of_an_entry_is_named_by_its_index),
		cmocka_unit_test(a_file_cut_at_any_offset_is_found),
		cmocka_unit_test(appended_and_prepended_bytes_are_found),
		cmocka_unit_test(
		    a_deleted_file_that_the_checkpoint_needs_is_missed),
		cmocka_unit_test(files_that_changed_places_are_found),
		cmocka_unit_test(an_older_checkpoint_is_a_rollback),
		cmocka_unit_test(an_older_tile_in_place_of_the_newer_is_found),
		cmocka_unit_test(
		    a_full_tile_in_place_of_a_partial_one_is_only_cut),
		cmocka_unit_test(
		    more_checkpoints_than_can_be_compared_are_refused),
		cmocka_unit_test(
		    a_flipped_bit_of_the_trusted_keys_trusts_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
