/*
 * The names of what the service knows beside the request, and what is
 * assumed when nothing is known. Next: decide.c, which uses them.
 */
#include "policy/policy.h"

#define NEUTRAL_YEAR (365 * DAY)

static const char *const evidence_states[] = {
	[EVIDENCE_VALID] = "valid",
	[EVIDENCE_MISSING] = "missing",
	[EVIDENCE_UNKNOWN] = "unknown",
	[EVIDENCE_EXPIRED] = "expired",
	[EVIDENCE_REDEEMED] = "redeemed",
	[EVIDENCE_OTHER_HOLDER] = "other-holder",
	[EVIDENCE_OTHER_PROGRAMME] = "other-programme",
	[EVIDENCE_OTHER_PURPOSE] = "other-purpose",
	[EVIDENCE_OTHER_CENTRE] = "other-centre",
};

static const char *const proof_states[] = {
	[PROOF_VALID] = "valid",
	[PROOF_MISSING] = "missing",
	[PROOF_BAD_SIGNATURE] = "bad-signature",
	[PROOF_WRONG_AUDIENCE] = "wrong-audience",
	[PROOF_UNKNOWN_NONCE] = "unknown-nonce",
	[PROOF_EXPIRED_NONCE] = "expired-nonce",
	[PROOF_USED_NONCE] = "used-nonce",
	[PROOF_ISSUING_KEY] = "issuing-key",
	[PROOF_OTHER_HOLDER] = "other-holder",
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

const char *
evidence_state_name(enum evidence_state s)
{
	return s < COUNT(evidence_states) ? evidence_states[s] : "unknown";
}

const char *
proof_state_name(enum proof_state s)
{
	return s < COUNT(proof_states) ? proof_states[s] : "unknown";
}

const char *
outcome_name(enum outcome o)
{
	return o < COUNT(outcomes) ? outcomes[o] : "fail";
}

enum err
evidence_state_of(struct view name, enum evidence_state *out)
{
	for (size_t i = 0; i < COUNT(evidence_states); i++) {
		if (view_is(name, evidence_states[i])) {
			*out = (enum evidence_state)i;
			return ERR_OK;
		}
	}
	return err_because(ERR_RANGE, "not a known state of evidence");
}

enum err
proof_state_of(struct view name, enum proof_state *out)
{
	for (size_t i = 0; i < COUNT(proof_states); i++) {
		if (view_is(name, proof_states[i])) {
			*out = (enum proof_state)i;
			return ERR_OK;
		}
	}
	return err_because(ERR_RANGE, "not a known state of a device proof");
}
