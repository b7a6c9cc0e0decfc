/*
 * What the notary finds out of a tapped card and of a dry run's many proofs:
 * states, never errors, and a challenge used up with the grant alone; and of
 * key attestations.
 */
#include "notary.h"
#include "signer/notary/facts.h"
#include "tests/card.h"

static struct software_cards cards, licences;
static struct config_card_ca cas[2];
static char paths[2][32];
static const char *resident[] = { "resident-id" };
static const char *licence[] = { "driver-licence" };

static int
setup(void **state)
{
	struct world *w = world_new();

	cards = software_cards_new(NOON);
	licences = software_cards_new(NOON);
	for (size_t i = 0; i < 2; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/tmp/okse-ca-XXXXXX");
		close(mkstemp(paths[i]));
		software_write(paths[i], i == 0 ? cards.ca : licences.ca);
		cas[i].certificate = paths[i];
	}
	cas[0].programmes.at = resident;
	cas[1].programmes.at = licence;
	cas[0].programmes.count = cas[1].programmes.count = 1;
	w->config.card_cas.at = cas;
	w->config.card_cas.count = 2;
	world_open(w);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	for (size_t i = 0; i < 2; i++)
		unlink(paths[i]);
	software_cards_free(&cards);
	software_cards_free(&licences);
	world_free(*state);
	return 0;
}

/* Somebody with a chip and a phone. */
struct tapper {
	struct person		person;
	struct software_card	card;
	char			challenge[NONCE_TEXT + 1];
};

static void
tapper_done(struct tapper *t)
{
	software_card_done(&t->card);
}

static void
challenge(const struct world *w, struct view caller, int64_t when,
    char out[NONCE_TEXT + 1])
{
	AUTO_DONE(bytes) nonce = { 0 };
	int64_t until;

	MUST(nonce_new(w->n->keys, caller, when, &nonce, &until));
	snprintf(out, NONCE_TEXT + 1, "%s", bytes_text(&nonce));
}

/* The tap of the card over the challenge, as asked. */
static void
tap(struct tapper *t)
{
	struct asked *a = &t->person.asked;

	software_card_tap(&t->card, ISSUER, t->challenge);
	a->evidence.kind = EVIDENCE_IC_CARD;
	a->evidence.qr_token = VIEW(NULL, 0);
	a->evidence.centre = VIEW(NULL, 0);
	a->evidence.certificate = bytes_view(&t->card.der);
	a->evidence.challenge = view_text(t->challenge);
	a->evidence.signature = VIEW_OF(t->card.signature);
}

static void
tapper_init(const struct world *w, struct tapper *t, size_t i,
    const struct software_cards *from)
{
	*t = (struct tapper){ 0 };
	person_credential(w, &t->person, i, VIEW(NULL, 0), "phone");
	t->person.asked.holder.ic_chip = true;
	t->card = software_card(from, t->person.number,
	    &(struct software_card_options){ 0 });
	challenge(w, t->person.asked.caller, w->now, t->challenge);
	tap(t);
}

static enum evidence_state
state_of(struct world *w, const struct asked *asked)
{
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;
	struct findings f;

	request_encode(asked, &frame);
	OK(request_decode(bytes_view(&frame), &r));
	w->n->now = w->now;
	OK(facts_gather(w->n, r, &f));
	return f.facts.evidence;
}

