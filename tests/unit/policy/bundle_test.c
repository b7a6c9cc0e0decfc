/*
 * Bundles: everything a loader must refuse, and that nothing of a policy is
 * read before its officers have been.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "base/version.h"
#include "policy/yaml.h"
#include "tests/bundle.h"

#define NOW INT64_C(1751338800)

static struct officers officers;
static char dir[32];
static const struct bundle_plan plan = { NOW - DAY, NOW + DAY };
static const struct bundle_mark nothing;

static void
seal(const unsigned int *seats)
{
	bundle_seal(dir, &officers, &plan, seats);
}

static enum err
load_after(const struct bundle_mark *highest)
{
	AUTO(bundle) b = NULL;
	enum err e = bundle_load(dir, &officers.roster, highest, &b);

	assert_true(e == ERR_OK || b == NULL);
	return e;
}

static enum err
load(void)
{
	return load_after(&nothing);
}

static void
path_of(const char *name, char path[PATH_MAX])
{
	MUST(path_join(dir, name, path, PATH_MAX));
}

static void
read_file(const char *name, struct bytes *out)
{
	char path[PATH_MAX];

	path_of(name, path);
	MUST(file_read(path, YAML_FILE_SIZE, out));
}

static void
remove_file(const char *name)
{
	char path[PATH_MAX];

	path_of(name, path);
	assert_int_equal(unlink(path), 0);
}

/* A bundle that loads, in an empty directory: each test spoils its own. */
static int
fresh(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/okse-bundle-XXXXXX");
	must_be(mkdtemp(dir) != NULL, "mkdtemp");
	bundle_head(dir, 7);
	bundle_write(dir, "resident-id.yaml", view_text(BUNDLE_PROGRAMME));
	seal(SEATS(1, 3));
	return 0;
}

static int
gone(void **state)
{
	(void)state;
	bundle_remove(dir);
	return 0;
}

static void
a_bundle_says_what_it_is(void **state)
{
	AUTO(bundle) b = NULL;
	AUTO_DONE(bytes) text = { 0 };
	struct hash h;

	(void)state;
	assert_int_equal(bundle_load(dir, &officers.roster, &nothing, &b),
	    ERR_OK);
	assert_int_equal(policy_serial(bundle_policy(b)), 7);
	assert_int_equal(bundle_manifest(b)->serial, 7);
	assert_int_equal(bundle_signers(b)->count, 2);
	assert_int_equal(bundle_signers(b)->seats[1], 3);
	read_file("manifest", &text);
	h = sha256(bytes_view(&text));
	assert_memory_equal(bundle_hash(b)->at, h.at, sizeof(h.at));
}

/* What authors see of the directory alone is what the daemon decides by. */
static void
a_bundle_has_the_policy_of_its_directory(void **state)
{
	AUTO(bundle) b = NULL;
	AUTO(policy) p = NULL;

	(void)state;
	assert_int_equal(bundle_load(dir, &officers.roster, &nothing, &b),
	    ERR_OK);
	assert_int_equal(policy_load(dir, &p), ERR_OK);
	assert_memory_equal(policy_hash(p), policy_hash(bundle_policy(b)),
	    sizeof(struct hash));
}

static void
absent_signatures_are_a_refusal(void **state)
{
	(void)state;
	remove_file("signatures");
	assert_int_equal(load(), ERR_NOT_FOUND);
	bundle_write(dir, "signatures", view_text(""));
	assert_int_equal(load(), ERR_UNSUPPORTED);
	bundle_write(dir, "signatures", view_text("okse-signatures 1\n"));
	assert_int_equal(load(), ERR_FORBIDDEN);
}

static void
one_officer_alone_is_a_refusal(void **state)
{
	(void)state;
	seal(SEATS(2));
	assert_int_equal(load(), ERR_FORBIDDEN);
	assert_non_null(strstr(err_why(), "1 of the 2"));
}

