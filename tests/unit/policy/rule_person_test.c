/* not-foreigner, number-consistent, holder-age, card-held at their edges. */
#include "sample.h"

#define NOW "2025-07-01T00:00:00Z"

static void
the_sample_is_allowed(void **state)
{
	struct sample s = sample(NOW), v = visit(NOW);

	(void)state;
	if (!allowed(&s) || !allowed(&v))
		fail_msg("%s", message);
}

static void
century_digits_5_to_8_are_foreigners(void **state)
{
	struct sample s = sample(NOW);
	char number[] = "0102033234560";

	(void)state;
	s.a.holder.number = view_text(number);
	for (char c = '0'; c <= '9'; c++) {
		number[6] = c;
		if (c >= '5' && c <= '8')
			fails(&s, "not-foreigner");
		else
			passes(&s, "not-foreigner");
	}
	number[6] = '7';
	fails(&s, "not-foreigner");
	says("one of 5678; it is 7");
	s.a.holder.number = view_text("010203");
	fails(&s, "not-foreigner");
	s.a.holder.number = view_text("010203-3234560");
	fails(&s, "not-foreigner");
}

static void
a_number_has_13_digits(void **state)
{
	static const char *const bad[] = { "", "010203323456",
	    "01020332345600", "010203323456x", "010203-323456",
	    " 102033234560" };
	struct sample s = sample(NOW);

	(void)state;
	passes(&s, "number-consistent");
	for (size_t i = 0; i < COUNT(bad); i++) {
		s.a.holder.number = view_text(bad[i]);
		fails(&s, "number-consistent");
		says("13 digits");
	}
}

static void
the_century_digit_counts(void **state)
{
	static const struct {
		const char	*number;
		int		 year;
	} good[] = {
		{ "0102033234560", 2001 }, { "0102034234560", 2001 },
		{ "0102031234560", 1901 }, { "0102032234560", 1901 },
		{ "0102039234560", 1801 }, { "0102030234560", 1801 },
	};
	struct sample s = sample(NOW);

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		born(&s, good[i].year, 2, 3, good[i].number);
		passes(&s, "number-consistent");
		born(&s, good[i].year + 100, 2, 3, good[i].number);
		fails(&s, "number-consistent");
	}
	born(&s, 2001, 2, 3, "0102035234560");
	fails(&s, "number-consistent");
	says("no known century");
}

static void
the_check_digit_never_matters(void **state)
{
	static const char *const synthetic[] = { "2001023234560",
	    "2103153234563", "2411084234560", "2602013234565" };
	struct sample s = sample("2026-02-01T00:00:00+09:00");
	char number[] = "0102033234560";

	(void)state;
	for (char c = '0'; c <= '9'; c++) {
		number[12] = c;
		s.a.holder.number = view_text(number);
		passes(&s, "number-consistent");
	}
	born(&s, 2020, 1, 2, synthetic[0]);
	passes(&s, "number-consistent");
	born(&s, 2021, 3, 15, synthetic[1]);
	passes(&s, "number-consistent");
	born(&s, 2024, 11, 8, synthetic[2]);
	passes(&s, "number-consistent");
	born(&s, 2026, 2, 1, synthetic[3]);
	passes(&s, "number-consistent");
}

static void
a_birth_date_is_real_and_not_in_the_future(void **state)
{
	struct sample s = sample("2026-01-31T14:59:59Z");

	(void)state;
	born(&s, 2026, 2, 1, "2602013234565");
	fails(&s, "number-consistent");
	says("in the future of 2026-01-31");
	s = sample("2026-01-31T15:00:00Z");	/* the next day in Korea */
	born(&s, 2026, 2, 1, "2602013234565");
	passes(&s, "number-consistent");
	s.a.holder.number = view_text("2602303234565");
	fails(&s, "number-consistent");
	says("2026-02-30");
	s.a.holder.number = view_text("2613013234565");
	fails(&s, "number-consistent");
}

static void
the_birth_date_claim_agrees_with_the_number(void **state)
{
	struct sample s = sample(NOW);

	(void)state;
	claim(&s, "birth_date", text_value("2001-02-04"));
	fails(&s, "number-consistent");
	says("the claim differs");
	claim(&s, "birth_date", text_value("20010203"));
	fails(&s, "number-consistent");
	claim(&s, "birth_date", integer_value(20010203));
	fails(&s, "number-consistent");
	s.a.claims = (struct value){ 0 };
	passes(&s, "number-consistent");
}

/* Fails one second before 00:00 Korean time of the day, passes then. */
static void
age_reached_on(const struct policy *p, int year, int month, int day,
    const char *midnight)
{
	struct sample s = sample(midnight);

	s.a.holder.birth_date = (struct date){ year, month, day };
	assert_int_equal(rule_by(p, &s, "holder-age"), OUTCOME_PASS);
	s.f.now--;
	assert_int_equal(rule_by(p, &s, "holder-age"), OUTCOME_FAIL);
}

static void
seventeen_begins_at_midnight_in_korea(void **state)
{
	(void)state;
	age_reached_on(reference, 2008, 3, 15, "2025-03-14T15:00:00Z");
	age_reached_on(reference, 2008, 3, 15, "2025-03-15T00:00:00+09:00");
	age_reached_on(reference, 2008, 1, 1, "2025-01-01T00:00:00+09:00");
	age_reached_on(reference, 2008, 12, 31, "2025-12-31T00:00:00+09:00");
	age_reached_on(reference, 2007, 2, 28, "2024-02-28T00:00:00+09:00");
	age_reached_on(reference, 2007, 3, 1, "2024-03-01T00:00:00+09:00");
}

