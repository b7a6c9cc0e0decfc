/* A card's chip: who is believed, whose card it is, what it signed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "credential/chip.h"
#include "tests/card.h"

#define NUMBER "0102033234560"
#define NOW INT64_C(1751338800)
#define CHALLENGE "a-challenge"
#define AUDIENCE "https://id.example.kr"

static struct software_cards cards, strangers;
static struct card_ca *ca;

static int
setup(void **)
{
	MUST(crypto_init());
	cards = software_cards_new(NOW);
	strangers = software_cards_new(NOW);
	ca = software_card_ca(&cards);
	return 0;
}

static int
teardown(void **)
{
	software_cards_free(&cards);
	software_cards_free(&strangers);
	card_ca_free(ca);
	return 0;
}

static struct chip *
chip_of(const struct software_card *card)
{
	struct chip *c = NULL;

	MUST(chip_read(bytes_view(&card->der), &c));
	return c;
}

static struct chip_tap
tap(const struct software_card *card)
{
	return (struct chip_tap){ view_text(AUDIENCE), view_text(CHALLENGE),
	    VIEW_OF(card->signature) };
}

static void
a_chip_of_the_card_ca_counts(void **)
{
	AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
	    &(struct software_card_options){ 0 });
	AUTO(chip) c = chip_of(&card);
	struct chip_tap t;

	software_card_tap(&card, AUDIENCE, CHALLENGE);
	t = tap(&card);
	assert_int_equal(chip_trusted(c, ca, NOW), EVIDENCE_VALID);
	assert_true(chip_is_of(c, view_text(NUMBER)));
	assert_true(chip_signed(c, &t));
}

static void
its_validity_is_looked_at_to_the_second(void **)
{
	AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
	    &(struct software_card_options){ .from = NOW - 10,
	    .to = NOW + 10 });
	AUTO(chip) c = chip_of(&card);

	assert_int_equal(chip_trusted(c, ca, NOW - 11),
	    EVIDENCE_NOT_IN_FORCE);
	assert_int_equal(chip_trusted(c, ca, NOW - 10), EVIDENCE_VALID);
	assert_int_equal(chip_trusted(c, ca, NOW + 9), EVIDENCE_VALID);
	assert_int_equal(chip_trusted(c, ca, NOW + 11),
	    EVIDENCE_NOT_IN_FORCE);
}

static void
another_ca_vouches_for_nothing(void **)
{
	AUTO_DONE(software_card) card = software_card(&strangers, NUMBER,
	    &(struct software_card_options){ 0 });
	AUTO(chip) c = chip_of(&card);

	/* the same names, another key */
	assert_int_equal(chip_trusted(c, ca, NOW), EVIDENCE_UNTRUSTED);
}

static void
a_chip_must_be_certified_to_sign_and_to_nothing_more(void **)
{
	static const char *const usages[] = { "critical,keyAgreement",
	    "critical,keyEncipherment", "critical,nonRepudiation",
	    "critical,digitalSignature,keyCertSign", "none" };

	for (size_t i = 0; i < COUNT(usages); i++) {
		AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
		    &(struct software_card_options){ .usage = usages[i] });
		AUTO(chip) c = chip_of(&card);

		assert_int_equal(chip_trusted(c, ca, NOW),
		    EVIDENCE_UNTRUSTED);
	}
}

static void
the_ca_is_no_chip(void **)
{
	AUTO_DONE(bytes) der = { 0 };
	AUTO(chip) c = NULL;

	MUST(certificate_der(cards.ca, &der));
	MUST(chip_read(bytes_view(&der), &c));
	assert_int_equal(chip_trusted(c, ca, NOW), EVIDENCE_UNTRUSTED);
}

static void
a_card_is_its_holders_alone(void **)
{
	static const char *const texts[] = { "none", "",
	    "0102033234560" };
	AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
	    &(struct software_card_options){ 0 });
	AUTO(chip) c = chip_of(&card);

	assert_false(chip_is_of(c, view_text("0102033234561")));
	assert_false(chip_is_of(c, view_text("")));
	for (size_t i = 0; i < COUNT(texts); i++) {
		AUTO_DONE(software_card) other = software_card(&cards, NUMBER,
		    &(struct software_card_options){ .holder = texts[i] });
		AUTO(chip) o = chip_of(&other);

		assert_false(chip_is_of(o, view_text(NUMBER)));
	}
}

static void
a_card_that_names_two_holders_is_nobodys(void **)
{
	AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
	    &(struct software_card_options){ .twice = true });
	AUTO(chip) c = chip_of(&card);

	assert_false(chip_is_of(c, view_text(NUMBER)));
}

