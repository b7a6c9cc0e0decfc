/*
 * What any engine of the registry must do: every verb, every conflict, and
 * the same after the database was closed or its process killed. Run on each:
 * registry_test.c and registry_postgres_test.c.
 */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signer/notary/registry_schema.h"
#include "tests/unit/signer/registry_place.h"

static const struct view licence = { (const uint8_t *)"driver-licence", 14 };

/* As a reissue does. */
static enum err
replace(struct registry *r, const struct handle *holder,
    const struct registry_device *old, const struct registry_device *fresh)
{
	TRY(registry_device_change(r, holder, resident, old, DEVICE_REPLACED,
	    1500));
	return registry_device_reserve(r, holder, resident, fresh);
}

/* ---- devices */

static void
a_device_that_was_reserved_is_found_with_its_times(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1), other = handle(9);
	struct registry_device d = device(2), found;

	OK(registry_begin(p->r));
	assert_int_equal(registry_device_find(p->r, &holder, resident, &found),
	    ERR_NOT_FOUND);
	OK(registry_device_reserve(p->r, &holder, resident, &d));
	OK(registry_commit(p->r));
	OK(registry_device_find(reopen(p), &holder, resident, &found));
	assert_memory_equal(&found.device, &d.device, sizeof(d.device));
	assert_int_equal(found.issued_at, 1000);
	assert_int_equal(found.administrative_expiry, 2000);
	assert_int_equal(registry_device_find(p->r, &other, resident, &found),
	    ERR_NOT_FOUND);
}

static void
a_second_active_device_is_refused_by_the_index(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device first = device(2), second = device(3), found;

	OK(registry_begin(p->r));
	OK(registry_device_reserve(p->r, &holder, resident, &first));
	assert_int_equal(registry_device_reserve(p->r, &holder, resident,
	    &second), ERR_EXISTS);
	assert_int_equal(registry_device_reserve(p->r, &holder, resident,
	    &first), ERR_EXISTS);
	OK(registry_failed(p->r));
	OK(registry_commit(p->r));
	OK(registry_device_find(p->r, &holder, resident, &found));
	assert_memory_equal(&found.device, &first.device, HANDLE_SIZE);
}

static void
another_programme_or_holder_has_a_device_of_its_own(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1), other = handle(9);
	struct registry_device d = device(2);

	OK(registry_begin(p->r));
	OK(registry_device_reserve(p->r, &holder, resident, &d));
	OK(registry_device_reserve(p->r, &holder, licence, &d));
	OK(registry_device_reserve(p->r, &other, resident, &d));
	OK(registry_commit(p->r));
}

static void
a_replacement_retires_the_old_device_in_the_same_commit(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device old = device(2), fresh = device(3), found;

	OK(registry_begin(p->r));
	OK(registry_device_reserve(p->r, &holder, resident, &old));
	OK(replace(p->r, &holder, &old, &fresh));
	OK(registry_commit(p->r));
	OK(registry_device_find(reopen(p), &holder, resident, &found));
	assert_memory_equal(&found.device, &fresh.device, HANDLE_SIZE);
	/* and back to a device that was active once */
	OK(registry_begin(p->r));
	OK(replace(p->r, &holder, &fresh, &old));
	OK(registry_commit(p->r));
}

static void
replacing_a_device_that_is_not_active_is_a_conflict(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device old = device(2), fresh = device(3), found;

	OK(registry_begin(p->r));
	assert_int_equal(replace(p->r, &holder, &old, &fresh), ERR_EXISTS);
	assert_int_equal(registry_device_find(p->r, &holder, resident, &found),
	    ERR_NOT_FOUND);
	OK(registry_device_reserve(p->r, &holder, resident, &old));
	assert_int_equal(replace(p->r, &holder, &fresh, &fresh), ERR_EXISTS);
	OK(registry_commit(p->r));
}

