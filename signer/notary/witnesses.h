/*
 * The process's side of attest.h: errands to the courier, the log's state to
 * gate and supervisor, and the word on which an opening waits.
 */
#ifndef OKSE_SIGNER_NOTARY_WITNESSES_H
#define OKSE_SIGNER_NOTARY_WITNESSES_H

#include "signer/notary/notary.h"
#include "signer/proc.h"

/* Once a pass; an error is final. Does nothing without witnesses. */
[[nodiscard]] enum err witnesses_pass(struct notary *n, struct proc *p);
/* RETURNED; an error is final. */
[[nodiscard]] enum err witnesses_returned(struct notary *n,
    const struct msg *m);
/* ASK_WITNESSES: WITNESSES_SAY follows, in this pass or a later one. */
void witnesses_ask(struct notary *n, struct proc *p);

/* LOG_STATE to both when it changed, or to one that is new. */
void witnesses_tell(struct notary *n, struct proc *p);
void witnesses_peer_gone(struct notary *n, enum role role);

#endif
