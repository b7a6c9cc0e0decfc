/*
 * Lines from a person. What is typed is bounded, and a secret never stays in a
 * buffer of stdio: reading is unbuffered, byte by byte as a terminal gives it.
 */
#include "cli/ask.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/file.h"

/*
 * A line of at most ASK_LINE bytes; false at the end of input. A secret may
 * come out of a pipe without a line end: half of one fails its own check.
 */
static bool
read_line(int fd, bool secret, char *line, size_t *out_len)
{
	size_t len = 0;
	char c;

	for (;;) {
		if (read(fd, &c, 1) != 1) {
			if (!secret || len == 0)
				return false;
			break;
		}
		if (c == '\n')
			break;
		if (len < ASK_LINE)
			line[len] = c;
		len++;
	}
	*out_len = len;
	return true;
}

static enum err
ask(int fd, const char *prompt, bool echo, char line[ASK_LINE],
    size_t *out_len)
{
	bool person = isatty(fd) == 1;
	struct termios before, silent;
	bool got;

	/* silent before it is asked: who types at once is not shown, or lost */
	if (person && !echo && tcgetattr(fd, &before) == 0) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(fd, TCSAFLUSH, &silent);
	}
	if (person)
		fprintf(stderr, "%s > ", prompt);
	got = read_line(fd, !echo, line, out_len);
	if (person && !echo) {
		tcsetattr(fd, TCSAFLUSH, &before);
		fprintf(stderr, "\n");
	}
	if (!got)
		return err_because(ERR_NOT_FOUND, "nobody answers any more: "
		    "the input has ended");
	return *out_len < ASK_LINE ? ERR_OK : err_because(ERR_TOO_LARGE,
	    "an answer has at most %d bytes", ASK_LINE - 1);
}

enum err
ask_line(const char *prompt, struct bytes *out)
{
	char line[ASK_LINE];
	size_t len = 0;

	TRY(ask(STDIN_FILENO, prompt, true, line, &len));
	bytes_put(out, VIEW(line, len));
	return bytes_check(out);
}

static enum err
ask_hidden(int fd, const char *prompt, struct secret **out_secret)
{
	AUTO(secret) s = NULL;
	char line[ASK_LINE];
	size_t len = 0;
	enum err e = ask(fd, prompt, false, line, &len);

	if (e == ERR_OK && len == 0)
		e = err_because(ERR_SYNTAX, "nothing was typed");
	if (e == ERR_OK)
		e = secret_new(len, &s);
	if (e == ERR_OK)
		memcpy(secret_at(s), line, len);
	OPENSSL_cleanse(line, sizeof(line));
	*out_secret = STEAL(s);
	return e;
}

enum err
ask_secret(const char *prompt, struct secret **out_secret)
{
	return ask_hidden(STDIN_FILENO, prompt, out_secret);
}

enum err
ask_terminal_secret(const char *prompt, struct secret **out_secret)
{
	AUTO_FD fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return err_system("no terminal to ask at");
	return ask_hidden(fd, prompt, out_secret);
}
