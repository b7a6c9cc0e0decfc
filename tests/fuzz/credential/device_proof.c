/*
 * Proofs as they come, and with the input as header or payload of one that is
 * well formed otherwise.
 */
#include <stdlib.h>
#include <string.h>

#include "credential/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key is the generator of P-256. */
static const char header[] =
    "{\"typ\":\"openid4vci-proof+jwt\",\"alg\":\"ES256\",\"jwk\":{"
    "\"kty\":\"EC\",\"crv\":\"P-256\","
    "\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
    "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"}}";
static const char payload[] =
    "{\"aud\":\"https://id.example.kr\",\"nonce\":\"n\",\"iat\":1}";

static void
check(struct view jwt)
{
	AUTO_DONE(bytes) storage = { 0 };
	struct device_proof p;

	if (proof_check(jwt, &storage, &p) == ERR_OK &&
	    (p.nonce.len == 0 || p.audience.len == 0 || p.issued_at < 0))
		abort();
}

static void
check_parts(struct view h, struct view p)
{
	static const uint8_t signature[P256_SIGNATURE_SIZE] =
	    { [31] = 1, [63] = 1 };
	AUTO_DONE(bytes) jwt = { 0 };

	base64url_put(&jwt, h);
	bytes_put_u8(&jwt, '.');
	base64url_put(&jwt, p);
	bytes_put_u8(&jwt, '.');
	base64url_put(&jwt, VIEW_OF(signature));
	check(bytes_view(&jwt));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (crypto_init() != ERR_OK)
		abort();
	check(VIEW(data, size));
	check_parts(VIEW(data, size), view_text(payload));
	check_parts(view_text(header), VIEW(data, size));
	return 0;
}
