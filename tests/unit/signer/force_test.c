/*
 * Which policy is in force: what brings one there, what keeps it there, and
 * what a candidate in its shadow shows.
 */
#include "tests/unit/signer/notary.h"

#include <fcntl.h>

#include "policy/yaml.h"
#include "signer/notary/registry_sql.h"
#include "signer/notary/sqlite.h"

/* Made once: the same bundle made twice is the same. */
static struct bundle_plan plan;

/*
 * The reference without its own cases as policy/serial, `from` in
 * resident-id.yaml replaced by `to`, signed by these seats.
 */
static void
place(struct world *w, int64_t serial, const char *from, const char *to,
    const unsigned int *seats)
{
	AUTO_DONE(bytes) text = { 0 }, changed = { 0 }, command = { 0 };
	char dir[PATH_MAX];
	const char *at;

	MUST(bundle_path(w->policy, serial, dir));
	bytes_printf(&command, "rm -rf '%s' && mkdir '%s' && cp "
	    "configs/policy/*.yaml '%s' && rm '%s'/*_test.yaml", dir, dir,
	    dir, dir);
	assert_int_equal(system(bytes_text(&command)), 0);
	bundle_head(dir, serial);
	MUST(file_read("configs/policy/resident-id.yaml", YAML_FILE_SIZE,
	    &text));
	at = strstr(bytes_text(&text), from);
	assert_non_null(at);
	bytes_put(&changed, VIEW(text.at, (size_t)(at - (char *)text.at)));
	bytes_put_text(&changed, to);
	bytes_put_text(&changed, at + strlen(from));
	bundle_write(dir, "resident-id.yaml", bytes_view(&changed));
	bundle_seal(dir, &w->officers, &plan, seats);
}

#define SAME "at-least: 17", "at-least: 17"

static enum err
change(struct world *w, enum admin_verb verb, int64_t serial)
{
	bool broken = true;
	enum err e = force_change(w->n, verb, serial, &broken);

	assert_false(broken);
	return e;
}

static enum err
activate(struct world *w, int64_t serial)
{
	return change(w, ADMIN_POLICY_ACTIVATE, serial);
}

static int64_t
in_force(const struct world *w)
{
	assert_ptr_equal(w->n->policy, bundle_policy(w->n->force.bundle));
	return policy_serial(w->n->policy);
}

static void
bundles_of_two_officers_follow_each_other(void **state)
{
	struct world *w = *state;

	place(w, 2, SAME, SEATS(1, 3));
	place(w, 7, SAME, SEATS(2, 3));
	assert_int_equal(in_force(w), 1);
	OK(activate(w, 2));
	assert_int_equal(in_force(w), 2);
	OK(activate(w, 7));
	assert_int_equal(in_force(w), 7);
	assert_true(world_logged(w, 1, "\"serial\":7"));
	assert_true(world_logged(w, 1, "\"seats\":[2,3]"));
	assert_true(world_logged(w, 1, "\"replaces\":"));
}

static void
a_failure_leaves_the_old_in_force_and_shows(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) told = { 0 }, metrics = { 0 };
	uint64_t entries = journal_durable(w->n->journal);

	place(w, 2, SAME, SEATS(1));
	assert_int_equal(activate(w, 2), ERR_FORBIDDEN);
	assert_int_equal(in_force(w), 1);
	assert_int_equal(journal_durable(w->n->journal), entries);
	OK(force_put(w->n, &told));
	assert_non_null(strstr(bytes_text(&told), "\"ok\":false"));
	assert_non_null(strstr(bytes_text(&told), "1 of the 2 officers"));
	force_metrics(w->n, &metrics);
	assert_non_null(strstr(bytes_text(&metrics),
	    "okse_policy_last_reload_success 0\n"));
	OK(activate(w, 1));
	assert_false(w->n->force.failed);
	/* what was in force already is no news */
	assert_int_equal(journal_durable(w->n->journal), entries);
}

static void
nothing_older_comes_back_after_a_start(void **state)
{
	struct world *w = *state;

	place(w, 2, SAME, SEATS(1, 2));
	OK(activate(w, 2));
	place(w, 3, SAME, SEATS(1, 2));
	world_reopen(w);
	/* nor does a start bring anything newer */
	assert_int_equal(in_force(w), 2);
	assert_int_equal(activate(w, 1), ERR_EXISTS);
	place(w, 2, "at-least: 17", "at-least: 18", SEATS(1, 2));
	assert_int_equal(activate(w, 2), ERR_MISMATCH);
	world_close(w);
	assert_int_equal(world_try_open(w), ERR_MISMATCH);
	place(w, 2, SAME, SEATS(1, 2));
	world_open(w);
}

