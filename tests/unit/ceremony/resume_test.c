/*
 * A ceremony whose process dies before and after calls of the token, and goes
 * on: what comes of it verifies, and every planned key is there exactly once.
 * RESUME_SWEEP=crash, or dead, tries every call (make test-faults); otherwise
 * some.
 */
#include "tests/unit/ceremony/faults.h"

#include "base/file.h"

static void
log_path(char out[PATH_MAX + 64])
{
	snprintf(out, PATH_MAX + 64, "%s/ceremony/transcript.log", dir);
}

/* In a process of its own: a module is loaded once. */
static int
count_objects(void)
{
	struct token_uri uri = { .module_path = module };
	AUTO_DONE(token_inventory) found = { 0 };
	AUTO(secret) secret = open_secret(1, 3);
	AUTO(secret) pin = NULL;
	AUTO(token) t = NULL;

	snprintf(uri.wanted.label, sizeof(uri.wanted.label),
	    "okse-rehearsal");
	if (derive_pin(secret, "okse-rehearsal", &pin) != ERR_OK ||
	    token_open(&uri, NULL, &t) != ERR_OK ||
	    token_login(t, pin) != ERR_OK || token_list(t, &found) != ERR_OK)
		return 255;
	return (int)found.count;
}

static void
the_token_holds_what_was_planned(const char *faults)
{
	int status;
	pid_t pid;

	script("");
	if ((pid = fork()) == 0)
		_exit(count_objects());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 2 * KEYS)
		fail_msg("%s: %d objects in the token", faults, status >> 8);
}

static void
the_record_verifies(const char *faults)
{
	if (verify() != ERR_OK)
		fail_msg("%s: %s", faults, err_why());
}

/* False when the ceremony came to its end before that call. */
static bool
die_and_go_on(const char *faults)
{
	enum err e;

	begin();
	e = birth(ceremony_hold, faults);
	if (e == ERR_OK) {
		soft_remove();
		return false;
	}
	assert_int_equal(e, DIED);
	e = birth(ceremony_resume, "");
	if (e != ERR_OK)
		fail_msg("%s: resume: %d", faults, (int)e);
	the_record_verifies(faults);
	the_token_holds_what_was_planned(faults);
	soft_remove();
	return true;
}

