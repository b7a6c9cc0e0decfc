/*
 * Rehearsals on a token that fails, lies or dies: none is ever taken for a
 * complete ceremony, and no PIN is tried again. Each has its own process and
 * its own token.
 */
/* its fixtures are for a token that is there already */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "tests/unit/pkcs11/faulty.h"
#pragma GCC diagnostic pop

#include <sys/wait.h>

#include "ceremony/ceremony.h"
#include "quorum/quorum.h"

#define SCRIPT "configs/ceremony/rehearsal.yaml"
#define DIED ERR_COUNT

static char dir[PATH_MAX + 16];

static void
begin(void)
{
	char path[PATH_MAX];

	soft_make();
	snprintf(dir, sizeof(dir), "%s/instance", soft_dir);
	setenv("FAULTY_SCRIPT", soft_path("script", path), 1);
	setenv("FAULTY_TRACE", soft_path("trace", path), 1);
}

static enum err
rehearse(const char *faults)
{
	struct ceremony_options o = {
		.script = SCRIPT, .dir = dir, .module = module,
	};
	struct ceremony_result result;
	int status;
	pid_t pid;

	begin();
	script(faults);
	if ((pid = fork()) == 0)
		_exit((int)ceremony_hold(&o, &result));
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? (enum err)WEXITSTATUS(status) : DIED;
}

static enum err
verify(void)
{
	struct hash root;

	return ceremony_verify(dir, NULL, NULL, &root);
}

static void
without_faults_the_module_does_as_the_real_one(void **state)
{
	(void)state;
	assert_int_equal(rehearse(""), ERR_OK);
	assert_ok(verify());
	/* one for the security officer, one for the user */
	assert_int_equal(calls("C_Login"), 2);
	assert_int_equal(calls("C_GenerateKeyPair"), 7);
	soft_remove();
}

static void
a_failing_call_ends_the_ceremony(void **state)
{
	static const struct {
		const char	*faults;
		enum err	 wanted;
	} cases[] = {
		{ "C_Initialize 1 rv 0x5\n", ERR_TOKEN },
		{ "C_InitToken 1 rv 0x30\n", ERR_TOKEN },
		{ "C_InitPIN 1 rv 0x30\n", ERR_TOKEN },
		{ "C_Login 2 rv 0xa0\n", ERR_PIN },
		{ "C_GenerateKeyPair 1 rv 0x30\n", ERR_TOKEN },
		{ "C_GenerateKeyPair 4 rv 0x31\n", ERR_TOKEN },
		{ "C_Sign 1+ rv 0x30\n", ERR_TOKEN },
		{ "C_Sign 1+ lie\n", ERR_SIGNATURE },
		{ "C_GetAttributeValue 1+ lie\n", ERR_MISMATCH },
		/* what a key must refuse, and this token does not */
		{ "C_SetAttributeValue 1 rv 0x0\n", ERR_MISMATCH },
		{ "C_CopyObject 1 rv 0x0\n", ERR_MISMATCH },
		{ "C_WrapKey 1 rv 0x0\n", ERR_MISMATCH },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum err e = rehearse(cases[i].faults);

		if (e == ERR_OK || e == DIED)
			fail_msg("%s: %d", cases[i].faults, e);
		if (cases[i].wanted != ERR_MISMATCH)
			assert_int_equal(e, cases[i].wanted);
		assert_err(verify(), ERR_MISMATCH);
		assert_why("ABORT");
		soft_remove();
	}
}

static void
a_refused_pin_is_tried_once(void **state)
{
	(void)state;
	assert_int_equal(rehearse("C_Login 2 rv 0xa0\n"), ERR_PIN);
	assert_int_equal(calls("C_Login"), 2);
	soft_remove();
}

static void
a_module_that_dies_leaves_no_ceremony(void **state)
{
	static const char *const deaths[] = {
		"C_InitToken 1 crash\n", "C_GenerateKeyPair 1 crash\n",
		"C_GenerateKeyPair 4 crash\n", "C_Sign 1 crash\n",
		"C_Finalize 1 crash\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(deaths); i++) {
		assert_int_equal(rehearse(deaths[i]), DIED);
		assert_err(verify(), ERR_CORRUPT);
		soft_remove();
	}
}

/* What the officers hold is good before the token is touched. */
static void
after_a_failure_the_shares_still_open_the_secret(void **state)
{
	struct share shares[2] = { 0 };
	AUTO(secret) s = NULL;
	char path[PATH_MAX + 64];
	struct quorum q;

	(void)state;
	assert_int_equal(rehearse("C_InitToken 1 crash\n"), DIED);
	snprintf(path, sizeof(path), "%s/ceremony/quorum.txt", dir);
	assert_ok(quorum_read(path, &q));
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/officers/%u.share", dir,
		    i + 2);
		assert_ok(share_read(path, &shares[i]));
	}
	assert_ok(quorum_combine(&q, shares, 2, &s));
	share_done(&shares[0]);
	share_done(&shares[1]);
	soft_remove();
}

static int
prepare(void **state)
{
	(void)state;
	find_module();
	return crypto_init() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    without_faults_the_module_does_as_the_real_one),
		cmocka_unit_test(a_failing_call_ends_the_ceremony),
		cmocka_unit_test(a_refused_pin_is_tried_once),
		cmocka_unit_test(a_module_that_dies_leaves_no_ceremony),
		cmocka_unit_test(
		    after_a_failure_the_shares_still_open_the_secret),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
