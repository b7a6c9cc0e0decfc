/* claims-complete and format-offered. */
#include "sample.h"

#define NOW "2025-07-01T00:00:00Z"

static struct sample
without(const char *name)
{
	struct sample s = sample(NOW);
	size_t n = 0;

	for (size_t i = 0; i < s.a.claims.count; i++) {
		if (!view_is(s.claims[i].name, name))
			s.claims[n++] = s.claims[i];
	}
	assert_int_equal(n + 1, s.a.claims.count);
	s.a.claims.count = n;
	return s;
}

static void
every_required_claim_is_demanded(void **state)
{
	static const char *const required[] = { "family_name", "given_name",
	    "birth_date" };

	(void)state;
	for (size_t i = 0; i < COUNT(required); i++) {
		struct sample s = without(required[i]);

		fails(&s, "claims-complete");
		says(required[i]);
		says("required and absent");
		assert_false(allowed(&s));
	}
}

static void
no_other_claim_is_taken(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	claim(&s, "nickname", text_value("x"));
	fails(&s, "claims-complete");
	says("/claims/nickname: the schema has no such claim");
	s = sample(NOW);
	claim(&s, "", text_value("x"));
	fails(&s, "claims-complete");
}

static void
each_claim_has_its_type_and_size(void **state)
{
	char longest[152];
	struct {
		const char	*name;
		struct value	 bad;
	} cases[] = {
		{ "family_name", text_value("") },
		{ "family_name", text_value(longest) },
		{ "family_name", integer_value(1) },
		{ "birth_date", text_value("2001-2-3") },
		{ "birth_date", text_value("2001-02-30") },
		{ "birth_date", boolean_value(true) },
		{ "sex", text_value("1") },
		{ "sex", integer_value(10) },
		{ "sex", integer_value(-1) },
		{ "issue_date", text_value("yesterday") },
		{ "issuing_country", text_value("K") },
		{ "issuing_country", text_value("KOR") },
		{ "address", text_value("Seoul") },
		{ "address", (struct value){ .kind = VALUE_LIST } },
		{ "address", (struct value){ .kind = VALUE_MAP } },
	};

	(void)state;
	memset(longest, 'x', 151);
	longest[151] = '\0';
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sample s = sample(NOW);

		cases[1].bad = text_value(longest);
		claim(&s, cases[i].name, cases[i].bad);
		fails(&s, "claims-complete");
		says(cases[i].name);
	}
	longest[150] = '\0';
	struct sample s = sample(NOW);

	claim(&s, "family_name", text_value(longest));
	claim(&s, "sex", integer_value(9));
	claim(&s, "issuing_country", text_value("KR"));
	passes(&s, "claims-complete");
}

static void
an_address_is_a_map_of_texts(void **state)
{
	struct member lines[2] = {
		{ view_text("region"), text_value("Goyang-si") },
		{ view_text("street"), text_value("Daewha-ro 1") },
	};
	struct sample s = sample(NOW);

	(void)state;
	claim(&s, "address", (struct value){ .kind = VALUE_MAP,
	    .members = lines, .count = 2 });
	passes(&s, "claims-complete");
	lines[1].value = integer_value(1);
	fails(&s, "claims-complete");
}

static void
claims_agree_with_the_holder(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	claim(&s, "personal_administrative_number",
	    text_value("0102033234560"));
	passes(&s, "claims-complete");
	claim(&s, "personal_administrative_number",
	    text_value("0102033234561"));
	fails(&s, "claims-complete");
	says("disagrees with the holder's data");
	s = sample(NOW);
	claim(&s, "birth_date", text_value("2001-02-04"));
	fails(&s, "claims-complete");
}

static void
ages_that_are_claimed_are_true(void **state)
{
	/* eighteen on this day, not nineteen */
	struct sample s = sample("2025-03-15T00:00:00+09:00");

	(void)state;
	born(&s, 2007, 3, 15, "0703153234560");
	claim(&s, "age_over_18", boolean_value(true));
	claim(&s, "age_over_19", boolean_value(false));
	passes(&s, "claims-complete");
	s.f.now--;
	fails(&s, "claims-complete");
	says("over 18 disagrees with the age, 17");
	s.f.now++;
	claim(&s, "age_over_19", boolean_value(true));
	fails(&s, "claims-complete");
	claim(&s, "age_over_19", text_value("false"));
	fails(&s, "claims-complete");
	claim(&s, "age_over_19", boolean_value(false));
	claim(&s, "age_over_20", boolean_value(false));
	fails(&s, "claims-complete");
	says("/claims/age_over_20: the schema has no such claim");
}

static void
only_a_dry_run_may_leave_out_claims_and_formats(void **state)
{
	struct sample s = sample(NOW), v = visit(NOW);

	(void)state;
	does_not_apply(&v, "claims-complete");
	does_not_apply(&v, "format-offered");
	s.a.claims = (struct value){ 0 };
	s.a.format_count = 0;
	fails(&s, "claims-complete");
	fails(&s, "format-offered");
	s.a.dry_run = true;
	does_not_apply(&s, "claims-complete");
	does_not_apply(&s, "format-offered");
	assert_true(allowed(&s));
	s.a.claims.kind = VALUE_MAP;
	fails(&s, "claims-complete");
}

static void
only_offered_formats_are_granted(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	passes(&s, "format-offered");
	s.a.formats[s.a.format_count++] = view_text("mso_mdoc");
	passes(&s, "format-offered");
	s.a.formats[s.a.format_count++] = view_text("jwt_vc_json");
	fails(&s, "format-offered");
	says("does not offer jwt_vc_json");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_required_claim_is_demanded),
		cmocka_unit_test(no_other_claim_is_taken),
		cmocka_unit_test(each_claim_has_its_type_and_size),
		cmocka_unit_test(an_address_is_a_map_of_texts),
		cmocka_unit_test(claims_agree_with_the_holder),
		cmocka_unit_test(ages_that_are_claimed_are_true),
		cmocka_unit_test(
		    only_a_dry_run_may_leave_out_claims_and_formats),
		cmocka_unit_test(only_offered_formats_are_granted),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
