/*
 * A tapped card as evidence. Certificate, challenge and signature are a
 * client's bytes: the challenge must be ours and unused before any signature
 * is looked at. The first thing that is wrong is the state. Next:
 * credential/chip.c.
 */
#include "signer/notary/facts.h"

#include "credential/chip.h"

static enum evidence_state
state_of_challenge(enum proof_state s)
{
	switch (s) {
	case PROOF_VALID:
		return EVIDENCE_VALID;
	case PROOF_EXPIRED_NONCE:
		return EVIDENCE_EXPIRED;
	case PROOF_USED_NONCE:
		return EVIDENCE_REDEEMED;
	default:
		return EVIDENCE_UNKNOWN;
	}
}

static bool
serves(const struct config_card_ca *c, struct view programme)
{
	for (size_t i = 0; i < c->programmes.count; i++)
		if (view_is(programme, c->programmes.at[i]))
			return true;
	return false;
}

/* By a CA of this programme's cards; others tell a card of another kind. */
static enum evidence_state
judge_chain(const struct notary *n, const struct chip *chip,
    struct view programme)
{
	enum evidence_state found = EVIDENCE_UNTRUSTED;

	for (size_t i = 0; i < n->config->card_cas.count; i++) {
		bool ours = serves(&n->config->card_cas.at[i], programme);
		enum evidence_state s = chip_trusted(chip, n->card_cas[i],
		    n->now);

		if (s == EVIDENCE_VALID && ours)
			return EVIDENCE_VALID;
		if (s == EVIDENCE_VALID)
			found = EVIDENCE_OTHER_PROGRAMME;
		else if (ours && found == EVIDENCE_UNTRUSTED)
			found = s;
	}
	return found;
}

static enum evidence_state
judge_chip(const struct notary *n, const struct chip *chip,
    const struct asked *asked)
{
	const struct chip_tap tap = {
		.audience = view_text(n->config->issuer),
		.challenge = asked->evidence.challenge,
		.signature = asked->evidence.signature,
	};
	enum evidence_state s = judge_chain(n, chip, asked->programme);

	if (s != EVIDENCE_VALID)
		return s;
	if (!chip_signed(chip, &tap))
		return EVIDENCE_BAD_SIGNATURE;
	if (!chip_is_of(chip, asked->holder.number))
		return EVIDENCE_OTHER_HOLDER;
	return EVIDENCE_VALID;
}

enum err
facts_card(struct notary *n, const struct asked *asked, struct findings *f)
{
	AUTO(chip) chip = NULL;
	enum proof_state challenge;
	enum err e;

	TRY(facts_nonce(n, asked, asked->evidence.challenge, f, &challenge));
	f->facts.evidence = state_of_challenge(challenge);
	if (f->facts.evidence != EVIDENCE_VALID)
		return ERR_OK;
	e = chip_read(asked->evidence.certificate, &chip);
	if (e == ERR_MEMORY)
		return e;
	f->facts.evidence = e == ERR_OK ? judge_chip(n, chip, asked) :
	    EVIDENCE_UNKNOWN;
	return ERR_OK;
}
