/*
 * Key attestations as they come, and with the input as header, payload or one
 * attested key of one that is well formed and signed otherwise.
 */
#include <stdlib.h>
#include <unistd.h>

#include "credential/attestation.h"
#include "tests/attested.h"

#define NOW INT64_C(1795456000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct attester_in_test attester;
static struct attesters attesters;
static struct bytes header, payload;

static void
prepare(void)
{
	MUST(crypto_init());
	attester_make(&attester, NOW - DAY, NOW + DAY);
	MUST(attesters_add_ca(&attesters, attester.path));
	unlink(attester.path);
	attested_header(&attester, "", &header);
	bytes_put_text(&payload, "{\"iat\":1,\"attested_keys\":[");
	attested_jwk(attester.ca_key, "", &payload);
	bytes_put_text(&payload, "]}");
}

static void
check(struct view jwt)
{
	static struct attestation said;
	AUTO_DONE(bytes) storage = { 0 };

	if (attestation_check(jwt, &attesters, NOW, &storage, &said) !=
	    ERR_OK)
		return;
	if (said.key_count == 0 || said.key_count > ASKED_PROOFS ||
	    said.said.issued_at < 0)
		abort();
}

static void
check_signed(struct view h, struct view p)
{
	uint8_t signature[P256_SIGNATURE_SIZE];
	AUTO_DONE(bytes) jwt = { 0 };

	base64url_put(&jwt, h);
	bytes_put_u8(&jwt, '.');
	base64url_put(&jwt, p);
	software_sign(attester.key, bytes_view(&jwt), signature);
	bytes_put_u8(&jwt, '.');
	base64url_put(&jwt, VIEW_OF(signature));
	check(bytes_view(&jwt));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(bytes) with_key = { 0 };

	if (header.len == 0)
		prepare();
	check(VIEW(data, size));
	check_signed(VIEW(data, size), bytes_view(&payload));
	check_signed(bytes_view(&header), VIEW(data, size));
	bytes_put_text(&with_key, "{\"iat\":1,\"attested_keys\":[");
	bytes_put(&with_key, VIEW(data, size));
	bytes_put_text(&with_key, "]}");
	check_signed(bytes_view(&header), bytes_view(&with_key));
	return 0;
}
