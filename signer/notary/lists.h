/*
 * Status lists: kept as bits beside the registry, signed when they changed
 * and long before they expire, and published. The registry says which lists
 * there are and which credentials are suspended or invalid; a list that was
 * changed by this process follows at once, by another's within seconds.
 *
 *	lists_look()	from time to time: what the registry has
 *	lists_step()	each pass: a bounded piece of reading or packing
 *	lists_stage()	within a transaction: the entry of a packed list
 *	lists_take()	after the commit: its ticket, to be given to a keyholder
 *	lists_signed()	a form is signed: publishes it
 *	lists_closed()	the ticket ends
 *
 * Their places are keyed (places.h), so all of it happens while open only;
 * what is published stays.
 */
#ifndef OKSE_SIGNER_NOTARY_LISTS_H
#define OKSE_SIGNER_NOTARY_LISTS_H

#include "credential/status_token.h"
#include "signer/notary/places.h"
#include "signer/notary/registry.h"

#define LISTS_MAX 1024	/* that have a credential which may be valid */

struct list {
	int64_t			 list, size;	/* as the registry has it */
	struct status_list	*bits;		/* NULL: not read yet */
	int64_t			 version;	/* of the registry, in bits */
	struct status_list	*fresh;		/* being read, or NULL */
	int64_t			 fresh_version;
	struct registry_sweep	 sweep;		/* how far */
	bool			 changed;	/* bits, since last packed */
	int64_t			 signed_at;	/* s; 0: not by this process */
	int64_t			 expires_at;	/* s, of what was signed */
	int64_t			 not_before;	/* monotonic µs: the next try */
};

enum list_state {
	LIST_IDLE,
	LIST_PACKING,
	LIST_PACKED,		/* to be recorded */
	LIST_SIGNING,		/* a keyholder has the ticket */
};

struct ticket;
struct issuer;

/* The one list that is on its way. */
struct list_work {
	enum list_state		 state;
	struct list		*list;
	struct status_packer	*packer;
	struct ticket		*ticket;
	const struct issuer	*issuer;
	int64_t			 issued_at, expires_at;
	unsigned int		 published;	/* forms, a bit each */
};

struct lists {
	size_t			 count;
	struct list		*at[LISTS_MAX];
	struct places		 places;
	int64_t			 look_next;	/* list to look at */
	int64_t			 newest;
	uint64_t		 serial;	/* of the last entry */
	struct list_work	 work;
	uint64_t		 signatures, failures;
	bool			 full;		/* was told */
};

struct notary;
struct served;

void lists_done(struct lists *l);	/* also when the keys go */

/*
 * Errors of these are the registry's, after which the process ends; whatever
 * else fails is told in the journal and tried again after a pause.
 */
[[nodiscard]] enum err lists_look(struct notary *n);
/* *out_more: there is more to do at once. */
[[nodiscard]] enum err lists_step(struct notary *n, int64_t now,
    bool *out_more);

/* ---- lists_sign.c */

/* Begins with a list that is due, or packs some of it; whether it did. */
bool lists_pack(struct notary *n, int64_t now);
bool lists_ready(const struct lists *l);	/* for lists_stage() */
/* out gets a record, or nothing. ERR_FULL and the registry's. */
[[nodiscard]] enum err lists_stage(struct notary *n, struct served *out);
/* Takes the ticket over. */
void lists_take(struct notary *n, struct ticket *t);
/* Whose ticket this is; NULL: it is no list's. */
const struct ticket *lists_ticket(const struct lists *l, uint64_t index);
/* ERR_SIGNATURE: not of the key it must be of. */
[[nodiscard]] enum err lists_signed(struct notary *n, size_t part,
    struct view signature);
void lists_closed(struct notary *n, uint64_t index, enum err outcome);

void lists_metrics(const struct lists *l, struct bytes *out);

#endif
