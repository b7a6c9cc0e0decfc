/* SD-JWT VC drafts: what is in them, and that they come again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/credential/sdjwt_parts.h"

static void
the_digest_is_that_of_rfc_9901(void **)
{
	struct hash h = sha256(view_text("WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcy"
	    "IsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"));
	AUTO_DONE(bytes) text = { 0 };

	base64url_put(&text, VIEW_OF(h.at));
	assert_string_equal(bytes_text(&text),
	    "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
}

static void
every_disclosure_is_listed_by_its_digest_in_order(void **)
{
	AUTO_DONE(parts) p = resident(false, 0);
	AUTO_DONE(bytes) digest = { 0 };
	const char *at = strstr(bytes_text(&p.payload), "\"_sd\":[");
	struct bytes before = { 0 };
	size_t listed = 0;

	assert_non_null(at);
	for (at = strchr(at, '['); *at != ']'; at += 46, listed++) {
		AUTO_DONE(bytes) raw = { 0 };

		MUST(base64url_get(VIEW(at + 2, 43), &raw));
		assert_true(view_compare(bytes_view(&before),
		    bytes_view(&raw)) < 0);
		bytes_reset(&before);
		bytes_put(&before, bytes_view(&raw));
	}
	bytes_done(&before);
	assert_int_equal(listed, p.count);
	for (at = bytes_text(&p.tail) + 1; *at != '\0';
	    at = strchr(at, '~') + 1) {
		struct hash h = sha256(VIEW(at,
		    (size_t)(strchr(at, '~') - at)));

		bytes_reset(&digest);
		base64url_put(&digest, VIEW_OF(h.at));
		assert_true(holds(&p.payload, bytes_text(&digest)));
	}
}

static void
the_payload_is_that_of_sdjwt_txt(void **)
{
	AUTO_DONE(parts) p = resident(false, 0);

	assert_true(view_starts(bytes_view(&p.payload),
	    "{\"iss\":\"https://id.example.kr\",\"iat\":1742022000,"
	    "\"nbf\":1742022000,\"exp\":1749798000,"
	    "\"vct\":\"https://id.example.kr/vct/resident-id\","
	    "\"cnf\":{\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
	    "\"x\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\","
	    "\"y\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\"}},"
	    "\"_sd_alg\":\"sha-256\",\"issuing_country\":\"KR\",\"_sd\":["));
}

/* The salts: Python's hmac over the same seed, label and numbers. */
static void
the_disclosures_are_those_of_sdjwt_txt(void **)
{
	AUTO_DONE(parts) p = resident(false, 0);

	assert_string_equal(bytes_text(&p.disclosures),
	    "[\"t7dho5vq4SH9n1KyOoGHXw\",\"family_name\",\"홍\"]\n"
	    "[\"Kn8XHrM5BOxVOu98tE7JmA\",\"given_name\",\"길동\"]\n"
	    "[\"9WHjG4AN4GmwuQLs8-N3pQ\",\"birth_date\",\"2008-03-15\"]\n"
	    "[\"OmraaeO1S73u2CzTHpDePg\","
	    "\"resident_number\",\"0803153234567\"]\n"
	    "[\"d1xaUKxNmSvkTp4mSN2-pw\",\"sex\",1]\n"
	    "[\"94f3HWCFZ4viQsPXUpYFug\","
	    "\"address\",{\"locality\":\"한누리대로 2130\","
	    "\"postal_code\":\"30151\","
	    "\"region\":\"세종특별자치시\"}]\n"
	    "[\"9f1ZvO2jqHsUcE_XxRusug\",\"veteran\",false]\n"
	    "[\"At_4xzRk2FPF4X1jmvTP0A\",\"age_over_14\",true]\n"
	    "[\"hkAvL3CcehqAII8C9qW0vA\",\"age_over_17\",true]\n"
	    "[\"rbXo0J2U06QokSptvU2pOA\",\"age_over_18\",false]\n"
	    "[\"rpJSaoyVUmuP3OxNziHIjg\",\"age_over_19\",false]\n"
	    "[\"RgwmjP_q-wVfJ2MCnSUuBg\",\"expiry_date\",\"2028-03-15\"]\n");
}

