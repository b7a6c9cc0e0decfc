/*
 * The linter: each rule is broken by at least one certificate that breaks
 * nothing else before it, and the message names that rule.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "ceremony/lint.h"
#include "mutations.h"

/* Parses what the mutation made, since a verifier sees only bytes. */
static X509 *
spoiled(const struct mutation *m)
{
	AUTO(X509) x = X509_dup(right[m->profile]);
	AUTO_DONE(bytes) der = { 0 };
	const uint8_t *at;
	X509 *parsed;

	assert_non_null(x);
	m->spoil(x, m);
	if (m->spoil != signed_by_rsa)
		assert_true(X509_sign(x, root_key, EVP_sha256()) > 0);
	assert_int_equal(certificate_der(x, &der), ERR_OK);
	at = der.at;
	parsed = d2i_X509(NULL, &at, (long)der.len);
	assert_non_null(parsed);
	return parsed;
}

static void
try_mutation(size_t i, enum profile_kind k)
{
	const struct mutation *m = &mutations[i];
	AUTO(X509) x = spoiled(m);
	bool wanted = strcmp(m->rule, NOTHING) == 0;
	char rule[64];
	enum err e = lint_certificate(x, k == ROOT ? NULL : right[ROOT], k,
	    true);

	snprintf(rule, sizeof(rule), ": %s: ", m->rule);
	if (wanted != (e == ERR_OK) ||
	    (!wanted && strstr(err_why(), rule) == NULL))
		fail_msg("mutation %zu of %s: wanted %s, got %s", i,
		    profile_of(k)->name, m->rule,
		    e == ERR_OK ? NOTHING : err_why());
}

static void
each_rule_finds_what_breaks_it(void **state)
{
	(void)state;
	_Static_assert(COUNT(mutations) >= 64, "four are right as they are");
	for (size_t i = 0; i < COUNT(mutations); i++)
		for (enum profile_kind k = 0; k < PROFILE_COUNT; k++)
			if (mutations[i].profile == form_of(k))
				try_mutation(i, k);
}

/* unique-ids cannot be set with OpenSSL; their test is below */
static void
no_rule_is_without_a_certificate_that_breaks_it(void **state)
{
	(void)state;
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++) {
		size_t broken = 1;

		for (size_t i = 0; i < COUNT(mutations); i++) {
			size_t first = 0;

			if (mutations[i].profile != form_of(k) ||
			    strcmp(mutations[i].rule, NOTHING) == 0)
				continue;
			while (mutations[first].profile != form_of(k) ||
			    strcmp(mutations[first].rule,
			    mutations[i].rule) != 0)
				first++;
			broken += first == i;
		}
		assert_int_equal(broken, lint_rules(k));
	}
}

/* Puts [1] BIT STRING before the extensions, and corrects the lengths. */
static void
unique_identifiers_are_found(void **state)
{
	static const uint8_t id[] = { 0x81, 2, 0, 0xff };
	AUTO_DONE(bytes) der = { 0 };
	AUTO_DONE(bytes) with_id = { 0 };
	AUTO(X509) x = NULL;
	const uint8_t *at;
	size_t place = 0;

	(void)state;
	assert_int_equal(certificate_der(right[QR], &der), ERR_OK);
	/* 30 82 …: certificate; 30 82 …: TBS; a3 81|82 …: extensions */
	assert_true(der.at[1] == 0x82 && der.at[5] == 0x82);
	for (size_t i = 8; place == 0 && i + 1 < der.len; i++)
		if (der.at[i] == 0xa3 && der.at[i + 1] >= 0x81 &&
		    der.at[i + 1] <= 0x82)
			place = i;
	bytes_put(&with_id, VIEW(der.at, place));
	bytes_put(&with_id, VIEW_OF(id));
	bytes_put(&with_id, VIEW(der.at + place, der.len - place));
	for (size_t length = 2; length <= 6; length += 4) {
		size_t n = (size_t)with_id.at[length] << 8 |
		    with_id.at[length + 1];

		with_id.at[length] = (uint8_t)((n + 4) >> 8);
		with_id.at[length + 1] = (uint8_t)(n + 4);
	}
	at = with_id.at;
	x = d2i_X509(NULL, &at, (long)with_id.len);
	assert_non_null(x);
	assert_int_equal(lint_certificate(x, right[ROOT], QR, true),
	    ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "unique-ids"));
}

static void
a_rehearsal_never_passes_for_production(void **state)
{
	(void)state;
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++) {
		assert_int_equal(lint_certificate(right[k], right[ROOT], k,
		    false), ERR_MISMATCH);
		assert_non_null(strstr(err_why(), "rehearsal-mark"));
	}
}

static void
a_profile_never_passes_for_another(void **state)
{
	(void)state;
	for (enum profile_kind a = 0; a < PROFILE_COUNT; a++)
		for (enum profile_kind b = 0; b < PROFILE_COUNT; b++)
			assert_int_equal(lint_certificate(right[a],
			    b == ROOT ? NULL : right[ROOT], b, true),
			    form_of(a) == form_of(b) ? ERR_OK : ERR_MISMATCH);
}

static int
prepare(void **state)
{
	(void)state;
	if (crypto_init() != ERR_OK)
		return -1;
	root_key = EVP_EC_gen("P-256");
	leaf_key = EVP_EC_gen("P-256");
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++) {
		struct software by = { .key = root_key };
		struct certificate_signer signer = { software_sign, &by };
		struct certificate_plan plan = right_plan(k);

		if (certificate_issue(&plan, k == ROOT ? root_key : leaf_key,
		    right[ROOT], &signer, &right[k]) != ERR_OK)
			return -1;
	}
	return 0;
}

static int
clean_up(void **state)
{
	(void)state;
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(leaf_key);
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++)
		X509_free(right[k]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_finds_what_breaks_it),
		cmocka_unit_test(
		    no_rule_is_without_a_certificate_that_breaks_it),
		cmocka_unit_test(unique_identifiers_are_found),
		cmocka_unit_test(a_rehearsal_never_passes_for_production),
		cmocka_unit_test(a_profile_never_passes_for_another),
	};

	return cmocka_run_group_tests(tests, prepare, clean_up);
}
