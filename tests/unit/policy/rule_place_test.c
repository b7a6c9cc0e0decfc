/* region-open, centre-in-region, channel-open: codes, phases and the pilot. */
#include "sample.h"

static const char *const pilot[] = { "36110", "51720", "41280", "41281",
	"41285", "41287", "48880", "30170", "27720", "31710", "46130",
	"46830" };

/* A code of each province and the start of its phase, beside the pilot. */
static const struct {
	const char	*residence;
	const char	*from;
} phases[] = {
	{ "27110", "2025-02-14" }, { "30110", "2025-02-14" },
	{ "31110", "2025-02-14" }, { "51110", "2025-02-14" },
	{ "52111", "2025-02-14" }, { "46110", "2025-02-14" },
	{ "47111", "2025-02-14" }, { "48121", "2025-02-14" },
	{ "50110", "2025-02-14" }, { "28110", "2025-02-28" },
	{ "41111", "2025-02-28" }, { "43111", "2025-02-28" },
	{ "44131", "2025-02-28" }, { "11110", "2025-03-14" },
	{ "26110", "2025-03-14" }, { "29110", "2025-03-14" },
	{ "36999", "2025-03-28" },
};

static struct sample
resident(const char *residence, const char *date)
{
	char midnight[32];
	struct sample s;

	snprintf(midnight, sizeof(midnight), "%sT00:00:00+09:00", date);
	s = sample(midnight);
	s.a.holder.residence = view_text(residence);
	s.a.evidence.centre = view_text(residence);
	return s;
}

/* Fails one second before the date begins in Korea, passes then and later. */
static void
begins(struct sample *s, const char *rule_id)
{
	s->f.now--;
	fails(s, rule_id);
	s->f.now++;
	passes(s, rule_id);
	s->f.now += 4000 * DAY;
	passes(s, rule_id);
}

static void
the_nine_regions_open_with_the_pilot(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pilot); i++) {
		struct sample s = resident(pilot[i], "2024-12-27");
		char ten[16];

		begins(&s, "region-open");
		s = resident(pilot[i], "2024-12-27");
		passes(&s, "programme-open");
		snprintf(ten, sizeof(ten), "%s00000", pilot[i]);
		s.a.holder.residence = view_text(ten);
		begins(&s, "region-open");
	}
}

static void
each_province_opens_with_its_phase(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(phases); i++) {
		struct sample s = resident(phases[i].residence,
		    phases[i].from);

		begins(&s, "region-open");
	}
}

static void
districts_of_goyang_are_goyang(void **state)
{
	struct sample s = resident("41285", "2024-12-27");

	(void)state;
	passes(&s, "region-open");
	says("residence 41285 (Goyang-si)");
	s = resident("41290", "2024-12-27");	/* Gwacheon is not */
	fails(&s, "region-open");
	s = resident("41282", "2024-12-27");
	fails(&s, "region-open");
}

static void
retired_codes_match_nothing(void **state)
{
	struct sample s = resident("42720", "2024-12-27");

	(void)state;
	fails(&s, "region-open");
	s = resident("47720", "2025-02-14");
	fails(&s, "region-open");
	says("is in no known region");
	s = resident("47720", "2026-01-01");
	fails(&s, "region-open");
	s = resident("42720", "2026-01-01");
	fails(&s, "region-open");
	s = resident("4772000000", "2026-01-01");
	fails(&s, "region-open");
}

static void
a_residence_has_five_or_ten_digits(void **state)
{
	static const char *const bad[] = { "", "3611", "361100", "361100000",
	    "36110000000", "3611a", "36110-0000", "Sejong", "-6110",
	    "99110", "00000" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sample s = resident(bad[i], "2026-01-01");

		fails(&s, "region-open");
		assert_false(allowed(&s));
	}
}

static void
the_centre_is_in_the_municipality_until_march_28(void **state)
{
	struct sample s = visit("2025-03-27T23:59:59+09:00");

	(void)state;
	s.a.holder.residence = view_text("11110");
	s.a.evidence.centre = view_text("1114000000");
	fails(&s, "centre-in-region");
	says("residence 11110; it is 1114000000");
	s.f.now++;
	does_not_apply(&s, "centre-in-region");
	s.f.now--;
	s.a.evidence.centre = view_text("1111012345");
	passes(&s, "centre-in-region");
	s.a.evidence.centre = view_text("11110");
	passes(&s, "centre-in-region");
	s.a.evidence.centre = view_text("");
	fails(&s, "centre-in-region");
	s.a.evidence.centre = view_text("111101234");
	fails(&s, "centre-in-region");
}

