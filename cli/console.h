/*
 * The console of a ceremony on a terminal, or a pipe in its place.
 */
#ifndef OKSE_CLI_CONSOLE_H
#define OKSE_CLI_CONSOLE_H

#include "ceremony/console.h"

struct console console_lines(void);

#endif
