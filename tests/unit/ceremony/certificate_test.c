/*
 * Issuing: what is signed is what was linted, and nothing that the linter
 * refuses ever reaches the key.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <openssl/x509v3.h>

#include "ceremony/lint.h"
#include "issue.h"

static EVP_PKEY *root_key, *leaf_key;
static X509 *root;

static enum err
issue(const struct certificate_plan *plan, struct software *by, X509 **out)
{
	struct certificate_signer signer = { software_sign, by };
	bool is_root = plan->profile == PROFILE_IACA;

	return certificate_issue(plan, is_root ? root_key : leaf_key,
	    is_root ? NULL : root, &signer, out);
}

static void
every_profile_can_be_issued(void **state)
{
	(void)state;
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++) {
		struct certificate_plan plan = right_plan(k);
		struct software by = { .key = root_key };
		AUTO(X509) x = NULL;

		assert_int_equal(issue(&plan, &by, &x), ERR_OK);
		assert_int_equal(by.calls, 1);
		assert_int_equal(X509_verify(x, root_key), 1);
		assert_int_equal(certificate_check(&plan,
		    k == PROFILE_IACA ? root_key : leaf_key,
		    k == PROFILE_IACA ? NULL : root, x), ERR_OK);
	}
}

static void
no_serial_number_is_used_twice(void **state)
{
	struct certificate_plan plan = right_plan(PROFILE_QR_SIGNER);
	struct software by = { .key = root_key };
	AUTO(X509) a = NULL;
	AUTO(X509) b = NULL;

	(void)state;
	assert_int_equal(issue(&plan, &by, &a), ERR_OK);
	assert_int_equal(issue(&plan, &by, &b), ERR_OK);
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a),
	    X509_get0_serialNumber(b)), 0);
	assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(a)), 20);
}

static void
assert_never_signed(const struct certificate_plan *plan, const char *rule)
{
	struct software by = { .key = root_key };
	AUTO(X509) x = NULL;

	assert_int_equal(issue(plan, &by, &x), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), rule));
	assert_int_equal(by.calls, 0);
	assert_null(x);
}

static void
what_the_linter_refuses_never_reaches_the_key(void **state)
{
	struct certificate_plan plan = right_plan(PROFILE_DOCUMENT_SIGNER);

	(void)state;
	plan.not_after++;
	assert_never_signed(&plan, "signer-validity");
	plan = right_plan(PROFILE_DOCUMENT_SIGNER);
	plan.not_before = TEST_DAY - 1;
	plan.not_after = TEST_DAY + DAY;
	assert_never_signed(&plan, "within-issuer");
	plan = right_plan(PROFILE_DOCUMENT_SIGNER);
	plan.country = "JP";
	assert_never_signed(&plan, "country-of-issuer");
	plan = right_plan(PROFILE_DOCUMENT_SIGNER);
	plan.contact = "https://okse.example/other";
	assert_never_signed(&plan, "issuer-alt-name-copy");
	plan = right_plan(PROFILE_IACA);
	plan.not_after = TEST_DAY + 7305 * DAY;	/* 20 years, 1 second over */
	assert_never_signed(&plan, "root-validity");
	plan.country = "kr";
	assert_never_signed(&plan, "country");
}

static void
dates_from_2050_on_are_issued_too(void **state)
{
	struct certificate_plan plan = right_plan(PROFILE_IACA);
	struct software by = { .key = root_key };
	AUTO(X509) x = NULL;

	(void)state;
	plan.not_before = date_begins((struct date){ 2035, 1, 1 }, 0);
	plan.not_after = date_begins((struct date){ 2055, 1, 1 }, 0) - 1;
	assert_int_equal(issue(&plan, &by, &x), ERR_OK);
	assert_int_equal(ASN1_STRING_type(X509_get0_notAfter(x)),
	    V_ASN1_GENERALIZEDTIME);
}

static void
a_signer_with_another_key_is_found_out(void **state)
{
	struct certificate_plan plan = right_plan(PROFILE_DOCUMENT_SIGNER);
	struct software by = { .key = leaf_key };
	AUTO(X509) x = NULL;

	(void)state;
	assert_int_equal(issue(&plan, &by, &x), ERR_SIGNATURE);
	assert_null(x);
}

