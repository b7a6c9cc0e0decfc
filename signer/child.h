/*
 * How every role but the supervisor starts: descriptor 3 is its channel to
 * the supervisor, whose first message is the configuration. A role then
 * opens what it needs, locks itself in, says READY and serves.
 */
#ifndef OKSE_SIGNER_CHILD_H
#define OKSE_SIGNER_CHILD_H

#include "signer/config.h"
#include "signer/proc.h"

#define CHILD_CONTROL 3

/*
 * Makes the process of a role: no core, not dumpable, no new privileges;
 * receives the configuration (the caller frees it) and attaches the
 * supervisor as a peer. ATTACH messages are handled here, not in the table.
 */
[[nodiscard]] enum err child_start(const struct proc_table *table,
    void *context, struct proc **out_proc, struct config **out_config);

/* sandbox_enter() for the role, then READY, then proc_loop(). */
[[nodiscard]] enum err child_serve(struct proc *p,
    const struct config *config);

/* The roles' mains, called by oksed.c; return the exit status. */
int gate_main(enum role self);		/* ROLE_GATE or ROLE_DESK */
int notary_main(void);
int keyholder_main(unsigned int index);
int courier_main(void);
int supervisor_main(const char *config_path);

#endif