static void
the_signature_covers_audience_and_challenge(void **)
{
	AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
	    &(struct software_card_options){ 0 });
	AUTO(chip) c = chip_of(&card);
	struct chip_tap t;

	software_card_tap(&card, AUDIENCE, CHALLENGE);
	t = tap(&card);
	t.challenge = view_text("another");
	assert_false(chip_signed(c, &t));
	t = tap(&card);
	t.audience = view_text("https://elsewhere.example");
	assert_false(chip_signed(c, &t));
}

static void
a_signature_has_64_bytes_and_all_of_them_count(void **)
{
	AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
	    &(struct software_card_options){ 0 });
	AUTO(chip) c = chip_of(&card);
	struct chip_tap t;

	software_card_tap(&card, AUDIENCE, CHALLENGE);
	t = tap(&card);
	t.signature.len = 63;
	assert_false(chip_signed(c, &t));
	t.signature = VIEW(NULL, 0);
	assert_false(chip_signed(c, &t));
	for (size_t i = 0; i < P256_SIGNATURE_SIZE; i++) {
		card.signature[i] ^= 1;
		t = tap(&card);
		assert_false(chip_signed(c, &t));
		card.signature[i] ^= 1;
	}
}

static void
refused(struct view der, enum err e)
{
	AUTO(chip) c = NULL;

	assert_int_equal(chip_read(der, &c), e);
	assert_null(c);
}

static void
only_one_certificate_in_der_is_read(void **)
{
	AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
	    &(struct software_card_options){ 0 });
	AUTO_DONE(bytes) b = { 0 };

	refused(VIEW(NULL, 0), ERR_SYNTAX);
	refused(view_text("-----BEGIN CERTIFICATE-----"), ERR_SYNTAX);
	refused(VIEW(card.der.at, card.der.len - 1), ERR_SYNTAX);
	bytes_put(&b, bytes_view(&card.der));
	bytes_put_u8(&b, 0);
	refused(bytes_view(&b), ERR_SYNTAX);
	bytes_reset(&b);
	bytes_put(&b, bytes_view(&card.der));
	bytes_put(&b, bytes_view(&card.der));
	refused(bytes_view(&b), ERR_SYNTAX);
}

static void
a_certificate_has_at_most_2048_bytes(void **)
{
	AUTO_DONE(software_card) fits = software_card(&cards, NUMBER,
	    &(struct software_card_options){ .size = CHIP_CERTIFICATE });
	AUTO_DONE(software_card) long_one = software_card(&cards, NUMBER,
	    &(struct software_card_options){ .size = CHIP_CERTIFICATE + 1 });
	AUTO(chip) c = chip_of(&fits);

	assert_int_equal(chip_trusted(c, ca, NOW), EVIDENCE_VALID);
	refused(bytes_view(&long_one.der), ERR_TOO_LARGE);
}

static void
other_keys_than_p256_are_refused(void **)
{
	static const char *const curves[] = { "P-384", "secp256k1" };

	for (size_t i = 0; i < COUNT(curves); i++) {
		AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
		    &(struct software_card_options){ .curve = curves[i],
		    .holder = "x" });

		refused(bytes_view(&card.der), ERR_UNSUPPORTED);
	}
}

static void
what_is_no_ca_is_not_configured(void **)
{
	AUTO_DONE(software_card) card = software_card(&cards, NUMBER,
	    &(struct software_card_options){ 0 });
	char path[] = "/tmp/okse-card-XXXXXX";
	const unsigned char *at = card.der.at;
	AUTO(X509) x = d2i_X509(NULL, &at, (long)card.der.len);
	AUTO(card_ca) none = NULL;

	close(mkstemp(path));
	software_write(path, x);
	assert_int_equal(card_ca_load(path, &none), ERR_UNSUPPORTED);
	unlink(path);
	assert_int_not_equal(card_ca_load(path, &none), ERR_OK);
	assert_null(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chip_of_the_card_ca_counts),
		cmocka_unit_test(its_validity_is_looked_at_to_the_second),
		cmocka_unit_test(another_ca_vouches_for_nothing),
		cmocka_unit_test(
		    a_chip_must_be_certified_to_sign_and_to_nothing_more),
		cmocka_unit_test(the_ca_is_no_chip),
		cmocka_unit_test(a_card_is_its_holders_alone),
		cmocka_unit_test(a_card_that_names_two_holders_is_nobodys),
		cmocka_unit_test(the_signature_covers_audience_and_challenge),
		cmocka_unit_test(
		    a_signature_has_64_bytes_and_all_of_them_count),
		cmocka_unit_test(only_one_certificate_in_der_is_read),
		cmocka_unit_test(a_certificate_has_at_most_2048_bytes),
		cmocka_unit_test(other_keys_than_p256_are_refused),
		cmocka_unit_test(what_is_no_ca_is_not_configured),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
