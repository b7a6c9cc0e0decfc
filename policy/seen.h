/*
 * What a decision depended on, reduced until it tells nobody who it was
 * about, and yet enough to decide again: seen_put() writes it into the log's
 * entry, seen_judge() judges from it with the same code as policy_decide().
 *
 * The object has these members, sorted; those that would say nothing are left
 * out. Days are rounded so that their sign is right. docs/audit.md tells what
 * each is for.
 *
 *	active	 devices the holder had active in this programme
 *	centre	 first five digits of the centre's code
 *	chip	 1: the card has a chip
 *	evidence its state ("valid", "redeemed", …); none sent: absent
 *	fees	 object: won stated for each fee
 *	formats	 those asked for, with commas; "unknown" for any other name
 *	left	 days of administrative validity the active device had left
 *	newer	 1: the evidence is newer than the last issue, 0: it is not
 *	now	 the decision's time, seconds since 1970
 *	other	 1: a device was named that is not the holder's one
 *	proof	 state of the device's proofs; no device named: absent
 *	saw	 object: for each rule that looked at more, what it made of it
 *	signer	 days until the signer's certificate ends
 *	since	 days since the last issue to this holder
 *	starts	 days until the signer's certificate begins
 *	state	 of the holder's newest device; without any: absent
 *	this	 1: the active device is the one that asks
 */
#ifndef OKSE_POLICY_SEEN_H
#define OKSE_POLICY_SEEN_H

#include "policy/policy.h"

#define SEEN_RULES 64
#define SEEN_FEES 8

/* Into an open object. r and f are those that d was decided from. */
void seen_put(const struct decision *d, const struct request *r,
    const struct facts *f, struct json *j);
/* The reason given, when a rule of the programme lists it; or empty. */
struct view seen_reason(const struct decision *d, const struct request *r);

struct seen_pair {
	struct view	name, value;	/* a text with its quotes */
};

/* A decision as the log tells it; views are of the entry. */
struct seen {
	struct asked	 asked;		/* holder and claims are empty */
	struct facts	 facts;
	uint32_t	 taken;		/* members, a bit each */
	size_t		 sight_count;
	struct seen_pair sights[SEEN_RULES];
	size_t		 fee_count;
	struct seen_pair fees[SEEN_FEES];
};

/* With what it has when no member is taken; reuses the memory of before. */
void seen_start(struct seen *s);
/*
 * One member of the object, "now" before all others; those of "saw" and
 * "fees" are kept with seen_keep() instead. False: not of this vocabulary.
 */
bool seen_take(struct seen *s, struct view name, struct view value);
bool seen_keep(struct seen *s, bool fee, struct seen_pair pair);
/* Whether the object may have a member of this name. */
bool seen_knows(struct view name);

/* What came of judging again. */
struct seen_judged {
	bool			 allows;
	bool			 blind;	/* something needed is not told */
	size_t			 count;	/* 0: there is no such programme */
	struct rule_result	 results[SEEN_RULES + 1];
	int64_t			 administrative_expiry;	/* or TIME_NONE */
	const char		*unexplained_fee;	/* or NULL */
};

/*
 * s->asked and s->facts have been completed from the entry. The policy's own
 * figures (ages, phases, periods, limits) are applied again; of what only
 * observe() saw, its sight.
 */
void seen_judge(const struct policy *p, const struct seen *s,
    struct seen_judged *out);

#endif
