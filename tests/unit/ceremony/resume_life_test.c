/*
 * As resume_test.c, for ceremonies that continue another: a second authority
 * with its link certificate, a further node's keys and their certificates, and
 * a change of officers. Each begins with copies of what one birth left. After
 * a death anywhere what comes of it verifies, and the token holds every planned
 * key exactly once and nothing else. RESUME_SWEEP=crash, or dead, tries every
 * call (make test-faults), of one script alone with RESUME_SCRIPT=NAME;
 * otherwise some.
 */
#include "tests/unit/ceremony/faults.h"

#include "pkcs11/register.h"

struct story {
	const char	*script;
	const char	*node;		/* the directory that brings keys */
	const char	*token;
	unsigned int	 calls;		/* at least so many can be died at */
};

static char born[PATH_MAX];		/* a birth, and what its token holds */
static char with_node[PATH_MAX];	/* the same, and a second node's */

static void
copy(const char *from)
{
	AUTO_DONE(bytes) command = { 0 };

	bytes_printf(&command, "cp -a %s/tokens %s/instance %s/", from, from,
	    soft_dir);
	assert_int_equal(system(bytes_text(&command)), 0);
	if (from != with_node)
		return;
	bytes_reset(&command);
	bytes_printf(&command, "cp -a %s/node %s/", from, soft_dir);
	assert_int_equal(system(bytes_text(&command)), 0);
}

static enum err
hold(act_fn *act, const struct story *s, const char *faults)
{
	char path[128], before[PATH_MAX + 16], node[PATH_MAX + 16];
	struct ceremony_options o = {
		.script = path, .dir = dir, .module = module,
		.previous = before, .node = s->node != NULL ? node : NULL,
	};

	snprintf(path, sizeof(path), "configs/ceremony/%s.yaml", s->script);
	snprintf(before, sizeof(before), "%s/instance", soft_dir);
	if (s->node != NULL)
		snprintf(node, sizeof(node), "%s/%s", soft_dir, s->node);
	return in_child(act, &o, faults);
}

/* By the shares of the ceremony's own directory, in a process of its own. */
static enum err
account(const char *label)
{
	struct token_uri uri = { .module_path = module };
	AUTO(secret) secret = open_secret(1, 3);
	AUTO(secret) pin = NULL;
	AUTO(token) t = NULL;
	struct key_register r;
	struct hash unused;
	char path[PATH_MAX + 64];
	size_t objects;

	snprintf(uri.wanted.label, sizeof(uri.wanted.label), "%s", label);
	snprintf(path, sizeof(path), "%s/ceremony/register.txt", dir);
	TRY(register_read(path, &r, &unused));
	TRY(derive_pin(secret, label, &pin));
	TRY(token_open(&uri, NULL, &t));
	TRY(token_login(t, pin));
	return token_account(t, &r, &objects);
}

static void
judge(const struct story *s, const char *faults)
{
	int status;
	pid_t pid;

	if (verify() != ERR_OK)
		fail_msg("%s, %s: %s", s->script, faults, err_why());
	script("");
	if ((pid = fork()) == 0)
		_exit((int)account(s->token));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s, %s: the token: %d", s->script, faults, status);
}

/* False when it came to its end before that call. */
static bool
die_and_go_on(const struct story *s, const char *faults)
{
	enum err e;

	begin();
	copy(s->node != NULL ? with_node : born);
	snprintf(dir, sizeof(dir), "%s/next", soft_dir);
	e = hold(ceremony_hold, s, faults);
	if (e != ERR_OK) {
		assert_int_equal(e, DIED);
		e = hold(ceremony_resume, s, "");
		if (e != ERR_OK)
			fail_msg("%s, %s: resume: %s", s->script, faults,
			    err_code(e));
		judge(s, faults);
		soft_remove();
		return true;
	}
	judge(s, "no fault");
	soft_remove();
	return false;
}

/* Calls before the first step are resume_test.c's. */
static void
sweep(const struct story *s, unsigned int step)
{
	const char *every = getenv("RESUME_SWEEP");
	const char *only = getenv("RESUME_SCRIPT");
	unsigned int tried = 0;
	bool hit = true;

	if (only != NULL && strcmp(only, s->script) != 0)
		return;
	for (unsigned int n = 5; hit; n += every != NULL ? 1 : step) {
		char faults[32];

		snprintf(faults, sizeof(faults), "* %u %s\n", n,
		    every != NULL ? every : n % 2 == 0 ? "crash" : "dead");
		hit = die_and_go_on(s, faults);
		tried += hit;
	}
	print_message("# %s: died at %u calls and went on\n", s->script,
	    tried);
	assert_true(tried >= (every != NULL ? s->calls : s->calls / step));
}

static void
a_death_beside_a_link_certificate_is_survived(void **state)
{
	const struct story s = {
		"authority-rollover", NULL, "okse-rehearsal", 900,
	};

	(void)state;
	sweep(&s, 293);
}

static void
a_death_while_a_further_node_gets_its_keys_is_survived(void **state)
{
	const struct story s = { "further-node", NULL, "okse-node2", 600 };

	(void)state;
	sweep(&s, 179);
}

static void
a_death_while_a_nodes_keys_are_certified_is_survived(void **state)
{
	const struct story s = {
		"node-certificates", "node", "okse-rehearsal", 700,
	};

	(void)state;
	sweep(&s, 239);
}

static void
a_death_while_officers_change_is_survived(void **state)
{
	const struct story s = {
		"officer-change", NULL, "okse-rehearsal", 900,
	};

	(void)state;
	sweep(&s, 293);
}

static int
make_all(void **state)
{
	const struct story node = { "further-node", NULL, "okse-node2", 0 };

	if (prepare(state) != 0)
		return -1;
	begin();
	assert_int_equal(birth(ceremony_hold, ""), ERR_OK);
	snprintf(born, sizeof(born), "%s", soft_dir);
	begin();
	copy(born);
	snprintf(dir, sizeof(dir), "%s/node", soft_dir);
	assert_int_equal(hold(ceremony_hold, &node, ""), ERR_OK);
	snprintf(with_node, sizeof(with_node), "%s", soft_dir);
	return 0;
}

static int
remove_all(void **state)
{
	(void)state;
	snprintf(soft_dir, sizeof(soft_dir), "%s", born);
	soft_remove();
	snprintf(soft_dir, sizeof(soft_dir), "%s", with_node);
	soft_remove();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_death_beside_a_link_certificate_is_survived),
		cmocka_unit_test(
		    a_death_while_a_further_node_gets_its_keys_is_survived),
		cmocka_unit_test(
		    a_death_while_a_nodes_keys_are_certified_is_survived),
		cmocka_unit_test(a_death_while_officers_change_is_survived),
	};

	return cmocka_run_group_tests(tests, make_all, remove_all);
}
