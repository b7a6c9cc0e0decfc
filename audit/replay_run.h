/*
 * A replay under way: what replay.c (policies), replay_decision.c (judging
 * again) and replay_life.c (devices, tokens, keys) share. For nobody else.
 */
#ifndef OKSE_AUDIT_REPLAY_RUN_H
#define OKSE_AUDIT_REPLAY_RUN_H

#include "audit/replay.h"
#include "audit/table.h"
#include "policy/seen.h"

#define REPLAY_BUNDLES 256

struct replay_policy {
	struct bundle	*bundle;
	char		 policy[65], manifest[65];	/* hashes, hex */
};

struct replay {
	struct replay_result	 result;
	struct replay_policy	 policies[REPLAY_BUNDLES];
	size_t			 policy_count;
	const struct replay_policy *in_force;	/* as entries said */
	int64_t			 serial;	/* of the last that was */
	struct seen		 seen;		/* of the decision at hand */
	struct seen_judged	 judged;
	struct table		 devices, tokens, keys;
	uint32_t		*device_of;	/* by index: 1 + number */
	uint64_t		 device_room;
	bool			 nodes;		/* others share the registry */
};

/* Counts one thing of a check; e other than ERR_OK is found, by err_why(). */
void replay_tally(struct replay *r, enum replay_check check, enum err e,
    uint64_t index);

/* Judged again and compared: outcomes, rules, expiry, fees. */
void replay_decision(struct replay *r, uint64_t index,
    const struct schema_entry *e, const struct policy *p);

/* What entries bring about, in order. ERR_MEMORY. */
[[nodiscard]] enum err replay_life(struct replay *r, uint64_t index,
    const struct schema_entry *e);

#endif
