/*
 * A command of okse: a row of the table in okse.c, which gives what --help
 * prints and what the arguments may be; run() gets them checked.
 */
#ifndef OKSE_CLI_COMMAND_H
#define OKSE_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum exit_code {
	EXIT_DONE,
	EXIT_FAILED,
	EXIT_USAGE,
	EXIT_REFUSED,	/* by the policy */
	EXIT_AWAY,	/* unavailable or sealed */
	EXIT_CONFLICT,
};

struct option {		/* tables end with { 0 } */
	const char	*name;		/* "share" for --share */
	const char	*value;		/* what it takes, or NULL: a flag */
	const char	*about;
};

struct arguments;

struct command {	/* tables end with { 0 } */
	const char		*name;		/* "audit verify" */
	const char		*words;		/* "DIR [FILE]", "INDEX…", "" */
	const char		*about;		/* one line */
	const char		*example;	/* the line after the prompt */
	const struct option	*options;	/* or NULL */
	int			(*run)(const struct arguments *a);
};

/*
 * The command that argv names, its arguments checked, run: the exit status.
 * Mistakes and --help are answered here; *out_misused is the command whose
 * arguments were wrong, untouched otherwise.
 */
int command_run(const struct command *table, int argc, char *argv[],
    const struct command **out_misused);

/* What was given. Asking for an option the command does not have is a bug. */
bool option_given(const struct arguments *a, const char *name);
/* The last value given, or otherwise. */
const char *option_value(const struct arguments *a, const char *name,
    const char *otherwise);
/* The i-th value given, or NULL: for options that may be repeated. */
const char *option_nth(const struct arguments *a, const char *name, size_t i);
/* The i-th word, or NULL. */
const char *argument(const struct arguments *a, size_t i);
/* Decimal, or otherwise when text is NULL; ERR_SYNTAX, also over INT64_MAX. */
[[nodiscard]] enum err number_given(const char *text, uint64_t otherwise,
    uint64_t *out);

#endif
