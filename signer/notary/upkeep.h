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
	bool		supervisor_told, gate_told;
	uint64_t	news;		/* of the guard, as it was told */
	bool		away;		/* the database, likewise */
#define UPKEEP_UNTOLD UINT32_MAX
	uint32_t	health;		/* as the gate was told */
	int64_t		lost_since;	/* µs, 0 for not: guard_lost() */
};

/*
 * An error is final: the process must end. Once a repair is done the process
 * is asked to stop, and starts anew as on any other registry.
 */
[[nodiscard]] enum err upkeep_pass(struct upkeep *u, struct notary *n,
    struct proc *p);

/*
 * After guard_lost(): has the log been shown to its end, or can it not be?
 * Then the process was asked to stop.
 */
bool upkeep_is_over(struct upkeep *u, const struct notary *n,
    struct proc *p);

#endif
