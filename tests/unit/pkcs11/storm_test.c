/*
 * Many processes opening one token at once, which SoftHSM does not bear: with
 * the classes of errors as only guide each must end up signing, none may take
 * a race for a wrong PIN. The parent never loads the module.
 */
#include "tests/unit/pkcs11/softtoken.h"

#include <sys/wait.h>

#include <openssl/pem.h>

#define PROCESSES 8
#define ROUNDS 5
#define TRIES 200

/* One start from nothing; what may be retried is said by the errors alone. */
static enum err
start_and_sign(EVP_PKEY *public_key)
{
	AUTO(token_uri) uri = soft_uri(SOFTHSM);
	AUTO(secret) pin = soft_secret(USER_PIN);
	AUTO(token) t = NULL;
	AUTO(key) k = NULL;

	TRY(token_open(uri, NULL, &t));
	TRY(token_login(t, pin));
	TRY(soft_find(t, "p256", public_key, &k));
	return key_canary(k);
}

static bool
try_again(enum err e)
{
	return e == ERR_UNAVAILABLE || e == ERR_NOT_FOUND ||
	    (e == ERR_TOKEN && (token_last_class() == TOKEN_DEVICE ||
	    token_last_class() == TOKEN_HANDLE));
}

static int
worker(EVP_PKEY *public_key)
{
	for (int i = 0; i < TRIES; i++) {
		enum err e = start_and_sign(public_key);

		if (e == ERR_OK)
			return 0;
		if (!try_again(e)) {
			print_error("%s: %s\n", err_code(e), err_why());
			return 1;
		}
		usleep((useconds_t)(random() % 20000));
	}
	print_error("gave up: %s\n", err_why());
	return 1;
}

/* Runs in a child, so that the parent stays without the module. */
static void
make_key(const char *path)
{
	AUTO(BIO) out = BIO_new_file(path, "w");
	AUTO(EVP_PKEY) public_key = NULL;
	AUTO(token) t = NULL;

	soft_initialise(SOFTHSM);
	t = soft_login(SOFTHSM);
	public_key = soft_generate(t, KEY_P256, "p256");
	assert_int_equal(PEM_write_bio_PUBKEY(out, public_key), 1);
}

static int
wait_for(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
a_storm_of_starts_ends_with_everybody_signing(void **state)
{
	AUTO(EVP_PKEY) public_key = NULL;
	char path[PATH_MAX];
	pid_t pids[PROCESSES];

	(void)state;
	soft_make();
	soft_path("public.pem", path);
	if ((pids[0] = fork()) == 0) {
		make_key(path);
		_exit(0);
	}
	assert_int_equal(wait_for(pids[0]), 0);
	assert_ok(pem_read_public(path, &public_key));
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < PROCESSES; i++) {
			if ((pids[i] = fork()) == 0) {
				srandom((unsigned int)getpid());
				_exit(worker(public_key));
			}
		}
		for (int i = 0; i < PROCESSES; i++)
			assert_int_equal(wait_for(pids[i]), 0);
	}
	soft_remove();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_storm_of_starts_ends_with_everybody_signing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
