/*
 * The names of what the service knows beside the request, and what is
 * assumed when nothing is known. Next: decide.c, which uses them.
 */
#include "policy/model.h"

#define NEUTRAL_YEAR (365 * DAY)

/* In the order of their enums, so that a state is its own index. */
const struct yaml_choice evidence_state_choices[] = {
	{ "valid", EVIDENCE_VALID },
	{ "missing", EVIDENCE_MISSING },
	{ "unknown", EVIDENCE_UNKNOWN },
	{ "expired", EVIDENCE_EXPIRED },
	{ "redeemed", EVIDENCE_REDEEMED },
	{ "other-holder", EVIDENCE_OTHER_HOLDER },
	{ "other-programme", EVIDENCE_OTHER_PROGRAMME },
	{ "other-purpose", EVIDENCE_OTHER_PURPOSE },
	{ "other-centre", EVIDENCE_OTHER_CENTRE },
	{ "untrusted", EVIDENCE_UNTRUSTED },
	{ "not-in-force", EVIDENCE_NOT_IN_FORCE },
	{ "bad-signature", EVIDENCE_BAD_SIGNATURE },
	{ 0 },
};

const struct yaml_choice proof_state_choices[] = {
	{ "valid", PROOF_VALID },
	{ "missing", PROOF_MISSING },
	{ "bad-signature", PROOF_BAD_SIGNATURE },
	{ "wrong-audience", PROOF_WRONG_AUDIENCE },
	{ "unknown-nonce", PROOF_UNKNOWN_NONCE },
	{ "expired-nonce", PROOF_EXPIRED_NONCE },
	{ "used-nonce", PROOF_USED_NONCE },
	{ "issuing-key", PROOF_ISSUING_KEY },
	{ "other-holder", PROOF_OTHER_HOLDER },
	{ "outside-time", PROOF_OUTSIDE_TIME },
	{ 0 },
};

const struct yaml_choice resistance_choices[] = {
	{ "iso_18045_basic", RESISTANCE_BASIC },
	{ "iso_18045_enhanced-basic", RESISTANCE_ENHANCED_BASIC },
	{ "iso_18045_moderate", RESISTANCE_MODERATE },
	{ "iso_18045_high", RESISTANCE_HIGH },
	{ 0 },
};

const struct yaml_choice device_state_choices[] = {
	{ "none", DEVICE_NONE },
	{ "active", DEVICE_ACTIVE },
	{ "replaced", DEVICE_REPLACED },
	{ "suspended", DEVICE_SUSPENDED },
	{ "revoked", DEVICE_REVOKED },
	{ "expired", DEVICE_EXPIRED },
	{ 0 },
};

static const char *const outcomes[] = {
	[OUTCOME_PASS] = "pass",
	[OUTCOME_FAIL] = "fail",
	[OUTCOME_NOT_APPLICABLE] = "not-applicable",
};

struct facts
facts_neutral(int64_t now)
{
	return (struct facts){
		.now = now,
		.last_issued_at = TIME_NONE,
		.administrative_expiry = TIME_NONE,
		.evidence = EVIDENCE_VALID,
		.evidence_issued_at = now,
		.device_proof = PROOF_VALID,
		.signer_not_before = now - NEUTRAL_YEAR,
		.signer_not_after = now + NEUTRAL_YEAR,
	};
}

enum device_state
facts_device_state(const struct facts *f)
{
	enum device_state s = f->device_state;

	if (s == DEVICE_NONE && f->active_devices > 0)
		s = DEVICE_ACTIVE;
	if ((s == DEVICE_ACTIVE || s == DEVICE_SUSPENDED) &&
	    f->administrative_expiry != TIME_NONE &&
	    f->administrative_expiry <= f->now)
		return DEVICE_EXPIRED;
	return s;
}

bool
action_fits(enum action a, enum device_state from)
{
	if (a == ACTION_SUSPEND)
		return from == DEVICE_ACTIVE;
	if (a == ACTION_REINSTATE)
		return from == DEVICE_SUSPENDED;
	return a == ACTION_REVOKE &&
	    (from == DEVICE_ACTIVE || from == DEVICE_SUSPENDED);
}

enum device_state
action_state(enum action a)
{
	if (a == ACTION_SUSPEND)
		return DEVICE_SUSPENDED;
	return a == ACTION_REINSTATE ? DEVICE_ACTIVE : DEVICE_REVOKED;
}

const char *
device_state_name(enum device_state s)
{
	return s <= DEVICE_EXPIRED ? device_state_choices[s].name : "none";
}

const char *
evidence_state_name(enum evidence_state s)
{
	return s <= EVIDENCE_BAD_SIGNATURE ? evidence_state_choices[s].name :
	    "unknown";
}

const char *
proof_state_name(enum proof_state s)
{
	return s <= PROOF_OTHER_HOLDER ? proof_state_choices[s].name :
	    "unknown";
}

const char *
outcome_name(enum outcome o)
{
	return o < COUNT(outcomes) ? outcomes[o] : "fail";
}

static enum err
state_of(const struct yaml_choice *choices, struct view name,
    const char *what, int *out)
{
	for (const struct yaml_choice *c = choices; c->name != NULL; c++) {
		if (view_is(name, c->name)) {
			*out = c->value;
			return ERR_OK;
		}
	}
	return err_because(ERR_RANGE, "not a known state of %s", what);
}

enum err
device_state_of(struct view name, enum device_state *out)
{
	int state;

	TRY(state_of(device_state_choices, name, "a device", &state));
	*out = (enum device_state)state;
	return ERR_OK;
}

enum err
evidence_state_of(struct view name, enum evidence_state *out)
{
	int state;

	TRY(state_of(evidence_state_choices, name, "evidence", &state));
	*out = (enum evidence_state)state;
	return ERR_OK;
}

enum err
proof_state_of(struct view name, enum proof_state *out)
{
	int state;

	TRY(state_of(proof_state_choices, name, "a device proof", &state));
	*out = (enum proof_state)state;
	return ERR_OK;
}
