/*
 * A ceremony on a whole terminal, 80 by 24 or larger: where it is in the first
 * line, what was said below, the question and its answer at the foot. Plain
 * ECMA-48 sequences that every terminal knows; nothing moves but what is new.
 * Next: ceremony/attend.c, which asks.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/console.h"
#include "cli/say.h"

#define LINES_KEPT 512
#define LEAVE "\033[?1049l\033[?25h"

struct screen {
	enum language	 language;
	char		 title[128], where[160];
	size_t		 first, count;		/* a ring of lines */
	struct bytes	 lines[LINES_KEPT];
	unsigned short	 rows, columns;
};

/* ---- widths */

/* One character of valid UTF-8; its bytes and columns. */
static size_t
character(struct view v, size_t *out_columns)
{
	uint8_t c = v.at[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t code = n == 3 ? (uint32_t)(c & 0x0f) << 12 |
	    (uint32_t)(v.at[1] & 0x3f) << 6 | (v.at[2] & 0x3f) : c;

	/* Hangul, CJK and full-width forms (UAX 11) take two */
	*out_columns = n == 3 && ((code >= 0x1100 && code <= 0x115f) ||
	    (code >= 0x2e80 && code <= 0xd7a3) ||
	    (code >= 0xff00 && code <= 0xff60)) ? 2 : 1;
	return n;
}

/* How much of the text fits into so many columns. */
static struct view
fit(struct view text, size_t columns)
{
	size_t used = 0, at = 0;

	while (at < text.len) {
		size_t wide, n = character(VIEW(text.at + at, text.len - at),
		    &wide);

		if (used + wide > columns || at + n > text.len)
			break;
		used += wide;
		at += n;
	}
	return VIEW(text.at, at);
}

/* ---- drawing */

static void
measure(struct screen *s)
{
	struct winsize w = { 0 };

	s->rows = 24;
	s->columns = 80;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row >= 10 &&
	    w.ws_col >= 40) {
		s->rows = w.ws_row;
		s->columns = w.ws_col;
	}
}

static void
put_at(unsigned int row, struct view text)
{
	printf("\033[%u;2H\033[K%.*s", row, (int)text.len,
	    (const char *)text.at);
}

static void
draw_bar(const struct screen *s)
{
	AUTO_DONE(bytes) bar = { 0 };

	bytes_printf(&bar, "Okse   %s   %s", s->title, s->where);
	printf("\033[1;1H%s\033[K", paint(stdout, "\033[7m"));
	put_at(1, fit(bytes_view(&bar), (size_t)s->columns - 2));
	printf("%s", paint(stdout, PLAIN));
}

static void
draw_foot(const struct screen *s, const char *question)
{
	static const char words[] = "exception   break   abort";

	put_at((unsigned int)s->rows - 3, fit(view_text(""), 1));
	printf("%s", paint(stdout, BOLD));
	put_at((unsigned int)s->rows - 2, fit(view_text(question),
	    (size_t)s->columns - 2));
	printf("%s%s", paint(stdout, PLAIN), paint(stdout, DIM));
	put_at((unsigned int)s->rows, view_text(words));
	printf("%s\033[%u;1H\033[K", paint(stdout, PLAIN), s->rows - 1U);
}

/* The newest lines, as many as there is room for. */
static void
draw(struct screen *s, const char *question)
{
	size_t room, shown;

	measure(s);
	room = s->rows - 6U;
	shown = s->count < room ? s->count : room;
	draw_bar(s);
	for (size_t i = 0; i < room; i++) {
		size_t at = (s->first + s->count - shown + i) % LINES_KEPT;

		put_at((unsigned int)(3 + i), i < shown ?
		    bytes_view(&s->lines[at]) : view_text(""));
	}
	draw_foot(s, question);
	fflush(stdout);
}

/* ---- what is said */

static void
keep(struct screen *s, struct view line)
{
	size_t at = (s->first + s->count) % LINES_KEPT;

	if (s->count == LINES_KEPT)
		s->first = (s->first + 1) % LINES_KEPT;
	else
		s->count++;
	bytes_reset(&s->lines[at]);
	bytes_put(&s->lines[at], line);
}

static void
screen_say(void *context, const char *text)
{
	struct screen *s = context;
	struct view rest = view_text(text);

	do {
		struct view v = fit(rest, (size_t)s->columns - 3);

		keep(s, v);
		rest = VIEW(rest.at + v.len, rest.len - v.len);
	} while (rest.len != 0);
	draw(s, "");
}

static void
screen_step(void *context, size_t at, size_t of, const char *title)
{
	struct screen *s = context;

	snprintf(s->where, sizeof(s->where), phrase(s->language,
	    "step %zu of %zu: %s"), at, of, title);
	keep(s, view_text(""));
	screen_say(s, s->where);
}

static enum err
screen_ask(void *context, const struct question *q, struct bytes *out_line)
{
	struct screen *s = context;
	enum err e;

	draw(s, q->text);
	e = ask_line("", out_line);
	screen_say(s, q->text);
	return e;
}

static enum err
screen_share(void *context, const struct participant *p, enum share_of of,
    struct secret **out_line)
{
	struct screen *s = context;
	char text[256];

	snprintf(text, sizeof(text), phrase(s->language,
	    of == SHARE_OF_BACKUP ? "%s, your backup share (not shown)" :
	    "%s, your share (not shown)"), p->as);
	draw(s, text);
	return ask_secret("", out_line);
}

static enum err
screen_sign(void *context, const struct participant *p,
    struct view statement, struct bytes *out_signature)
{
	struct screen *s = context;
	char text[256];

	snprintf(text, sizeof(text), phrase(s->language,
	    "  %s signs with their card"), p->as);
	draw(s, text);
	return console_sign(p, statement, out_signature);
}

/* ---- opening and closing */

/* The terminal is given back whatever ends the process. */
static void
give_back(int number)
{
	(void)!write(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1);
	signal(number, SIG_DFL);
	raise(number);
}

enum err
screen_open(const char *title, enum language language,
    struct screen **out_screen)
{
	struct screen *s = mem_new(1, sizeof(*s));

	if (s == NULL)
		return err_because(ERR_MEMORY, "the screen");
	s->language = language;
	snprintf(s->title, sizeof(s->title), "%s", title);
	signal(SIGINT, give_back);
	signal(SIGTERM, give_back);
	signal(SIGHUP, give_back);
	printf("\033[?1049h\033[2J");
	measure(s);
	*out_screen = s;
	return ERR_OK;
}

void
screen_close(struct screen *s)
{
	if (s == NULL)
		return;
	printf("%s", LEAVE);
	for (size_t i = 0; i < s->count; i++)
		printf("%s\n", bytes_text(&s->lines[(s->first + i) %
		    LINES_KEPT]));
	fflush(stdout);
	for (size_t i = 0; i < LINES_KEPT; i++)
		bytes_done(&s->lines[i]);
	mem_free(s);
}

struct console
screen_console(struct screen *s)
{
	return (struct console){
		.context = s, .language = s->language,
		.say = screen_say, .step = screen_step, .ask = screen_ask,
		.share = screen_share, .sign = screen_sign,
	};
}
