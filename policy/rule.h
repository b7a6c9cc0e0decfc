/*
 * The catalogue of rule kinds. A kind is a name, the fields it has in YAML
 * and a function that judges; a rule is one use of it in one programme, with
 * an id that clients and auditors rely on.
 *
 * A judge looks only at the scene, writes into the note what the limit is and
 * what came, and says OUTCOME_PASS only when it could be established.
 *
 * What would tell who somebody is (number, birth date, claims) is not for
 * judges: observe() makes a small number of it, which is all that judge()
 * gets. It is recorded in the log, and okse audit replay judges from it again
 * (seen.h). A replay has no notes: n is NULL and writing to it does nothing.
 */
#ifndef OKSE_POLICY_RULE_H
#define OKSE_POLICY_RULE_H

#include "policy/model.h"
#include "policy/note.h"

enum rule_mode {
	MODE_ENFORCE,
	MODE_MONITOR,	/* judged and reported, never refuses */
};

/* What every kind begins with. */
struct rule {
	const struct yaml_variant	*variant;
	int				 mode;
	uint32_t			 operations;	/* 0: all */
	uint32_t			 purposes;	/* 0: all */
	const char			*basis;		/* NULL: none */
};

/* All that a judge may look at. */
struct scene {
	const struct policy		*policy;
	const struct programme_file	*programme;
	const struct asked		*asked;
	const struct facts		*facts;
	struct date			 today;		/* in Korea */
	int				 residence;	/* or REGION_NONE */
	struct grant_terms		 terms;		/* if all pass */
	const struct entitlement	*entitlement;	/* NULL: none fits */
	int64_t				 seen;	/* what observe() gave */
};

/* The variant comes first: a rule's variant is its kind. */
struct rule_kind {
	struct yaml_variant	variant;
	bool		tells_state;	/* its messages: beyond the request */
	/* NULL when judge() needs nothing but the rest of the scene */
	int64_t		(*observe)(const struct rule *rule,
			    const struct scene *s, struct note *n);
	/* names of what it gives, from 0, ended by NULL; NULL: a number */
	const char *const *sights;
	enum outcome	(*judge)(const struct rule *rule,
			    const struct scene *s, struct note *n);
	/* what no field can say alone, or NULL; fails with yaml_error(at) */
	enum err	(*check)(struct yaml_mark at, const struct rule *rule);
	/* resolves names; NULL when the kind has none */
	enum err	(*link)(struct rule *rule, const struct policy *p,
			    const struct programme_file *f);
};

static inline const struct rule_kind *
rule_kind(const struct rule *rule)
{
	return (const struct rule_kind *)rule->variant;
}

/* Whether a set that names nothing, or this, has it; 0 is in all. */
static inline bool
rule_has(uint32_t set, unsigned int value)
{
	return set == 0 || value == 0 || (set & UINT32_C(1) << value) != 0;
}

/* Whether the rule is for this operation and purpose. */
bool rule_concerns(const struct rule *rule, const struct asked *a);

const char *rule_mode_name(const struct rule *rule);	/* "enforce" … */

/* Pass or fail: the last line of a judge. */
static inline enum outcome
outcome_of(bool holds)
{
	return holds ? OUTCOME_PASS : OUTCOME_FAIL;
}

/* Judges where the first of a kind's sights is the good one. */
enum outcome judge_sight(const struct rule *rule, const struct scene *s,
    struct note *n);

/* Whether the rule is of kind "reason" and lists this one. */
bool rule_lists_reason(const struct rule *rule, struct view reason);
/* The same of kind "status-change" and an action. */
bool rule_lists_change(const struct rule *rule, enum action a,
    struct view reason);

/* Raises both to what an enforced rule of kind "device-attestation" wants. */
void rule_wants_attested(const struct rule *rule,
    enum resistance *key_storage, enum resistance *user_authentication);

/* What lets this client ask for this, or NULL; see rule_service.c. */
const struct entitlement *entitlement_find(const struct scene *s);

/* What is due now, for whom is in the scene; see fee.c. */
int64_t fee_of(const struct fee *fee, const struct scene *s);

/* The type of a rule in YAML: any kind of the catalogue, by its name. */
extern const struct yaml_type rule_type;

/* Fails unless the programme's schema has the claim; absent is fine. */
[[nodiscard]] enum err rule_link_claim(const struct programme_file *f,
    const struct yaml_reference *claim);

extern const struct rule_kind rule_number_digit, rule_number_birth_date;
extern const struct rule_kind rule_age, rule_card;
extern const struct rule_kind rule_region, rule_centre, rule_channel;
extern const struct rule_kind rule_evidence, rule_device_proof;
extern const struct rule_kind rule_device_attestation;
extern const struct rule_kind rule_devices, rule_reason;
extern const struct rule_kind rule_status_change;
extern const struct rule_kind rule_period, rule_entitlement, rule_quota;
extern const struct rule_kind rule_administrative_validity;
extern const struct rule_kind rule_technical_validity;
extern const struct rule_kind rule_claims, rule_formats;

#endif
