/*
 * What a pass does beside serving: telling why nothing is decided, and some
 * more of a backup or a repair that an operator began.
 */
#ifndef OKSE_SIGNER_NOTARY_UPKEEP_H
#define OKSE_SIGNER_NOTARY_UPKEEP_H

#include "signer/notary/notary.h"
#include "signer/proc.h"

/* HOLD, once to each that serves: which of them were told. */
struct upkeep {
	bool	supervisor_told, gate_told;
};

/*
 * An error is final: the process must end. Once a repair is done the process
 * is asked to stop, and starts anew as on any other registry.
 */
[[nodiscard]] enum err upkeep_pass(struct upkeep *u, struct notary *n,
    struct proc *p);

#endif
