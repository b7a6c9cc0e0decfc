/* A log replayed by bundles and a roster, for the commands that tell of it. */
#ifndef OKSE_CLI_AUDIT_REPLAY_H
#define OKSE_CLI_AUDIT_REPLAY_H

#include "audit/replay.h"
#include "cli/audited.h"

#define REPLAY_OPTIONS                                                        \
	{ "policies", "DIR", "signed bundles, each named by its serial" },    \
	{ "roster", "FILE", "the officers whose signatures count" }

/* Whether both options are given. */
bool replay_asked(const struct arguments *a);
/* Complains of bundles that cannot be had; nothing is told yet. */
[[nodiscard]] enum err replay_log(const struct arguments *a,
    struct audited *log, struct replay **out_replay);

#endif