#define FOUND(w, t, state)                                                    \
	assert_int_equal(state_of(w, &(t)->person.asked), EVIDENCE_##state)

static void
a_tap_is_valid_and_its_challenge_is_used_up(void **state)
{
	struct world *w = *state;
	AUTO_DONE(tapper) t;
	struct served *s;

	tapper_init(w, &t, 1, &cards);
	FOUND(w, &t, VALID);
	/* looking uses nothing up */
	FOUND(w, &t, VALID);
	s = world_ask(w, &t.person.asked);
	assert_int_equal(served_err(s), ERR_OK);
	FOUND(w, &t, REDEEMED);
	t.person.asked.idempotency_key = view_text("again");
	s = world_ask(w, &t.person.asked);
	assert_int_equal(served_err(s), ERR_REFUSED);
	assert_true(served_failed(s, "evidence-valid"));
}

static void
two_taps_of_one_challenge_in_a_batch_are_one(void **state)
{
	struct world *w = *state;
	AUTO_DONE(tapper) t;
	struct person other;
	size_t granted = 0;

	tapper_init(w, &t, 2, &cards);
	other = t.person;
	other.asked.idempotency_key = view_text("the other");
	other.asked.purpose = PURPOSE_REISSUE;
	other.asked.reason = view_text("device-lost");
	person_device(w, &other, "phone-2", 1);
	world_queue(w, &t.person.asked);
	world_queue(w, &other.asked);
	world_run(w);
	assert_int_equal(w->batch.count, 2);
	for (size_t i = 0; i < 2; i++)
		granted += served_err(&w->batch.at[i]) == ERR_OK;
	assert_int_equal(granted, 1);
}

static void
a_refused_request_uses_no_challenge_up(void **state)
{
	struct world *w = *state;
	AUTO_DONE(tapper) t;
	struct served *s;

	tapper_init(w, &t, 3, &cards);
	t.person.asked.holder.card_status = view_text("lost");
	s = world_ask(w, &t.person.asked);
	assert_int_equal(served_err(s), ERR_REFUSED);
	assert_true(served_failed(s, "card-held"));
	FOUND(w, &t, VALID);
}

static void
the_challenge_must_be_ours_for_this_client_and_fresh(void **state)
{
	struct world *w = *state;
	AUTO_DONE(tapper) t;

	tapper_init(w, &t, 4, &cards);
	challenge(w, view_text("somebody"), w->now, t.challenge);
	tap(&t);
	FOUND(w, &t, UNKNOWN);
	challenge(w, t.person.asked.caller, w->now - NONCE_LIFE + 1,
	    t.challenge);
	tap(&t);
	FOUND(w, &t, VALID);
	challenge(w, t.person.asked.caller, w->now - NONCE_LIFE,
	    t.challenge);
	tap(&t);
	FOUND(w, &t, EXPIRED);
	snprintf(t.challenge, sizeof(t.challenge), "none");
	tap(&t);
	FOUND(w, &t, UNKNOWN);
}

static void
the_chip_must_be_this_programmes_and_this_holders(void **state)
{
	struct world *w = *state;
	struct software_cards strangers = software_cards_new(NOON);
	AUTO_DONE(tapper) t;
	AUTO_DONE(tapper) other;
	AUTO_DONE(tapper) foreign;

	tapper_init(w, &t, 5, &cards);
	t.person.asked.holder.number = view_text("0102033234560");
	FOUND(w, &t, OTHER_HOLDER);
	tapper_init(w, &other, 6, &licences);
	FOUND(w, &other, OTHER_PROGRAMME);
	other.person.asked.programme = view_text("driver-licence");
	FOUND(w, &other, VALID);
	tapper_init(w, &foreign, 7, &strangers);
	FOUND(w, &foreign, UNTRUSTED);
	software_cards_free(&strangers);
}

static void
certificate_and_signature_are_looked_at(void **state)
{
	struct world *w = *state;
	AUTO_DONE(tapper) t;

	tapper_init(w, &t, 8, &cards);
	t.card.signature[5] ^= 1;
	FOUND(w, &t, BAD_SIGNATURE);
	tap(&t);
	t.person.asked.evidence.signature = view_text("short");
	FOUND(w, &t, BAD_SIGNATURE);
	tap(&t);
	t.person.asked.evidence.certificate.len--;
	FOUND(w, &t, UNKNOWN);
	tap(&t);
	w->now = NOON + 2 * DAY;
	challenge(w, t.person.asked.caller, w->now, t.challenge);
	tap(&t);
	FOUND(w, &t, NOT_IN_FORCE);
	w->now = NOON;
}

static void
without_a_certificate_there_is_no_evidence(void **state)
{
	struct world *w = *state;
	AUTO_DONE(tapper) t;

	tapper_init(w, &t, 9, &cards);
	t.person.asked.evidence.certificate = VIEW(NULL, 0);
	FOUND(w, &t, MISSING);
	t.person.asked.dry_run = true;
	FOUND(w, &t, VALID);
}

static void
a_dry_run_may_have_every_proof_that_a_body_may(void **state)
{
	struct world *w = *state;
	AUTO_DONE(tapper) t;
	struct served *s;
	char nonces[ASKED_PROOFS][NONCE_TEXT + 1];

	tapper_init(w, &t, 10, &cards);
	person_device(w, &t.person, "phone", ASKED_PROOFS);
	for (size_t i = 0; i < ASKED_PROOFS; i++) {
		challenge(w, t.person.asked.caller, w->now, nonces[i]);
		t.person.asked.proofs[i].nonce = view_text(nonces[i]);
	}
	t.person.asked.dry_run = true;
	s = world_ask(w, &t.person.asked);
	assert_int_equal(served_err(s), ERR_OK);
	assert_true(served_says(s, "\"outcome\":\"allow\""));
}

/* ---- attestations */

static void
refused(struct world *w, const struct person *p, const char *rule)
{
	struct served *s = world_ask(w, &p->asked);

	assert_int_equal(served_err(s), ERR_REFUSED);
	assert_true(served_failed(s, rule));
}

static void
what_an_attestation_must_be(void **state)
{
	struct world *w = *state;
	AUTO_DONE(bytes) token = { 0 };
	struct person good, p;
	struct asked_attestation *t = &p.asked.attestation;

	world_visit(w, 77, PURPOSE_FIRST_ISSUE, &token);
	person_credential(w, &good, 77, bytes_view(&token), "phone");
	good.asked.attestation = (struct asked_attestation){
		.how = ATTESTED_ALONE, .nonce = good.asked.proofs[0].nonce,
		.issued_at = w->now, .not_before = INT64_MIN,
		.expires_at = INT64_MAX };
	good.asked.proofs[0].nonce = good.asked.proofs[0].audience =
	    VIEW(NULL, 0);
#define BAD(change)                                                           \
	p = good;                                                             \
	change;                                                               \
	refused(w, &p, "device-proof")
	BAD(t->nonce = view_text("AAAA"));
	BAD(t->issued_at = w->now + 61);
	BAD(t->not_before = w->now + 61);
	BAD(t->expires_at = w->now);
	w->now += NONCE_LIFE;
	BAD(t->issued_at = w->now);
	w->now -= NONCE_LIFE;
	/* beside proofs its nonce may be left out, theirs not */
	BAD(t->how = ATTESTED_PROOFS; t->nonce = VIEW(NULL, 0));
#undef BAD
	assert_int_equal(served_err(world_ask(w, &good.asked)), ERR_OK);
	/* its nonce is used up */
	p = good;
	p.asked.idempotency_key = view_text("again");
	refused(w, &p, "device-proof");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tap_is_valid_and_its_challenge_is_used_up),
		cmocka_unit_test(two_taps_of_one_challenge_in_a_batch_are_one),
		cmocka_unit_test(a_refused_request_uses_no_challenge_up),
		cmocka_unit_test(
		    the_challenge_must_be_ours_for_this_client_and_fresh),
		cmocka_unit_test(
		    the_chip_must_be_this_programmes_and_this_holders),
		cmocka_unit_test(certificate_and_signature_are_looked_at),
		cmocka_unit_test(without_a_certificate_there_is_no_evidence),
		cmocka_unit_test(
		    a_dry_run_may_have_every_proof_that_a_body_may),
		cmocka_unit_test(what_an_attestation_must_be),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
