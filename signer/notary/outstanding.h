/*
 * Tickets that were given out and not yet reported on: who waits for them,
 * who holds them, how many parts are missing.
 */
#ifndef OKSE_SIGNER_NOTARY_OUTSTANDING_H
#define OKSE_SIGNER_NOTARY_OUTSTANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OUTSTANDING_MAX 2048
#define OUTSTANDING_KEYHOLDERS 64
#define OUTSTANDING_STAGED UINT32_MAX	/* of no keyholder yet */

struct outstanding_ticket {
	uint64_t	index;		/* of its decision in the log */
	uint64_t	id;		/* the gate's; 0: nobody waits */
	uint32_t	keyholder;
	uint32_t	parts;		/* without a report */
	enum err	err;		/* the first part that failed */
	bool		again;		/* a retry: reported on before */
};

struct outstanding {
	size_t				load[OUTSTANDING_KEYHOLDERS];
	size_t				count;
	struct outstanding_ticket	at[OUTSTANDING_MAX];
};

/* ERR_FULL */
[[nodiscard]] enum err outstanding_add(struct outstanding *o,
    const struct outstanding_ticket *t);
/* NULL when there is none of this index. */
struct outstanding_ticket *outstanding_find(struct outstanding *o,
    uint64_t index);
void outstanding_remove(struct outstanding *o, struct outstanding_ticket *t);
/* keyholder < OUTSTANDING_KEYHOLDERS; t had none before. */
void outstanding_assign(struct outstanding *o, struct outstanding_ticket *t,
    uint32_t keyholder);
/* After a rollback: those that never got a keyholder. */
void outstanding_drop_staged(struct outstanding *o);

#endif
