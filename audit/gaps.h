/*
 * What is not in a log although it should be: silence that nothing explains,
 * tickets that nobody accounted for, times without a witness. Entries are
 * shown in order; nothing is verified here.
 */
#ifndef OKSE_AUDIT_GAPS_H
#define OKSE_AUDIT_GAPS_H

#include "audit/schema.h"

/* constant, word, whether somebody must explain it */
#define GAP_KINDS(X)                                                          \
	X(STOPPED, "stopped", false)	/* a stop before, a start after */    \
	X(CRASHED, "crashed", true)	/* a start without a stop */          \
	X(SILENT, "silent", true)	/* no heartbeat, and no start */      \
	X(CLOCK, "clock", true)		/* the clock stepped */               \
	X(ORPHAN, "orphan", true)	/* a ticket lost in a crash */        \
	X(CLOSED, "closed", false)	/* one that an operator gave up */    \
	X(OPEN, "open", true)		/* a ticket without a report */       \
	X(UNWITNESSED, "unwitnessed", true)	/* a witness was lost */      \
	X(SEALED, "sealed", false)	/* nothing could be signed */

enum gap_kind {
#define X(name, text, matters) GAP_##name,
	GAP_KINDS(X)
#undef X
	GAP_KIND_COUNT
};

struct gap {
	enum gap_kind	kind;
	uint64_t	index;		/* of the entry before it, or its own */
	int64_t		from, to;	/* ms UTC; to 0: until the end */
	char		about[200];	/* a witness; the clock's ms; who
					   gave an orphan up, and why */
};

#define GAPS_SILENCE 150000	/* ms: two heartbeats and a half */
#define GAPS_KEPT 1000		/* of each kind; all are counted */

struct gaps;

/* silence: ms without an entry that are a gap; size: of the log */
[[nodiscard]] enum err gaps_new(int64_t silence, uint64_t size,
    struct gaps **out_gaps);
void gaps_free(struct gaps *g);
AUTO_STRUCT(gaps);

[[nodiscard]] enum err gaps_entry(struct gaps *g, uint64_t index,
    const struct schema_entry *e);

/* After the last one: what is still open. */
[[nodiscard]] enum err gaps_end(struct gaps *g);

size_t gaps_count(const struct gaps *g);	/* those kept */
const struct gap *gaps_at(const struct gaps *g, size_t i);
uint64_t gaps_total(const struct gaps *g, enum gap_kind kind);
const char *gap_name(enum gap_kind kind);
/* Whether there is any that somebody must explain. */
bool gaps_matter(const struct gaps *g);

struct gaps_tickets {
	uint64_t	entries;	/* that allow a signature */
	uint64_t	done, failed, orphaned, closed, open;
	/* what became of those lost in crashes */
	uint64_t	retried, remade, given_up;
};
struct gaps_tickets gaps_tickets(const struct gaps *g);

void gaps_report(const struct gaps *g, struct bytes *out);
struct json;
void gaps_json(const struct gaps *g, struct json *j);
void gaps_csv(const struct gaps *g, struct bytes *out);

#endif
