/*
 * Bodies for tests: good ones with a real device proof, and the same with one
 * thing changed.
 */
#ifndef OKSE_TESTS_BODIES_H
#define OKSE_TESTS_BODIES_H

#include <stdio.h>
#include <string.h>

#include "signer/gate/body.h"
#include "tests/software.h"

#define HOLDER                                                                \
	"\"holder\":{\"number\":\"0803153234567\","                           \
	"\"birth_date\":\"2008-03-15\",\"residence\":\"36110\","              \
	"\"card\":{\"status\":\"issued\",\"issued_on\":\"2025-04-01\","       \
	"\"ic_chip\":false}}"
#define QR_BODY                                                               \
	"{\"programme\":\"resident-id\",\"purpose\":\"first-issue\"," HOLDER  \
	",\"evidence\":{\"kind\":\"qr-token\",\"centre\":\"3611025000\"}}"
/* PROOF stands for the device's */
#define CREDENTIAL_BODY                                                       \
	"{\"programme\":\"resident-id\",\"purpose\":\"reissue\","             \
	"\"reason\":\"device-lost\"," HOLDER ","                              \
	"\"evidence\":{\"kind\":\"qr-token\",\"qr_token\":\"OKSE1:ABC\","     \
	"\"centre\":\"3611025000\"},"                                         \
	"\"device\":{\"id\":\"phone-1\",\"proofs\":[\"PROOF\"]},"             \
	"\"formats\":[\"dc+sd-jwt\"],"                                        \
	"\"claims\":{\"family_name\":\"홍\",\"age\":17,\"adult\":true,"       \
	"\"address\":{\"city\":\"세종\"},\"nicknames\":[\"길동\"]}}"

/*
 * Views of what was decoded point into the text: it stays until the end, in a
 * block of its own size, which shows the sanitizers a byte too far.
 */
static struct kept {
	struct kept	*next;
	uint8_t		*text;
} *kept;

static inline struct view
keep(struct view text)
{
	struct kept *k = mem_new(1, sizeof(*k));

	k->text = mem_new(text.len, 1);
	memcpy(k->text, text.at, text.len);
	k->next = kept;
	kept = k;
	return VIEW(k->text, text.len);
}

static inline void
forget_kept(void)
{
	while (kept != NULL) {
		struct kept *next = kept->next;

		mem_free(kept->text);
		mem_free(kept);
		kept = next;
	}
}

/* text with the first occurrence of find replaced; must be there. */
static inline void
edit(struct bytes *out, const char *text, const char *find,
    const char *replace)
{
	const char *at = strstr(text, find);

	assert_non_null(at);
	bytes_reset(out);
	bytes_put(out, VIEW(text, (size_t)(at - text)));
	bytes_put_text(out, replace);
	bytes_put_text(out, at + strlen(find));
	(void)bytes_text(out);
}

/* An openid4vci-proof+jwt by this key. */
static inline void
make_proof(EVP_PKEY *key, const char *nonce, struct bytes *out)
{
	AUTO_DONE(bytes) head = { 0 }, payload = { 0 };
	uint8_t point[P256_POINT_SIZE], signature[P256_SIGNATURE_SIZE];

	MUST(p256_point(key, point));
	bytes_put_text(&head, "{\"typ\":\"openid4vci-proof+jwt\","
	    "\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
	    "\"x\":\"");
	base64url_put(&head, VIEW(point + 1, 32));
	bytes_put_text(&head, "\",\"y\":\"");
	base64url_put(&head, VIEW(point + 33, 32));
	bytes_put_text(&head, "\"}}");
	bytes_printf(&payload, "{\"aud\":\"https://id.example.kr\","
	    "\"nonce\":\"%s\",\"iat\":1735225200}", nonce);
	bytes_reset(out);
	base64url_put(out, bytes_view(&head));
	bytes_put_u8(out, '.');
	base64url_put(out, bytes_view(&payload));
	software_sign(key, bytes_view(out), signature);
	bytes_put_u8(out, '.');
	base64url_put(out, VIEW_OF(signature));
	(void)bytes_text(out);
}

#endif
