/*
 * From argv to the row of the table it names. Arguments come from the person
 * at the keyboard; nothing secret may be among them (they are visible to
 * everybody in /proc). Next: the commands' own files.
 */
#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "cli/say.h"

#define GIVEN_MAX 64
#define WORDS_MAX 256

struct given {
	const struct option	*option;
	const char		*value;
};

struct arguments {
	const struct command	*command;
	size_t			 given_count;
	struct given		 given[GIVEN_MAX];
	size_t			 word_count;
	const char		*words[WORDS_MAX];
};

static const struct option common[] = {
	{ "help", NULL, "print this" },
	{ 0 },
};

/* ---- help */

/* The word that commands of a group share; a command of one word has none. */
static size_t
group_length(const struct command *c)
{
	const char *blank = strchr(c->name, ' ');

	return blank != NULL ? (size_t)(blank - c->name) : 0;
}

static bool
same_group(const struct command *a, const struct command *b)
{
	size_t n = group_length(a);

	return n == group_length(b) && strncmp(a->name, b->name, n) == 0;
}

static void
print_table(const struct command *table, FILE *to)
{
	fprintf(to, "usage: okse COMMAND [--OPTION …] [ARGUMENT …]\n");
	for (const struct command *c = table; c->name != NULL; c++) {
		if (c == table || !same_group(c, c - 1))
			fprintf(to, "\n");
		fprintf(to, "  %-22s %s\n", c->name, c->about);
	}
	fprintf(to, "\n`okse COMMAND --help` shows its options and an "
	    "example.\n");
}

static void
print_usage(const struct command *c, FILE *to)
{
	fprintf(to, "usage: okse %s", c->name);
	for (const struct option *o = c->options; o != NULL && o->name; o++)
		fprintf(to, o->value != NULL ? " [--%s %s]" : " [--%s]",
		    o->name, o->value);
	fprintf(to, "%s%s\n", *c->words != '\0' ? " " : "", c->words);
}

static void
print_help(const struct command *c)
{
	print_usage(c, stdout);
	printf("\n%s\n", c->about);
	if (c->options != NULL)
		printf("\n");
	for (const struct option *o = c->options; o != NULL && o->name; o++)
		printf("  --%s %-*s %s\n", o->name,
		    (int)(18 - (int)strlen(o->name)),
		    o->value != NULL ? o->value : "", o->about);
	printf("\nexample:\n  %s\n", c->example);
}

/* ---- which command */

/* How many words of argv name the command; 0: they do not. */
static int
matches(const struct command *c, int argc, char *argv[])
{
	const char *name = c->name;
	int n = 0;

	while (*name != '\0') {
		size_t len = strcspn(name, " ");

		if (n == argc || strlen(argv[n]) != len ||
		    strncmp(argv[n], name, len) != 0)
			return 0;
		name += len + (name[len] == ' ');
		n++;
	}
	return n;
}

/* The commands of a group; false when none is of this name. */
static bool
print_group(const struct command *table, const char *name, FILE *to)
{
	size_t len = strlen(name);
	bool group = false;

	for (const struct command *c = table; c->name != NULL; c++) {
		if (strncmp(c->name, name, len) != 0 || c->name[len] != ' ')
			continue;
		if (!group)
			fprintf(to, "usage: okse %s COMMAND [--OPTION …] "
			    "[ARGUMENT …]\n\n", name);
		group = true;
		fprintf(to, "  %-22s %s\n", c->name, c->about);
	}
	return group;
}

/* What there is instead; asked for with --help it is no mistake. */
static int
unknown_command(const struct command *table, int argc, char *argv[])
{
	const char *next = argc > 2 ? argv[2] : NULL;
	bool help = next != NULL && (strcmp(next, "--help") == 0 ||
	    strcmp(next, "help") == 0);

	if (print_group(table, argv[1], help ? stdout : stderr)) {
		if (!help && next != NULL)
			complain("there is no command '%s %s'", argv[1],
			    next);
		return help ? EXIT_DONE : EXIT_USAGE;
	}
	complain("there is no command '%s'; okse --help lists them", argv[1]);
	return EXIT_USAGE;
}

/* ---- its arguments */