static void
the_same_seed_makes_the_same_draft(void **)
{
	AUTO_DONE(parts) a = resident(false, 0);
	AUTO_DONE(parts) b = resident(false, 0);

	assert_true(view_equal(draft_tbs(a.draft), draft_tbs(b.draft)));
	assert_string_equal(bytes_text(&a.tail), bytes_text(&b.tail));
}

static void
the_order_of_the_requests_members_does_not_matter(void **)
{
	AUTO_DONE(parts) a = resident(false, 0);
	AUTO_DONE(parts) b = resident(true, 0);

	assert_true(view_equal(draft_tbs(a.draft), draft_tbs(b.draft)));
	assert_string_equal(bytes_text(&a.tail), bytes_text(&b.tail));
}

static void
no_salt_is_used_twice(void **)
{
	AUTO_DONE(parts) a = resident(false, 0);
	AUTO_DONE(parts) b = resident(false, 1);
	AUTO_DONE(parts) c = { 0 };
	const char *lines[3];

	seed[0] ^= 1;
	c = resident(false, 0);
	seed[0] ^= 1;
	lines[0] = bytes_text(&a.disclosures);
	lines[1] = bytes_text(&b.disclosures);
	lines[2] = bytes_text(&c.disclosures);
	for (size_t i = 0; i < 3; i++) {
		for (const char *at = lines[i]; *at != '\0';
		    at = strchr(at, '\n') + 1) {
			char salt[23] = "";
			size_t uses = 0;

			memcpy(salt, at + 2, 22);
			for (size_t k = 0; k < 3; k++)
				for (const char *s = lines[k];
				    (s = strstr(s, salt)) != NULL; s++)
					uses++;
			assert_int_equal(uses, 1);
		}
	}
}

static void
each_key_of_the_request_gets_its_own_credential(void **)
{
	AUTO_DONE(parts) p = resident(false, 1);
	struct draft *d = NULL;

	assert_true(holds(&p.payload,
	    "\"x\":\"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\""));
	assert_int_equal(make(asked_credential(resident_claims(false)),
	    credential_terms, 2, &d), ERR_INTERNAL);
	assert_null(d);
}

static void
the_expiry_date_is_the_last_day_in_korea(void **)
{
	struct grant_terms t = credential_terms;
	struct draft *d = NULL;

	t.administrative_expiry++;
	MUST(make(asked_credential(resident_claims(false)), t, 0, &d));
	AUTO_DONE(parts) p = take_apart(d);
	assert_true(holds(&p.disclosures, "\"expiry_date\",\"2028-03-16\""));
}

/* Seventeen begins at 00:00 in Korea on the birthday, 15:00 UTC before. */
static void
ages_are_those_at_the_time_of_issue(void **)
{
	static const struct {
		int64_t		 issued_at;
		const char	*under, *over;
	} cases[] = {
		{ NOW - 16 * 3600 - 1, "\"age_over_17\",false",
		    "\"age_over_14\",true" },
		{ NOW - 16 * 3600, "\"age_over_18\",false",
		    "\"age_over_17\",true" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct grant_terms t = credential_terms;
		struct draft *d = NULL;

		t.issued_at = cases[i].issued_at;
		MUST(make(asked_credential(resident_claims(false)), t, 0,
		    &d));
		AUTO_DONE(parts) p = take_apart(d);
		assert_true(holds(&p.disclosures, cases[i].under));
		assert_true(holds(&p.disclosures, cases[i].over));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_digest_is_that_of_rfc_9901),
		cmocka_unit_test(
		    every_disclosure_is_listed_by_its_digest_in_order),
		cmocka_unit_test(the_payload_is_that_of_sdjwt_txt),
		cmocka_unit_test(the_disclosures_are_those_of_sdjwt_txt),
		cmocka_unit_test(the_same_seed_makes_the_same_draft),
		cmocka_unit_test(
		    the_order_of_the_requests_members_does_not_matter),
		cmocka_unit_test(no_salt_is_used_twice),
		cmocka_unit_test(
		    each_key_of_the_request_gets_its_own_credential),
		cmocka_unit_test(the_expiry_date_is_the_last_day_in_korea),
		cmocka_unit_test(ages_are_those_at_the_time_of_issue),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