static void
a_refresh_is_of_the_active_device_and_keeps_its_expiry(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device d = device(2), other = device(3), found;

	OK(registry_begin(p->r));
	assert_int_equal(registry_device_refresh(p->r, &holder, resident,
	    &d.device, 1500), ERR_EXISTS);
	OK(registry_device_reserve(p->r, &holder, resident, &d));
	OK(registry_device_refresh(p->r, &holder, resident, &d.device, 1500));
	assert_int_equal(registry_device_refresh(p->r, &holder, resident,
	    &other.device, 1500), ERR_EXISTS);
	OK(registry_commit(p->r));
	OK(registry_device_find(p->r, &holder, resident, &found));
	assert_int_equal(found.administrative_expiry, 2000);
	assert_int_equal(found.issued_at, 1000);
}

static void
a_suspended_device_is_still_the_one_device(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device d = device(2), other = device(3), found;

	OK(registry_begin(p->r));
	OK(registry_device_reserve(p->r, &holder, resident, &d));
	OK(registry_device_change(p->r, &holder, resident, &d,
	    DEVICE_SUSPENDED, 1500));
	/* it is suspended now, not active */
	assert_int_equal(registry_device_change(p->r, &holder, resident, &d,
	    DEVICE_SUSPENDED, 1500), ERR_EXISTS);
	assert_int_equal(registry_device_reserve(p->r, &holder, resident,
	    &other), ERR_EXISTS);
	assert_int_equal(registry_device_refresh(p->r, &holder, resident,
	    &d.device, 1600), ERR_EXISTS);
	OK(registry_commit(p->r));
	OK(registry_device_find(reopen(p), &holder, resident, &found));
	assert_int_equal(found.state, DEVICE_SUSPENDED);
	assert_memory_equal(&found.serial, &d.serial, sizeof(d.serial));
	OK(registry_begin(p->r));
	OK(registry_device_change(p->r, &holder, resident, &found,
	    DEVICE_ACTIVE, 1700));
	OK(registry_device_refresh(p->r, &holder, resident, &d.device, 1800));
	OK(registry_commit(p->r));
}

static void
the_newest_of_past_devices_is_remembered(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device first = device(2), second = device(3), found;

	OK(registry_begin(p->r));
	OK(registry_device_reserve(p->r, &holder, resident, &first));
	assert_int_equal(registry_device_last(p->r, &holder, resident,
	    &found), ERR_NOT_FOUND);
	OK(replace(p->r, &holder, &first, &second));
	OK(registry_device_last(p->r, &holder, resident, &found));
	assert_int_equal(found.state, DEVICE_REPLACED);
	OK(registry_device_change(p->r, &holder, resident, &second,
	    DEVICE_REVOKED, 1600));
	OK(registry_commit(p->r));
	assert_int_equal(registry_device_find(p->r, &holder, resident, &found),
	    ERR_NOT_FOUND);
	OK(registry_device_last(p->r, &holder, resident, &found));
	assert_int_equal(found.state, DEVICE_REVOKED);
	assert_memory_equal(&found.device, &second.device, HANDLE_SIZE);
}

static void
no_expiry_stays_no_expiry(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device d = device(2), found;

	d.administrative_expiry = TIME_NONE;
	OK(registry_begin(p->r));
	OK(registry_device_reserve(p->r, &holder, resident, &d));
	OK(registry_commit(p->r));
	OK(registry_device_find(p->r, &holder, resident, &found));
	assert_true(found.administrative_expiry == TIME_NONE);
}

static void
a_key_is_bound_to_one_holder_for_good(void **state)
{
	struct place *p = *state;
	struct handle key = handle(5), holder = handle(1), other = handle(2);
	struct handle found;

	OK(registry_begin(p->r));
	assert_int_equal(registry_key_find(p->r, &key, &found), ERR_NOT_FOUND);
	OK(registry_key_bind(p->r, &key, &holder));
	OK(registry_key_bind(p->r, &key, &holder));
	assert_int_equal(registry_key_bind(p->r, &key, &other), ERR_EXISTS);
	OK(registry_commit(p->r));
	OK(registry_key_find(reopen(p), &key, &found));
	assert_memory_equal(&found, &holder, sizeof(found));
}

