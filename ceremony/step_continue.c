/*
 * Steps of ceremonies that continue another: the token opened again by a
 * quorum and compared with the register, shares proven one by one, other PINs.
 * Next: step_destroy.c.
 */
#include <stdio.h>
#include <string.h>

#include "ceremony/steps.h"
#include "quorum/derive.h"

/* ---- open-token */

enum err
ceremony_reopen(struct ceremony *c, const struct secret *secret)
{
	AUTO(secret) pin = NULL;

	token_close(STEAL(c->token));
	TRY(derive_pin(secret, c->reg.token, &pin));
	snprintf(c->identity.label, sizeof(c->identity.label), "%s",
	    c->reg.token);
	snprintf(c->identity.serial, sizeof(c->identity.serial), "%s",
	    c->reg.serial);
	TRY(ceremony_open_token(c, pin));
	c->identity = *token_identity(c->token);
	return ERR_OK;
}

enum err
step_open_token(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	int64_t objects = 0;

	(void)s;
	TRY(ceremony_open_secret(c, participants_holders(c->script,
	    &c->participants), SHARE_OF_SECRET, &c->secret));
	TRY(ceremony_reopen(c, c->secret));
	TRY(ceremony_record_token(c, "label"));
	TRY(ceremony_compare_objects(c, &objects));
	for (size_t i = 0; i < c->reg.key_count; i++) {
		const struct register_key *k = &c->reg.keys[i];

		if (k->state == REGISTER_LIVE)
			TRY(ceremony_probe(c, "label", k->type, k->label,
			    VIEW_OF(k->id)));
	}
	payload_put_int(result, "objects", objects);
	return ERR_OK;
}

/* ---- change-pins */

static enum err
derive_pins(const struct ceremony *c, const struct secret *secret,
    struct secret **out_user, struct secret **out_so)
{
	TRY(derive_pin(secret, c->reg.token, out_user));
	return derive_so_pin(secret, c->reg.token, out_so);
}

enum err
ceremony_change_pins(struct ceremony *c)
{
	AUTO(text) module = mem_text(c->module);
	struct token_uri uri = { .module_path = module };
	AUTO(secret) user = NULL;
	AUTO(secret) so = NULL;
	AUTO(secret) new_user = NULL;
	AUTO(secret) new_so = NULL;
	struct token_pins old, fresh;

	if (module == NULL)
		return err_because(ERR_MEMORY, "module path");
	snprintf(uri.wanted.label, sizeof(uri.wanted.label), "%s",
	    c->reg.token);
	snprintf(uri.wanted.serial, sizeof(uri.wanted.serial), "%s",
	    c->reg.serial);
	TRY(derive_pins(c, c->before, &user, &so));
	TRY(derive_pins(c, c->secret, &new_user, &new_so));
	old = (struct token_pins){ user, so };
	fresh = (struct token_pins){ new_user, new_so };
	token_close(STEAL(c->token));
	return token_change_pins(&uri, NULL, &old, &fresh);
}

/*
 * The new PIN is proven by opening the token with it. What could be done with
 * the old one before shows in the objects: at a birth there is none.
 */
enum err
step_change_pins(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	int64_t objects = 0;

	(void)s;
	TRY(ceremony_change_pins(c));
	TRY(ceremony_reopen(c, c->secret));
	TRY(ceremony_compare_objects(c, &objects));
	payload_put_int(result, "objects", objects);
	payload_put(result, "serial", c->identity.serial);
	ceremony_say(c, "  the token takes the officers' PIN");
	return ERR_OK;
}

/* ---- prove-possession */

static enum err
prove_one(struct ceremony *c, const struct participant *p)
{
	AUTO_DONE(share) share = { 0 }, backup = { 0 };
	AUTO_DONE(payload) fields = { 0 };

	TRY(ceremony_take_share(c, p, SHARE_OF_SECRET, &share));
	payload_put_hex(&fields, "commitment",
	    VIEW_OF(c->quorum.shares[p->seat - 1].at));
	if (register_wrapped(&c->reg) != 0) {
		TRY(ceremony_take_share(c, p, SHARE_OF_BACKUP, &backup));
		payload_put_hex(&fields, "backup-commitment",
		    VIEW_OF(c->backup_quorum.shares[p->seat - 1].at));
	}
	return ceremony_record_by(c, RECORD_POSSESSION, p->as, &fields);
}

enum err
step_prove_possession(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	int64_t proven = 0;

	(void)s;
	for (size_t i = 0; i < c->quorum.count; i++)
		if (c->participants.at[i].present) {
			TRY(prove_one(c, &c->participants.at[i]));
			proven++;
		}
	payload_put_int(result, "proven", proven);
	ceremony_say(c, "  %jd of %u officers hold their share",
	    (intmax_t)proven, c->quorum.count);
	return ERR_OK;
}
