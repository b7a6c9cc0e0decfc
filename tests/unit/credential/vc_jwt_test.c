/* W3C credentials: what is signed, to the byte. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/licence.h"

static struct signers signers;

static int
setup(void **)
{
	signers_init(&signers, NOW);
	return 0;
}

static int
teardown(void **)
{
	signers_done(&signers);
	return 0;
}

/* JSON of header or payload. */
static void
part_of(const struct draft *d, int part, struct bytes *out)
{
	struct view tbs = draft_tbs(d);
	const uint8_t *dot = memchr(tbs.at, '.', tbs.len);
	size_t head = (size_t)(dot - tbs.at);

	MUST(base64url_get(part == 0 ? VIEW(tbs.at, head) :
	    VIEW(dot + 1, tbs.len - head - 1), out));
}

static struct draft *
made(const struct status_entry *status)
{
	AUTO_DONE(granted) g = licence();
	struct credential_order o = licence_order(&g, &signers);
	struct draft *d = NULL;

	o.status = status;
	MUST(credential_draft(FORMAT_VC_JWT, &o, &d));
	return d;
}

static void
the_header_names_type_and_content(void **)
{
	AUTO(draft) d = made(NULL);
	AUTO_DONE(bytes) header = { 0 };

	part_of(d, 0, &header);
	assert_true(view_starts(bytes_view(&header), "{\"alg\":\"ES256\","
	    "\"typ\":\"vc+jwt\",\"cty\":\"vc\",\"x5c\":[\"MII"));
}

static void
the_payload_is_the_credential_itself(void **)
{
	static const struct status_entry status = { URI "/s/1", 70000 };
	AUTO(draft) d = made(&status);
	AUTO_DONE(bytes) payload = { 0 };
	AUTO_DONE(bytes) want = { 0 };
	AUTO_DONE(bytes) portrait = { 0 };

	base64_put(&portrait, VIEW_OF(licence_jpeg));
	bytes_printf(&want, "{\"@context\":["
	    "\"https://www.w3.org/ns/credentials/v2\","
	    "\"https://id.example.kr/contexts/licence/v1\"],"
	    "\"type\":[\"VerifiableCredential\",\"LicenceCredential\"],"
	    "\"issuer\":\"https://id.example.kr\","
	    "\"validFrom\":\"2025-03-15T07:00:00Z\","
	    "\"validUntil\":\"2025-06-13T07:00:00Z\","
	    "\"credentialSubject\":{\"id\":\"did:jwk:eyJrdHkiOiJFQyIsImNydiI6"
	    "IlAtMjU2IiwieCI6IkJBUUVCQVFFQkFRRUJBUUVCQVFFQkFRRUJBUUVCQVFFQkFR"
	    "RUJBUUVCQVEiLCJ5IjoiQkFRRUJBUUVCQVFFQkFRRUJBUUVCQVFFQkFRRUJBUUVC"
	    "QVFFQkFRRUJBUSJ9\",\"family_name\":\"홍\","
	    "\"birth_date\":\"2000-02-29\",\"sex\":2,\"organ_donor\":true,"
	    "\"address\":{\"city\":\"세종특별자치시\","
	    "\"street\":\"한누리대로 2130\"},"
	    "\"conditions\":[\"안경\",\"자동변속기\"],"
	    "\"portrait\":\"data:image/jpeg;base64,%s\","
	    "\"portrait_capture_date\":\"2025-03-01T09:30:00Z\","
	    "\"driving_privileges\":[{\"codes\":[{\"code\":\"79\","
	    "\"value\":\"3500\"}],\"issue_date\":\"2010-01-02\","
	    "\"vehicle_category_code\":\"B\"}],"
	    "\"un_distinguishing_sign\":\"ROK\",\"issuing_country\":\"KR\","
	    "\"age_over_18\":true,\"age_over_19\":true,"
	    "\"expiry_date\":\"2028-03-15\"},\"iat\":1742022000,"
	    "\"nbf\":1742022000,\"exp\":1749798000,"
	    "\"cnf\":{\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
	    "\"x\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\","
	    "\"y\":\"BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\"}},"
	    "\"status\":{\"status_list\":{\"idx\":70000,"
	    "\"uri\":\"https://id.example.kr/s/1\"}}}",
	    bytes_text(&portrait));
	part_of(d, 1, &payload);
	assert_string_equal(bytes_text(&payload), bytes_text(&want));
}

static void
the_document_is_a_jws_and_needs_nothing_beside_it(void **)
{
	AUTO(draft) d = made(NULL);
	AUTO_DONE(bytes) whole = { 0 };
	AUTO_DONE(bytes) to_sign = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	size_t dots = 0;

	draft_encode(d, &whole);
	draft_encode_to_sign(d, &to_sign);
	assert_true(view_equal(bytes_view(&whole), bytes_view(&to_sign)));
	finish(d, signers.document_key, &text);
	for (size_t i = 0; i < text.len; i++)
		dots += text.at[i] == '.';
	assert_int_equal(dots, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_names_type_and_content),
		cmocka_unit_test(the_payload_is_the_credential_itself),
		cmocka_unit_test(
		    the_document_is_a_jws_and_needs_nothing_beside_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