/* ---- evidence and nonces */

static struct registry_qr
token(uint8_t fill, int64_t issued_at)
{
	struct registry_qr qr = { .cti = handle_at(issued_at),
	    .holder = handle(1), .purpose = PURPOSE_FIRST_ISSUE,
	    .issued_at = issued_at, .expires_at = issued_at + 180 };

	qr.cti.at[15] = fill;
	strncpy(qr.programme, "resident-id", REGISTRY_NAME);
	memset(qr.centre, '3', REGISTRY_NAME);
	return qr;
}

static void
a_token_is_found_as_it_was_minted(void **state)
{
	struct place *p = *state;
	struct registry_qr qr = token(7, 1000), found;
	struct handle nobody = handle(8);

	OK(registry_begin(p->r));
	OK(registry_qr_mint(p->r, &qr));
	assert_int_equal(registry_qr_mint(p->r, &qr), ERR_EXISTS);
	OK(registry_commit(p->r));
	OK(registry_qr_find(reopen(p), &qr.cti, &found));
	assert_string_equal(found.programme, "resident-id");
	assert_int_equal(strlen(found.centre), REGISTRY_NAME);
	assert_memory_equal(&found.holder, &qr.holder, HANDLE_SIZE);
	assert_int_equal(found.purpose, PURPOSE_FIRST_ISSUE);
	assert_int_equal(found.issued_at, 1000);
	assert_int_equal(found.expires_at, 1180);
	assert_true(found.redeemed_at == TIME_NONE);
	assert_int_equal(registry_qr_find(p->r, &nobody, &found),
	    ERR_NOT_FOUND);
}

static void
a_token_is_redeemed_once(void **state)
{
	struct place *p = *state;
	struct registry_qr qr = token(7, 1000), found;
	struct handle nobody = handle(8);

	OK(registry_begin(p->r));
	OK(registry_qr_mint(p->r, &qr));
	OK(registry_qr_redeem(p->r, &qr.cti, 1100));
	assert_int_equal(registry_qr_redeem(p->r, &qr.cti, 1101), ERR_EXISTS);
	assert_int_equal(registry_qr_redeem(p->r, &nobody, 1101), ERR_EXISTS);
	OK(registry_commit(p->r));
	OK(registry_qr_find(reopen(p), &qr.cti, &found));
	assert_int_equal(found.redeemed_at, 1100);
}

static void
a_nonce_is_used_once(void **state)
{
	struct place *p = *state;
	struct registry_nonce n = { handle(4), 1300 }, later = { handle(4),
	    1301 };
	bool used;

	OK(registry_begin(p->r));
	OK(registry_nonce_used(p->r, &n, &used));
	assert_false(used);
	OK(registry_nonce_use(p->r, &n));
	assert_int_equal(registry_nonce_use(p->r, &n), ERR_EXISTS);
	OK(registry_commit(p->r));
	OK(registry_nonce_used(reopen(p), &n, &used));
	assert_true(used);
	OK(registry_nonce_used(p->r, &later, &used));
	assert_false(used);
}

/* ---- retries and entries */

static struct registry_idem
idem(uint64_t index, size_t drafts)
{
	struct registry_idem i = { .node = 1, .index = index,
	    .fingerprint = handle(6), .seed = handle(7),
	    .terms = { 1, 2, TIME_NONE, 4 }, .draft_count = drafts };

	if (drafts != 0)
		i.status = (struct status_use){ .list = 3, .first = 77 };
	memset(i.drafts, 0xab, drafts * sizeof(i.drafts[0]));
	return i;
}

