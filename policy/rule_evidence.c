/*
 * Rules about the proof that came and the devices there are. What is judged
 * are facts the service established; see struct facts. Next: rule_service.c.
 */
#include "policy/rule.h"

/* ---- evidence: the token or card is good, for exactly this request */

struct evidence {
	struct rule	rule;
	uint32_t	without_evidence;	/* purposes that need none */
};

static const struct yaml_field evidence_fields[] = {
	YAML_FIELD("without-evidence", struct evidence, without_evidence,
	    &YAML_SOME_OF(purpose_choices), .optional = true),
	{ 0 },
};

/* What a state means, in words of the evidence; NULL: its name says it. */
static const char *
meaning(enum evidence_kind kind, enum evidence_state state)
{
	bool chip = kind == EVIDENCE_IC_CARD;

	switch (state) {
	case EVIDENCE_UNKNOWN:
		return chip ? "the certificate cannot be read, or the "
		    "challenge is not ours for this client" :
		    "not signed by us, or damaged";
	case EVIDENCE_EXPIRED:
		return chip ? "the challenge is too old" : NULL;
	case EVIDENCE_REDEEMED:
		return chip ? "the challenge was used before" :
		    "it was used before";
	case EVIDENCE_OTHER_HOLDER:
		return chip ? "the card is another person's" : NULL;
	case EVIDENCE_OTHER_PROGRAMME:
		return chip ? "the card is of another programme" : NULL;
	case EVIDENCE_UNTRUSTED:
		return "no configured card CA certifies this chip to sign";
	case EVIDENCE_NOT_IN_FORCE:
		return "the chip's certificate is not valid now";
	case EVIDENCE_BAD_SIGNATURE:
		return "the chip did not sign this challenge";
	default:
		return NULL;
	}
}

static enum outcome
judge_evidence(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct evidence *r = (const struct evidence *)rule;
	const struct asked *a = s->asked;
	const char *why = meaning(a->evidence.kind, s->facts->evidence);

	if (a->evidence.kind == EVIDENCE_NONE) {
		note_text(n, "no evidence was sent");
		return (r->without_evidence & UINT32_C(1) << a->purpose) != 0 ?
		    OUTCOME_NOT_APPLICABLE : OUTCOME_FAIL;
	}
	note_text(n, "evidence ");
	note_text(n, evidence_name(a->evidence.kind));
	note_text(n, " must be valid; it is ");
	note_text(n, evidence_state_name(s->facts->evidence));
	if (why != NULL) {
		note_text(n, ": ");
		note_text(n, why);
	}
	return outcome_of(s->facts->evidence == EVIDENCE_VALID);
}

const struct rule_kind rule_evidence = {
	{ "evidence", sizeof(struct evidence), evidence_fields },
	.tells_state = true,
	.judge = judge_evidence,
};

/* ---- device-proof: every key was proved to be in the device */

static enum outcome
judge_device_proof(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	(void)rule;
	if (!s->asked->has_device) {
		note_text(n, "no device was named");
		/* a dry run may ask about the rest; an issue may not */
		return s->asked->dry_run ? OUTCOME_NOT_APPLICABLE :
		    OUTCOME_FAIL;
	}
	note_text(n, "the proofs of possession must be valid; they are ");
	note_text(n, proof_state_name(s->facts->device_proof));
	return outcome_of(s->facts->device_proof == PROOF_VALID);
}

const struct rule_kind rule_device_proof = {
	{ "device-proof", sizeof(struct rule), NULL },
	.tells_state = true,
	.judge = judge_device_proof,
};

/* ---- device-attestation: where the keys are kept, on an attester's word */

struct device_attestation {
	struct rule	rule;
	int		key_storage;		/* enum resistance, at least */
	int		user_authentication;	/* RESISTANCE_NONE: any */
};

static const struct yaml_field device_attestation_fields[] = {
	YAML_FIELD("key-storage", struct device_attestation, key_storage,
	    &YAML_ONE_OF(resistance_choices)),
	YAML_FIELD("user-authentication", struct device_attestation,
	    user_authentication, &YAML_ONE_OF(resistance_choices),
	    .optional = true),
	{ 0 },
};

enum { ATTESTED_ENOUGH, ATTESTED_NOTHING, WEAK_STORAGE, WEAK_USER };

static const char *const attestation_sights[] = {
	[ATTESTED_ENOUGH] = "enough",
	[ATTESTED_NOTHING] = "none",
	[WEAK_STORAGE] = "key-storage",
	[WEAK_USER] = "user-authentication",
	NULL,
};

static void
note_resistance(struct note *n, const char *of, int wanted,
    enum resistance came)
{
	note_text(n, of);
	note_text(n, " must resist attack as ");
	note_text(n, resistance_name((enum resistance)wanted));
	note_text(n, ", attested is ");
	note_text(n, resistance_name(came));
}

static int64_t
observe_attestation(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	const struct device_attestation *r =
	    (const struct device_attestation *)rule;
	const struct asked_attestation *t = &s->asked->attestation;

	note_resistance(n, "key storage", r->key_storage, t->key_storage);
	if (r->user_authentication != RESISTANCE_NONE)
		note_resistance(n, "; user authentication",
		    r->user_authentication, t->user_authentication);
	if (t->key_storage == RESISTANCE_NONE &&
	    t->user_authentication == RESISTANCE_NONE)
		return ATTESTED_NOTHING;
	if ((int)t->key_storage < r->key_storage)
		return WEAK_STORAGE;
	return (int)t->user_authentication < r->user_authentication ?
	    WEAK_USER : ATTESTED_ENOUGH;
}