static const struct option *
find_option(const struct option *table, const char *name, size_t len)
{
	for (const struct option *o = table; o != NULL && o->name; o++)
		if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

/* Takes "--name value" or "--name=value"; false after a complaint. */
static bool
take_option(struct arguments *a, char *argv[], int argc, int *at)
{
	const char *name = argv[*at] + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	const struct option *o = find_option(a->command->options, name, len);

	if (o == NULL)
		o = find_option(common, name, len);
	if (o == NULL || a->given_count == GIVEN_MAX) {
		complain(o == NULL ? "there is no option --%.*s here"
		    : "too many options at --%.*s", (int)len, name);
		return false;
	}
	if (o->value != NULL && value == NULL && *at + 1 < argc)
		value = argv[++*at];
	if ((o->value == NULL) != (value == NULL)) {
		complain(o->value != NULL ? "--%s needs a value"
		    : "--%s takes no value", o->name);
		return false;
	}
	a->given[a->given_count++] = (struct given){ o, value };
	return true;
}

static bool
take_arguments(struct arguments *a, int argc, char *argv[])
{
	bool options = true;

	for (int i = 0; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && strncmp(argv[i], "--", 2) == 0) {
			if (!take_option(a, argv, argc, &i))
				return false;
		} else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
			complain("options have two dashes: %s", argv[i]);
			return false;
		} else if (a->word_count < WORDS_MAX) {
			a->words[a->word_count++] = argv[i];
		} else {
			complain("more than %d words at a time", WORDS_MAX);
			return false;
		}
	}
	return true;
}

/* "DIR [FILE]" wants one word and takes two, "INDEX…" one or more. */
static bool
words_fit(const struct arguments *a)
{
	static const char more[] = "…";
	size_t least = 0, most = 0, n;

	for (const char *w = a->command->words; *w != '\0';) {
		least += *w != '[';
		most++;
		w += (n = strcspn(w, " "));
		if (n >= strlen(more) && strncmp(w - strlen(more), more,
		    strlen(more)) == 0)
			most = WORDS_MAX;
		w += *w == ' ';
	}
	return a->word_count >= least && a->word_count <= most;
}

static int
misuse(const struct command *c, const struct command **out_misused)
{
	*out_misused = c;
	return EXIT_USAGE;
}

int
command_run(const struct command *table, int argc, char *argv[],
    const struct command **out_misused)
{
	struct arguments a = { 0 };
	int named = 0;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_table(table, argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : EXIT_DONE;
	}
	for (a.command = table; a.command->name != NULL; a.command++)
		if ((named = matches(a.command, argc - 1, argv + 1)) > 0)
			break;
	if (a.command->name == NULL)
		return unknown_command(table, argc, argv);
	if (!take_arguments(&a, argc - 1 - named, argv + 1 + named))
		return misuse(a.command, out_misused);
	if (option_given(&a, "help")) {
		print_help(a.command);
		return EXIT_DONE;
	}
	if (!words_fit(&a)) {
		print_usage(a.command, stderr);
		return misuse(a.command, out_misused);
	}
	return finish(a.command->run(&a));
}

/* ---- what was given */

const char *
option_nth(const struct arguments *a, const char *name, size_t i)
{
	for (size_t g = 0; g < a->given_count; g++)
		if (strcmp(a->given[g].option->name, name) == 0 && i-- == 0)
			return a->given[g].value != NULL
			    ? a->given[g].value : "";
	if (find_option(a->command->options, name, strlen(name)) == NULL &&
	    find_option(common, name, strlen(name)) == NULL)
		abort();	/* a command asks for what it does not offer */
	return NULL;
}

bool
option_given(const struct arguments *a, const char *name)
{
	return option_nth(a, name, 0) != NULL;
}

const char *
option_value(const struct arguments *a, const char *name,
    const char *otherwise)
{
	const char *value = otherwise, *next;

	for (size_t i = 0; (next = option_nth(a, name, i)) != NULL; i++)
		value = next;
	return value;
}

const char *
argument(const struct arguments *a, size_t i)
{
	return i < a->word_count ? a->words[i] : NULL;
}

enum err
number_given(const char *text, uint64_t otherwise, uint64_t *out)
{
	struct reader r;
	uint64_t number;

	if (text == NULL) {
		*out = otherwise;
		return ERR_OK;
	}
	r = reader_of(view_text(text));
	number = reader_decimal(&r, INT64_MAX);
	if (r.failed || r.rest.len != 0)
		return err_because(ERR_SYNTAX, "expected a number from 0 to "
		    "%" PRId64, INT64_MAX);
	*out = number;
	return ERR_OK;
}
