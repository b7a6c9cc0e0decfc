/*
 * A card's chip as evidence: the certificate that a card CA gave it, and its
 * signature over a challenge of ours. Who taps a card needs no visit, so all
 * of this is checked, and that the card is this holder's.
 *
 * No specification of the card's chip is public; two choices are ours:
 *
 *  - The chip signs, with ES256 (RFC 7518 3.4: r || s), these three lines,
 *    each ended by a line feed: CHIP_DOMAIN, the audience, the challenge, the
 *    last two as /v1/challenges gave them.
 *
 *  - The certificate says whose card it is without the holder's number: its
 *    subject has one serialNumber (X.520 6.2.9), the 64 lower-case hex digits
 *    of SHA-256(CHIP_HOLDER 00 point number), where point is the chip's own
 *    public key, 65 bytes, so that no table serves for two cards.
 */
#ifndef OKSE_CREDENTIAL_CHIP_H
#define OKSE_CREDENTIAL_CHIP_H

#include "base/crypto.h"
#include "policy/policy.h"

#define CHIP_DOMAIN "okse-ic-card-v1"
#define CHIP_HOLDER "okse-card-holder-v1"
#define CHIP_CERTIFICATE 2048	/* bytes of DER, at most */

/* A CA whose cards count, read from one certificate (PEM). */
struct card_ca;

/* ERR_UNSUPPORTED when it may not sign certificates (RFC 5280 4.2.1.9). */
[[nodiscard]] enum err card_ca_load(const char *path,
    struct card_ca **out_ca);
void card_ca_free(struct card_ca *ca);
AUTO_STRUCT(card_ca);

/* A chip by its certificate. */
struct chip;

/*
 * One certificate and nothing behind it, version 3, DER, of a P-256 key.
 * ERR_SYNTAX, ERR_TOO_LARGE, ERR_UNSUPPORTED; ERR_MEMORY.
 */
[[nodiscard]] enum err chip_read(struct view der, struct chip **out_chip);
void chip_free(struct chip *c);
AUTO_STRUCT(chip);

/*
 * EVIDENCE_VALID, EVIDENCE_NOT_IN_FORCE, or EVIDENCE_UNTRUSTED: this CA did
 * not certify it, or not to sign (key usage digitalSignature, no CA).
 */
enum evidence_state chip_trusted(const struct chip *c,
    const struct card_ca *ca, int64_t now);

/* Whether the certificate is of this holder's card. */
bool chip_is_of(const struct chip *c, struct view number);

struct chip_tap {
	struct view	audience;
	struct view	challenge;
	struct view	signature;	/* 64 bytes */
};

/* Whether the chip signed just this. */
bool chip_signed(const struct chip *c, const struct chip_tap *tap);

#endif
