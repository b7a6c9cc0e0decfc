/*
 * After a loss: the token is given up in the register, and what the media have
 * is unwrapped in a new one. What no medium has is gone, and the register says
 * so. Next: step_backup.c.
 */
#include <string.h>

#include "ceremony/steps.h"

/* ---- declare-lost */

static enum err
give_up(struct ceremony *c, const char *label)
{
	AUTO_DONE(payload) p = { 0 };
	int64_t copies = 0;

	for (size_t i = 0; i < c->reg.copy_count; i++) {
		struct register_copy *copy = &c->reg.copies[i];

		if (copy->medium != 0 || copy->state != REGISTER_LIVE ||
		    strcmp(copy->token, label) != 0)
			continue;
		copy->state = REGISTER_LOST;
		copies++;
	}
	if (copies == 0)
		return err_because(ERR_NOT_FOUND, "the register has no live "
		    "copy on a token %s", label);
	payload_put(&p, "token", label);
	payload_put_int(&p, "copies", copies);
	return ceremony_record(c, RECORD_LOST, &p);
}

enum err
step_declare_lost(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	(void)s;
	for (size_t i = 0; i < c->script->lost.count; i++)
		TRY(give_up(c, c->script->lost.at[i]));
	register_settle(&c->reg);
	payload_put_int(result, "tokens", (int64_t)c->script->lost.count);
	return ERR_OK;
}

/* ---- restore-keys */

/* From the first medium that has it: one is enough, and any may be broken. */
static enum err
restore_one(struct ceremony *c, size_t at)
{
	const char *label = c->script->keys.at[at].label;
	enum err e = err_because(ERR_NOT_FOUND, "the register has no wrapped "
	    "copy of %s", label);

	for (unsigned int n = 1; n <= REGISTER_MEDIA; n++) {
		const struct register_copy *from =
		    register_on_medium(&c->reg, label, n);
		AUTO_DONE(bytes) wrapped = { 0 };

		if (from == NULL || from->state != REGISTER_LIVE)
			continue;
		e = medium_read(c, n, label, &from->wrapped, &wrapped);
		if (e == ERR_OK)
			return ceremony_restore(c, at, bytes_view(&wrapped));
		if (e == ERR_REFUSED)
			return e;
		ceremony_say(c, "  not taken: %s", err_why());
	}
	return e;
}

enum err
step_restore_keys(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	int64_t keys = 0;

	(void)s;
	for (size_t i = 0; i < c->script->keys.count; i++) {
		if (!c->script->keys.at[i].inherited)
			continue;
		TRY(restore_one(c, i));
		keys++;
	}
	secret_free(STEAL(c->backup));
	payload_put_int(result, "keys", keys);
	return ERR_OK;
}