static void
a_bundle_that_is_gone_stops_the_start(void **state)
{
	struct world *w = *state;
	char command[PATH_MAX + 16];

	world_close(w);
	snprintf(command, sizeof(command), "mv '%s'/1 '%s'/9", w->policy,
	    w->policy);
	assert_int_equal(system(command), 0);
	assert_int_equal(world_try_open(w), ERR_NOT_FOUND);
	snprintf(command, sizeof(command), "mv '%s'/9 '%s'/1", w->policy,
	    w->policy);
	assert_int_equal(system(command), 0);
	world_open(w);
}

static void
a_damaged_memory_stops_the_start(void **state)
{
	struct world *w = *state;

	OK(registry_begin(w->n->registry));
	OK(registry_meta_put(w->n->registry, "policy", view_text("?")));
	OK(registry_commit(w->n->registry));
	world_close(w);
	assert_int_equal(world_try_open(w), ERR_CORRUPT);
}

static void
limit_pages(struct world *w, const char *pragma)
{
	sqlite3 *db = sqlite_connection(w->n->registry->engine);

	assert_int_equal(sqlite3_exec(db, pragma, NULL, NULL, NULL),
	    SQLITE_OK);
}

static void
a_full_disk_leaves_the_old_in_force(void **state)
{
	struct world *w = *state;

	place(w, 2, SAME, SEATS(1, 2));
	limit_pages(w, "PRAGMA max_page_count = 1");
	do {	/* until not even a heartbeat fits */
		w->n->chores.heartbeat = true;
		OK(batch_run(w->n, &w->queue, w->now, &w->batch));
		if (w->batch.durable)
			chores_clear(&w->n->chores);
	} while (w->batch.durable);
	assert_int_equal(activate(w, 2), ERR_FULL);
	assert_int_equal(in_force(w), 1);
	limit_pages(w, "PRAGMA max_page_count = 1000000");
	OK(activate(w, 2));
	world_reopen(w);
	assert_int_equal(in_force(w), 2);
}

static void
an_expired_policy_decides_nothing(void **state)
{
	struct world *w = *state;
	int64_t expires = bundle_manifest(w->n->force.bundle)->expires;
	struct person p;

	w->now = expires - 1;
	person_init(&p, 1, OPERATION_QR_TOKEN);
	p.asked.dry_run = true;
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	w->now = expires;
	assert_int_equal(served_err(world_ask(w, &p.asked)),
	    ERR_UNAVAILABLE);
	p.asked.dry_run = false;
	assert_int_equal(served_err(world_ask(w, &p.asked)),
	    ERR_UNAVAILABLE);
	w->now = -1;
	assert_int_equal(served_err(world_ask(w, &p.asked)),
	    ERR_UNAVAILABLE);
}

/* ---- the shadow */

static const struct shadow *
shadow_of_one_visit(struct world *w)
{
	static uint64_t visits;
	struct person p;

	person_init(&p, 1 + visits++, OPERATION_QR_TOKEN);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	return &w->n->force.shadow;
}

static uint64_t
differs(const struct shadow *s, const char *id)
{
	for (size_t i = 0; i < s->rules.count; i++)
		if (strcmp(s->rules.at[i].id, id) == 0)
			return s->rules.at[i].count;
	return 0;
}

static void
a_stricter_candidate_is_counted_by_rule(void **state)
{
	struct world *w = *state;
	const struct shadow *s;

	place(w, 2, "at-least: 17", "at-least: 99", SEATS(1, 2));
	OK(change(w, ADMIN_POLICY_SHADOW, 2));
	assert_int_equal(in_force(w), 1);
	s = shadow_of_one_visit(w);
	assert_int_equal(s->decisions, 1);
	assert_int_equal(s->newly_refused, 1);
	assert_int_equal(s->newly_allowed, 0);
	assert_int_equal(differs(s, "holder-age"), 1);
	assert_int_equal(s->rules.count, 1);
}

/* A rule that is only watched refuses nobody, in either policy. */
static void
a_monitored_rule_makes_no_difference(void **state)
{
	struct world *w = *state;
	const struct shadow *s;

	place(w, 2, "at-least: 17", "at-least: 99\n    mode: monitor",
	    SEATS(1, 2));
	OK(change(w, ADMIN_POLICY_SHADOW, 2));
	s = shadow_of_one_visit(w);
	assert_int_equal(s->decisions, 1);
	assert_int_equal(s->newly_refused, 0);
	assert_int_equal(s->rules.count, 0);
	/* and enforcing it is the difference */
	OK(activate(w, 2));
	place(w, 3, "at-least: 17", "at-least: 99", SEATS(1, 2));
	OK(change(w, ADMIN_POLICY_SHADOW, 3));
	s = shadow_of_one_visit(w);
	assert_int_equal(s->newly_refused, 1);
	assert_int_equal(differs(s, "holder-age"), 1);
}

