/*
 * The people of a ceremony, from its script, and the texts they sign. Names
 * and keys come from a checked script. Next: attend.c has them sign,
 * verify_people.c verifies it.
 */
#include "ceremony/participant.h"

#include <stdio.h>
#include <string.h>

void
participants_done(struct participants *p)
{
	for (size_t i = 0; i < p->count; i++) {
		EVP_PKEY_free(p->at[i].who.key);
		X509_free(p->at[i].recipient);
	}
	*p = (struct participants){ 0 };
}

static struct participant *
add(struct participants *p, enum script_role role, const char *name,
    const char *card)
{
	struct participant *a = &p->at[p->count++];

	*a = (struct participant){ .role = role, .card = card };
	snprintf(a->who.name, sizeof(a->who.name), "%s", name);
	return a;
}

void
participants_of(const struct script *s, struct participants *out)
{
	struct participants p = { 0 };

	for (size_t i = 0; i < s->officers.count; i++) {
		const struct script_officer *o = &s->officers.at[i];
		struct participant *a = add(&p, ROLE_OFFICER, o->name,
		    o->card);

		a->seat = (unsigned int)o->seat;
		snprintf(a->as, sizeof(a->as), "seat-%u", a->seat);
	}
	for (size_t i = 0; i < s->witnesses.count; i++) {
		const struct script_witness *w = &s->witnesses.at[i];
		struct participant *a = add(&p, (enum script_role)w->role,
		    w->name, w->card);

		snprintf(a->as, sizeof(a->as), "%s-%zu",
		    script_role_name(a->role), i + 1);
	}
	for (size_t i = 0; i < s->former.count; i++) {
		const struct script_officer *o = &s->former.at[i];
		struct participant *a = add(&p, ROLE_FORMER, o->name, o->card);

		a->seat = (unsigned int)o->seat;
		snprintf(a->as, sizeof(a->as), "former-%u", a->seat);
	}
	*out = p;
}

static enum err
take_key(const char *key, struct participant *p)
{
	if (key == NULL || p->card == NULL)
		return err_because(ERR_SCHEMA, "%s has no key and card in the "
		    "script", p->as);
	return officer_key_get(view_text(key), &p->who);
}

/* A certificate in DER, in base64, and nothing behind it. */
enum err
recipient_get(struct view base64, X509 **out)
{
	AUTO_DONE(bytes) der = { 0 };
	AUTO(X509) x = NULL;
	const uint8_t *at;

	TRY(base64_get(base64, &der));
	at = der.at;
	if (der.len == 0 || (x = d2i_X509(NULL, &at, (long)der.len)) == NULL)
		return err_openssl("a recipient's certificate");
	if (at != der.at + der.len)
		return err_because(ERR_SYNTAX,
		    "bytes behind a recipient's certificate");
	*out = STEAL(x);
	return ERR_OK;
}

static enum err
take_recipient(const char *certificate, struct participant *p)
{
	if (certificate == NULL)
		return err_because(ERR_SCHEMA, "%s has no certificate in the "
		    "script for a share to be encrypted to", p->as);
	return recipient_get(view_text(certificate), &p->recipient);
}

enum err
participants_keys(const struct script *s, struct participants *p)
{
	for (size_t i = 0; i < s->officers.count; i++) {
		TRY(take_key(s->officers.at[i].key, &p->at[i]));
		TRY(take_recipient(s->officers.at[i].recipient, &p->at[i]));
	}
	for (size_t i = 0; i < s->witnesses.count; i++)
		TRY(take_key(s->witnesses.at[i].key,
		    &p->at[s->officers.count + i]));
	for (size_t i = 0; i < s->former.count; i++)
		TRY(take_key(s->former.at[i].key, &p->at[s->officers.count +
		    s->witnesses.count + i]));
	return ERR_OK;
}

enum err
participants_check(const struct participants *p)
{
	for (size_t b = 1; b < p->count; b++)
		for (size_t a = 0; a < b; a++)
			if (p->at[a].role != ROLE_FORMER &&
			    p->at[b].role != ROLE_FORMER &&
			    EVP_PKEY_eq(p->at[a].who.key,
			    p->at[b].who.key) == 1)
				return err_because(ERR_EXISTS, "%s and %s have "
				    "one key: one person, one seat",
				    p->at[a].as, p->at[b].as);
	return ERR_OK;
}

enum err
participants_roster(const struct script *s, const struct participants *p,
    struct bytes *out)
{
	struct roster r = {
		.threshold = (unsigned int)s->threshold,
		.count = (unsigned int)s->officers.count,
	};

	for (unsigned int i = 0; i < r.count; i++)
		r.officers[i] = p->at[i].who;
	return roster_put(&r, out);
}

struct participant *
participant_find(struct participants *p, struct view as)
{
	for (size_t i = 0; i < p->count; i++)
		if (view_is(as, p->at[i].as))
			return &p->at[i];
	return NULL;
}

struct participant *
participants_holders(const struct script *s, struct participants *p)
{
	return s->former.count == 0 ? p->at : &p->at[s->officers.count +
	    s->witnesses.count];
}

size_t
participants_officers(const struct participants *p)
{
	size_t present = 0;

	for (size_t i = 0; i < p->count; i++)
		present += p->at[i].role == ROLE_OFFICER && p->at[i].present;
	return present;
}

void
statement_put(const struct statement *s, struct bytes *out)
{
	bytes_printf(out, "okse/ceremony/v1\nwhat %s\nmode %s\nceremony ",
	    s->what, s->mode);
	hex_put(out, VIEW_OF(s->id));
	bytes_put_text(out, "\nafter ");
	hex_put(out, VIEW_OF(s->after.at));
	bytes_printf(out, "\nstep %s\nas %s\nsays %s\n", s->step, s->as,
	    s->says);
}