static void
a_retry_finds_everything_that_was_kept(void **state)
{
	struct place *p = *state;
	struct handle id = handle(1), other = handle(2);
	struct registry_idem found;

	for (size_t n = 0; n <= REGISTRY_DRAFTS; n += REGISTRY_DRAFTS / 2) {
		struct registry_idem i = idem(n, n);

		id.at[0] = (uint8_t)n;
		OK(registry_begin(p->r));
		OK(registry_idem_put(p->r, &id, &i));
		OK(registry_commit(p->r));
		OK(registry_idem_find(reopen(p), &id, &found));
		assert_memory_equal(&found, &i, sizeof(i));
	}
	assert_int_equal(registry_idem_find(p->r, &other, &found),
	    ERR_NOT_FOUND);
}

static void
an_idempotency_key_is_taken_once(void **state)
{
	struct place *p = *state;
	struct handle id = handle(1), other = handle(2);
	struct registry_idem i = idem(5, 1), j = idem(6, 1);

	OK(registry_begin(p->r));
	OK(registry_idem_put(p->r, &id, &i));
	assert_int_equal(registry_idem_put(p->r, &id, &j), ERR_EXISTS);
	assert_int_equal(registry_idem_put(p->r, &other, &i), ERR_EXISTS);
	OK(registry_idem_put(p->r, &other, &j));
	OK(registry_commit(p->r));
}

static void
entries_are_kept_and_never_overwritten(void **state)
{
	struct place *p = *state;
	struct view entry;
	uint64_t count;

	OK(registry_entry_count(p->r, &count));
	assert_int_equal(count, 0);
	OK(registry_begin(p->r));
	OK(registry_entry_put(p->r, 0, view_text("zero")));
	OK(registry_entry_put(p->r, 1, view_text("")));
	assert_int_equal(registry_entry_put(p->r, 0, view_text("other")),
	    ERR_EXISTS);
	OK(registry_commit(p->r));
	OK(registry_entry_count(reopen(p), &count));
	assert_int_equal(count, 2);
	OK(registry_entry_get(p->r, 0, &entry));
	assert_true(view_is(entry, "zero"));
	OK(registry_entry_get(p->r, 1, &entry));
	assert_int_equal(entry.len, 0);
	assert_int_equal(registry_entry_get(p->r, 2, &entry), ERR_NOT_FOUND);
}

static void
small_facts_are_replaced(void **state)
{
	struct place *p = *state;
	AUTO_DONE(bytes) b = { 0 };

	assert_int_equal(registry_meta_get(p->r, "policy", &b), ERR_NOT_FOUND);
	OK(registry_begin(p->r));
	OK(registry_meta_put(p->r, "policy", view_text("one")));
	OK(registry_meta_put(p->r, "policy", view_text("two")));
	OK(registry_commit(p->r));
	OK(registry_meta_get(reopen(p), "policy", &b));
	assert_true(view_is(bytes_view(&b), "two"));
}

/* ---- time */

static void
only_what_time_made_useless_is_forgotten(void **state)
{
	struct place *p = *state;
	const int64_t now = 1000000;
	struct registry_nonce dead = { handle(1), now - 1 }, live = { handle(1),
	    now };
	struct registry_qr old = token(1, now - REGISTRY_QR_KEPT - 1),
	    kept = token(2, now - REGISTRY_QR_KEPT), found_qr;
	struct registry_idem gone = idem(1, 0), stays = idem(2, 0), found;
	struct handle gone_id = handle(1), stays_id = handle(2);
	bool used;

	gone.terms.issued_at = now - REGISTRY_IDEM_KEPT - 1;
	stays.terms.issued_at = now - REGISTRY_IDEM_KEPT;
	OK(registry_begin(p->r));
	OK(registry_nonce_use(p->r, &dead));
	OK(registry_nonce_use(p->r, &live));
	OK(registry_qr_mint(p->r, &old));
	OK(registry_qr_mint(p->r, &kept));
	OK(registry_idem_put(p->r, &gone_id, &gone));
	OK(registry_idem_put(p->r, &stays_id, &stays));
	OK(registry_forget(p->r, now, 10));
	OK(registry_commit(p->r));
	OK(registry_nonce_used(p->r, &dead, &used));
	assert_false(used);
	OK(registry_nonce_used(p->r, &live, &used));
	assert_true(used);
	assert_int_equal(registry_qr_find(p->r, &old.cti, &found_qr),
	    ERR_NOT_FOUND);
	OK(registry_qr_find(p->r, &kept.cti, &found_qr));
	assert_int_equal(registry_idem_find(p->r, &gone_id, &found),
	    ERR_NOT_FOUND);
	OK(registry_idem_find(p->r, &stays_id, &found));
}

