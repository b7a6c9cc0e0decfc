/*
 * For tests of certificates: a software signer and plans that are right.
 */
#ifndef OKSE_TEST_ISSUE_H
#define OKSE_TEST_ISSUE_H

#include "base/time.h"
#include "ceremony/certificate.h"

AUTO_DEFINE(EVP_PKEY_CTX, EVP_PKEY_CTX, EVP_PKEY_CTX_free);

#define TEST_DAY INT64_C(1795392000)	/* 2026-11-23T00:00:00Z */

struct software {
	EVP_PKEY	*key;
	unsigned int	 calls;
	enum err	 fails;
};

static inline enum err
software_sign(void *context, const struct hash *digest,
    uint8_t out[P256_SIGNATURE_SIZE])
{
	struct software *s = context;
	AUTO(EVP_PKEY_CTX) c = EVP_PKEY_CTX_new(s->key, NULL);
	uint8_t der[80];
	size_t len = sizeof(der);

	s->calls++;
	if (s->fails != ERR_OK)
		return err_because(s->fails, "the test's signer fails");
	if (c == NULL || EVP_PKEY_sign_init(c) <= 0 ||
	    EVP_PKEY_sign(c, der, &len, digest->at, sizeof(digest->at)) <= 0)
		return err_openssl("the test's signer");
	return p256_from_der(VIEW(der, len), out);
}

static inline struct certificate_plan
right_plan(enum profile_kind profile)
{
	return (struct certificate_plan){
		.profile = profile,
		.rehearsal = true,
		.country = "KR",
		.organisation = "Okse",
		.common_name = profile == PROFILE_IACA ||
		    profile == PROFILE_LINK ? "Root" : "Signer",
		.not_before = TEST_DAY,
		.not_after = TEST_DAY +
		    (profile == PROFILE_IACA ? 3285 : 457) * DAY - 1,
		.contact = "https://okse.example/contact",
		.crl = "https://okse.example/crl/iaca.crl",
	};
}

#endif
