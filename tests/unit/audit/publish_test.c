/*
 * The published directory: the public 15-leaf log reproduced byte for byte,
 * what is there after each publication, after crashes and after tampering.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "audit/proof.h"
#include "audit/verify.h"
#include "testdir.h"
#include "testlog.h"

static int
setup(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

static bool
exists(const char *dir, const char *name)
{
	char path[512];

	return path_join(dir, name, path, sizeof(path)) == ERR_OK &&
	    file_exists(path);
}

/* ---- transparency-dev/tessera testdata */

#define VECTORS "../shared/vectors/tlog/log"

static const char *const words[] = { "one", "two", "three", "four", "five",
	"six", "seven", "eit", "nain", "ten", "ileven", "twelf", "threeten",
	"fourten", "fivten" };

static void
assert_same_file(const char *dir, const char *ours, const char *theirs)
{
	AUTO_DONE(bytes) a = { 0 };
	AUTO_DONE(bytes) b = { 0 };
	char path[512];

	assert_int_equal(path_join(dir, ours, path, sizeof(path)), ERR_OK);
	assert_int_equal(file_read(path, 65536, &a), ERR_OK);
	assert_int_equal(path_join(VECTORS, theirs, path, sizeof(path)),
	    ERR_OK);
	assert_int_equal(file_read(path, 65536, &b), ERR_OK);
	assert_true(a.len != 0 && view_equal(bytes_view(&a), bytes_view(&b)));
}

static enum err
open_tessera(struct testlog *l)
{
	AUTO_DONE(bytes) seed = { 0 };

	snprintf(l->dir, sizeof(l->dir), "%s", testdir_new());
	TRY(base64_get(view_text("AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3"
	    "eg"), &seed));
	TRY(testlog_key("example.com/log/testdata", VKEY_ED25519, seed.at + 1,
	    &l->secret, &l->key));
	return publish_open(l->dir, 0, NULL, &l->publish);
}

static void
the_public_log_is_reproduced_byte_for_byte(void **state)
{
	struct testlog l = { 0 };
	AUTO_DONE(bytes) key = { 0 };
	char name[64], theirs[64];

	(void)state;
	if (!file_exists(VECTORS)) {
		print_message("no " VECTORS ": skipped\n");
		skip();
	}
	assert_int_equal(open_tessera(&l), ERR_OK);
	vkey_put(l.key, &key);
	assert_string_equal(bytes_text(&key), "example.com/log/testdata"
	    "+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx");
	for (unsigned int n = 0; n <= COUNT(words); n++) {
		if (n > 0)
			assert_int_equal(testlog_append(&l,
			    view_text(words[n - 1])), ERR_OK);
		assert_int_equal(testlog_publish(&l), ERR_OK);
		snprintf(theirs, sizeof(theirs), "checkpoint.%u", n);
		assert_same_file(l.dir, "checkpoint", theirs);
		if (n == 0)
			continue;
		snprintf(name, sizeof(name), "tile/0/000.p/%u", n);
		assert_same_file(l.dir, name, name);
		snprintf(name, sizeof(name), "tile/entries/000.p/%u", n);
		assert_same_file(l.dir, name, name);
	}
	testdir_remove(l.dir);
	testlog_done(&l);
}

/* ---- what is there */

static void
sizes_around_a_full_tile_leave_the_files_of_the_format(void **state)
{
	struct testlog l = { 0 };

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	assert_int_equal(testlog_fill(&l, 255, 255), ERR_OK);
	assert_true(exists(l.dir, "tile/0/000.p/255"));
	assert_false(exists(l.dir, "tile/1"));
	assert_int_equal(testlog_fill(&l, 256, 256), ERR_OK);
	assert_true(exists(l.dir, "tile/0/000"));
	assert_true(exists(l.dir, "tile/entries/000"));
	assert_true(exists(l.dir, "tile/1/000.p/1"));
	/* superseded partial tiles go with the next checkpoint */
	assert_false(exists(l.dir, "tile/0/000.p"));
	assert_false(exists(l.dir, "tile/entries/000.p"));
	assert_int_equal(testlog_fill(&l, 257, 257), ERR_OK);
	assert_true(exists(l.dir, "tile/0/001.p/1"));
	assert_true(exists(l.dir, "tile/entries/001.p/1"));
	testdir_remove(l.dir);
	testlog_done(&l);
}

