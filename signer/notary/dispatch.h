/*
 * What leaves the notary, and what keyholders report back: answers to the
 * gate, tickets to the keyholder that has least to do, checkpoints.
 */
#ifndef OKSE_SIGNER_NOTARY_DISPATCH_H
#define OKSE_SIGNER_NOTARY_DISPATCH_H

#include "signer/notary/batch.h"
#include "signer/proc.h"

/* After a commit: everything of the batch. */
void dispatch_batch(struct notary *n, struct proc *p, struct batch *b);
/* After a commit: RECORDED for each record. */
void dispatch_records(struct notary *n, struct proc *p);

/* DONE. A report on a ticket it does not hold is ignored. */
void dispatch_done(struct notary *n, struct proc *p, uint32_t keyholder,
    struct view body);
/* Its tickets have failed. */
void dispatch_keyholder_gone(struct notary *n, struct proc *p,
    uint32_t keyholder);
/* Nobody waits any more for what is on its way. */
void dispatch_gate_gone(struct notary *n);

/* The keyholder with the fewest tickets, or NULL. */
struct peer *dispatch_keyholder(const struct notary *n, struct proc *p);

#endif
