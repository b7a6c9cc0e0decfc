/*
 * What may be typed after okse, and what is said about the rest.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "cli/command.h"

static const struct arguments *seen;
static const char *name, *list[3], *word[3];
static bool flag;
static size_t many;
static const struct command *misused;

static int
note_all(const struct arguments *a)
{
	seen = a;
	flag = option_given(a, "flag");
	name = option_value(a, "name", "nobody");
	for (size_t i = 0; i < COUNT(list); i++) {
		list[i] = option_nth(a, "name", i);
		word[i] = argument(a, i);
	}
	return 42;
}

static int
note_many(const struct arguments *a)
{
	seen = a;
	for (many = 0; argument(a, many) != NULL; many++)
		continue;
	return 43;
}

static const struct option options[] = {
	{ "flag", NULL, "a flag" },
	{ "name", "NAME", "a name" },
	{ 0 },
};

static const struct command table[] = {
	{ "plain", "", "Takes nothing.", "okse plain", NULL, note_all },
	{ "log show", "DIR [FILE]", "Takes one or two.", "okse log show x",
	    options, note_all },
	{ "many", "INDEX…", "Takes one or more.", "okse many 1", NULL,
	    note_many },
	{ "group one", "", "Of a group.", "okse group one", NULL, note_all },
	{ "log", "[FILE]", "The shorter name of the two.", "okse log",
	    options, note_all },
	{ 0 },
};

#define RUN(...)                                                              \
	run((const char *[]){ "okse", __VA_ARGS__, NULL })

static int
run(const char *const words[])
{
	char copies[8][64], *argv[9] = { NULL };
	int argc = 0;

	seen = NULL;
	misused = NULL;
	for (; words[argc] != NULL; argc++) {
		strncpy(copies[argc], words[argc], sizeof(copies[argc]) - 1);
		copies[argc][sizeof(copies[argc]) - 1] = '\0';
		argv[argc] = copies[argc];
	}
	int status = command_run(table, argc, argv, &misused);

	/* the words are gone now: keep what points into them from use */
	for (size_t i = 0; i < COUNT(word); i++)
		word[i] = word[i] != NULL ? "given" : NULL;
	return status;
}

static void
a_command_is_found_by_its_words(void **state)
{
	(void)state;
	assert_int_equal(RUN("log", "show", "x"), 42);
	assert_non_null(seen);
	assert_non_null(word[0]);
	assert_null(word[1]);
}

static void
too_few_or_too_many_words_are_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(RUN("log", "show"), EXIT_USAGE);
	assert_int_equal(RUN("log", "show", "a", "b"), 42);
	assert_int_equal(RUN("log", "show", "a", "b", "c"), EXIT_USAGE);
	assert_int_equal(RUN("plain", "a"), EXIT_USAGE);
	assert_null(seen);
}

static void
a_command_may_take_any_number_of_words_and_none_is_dropped(void **state)
{
	static char one[] = "1", name_[] = "many", okse[] = "okse";
	char *argv[260] = { okse, name_ };

	(void)state;
	assert_int_equal(RUN("many"), EXIT_USAGE);
	assert_int_equal(RUN("many", "1"), 43);
	assert_int_equal(many, 1);
	for (int i = 2; i < 260; i++)
		argv[i] = one;
	assert_int_equal(command_run(table, 258, argv, &misused), 43);
	assert_int_equal(many, 256);
	assert_int_equal(command_run(table, 259, argv, &misused), EXIT_USAGE);
}

static int
values_are_as_given(const struct arguments *a)
{
	assert_string_equal(option_value(a, "name", "nobody"), "c");
	assert_string_equal(option_nth(a, "name", 0), "b");
	assert_string_equal(option_nth(a, "name", 1), "c");
	assert_null(option_nth(a, "name", 2));
	assert_true(option_given(a, "flag"));
	assert_string_equal(argument(a, 0), "--flag");
	return 0;
}

static void
options_take_values_in_both_forms_and_end_at_two_dashes(void **state)
{
	static const struct command one[] = {
		{ "x", "WORD", "", "", options, values_are_as_given },
		{ 0 },
	};
	char argv[][16] = { "okse", "x", "--name", "b", "--name=c", "--flag",
	    "--", "--flag" };
	char *pointers[COUNT(argv) + 1] = { NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(argv); i++)
		pointers[i] = argv[i];
	assert_int_equal(command_run(one, COUNT(argv), pointers,
	    &misused), 0);
}

static void
an_option_left_out_has_its_other_value(void **state)
{
	(void)state;
	assert_int_equal(RUN("log", "show", "x"), 42);
	assert_string_equal(name, "nobody");
	assert_false(flag);
	assert_null(list[0]);
}

static void
mistakes_in_options_are_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(RUN("log", "show", "--nam", "x"), EXIT_USAGE);
	assert_int_equal(RUN("log", "show", "x", "--name"), EXIT_USAGE);
	assert_int_equal(RUN("log", "show", "x", "--flag=1"), EXIT_USAGE);
	assert_int_equal(RUN("log", "show", "x", "-f"), EXIT_USAGE);
	assert_ptr_equal(misused, &table[1]);
	assert_int_equal(RUN("plain", "--name", "x"), EXIT_USAGE);
	assert_ptr_equal(misused, &table[0]);
	assert_null(seen);
}

static void
unknown_commands_and_bare_groups_are_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(RUN("plan"), EXIT_USAGE);
	assert_null(misused);
	assert_int_equal(RUN("plainer"), EXIT_USAGE);
	assert_int_equal(RUN("group"), EXIT_USAGE);
	assert_int_equal(RUN("group", "two"), EXIT_USAGE);
	assert_int_equal(command_run(table, 1, (char *[]){ NULL, NULL },
	    &misused), EXIT_USAGE);
}

static void
numbers_are_decimal_and_bounded(void **state)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1",
	    "01", "9223372036854775808", "18446744073709551616" };
	uint64_t n = 0;

	(void)state;
	assert_int_equal(number_given(NULL, 7, &n), ERR_OK);
	assert_int_equal(n, 7);
	assert_int_equal(number_given("0", 7, &n), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(number_given("9223372036854775807", 7, &n), ERR_OK);
	assert_true(n == INT64_MAX);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(number_given(bad[i], 7, &n), ERR_SYNTAX);
	assert_true(n == INT64_MAX);
}

static void
help_is_done_and_runs_nothing(void **state)
{
	(void)state;
	assert_int_equal(RUN("--help"), EXIT_DONE);
	assert_int_equal(RUN("log", "show", "--help"), EXIT_DONE);
	assert_int_equal(RUN("group", "--help"), EXIT_DONE);
	assert_null(seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_found_by_its_words),
		cmocka_unit_test(too_few_or_too_many_words_are_wrong_usage),
		cmocka_unit_test(
		    a_command_may_take_any_number_of_words_and_none_is_dropped),
		cmocka_unit_test(
		    options_take_values_in_both_forms_and_end_at_two_dashes),
		cmocka_unit_test(an_option_left_out_has_its_other_value),
		cmocka_unit_test(mistakes_in_options_are_wrong_usage),
		cmocka_unit_test(
		    unknown_commands_and_bare_groups_are_wrong_usage),
		cmocka_unit_test(numbers_are_decimal_and_bounded),
		cmocka_unit_test(help_is_done_and_runs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
