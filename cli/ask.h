/*
 * Asking at the keyboard, or reading what a pipe says in its place.
 */
#ifndef OKSE_CLI_ASK_H
#define OKSE_CLI_ASK_H

#include "base/bytes.h"
#include "base/mem.h"

#define ASK_LINE 1024		/* bytes of an answer with its line end */

/*
 * One line from standard input, without its line end, appended. prompt goes to
 * standard error when that is asked by a person. ERR_NOT_FOUND at the end of
 * input; ERR_TOO_LARGE.
 */
[[nodiscard]] enum err ask_line(const char *prompt, struct bytes *out);
/* The same without echo, into a secret. */
[[nodiscard]] enum err ask_secret(const char *prompt,
    struct secret **out_secret);
/* From the terminal itself, whatever standard input is. */
[[nodiscard]] enum err ask_terminal_secret(const char *prompt,
    struct secret **out_secret);

#endif
