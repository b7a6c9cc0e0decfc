/*
 * A replay under way: what replay.c (policies), replay_decision.c (judging
 * again), replay_life.c (devices, tokens, keys) and replay_fleet.c (those of
 * several logs) share. For nobody else.
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

/* What became of one device by one entry; of several logs only. */
enum life_kind { LIFE_FIRST, LIFE_REISSUE, LIFE_REFRESH, LIFE_CHANGE };

struct life {
	uint8_t		name[TABLE_NAME];	/* of holder and programme */
	uint8_t		device[TABLE_NAME];
	int64_t		bound, old, changed;	/* ms; 0: not told */
	int64_t		t, expiry;		/* ms */
	uint64_t	index;
	uint16_t	log;
	uint8_t		kind;			/* enum life_kind */
	uint8_t		action;			/* enum action */
	bool		unmade;			/* its signature failed */
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
	uint32_t		*device_of;	/* by index: 1 + number, and
						   whether it was reported on */
	uint64_t		 device_room;
	bool			 nodes;		/* others share the registry */
	/* of several logs */
	size_t			 log;		/* whose entries come */
	struct life		*lives;
	size_t			 life_count, life_room;
	size_t			 joined_count;
	char			 joined[REPLAY_LOGS][REPLAY_ORIGIN];
	bool			 judged_fleet;
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
/* A key is of one holder, in whatever order entries come. ERR_MEMORY. */
[[nodiscard]] enum err replay_keys(struct replay *r, uint64_t index,
    const struct schema_entry *e);
/* What a report of signatures says of the devices of earlier entries. */
void replay_tickets(struct replay *r, uint64_t index,
    const struct schema_entry *e);
/* The 16 bytes of a pseudonym, whose form the schema has checked. */
void replay_name(struct view hex, uint8_t out[TABLE_NAME]);
/* Remembers the device that an entry is about, by a number. ERR_MEMORY. */
[[nodiscard]] enum err replay_note_device(struct replay *r, uint64_t index,
    uint32_t number);
/* docs/devices.md: what an action leads to, from where; DEVICE_NONE. */
enum device_state replay_state_after(enum action action,
    enum device_state from);

/* The same of several logs: put down, and judged when all were shown. */
[[nodiscard]] enum err replay_fleet(struct replay *r, uint64_t index,
    const struct schema_entry *e);
void replay_judge_fleet(struct replay *r);

#endif
