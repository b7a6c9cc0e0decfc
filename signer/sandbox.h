/*
 * What each role may still do once it serves: one table in sandbox.c. Landlock
 * rules for files, a seccomp allow-list for system calls (the default kills),
 * no capabilities, no new privileges, no core, not dumpable.
 */
#ifndef OKSE_SIGNER_SANDBOX_H
#define OKSE_SIGNER_SANDBOX_H

#include "signer/config.h"
#include "signer/msg.h"

/* First thing in every process: no core, not dumpable, no new privileges. */
[[nodiscard]] enum err sandbox_prepare(void);

/* The lock, for good. Logs what this kernel could not give. */
[[nodiscard]] enum err sandbox_enter(enum role self,
    const struct config *config);

/* Landlock's version in this kernel, 0 for none. For metrics and tests. */
int sandbox_landlock_abi(void);

#endif
