/*
 * What a log says, counted: entries by event, decisions by everything that
 * auditors ask for. Entries are shown in order; nothing is verified here.
 */
#ifndef OKSE_AUDIT_SUMMARY_H
#define OKSE_AUDIT_SUMMARY_H

#include "audit/schema.h"

/* constant, name: a decision is counted once in each, rules apart */
#define SUMMARY_LISTS(X)                                                      \
	X(PROGRAMME, "programme")                                             \
	X(OPERATION, "operation")                                             \
	X(PURPOSE, "purpose")                                                 \
	X(CALLER, "caller")                                                   \
	X(EVIDENCE, "evidence")                                               \
	X(REGION, "region")		/* 5 digits */                        \
	X(REASON, "reason")                                                   \
	X(SIGNER, "signer")                                                   \
	X(POLICY, "policy")		/* its serial */                      \
	X(RULE, "rule")			/* columns are SUMMARY_PASS … */

enum summary_dimension {
#define X(name, text) SUMMARY_##name,
	SUMMARY_LISTS(X)
#undef X
	SUMMARY_DIMENSIONS
};

/* Columns of a row; of rules, in their own meaning. */
enum { SUMMARY_ALLOW, SUMMARY_DENY, SUMMARY_DRY_ALLOW, SUMMARY_DRY_DENY,
	SUMMARY_COLUMNS };
enum { SUMMARY_PASS, SUMMARY_FAIL, SUMMARY_MONITOR, SUMMARY_NA };

struct summary_row {
	char		name[130];	/* "-" when the entry has none */
	uint64_t	n[SUMMARY_COLUMNS];
};

struct summary_rows {		/* in order of appearance */
	struct summary_row	*at;
	size_t			 count, room;
	size_t			 next;	/* most likely the next one */
};

struct summary_hour {
	int64_t		hour;		/* since 1970, UTC; ascending */
	uint64_t	n[SUMMARY_COLUMNS];
};

/* A period.close, held against the entries. */
struct summary_period {
	char		name[65];
	uint64_t	index, first, last;
	bool		counted;	/* all its entries were shown */
	bool		agrees;		/* its totals are theirs */
};

struct summary {
	uint64_t		 entries;
	uint64_t		 first, last;	/* indexes */
	int64_t			 first_t, last_t;	/* ms UTC */
	uint64_t		 events[SCHEMA_EVENT_COUNT];
	uint64_t		 decisions[SUMMARY_COLUMNS];
	struct summary_rows	 lists[SUMMARY_DIMENSIONS];
	struct summary_hour	*hours;
	size_t			 hour_count, hour_room;
	struct summary_period	*periods;
	size_t			 period_count, period_room;
	uint64_t		 since[SCHEMA_EVENT_COUNT];	/* last close */
	uint64_t		 since_first;
};

/* All zero is empty. */
void summary_done(struct summary *s);

/* The next entry; ERR_MEMORY. */
[[nodiscard]] enum err summary_entry(struct summary *s, uint64_t index,
    const struct schema_entry *e);

const char *summary_list_name(enum summary_dimension d);
/* Rows by name, for people. */
void summary_sort(struct summary *s);

/* Decisions by hour of the day in Korea, 24 of them. */
void summary_day(const struct summary *s,
    uint64_t out_hours[24][SUMMARY_COLUMNS]);

/* False when a period's totals are not those of its entries. */
bool summary_agrees(const struct summary *s);

/* For people, for programs, and "list,name,allow,deny,…" for tables. */
void summary_report(const struct summary *s, struct bytes *out);
struct json;
void summary_json(const struct summary *s, struct json *j);
void summary_csv(const struct summary *s, struct bytes *out);

#endif
