/*
 * Evidence from a card's chip. Certificate and signature are a client's
 * bytes until a configured card CA vouches for one and the chip's key for the
 * other; OpenSSL judges the chain, what a chip may be is judged here.
 * Next: signer/notary/facts_card.c, which knows challenges and CAs.
 */
#include "credential/chip.h"

#include <string.h>

#include <openssl/x509v3.h>

AUTO_DEFINE(X509_STORE_CTX, X509_STORE_CTX, X509_STORE_CTX_free);

#define SECURITY_LEVEL 2	/* of OpenSSL: 112 bits, no SHA-1 */
#define HOLDER_TEXT (2 * SHA256_SIZE)

struct card_ca {
	X509_STORE	*store;
};

struct chip {
	X509		*certificate;
	EVP_PKEY	*key;
	uint8_t		 point[P256_POINT_SIZE];
};

void
card_ca_free(struct card_ca *ca)
{
	if (ca == NULL)
		return;
	X509_STORE_free(ca->store);
	mem_free(ca);
}

enum err
card_ca_load(const char *path, struct card_ca **out_ca)
{
	AUTO(card_ca) ca = mem_new(1, sizeof(*ca));
	AUTO(X509) root = NULL;

	if (ca == NULL)
		return err_because(ERR_MEMORY, "a card CA");
	TRY(pem_read_certificate(path, &root));
	if (X509_check_ca(root) != 1)
		return err_because(ERR_UNSUPPORTED, "%s: not a CA's "
		    "certificate (RFC 5280 4.2.1.9)", path);
	ca->store = X509_STORE_new();
	if (ca->store == NULL || !X509_STORE_add_cert(ca->store, root) ||
	    !X509_STORE_set_flags(ca->store, X509_V_FLAG_X509_STRICT |
	    X509_V_FLAG_PARTIAL_CHAIN))
		return err_openssl(path);
	*out_ca = STEAL(ca);
	return ERR_OK;
}

/* ---- the certificate */

/* DER has one encoding for each value: what OpenSSL reads more of is refused */
static enum err
read_der(struct view der, X509 **out)
{
	AUTO_DONE(bytes) again = { 0 };
	const unsigned char *at = der.at;
	AUTO(X509) x = NULL;

	if (der.len > CHIP_CERTIFICATE)
		return err_because(ERR_TOO_LARGE, "chip: a certificate has at "
		    "most %d bytes, got %zu", CHIP_CERTIFICATE, der.len);
	if (der.len == 0 || (x = d2i_X509(NULL, &at, (long)der.len)) == NULL)
		return err_because(ERR_SYNTAX,
		    "chip: not a certificate (RFC 5280 4.1)");
	TRY(certificate_der(x, &again));
	if (!view_equal(bytes_view(&again), der))
		return err_because(ERR_SYNTAX,
		    "chip: a certificate that is not DER, or more than one");
	if (X509_get_version(x) != X509_VERSION_3)
		return err_because(ERR_UNSUPPORTED,
		    "chip: wanted version 3 (RFC 5280 4.1.2.1)");
	*out = STEAL(x);
	return ERR_OK;
}

void
chip_free(struct chip *c)
{
	if (c == NULL)
		return;
	X509_free(c->certificate);
	EVP_PKEY_free(c->key);
	mem_free(c);
}

enum err
chip_read(struct view der, struct chip **out_chip)
{
	AUTO(chip) c = mem_new(1, sizeof(*c));

	if (c == NULL)
		return err_because(ERR_MEMORY, "a chip");
	TRY(read_der(der, &c->certificate));
	if ((c->key = X509_get_pubkey(c->certificate)) == NULL)
		return err_because(ERR_UNSUPPORTED,
		    "chip: its key cannot be read");
	TRY(p256_point(c->key, c->point));
	*out_chip = STEAL(c);
	return ERR_OK;
}

/* ---- the chain */

/* A key usage that is absent would allow everything: UINT32_MAX. */
static bool
may_sign(const struct chip *c)
{
	uint32_t usage = X509_get_key_usage(c->certificate);

	return usage != UINT32_MAX && (usage & KU_DIGITAL_SIGNATURE) != 0 &&
	    (usage & KU_KEY_CERT_SIGN) == 0 &&
	    X509_check_ca(c->certificate) == 0;
}

enum evidence_state
chip_trusted(const struct chip *c, const struct card_ca *ca, int64_t now)
{
	AUTO(X509_STORE_CTX) x = X509_STORE_CTX_new();

	if (x == NULL || !may_sign(c) ||
	    !X509_STORE_CTX_init(x, ca->store, c->certificate, NULL))
		return EVIDENCE_UNTRUSTED;
	X509_STORE_CTX_set_time(x, 0, (time_t)now);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(x),
	    SECURITY_LEVEL);
	if (X509_verify_cert(x) == 1)
		return EVIDENCE_VALID;
	switch (X509_STORE_CTX_get_error(x)) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return EVIDENCE_NOT_IN_FORCE;
	default:
		return EVIDENCE_UNTRUSTED;
	}
}

/* ---- whose, and what it signed */

/* The one serialNumber of the subject; empty otherwise. */
static struct view
holder_text(const struct chip *c)
{
	const X509_NAME *name = X509_get_subject_name(c->certificate);
	int i = X509_NAME_get_index_by_NID(name, NID_serialNumber, -1);
	const ASN1_STRING *s;

	if (i < 0 || X509_NAME_get_index_by_NID(name, NID_serialNumber, i) >= 0)
		return VIEW(NULL, 0);
	s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
	return VIEW(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

bool
chip_is_of(const struct chip *c, struct view number)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(bytes) wanted = { 0 };
	struct hash h;

	bytes_put_text(&text, CHIP_HOLDER);
	bytes_put_u8(&text, 0);
	bytes_put(&text, VIEW_OF(c->point));
	bytes_put(&text, number);
	h = sha256(bytes_view(&text));
	hex_put(&wanted, VIEW_OF(h.at));
	return bytes_check(&text) == ERR_OK && wanted.len == HOLDER_TEXT &&
	    secret_equal(bytes_view(&wanted), holder_text(c));
}

bool
chip_signed(const struct chip *c, const struct chip_tap *tap)
{
	AUTO_DONE(bytes) text = { 0 };
	struct hash digest;

	bytes_put_text(&text, CHIP_DOMAIN "\n");
	bytes_put(&text, tap->audience);
	bytes_put_u8(&text, '\n');
	bytes_put(&text, tap->challenge);
	bytes_put_u8(&text, '\n');
	digest = sha256(bytes_view(&text));
	return bytes_check(&text) == ERR_OK &&
	    p256_verify(c->key, &digest, tap->signature) == ERR_OK;
}
