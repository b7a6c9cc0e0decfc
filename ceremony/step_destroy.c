/*
 * The end of a key: every copy that the register lists is found, destroyed and
 * looked for again. What was lost cannot be accounted for, and then the key is
 * not destroyed, whatever is done to the rest. With the last wrapped copy the
 * officers' backup shares go, too. Next: absent.c, medium.c.
 */
#include <stdio.h>
#include <string.h>

#include "ceremony/steps.h"
#include "pkcs11/generate.h"

/* ---- on a token, which is open */

/* The last signature says which key it was; a crash may have come after it. */
static enum err
say_farewell(struct ceremony *c, int at)
{
	struct key_spec spec = ceremony_key_spec(c, (size_t)at);
	AUTO(key) key = NULL;

	/* finding it has it sign */
	return token_key_find(c->token, &spec, &key);
}

static enum err
destroy_objects(struct ceremony *c, const struct register_key *k, int at)
{
	struct view id = VIEW_OF(k->id);
	size_t objects = 0;

	TRY(token_made(c->token, k->type, k->label, id, &objects));
	if (objects == 0 && !c->begun)
		return err_because(ERR_NOT_FOUND, "the key %s is not in the "
		    "token %s", k->label, c->identity.label);
	if (objects == 2)
		TRY(say_farewell(c, at));
	for (; objects != 0; objects--)
		TRY(token_destroy_one(c->token, k->type, k->label, id));
	TRY(ceremony_prove_absent(c, k));
	ceremony_say(c, "  %s is gone from token %s", k->label,
	    c->identity.label);
	return ERR_OK;
}

/* ---- every copy */

static enum err
record_copy(struct ceremony *c, struct register_copy *copy)
{
	AUTO_DONE(payload) p = { 0 };
	char text[128];

	register_copy_name(copy, text);
	payload_put(&p, "copy", text);
	TRY(ceremony_record(c, RECORD_DESTROY, &p));
	copy->state = REGISTER_DESTROYED;
	return ERR_OK;
}

static bool
is_here(const struct ceremony *c, const struct register_copy *copy)
{
	return strcmp(copy->token, c->reg.token) == 0 &&
	    strcmp(copy->serial, c->reg.serial) == 0;
}

static enum err
destroy_copy(struct ceremony *c, const struct register_key *k, int at,
    struct register_copy *copy)
{
	if (copy->medium != 0) {
		TRY(medium_remove(c, copy->medium, k->label,
		    &copy->wrapped));
		ceremony_say(c, "  %s is gone from medium %u", k->label,
		    copy->medium);
		return record_copy(c, copy);
	}
	if (is_here(c, copy)) {
		TRY(destroy_objects(c, k, at));
		return record_copy(c, copy);
	}
	TRY(ceremony_open_known(c, copy->token, copy->serial));
	TRY(destroy_objects(c, k, at));
	TRY(record_copy(c, copy));
	return ceremony_reopen(c, c->secret);
}

static enum err
check_copy(struct ceremony *c, const struct register_copy *copy)
{
	AUTO_DONE(bytes) wrapped = { 0 };
	char text[128];

	register_copy_name(copy, text);
	if (copy->state == REGISTER_LOST)
		return err_because(ERR_FORBIDDEN, "a copy is lost, and not "
		    "accounted for: %s; the key cannot be called destroyed",
		    text);
	return copy->medium == 0 || copy->state != REGISTER_LIVE ? ERR_OK :
	    medium_read(c, copy->medium, copy->key, &copy->wrapped,
	    &wrapped);
}

/* Before anything is done: is every copy where it should be? */
static enum err
check_accounted(struct ceremony *c, const char *label)
{
	for (size_t i = 0; !c->begun && i < c->reg.copy_count; i++)
		if (strcmp(c->reg.copies[i].key, label) == 0)
			TRY(check_copy(c, &c->reg.copies[i]));
	return ERR_OK;
}

/* ---- the wrapping key, which is nowhere but in officers' shares */

/* With fewer left than open it, nobody will ever open it. */
static enum err
destroy_shares(struct ceremony *c, struct payload *result)
{
	const struct quorum *q = &c->backup_quorum;
	unsigned int gone = 0;

	for (unsigned int i = 0; i < q->count; i++) {
		struct participant *p = &c->participants.at[i];
		bool yes = false;

		if (p->present)
			TRY(attend_attest(c, p, "backup share destroyed",
			    "is your backup share destroyed? Enter, or no",
			    &yes));
		gone += yes;
	}
	if (q->count - gone >= q->threshold)
		return err_because(ERR_FORBIDDEN, "%u of %u backup shares are "
		    "destroyed: the rest still opens what was wrapped", gone,
		    q->count);
	payload_put_int(result, "backup-shares", gone);
	return ERR_OK;
}

/* ---- destroy-key */

static enum err
record_destroyed(struct ceremony *c, const struct register_key *k)
{
	AUTO_DONE(payload) p = { 0 };

	payload_put(&p, "label", k->label);
	payload_put_hex(&p, "id", VIEW_OF(k->id));
	payload_put_hex(&p, "spki-sha256", VIEW_OF(k->spki.at));
	return ceremony_record(c, RECORD_DESTROY, &p);
}

enum err
step_destroy_key(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	int at = script_key_index(c->script, s->key.name);
	const struct register_key *k = register_key(&c->reg, s->key.name);
	bool wrapped = register_wrapped(&c->reg) != 0;
	int64_t copies = 0;

	TRY(check_accounted(c, k->label));
	for (size_t i = 0; i < c->reg.copy_count; i++) {
		struct register_copy *copy = &c->reg.copies[i];

		if (strcmp(copy->key, k->label) != 0 ||
		    copy->state != REGISTER_LIVE)
			continue;
		TRY(destroy_copy(c, k, at, copy));
		copies++;
	}
	register_settle(&c->reg);
	if (wrapped && register_wrapped(&c->reg) == 0)
		TRY(destroy_shares(c, result));
	TRY(record_destroyed(c, k));
	payload_put_int(result, "copies", copies);
	return ERR_OK;
}
