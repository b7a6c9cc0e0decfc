/*
 * Cards with chips in software, for tests: a CA, certificates that are right
 * or wrong in one thing, taps. Everything aborts on failure.
 */
#ifndef OKSE_TESTS_CARD_H
#define OKSE_TESTS_CARD_H

#include <unistd.h>

#include "credential/chip.h"
#include "tests/software.h"

struct software_cards {
	EVP_PKEY	*key;
	X509		*ca;
	int64_t		 now;
};

static inline struct software_cards
software_cards_new(int64_t now)
{
	struct software_cards c = { .key = software_key(), .now = now };

	c.ca = software_certificate("Card CA", c.key, NULL, c.key,
	    now - 1000 * DAY, now + 1000 * DAY);
	return c;
}

static inline void
software_cards_free(struct software_cards *c)
{
	X509_free(c->ca);
	EVP_PKEY_free(c->key);
}

static inline struct card_ca *
software_card_ca(const struct software_cards *cards)
{
	char path[] = "/tmp/okse-card-XXXXXX";
	struct card_ca *ca = NULL;

	close(mkstemp(path));
	software_write(path, cards->ca);
	MUST(card_ca_load(path, &ca));
	unlink(path);
	return ca;
}

struct software_card {
	EVP_PKEY	*key;
	struct bytes	 der;
	uint8_t		 signature[P256_SIGNATURE_SIZE];
};

static inline void
software_card_done(struct software_card *c)
{
	EVP_PKEY_free(c->key);
	bytes_done(&c->der);
}

/* Zeros make a card that is right, valid a day before and after now. */
struct software_card_options {
	int64_t		 from, to;
	const char	*usage;		/* "none": without the extension */
	const char	*holder;	/* serialNumber; "none": without it */
	bool		 twice;		/* names its holder twice */
	const char	*curve;
	size_t		 size;		/* of the certificate, padded */
};

static inline void
software_holder(EVP_PKEY *key, const char *number, char out[65])
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) hex = { 0 };
	uint8_t point[P256_POINT_SIZE];
	struct hash h;

	MUST(p256_point(key, point));
	bytes_put(&text, VIEW(CHIP_HOLDER, sizeof(CHIP_HOLDER)));
	bytes_put(&text, VIEW_OF(point));
	bytes_put_text(&text, number);
	h = sha256(bytes_view(&text));
	hex_put(&hex, VIEW_OF(h.at));
	snprintf(out, 65, "%s", bytes_text(&hex));
}

static inline void
software_subject(X509 *x, const char *holder, bool twice)
{
	X509_NAME *name = X509_get_subject_name(x);

	for (int i = 0; strcmp(holder, "none") != 0 && i <= twice; i++)
		must_be(X509_NAME_add_entry_by_NID(name, NID_serialNumber,
		    V_ASN1_UTF8STRING, (const unsigned char *)holder, -1, -1,
		    0) == 1 || *holder == '\0', "serialNumber");
}

/* An extension of nobody's, so that the certificate has just this size. */
static inline void
software_pad(X509 *x, size_t size, EVP_PKEY *ca_key)
{
	static uint8_t zeros[4096];
	size_t len = 1000;

	for (int i = 0; i < 64; i++) {
		ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.32473.1", 1);
		ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
		AUTO_DONE(bytes) der = { 0 };
		X509_EXTENSION *e;
		int at = X509_get_ext_by_OBJ(x, oid, -1);

		if (at >= 0)
			X509_EXTENSION_free(X509_delete_ext(x, at));
		ASN1_OCTET_STRING_set(data, zeros, (int)len);
		e = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, data);
		must_be(X509_add_ext(x, e, -1) == 1 &&
		    X509_sign(x, ca_key, EVP_sha256()) > 0, "pad");
		X509_EXTENSION_free(e);
		ASN1_OCTET_STRING_free(data);
		ASN1_OBJECT_free(oid);
		MUST(certificate_der(x, &der));
		/* ECDSA signatures differ in length from one to the next */
		if (der.len == size)
			return;
		len = len + size - der.len;
	}
	must_be(0, "a certificate of the size wanted");
}

static inline struct software_card
software_card(const struct software_cards *cards, const char *number,
    const struct software_card_options *o)
{
	struct software_card card = { .key = EVP_PKEY_Q_keygen(NULL, NULL,
	    "EC", o->curve != NULL ? o->curve : "P-256") };
	X509 *x = X509_new();
	char holder[65] = "";

	if (o->holder == NULL)
		software_holder(card.key, number, holder);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	software_subject(x, o->holder != NULL ? o->holder : holder, o->twice);
	X509_set_issuer_name(x, X509_get_subject_name(cards->ca));
	ASN1_TIME_set(X509_getm_notBefore(x),
	    o->from != 0 ? o->from : cards->now - DAY);
	ASN1_TIME_set(X509_getm_notAfter(x),
	    o->to != 0 ? o->to : cards->now + DAY);
	X509_set_pubkey(x, card.key);
	software_extension(x, x, NID_subject_key_identifier, "hash");
	software_extension(x, cards->ca, NID_authority_key_identifier,
	    "keyid:always");
	if (o->usage == NULL || strcmp(o->usage, "none") != 0)
		software_extension(x, x, NID_key_usage, o->usage != NULL ?
		    o->usage : "critical,digitalSignature");
	must_be(X509_sign(x, cards->key, EVP_sha256()) > 0, "X509_sign");
	if (o->size != 0)
		software_pad(x, o->size, cards->key);
	MUST(certificate_der(x, &card.der));
	X509_free(x);
	return card;
}

static inline void
software_card_tap(struct software_card *card, const char *audience,
    const char *challenge)
{
	AUTO_DONE(bytes) text = { 0 };

	bytes_printf(&text, "%s\n%s\n%s\n", CHIP_DOMAIN, audience, challenge);
	software_sign(card->key, bytes_view(&text), card->signature);
}

#endif
