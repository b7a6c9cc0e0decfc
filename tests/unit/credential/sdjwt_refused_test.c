/* SD-JWT VC drafts: limits, and what is not made into one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/credential/sdjwt_parts.h"

static void
a_seed_has_32_bytes(void **)
{
	uint8_t long_seed[33] = { 0 };
	AUTO_DONE(granted) g = grant_of(
	    asked_credential(resident_claims(false)), credential_terms);

	for (size_t n = 31; n <= 33; n++) {
		AUTO(draft) d = NULL;

		assert_int_equal(credential_draft(FORMAT_SD_JWT,
		    &(struct credential_order){
			.grant = g.grant,
			.request = g.request,
			.issuer = signers.document,
			.seed = VIEW(long_seed, n),
		    }, &d), n == 32 ? ERR_OK : ERR_INTERNAL);
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
	refused(c, "/claims/given_name: required and absent");
}

static void
claims_of_another_type_or_name_are_refused(void **)
{
	struct value c = resident_claims(false);

	member(&c, "family_name")->value =
	    (struct value){ .kind = VALUE_INTEGER, .integer = 7 };
	refused(c, "/claims/family_name: not of the programme's type");
	c = resident_claims(false);
	member(&c, "sex")->value = text_value("1");
	refused(c, "/claims/sex: not of the programme's type");
	c = resident_claims(false);
	member(&c, "veteran")->name = view_text("nickname");
	refused(c, "/claims: 1 are not of the programme");
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
	refused(c, "/claims/address: a member that is no text");
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

/* A request and a programme in which "veteran" has another name. */
static enum err
make_named(const char *name, struct draft **out)
{
	AUTO_DONE(bytes) yaml = { 0 };
	struct value c = resident_claims(false);
	const char *at = strstr(programme_yaml, "veteran");

	member(&c, "veteran")->name = view_text(name);
	bytes_printf(&yaml, "%.*s%s%s", (int)(at - programme_yaml),
	    programme_yaml, name, at + strlen("veteran"));
	AUTO_DONE(granted) g = grant_by(bytes_text(&yaml),
	    asked_credential(c), credential_terms);
	return credential_draft(FORMAT_SD_JWT, &(struct credential_order){
		.grant = g.grant,
		.request = g.request,
		.issuer = signers.document,
		.seed = VIEW_OF(seed),
	}, out);
}

static void
a_programme_cannot_name_a_claim_as_the_format_does(void **)
{
	static const char *const names[] = { "iss", "cnf", "vct", "status",
	    "_sd", "_sd_alg", "age_over_21" };

	for (size_t i = 0; i < COUNT(names); i++) {
		AUTO(draft) d = NULL;

		assert_int_equal(make_named(names[i], &d), ERR_INTERNAL);
		assert_non_null(strstr(err_why(), names[i]));
	}
}

static void
an_expiry_date_of_the_programme_stands(void **)
{
	struct draft *d = NULL;

	MUST(make_named("expiry_date", &d));
	AUTO_DONE(parts) p = take_apart(d);
	assert_true(holds(&p.disclosures, "\"expiry_date\",false"));
	assert_false(holds(&p.disclosures, "2028-03-15"));
}

static void
ages_in_the_request_are_not_stated_twice(void **)
{
	struct value c = resident_claims(false);
	struct draft *d = NULL;

	member(&c, "veteran")->name = view_text("age_over_17");
	MUST(make(asked_credential(c), credential_terms, 0, &d));
	AUTO_DONE(parts) p = take_apart(d);
	assert_true(holds(&p.disclosures, "\"age_over_17\",true"));
	assert_false(holds(&p.disclosures, "\"age_over_17\",false"));
	c = resident_claims(false);
	member(&c, "veteran")->name = view_text("age_over_21");
	refused(c, "/claims: 1 are not of the programme");
}

static void
text_is_escaped_not_trusted(void **)
{
	struct value c = resident_claims(false);
	struct draft *d = NULL;

	member(&c, "family_name")->value = text_value("\"],[\"\\\n");
	member(&c, "issuing_country")->name = view_text("issuing_authority");
	member(&c, "issuing_authority")->value =
	    text_value("\",\"_sd\":[],\"x\":\"");
	MUST(make(asked_credential(c), credential_terms, 0, &d));
	AUTO_DONE(parts) p = take_apart(d);
	assert_true(holds(&p.disclosures,
	    "\"family_name\",\"\\\"],[\\\"\\\\\\u000a\"]"));
	assert_true(holds(&p.payload, "\"issuing_authority\":"
	    "\"\\\",\\\"_sd\\\":[],\\\"x\\\":\\\"\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_has_32_bytes),
		cmocka_unit_test(the_certificate_must_cover_the_validity),
		cmocka_unit_test(
		    a_grant_without_administrative_expiry_is_refused),
		cmocka_unit_test(a_missing_claim_is_refused_unless_optional),
		cmocka_unit_test(claims_of_another_type_or_name_are_refused),
		cmocka_unit_test(names_that_mean_something_are_refused_in_maps),
		cmocka_unit_test(maps_hold_texts_only),
		cmocka_unit_test(a_name_in_a_map_has_at_most_128_bytes),
		cmocka_unit_test(
		    a_programme_cannot_name_a_claim_as_the_format_does),
		cmocka_unit_test(an_expiry_date_of_the_programme_stands),
		cmocka_unit_test(ages_in_the_request_are_not_stated_twice),
		cmocka_unit_test(text_is_escaped_not_trusted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