static void
officers_of_another_roster_are_a_refusal(void **state)
{
	struct officers others;
	AUTO(bundle) b = NULL;

	(void)state;
	officers_make(&others);
	assert_int_equal(bundle_load(dir, &others.roster, &nothing, &b),
	    ERR_SIGNATURE);
	officers_done(&others);
}

static void
an_absent_manifest_is_a_refusal(void **state)
{
	(void)state;
	remove_file("manifest");
	assert_int_equal(load(), ERR_NOT_FOUND);
}

static void
an_older_serial_is_a_refusal(void **state)
{
	(void)state;
	assert_int_equal(load_after(&(struct bundle_mark){ .serial = 6 }),
	    ERR_OK);
	assert_int_equal(load_after(&(struct bundle_mark){ .serial = 8 }),
	    ERR_EXISTS);
}

static void
the_same_serial_is_the_same_manifest(void **state)
{
	struct bundle_mark mark = { .serial = 7 };
	AUTO_DONE(bytes) text = { 0 };

	(void)state;
	read_file("manifest", &text);
	mark.manifest = sha256(bytes_view(&text));
	assert_int_equal(load_after(&mark), ERR_OK);
	mark.manifest.at[31] ^= 1;
	assert_int_equal(load_after(&mark), ERR_MISMATCH);
}

static void
the_policys_own_serial_is_that_of_the_manifest(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, signatures = { 0 };
	struct manifest m;

	(void)state;
	read_file("manifest", &text);
	MUST(manifest_get(bytes_view(&text), &m));
	m.serial = 8;
	bytes_reset(&text);
	MUST(manifest_put(&m, &text));
	officers_sign(&officers, MANIFEST_DOMAIN, bytes_view(&text),
	    SEATS(1, 2), &signatures);
	bundle_write(dir, "manifest", bytes_view(&text));
	bundle_write(dir, "signatures", bytes_view(&signatures));
	assert_int_equal(load(), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "serial 8"));
}

static void
a_bundle_for_a_newer_program_is_a_refusal(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, signatures = { 0 };
	struct manifest m;

	(void)state;
	read_file("manifest", &text);
	MUST(manifest_get(bytes_view(&text), &m));
	m.program = OKSE_VERSION + 1;
	bytes_reset(&text);
	MUST(manifest_put(&m, &text));
	officers_sign(&officers, MANIFEST_DOMAIN, bytes_view(&text),
	    SEATS(1, 2), &signatures);
	bundle_write(dir, "manifest", bytes_view(&text));
	bundle_write(dir, "signatures", bytes_view(&signatures));
	assert_int_equal(load(), ERR_UNSUPPORTED);
}

static void
a_bundle_counts_from_not_before_until_expiry(void **state)
{
	AUTO(bundle) b = NULL;

	(void)state;
	assert_int_equal(bundle_load(dir, &officers.roster, &nothing, &b),
	    ERR_OK);
	assert_int_equal(bundle_timely(b, plan.not_before - 1), ERR_RANGE);
	assert_int_equal(bundle_timely(b, plan.not_before), ERR_OK);
	assert_int_equal(bundle_timely(b, plan.expires - 1), ERR_OK);
	assert_int_equal(bundle_timely(b, plan.expires), ERR_RANGE);
	assert_non_null(strstr(err_why(), "expired"));
}

static void
a_file_too_many_is_a_refusal(void **state)
{
	static const char *const names[] =
	    { "more.yaml", "README", ".hidden", "policy.yaml~" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		bundle_write(dir, names[i], view_text(""));
		assert_int_equal(load(), ERR_MISMATCH);
		assert_non_null(strstr(err_why(), names[i]));
		remove_file(names[i]);
	}
	assert_int_equal(load(), ERR_OK);
}

static void
a_file_too_few_is_a_refusal(void **state)
{
	(void)state;
	remove_file("resident-id.yaml");
	assert_int_equal(load(), ERR_NOT_FOUND);
	assert_non_null(strstr(err_why(), "resident-id.yaml"));
}

