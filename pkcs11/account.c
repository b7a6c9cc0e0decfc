/*
 * The objects of a token against a register: what a ceremony left is there,
 * and nothing else is. Labels and ids are bytes of the token's and are shown
 * made safe. Next: signer/keyholder/examine.c, ceremony/step_close.c.
 */
#include <stdio.h>
#include <string.h>

#include "pkcs11/register.h"

#define SHOWN (KEY_LABEL_MAX + 2 * KEY_ID_MAX + 64)

/* "secret key 'kek' (id 0a1b)" */
static const char *
show(const struct token_object *o, char out[SHOWN])
{
	AUTO_DONE(bytes) text = { 0 };

	bytes_printf(&text, "%s '", object_class_name(o->class));
	for (size_t i = 0; i < o->label_len; i++)
		bytes_put_u8(&text, o->label[i] > ' ' && o->label[i] < 0x7f ?
		    o->label[i] : '?');
	bytes_put_text(&text, "' (id ");
	hex_put(&text, VIEW(o->id, o->id_len));
	snprintf(out, SHOWN, "%s)", bytes_text(&text));
	return out;
}

static bool
is_of(const struct token_object *o, const struct register_key *k)
{
	return (o->class == OBJECT_PUBLIC_KEY ||
	    o->class == OBJECT_PRIVATE_KEY) &&
	    o->type == k->type &&
	    view_is(VIEW(o->label, o->label_len), k->label) &&
	    view_equal(VIEW(o->id, o->id_len), VIEW_OF(k->id));
}

/* Claims all, like those of pkcs11/attribute.c, but of every private key. */
static bool
may_leave_or_more(const struct token_object *o)
{
	return o->class == OBJECT_PRIVATE_KEY && (o->extractable ||
	    !o->sensitive || o->decrypt || o->unwrap || o->derive);
}

static bool
is_on(const struct register_copy *c, const struct token_identity *i)
{
	return c->medium == 0 && strcmp(c->token, i->label) == 0 &&
	    strcmp(c->serial, i->serial) == 0;
}

static bool
is_live_on(const struct key_register *r, const struct register_key *k,
    const struct token_identity *i)
{
	for (size_t n = 0; n < r->copy_count; n++)
		if (strcmp(r->copies[n].key, k->label) == 0 &&
		    is_on(&r->copies[n], i))
			return r->copies[n].state == REGISTER_LIVE;
	return false;
}

enum err
token_plan(const struct token *t, const struct key_register *r,
    struct register_plan *out)
{
	const struct token_identity *i = token_identity(t);
	struct register_plan p = { 0 };
	bool known = strcmp(r->token, i->label) == 0 &&
	    strcmp(r->serial, i->serial) == 0;

	for (size_t n = 0; n < r->copy_count; n++)
		known = known || is_on(&r->copies[n], i);
	if (!known)
		return err_because(ERR_MISMATCH, "the register is of token "
		    "%s, serial %s, and knows none that is %s, serial %s",
		    r->token, r->serial, i->label, i->serial);
	for (size_t n = 0; n < r->key_count; n++)
		if (is_live_on(r, &r->keys[n], i))
			p.at[p.count++] = &r->keys[n];
	*out = p;
	return ERR_OK;
}

static enum err
account_for(const struct token_object *o, const struct register_plan *p)
{
	char shown[SHOWN];
	size_t i = 0;

	while (i < p->count && !is_of(o, p->at[i]))
		i++;
	if (i == p->count)
		return err_because(ERR_MISMATCH, "the token holds what is not "
		    "in the register: %s", show(o, shown));
	if (may_leave_or_more(o))
		return err_because(ERR_MISMATCH, "%s: the token says that it "
		    "may leave, or do more than sign", show(o, shown));
	return ERR_OK;
}

static enum err
find_half(const struct token_inventory *v, const struct register_key *k,
    enum object_class class)
{
	size_t found = 0;

	for (size_t i = 0; i < v->count; i++)
		found += v->at[i].class == class && is_of(&v->at[i], k);
	if (found == 0)
		return err_because(ERR_NOT_FOUND, "%s '%s' of the register is "
		    "not in the token", object_class_name(class), k->label);
	return found == 1 ? ERR_OK : err_because(ERR_MISMATCH, "%s '%s': "
	    "wanted one in the token, found %zu", object_class_name(class),
	    k->label, found);
}

enum err
token_account(struct token *t, const struct key_register *r,
    size_t *out_objects)
{
	AUTO_DONE(token_inventory) found = { 0 };
	struct register_plan p;

	TRY(token_plan(t, r, &p));
	TRY(token_list(t, &found));
	for (size_t i = 0; i < found.count; i++)
		TRY(account_for(&found.at[i], &p));
	for (size_t i = 0; i < p.count; i++) {
		TRY(find_half(&found, p.at[i], OBJECT_PRIVATE_KEY));
		TRY(find_half(&found, p.at[i], OBJECT_PUBLIC_KEY));
	}
	*out_objects = found.count;
	return ERR_OK;
}