static void
districts_of_one_city_share_their_centres(void **state)
{
	struct sample s = visit("2025-01-01T00:00:00+09:00");

	(void)state;
	s.a.holder.residence = view_text("41281");
	s.a.evidence.centre = view_text("4128700000");
	passes(&s, "centre-in-region");
	s.a.holder.residence = view_text("41280");
	passes(&s, "centre-in-region");
	s.a.evidence.centre = view_text("4146100000");	/* Yongin */
	fails(&s, "centre-in-region");
}

static void
a_tapped_card_needs_no_centre(void **state)
{
	struct sample s = sample("2025-03-01T00:00:00+09:00");

	(void)state;
	s.a.evidence.kind = EVIDENCE_IC_CARD;
	s.a.evidence.centre = view_text("");
	s.a.holder.ic_chip = true;
	does_not_apply(&s, "centre-in-region");
}

/* Tapping opens on the date, for a card with a chip. */
static void
tapping_begins(const char *residence, const char *date)
{
	struct sample s = resident(residence, date);

	s.a.evidence.kind = EVIDENCE_IC_CARD;
	s.a.holder.ic_chip = true;
	begins(&s, "channel-open");
	s.a.holder.ic_chip = false;
	fails(&s, "channel-open");
	says("needs a card with a chip");
}

static void
tapping_opens_after_the_pilot(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pilot); i++)
		tapping_begins(pilot[i], "2025-02-28");
	for (size_t i = 0; i < COUNT(phases); i++)
		tapping_begins(phases[i].residence, phases[i].from);
}

static void
a_visit_is_always_a_channel(void **state)
{
	struct sample s = sample("2024-12-27T00:00:00+09:00");
	struct sample v = visit("2024-12-27T00:00:00+09:00");

	(void)state;
	passes(&s, "channel-open");
	passes(&v, "channel-open");
	s.f.now += 1000 * DAY;
	passes(&s, "channel-open");
}

static void
a_visit_names_its_centre(void **state)
{
	struct sample v = visit("2026-01-01T00:00:00+09:00");

	(void)state;
	v.a.evidence.centre = view_text("");
	fails(&v, "channel-open");
	says("must name the centre");
	v.a.evidence.centre = view_text("36110250001");
	fails(&v, "channel-open");
	v.a.evidence.centre = view_text("3611025000");
	passes(&v, "channel-open");
}

static void
a_tapped_card_is_no_visit(void **state)
{
	struct sample v = visit("2026-01-01T00:00:00+09:00");

	(void)state;
	v.a.evidence.kind = EVIDENCE_IC_CARD;
	v.a.holder.ic_chip = true;
	fails(&v, "channel-open");
	says("not a channel for this operation");
}

static void
only_a_refresh_goes_without_evidence(void **state)
{
	struct sample s = sample("2026-01-01T00:00:00+09:00");

	(void)state;
	s.a.evidence.kind = EVIDENCE_NONE;
	fails(&s, "channel-open");
	s.a.purpose = PURPOSE_REISSUE;
	fails(&s, "channel-open");
	s.a.purpose = PURPOSE_REFRESH;
	does_not_apply(&s, "channel-open");
	s.a.evidence.kind = EVIDENCE_IC_CARD;
	fails(&s, "channel-open");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nine_regions_open_with_the_pilot),
		cmocka_unit_test(each_province_opens_with_its_phase),
		cmocka_unit_test(districts_of_goyang_are_goyang),
		cmocka_unit_test(retired_codes_match_nothing),
		cmocka_unit_test(a_residence_has_five_or_ten_digits),
		cmocka_unit_test(
		    the_centre_is_in_the_municipality_until_march_28),
		cmocka_unit_test(districts_of_one_city_share_their_centres),
		cmocka_unit_test(a_tapped_card_needs_no_centre),
		cmocka_unit_test(tapping_opens_after_the_pilot),
		cmocka_unit_test(a_visit_is_always_a_channel),
		cmocka_unit_test(a_visit_names_its_centre),
		cmocka_unit_test(a_tapped_card_is_no_visit),
		cmocka_unit_test(only_a_refresh_goes_without_evidence),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