static void
a_link_or_directory_for_a_file_is_a_refusal(void **state)
{
	char path[PATH_MAX], elsewhere[PATH_MAX + 8];

	(void)state;
	path_of("resident-id.yaml", path);
	snprintf(elsewhere, sizeof(elsewhere), "%s.moved", dir);
	assert_int_equal(rename(path, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, path), 0);
	assert_int_equal(load(), ERR_NOT_FOUND);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load(), ERR_NOT_FOUND);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(unlink(elsewhere), 0);
}

static void
flip(const char *name, size_t bit)
{
	AUTO_DONE(bytes) content = { 0 };

	read_file(name, &content);
	content.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	bundle_write(dir, name, bytes_view(&content));
}

static size_t
size_of(const char *name)
{
	AUTO_DONE(bytes) content = { 0 };

	read_file(name, &content);
	return content.len;
}

/* Every bit of what is signed, of the signatures, and of every file. */
static void
no_bit_of_a_bundle_can_change(void **state)
{
	static const char *const names[] = { "manifest", "signatures",
		"policy.yaml", "resident-id.yaml" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t bit = 0; bit < 8 * size_of(names[i]); bit++) {
			flip(names[i], bit);
			if (load() == ERR_OK)
				fail_msg("%s: bit %zu", names[i], bit);
			flip(names[i], bit);
		}
	assert_int_equal(load(), ERR_OK);
}

static void
a_file_that_grew_or_shrank_is_a_refusal(void **state)
{
	AUTO_DONE(bytes) content = { 0 };

	(void)state;
	read_file("policy.yaml", &content);
	bundle_write(dir, "policy.yaml", VIEW(content.at, content.len - 1));
	assert_int_equal(load(), ERR_MISMATCH);
	bytes_put_u8(&content, '\n');
	bundle_write(dir, "policy.yaml", bytes_view(&content));
	assert_int_equal(load(), ERR_MISMATCH);
}

/* The complaint is about signatures and hashes, never about YAML. */
static void
no_yaml_is_read_before_it_is_vouched_for(void **state)
{
	(void)state;
	bundle_write(dir, "policy.yaml", view_text("[[[["));
	assert_int_equal(load(), ERR_MISMATCH);
	remove_file("signatures");
	assert_int_equal(load(), ERR_NOT_FOUND);
}

/* Signed or not, what policy_parse() refuses is refused. */
static void
officers_cannot_vouch_for_what_is_no_policy(void **state)
{
	AUTO_DONE(bytes) text = { 0 }, signatures = { 0 };
	struct manifest m;
	const struct view bad = view_text("kind: [\n");

	(void)state;
	read_file("manifest", &text);
	MUST(manifest_get(bytes_view(&text), &m));
	m.files[1].length = bad.len;
	m.files[1].hash = sha256(bad);
	bytes_reset(&text);
	MUST(manifest_put(&m, &text));
	officers_sign(&officers, MANIFEST_DOMAIN, bytes_view(&text),
	    SEATS(1, 2), &signatures);
	bundle_write(dir, "resident-id.yaml", bad);
	bundle_write(dir, "manifest", bytes_view(&text));
	bundle_write(dir, "signatures", bytes_view(&signatures));
	assert_int_equal(load(), ERR_SYNTAX);
	assert_non_null(strstr(err_why(), "resident-id.yaml:"));
}

/* ---- making */

static void
what_is_no_policy_is_not_prepared(void **state)
{
	(void)state;
	bundle_write(dir, "notes.txt", view_text("x"));
	assert_int_equal(bundle_prepare(dir, &plan), ERR_MISMATCH);
	remove_file("notes.txt");
	bundle_write(dir, "policy.yaml", view_text("kind: policy\n"));
	assert_int_equal(bundle_prepare(dir, &plan), ERR_SCHEMA);
	/* and what was there is untouched */
	assert_int_equal(load(), ERR_MISMATCH);
}

static void
an_officer_signs_only_what_the_manifest_lists(void **state)
{
	struct approvals signers;

	(void)state;
	bundle_head(dir, 8);
	assert_int_equal(bundle_sign(dir, &officers.roster, 2,
	    officers.keys[1], &signers), ERR_MISMATCH);
}

