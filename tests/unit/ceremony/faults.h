/*
 * Rehearsals behind tests/module/faulty.c, each in a process and with a token
 * of its own; what they leave, and what the token then holds.
 */
#ifndef OKSE_TESTS_UNIT_CEREMONY_FAULTS_H
#define OKSE_TESTS_UNIT_CEREMONY_FAULTS_H

/* its fixtures are for a token that is there already */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "tests/unit/pkcs11/faulty.h"
#pragma GCC diagnostic pop

#include <sys/wait.h>

#include "ceremony/ceremony.h"
#include "quorum/derive.h"
#include "quorum/quorum.h"

#define SCRIPT "configs/ceremony/rehearsal.yaml"
#define KEYS 7			/* of that script */
#define DIED ERR_COUNT		/* instead of returning anything */

static char dir[PATH_MAX + 16];

/*
 * Processes die here, disks do not: memory holds the files, for there are
 * hundreds of ceremonies, and each is synced many times.
 */
static void
begin(void)
{
	char path[PATH_MAX];

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	soft_make();
	snprintf(dir, sizeof(dir), "%s/instance", soft_dir);
	setenv("FAULTY_SCRIPT", soft_path("script", path), 1);
	setenv("FAULTY_TRACE", soft_path("trace", path), 1);
}

typedef enum err act_fn(const struct ceremony_options *o,
    struct ceremony_result *out);

static enum err
in_child(act_fn *act, const struct ceremony_options *o, const char *faults)
{
	struct ceremony_result result;
	int status;
	pid_t pid;

	script(faults);
	if ((pid = fork()) == 0)
		_exit((int)act(o, &result));
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? (enum err)WEXITSTATUS(status) : DIED;
}

/* The birth, from its beginning or from where it died. */
static enum err
birth(act_fn *act, const char *faults)
{
	struct ceremony_options o = {
		.script = SCRIPT, .dir = dir, .module = module,
	};

	return in_child(act, &o, faults);
}

__attribute__((unused)) static enum err
verify(void)
{
	struct hash root;

	return ceremony_verify(dir, NULL, NULL, &root);
}

/* The secret, as two officers have it. */
static struct secret *
open_secret(unsigned int first, unsigned int second)
{
	const unsigned int seats[] = { first, second };
	struct share shares[2] = { 0 };
	struct secret *s = NULL;
	char path[PATH_MAX + 64];
	struct quorum q;

	snprintf(path, sizeof(path), "%s/ceremony/quorum.txt", dir);
	assert_ok(quorum_read(path, &q));
	for (size_t i = 0; i < COUNT(seats); i++) {
		snprintf(path, sizeof(path), "%s/officers/%u.share", dir,
		    seats[i]);
		assert_ok(share_read(path, &shares[i]));
	}
	assert_ok(quorum_combine(&q, shares, 2, &s));
	share_done(&shares[0]);
	share_done(&shares[1]);
	return s;
}

static int
prepare(void **state)
{
	(void)state;
	find_module();
	return crypto_init() == ERR_OK ? 0 : -1;
}

#endif
