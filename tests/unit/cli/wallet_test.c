/*
 * What the practice phone makes is what the service asks of any phone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/wallet.h"
#include "credential/proof.h"

static void
a_proof_is_accepted_and_says_what_was_asked(void **state)
{
	AUTO(EVP_PKEY) key = NULL;
	AUTO_DONE(bytes) jwt = { 0 }, storage = { 0 };
	struct device_proof proof;
	uint8_t point[P256_POINT_SIZE];

	(void)state;
	assert_int_equal(wallet_new(&key), ERR_OK);
	assert_int_equal(wallet_proof(key, "https://okse.example", "nonce",
	    1795392000, &jwt), ERR_OK);
	assert_int_equal(proof_check(bytes_view(&jwt), &storage, &proof),
	    ERR_OK);
	assert_true(view_is(proof.nonce, "nonce"));
	assert_true(view_is(proof.audience, "https://okse.example"));
	assert_int_equal(proof.issued_at, 1795392000);
	assert_int_equal(p256_point(key, point), ERR_OK);
	assert_memory_equal(proof.point, point, sizeof(point));
}

static void
a_key_file_is_made_once_for_its_owner_only(void **state)
{
	char dir[] = "/tmp/okse-wallet-XXXXXX", path[64];
	AUTO(EVP_PKEY) first = NULL;
	AUTO(EVP_PKEY) second = NULL;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/key.pem", dir);
	assert_int_equal(wallet_open(path, &first), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(wallet_open(path, &second), ERR_OK);
	assert_int_equal(EVP_PKEY_eq(first, second), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proof_is_accepted_and_says_what_was_asked),
		cmocka_unit_test(a_key_file_is_made_once_for_its_owner_only),
	};

	if (crypto_init() != ERR_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