static void
preparing_again_drops_the_signatures(void **state)
{
	(void)state;
	assert_int_equal(bundle_prepare(dir, &plan), ERR_OK);
	assert_int_equal(load(), ERR_NOT_FOUND);
}

static void
a_bundle_is_installed_under_its_serial(void **state)
{
	char store[PATH_MAX], target[PATH_MAX];
	AUTO(bundle) b = NULL;
	int64_t newest = 0;

	(void)state;
	snprintf(store, sizeof(store), "%s.store", dir);
	MUST(dir_make(store, 0700));
	assert_int_equal(bundle_newest(store, &newest), ERR_NOT_FOUND);
	assert_int_equal(bundle_install(dir, store), ERR_OK);
	MUST(bundle_path(store, 7, target));
	assert_int_equal(bundle_load(target, &officers.roster, &nothing, &b),
	    ERR_OK);
	/* again is fine, and brings new signatures */
	seal(SEATS(2, 3));
	assert_int_equal(bundle_install(dir, store), ERR_OK);
	bundle_free(STEAL(b));
	assert_int_equal(bundle_load(target, &officers.roster, &nothing, &b),
	    ERR_OK);
	assert_int_equal(bundle_signers(b)->seats[0], 2);
	/* another content under the same serial is not */
	bundle_write(dir, "resident-id.yaml",
	    view_text(BUNDLE_PROGRAMME "# changed\n"));
	seal(SEATS(1, 2));
	assert_int_equal(bundle_install(dir, store), ERR_EXISTS);
	bundle_head(dir, 10);
	seal(SEATS(1, 2));
	assert_int_equal(bundle_install(dir, store), ERR_OK);
	assert_int_equal(bundle_newest(store, &newest), ERR_OK);
	assert_int_equal(newest, 10);
	bundle_remove(store);
}

/* What an earlier try left behind does not stand in the way. */
static void
an_installation_cut_off_is_done_again(void **state)
{
	char store[PATH_MAX], half[PATH_MAX + 8];

	(void)state;
	snprintf(store, sizeof(store), "%s.store", dir);
	snprintf(half, sizeof(half), "%s/.new", store);
	MUST(dir_make(half, 0700));
	bundle_write(half, "policy.yaml.new", view_text("half"));
	assert_int_equal(bundle_install(dir, store), ERR_OK);
	assert_false(file_exists(half));
	bundle_remove(store);
}

static int
set_up(void **state)
{
	(void)state;
	MUST(crypto_init());
	officers_make(&officers);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	officers_done(&officers);
	return 0;
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, fresh, gone)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_bundle_says_what_it_is),
		EACH(a_bundle_has_the_policy_of_its_directory),
		EACH(absent_signatures_are_a_refusal),
		EACH(one_officer_alone_is_a_refusal),
		EACH(officers_of_another_roster_are_a_refusal),
		EACH(an_absent_manifest_is_a_refusal),
		EACH(an_older_serial_is_a_refusal),
		EACH(the_same_serial_is_the_same_manifest),
		EACH(the_policys_own_serial_is_that_of_the_manifest),
		EACH(a_bundle_for_a_newer_program_is_a_refusal),
		EACH(a_bundle_counts_from_not_before_until_expiry),
		EACH(a_file_too_many_is_a_refusal),
		EACH(a_file_too_few_is_a_refusal),
		EACH(a_link_or_directory_for_a_file_is_a_refusal),
		EACH(no_bit_of_a_bundle_can_change),
		EACH(a_file_that_grew_or_shrank_is_a_refusal),
		EACH(no_yaml_is_read_before_it_is_vouched_for),
		EACH(officers_cannot_vouch_for_what_is_no_policy),
		EACH(what_is_no_policy_is_not_prepared),
		EACH(an_officer_signs_only_what_the_manifest_lists),
		EACH(preparing_again_drops_the_signatures),
		EACH(a_bundle_is_installed_under_its_serial),
		EACH(an_installation_cut_off_is_done_again),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
