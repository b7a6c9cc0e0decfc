/* SD-JWT VC drafts: what is in them, that they come again, what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "credential/sdjwt.h"
#include "tests/granted.h"

static struct signers signers;
static uint8_t seed[SDJWT_SEED_SIZE];

static int
setup(void **)
{
	signers_init(&signers, NOW);
	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)i;
	return 0;
}

static int
teardown(void **)
{
	signers_done(&signers);
	return 0;
}

/* A draft taken apart. */
struct parts {
	struct draft	*draft;
	struct bytes	 payload;	/* JSON */
	struct bytes	 tail;		/* "~…~" */
	struct bytes	 disclosures;	/* JSON of each, a line each */
	size_t		 count;
};

static void
parts_done(struct parts *p)
{
	draft_free(p->draft);
	bytes_done(&p->payload);
	bytes_done(&p->tail);
	bytes_done(&p->disclosures);
}

static void
split_tail(struct parts *p)
{
	const char *at = bytes_text(&p->tail);

	assert_int_equal(*at, '~');
	while (*++at != '\0') {
		const char *end = strchr(at, '~');

		assert_non_null(end);
		MUST(base64url_get(VIEW(at, (size_t)(end - at)),
		    &p->disclosures));
		bytes_put_u8(&p->disclosures, '\n');
		p->count++;
		at = end;
	}
}

static enum err
make(struct asked a, struct grant_terms t, size_t index, struct draft **out)
{
	AUTO_DONE(granted) g = grant_of(a, t);

	return sdjwt_draft(g.grant, g.request, index, signers.document,
	    VIEW_OF(seed), out);
}

static struct parts
take_apart(struct draft *d)
{
	uint8_t signature[P256_SIGNATURE_SIZE] = { [31] = 1, [63] = 1 };
	AUTO_DONE(bytes) text = { 0 };
	struct parts p = { .draft = d };
	struct view tbs = draft_tbs(d);
	const char *dot;

	dot = memchr(tbs.at, '.', tbs.len);
	MUST(base64url_get(VIEW(dot + 1,
	    tbs.len - (size_t)(dot + 1 - (const char *)tbs.at)), &p.payload));
	MUST(draft_document(d, signature, &text));
	bytes_put_text(&p.tail, strchr(bytes_text(&text), '~'));
	split_tail(&p);
	return p;
}

static struct parts
resident(bool backwards, size_t index)
{
	struct draft *d = NULL;

	MUST(make(asked_credential(resident_claims(backwards)),
	    credential_terms, index, &d));
	return take_apart(d);
}

static bool
holds(struct bytes *b, const char *text)
{
	return strstr(bytes_text(b), text) != NULL;
}

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
	    "\"address\",{\"locality\":\"한누리대로 2130\",\"postal_code\":\"30151\",\"region\":\"세종특별자치시\"}]\n"
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
a_seed_has_32_bytes(void **)
{
	uint8_t long_seed[33] = { 0 };
	AUTO_DONE(granted) g = grant_of(
	    asked_credential(resident_claims(false)), credential_terms);

	for (size_t n = 31; n <= 33; n++) {
		AUTO(draft) d = NULL;

		assert_int_equal(sdjwt_draft(g.grant, g.request, 0,
		    signers.document, VIEW(long_seed, n), &d),
		    n == 32 ? ERR_OK : ERR_INTERNAL);
	}
}