static void
a_death_at_a_call_that_changes_the_token_is_survived(void **state)
{
	static const char *const faults[] = {
		"C_InitToken 1 crash\n", "C_InitToken 1 dead\n",
		"C_InitPIN 1 dead\n", "C_Login 2 dead\n",
		"C_GenerateRandom 2 dead\n", "C_SetPIN 1 crash\n",
		"C_SetPIN 1 dead\n", "C_SetPIN 2 dead\n",
		"C_GenerateKeyPair 1 crash\n", "C_GenerateKeyPair 1 dead\n",
		"C_GenerateKeyPair 7 dead\n", "C_Sign 1 dead\n",
		"C_Sign 15 crash\n", "C_Finalize 2 crash\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++)
		assert_true(die_and_go_on(faults[i]));
}

/* Both before a call is passed on and after it, or one of them at all. */
static void
a_death_at_every_call_is_survived(void **state)
{
	const char *sweep = getenv("RESUME_SWEEP");
	bool all = sweep != NULL;
	unsigned int tried = 0;
	bool hit = true;

	(void)state;
	for (unsigned int n = 1; hit; n += all ? 1 : 61) {
		char faults[32];

		snprintf(faults, sizeof(faults), "* %u %s\n", n, all ? sweep :
		    n % 2 == 0 ? "crash" : "dead");
		hit = die_and_go_on(faults);
		tried += hit;
	}
	print_message("# died at %u calls and went on\n", tried);
	assert_true(tried > (all ? 500 : 8));
}

/* Nothing was begun: the token is blank, and a new directory will do. */
static void
a_death_before_the_first_step_leaves_nothing(void **state)
{
	static const char *const faults[] = {
		"C_Initialize 1 crash\n", "C_GetSlotList 1 dead\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++)
		assert_true(die_and_go_on(faults[i]));
}

/* ---- a token of that label which is not the ceremony's */

/* Somebody makes one while nobody looks. */
static void
make_a_strangers_token(void)
{
	assert_int_equal(system("softhsm2-util --init-token --free --label "
	    "okse-rehearsal --so-pin strangers --pin strangers "
	    ">/dev/null 2>&1"), 0);
}

static void
no_pin_is_tried_on_it(const char *faults)
{
	assert_int_equal(birth(ceremony_resume, faults), ERR_EXISTS);
	assert_int_equal(calls("C_Login"), 0);
	assert_int_equal(calls("C_InitToken"), 0);
	assert_int_equal(calls("C_InitPIN"), 0);
}

/* The process died before it had looked which token is blank. */
static void
a_token_made_before_the_ceremony_looked_is_left_alone(void **state)
{
	(void)state;
	begin();
	assert_int_equal(birth(ceremony_hold, "C_GetSlotList 1 dead\n"),
	    DIED);
	make_a_strangers_token();
	no_pin_is_tried_on_it("");
	soft_remove();
}

/* A lie of the module stands in for hardware: the blank one had a serial. */
static void
a_token_with_another_serial_than_the_blank_one_is_left_alone(void **state)
{
	(void)state;
	begin();
	assert_int_equal(birth(ceremony_hold, "C_GetTokenInfo 1+ lie\n"
	    "C_InitToken 1 crash\n"), DIED);
	make_a_strangers_token();
	no_pin_is_tried_on_it("C_GetTokenInfo 1+ lie\n");
	soft_remove();
}

/* ---- while the officers change */

static char before[PATH_MAX + 16];

static enum err
change_officers(act_fn *act, const char *faults)
{
	struct ceremony_options o = {
		.script = "configs/ceremony/officer-change.yaml",
		.dir = dir, .module = module, .previous = before,
	};

	return in_child(act, &o, faults);
}

static void
a_death_while_pins_change_locks_nobody_out(void **state)
{
	static const char *const faults[] = {
		"C_SetPIN 1 crash\n", "C_SetPIN 1 dead\n",
		"C_SetPIN 2 crash\n", "C_SetPIN 2 dead\n",
		"C_Login 3 dead\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		begin();
		snprintf(before, sizeof(before), "%s", dir);
		assert_int_equal(birth(ceremony_hold, ""), ERR_OK);
		snprintf(dir, sizeof(dir), "%s/changed", soft_dir);
		assert_int_equal(change_officers(ceremony_hold, faults[i]),
		    DIED);
		assert_int_equal(change_officers(ceremony_resume, ""),
		    ERR_OK);
		the_record_verifies(faults[i]);
		/* by the new officers' shares */
		the_token_holds_what_was_planned(faults[i]);
		soft_remove();
	}
}

/* ---- while keys are backed up */

static enum err
back_up(act_fn *act, const char *name, const char *previous,
    const char *faults)
{
	char path[64];
	struct ceremony_options o = {
		.script = path, .dir = dir, .module = module,
		.previous = previous,
	};

	snprintf(path, sizeof(path), "configs/ceremony/%s.yaml", name);
	return in_child(act, &o, faults);
}

/* False when it came to its end before that call. */
static bool
back_up_and_die(const char *faults)
{
	begin();
	if (back_up(ceremony_hold, "backup", NULL, faults) == ERR_OK) {
		soft_remove();
		return false;
	}
	if (back_up(ceremony_resume, "backup", NULL, "") != ERR_OK)
		fail_msg("%s: resume", faults);
	the_record_verifies(faults);
	the_token_holds_what_was_planned(faults);
	soft_remove();
	return true;
}

/* What would be wrapped twice, left half, or open for ever. */
static void
a_death_while_keys_are_backed_up_is_survived(void **state)
{
	static const char *const faults[] = {
		"C_WrapKey 1 crash\n", "C_WrapKey 3 dead\n",
		"C_InitToken 2 dead\n", "C_UnwrapKey 1 dead\n",
		"C_UnwrapKey 2 crash\n", "C_CopyObject 1 dead\n",
		"C_DestroyObject 1 crash\n",
		/* sealing: after three copies were restored and hardened */
		"C_CopyObject 8 dead\n", "C_CopyObject 9 crash\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++)
		if (!back_up_and_die(faults[i]))
			fail_msg("%s: did not die", faults[i]);
}

static void
a_death_at_every_call_of_a_birth_with_a_backup_is_survived(void **state)
{
	const char *sweep = getenv("RESUME_SWEEP");
	unsigned int tried = 0;
	bool hit = true;

	(void)state;
	for (unsigned int n = 5; hit; n += sweep != NULL ? 1 : 241) {
		char faults[32];

		snprintf(faults, sizeof(faults), "* %u %s\n", n,
		    sweep != NULL ? sweep : n % 2 == 0 ? "crash" : "dead");
		hit = back_up_and_die(faults);
		tried += hit;
	}
	print_message("# died at %u calls and went on\n", tried);
	assert_true(tried > (sweep != NULL ? 1000 : 5));
}

static void
a_death_while_keys_are_restored_is_survived(void **state)
{
	static const struct {
		const char	*name, *faults;
	} cases[] = {
		{ "restore", "C_InitToken 1 dead\n" },
		{ "restore", "C_UnwrapKey 2 dead\n" },
		{ "restore", "C_CopyObject 1 crash\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		begin();
		snprintf(before, sizeof(before), "%s", dir);
		assert_int_equal(back_up(ceremony_hold, "backup", NULL, ""),
		    ERR_OK);
		snprintf(dir, sizeof(dir), "%s/next", soft_dir);
		if (back_up(ceremony_hold, cases[i].name, before,
		    cases[i].faults) != DIED)
			fail_msg("%s: did not die", cases[i].faults);
		if (back_up(ceremony_resume, cases[i].name, before, "") !=
		    ERR_OK)
			fail_msg("%s: resume", cases[i].faults);
		the_record_verifies(cases[i].faults);
		soft_remove();
	}
}

/* ---- while a key is destroyed */

static enum err
destroy(act_fn *act, const char *faults)
{
	struct ceremony_options o = {
		.script = "configs/ceremony/destroy.yaml",
		.dir = dir, .module = module, .previous = before,
	};

	return in_child(act, &o, faults);
}

static void
begin_destroying(void)
{
	begin();
	snprintf(before, sizeof(before), "%s", dir);
	assert_int_equal(birth(ceremony_hold, ""), ERR_OK);
	snprintf(dir, sizeof(dir), "%s/gone", soft_dir);
}

/* The call that destroys the first half: others destroy what probes made. */
static int
first_half(void)
{
	int n;

	begin_destroying();
	assert_int_equal(destroy(ceremony_hold, ""), ERR_OK);
	n = calls("C_DestroyObject") - 1;
	soft_remove();
	return n;
}

static void
a_death_while_a_key_is_destroyed_is_survived(void **state)
{
	static const struct {
		int		 half;
		const char	*action;
	} cases[] = { { 0, "crash" }, { 0, "dead" }, { 1, "dead" } };
	int first = first_half();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char faults[60];

		snprintf(faults, sizeof(faults), "C_DestroyObject %d %s\n",
		    first + cases[i].half, cases[i].action);
		begin_destroying();
		assert_int_equal(destroy(ceremony_hold, faults), DIED);
		assert_int_equal(destroy(ceremony_resume, ""), ERR_OK);
		the_record_verifies(faults);
		soft_remove();
	}
}

/* The token says that it has, and has not. */
static void
a_key_that_is_still_there_is_not_destroyed(void **state)
{
	int first = first_half();

	(void)state;
	for (int half = 0; half < 2; half++) {
		char faults[60];
		enum err e;

		snprintf(faults, sizeof(faults), "C_DestroyObject %d rv 0x0\n",
		    first + half);
		begin_destroying();
		e = destroy(ceremony_hold, faults);
		if (e == ERR_OK || e == DIED)
			fail_msg("%s: %d", faults, (int)e);
		assert_err(verify(), ERR_MISMATCH);
		assert_why("ABORT");
		soft_remove();
	}
}

/* Half a record at the end, as a power cut leaves it. */
static void
a_torn_record_is_cut_off_and_told(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	char path[PATH_MAX + 64];

	(void)state;
	begin();
	assert_int_equal(birth(ceremony_hold,
	    "C_GenerateKeyPair 2 crash\n"), DIED);
	log_path(path);
	assert_ok(file_read(path, 1 << 20, &text));
	bytes_put_text(&text, "99|2026-11-23T12:00:00Z|77|KEYGEN|6.gen");
	assert_ok(file_replace(path, bytes_view(&text), 0644));
	assert_int_equal(birth(ceremony_resume, ""), ERR_OK);
	the_record_verifies("torn");
	bytes_reset(&text);
	assert_ok(file_read(path, 1 << 20, &text));
	assert_non_null(strstr(bytes_text(&text), "|TORN|"));
	soft_remove();
}

/* Damage before the end is no torn tail. */
static void
a_damaged_record_ends_it(void **state)
{
	AUTO_DONE(bytes) text = { 0 };
	char path[PATH_MAX + 64];

	(void)state;
	begin();
	assert_int_equal(birth(ceremony_hold,
	    "C_GenerateKeyPair 2 crash\n"), DIED);
	log_path(path);
	assert_ok(file_read(path, 1 << 20, &text));
	text.at[text.len - 3] ^= 1;
	assert_ok(file_replace(path, bytes_view(&text), 0644));
	assert_int_equal(birth(ceremony_resume, ""), ERR_CORRUPT);
	soft_remove();
}

static void
what_has_ended_does_not_go_on(void **state)
{
	(void)state;
	begin();
	assert_int_equal(birth(ceremony_hold, ""), ERR_OK);
	assert_int_equal(birth(ceremony_resume, ""), ERR_EXISTS);
	soft_remove();
	begin();
	assert_int_equal(birth(ceremony_hold, "C_Sign 1+ rv 0x30\n"),
	    ERR_TOKEN);
	assert_int_equal(birth(ceremony_resume, ""), ERR_EXISTS);
	soft_remove();
}

/* SoftHSM makes the public half first: a power cut may leave it alone. */
static void
half_a_key_pair_is_destroyed_and_made_anew(void **state)
{
	AUTO_DONE(bytes) command = { 0 };
	char path[PATH_MAX];

	(void)state;
	begin();
	assert_int_equal(birth(ceremony_hold,
	    "C_GenerateKeyPair 1 dead\n"), DIED);
	/* the newest object file is the private half */
	bytes_printf(&command, "cd %s && rm \"$(ls -t */*.object | head -1)\"",
	    soft_path("tokens", path));
	assert_int_equal(system(bytes_text(&command)), 0);
	assert_int_equal(birth(ceremony_resume, ""), ERR_OK);
	the_record_verifies("half");
	the_token_holds_what_was_planned("half");
	soft_remove();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_death_at_a_call_that_changes_the_token_is_survived),
		cmocka_unit_test(a_death_at_every_call_is_survived),
		cmocka_unit_test(a_death_before_the_first_step_leaves_nothing),
		cmocka_unit_test(
		    a_token_made_before_the_ceremony_looked_is_left_alone),
		cmocka_unit_test(
	    a_token_with_another_serial_than_the_blank_one_is_left_alone),
		cmocka_unit_test(a_death_while_pins_change_locks_nobody_out),
		cmocka_unit_test(a_death_while_keys_are_backed_up_is_survived),
		cmocka_unit_test(
	    a_death_at_every_call_of_a_birth_with_a_backup_is_survived),
		cmocka_unit_test(a_death_while_keys_are_restored_is_survived),
		cmocka_unit_test(a_death_while_a_key_is_destroyed_is_survived),
		cmocka_unit_test(a_key_that_is_still_there_is_not_destroyed),
		cmocka_unit_test(a_torn_record_is_cut_off_and_told),
		cmocka_unit_test(a_damaged_record_ends_it),
		cmocka_unit_test(what_has_ended_does_not_go_on),
		cmocka_unit_test(half_a_key_pair_is_destroyed_and_made_anew),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
