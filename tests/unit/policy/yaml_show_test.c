/* What was bound is told again as it was written, and parts bound later. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy/yaml_show.h"

static const struct yaml_choice colours[] = {
	{ "red", 3 }, { "green", 4 }, { "blue", 31 }, { 0 },
};

struct pair {
	const char	*key;
	int64_t		 value;
};

struct thing {
	const struct yaml_variant	*variant;
	bool				 wet;
};

struct all {
	const char	*text;
	struct view	 view;
	struct yaml_reference reference;
	int64_t		 integer, instant, seconds;
	bool		 flag;
	struct date	 date;
	struct yaml_period period;
	int		 colour;
	uint32_t	 set;
	YAML_ARRAY(int64_t) list;
	YAML_ARRAY(struct pair) map;
	struct thing	*thing;
	struct yaml_part part;
};

static const struct yaml_field thing_fields[] = {
	YAML_FIELD("wet", struct thing, wet,
	    &YAML_TYPE(.shape = YAML_BOOLEAN), .otherwise = "true"),
	{ 0 },
};
static const struct yaml_variant sea =
    { "sea", sizeof(struct thing), thing_fields };
static const struct yaml_variant *const things[] = { &sea, NULL };

#define FIELD(key, member, ...)                                               \
	YAML_FIELD(key, struct all, member, &YAML_TYPE(__VA_ARGS__),          \
	    .optional = true)

static const struct yaml_field fields[] = {
	FIELD("text", text, .shape = YAML_TEXT),
	FIELD("view", view, .shape = YAML_VIEW, .max = 5),
	FIELD("reference", reference, .shape = YAML_REFERENCE),
	FIELD("integer", integer, .shape = YAML_INTEGER),
	FIELD("instant", instant, .shape = YAML_INSTANT),
	FIELD("seconds", seconds, .shape = YAML_SECONDS),
	FIELD("flag", flag, .shape = YAML_BOOLEAN),
	FIELD("date", date, .shape = YAML_DATE),
	FIELD("period", period, .shape = YAML_PERIOD),
	FIELD("colour", colour, .shape = YAML_CHOICE, .choices = colours),
	FIELD("set", set, .shape = YAML_SET, .choices = colours),
	FIELD("list", list, .shape = YAML_LIST, .item = &YAML_INT(0, 9)),
	YAML_FIELD("map", struct all, map, &YAML_MAP_OF(1, 3, struct pair,
	    key, value, &YAML_INT(0, 9)), .optional = true),
	FIELD("thing", thing, .shape = YAML_VARIANT, .tag = "kind",
	    .variants = things),
	FIELD("part", part, .shape = YAML_PART),
	{ 0 },
};

static const struct yaml_type all_type =
    { .shape = YAML_RECORD, .size = sizeof(struct all), .fields = fields };

static enum err
bind(const char *text, struct yaml_doc **doc, struct all *out)
{
	enum err e = yaml_doc_parse("t.yaml", view_text(text), doc);

	return e != ERR_OK ? e : yaml_bind(*doc, &all_type, out);
}

static void
shown(const char *text, const char *wanted)
{
	AUTO(yaml_doc) doc = NULL;
	AUTO_DONE(bytes) out = { 0 };
	struct all a = { 0 };
	struct json j = json_start(&out);

	if (bind(text, &doc, &a) != ERR_OK)
		fail_msg("%s", err_why());
	json_record(&j, NULL);
	yaml_show_fields(&j, fields, &a);
	json_close(&j);
	assert_int_equal(json_end(&j), ERR_OK);
	assert_string_equal(bytes_text(&out), wanted);
}

static void
every_shape_is_told_as_it_is_written(void **state)
{
	(void)state;
	shown("{ text: a, view: bc, reference: d, integer: -7, flag: true }",
	    "{\"text\":\"a\",\"view\":\"bc\",\"reference\":\"d\","
	    "\"integer\":-7,\"flag\":true}");
	shown("{ date: 2024-02-29, instant: 2024-12-26T15:00:00Z }",
	    "{\"instant\":\"2024-12-27T00:00:00+09:00\","
	    "\"date\":\"2024-02-29\"}");
	shown("{ colour: blue, set: [blue, red] }",
	    "{\"colour\":\"blue\",\"set\":[\"red\",\"blue\"]}");
	shown("{ list: [1, 2], map: { b: 1, a: 2 } }",
	    "{\"list\":[1,2],\"map\":{\"b\":1,\"a\":2}}");
	shown("{ thing: { kind: sea } }",
	    "{\"thing\":{\"kind\":\"sea\",\"wet\":true}}");
}

static void
what_was_left_out_is_left_out(void **state)
{
	(void)state;
	shown("{}", "{}");
	/* the fields are optional: zero is the same as nothing */
	shown("{ flag: false, integer: 0, part: { a: 1 } }", "{}");
}

static void
periods_and_durations_have_one_form(void **state)
{
	(void)state;
	shown("{ seconds: PT1S }", "{\"seconds\":\"PT1S\"}");
	shown("{ seconds: PT180S }", "{\"seconds\":\"PT3M\"}");
	shown("{ seconds: PT24H }", "{\"seconds\":\"P1D\"}");
	shown("{ seconds: P1DT1H1M1S }", "{\"seconds\":\"P1DT1H1M1S\"}");
	shown("{ period: P1Y }", "{\"period\":\"P1Y\"}");
	shown("{ period: P2M3D }", "{\"period\":\"P2M3D\"}");
}

static void
a_part_is_bound_later_over_what_is_there(void **state)
{
	AUTO(yaml_doc) doc = NULL;
	struct all a = { 0 };
	struct all b = { .integer = 1, .text = "kept" };

	(void)state;
	if (bind("part: { integer: 2, view: x }", &doc, &a) != ERR_OK)
		fail_msg("%s", err_why());
	assert_int_equal(a.part.at.line, 1);
	assert_int_equal(a.part.at.column, 7);
	assert_int_equal(yaml_bind_part(doc, &a.part, &all_type, &b), ERR_OK);
	assert_int_equal(b.integer, 2);
	assert_string_equal(b.text, "kept");
	assert_true(view_is(b.view, "x"));
	/* an absent part changes nothing */
	assert_int_equal(yaml_bind_part(doc, &b.part, &all_type, &b), ERR_OK);
	assert_int_equal(b.integer, 2);
}

static void
a_part_is_bound_as_strictly_as_the_rest(void **state)
{
	AUTO(yaml_doc) doc = NULL;
	AUTO(yaml_doc) other = NULL;
	struct all a = { 0 }, b = { 0 };

	(void)state;
	assert_int_equal(bind("part: { integr: 2 }", &doc, &a), ERR_OK);
	assert_int_equal(yaml_bind_part(doc, &a.part, &all_type, &b),
	    ERR_SCHEMA);
	assert_string_equal(err_why(), "t.yaml:1:9: expected a known key, got "
	    "\"integr\"; did you mean \"integer\"?");
	assert_int_equal(bind("part: { view: abcdef }", &other, &a), ERR_OK);
	assert_int_equal(yaml_bind_part(other, &a.part, &all_type, &b),
	    ERR_SCHEMA);
	assert_non_null(strstr(err_why(), "a text of 0 to 5 bytes, got 6"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_is_told_as_it_is_written),
		cmocka_unit_test(what_was_left_out_is_left_out),
		cmocka_unit_test(periods_and_durations_have_one_form),
		cmocka_unit_test(a_part_is_bound_later_over_what_is_there),
		cmocka_unit_test(a_part_is_bound_as_strictly_as_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
