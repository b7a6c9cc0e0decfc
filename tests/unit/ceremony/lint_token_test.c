/*
 * Whatever is wrong with a certificate that is about to be signed is found
 * before the token hears of it: the authority's key is in a token behind
 * tests/module/faulty.c, which keeps a trace, and the linker puts a spoiled
 * certificate where the right one is given to the throw-away key.
 */
#include "tests/unit/pkcs11/softtoken.h"

#include "ceremony/lint.h"
#include "mutations.h"
#include "tests/unit/pkcs11/faulty.h"

static const struct mutation *spoil_with;

int __real_X509_sign(X509 *x, EVP_PKEY *by, const EVP_MD *md);
int __wrap_X509_sign(X509 *x, EVP_PKEY *by, const EVP_MD *md);

/* The draft as if it had been built wrongly, then signed as it is. */
int
__wrap_X509_sign(X509 *x, EVP_PKEY *by, const EVP_MD *md)
{
	const struct mutation *m = spoil_with;

	spoil_with = NULL;
	if (m == NULL)
		return __real_X509_sign(x, by, md);
	if (m->spoil == signed_by_rsa) {
		m->spoil(x, m);
		return 1;
	}
	m->spoil(x, m);
	return __real_X509_sign(x, by, md);
}

static enum err
sign(void *context, const struct hash *digest,
    uint8_t out[P256_SIGNATURE_SIZE])
{
	return key_sign_digest(context, digest, true, out);
}

static enum err
issue(enum profile_kind k, const struct mutation *m, X509 **out)
{
	const struct certificate_signer signer = { sign, key };
	const struct certificate_plan plan = right_plan(k);

	spoil_with = m;
	return certificate_issue(&plan, k == ROOT ? root_key : leaf_key,
	    k == ROOT ? NULL : right[ROOT], &signer, out);
}

/* A row that spoils nothing is the control: the key is used, once. */
static void
try_mutation(const struct mutation *m, enum profile_kind k)
{
	bool wanted = strcmp(m->rule, NOTHING) == 0;
	AUTO(X509) x = NULL;
	char rule[64];
	enum err e;

	script("");
	e = issue(k, m, &x);
	snprintf(rule, sizeof(rule), ": %s: ", m->rule);
	if (spoil_with != NULL || wanted != (e == ERR_OK) || (!wanted &&
	    (e != ERR_MISMATCH || strstr(err_why(), rule) == NULL ||
	    strstr(err_why(), "after signing") != NULL)))
		fail_msg("%s, %s: %s", profile_of(k)->name, m->rule,
		    e == ERR_OK ? NOTHING : err_why());
	if (calls("C_SignInit") != wanted || calls("C_Sign") != wanted ||
	    (!wanted && calls("C_") != 0))
		fail_msg("%s, %s: the token was called %d times",
		    profile_of(k)->name, m->rule, calls("C_"));
}

static void
whatever_is_wrong_is_found_without_the_authoritys_key(void **state)
{
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(mutations); i++)
		for (enum profile_kind k = 0; k < PROFILE_COUNT; k++)
			if (mutations[i].profile == form_of(k)) {
				try_mutation(&mutations[i], k);
				found += strcmp(mutations[i].rule, NOTHING) !=
				    0;
			}
	print_message("# %zu found, with no call of the token\n", found);
	assert_true(found >= 60);
}

static int
prepare(void **state)
{
	if (faulty_begin(state) != 0 || open_nothing(state) != 0)
		return -1;
	token = soft_login(module);
	assert_ok(soft_find(token, "p256", public_key, &key));
	root_key = public_key;
	leaf_key = EVP_EC_gen("P-256");
	assert_non_null(leaf_key);
	assert_ok(issue(ROOT, NULL, &right[ROOT]));
	return 0;
}

static int
clean_up(void **state)
{
	EVP_PKEY_free(leaf_key);
	X509_free(right[ROOT]);
	(void)close_all(state);
	return faulty_end(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    whatever_is_wrong_is_found_without_the_authoritys_key),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
