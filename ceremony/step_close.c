/*
 * The last step: the token is compared with the register for the last time
 * and closed, the secret forgotten, the register written.
 */
#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "ceremony/steps.h"

/* It signs under the public key that was recorded when it was made. */
static enum err
compare_key(struct ceremony *c, const struct register_key *k)
{
	struct key_spec spec = { .label = k->label, .id = VIEW_OF(k->id) };
	AUTO(EVP_PKEY) public = NULL;
	AUTO(key) key = NULL;
	char name[64], path[PATH_MAX];
	struct hash spki;

	snprintf(name, sizeof(name), "ca/keys/%s.pub.pem", k->label);
	TRY(path_join(c->dir, name, path, sizeof(path)));
	TRY(pem_read_public(path, &public));
	TRY(public_hash(public, &spki));
	if (!view_equal(VIEW_OF(spki.at), VIEW_OF(k->spki.at)))
		return err_because(ERR_MISMATCH, "%s: not the key of the "
		    "register", name);
	spec.public_key = public;
	TRY(token_key_find(c->token, &spec, &key));
	return key_canary(key);
}

enum err
ceremony_compare_objects(struct ceremony *c, int64_t *out_objects)
{
	struct register_plan p;
	size_t objects = 0;

	TRY(token_account(c->token, &c->reg, &objects));
	TRY(token_plan(c->token, &c->reg, &p));
	for (size_t i = 0; i < p.count; i++)
		TRY(compare_key(c, p.at[i]));
	*out_objects = (int64_t)objects;
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
