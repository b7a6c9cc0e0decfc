/*
 * The second stage: a policy is read from YAML once, is immutable, and
 * decides. policy_decide() is pure: the same policy, request and facts give
 * the same decision on any machine at any time.
 */
#ifndef OKSE_POLICY_POLICY_H
#define OKSE_POLICY_POLICY_H

#include "base/json.h"
#include "policy/claim.h"
#include "policy/request.h"

struct policy;

/*
 * Reads every *.yaml of a directory. Errors name file, line, column, what was
 * expected and, for unknown names, the nearest known one. Cases beside the
 * rules (suite.h) are run: ERR_MISMATCH names the first that fails.
 */
[[nodiscard]] enum err policy_load(const char *dir,
    struct policy **out_policy);
/* The same from memory, in any order; names as they are in messages. */
struct policy_file {
	const char	*name;
	struct view	 content;
};
[[nodiscard]] enum err policy_parse(const struct policy_file *files,
    size_t count, struct policy **out_policy);
void policy_free(struct policy *p);
AUTO_STRUCT(policy);

/* SHA-256 over the files in byte order of their names, and the serial. */
const struct hash *policy_hash(const struct policy *p);
int64_t policy_serial(const struct policy *p);

/* What the service knows beside the request. See facts_neutral(). */
enum evidence_state {
	EVIDENCE_VALID,
	EVIDENCE_MISSING,
	EVIDENCE_UNKNOWN,	/* not ours, or damaged */
	EVIDENCE_EXPIRED,
	EVIDENCE_REDEEMED,
	EVIDENCE_OTHER_HOLDER,
	EVIDENCE_OTHER_PROGRAMME,
	EVIDENCE_OTHER_PURPOSE,
	EVIDENCE_OTHER_CENTRE,
	EVIDENCE_UNTRUSTED,	/* a chip that no card CA of ours certifies */
	EVIDENCE_NOT_IN_FORCE,	/* outside the validity of the certificate */
	EVIDENCE_BAD_SIGNATURE,	/* the chip's */
};

enum proof_state {
	PROOF_VALID,
	PROOF_MISSING,
	PROOF_BAD_SIGNATURE,
	PROOF_WRONG_AUDIENCE,
	PROOF_UNKNOWN_NONCE,	/* not ours, or damaged */
	PROOF_EXPIRED_NONCE,
	PROOF_USED_NONCE,
	PROOF_ISSUING_KEY,	/* one of our own keys */
	PROOF_OTHER_HOLDER,	/* bound to another holder already */
	PROOF_OUTSIDE_TIME,	/* its own nbf or exp says so */
};

/* Of a holder's device in a programme: docs/devices.md. */
enum device_state {
	DEVICE_NONE,
	DEVICE_ACTIVE,
	DEVICE_REPLACED,	/* by another one */
	DEVICE_SUSPENDED,
	DEVICE_REVOKED,
	DEVICE_EXPIRED,
};

#define TIME_NONE INT64_MIN	/* "null" of an instant */

#define POLICY_QUOTAS 8		/* of one programme */

struct facts {
	int64_t		now;
	int64_t		active_devices;	/* of this holder in this programme */
	bool		this_device_active;
	int64_t		last_issued_at;		/* or TIME_NONE */
	int64_t		administrative_expiry;	/* of the active device, or … */
	enum device_state device_state;	/* of the newest; see below */
	bool		other_device;	/* not the one that was named */
	enum evidence_state evidence;
	int64_t		evidence_issued_at;
	enum proof_state device_proof;
	int64_t		signer_not_before;
	int64_t		signer_not_after;
	int64_t		quota_used;	/* of every quota, at least */
	int64_t		quotas_used[POLICY_QUOTAS];	/* of each */
};

/* The values a fact has when nothing is known (design, section 5). */
struct facts facts_neutral(int64_t now);

/*
 * The state of the holder's device now. Facts that count an active one and
 * tell no state mean an active one; whatever has reached its administrative
 * expiry is expired.
 */
enum device_state facts_device_state(const struct facts *f);

/* The diagram of docs/devices.md: may it, and where does it lead? */
bool action_fits(enum action a, enum device_state from);
enum device_state action_state(enum action a);

/* Names as in `okse policy explain`: "valid", "redeemed", "used-nonce" … */
const char *device_state_name(enum device_state s);
[[nodiscard]] enum err device_state_of(struct view name,
    enum device_state *out);
const char *evidence_state_name(enum evidence_state s);
const char *proof_state_name(enum proof_state s);
[[nodiscard]] enum err evidence_state_of(struct view name,
    enum evidence_state *out);
