/*
 * The consoles of a ceremony: lines, for pipes, screen readers and logs, or the
 * whole screen of a terminal, for a room and its projector.
 */
#ifndef OKSE_CLI_CONSOLE_H
#define OKSE_CLI_CONSOLE_H

#include "ceremony/console.h"

/* language must outlive the console. */
struct console console_lines(enum language *language);

struct screen;
/*
 * Takes the terminal over until screen_close(), which leaves what was shown.
 * title stands in the first line.
 */
[[nodiscard]] enum err screen_open(const char *title, enum language language,
    struct screen **out_screen);
void screen_close(struct screen *s);
AUTO_DEFINE(screen, struct screen, screen_close);
struct console screen_console(struct screen *s);

/* One signature, by a process that alone sees the card and its PIN. */
[[nodiscard]] enum err console_sign(const struct participant *p,
    struct view statement, struct bytes *out_signature);

#endif
