/*
 * The token against the ceremony's register: nothing in it that nobody made
 * there, and none of its keys to be had by asking. The register is the
 * operator's file; the token is believed in nothing it can be tried in.
 * Next: keyholder.c tells the supervisor.
 */
#include "signer/keyholder/examine.h"

#include <time.h>

#include "pkcs11/probe.h"

#define LOOKS 6

bool
look_again(unsigned int n)
{
	struct timespec t = { .tv_nsec = (long)(n * n) * 10000000 };

	nanosleep(&t, NULL);
	return n < LOOKS;
}

enum err
examine_register(const struct hash *have, struct view told)
{
	return view_equal(told, VIEW_OF(have->at)) ? ERR_OK :
	    err_because(ERR_MISMATCH, "the register is not the one of the "
	    "statement that officers answered: it was changed after the "
	    "daemon had started");
}

static enum err
account(struct token *t, const struct key_register *r, uint32_t *out)
{
	enum err e = ERR_NOT_FOUND;
	size_t objects = 0;

	for (unsigned int i = 0; e == ERR_NOT_FOUND && look_again(i); i++)
		e = token_account(t, r, &objects);
	if (e == ERR_OK)
		*out = (uint32_t)objects;
	return e;
}

static enum err
try_one(struct token *t, const struct register_key *k, struct examined *out)
{
	struct probe tried[PROBES];

	TRY(token_probe(t, k->type, k->label, VIEW_OF(k->id), tried));
	for (size_t i = 0; i < PROBES; i++) {
		bool said = tried[i].refused[0] != '\0';

		out->refused += said;
		out->unknown += !said;
	}
	out->keys++;
	return ERR_OK;
}

enum err
examine(struct token *t, const struct key_register *r, struct examined *out)
{
	struct examined found = { 0 };
	struct register_plan p;

	TRY(account(t, r, &found.objects));
	TRY(token_plan(t, r, &p));
	for (size_t i = 0; i < p.count; i++)
		TRY(try_one(t, p.at[i], &found));
	*out = found;
	return ERR_OK;
}