[[nodiscard]] enum err proof_state_of(struct view name,
    enum proof_state *out);

/* What a grant of this request is to be counted by. */
enum quota_per { PER_HOLDER, PER_CLIENT, PER_CENTRE };

struct policy_quota {
	size_t		 place;		/* in quotas_used */
	const char	*id;		/* the rule's */
	enum quota_per	 per;
	int64_t		 window;	/* seconds */
	int64_t		 at_most;	/* INT64_MAX where it only monitors */
};
/* Those that concern it; how many. */
size_t policy_quotas(const struct policy *p, const struct asked *a,
    struct policy_quota out[POLICY_QUOTAS]);

enum outcome {
	OUTCOME_PASS,
	OUTCOME_FAIL,
	OUTCOME_NOT_APPLICABLE,
};
const char *outcome_name(enum outcome o);	/* "pass", … */

struct rule_result {
	const char	*id;		/* "holder-age" */
	enum outcome	 outcome;
	bool		 monitored;	/* its failure refuses nothing */
	bool		 tells_state;	/* message: what the service knows */
	const char	*message;	/* the limit and what came; personal */
	const char	*basis;		/* "Act 24(1)"; "" if none */
};

/* What something beside the decision costs: stated, never collected. */
struct fee_result {
	const char	*id;		/* "ic-card-fee" */
	int64_t		 won;
};

/* Every rule's result, and the grant when all of them allow. */
struct decision;
struct grant;

/* ERR_MEMORY only: whatever cannot be evaluated is a rule that fails. */
[[nodiscard]] enum err policy_decide(const struct policy *p,
    const struct request *r, const struct facts *f,
    struct decision **out_decision);
void decision_free(struct decision *d);
AUTO_STRUCT(decision);

bool decision_allows(const struct decision *d);
size_t decision_count(const struct decision *d);
const struct rule_result *decision_rule(const struct decision *d, size_t i);
/* NULL when refused; lives as long as the decision. */
const struct grant *decision_grant(const struct decision *d);
/* In the order the programme states them; NULL from the last on. */
const struct fee_result *decision_fee(const struct decision *d, size_t i);
/*
 * {"outcome","policy","serial","rules":[…]} under name, as the caller may see
 * it: messages that tell state are withheld unless the file of callers says
 * `detail: full`. Programmes with fees add "fees":{"ic-card-fee":5000}.
 */
void decision_json(const struct decision *d, struct json *j,
    const char *name);

/*
 * What was granted. Made by policy_decide(), or again from what was recorded
 * of it (a retry under the same Idempotency-Key) by grant_restore().
 */
struct grant_terms {
	int64_t	issued_at;		/* now of the decision */
	int64_t	valid_from;
	int64_t	administrative_expiry;	/* exclusive; TIME_NONE: a QR token */
	int64_t	technical_expiry;	/* of this credential or token */
};
const struct grant_terms *grant_terms(const struct grant *g);
const struct programme *grant_programme(const struct grant *g);
/* The holder's policy_age() at issued_at: what age_over_NN is stated from. */
int64_t grant_age(const struct grant *g);
[[nodiscard]] enum err grant_restore(const struct policy *p,
    const struct request *r, const struct grant_terms *terms,
    struct grant **out_grant);
void grant_free(struct grant *g);
AUTO_STRUCT(grant);

/*
 * What the policy says of a programme beyond its rules: what its credentials
 * look like. Consumed by credential/.
 */
struct programme {
	const char		*id;		/* "resident-id" */
	const char		*vct;		/* SD-JWT VC type */
	const char	*const	*formats;	/* NULL at the end */
	const struct claim_spec	*claims;
	size_t			 claim_count;
	const int64_t		*age_over;	/* age_over_NN to state */
	size_t			 age_over_count;
	int64_t			 rounding;	/* of times; 0: none */
	struct sd_jwt_spec	 sd_jwt;
	struct mdoc_spec	 mdoc;
	struct vc_spec		 vc;
	struct opendid_spec	 opendid;
	struct cwt_qr_spec	 cwt_qr;
	struct displays		 display;
	/* what an enforced rule wants attested; RESISTANCE_NONE: nothing */
	enum resistance		 key_storage, user_authentication;
};

/* The i-th of the policy's programmes; NULL from the last on. */
const struct programme *policy_programme_at(const struct policy *p,
    size_t i);

/* NULL when the policy has no such programme. */
const struct programme *policy_programme(const struct policy *p,
    struct view id);
/* Full years at an instant in Korean time, by the policy's leap-birthday. */
int64_t policy_age(const struct policy *p, struct date birth, int64_t now);

#endif
