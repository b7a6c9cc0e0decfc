/*
 * The stage that records, and what it gives: a ticket is proof that a
 * decision and the hashes of its drafts are durable in the log. Tickets are
 * made by ticket_commit() alone, after the commit; without a ticket nothing
 * is signed.
 */
#ifndef OKSE_SIGNER_NOTARY_TICKET_H
#define OKSE_SIGNER_NOTARY_TICKET_H

#include "signer/notary/issue.h"
#include "signer/notary/serve.h"

/* Staged within the batch's transaction; becomes a ticket, or nothing. */
struct record;
void record_free(struct record *r);
AUTO_STRUCT(record);

void ticket_free(struct ticket *t);
AUTO_STRUCT(ticket);

/*
 * Stages the decision's entry and, when drafts is not empty (taken over then),
 * what a retry will need; writes the answer. ERR_FULL.
 */
[[nodiscard]] enum err ticket_record(struct notary *n,
    const struct request *r, const struct issue *issue,
    const struct findings *f, const struct decision *d,
    struct drafts *drafts, struct served *out);

/*
 * A retry: the drafts, made again, must be those that were recorded
 * (ERR_MISMATCH); the answer tells the decision as the log has it.
 */
[[nodiscard]] enum err ticket_record_again(struct notary *n,
    const struct issue *issue, struct drafts *drafts, struct served *out);

/*
 * Stages the entry of a status list with its drafts (taken over). f->drafts
 * is not looked at. ERR_FULL.
 */
[[nodiscard]] enum err ticket_record_list(struct notary *n,
    const struct entry_signed_facts *f, struct drafts *drafts,
    struct served *out);
/* The same for the issuer's metadata, and where its entry is. */
[[nodiscard]] enum err ticket_record_metadata(struct notary *n,
    const struct entry_signed_facts *f, struct drafts *drafts,
    struct served *out, uint64_t *out_index);

/*
 * Commits the batch; its records, and a list's, become tickets. Any error is
 * final: the process must end.
 */
struct batch;
[[nodiscard]] enum err ticket_commit(struct notary *n, struct batch *b);

uint64_t ticket_index(const struct ticket *t);
size_t ticket_parts(const struct ticket *t);
const struct draft *ticket_part(const struct ticket *t, size_t part);
/*
 * The bodies of TICKET, for a keyholder, and DRAFT, for the gate. What is too
 * long to be part of TICKET is put into out_rider, to ride along (rider.h).
 */
void ticket_put(const struct ticket *t, size_t part, struct bytes *out,
    struct bytes *out_rider);
void ticket_put_draft(const struct ticket *t, size_t part,
    struct bytes *out);

#endif
