/*
 * Whether a key is gone, asked by another process: a token's module may still
 * remember what its store has lost, or have forgotten what its store keeps
 * (SoftHSM drops an object's handle before its file). The child loads the
 * module anew and gets the PIN through a pipe; the parent has closed the
 * token before. Next: step_destroy.c.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "ceremony/steps.h"
#include "quorum/derive.h"

#define FAILED 100		/* exit status: it could not look */

/* In the child, which has no secret of the parent's: they are wiped there. */
static enum err
count(struct ceremony *c, const struct register_key *k, int from,
    size_t *out)
{
	AUTO(secret) pin = NULL;

	TRY(secret_new(DERIVE_PIN_SIZE, &pin));
	if (read(from, secret_at(pin), DERIVE_PIN_SIZE) != DERIVE_PIN_SIZE)
		return err_system("a PIN from the parent");
	TRY(ceremony_open_token(c, pin));
	return token_made(c->token, k->type, k->label, VIEW_OF(k->id), out);
}

static void
look(struct ceremony *c, const struct register_key *k, int from)
{
	size_t objects = FAILED;

	if (count(c, k, from, &objects) != ERR_OK)
		_exit(FAILED);
	_exit(objects < FAILED ? (int)objects : FAILED);
}

static enum err
judge(const struct register_key *k, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) >= FAILED)
		return err_because(ERR_TOKEN, "a new process could not look "
		    "whether the key %s is gone", k->label);
	return WEXITSTATUS(status) == 0 ? ERR_OK : err_because(ERR_TOKEN,
	    "the key %s is still in the token: a new process finds %d objects "
	    "of it", k->label, WEXITSTATUS(status));
}

enum err
ceremony_prove_absent(struct ceremony *c, const struct register_key *k)
{
	struct token_identity at = c->identity;
	AUTO(secret) pin = NULL;
	int to[2], status;
	enum err e;
	pid_t pid;

	TRY(derive_pin(c->secret, at.label, &pin));
	token_close(STEAL(c->token));
	if (pipe2(to, O_CLOEXEC) == -1)
		return err_system("a pipe");
	if ((pid = fork()) == 0)
		look(c, k, to[0]);
	e = pid == -1 ? err_system("fork") : fd_write(to[1],
	    VIEW(secret_peek(pin), secret_len(pin)));
	close(to[0]);
	close(to[1]);
	if (pid != -1 && waitpid(pid, &status, 0) == -1 && e == ERR_OK)
		e = err_system("waiting for a process");
	if (e == ERR_OK)
		e = judge(k, status);
	TRY(e);
	c->identity = at;
	return ceremony_open_token(c, pin);
}
