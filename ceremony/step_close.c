/*
 * The last step: the token is compared with the register for the last time
 * and closed, the secret forgotten, the register written.
 */
#include <stdio.h>

#include "ceremony/steps.h"

enum err
ceremony_compare_objects(struct ceremony *c, int64_t *out_objects)
{
	AUTO_DONE(token_inventory) found = { 0 };
	size_t wanted = 2 * register_live(&c->reg);	/* both halves */

	TRY(token_list(c->token, &found));
	if (found.count != wanted)
		return err_because(ERR_MISMATCH, "the token: wanted %zu "
		    "objects, by the register, found %zu", wanted,
		    found.count);
	*out_objects = (int64_t)found.count;
	return ERR_OK;
}

static enum err
close_token(struct ceremony *c, struct payload *result)
{
	int64_t objects = 0;

	if (c->token == NULL)
		return ERR_OK;
	TRY(ceremony_compare_objects(c, &objects));
	payload_put_int(result, "objects", objects);
	token_close(STEAL(c->token));
	secret_free(STEAL(c->secret));
	secret_free(STEAL(c->backup));
	return ERR_OK;
}

enum err
step_close(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	AUTO_DONE(bytes) text = { 0 };

	(void)s;
	TRY(close_token(c, result));
	TRY(register_put(&c->reg, &text));
	return ceremony_write(c, "ceremony/register.txt", bytes_view(&text));
}
