/* The YAML reader: what it binds, and where it says what is wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/yaml.h"

enum colour { RED = 3, GREEN = 4, BLUE = 31 };

static const struct yaml_choice colours[] = {
	{ "red", RED }, { "green", GREEN }, { "blue", BLUE }, { 0 },
};

struct pair {
	const char	*key;
	int64_t		 value;
};

struct animal {
	const struct yaml_variant	*variant;
	const char			*name;
};

struct dog {
	struct animal	animal;
	int64_t		legs;
};

static const struct yaml_field animal_fields[] = {
	YAML_FIELD("name", struct animal, name, &YAML_STRING(16)),
	{ 0 },
};

static const struct yaml_field dog_fields[] = {
	YAML_FIELD("legs", struct dog, legs, &YAML_INT(0, 4)),
	{ 0 },
};

static const struct yaml_variant dog =
    { "dog", sizeof(struct dog), dog_fields };
static const struct yaml_variant snake =
    { "snake", sizeof(struct animal), NULL };
static const struct yaml_variant *const animals[] = { &dog, &snake, NULL };

struct all {
	const char	*text, *name, *absent, *fallback;
	struct yaml_reference reference;
	int64_t		 integer, any, instant, seconds, port;
	bool		 flag;
	struct date	 date;
	struct yaml_period period;
	int		 colour;
	uint32_t	 set;
	YAML_ARRAY(int64_t) list;
	YAML_ARRAY(struct pair) map;
	YAML_ARRAY(struct animal *) animals;
};

static enum err
even(struct yaml_mark at, const void *value)
{
	int64_t v;

	memcpy(&v, value, sizeof(v));
	return v % 2 == 0 ? ERR_OK :
	    yaml_error(at, "expected an even number, got an odd one");
}

#define OPTIONAL(key, member, type)                                           \
	YAML_FIELD(key, struct all, member, type, .optional = true)

static const struct yaml_field all_fields[] = {
	YAML_FIELD("text", struct all, text, &YAML_TYPE(.shape = YAML_TEXT,
	    .min = 2, .max = 5)),
	OPTIONAL("absent", absent, &YAML_STRING(5)),
	YAML_FIELD("fallback", struct all, fallback, &YAML_STRING(9),
	    .otherwise = "given"),
	YAML_FIELD("port", struct all, port, &YAML_INT(1, 65535),
	    .otherwise = "443"),
	OPTIONAL("name", name, &YAML_TYPE(.shape = YAML_NAME)),
	OPTIONAL("reference", reference, &YAML_TYPE(.shape = YAML_REFERENCE)),
	OPTIONAL("integer", integer, &YAML_TYPE(.shape = YAML_INTEGER,
	    .min = -2, .max = 99, .check = even)),
	OPTIONAL("any", any, &YAML_TYPE(.shape = YAML_INTEGER)),
	OPTIONAL("flag", flag, &YAML_TYPE(.shape = YAML_BOOLEAN)),
	OPTIONAL("date", date, &YAML_TYPE(.shape = YAML_DATE)),
	OPTIONAL("instant", instant, &YAML_TYPE(.shape = YAML_INSTANT)),
	OPTIONAL("seconds", seconds, &YAML_TYPE(.shape = YAML_SECONDS,
	    .min = 1, .max = 180)),
	OPTIONAL("period", period, &YAML_TYPE(.shape = YAML_PERIOD)),
	OPTIONAL("colour", colour, &YAML_ONE_OF(colours)),
	OPTIONAL("set", set, &YAML_SOME_OF(colours)),
	OPTIONAL("list", list, &YAML_LIST_OF(1, 3, &YAML_INT(0, 9))),
	OPTIONAL("map", map, &YAML_MAP_OF(1, 2, struct pair, key, value,
	    &YAML_INT(0, 9))),
	OPTIONAL("animals", animals, &YAML_LIST_OF(0, 9,
	    &YAML_TYPE(.shape = YAML_VARIANT, .tag = "kind",
	    .fields = animal_fields, .variants = animals))),
	{ 0 },
};

static const struct yaml_type all_type =
    { .shape = YAML_RECORD, .size = sizeof(struct all), .fields = all_fields };

static enum err
read_text(struct view text, struct yaml_doc **doc, struct all *out)
{
	enum err e = yaml_doc_parse("t.yaml", text, doc);

	return e != ERR_OK ? e : yaml_bind(*doc, &all_type, out);
}

static void
every_shape_is_bound(void **state)
{
	static const char text[] =
	    "# a comment\n"
	    "---\n"
	    "text: ab cd\n"
	    "name: resident-id\n"
	    "reference: some-set\n"
	    "integer: -2\n"
	    "any: -9223372036854775808\n"
	    "flag: true\n"
	    "date: 2024-02-29\n"
	    "instant: 2024-12-27T00:00:00+09:00\n"
	    "seconds: PT3M\n"
	    "period: P1Y6M2D\n"
	    "colour: green\n"
	    "set: [blue, red]\n"
	    "list: [7, 8]\n"
	    "map: {\"36110\": 1, b: 2}\n"
	    "animals:\n"
	    "  - {kind: dog, name: Rex, legs: 3}\n"
	    "  - kind: snake\n"
	    "    name: \"41\"\n"
	    "...\n";
	AUTO(yaml_doc) doc = NULL;
	struct all a = { 0 };
	const struct dog *rex;

	(void)state;
	if (read_text(VIEW(text, sizeof(text) - 1), &doc, &a) != ERR_OK)
		fail_msg("%s", err_why());
	assert_string_equal(a.text, "ab cd");
	assert_null(a.absent);
	assert_string_equal(a.fallback, "given");
	assert_int_equal(a.port, 443);
	assert_string_equal(a.name, "resident-id");
	assert_string_equal(a.reference.name, "some-set");
	assert_int_equal(a.reference.at.line, 5);
	assert_int_equal(a.reference.at.column, 12);
	assert_int_equal(a.integer, -2);
	assert_true(a.any == INT64_MIN);
	assert_true(a.flag);
	assert_int_equal(a.date.day, 29);
	assert_int_equal(a.instant, 1735225200);
	assert_int_equal(a.seconds, 180);
	assert_int_equal(a.period.years * 10000 + a.period.months * 100 +
	    a.period.days, 10602);
	assert_int_equal(a.colour, GREEN);
	assert_int_equal(a.set, UINT32_C(1) << RED | UINT32_C(1) << BLUE);
	assert_int_equal(a.list.count, 2);
	assert_int_equal(a.list.at[1], 8);
	assert_string_equal(a.map.at[0].key, "36110");
	assert_int_equal(a.map.at[1].value, 2);
	assert_int_equal(a.animals.count, 2);
	assert_ptr_equal(a.animals.at[0]->variant, &dog);
	rex = (const struct dog *)a.animals.at[0];
	assert_string_equal(rex->animal.name, "Rex");
	assert_int_equal(rex->legs, 3);
	assert_string_equal(a.animals.at[1]->name, "41");
}

/* Each with its place and a part of what it must say. */
static const struct bad {
	const char	*text;
	const char	*place;
	const char	*words;
} bad[] = {
	/* the document */
	{ "", "1:1", "got an empty file" },
	{ "# only a comment\n", "2:1", "got an empty file" },
	{ "text: ab\n---\ntext: ab\n", "2:1", "a second document" },
	{ "text: ab\n...\n---\ntext: ab\n", "3:1", "a second document" },
	{ "%YAML 1.1\n---\ntext: ab\n", "1:1", "a directive" },
	{ "%TAG ! tag:x,2000:\n---\ntext: ab\n", "1:1", "a directive" },
	{ "\xef\xbb\xbftext: ab\n", "1:1", "byte order mark" },
	{ "text: ab\nname: \xef\xbb\xbfx\n", "2:7", "byte order mark" },
	{ "text: a\xff\n", "1:8", "expected printable UTF-8" },
	{ "text: 대\xed\xa0\x80\n", "1:8", "expected printable UTF-8" },
	{ "text: \xc0\x80\n", "1:7", "expected printable UTF-8" },
	{ "text: ab\nname: a\x01\n", "2:8", "expected printable UTF-8" },
	{ "text: \"a\\0b\"\n", "1:7", "without control characters" },
	{ "text: \"a\\eb\"\n", "1:7", "without control characters" },
	{ "text: \"a\\tb\"\n", "1:7", "without control characters" },
	{ "text: [ab\n", "2:1", "well-formed YAML" },
	{ "text: ab: cd\n", "1:9", "well-formed YAML" },
	{ "text: \"ab\n", "2:1", "well-formed YAML" },
	{ "text: ab\n\tname: x\n", "2:1", "well-formed YAML" },
	{ "text: @ab\n", "1:7", "well-formed YAML" },
	/* what makes a document mean more than it says */
	{ "text: &a ab\n", "1:7", "an anchor" },
	{ "text: ab\nlist: &a [1]\n", "2:7", "an anchor" },
	{ "text: ab\nmap: &a {b: 1}\n", "2:6", "an anchor" },
	{ "&a text: ab\n", "1:1", "an anchor" },
	{ "text: *a\n", "1:7", "an alias" },
	{ "*a : ab\n", "1:1", "an alias" },
	{ "text: !!str ab\n", "1:7", "a tag" },
	{ "text: ! ab\n", "1:7", "a tag" },
	{ "text: ab\nlist: !x [1]\n", "2:7", "a tag" },
	{ "--- !x\ntext: ab\n", "1:5", "a tag" },
	{ "text: ab\nmap:\n  <<: {a: 1}\n", "3:3", "a merge key" },
	{ "? [a]\n: ab\n", "1:3", "a list or map" },
	{ "? {a: b}\n: ab\n", "1:3", "a list or map" },
	/* keys */
	{ "text: ab\ntext: cd\n", "2:1", "\"text\" again (first on line 1)" },
	{ "text: ab\nmap: {a: 1,\n a: 2}\n", "3:2", "first on line 2" },
	{ "text: ab\nunknown: 1\n", "2:1", "got \"unknown\"" },
	{ "text: ab\ncolor: red\n", "2:1", "did you mean \"colour\"?" },
	{ "text: ab\nlsit: [1]\n", "2:1", "did you mean \"list\"?" },
	{ "name: ab\n", "1:1", "expected the key \"text\"" },
	{ "- text\n", "1:1", "expected a map, got a list" },
	{ "text\n", "1:1", "expected a map, got text" },
	/* texts */
	{ "text:\n", "1:6", "got nothing" },
	{ "text: \"\"\n", "1:7", "got \"\"" },
	{ "text: [a]\n", "1:7", "expected a text, got a list" },
	{ "text: {a: b}\n", "1:7", "expected a text, got a map" },
	{ "text: a\n", "1:7", "2 to 5 bytes, got 1" },
	{ "text: abcdef\n", "1:7", "2 to 5 bytes, got 6" },
	{ "text: 010\n", "1:7", "quoted, or it reads as a number" },
	{ "text: 0x1F\n", "1:7", "quoted" },
	{ "text: 1_000\n", "1:7", "quoted" },
	{ "text: -1.5\n", "1:7", "quoted" },
	{ "text: 1e3\n", "1:7", "quoted" },
	{ "text: 12:30\n", "1:7", "quoted" },
	{ "text: 2024-12-27\n", "1:7", "quoted" },
	{ "text: .5\n", "1:7", "quoted" },
	{ "text: .inf\n", "1:7", "quoted" },
	{ "text: NO\n", "1:7", "reads as a boolean or null" },
	{ "text: true\n", "1:7", "quoted" },
	{ "text: ~\n", "1:7", "quoted" },
	{ "text: Null\n", "1:7", "quoted" },
	{ "text: ab\nname: Resident\n", "2:7", "begins with a letter" },
	{ "text: ab\nname: 1st\n", "2:7", "begins with a letter" },
	{ "text: ab\nname: a_b\n", "2:7", "begins with a letter" },
	{ "text: ab\nreference: 12\n", "2:12", "expected a name (quoted" },
	/* numbers and booleans */
	{ "text: ab\ninteger: 07\n", "2:10", "a decimal integer, got 07" },
	{ "text: ab\ninteger: 0x7\n", "2:10", "a decimal integer" },
	{ "text: ab\ninteger: 1_0\n", "2:10", "a decimal integer" },
	{ "text: ab\ninteger: +1\n", "2:10", "a decimal integer" },
	{ "text: ab\ninteger: -0\n", "2:10", "a decimal integer" },
	{ "text: ab\ninteger: 1.0\n", "2:10", "a decimal integer" },
	{ "text: ab\ninteger: \"1\"\n", "2:10", "integer, got \"1\"" },
	{ "text: ab\ninteger:\n", "2:9", "got nothing" },
	{ "text: ab\ninteger: [1]\n", "2:10", "got a list" },
	{ "text: ab\ninteger: -3\n", "2:10", "from -2 to 99, got -3" },
	{ "text: ab\ninteger: 100\n", "2:10", "from -2 to 99, got 100" },
	{ "text: ab\ninteger: 3\n", "2:10", "an even number" },
	{ "text: ab\nany: 9223372036854775808\n", "2:6", "decimal integer" },
	{ "text: ab\nany: -9223372036854775809\n", "2:6", "decimal integer" },
	{ "text: ab\nflag: yes\n", "2:7", "true or false, got yes" },
	{ "text: ab\nflag: True\n", "2:7", "true or false" },
	{ "text: ab\nflag: \"true\"\n", "2:7", "true or false, got \"true\"" },
	{ "text: ab\nflag: 1\n", "2:7", "true or false" },
	/* dates, times, durations */
	{ "text: ab\ndate: 2023-02-29\n", "2:7", "a date (YYYY-MM-DD)" },
	{ "text: ab\ndate: 2023-2-9\n", "2:7", "a date" },
	{ "text: ab\ndate: 20230209\n", "2:7", "a date" },
	{ "text: ab\ninstant: 2024-12-27\n", "2:10", "a time (RFC 3339" },
	{ "text: ab\ninstant: 2024-12-27T24:00:00Z\n", "2:10", "a time" },
	{ "text: ab\ninstant: 2024-12-27T00:00:00\n", "2:10", "a time" },
	{ "text: ab\nseconds: 30\n", "2:10", "a duration" },
	{ "text: ab\nseconds: PT\n", "2:10", "a duration" },
	{ "text: ab\nseconds: P\n", "2:10", "a duration" },
	{ "text: ab\nseconds: PT1S1M\n", "2:10", "a duration" },
	{ "text: ab\nseconds: PT01S\n", "2:10", "a duration" },
	{ "text: ab\nseconds: PT1.5S\n", "2:10", "a duration" },
	{ "text: ab\nseconds: P1M\n", "2:10", "without years or months" },
	{ "text: ab\nseconds: PT0S\n", "2:10", "1 to 180 seconds" },
	{ "text: ab\nseconds: PT181S\n", "2:10", "180 seconds, got PT181S" },
	{ "text: ab\nperiod: P3\n", "2:9", "a period of the calendar" },
	{ "text: ab\nperiod: P3YT1S\n", "2:9", "a period" },
	{ "text: ab\nperiod: P3YT0S\n", "2:9", "a period" },
	{ "text: ab\nperiod: P1001Y\n", "2:9", "a period" },
	{ "text: ab\nperiod: -P3Y\n", "2:9", "a period" },
	/* choices, sets, lists, maps, variants */
	{ "text: ab\ncolour: rde\n", "2:9", "green, blue, got \"rde\"; did" },
	{ "text: ab\ncolour: pink\n", "2:9", "one of red, green, blue" },
	{ "text: ab\ncolour: off\n", "2:9", "reads as a boolean" },
	{ "text: ab\nset: red\n", "2:6", "a list of at least one" },
	{ "text: ab\nset: []\n", "2:6", "a list of at least one" },
	{ "text: ab\nset: [red, blue, red]\n", "2:18", "\"red\" again" },
	{ "text: ab\nset: [red, bleu]\n", "2:12", "did you mean \"blue\"?" },
	{ "text: ab\nlist: 1\n", "2:7", "expected a list, got 1" },
	{ "text: ab\nlist: []\n", "2:7", "1 to 3 items, got 0" },
	{ "text: ab\nlist: [1,2,3,4]\n", "2:7", "1 to 3 items, got 4" },
	{ "text: ab\nlist: [1,\n   10]\n", "3:4", "from 0 to 9, got 10" },
	{ "text: ab\nmap: {}\n", "2:6", "1 to 2 entries, got 0" },
	{ "text: ab\nmap: {a: 1, b: 2, c: 3}\n", "2:6", "entries, got 3" },
	{ "text: ab\nmap: {36110: 1}\n", "2:7", "quoted" },
	{ "text: ab\nmap: {no: 1}\n", "2:7", "quoted" },
	{ "text: ab\nmap: [a]\n", "2:6", "expected a map" },
	{ "text: ab\nanimals: [{name: x}]\n", "2:11", "the key \"kind\"" },
	{ "text: ab\nanimals: [{kind: dgo, name: x}]\n", "2:18",
	    "known kind, got \"dgo\"; did you mean \"dog\"?" },
	{ "text: ab\nanimals: [{kind: [], name: x}]\n", "2:18", "a list" },
	{ "text: ab\nanimals: [dog]\n", "2:11", "expected a map" },
	{ "text: ab\nanimals: [{kind: dog, name: x}]\n", "2:11", "\"legs\"" },
	{ "text: ab\nanimals: [{kind: snake, name: x, legs: 1}]\n", "2:34",
	    "got \"legs\"" },
	{ "text: ab\nanimals: [{kind: dog, name: x, legs: 5}]\n", "2:38",
	    "from 0 to 4, got 5" },
};