static void
a_reopened_log_goes_on_where_it_was(void **state)
{
	struct testlog l = { 0 };
	struct verify_result r;

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	for (uint64_t n = 0; n < 1300; n += 130) {
		struct hash root;
		uint64_t size;

		assert_int_equal(testlog_fill(&l, n, 50), ERR_OK);
		size = publish_ready(l.publish, &root);
		publish_close(STEAL(l.publish));
		assert_int_equal(publish_open(l.dir, size, &root,
		    &l.publish), ERR_OK);
	}
	assert_int_equal(verify_log(l.dir, l.key, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.size == 1170);
	testdir_remove(l.dir);
	testlog_done(&l);
}

/*
 * A crash between the tiles and the checkpoint: the entries come again from
 * the registry, and more of them.
 */
static void
tiles_written_without_a_checkpoint_are_written_again(void **state)
{
	struct testlog l = { 0 };
	struct verify_result r;
	struct hash root;
	uint64_t size;

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	assert_int_equal(testlog_fill(&l, 300, 100), ERR_OK);
	size = publish_ready(l.publish, &root);
	for (uint64_t i = 300; i < 600; i++) {
		AUTO_DONE(bytes) entry = { 0 };

		assert_int_equal(testlog_entry(i, &entry), ERR_OK);
		assert_int_equal(testlog_append(&l, bytes_view(&entry)),
		    ERR_OK);
	}
	assert_int_equal(publish_tiles(l.publish), ERR_OK);
	assert_int_equal(verify_log(l.dir, l.key, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.size == 300);
	assert_true(r.ahead != 0);
	publish_close(STEAL(l.publish));
	assert_int_equal(publish_open(l.dir, size, &root, &l.publish),
	    ERR_OK);
	assert_int_equal(testlog_fill(&l, 700, 1000), ERR_OK);
	assert_int_equal(verify_log(l.dir, l.key, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.size == 700);
	testdir_remove(l.dir);
	testlog_done(&l);
}

static void
entries_may_come_while_the_checkpoint_is_signed(void **state)
{
	struct testlog l = { 0 };
	AUTO_DONE(bytes) note = { 0 };
	struct verify_result r;
	struct hash root;
	uint64_t size;

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	for (uint64_t i = 0; i < 20; i++) {
		AUTO_DONE(bytes) entry = { 0 };

		if (i == 10)
			assert_int_equal(publish_tiles(l.publish), ERR_OK);
		assert_int_equal(testlog_entry(i, &entry), ERR_OK);
		assert_int_equal(testlog_append(&l, bytes_view(&entry)),
		    ERR_OK);
	}
	size = publish_ready(l.publish, &root);
	assert_true(size == 10 && publish_size(l.publish) == 20);
	assert_int_equal(testlog_note(l.secret, l.key, size, &root, &note),
	    ERR_OK);
	assert_int_equal(publish_checkpoint(l.publish, bytes_view(&note)),
	    ERR_OK);
	assert_int_equal(verify_log(l.dir, l.key, &r), ERR_OK);
	assert_int_equal(r.verdict, VERIFY_VERIFIED);
	assert_true(r.size == 10);
	testdir_remove(l.dir);
	testlog_done(&l);
}

static void
a_checkpoint_of_another_size_or_root_is_refused(void **state)
{
	struct testlog l = { 0 };
	struct hash root;
	uint64_t size;

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	assert_int_equal(testlog_fill(&l, 30, 30), ERR_OK);
	size = publish_ready(l.publish, &root);
	for (int wrong = 0; wrong < 2; wrong++) {
		AUTO_DONE(bytes) note = { 0 };

		root.at[0] ^= (uint8_t)wrong;
		assert_int_equal(testlog_note(l.secret, l.key, size +
		    !wrong, &root, &note), ERR_OK);
		assert_int_equal(publish_checkpoint(l.publish,
		    bytes_view(&note)), ERR_MISMATCH);
	}
	assert_int_equal(publish_checkpoint(l.publish, view_text("text\n")),
	    ERR_SYNTAX);
	testdir_remove(l.dir);
	testlog_done(&l);
}

/* ---- opening what somebody has changed */

static enum err
reopen(const char *dir, uint64_t size, const struct hash *root)
{
	AUTO(publish) p = NULL;

	return publish_open(dir, size, root, &p);
}

static void
overwrite(const char *dir, const char *name, long at, char c)
{
	char path[512];
	FILE *f;

	assert_int_equal(path_join(dir, name, path, sizeof(path)), ERR_OK);
	f = fopen(path, "r+e");
	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_equal(fputc(c, f), c);
	assert_int_equal(fclose(f), 0);
}

static void
an_edge_that_was_changed_is_not_opened(void **state)
{
	struct testlog l = { 0 };
	struct hash root;
	char path[512];

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	assert_int_equal(testlog_fill(&l, 300, 300), ERR_OK);
	publish_ready(l.publish, &root);
	assert_int_equal(reopen(l.dir, 300, &root), ERR_OK);
	assert_int_equal(reopen(l.dir, 299, &root), ERR_NOT_FOUND);
	overwrite(l.dir, "tile/entries/001.p/44", 20, '#');
	assert_int_equal(reopen(l.dir, 300, &root), ERR_CORRUPT);
	overwrite(l.dir, "tile/0/001.p/44", 5, '#');
	assert_int_equal(reopen(l.dir, 300, &root), ERR_MISMATCH);
	assert_int_equal(path_join(l.dir, "tile/1/000.p/1", path,
	    sizeof(path)), ERR_OK);
	assert_int_equal(truncate(path, 31), 0);
	assert_int_equal(reopen(l.dir, 300, &root), ERR_CORRUPT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(reopen(l.dir, 300, &root), ERR_NOT_FOUND);
	testdir_remove(l.dir);
	testlog_done(&l);
}

static void
a_directory_that_cannot_be_written_is_an_error(void **state)
{
	struct testlog l = { 0 };
	struct hash root;
	char path[512];
	FILE *f;

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	assert_int_equal(path_join(l.dir, "tile", path, sizeof(path)),
	    ERR_OK);
	/* a file where a directory belongs fails for root too */
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(testlog_append(&l, view_text("entry")), ERR_OK);
	assert_int_equal(publish_tiles(l.publish), ERR_SYSTEM);
	/* nothing became ready */
	assert_true(publish_ready(l.publish, &root) == 0);
	testdir_remove(l.dir);
	testlog_done(&l);
}

static void
an_entry_of_65535_bytes_is_taken_and_not_one_more(void **state)
{
	static uint8_t entry[TILE_ENTRY_MAX + 1];
	struct testlog l = { 0 };

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	assert_int_equal(testlog_append(&l, VIEW(entry, TILE_ENTRY_MAX + 1)),
	    ERR_TOO_LARGE);
	assert_int_equal(testlog_append(&l, VIEW(entry, TILE_ENTRY_MAX)),
	    ERR_OK);
	assert_int_equal(testlog_publish(&l), ERR_OK);
	testdir_remove(l.dir);
	testlog_done(&l);
}

static void
proofs_come_from_the_published_directory(void **state)
{
	struct testlog l = { 0 };
	struct hash old, new;
	struct tile_source s;
	struct proof p;
	int fd;

	(void)state;
	assert_int_equal(testlog_open(&l, testdir_new()), ERR_OK);
	assert_int_equal(testlog_fill(&l, 700, 700), ERR_OK);
	publish_ready(l.publish, &old);
	assert_int_equal(testlog_fill(&l, 1000, 1000), ERR_OK);
	publish_ready(l.publish, &new);
	fd = open(l.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s = tile_source_dir(&fd);
	assert_int_equal(proof_consistency(&s, 700, 1000, &p), ERR_OK);
	assert_int_equal(proof_check_consistency(&p, 700, 1000, &old, &new),
	    ERR_OK);
	/* also for the older size, whose partial tile is a prefix now */
	for (uint64_t i = 0; i < 700; i += 13) {
		AUTO_DONE(bytes) entry = { 0 };
		struct hash leaf;

		assert_int_equal(testlog_entry(i, &entry), ERR_OK);
		leaf = merkle_leaf(bytes_view(&entry));
		assert_int_equal(proof_inclusion(&s, i, 700, &p), ERR_OK);
		assert_int_equal(proof_check_inclusion(&p, i, 700, &leaf,
		    &old), ERR_OK);
	}
	close(fd);
	testdir_remove(l.dir);
	testlog_done(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_public_log_is_reproduced_byte_for_byte),
		cmocka_unit_test(
		    sizes_around_a_full_tile_leave_the_files_of_the_format),
		cmocka_unit_test(a_reopened_log_goes_on_where_it_was),
		cmocka_unit_test(
		    tiles_written_without_a_checkpoint_are_written_again),
		cmocka_unit_test(
		    entries_may_come_while_the_checkpoint_is_signed),
		cmocka_unit_test(
		    a_checkpoint_of_another_size_or_root_is_refused),
		cmocka_unit_test(an_edge_that_was_changed_is_not_opened),
		cmocka_unit_test(
		    a_directory_that_cannot_be_written_is_an_error),
		cmocka_unit_test(
		    an_entry_of_65535_bytes_is_taken_and_not_one_more),
		cmocka_unit_test(proofs_come_from_the_published_directory),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
