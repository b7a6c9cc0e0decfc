/*
 * The log and its witnesses, as the notary sees it: what each of them knows,
 * what to ask of whom, when a checkpoint has its quorum, and whether any of
 * them knows another tree under this log's name. A state machine over answers
 * and the time; the courier carries, and is believed in nothing.
 *
 *	attest_next()		the next errand, until there is none
 *	attest_returned()	what came back
 *	attest_pass()		publishes what has its quorum or waited enough
 *	attest_verdict()	of an opening that asked them
 *
 * Nothing here waits for anybody. Times are monotonic microseconds unless
 * they end in _at: seconds since 1970.
 */
#ifndef OKSE_SIGNER_NOTARY_ATTEST_H
#define OKSE_SIGNER_NOTARY_ATTEST_H

#include "audit/trust.h"
#include "signer/config.h"
#include "signer/notary/journal.h"

#define ATTEST_WHY 160
#define ATTEST_SKEW 600		/* seconds a witness's clock may be off */

enum attest_state {
	ATTEST_UNASKED = 1,
	ATTEST_AGREES,		/* with what it was asked about last */
	ATTEST_SILENT,		/* no answer, or none of any use */
	ATTEST_REFUSES,		/* it says that this log does not grow */
	ATTEST_CONTRADICTS,	/* and shows another tree that the log signed */
};

enum attest_recorded { ATTEST_UNRECORDED, ATTEST_GAINED, ATTEST_LOST };

/* Since when the first of some entries waits for something. */
struct attest_lag {
	uint64_t	size;		/* that would end it; 0: no lag */
	int64_t		since_us;
};

struct attest_witness {
	const struct trust_witness *trust;
	enum attest_state	 state;
	char			 why[ATTEST_WHY];
	/* the errand on its way */
	uint64_t		 errand;	/* its id; 0: none */
	unsigned int		 kind;
	int64_t			 sent_us;
	struct bytes		 text;		/* of the checkpoint sent */
	uint64_t		 size;		/* and its size */
	/* the next one */
	int64_t			 due_us;
	int64_t			 pause_us;	/* the longest between two */
	unsigned int		 failures, conflicts;	/* in a row */
	bool			 look;		/* asks for its checkpoint */
	/* what it knows */
	uint64_t		 known;		/* its size, as far as heard */
	uint64_t		 cosigned;	/* the largest it signed */
	int64_t			 cosigned_at;	/* by its own clock */
	struct attest_lag	 lag;
	enum attest_recorded	 recorded, due;	/* in the log */
	/* during an opening */
	bool			 looked, fresh, failed;
	uint64_t		 answers, troubles;	/* counted */
};

struct attest {
	const struct config_witnesses *config;
	struct trust_policy	*policy;
	const struct logkeys	*keys;
	struct journal		*journal;
	struct closed		*closed;
	uint64_t		 next_errand;
	size_t			 count;
	struct attest_witness	 at[TRUST_MAX];
	uint64_t		 offer;		/* size they are asked about */
	uint64_t		 lines[TRUST_MAX];	/* times, or NEVER */
	uint64_t		 witnessed;	/* size that had its quorum */
	int64_t			 witnessed_at;
	uint64_t		 kept;		/* size and length of the */
	size_t			 kept_len;	/* checkpoint.witnessed */
	struct attest_lag	 lag;		/* of the quorum */
	bool			 asking;	/* an opening waits */
	bool			 answer_due;	/* and has no answer yet */
	int64_t			 asked_us;
	bool			 contradicted;	/* not told yet */
	bool			 issuing;	/* as was told */
};

/*
 * NULL when the configuration names no witnesses. ERR_SCHEMA when the trust
 * policy names no key of this log, present or former, or a witness without a
 * URL.
 */
[[nodiscard]] enum err attest_new(const struct config *c,
    const struct logkeys *keys, struct journal *j, struct closed *closed,
    struct attest **out_attest);
void attest_free(struct attest *a);
AUTO_STRUCT(attest);
/* Another key has the log. */
[[nodiscard]] enum err attest_know(struct attest *a,
    const struct logkeys *keys);

/* The body of an ERRAND; false when none is due. */
[[nodiscard]] enum err attest_next(struct attest *a, int64_t now_us,
    bool *out_any, uint64_t *out_id, struct bytes *out_body);
/* The body of RETURNED; errors are those of the journal, and final. */
[[nodiscard]] enum err attest_returned(struct attest *a, uint64_t id,
    struct view body, int64_t now_us);
/* The courier is gone: nothing is on its way any more. */
void attest_courier_gone(struct attest *a);

/* *out_published: the published checkpoint is a larger one now. */
[[nodiscard]] enum err attest_pass(struct attest *a, int64_t now_us,
    bool *out_published);
/* The daemon is open: what has waited so far does not count against it. */
void attest_opened(struct attest *a, int64_t now_us);
/* ERR_UNWITNESSED when the quorum is missing for too long. */
[[nodiscard]] enum err attest_check(const struct attest *a, int64_t now_us);

/* ---- attest_ask.c: does anybody know another tree? */

void attest_ask(struct attest *a, int64_t now_us);
/*
 * ERR_IN_FLIGHT while answers are missing; ERR_OK; ERR_MISMATCH, somebody
 * objects; ERR_UNWITNESSED, too few answered. Anything but the first ends it.
 */
[[nodiscard]] enum err attest_verdict(struct attest *a, int64_t now_us);
/* What a witness showed; ERR_SYNTAX: that is no checkpoint of this log. */
[[nodiscard]] enum err attest_judge(struct attest *a,
    struct attest_witness *w, struct view note);
/* Once after a contradiction was proven outside of an opening: ERR_MISMATCH */
[[nodiscard]] enum err attest_alarm(struct attest *a);

/* ---- attest_tell.c */

struct notary;
struct json;
/* Stages entries of witnesses lost and gained; they are durable. */
[[nodiscard]] enum err attest_stage(struct notary *n);
void attest_staged(struct attest *a);
bool attest_has_news(const struct attest *a);
/* The JSON of GET /v1/log/state; a may be NULL, as below. */
[[nodiscard]] enum err attest_put(const struct attest *a,
    const struct journal *j, int64_t now_us, struct bytes *out);
void attest_metrics(const struct attest *a, const struct journal *j,
    int64_t now_us, struct bytes *out);

/* ---- shared */

void attest_offer(struct attest *a);	/* the journal has a new checkpoint */

const char *attest_state_name(enum attest_state s);
/* Keeps state and the reason, cut to its room. */
void attest_set(struct attest_witness *w, enum attest_state s,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Microseconds something has waited; 0: nothing waits. */
int64_t attest_waited(const struct attest_lag *lag, int64_t now_us);

#endif