static void
every_mistake_is_named_with_its_place(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO(yaml_doc) doc = NULL;
		struct all a = { 0 };
		char place[32];
		enum err e = read_text(view_text(bad[i].text), &doc, &a);

		snprintf(place, sizeof(place), "t.yaml:%s: expected ",
		    bad[i].place);
		if (e != ERR_OK && strncmp(err_why(), place,
		    strlen(place)) == 0 && strstr(err_why(), bad[i].words))
			continue;
		print_error("%s\n  wanted %s … %s\n  got %s\n", bad[i].text,
		    place, bad[i].words, e != ERR_OK ? err_why() : "no error");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* times copies of unit between head and tail */
static enum err
read_repeated(const char *head, const char *unit, size_t times,
    const char *tail)
{
	AUTO_DONE(bytes) b = { 0 };
	AUTO(yaml_doc) doc = NULL;
	struct all a = { 0 };

	bytes_put_text(&b, head);
	for (size_t i = 0; i < times; i++)
		bytes_put_text(&b, unit);
	bytes_put_text(&b, tail);
	assert_int_equal(bytes_check(&b), ERR_OK);
	return read_text(bytes_view(&b), &doc, &a);
}

static void
depth_ends_at_32(void **state)
{
	(void)state;
	/* the map is the first level; 31 lists follow */
	assert_int_equal(read_repeated("text: ", "[", 31, "\n"), ERR_SYNTAX);
	assert_int_equal(read_repeated("text: ", "[", 32, "\n"),
	    ERR_TOO_LARGE);
	assert_string_equal(err_why(),
	    "t.yaml:1:38: expected at most 32 levels, got one more");
	assert_int_equal(read_repeated("", "[", 1000000, ""), ERR_TOO_LARGE);
	assert_int_equal(read_repeated("", "{a: ", 250000, ""),
	    ERR_TOO_LARGE);
	assert_int_equal(read_repeated("", "- ", 500000, "a"), ERR_TOO_LARGE);
	assert_int_equal(read_repeated("", "? ", 500000, "a"), ERR_SYNTAX);
}

static void
a_file_ends_at_one_mebibyte(void **state)
{
	size_t rest = YAML_FILE_SIZE - strlen("text: ab\n#");

	(void)state;
	assert_int_equal(read_repeated("text: ab\n#", "x", rest, ""), ERR_OK);
	assert_int_equal(read_repeated("text: ab\n#", "x", rest + 1, ""),
	    ERR_TOO_LARGE);
	assert_non_null(strstr(err_why(), "1048576 bytes, got 1048577"));
}

static void
a_scalar_ends_at_4096_bytes(void **state)
{
	(void)state;
	assert_int_equal(read_repeated("text: ", "x", 4096, ""), ERR_SCHEMA);
	assert_int_equal(read_repeated("text: ", "x", 4097, ""),
	    ERR_TOO_LARGE);
	assert_int_equal(read_repeated("text: \"", "x", 1048000, "\""),
	    ERR_TOO_LARGE);
}

static void
a_document_ends_at_100000_nodes(void **state)
{
	(void)state;
	/* the map, two keys, "ab", the list, and its items */
	assert_int_equal(read_repeated("text: ab\nlist: [", "1,", 99995, "]"),
	    ERR_SCHEMA);
	assert_int_equal(read_repeated("text: ab\nlist: [", "1,", 99996, "]"),
	    ERR_TOO_LARGE);
}

static void
forty_thousand_keys_are_compared_quickly(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	AUTO(yaml_doc) doc = NULL;
	struct all a = { 0 };

	(void)state;
	for (int i = 0; i < 40000; i++)
		bytes_printf(&b, "k%d: a\n", i);
	bytes_put_text(&b, "k7: a\n");
	assert_int_equal(read_text(bytes_view(&b), &doc, &a), ERR_SCHEMA);
	assert_non_null(strstr(err_why(), "t.yaml:40001:1: "));
	assert_non_null(strstr(err_why(), "first on line 8"));
}

static void
a_missing_file_is_named(void **state)
{
	AUTO(yaml_doc) doc = NULL;

	(void)state;
	assert_int_equal(yaml_doc_read("/nonexistent/x.yaml", &doc),
	    ERR_NOT_FOUND);
	assert_null(doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_is_bound),
		cmocka_unit_test(every_mistake_is_named_with_its_place),
		cmocka_unit_test(depth_ends_at_32),
		cmocka_unit_test(a_file_ends_at_one_mebibyte),
		cmocka_unit_test(a_scalar_ends_at_4096_bytes),
		cmocka_unit_test(a_document_ends_at_100000_nodes),
		cmocka_unit_test(forty_thousand_keys_are_compared_quickly),
		cmocka_unit_test(a_missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