static void
the_certificate_must_cover_the_validity(void **)
{
	struct grant_terms t = credential_terms;

	for (int64_t over = -1; over <= 1; over++) {
		AUTO(draft) late = NULL;
		AUTO(draft) early = NULL;

		t = credential_terms;
		t.technical_expiry = NOW + 400 * DAY + over;
		assert_int_equal(make(asked_credential(resident_claims(false)),
		    t, 0, &late), over <= 0 ? ERR_OK : ERR_INTERNAL);
		t = credential_terms;
		t.valid_from = NOW - DAY - over;
		assert_int_equal(make(asked_credential(resident_claims(false)),
		    t, 0, &early), over <= 0 ? ERR_OK : ERR_INTERNAL);
	}
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

static void
a_grant_without_administrative_expiry_is_refused(void **)
{
	struct grant_terms t = credential_terms;
	AUTO(draft) d = NULL;

	t.administrative_expiry = TIME_NONE;
	assert_int_equal(make(asked_credential(resident_claims(false)), t, 0,
	    &d), ERR_INTERNAL);
}

static struct member *
member(struct value *map, const char *name)
{
	for (size_t i = 0; i < map->count; i++)
		if (view_is(map->members[i].name, name))
			return &map->members[i];
	fail();
	return NULL;
}

static void
refused(struct value claims, const char *why)
{
	AUTO(draft) d = NULL;

	assert_int_equal(make(asked_credential(claims), credential_terms, 0,
	    &d), ERR_SCHEMA);
	if (strstr(err_why(), why) == NULL)
		fail_msg("wanted \"%s\", got: %s", why, err_why());
}

static void
a_missing_claim_is_refused_unless_optional(void **)
{
	struct value c = resident_claims(false);
	struct draft *d = NULL;

	*member(&c, "veteran") = c.members[--c.count];
	MUST(make(asked_credential(c), credential_terms, 0, &d));
	AUTO_DONE(parts) p = take_apart(d);
	assert_false(holds(&p.disclosures, "veteran"));
	c = resident_claims(false);
	*member(&c, "given_name") = c.members[--c.count];
	refused(c, "claim given_name is missing");
}

static void
claims_of_another_type_or_name_are_refused(void **)
{
	struct value c = resident_claims(false);

	member(&c, "family_name")->value =
	    (struct value){ .kind = VALUE_INTEGER, .integer = 7 };
	refused(c, "claim family_name: not of the programme's type");
	c = resident_claims(false);
	member(&c, "sex")->value = text_value("1");
	refused(c, "claim sex: not of the programme's type");
	c = resident_claims(false);
	member(&c, "veteran")->name = view_text("nickname");
	refused(c, "claims: 1 are not of the programme");
}

static void
names_that_mean_something_are_refused_in_maps(void **)
{
	struct value c = resident_claims(false);

	member(&c, "address")->value.members[0].name = view_text("_sd");
	refused(c, "reserved name");
	c = resident_claims(false);
	member(&c, "address")->value.members[0].name = view_text("...");
	refused(c, "reserved name");
}

static void
maps_hold_texts_only(void **)
{
	struct value c = resident_claims(false);

	member(&c, "address")->value.members[0].value =
	    (struct value){ .kind = VALUE_INTEGER };
	refused(c, "a member of a map is a text");
}

static void
a_name_in_a_map_has_at_most_128_bytes(void **)
{
	char name[ASKED_TEXT + 2] = "";

	for (size_t n = ASKED_TEXT - 1; n <= ASKED_TEXT + 1; n++) {
		struct value c = resident_claims(false);
		AUTO(draft) d = NULL;

		memset(name, 'n', n);
		member(&c, "address")->value.members[0].name =
		    view_text(name);
		assert_int_equal(make(asked_credential(c), credential_terms,
		    0, &d), n <= ASKED_TEXT ? ERR_OK : ERR_SCHEMA);
	}
}

static void
a_programme_cannot_name_a_claim_as_the_format_does(void **)
{
	static const char *const names[] = { "iss", "cnf", "vct", "status",
	    "_sd", "_sd_alg", "expiry_date", "age_over_21" };

	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO_DONE(bytes) yaml = { 0 };
		struct value c = resident_claims(false);
		const char *at = strstr(programme_yaml, "veteran");
		AUTO(draft) d = NULL;

		member(&c, "veteran")->name = view_text(names[i]);
		bytes_printf(&yaml, "%.*s%s%s",
		    (int)(at - programme_yaml), programme_yaml, names[i],
		    at + strlen("veteran"));
		AUTO_DONE(granted) g = grant_by(bytes_text(&yaml),
		    asked_credential(c), credential_terms);
		assert_int_equal(sdjwt_draft(g.grant, g.request, 0,
		    signers.document, VIEW_OF(seed), &d), ERR_INTERNAL);
		assert_non_null(strstr(err_why(), names[i]));
	}
}

static void
text_is_escaped_not_trusted(void **)
{
	struct value c = resident_claims(false);
	struct draft *d = NULL;

	member(&c, "family_name")->value = text_value("\"],[\"\\\n");
	member(&c, "issuing_country")->value =
	    text_value("\",\"_sd\":[],\"x\":\"");
	MUST(make(asked_credential(c), credential_terms, 0, &d));
	AUTO_DONE(parts) p = take_apart(d);
	assert_true(holds(&p.disclosures,
	    "\"family_name\",\"\\\"],[\\\"\\\\\\u000a\"]"));
	assert_true(holds(&p.payload, "\"issuing_country\":"
	    "\"\\\",\\\"_sd\\\":[],\\\"x\\\":\\\"\""));
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
		cmocka_unit_test(a_seed_has_32_bytes),
		cmocka_unit_test(the_certificate_must_cover_the_validity),
		cmocka_unit_test(the_expiry_date_is_the_last_day_in_korea),
		cmocka_unit_test(ages_are_those_at_the_time_of_issue),
		cmocka_unit_test(
		    a_grant_without_administrative_expiry_is_refused),
		cmocka_unit_test(a_missing_claim_is_refused_unless_optional),
		cmocka_unit_test(claims_of_another_type_or_name_are_refused),
		cmocka_unit_test(
		    names_that_mean_something_are_refused_in_maps),
		cmocka_unit_test(maps_hold_texts_only),
		cmocka_unit_test(a_name_in_a_map_has_at_most_128_bytes),
		cmocka_unit_test(
		    a_programme_cannot_name_a_claim_as_the_format_does),
		cmocka_unit_test(text_is_escaped_not_trusted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