/* One policy has a rule of another name for the same. */
static void
rules_that_one_policy_lacks_are_counted_too(void **state)
{
	struct world *w = *state;
	const struct shadow *s;

	place(w, 2, "  holder-age:\n    kind: age\n"
	    "    operations: [qr-token, credential]\n    at-least: 17",
	    "  elder-age:\n    kind: age\n    at-least: 99", SEATS(1, 2));
	OK(change(w, ADMIN_POLICY_SHADOW, 2));
	s = shadow_of_one_visit(w);
	assert_int_equal(differs(s, "elder-age"), 1);
	assert_int_equal(s->rules.count, 1);
}

static void
a_shadow_lasts_until_it_is_lifted_or_in_force(void **state)
{
	struct world *w = *state;

	place(w, 2, SAME, SEATS(1, 2));
	place(w, 3, SAME, SEATS(1, 2));
	OK(change(w, ADMIN_POLICY_SHADOW, 3));
	OK(activate(w, 2));
	assert_non_null(w->n->force.candidate);
	world_reopen(w);
	assert_non_null(w->n->force.candidate);
	OK(activate(w, 3));
	assert_null(w->n->force.candidate);
	world_reopen(w);
	assert_null(w->n->force.candidate);
	place(w, 4, SAME, SEATS(1, 2));
	OK(change(w, ADMIN_POLICY_SHADOW, 4));
	OK(change(w, ADMIN_POLICY_SHADOW, 0));
	world_reopen(w);
	assert_null(w->n->force.candidate);
}

static void
a_shadow_is_verified_as_what_is_in_force(void **state)
{
	struct world *w = *state;

	place(w, 2, SAME, SEATS(3));
	assert_int_equal(change(w, ADMIN_POLICY_SHADOW, 2), ERR_FORBIDDEN);
	assert_int_equal(change(w, ADMIN_POLICY_SHADOW, 1), ERR_EXISTS);
	assert_int_equal(change(w, ADMIN_POLICY_SHADOW, 5), ERR_NOT_FOUND);
	assert_null(w->n->force.candidate);
	/* which is no change of what is in force */
	assert_false(w->n->force.failed);
}

/* What the journal gets, on standard error. */
static void
told(struct world *w, struct bytes *out)
{
	char path[] = "/tmp/okse-told-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC), kept = dup(STDERR_FILENO);

	assert_true(fd != -1 && kept != -1);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	force_tell_shadow(w->n);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	OK(file_read(path, 65536, out));
	assert_int_equal(close(fd) | close(kept) | unlink(path), 0);
}

static void
the_journal_has_numbers_and_no_person(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) first = { 0 }, again = { 0 };
	struct person p;

	place(w, 2, "at-least: 17", "at-least: 99", SEATS(1, 2));
	OK(change(w, ADMIN_POLICY_SHADOW, 2));
	person_init(&p, 900, OPERATION_QR_TOKEN);
	assert_int_equal(served_err(world_ask(w, &p.asked)), ERR_OK);
	told(w, &first);
	assert_non_null(strstr(bytes_text(&first), "shadow policy 2: 1 "
	    "decisions, 1 newly refused, 0 newly allowed; rules that "
	    "differ: holder-age 1"));
	assert_null(strstr(bytes_text(&first), p.number));
	/* no news, no line */
	told(w, &again);
	assert_int_equal(again.len, 0);
}

#define EACH(name)                                                            \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(bundles_of_two_officers_follow_each_other),
		EACH(a_failure_leaves_the_old_in_force_and_shows),
		EACH(nothing_older_comes_back_after_a_start),
		EACH(a_bundle_that_is_gone_stops_the_start),
		EACH(a_damaged_memory_stops_the_start),
		EACH(a_full_disk_leaves_the_old_in_force),
		EACH(an_expired_policy_decides_nothing),
		EACH(a_stricter_candidate_is_counted_by_rule),
		EACH(a_monitored_rule_makes_no_difference),
		EACH(rules_that_one_policy_lacks_are_counted_too),
		EACH(a_shadow_lasts_until_it_is_lifted_or_in_force),
		EACH(a_shadow_is_verified_as_what_is_in_force),
		EACH(the_journal_has_numbers_and_no_person),
	};

	plan.expires = time_now() + 400 * DAY;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