static enum outcome
judge_attestation(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	if (!s->asked->has_device && s->asked->dry_run) {
		note_text(n, "; no device was named");
		return OUTCOME_NOT_APPLICABLE;
	}
	return judge_sight(rule, s, n);
}

const struct rule_kind rule_device_attestation = {
	{ "device-attestation", sizeof(struct device_attestation),
	    device_attestation_fields },
	.observe = observe_attestation,
	.sights = attestation_sights,
	.judge = judge_attestation,
};

void
rule_wants_attested(const struct rule *rule, enum resistance *key_storage,
    enum resistance *user_authentication)
{
	const struct device_attestation *r =
	    (const struct device_attestation *)rule;

	if (rule->variant != &rule_device_attestation.variant ||
	    rule->mode != MODE_ENFORCE)
		return;
	if (r->key_storage > (int)*key_storage)
		*key_storage = (enum resistance)r->key_storage;
	if (r->user_authentication > (int)*user_authentication)
		*user_authentication =
		    (enum resistance)r->user_authentication;
}

/* ---- devices: how many a holder may have at once */

struct devices {
	struct rule	rule;
	int64_t		at_most;
};

static const struct yaml_field devices_fields[] = {
	YAML_FIELD("at-most", struct devices, at_most, &YAML_INT(1, 16)),
	{ 0 },
};

/*
 * A reissue takes the place of an active device. A first issue adds one, even
 * on the phone that is active: it would begin three new years in passing. A
 * refresh adds none, but is for the active device only.
 */
static enum outcome
judge_devices(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct devices *r = (const struct devices *)rule;
	int64_t active = s->facts->active_devices;
	int64_t others = active - (s->facts->this_device_active ? 1 : 0);

	note_text(n, "at most ");
	note_int(n, r->at_most);
	note_text(n, " active; there are ");
	note_int(n, active);
	if (active < 0 || active > r->at_most)
		return OUTCOME_FAIL;
	switch (s->asked->purpose) {
	case PURPOSE_FIRST_ISSUE:
		note_text(n, " before this first issue");
		return outcome_of(active < r->at_most);
	case PURPOSE_REISSUE:
		note_text(n, " and a reissue replaces");
		return OUTCOME_PASS;
	case PURPOSE_REFRESH:
		note_text(n, ", others than the one to refresh: ");
		note_int(n, others);
		return outcome_of(others < r->at_most);
	}
	return OUTCOME_NOT_APPLICABLE;
}

const struct rule_kind rule_devices = {
	{ "devices", sizeof(struct devices), devices_fields },
	.tells_state = true,
	.judge = judge_devices,
};

/* ---- reason: why a reissue */

struct reason {
	const char	*name;
	bool		 new_visit;	/* a token newer than the last issue */
};

struct reasons {
	struct rule	rule;
	YAML_ARRAY(struct reason) list;
};

static const struct yaml_field reason_fields[] = {
	YAML_FIELD("new-visit", struct reason, new_visit,
	    &YAML_TYPE(.shape = YAML_BOOLEAN), .otherwise = "false"),
	{ 0 },
};

static const struct yaml_field reasons_fields[] = {
	/* the fields are the element's own, beside its name */
	YAML_FIELD("reasons", struct reasons, list, &YAML_NAMES_OF(1, 32,
	    struct reason, name, name, &YAML_STRUCT(struct reason,
	    reason_fields))),
	{ 0 },
};

static const struct reason *
find_reason(const struct reasons *r, struct view name)
{
	for (size_t i = 0; i < r->list.count; i++) {
		if (view_is(name, r->list.at[i].name))
			return &r->list.at[i];
	}
	return NULL;
}

bool
rule_lists_reason(const struct rule *rule, struct view reason)
{
	return rule_kind(rule) == &rule_reason &&
	    find_reason((const struct reasons *)rule, reason) != NULL;
}

/* Only a token that is being redeemed can be older than the last issue. */
static bool
needs_new_visit(const struct reason *reason, const struct scene *s)
{
	return reason->new_visit &&
	    s->asked->operation == OPERATION_CREDENTIAL &&
	    s->asked->evidence.kind == EVIDENCE_QR_TOKEN &&
	    s->facts->last_issued_at != TIME_NONE;
}

static enum outcome
judge_reason(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct reasons *r = (const struct reasons *)rule;
	const struct reason *reason = find_reason(r, s->asked->reason);

	if (s->asked->purpose != PURPOSE_REISSUE) {
		note_text(n, "not a reissue");
		return OUTCOME_NOT_APPLICABLE;
	}
	note_text(n, "reason: ");
	note_view(n, s->asked->reason);
	if (reason == NULL) {
		note_text(n, s->asked->reason.len == 0 ?
		    "none given; a reissue needs one" :
		    " is not a permitted one");
		return OUTCOME_FAIL;
	}
	if (!needs_new_visit(reason, s))
		return OUTCOME_PASS;
	note_text(n, "; last issue ");
	note_time(n, s->facts->last_issued_at);
	note_text(n, ", the visit must be later; it was ");
	note_time(n, s->facts->evidence_issued_at);
	return outcome_of(s->facts->evidence_issued_at >
	    s->facts->last_issued_at);
}

const struct rule_kind rule_reason = {
	{ "reason", sizeof(struct reasons), reasons_fields },
	.tells_state = true,
	.judge = judge_reason,
};
