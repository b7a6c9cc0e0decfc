/*
 * A plain array: a few hundred tickets at most are on their way at once, and
 * walking them costs less than any structure would. Next: dispatch.c.
 */
#include "signer/notary/outstanding.h"

enum err
outstanding_add(struct outstanding *o, const struct outstanding_ticket *t)
{
	if (o->count == OUTSTANDING_MAX)
		return err_because(ERR_FULL,
		    "%d signatures are on their way", OUTSTANDING_MAX);
	o->at[o->count++] = *t;
	return ERR_OK;
}

struct outstanding_ticket *
outstanding_find(struct outstanding *o, uint64_t index)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->at[i].index == index)
			return &o->at[i];
	return NULL;
}

void
outstanding_assign(struct outstanding *o, struct outstanding_ticket *t,
    uint32_t keyholder)
{
	t->keyholder = keyholder;
	o->load[keyholder]++;
}

void
outstanding_remove(struct outstanding *o, struct outstanding_ticket *t)
{
	if (t->keyholder != OUTSTANDING_STAGED)
		o->load[t->keyholder]--;
	*t = o->at[--o->count];
}

void
outstanding_drop_staged(struct outstanding *o)
{
	for (size_t i = o->count; i-- > 0;)
		if (o->at[i].keyholder == OUTSTANDING_STAGED)
			outstanding_remove(o, &o->at[i]);
}
