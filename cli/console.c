/*
 * A ceremony in lines: for pipes, screen readers, and a room that reads along.
 * Signatures come from a process of their own for each, which alone sees the
 * officer's card and PIN (okse ceremony sign). Next: ceremony/attend.c.
 */
#include "cli/console.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/ask.h"

#define ANSWER_MAX 1024

static void
say(void *context, const char *text)
{
	(void)context;
	printf("%s\n", text);
	fflush(stdout);
}

static void
step(void *context, size_t at, size_t of, const char *title)
{
	const enum language *language = context;

	printf(phrase(*language, "step %zu of %zu: %s"), at, of, title);
	printf("\n");
	fflush(stdout);
}

static enum err
ask(void *context, const struct question *q, struct bytes *out_line)
{
	(void)context;
	/* those who look on see what is asked, whoever answers */
	printf("? %s\n", q->text);
	fflush(stdout);
	return ask_line(q->text, out_line);
}

static enum err
share(void *context, const struct participant *p, enum share_of of,
    struct secret **out_line)
{
	const enum language *language = context;
	char prompt[256];

	snprintf(prompt, sizeof(prompt), phrase(*language,
	    of == SHARE_OF_BACKUP ? "%s, your backup share (not shown)" :
	    "%s, your share (not shown)"), p->as);
	printf("? %s\n", prompt);
	fflush(stdout);
	return ask_secret(prompt, out_line);
}

/* ---- signing */

/* Becomes the signer; its standard input and output are pipes to us. */
static void
become_signer(const struct participant *p, const char *key, int in, int out)
{
	char self[] = "/proc/self/exe", name[] = "okse";
	char group[] = "ceremony", verb[] = "sign", card[] = "--card";
	char public[] = "--public";
	char *argv[] = { name, group, verb, card, (char *)(uintptr_t)p->card,
	    public, (char *)(uintptr_t)key, NULL };

	if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1)
		_exit(1);
	execv(self, argv);
	_exit(1);
}

static enum err
read_all(int fd, struct bytes *out)
{
	char some[256];
	ssize_t n;

	while ((n = read(fd, some, sizeof(some))) > 0)
		if (out->len < ANSWER_MAX)
			bytes_put(out, VIEW(some, (size_t)n));
	return n == 0 ? bytes_check(out) : err_system("reading a signature");
}

static enum err
run_signer(const struct participant *p, const char *key,
    struct view statement, struct bytes *out_hex)
{
	int to[2], from[2], status;
	enum err e;
	pid_t pid;

	if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
		return err_system("pipes to a signer");
	if ((pid = fork()) == 0)
		become_signer(p, key, to[0], from[1]);
	close(to[0]);
	close(from[1]);
	e = pid == -1 ? err_system("fork") : fd_write(to[1], statement);
	close(to[1]);
	if (e == ERR_OK)
		e = read_all(from[0], out_hex);
	close(from[0]);
	if (pid != -1 && waitpid(pid, &status, 0) == pid && e == ERR_OK &&
	    status != 0)
		e = err_because(ERR_SIGNATURE, "the card did not sign");
	return e;
}

enum err
console_sign(const struct participant *p, struct view statement,
    struct bytes *out_signature)
{
	AUTO_DONE(bytes) key = { 0 }, hex = { 0 };

	if (p->card == NULL)
		return err_because(ERR_FORBIDDEN, "%s has no card in the "
		    "script", p->as);
	TRY(officer_key_put(&p->who, &key));
	TRY(run_signer(p, bytes_text(&key), statement, &hex));
	if (hex.len != 0 && hex.at[hex.len - 1] == '\n')
		hex.len--;
	return hex_get(bytes_view(&hex), out_signature);
}

static enum err
sign(void *context, const struct participant *p, struct view statement,
    struct bytes *out_signature)
{
	const enum language *language = context;

	printf(phrase(*language, "  %s signs with their card"), p->as);
	printf("\n");
	fflush(stdout);
	return console_sign(p, statement, out_signature);
}

struct console
console_lines(enum language *language)
{
	return (struct console){
		.context = language, .language = *language,
		.say = say, .step = step, .ask = ask, .share = share,
		.sign = sign,
	};
}
