/*
 * What commands say: data on standard output, words on standard error.
 */
#ifndef OKSE_CLI_SAY_H
#define OKSE_CLI_SAY_H

#include <stdio.h>

#include "base/bytes.h"
#include "cli/command.h"

/* "okse: …" on standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Complains with what and err_why(); the exit status for e. */
int complain_err(const char *what, enum err e);
int exit_of(enum err e);
int exit_of_status(int http_status);

/* To standard output; an error there is found by finish(). */
void put_view(struct view v);
void put_line(struct view v);		/* with a line end */

/* Flushes standard output: status, or EXIT_FAILED when it was not written. */
int finish(int status);

/* Whether to colour: a terminal, and NO_COLOR is not set. */
bool coloured(FILE *to);
const char *paint(FILE *to, const char *code);	/* "\033[1m", or "" */
#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

/* A file, or standard input for NULL and "-". */
[[nodiscard]] enum err read_input(const char *path, size_t max,
    struct bytes *out);

#endif
