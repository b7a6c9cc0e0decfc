/*
 * Inside the policy: what the files were bound to. Everything hangs on the
 * documents and is not changed after policy_load().
 */
#ifndef OKSE_POLICY_MODEL_H
#define OKSE_POLICY_MODEL_H

#include "policy/calendar.h"
#include "policy/policy.h"
#include "policy/region.h"

#define POLICY_FILES 64
#define POLICY_PROGRAMMES 32	/* bits of entitlement.programme_bits */
#define POLICY_RULES 64		/* of one programme */
#define POLICY_FEES 8		/* of one programme */

/* The file of kind "policy". */
struct policy_head {
	const struct yaml_variant	*variant;
	int64_t				 serial;
	int				 leap_birthday;
};

/* How much of a decision a client is told. */
enum detail {
	DETAIL_OUTCOME,		/* no message that tells state */
	DETAIL_FULL,
};

struct entitlement {
	YAML_ARRAY(struct yaml_reference) programmes;
	uint32_t	 operations, purposes, evidence;
	uint32_t	 actions;		/* 0: all */
	int		 detail;
	uint32_t	 programme_bits;	/* by policy_link() */
};

struct caller {
	const char		*name;
	YAML_ARRAY(struct entitlement) may;
};

/* The file of kind "callers". */
struct callers {
	const struct yaml_variant	*variant;
	YAML_ARRAY(struct caller)	 list;
};

enum validity_end {
	VALIDITY_END_OF_DAY,	/* 24:00 Korean time of the last day */
	VALIDITY_EXACT,		/* the same time of day */
};

struct validity {
	struct yaml_period	administrative;
	int			ends;
	int64_t			technical;	/* seconds */
	int64_t			qr_token;	/* seconds */
	int64_t			rounding;	/* seconds; 0: none */
};

/* Free for who was born in a year, in another, holding such a card. */
struct fee_waiver {
	int64_t		 born, year;
	YAML_ARRAY(const char *) card;	/* status; "none": no card named */
};

struct fee {
	const char	*id;
	int64_t		 won;
	YAML_ARRAY(struct fee_waiver) waived;
	const char	*basis;
};

struct rule;

struct rule_entry {
	const char	*id;
	struct rule	*rule;
};

/* A file of kind "programme". */
struct programme_file {
	const struct yaml_variant	*variant;
	const char			*id, *vct;
	uint32_t			 operations;
	YAML_ARRAY(struct yaml_reference) formats;
	YAML_ARRAY(int64_t)		 age_over;
	YAML_ARRAY(struct claim_spec)	 claims;
	struct sd_jwt_spec		 sd_jwt;
	struct mdoc_spec		 mdoc;
	struct vc_spec			 vc;
	struct opendid_spec		 opendid;
	struct cwt_qr_spec		 cwt_qr;
	struct displays			 display;
	struct validity			 validity;
	YAML_ARRAY(struct fee)		 fees;
	YAML_ARRAY(struct rule_entry)	 rules;
	struct programme		 public;	/* by policy_link() */
	unsigned int			 index;
};

struct suite;

struct policy {
	struct yaml_doc		*docs[POLICY_FILES];
	size_t			 doc_count;
	struct policy_head	*head;
	struct regions		*regions;	/* NULL when there is none */
	struct callers		*callers;	/* likewise */
	struct programme_file	*programmes[POLICY_PROGRAMMES];
	size_t			 programme_count;
	struct suite		*suites[POLICY_FILES];
	size_t			 suite_count;
	struct hash		 hash;
};

/* One file bound, by its kind; see schema.c. */
struct policy_part {
	const struct yaml_variant *variant;
};
extern const struct yaml_type policy_part_type;
enum part_kind { PART_POLICY, PART_REGIONS, PART_CALLERS, PART_PROGRAMME };
enum part_kind policy_part_kind(const struct policy_part *part);

/* Of a programme; see schema_claim.c. */
extern const struct yaml_type claims_type, formats_type, displays_type;
extern const struct yaml_type sd_jwt_type, mdoc_type, vc_type;
extern const struct yaml_type opendid_type, cwt_qr_type;

/* Where each claim goes, once all files are bound; see schema_claim.c. */
[[nodiscard]] enum err claims_link(struct programme_file *f);

/* Resolves names between files once all are bound; see link.c. */
[[nodiscard]] enum err policy_link(struct policy *p);

const struct programme_file *policy_find(const struct policy *p,
    struct view id);

/* The tables of names that YAML and requests share. */
extern const struct yaml_choice operation_choices[];
extern const struct yaml_choice purpose_choices[];
extern const struct yaml_choice action_choices[];
extern const struct yaml_choice evidence_choices[];
extern const struct yaml_choice device_state_choices[];
extern const struct yaml_choice evidence_state_choices[];
extern const struct yaml_choice proof_state_choices[];
extern const struct yaml_choice resistance_choices[];
extern const struct yaml_choice format_choices[];

#endif