static void
sixteen_years_are_told_what_is_missing(void **state)
{
	struct sample s = sample("2025-03-14T23:59:59+09:00");

	(void)state;
	s.a.holder.birth_date = (struct date){ 2008, 3, 15 };
	fails(&s, "holder-age");
	assert_string_equal(message, "at least 17 full years, reached on "
	    "2025-03-15; today is 2025-03-14");
}

/* The reference policy with other leap birthdays. */
static struct policy *
february_policy(void)
{
	static const char head[] = "kind: policy\nserial: 2\n"
	    "leap-birthday: february-28\n";
	static const char programme[] =
	    "kind: programme\nprogramme: resident-id\nvct: v\n"
	    "operations: [credential]\nformats: [dc+sd-jwt]\nage-over: [17]\n"
	    "claims: { birth_date: { type: date, required: true } }\n"
	    "validity: { administrative: P3Y, ends: exact, technical: P90D,"
	    " qr-token: PT180S }\n"
	    "rules:\n"
	    "  holder-age: { kind: age, at-least: 17 }\n"
	    "  card-held: { kind: card, status: [issued],"
	    " month-after-age: 17 }\n";
	struct policy_file files[] = {
		{ "policy.yaml", view_text(head) },
		{ "programme.yaml", view_text(programme) },
	};
	struct policy *p = NULL;

	if (policy_parse(files, COUNT(files), &p) != ERR_OK)
		fail_msg("%s", err_why());
	return p;
}

static void
a_leap_birthday_is_on_march_1_or_february_28(void **state)
{
	AUTO(policy) february = february_policy();

	(void)state;
	age_reached_on(reference, 2008, 2, 29, "2025-03-01T00:00:00+09:00");
	age_reached_on(february, 2008, 2, 29, "2025-02-28T00:00:00+09:00");
	/* nobody is in doubt when there is such a day: 2004 + 20 */
	assert_int_equal(policy_age(reference, (struct date){ 2004, 2, 29 },
	    at("2024-02-28T23:59:59+09:00")), 19);
	assert_int_equal(policy_age(reference, (struct date){ 2004, 2, 29 },
	    at("2024-02-29T00:00:00+09:00")), 20);
	assert_int_equal(policy_age(february, (struct date){ 2004, 2, 29 },
	    at("2024-02-28T23:59:59+09:00")), 19);
}

static enum outcome
card_issued(const struct policy *p, struct date birth, struct date issued)
{
	struct sample s = sample(NOW);

	s.a.holder.birth_date = birth;
	s.a.holder.card_issued_on = issued;
	return rule_by(p, &s, "card-held");
}

static void
a_card_comes_the_month_after_seventeen(void **state)
{
	AUTO(policy) february = february_policy();
	struct date march = { 2008, 3, 15 }, leap = { 2008, 2, 29 };
	struct date december = { 2007, 12, 31 };

	(void)state;
	assert_int_equal(card_issued(reference, march,
	    (struct date){ 2025, 4, 1 }), OUTCOME_PASS);
	assert_int_equal(card_issued(reference, march,
	    (struct date){ 2025, 3, 31 }), OUTCOME_FAIL);
	says("none is issued before 2025-04-01");
	assert_int_equal(card_issued(reference, leap,
	    (struct date){ 2025, 4, 1 }), OUTCOME_PASS);
	assert_int_equal(card_issued(reference, leap,
	    (struct date){ 2025, 3, 31 }), OUTCOME_FAIL);
	assert_int_equal(card_issued(february, leap,
	    (struct date){ 2025, 3, 1 }), OUTCOME_PASS);
	assert_int_equal(card_issued(february, leap,
	    (struct date){ 2025, 2, 28 }), OUTCOME_FAIL);
	assert_int_equal(card_issued(reference, december,
	    (struct date){ 2025, 1, 1 }), OUTCOME_PASS);
	assert_int_equal(card_issued(reference, december,
	    (struct date){ 2024, 12, 31 }), OUTCOME_FAIL);
}

static void
a_card_is_not_issued_tomorrow(void **state)
{
	struct sample s = sample("2025-06-30T14:59:59Z");

	(void)state;
	s.a.holder.card_issued_on = (struct date){ 2025, 7, 1 };
	fails(&s, "card-held");
	says("after today, 2025-06-30");
	s.f.now++;
	passes(&s, "card-held");
}

static void
a_card_must_be_issued_and_not_lost(void **state)
{
	static const char *const bad[] = { "lost", "withdrawn", "none",
	    "applied", "Issued", "" };
	struct sample s = sample(NOW);

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		s.a.holder.card_status = view_text(bad[i]);
		fails(&s, "card-held");
		says("must be issued");
	}
	s = sample(NOW);
	s.a.holder.has_card_date = false;
	fails(&s, "card-held");
	s.a.holder.has_card = false;
	fails(&s, "card-held");
	says("none was named");
	assert_false(allowed(&s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_is_allowed),
		cmocka_unit_test(century_digits_5_to_8_are_foreigners),
		cmocka_unit_test(a_number_has_13_digits),
		cmocka_unit_test(the_century_digit_counts),
		cmocka_unit_test(the_check_digit_never_matters),
		cmocka_unit_test(a_birth_date_is_real_and_not_in_the_future),
		cmocka_unit_test(the_birth_date_claim_agrees_with_the_number),
		cmocka_unit_test(seventeen_begins_at_midnight_in_korea),
		cmocka_unit_test(sixteen_years_are_told_what_is_missing),
		cmocka_unit_test(a_leap_birthday_is_on_march_1_or_february_28),
		cmocka_unit_test(a_card_comes_the_month_after_seventeen),
		cmocka_unit_test(a_card_is_not_issued_tomorrow),
		cmocka_unit_test(a_card_must_be_issued_and_not_lost),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