static void
forgetting_takes_no_more_rows_than_it_was_given(void **state)
{
	struct place *p = *state;
	struct registry_nonce n[3] = { { handle(1), 10 }, { handle(2), 11 },
	    { handle(3), 12 } };
	bool used[3];

	OK(registry_begin(p->r));
	for (size_t i = 0; i < 3; i++)
		OK(registry_nonce_use(p->r, &n[i]));
	OK(registry_forget(p->r, 100, 2));
	for (size_t i = 0; i < 3; i++)
		OK(registry_nonce_used(p->r, &n[i], &used[i]));
	OK(registry_commit(p->r));
	assert_false(used[0] || used[1]);
	assert_true(used[2]);
}

/* ---- transactions */

static void
what_was_rolled_back_never_was(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device d = device(2), found;

	OK(registry_begin(p->r));
	OK(registry_device_reserve(p->r, &holder, resident, &d));
	registry_rollback(p->r);
	assert_int_equal(registry_device_find(p->r, &holder, resident, &found),
	    ERR_NOT_FOUND);
	OK(registry_begin(p->r));
	OK(registry_device_reserve(p->r, &holder, resident, &d));
	OK(registry_commit(p->r));
}

static void
one_request_is_undone_and_the_batch_goes_on(void **state)
{
	struct place *p = *state;
	struct registry_device d = device(2), found;
	struct handle first = handle(1), second = handle(2), third = handle(3);

	OK(registry_begin(p->r));
	OK(registry_mark(p->r));
	OK(registry_device_reserve(p->r, &first, resident, &d));
	OK(registry_mark(p->r));
	OK(registry_device_reserve(p->r, &second, resident, &d));
	OK(registry_undo(p->r));
	OK(registry_undo(p->r));
	OK(registry_mark(p->r));
	OK(registry_device_reserve(p->r, &third, resident, &d));
	OK(registry_commit(p->r));
	OK(registry_device_find(p->r, &first, resident, &found));
	assert_int_equal(registry_device_find(p->r, &second, resident, &found),
	    ERR_NOT_FOUND);
	OK(registry_device_find(p->r, &third, resident, &found));
	/* a mark is of its own batch only */
	OK(registry_begin(p->r));
	OK(registry_mark(p->r));
	OK(registry_commit(p->r));
}

/* A process that dies between begin and commit, or after commit. */
static void
killed(struct place *p, bool commit)
{
	struct handle holder = handle(1);
	struct registry_device d = device(2);
	pid_t child;
	int status;

	registry_close(STEAL(p->r));
	if ((child = fork()) == 0) {
		place_open(p);
		if (registry_begin(p->r) != ERR_OK ||
		    registry_device_reserve(p->r, &holder, resident, &d) !=
		    ERR_OK || (commit && registry_commit(p->r) != ERR_OK))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	place_open(p);
}

static void
a_kill_after_commit_loses_nothing(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device found;

	killed(p, true);
	OK(registry_device_find(p->r, &holder, resident, &found));
}

static void
a_kill_before_commit_leaves_nothing(void **state)
{
	struct place *p = *state;
	struct handle holder = handle(1);
	struct registry_device found;

	killed(p, false);
	assert_int_equal(registry_device_find(p->r, &holder, resident, &found),
	    ERR_NOT_FOUND);
}

#ifndef PLACE_ON_POSTGRES
/* ---- the file */

static void
a_second_process_cannot_open_it(void **state)
{
	struct place *p = *state;
	struct registry *r;
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit((int)registry_open(p->path, &r));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ERR_UNAVAILABLE);
}