static void
a_signers_failure_is_handed_on(void **state)
{
	struct certificate_plan plan = right_plan(PROFILE_DOCUMENT_SIGNER);
	struct software by = { .key = root_key, .fails = ERR_TOKEN };
	AUTO(X509) x = NULL;

	(void)state;
	assert_int_equal(issue(&plan, &by, &x), ERR_TOKEN);
	assert_null(x);
}

static void
a_certificate_that_is_not_the_plans_is_found(void **state)
{
	struct certificate_plan right = right_plan(PROFILE_DOCUMENT_SIGNER);
	struct certificate_plan wrong[6];
	struct software by = { .key = root_key };
	AUTO(X509) x = NULL;

	(void)state;
	assert_int_equal(issue(&right, &by, &x), ERR_OK);
	for (size_t i = 0; i < COUNT(wrong); i++)
		wrong[i] = right;
	wrong[0].common_name = "Another";
	wrong[1].not_after--;
	wrong[2].not_before++;
	wrong[3].crl = "https://okse.example/crl/other.crl";
	wrong[4].organisation = NULL;
	wrong[5].state = "KR-11";
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(certificate_check(&wrong[i], leaf_key, root,
		    x), ERR_MISMATCH);
	assert_int_equal(certificate_check(&right, root_key, root, x),
	    ERR_MISMATCH);
	assert_int_equal(certificate_check(&right, leaf_key, root, x), ERR_OK);
}

static void
a_certificate_of_another_root_is_found(void **state)
{
	struct certificate_plan root_plan = right_plan(PROFILE_IACA);
	struct certificate_plan plan = right_plan(PROFILE_QR_SIGNER);
	AUTO(EVP_PKEY) other_key = EVP_EC_gen("P-256");
	struct software by = { .key = root_key }, other = { .key = other_key };
	struct certificate_signer signer = { software_sign, &other };
	AUTO(X509) other_root = NULL;
	AUTO(X509) x = NULL;

	(void)state;
	assert_int_equal(certificate_issue(&root_plan, other_key, NULL,
	    &signer, &other_root), ERR_OK);
	assert_int_equal(issue(&plan, &by, &x), ERR_OK);
	assert_int_equal(certificate_check(&plan, leaf_key, other_root, x),
	    ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "authority-key-id"));
}

static void
a_flipped_bit_of_the_signature_is_found(void **state)
{
	struct certificate_plan plan = right_plan(PROFILE_QR_SIGNER);
	struct software by = { .key = root_key };
	AUTO(X509) x = NULL;
	const ASN1_BIT_STRING *signature;
	uint8_t *at;

	(void)state;
	assert_int_equal(issue(&plan, &by, &x), ERR_OK);
	X509_get0_signature(&signature, NULL, x);
	at = (uint8_t *)(uintptr_t)ASN1_STRING_get0_data(signature);
	at[ASN1_STRING_length(signature) - 1] ^= 1;
	assert_int_equal(certificate_check(&plan, leaf_key, root, x),
	    ERR_SIGNATURE);
}

static int
prepare(void **state)
{
	struct certificate_plan plan = right_plan(PROFILE_IACA);
	struct software by;

	(void)state;
	if (crypto_init() != ERR_OK)
		return -1;
	root_key = EVP_EC_gen("P-256");
	leaf_key = EVP_EC_gen("P-256");
	by = (struct software){ .key = root_key };
	return issue(&plan, &by, &root) == ERR_OK ? 0 : -1;
}

static int
clean_up(void **state)
{
	(void)state;
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(leaf_key);
	X509_free(root);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_profile_can_be_issued),
		cmocka_unit_test(no_serial_number_is_used_twice),
		cmocka_unit_test(
		    what_the_linter_refuses_never_reaches_the_key),
		cmocka_unit_test(dates_from_2050_on_are_issued_too),
		cmocka_unit_test(a_signer_with_another_key_is_found_out),
		cmocka_unit_test(a_signers_failure_is_handed_on),
		cmocka_unit_test(a_certificate_that_is_not_the_plans_is_found),
		cmocka_unit_test(a_certificate_of_another_root_is_found),
		cmocka_unit_test(a_flipped_bit_of_the_signature_is_found),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