static void
only_its_owner_may_read_it(void **state)
{
	struct place *p = *state;
	char wal[160];
	struct stat st;

	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(wal, sizeof(wal), "%s-wal", p->path);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
change_header(const struct place *p, long at, uint8_t value)
{
	FILE *f = fopen(p->path, "r+");

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_equal(fputc(value, f), value);
	assert_int_equal(fclose(f), 0);
}

static void
another_schema_version_is_refused(void **state)
{
	struct place *p = *state;

	registry_close(STEAL(p->r));
	/* the last byte of user_version */
	change_header(p, 63, REGISTRY_VERSION + 1);
	assert_int_equal(registry_open(p->path, &p->r), ERR_UNSUPPORTED);
	assert_non_null(strstr(err_why(), "older than its registry"));
	change_header(p, 63, 1);
	assert_int_equal(registry_open(p->path, &p->r), ERR_UNSUPPORTED);
	assert_non_null(strstr(err_why(), "okse registry migrate"));
}

static void
another_programs_database_is_refused(void **state)
{
	struct place *p = *state;

	registry_close(STEAL(p->r));
	change_header(p, 71, 0);	/* last byte of application_id */
	assert_int_equal(registry_open(p->path, &p->r), ERR_UNSUPPORTED);
}

static void
a_file_that_is_no_database_is_refused(void **state)
{
	struct place *p = *state;

	registry_close(STEAL(p->r));
	change_header(p, 0, 'X');
	assert_int_equal(registry_open(p->path, &p->r), ERR_CORRUPT);
}

static void
a_directory_that_is_not_there_is_named(void **state)
{
	struct registry *r;

	(void)state;
	assert_int_equal(registry_open("/nonexistent/registry.db", &r),
	    ERR_SYSTEM);
	assert_non_null(strstr(err_why(), "/nonexistent/registry.db"));
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_device_that_was_reserved_is_found_with_its_times),
		TEST(a_second_active_device_is_refused_by_the_index),
		TEST(another_programme_or_holder_has_a_device_of_its_own),
		TEST(a_replacement_retires_the_old_device_in_the_same_commit),
		TEST(replacing_a_device_that_is_not_active_is_a_conflict),
		TEST(a_refresh_is_of_the_active_device_and_keeps_its_expiry),
		TEST(a_suspended_device_is_still_the_one_device),
		TEST(the_newest_of_past_devices_is_remembered),
		TEST(no_expiry_stays_no_expiry),
		TEST(a_key_is_bound_to_one_holder_for_good),
		TEST(a_token_is_found_as_it_was_minted),
		TEST(a_token_is_redeemed_once),
		TEST(a_nonce_is_used_once),
		TEST(a_retry_finds_everything_that_was_kept),
		TEST(an_idempotency_key_is_taken_once),
		TEST(entries_are_kept_and_never_overwritten),
		TEST(small_facts_are_replaced),
		TEST(only_what_time_made_useless_is_forgotten),
		TEST(forgetting_takes_no_more_rows_than_it_was_given),
		TEST(what_was_rolled_back_never_was),
		TEST(one_request_is_undone_and_the_batch_goes_on),
		TEST(a_kill_after_commit_loses_nothing),
		TEST(a_kill_before_commit_leaves_nothing),
#ifndef PLACE_ON_POSTGRES
		TEST(a_second_process_cannot_open_it),
		TEST(only_its_owner_may_read_it),
		TEST(another_schema_version_is_refused),
		TEST(another_programs_database_is_refused),
		TEST(a_file_that_is_no_database_is_refused),
		cmocka_unit_test(a_directory_that_is_not_there_is_named),
#endif
	};

	return cmocka_run_group_tests(tests, places_open, places_close);
}
