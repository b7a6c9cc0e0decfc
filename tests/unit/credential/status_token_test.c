/* Status List Tokens of both forms: their bytes, and what they say of whom. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "credential/cbor.h"
#include "credential/cose.h"
#include "credential/inspect.h"
#include "credential/status_token.h"
#include "tests/licence.h"

#define LIST URI "/v1/status-lists/a1"
#define HOUR INT64_C(3600)

static struct signers signers;
static EVP_PKEY *status_key;
static struct issuer *status;
static struct bytes packed;

/* A signer with the status key: is it one of documents, too? */
static struct issuer *
signer(bool documents)
{
	char path[] = "/tmp/okse-signer-XXXXXX";
	X509 *x = software_certify("Status signer", status_key, signers.ca,
	    signers.ca_key, NOW - DAY, NOW + 400 * DAY, documents);
	struct issuer *i = NULL;

	close(mkstemp(path));
	software_write(path, x);
	MUST(issuer_load(path, URI, &i));
	unlink(path);
	X509_free(x);
	return i;
}

static int
setup(void **)
{
	AUTO(status_list) l = NULL;

	signers_init(&signers, NOW);
	status_key = software_key();
	status = signer(false);
	MUST(status_list_new(STATUS_BITS, 4096, &l));
	MUST(status_list_set(l, 7, STATUS_SUSPENDED));
	MUST(status_list_set(l, 4095, STATUS_INVALID));
	MUST(status_list_pack(l, &packed));
	return 0;
}

static int
teardown(void **)
{
	bytes_done(&packed);
	issuer_free(status);
	EVP_PKEY_free(status_key);
	signers_done(&signers);
	return 0;
}

static struct status_token
token(void)
{
	return (struct status_token){
		.uri = view_text(LIST),
		.issued_at = NOW,
		.expires_at = NOW + 24 * HOUR,
		.ttl = 300,
		.bits = STATUS_BITS,
		.list = bytes_view(&packed),
	};
}

static struct draft *
drafted(enum status_form form)
{
	struct status_token t = token();
	struct draft *d = NULL;

	MUST(status_token_draft(form, &t, status, &d));
	return d;
}

static void
signed_list(enum status_form form, struct bytes *out)
{
	AUTO(draft) d = drafted(form);

	finish(d, status_key, out);
}

/* ---- bytes */

static void
the_jwt_is_that_of_status_list_txt(void **)
{
	AUTO(draft) d = drafted(STATUS_JWT);
	AUTO_DONE(bytes) header = { 0 };
	AUTO_DONE(bytes) payload = { 0 };
	AUTO_DONE(bytes) want = { 0 };
	struct view tbs = draft_tbs(d);
	size_t dot = 0;

	while (tbs.at[dot] != '.')
		dot++;
	MUST(base64url_get(VIEW(tbs.at, dot), &header));
	MUST(base64url_get(VIEW(tbs.at + dot + 1, tbs.len - dot - 1),
	    &payload));
	bytes_put_text(&want,
	    "{\"alg\":\"ES256\",\"typ\":\"statuslist+jwt\",\"x5c\":[\"");
	base64_put(&want, issuer_der(status));
	bytes_put_text(&want, "\"]}");
	assert_string_equal(bytes_text(&header), bytes_text(&want));
	bytes_reset(&want);
	bytes_put_text(&want, "{\"sub\":\"" LIST "\",\"iat\":1742022000,"
	    "\"exp\":1742108400,\"ttl\":300,\"status_list\":{\"bits\":2,"
	    "\"lst\":\"");
	base64url_put(&want, bytes_view(&packed));
	bytes_put_text(&want, "\"}}");
	assert_string_equal(bytes_text(&payload), bytes_text(&want));
	assert_int_equal(draft_use(d), KEY_USE_STATUS);
	assert_string_equal(draft_format(d), "statuslist+jwt");
}

/* d2 84: tagged as COSE_Sign1 and, unlike other CWTs, not as a CWT. */
static void
the_cwt_is_that_of_status_list_txt(void **)
{
	AUTO_DONE(bytes) list = { 0 };
	uint8_t signature[P256_SIGNATURE_SIZE];
	struct cose_sign1 s = { 0 };
	struct cbor_reader r;

	signed_list(STATUS_CWT, &list);
	assert_int_equal(list.at[0], 0xd2);
	assert_int_equal(list.at[1], 0x84);
	MUST(cose_get_sign1(bytes_view(&list), &s, signature));
	r = cbor_reader_of(s.protected);
	cbor_want_map(&r, 3);
	cbor_want_int(&r, 1);
	cbor_want_int(&r, -7);
	cbor_want_int(&r, 16);
	cbor_want_text(&r, "application/statuslist+cwt");
	cbor_want_int(&r, 33);
	assert_true(view_equal(cbor_read_bytes(&r, 4096),
	    issuer_der(status)));
	cbor_leave(&r);
	MUST(cbor_end(&r, "protected"));
	r = cbor_reader_of(s.payload);
	cbor_want_map(&r, 5);
	cbor_want_int(&r, 2);
	cbor_want_text(&r, LIST);
	cbor_want_int(&r, 4);
	cbor_want_int(&r, NOW + 24 * HOUR);
	cbor_want_int(&r, 6);
	cbor_want_int(&r, NOW);
	cbor_want_int(&r, 65533);
	cbor_want_map(&r, 2);
	cbor_want_text(&r, "lst");
	assert_true(view_equal(cbor_read_bytes(&r, 4096),
	    bytes_view(&packed)));
	cbor_want_text(&r, "bits");
	cbor_want_int(&r, 2);
	cbor_leave(&r);
	cbor_want_int(&r, 65534);
	cbor_want_int(&r, 300);
	cbor_leave(&r);
	MUST(cbor_end(&r, "claims"));
}

static void
a_token_says_what_was_put_into_it(void **)
{
	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		AUTO(draft) d = drafted((enum status_form)form);
		AUTO_DONE(status_room) room = { 0 };
		struct status_token t;

		MUST(status_token_get((enum status_form)form, draft_tbs(d),
		    &room, &t));
		assert_true(view_is(t.uri, LIST));
		assert_int_equal(t.issued_at, NOW);
		assert_int_equal(t.expires_at, NOW + 24 * HOUR);
		assert_int_equal(t.ttl, 300);
		assert_int_equal(t.bits, 2);
		assert_true(view_equal(t.list, bytes_view(&packed)));
	}
}

static void
a_longest_list_fits_into_a_draft(void **)
{
	AUTO(status_list) l = NULL;
	AUTO_DONE(bytes) noise = { 0 };
	uint64_t state = 1;

	MUST(status_list_new(STATUS_BITS, STATUS_LIST_ENTRIES, &l));
	for (uint64_t i = 0; i < STATUS_LIST_ENTRIES; i++) {
		state = state * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
		MUST(status_list_set(l, i, (unsigned int)(state >> 62)));
	}
	MUST(status_list_pack(l, &noise));
	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		struct status_token t = token();
		AUTO(draft) d = NULL, again = NULL;
		AUTO_DONE(bytes) encoded = { 0 };

		t.list = bytes_view(&noise);
		MUST(status_token_draft((enum status_form)form, &t, status,
		    &d));
		draft_encode_to_sign(d, &encoded);
		MUST(draft_decode(bytes_view(&encoded), &again));
		assert_true(view_equal(draft_tbs(d), draft_tbs(again)));
	}
}

/* ---- what is not made, and not signed */

static enum err
refused(struct status_token t)
{
	AUTO(draft) d = NULL;

	return status_token_draft(STATUS_JWT, &t, status, &d);
}

static void
times_and_uri_have_an_order_and_a_form(void **)
{
	struct status_token t;

#define WITH(member, v, e)                                                    \
	t = token();                                                          \
	t.member = (v);                                                       \
	assert_int_equal(refused(t), e)
	WITH(expires_at, NOW, ERR_RANGE);
	WITH(expires_at, NOW + 300, ERR_OK);
	WITH(expires_at, NOW + 299, ERR_RANGE);		/* before ttl is over */
	/* the certificate's */
	WITH(expires_at, NOW + 401 * DAY, ERR_INTERNAL);
	WITH(issued_at, NOW - 2 * DAY, ERR_INTERNAL);
	WITH(ttl, 0, ERR_RANGE);
	WITH(ttl, 1, ERR_OK);
	WITH(bits, 3, ERR_RANGE);
	WITH(bits, 16, ERR_RANGE);
	WITH(bits, 0, ERR_RANGE);
	WITH(list, VIEW(NULL, 0), ERR_RANGE);
	WITH(uri, view_text("http://id.example.kr/s"), ERR_RANGE);
	WITH(uri, view_text("https://id.example.kr/ s"), ERR_RANGE);
	WITH(uri, view_text("https://id.example.kr/\"s"), ERR_RANGE);
	WITH(uri, view_text("https://id.example.kr/\\s"), ERR_RANGE);
#undef WITH
}

static void
a_uri_has_at_most_256_bytes(void **)
{
	char uri[STATUS_URI + 2] = "https://id.example.kr/";
	struct status_token t = token();

	for (size_t n = strlen(uri); n < STATUS_URI + 1; n++)
		uri[n] = 's';
	t.uri = VIEW(uri, STATUS_URI - 1);
	assert_int_equal(refused(t), ERR_OK);
	t.uri = VIEW(uri, STATUS_URI);
	assert_int_equal(refused(t), ERR_OK);
	t.uri = VIEW(uri, STATUS_URI + 1);
	assert_int_equal(refused(t), ERR_RANGE);
}

/* A token whose header is of one kind and whose payload is another's. */
static enum err
jwt_of(const char *header, const char *payload)
{
	AUTO_DONE(bytes) tbs = { 0 };
	AUTO_DONE(status_room) room = { 0 };
	struct status_token t;

	base64url_put(&tbs, view_text(header));
	bytes_put_u8(&tbs, '.');
	base64url_put(&tbs, view_text(payload));
	return status_token_get(STATUS_JWT, bytes_view(&tbs), &room, &t);
}

#define HEAD "{\"alg\":\"ES256\",\"typ\":\"statuslist+jwt\",\"x5c\":[\"AA==\"]}"
#define BODY "{\"sub\":\"https://a/1\",\"iat\":1,\"exp\":9,\"ttl\":2,"  \
    "\"status_list\":{\"bits\":2,\"lst\":\"eNo\"}}"

static void
a_keyholder_takes_the_form_and_no_other(void **)
{
	static const char *const bodies[] = {
		"{}", "{\"sub\":1}",
		"{\"sub\":\"https://a/1\",\"iat\":01,\"exp\":9,\"ttl\":2,"
		    "\"status_list\":{\"bits\":2,\"lst\":\"eNo\"}}",
		"{\"sub\":\"https://a/1\",\"iat\":-1,\"exp\":9,\"ttl\":2,"
		    "\"status_list\":{\"bits\":2,\"lst\":\"eNo\"}}",
		"{\"sub\":\"https://a/1\",\"iat\":1,\"exp\":1,\"ttl\":2,"
		    "\"status_list\":{\"bits\":2,\"lst\":\"eNo\"}}",
		"{\"sub\":\"https://a/1\",\"iat\":1,\"exp\":9,"
		    "\"status_list\":{\"bits\":2,\"lst\":\"eNo\"}}",
		"{\"sub\":\"https://a/1\",\"iat\":1,\"exp\":9,\"ttl\":2,"
		    "\"status_list\":{\"bits\":3,\"lst\":\"eNo\"}}",
		"{\"sub\":\"https://a/1\",\"iat\":1,\"exp\":9,\"ttl\":2,"
		    "\"status_list\":{\"bits\":2,\"lst\":\"eN=\"}}",
		"{\"sub\":\"https://a/1\",\"iat\":1,\"exp\":9,\"ttl\":2,"
		    "\"status_list\":{\"bits\":2,\"lst\":\"eNo\"},\"vct\":1}",
		"{\"sub\":\"http://a/1\",\"iat\":1,\"exp\":9,\"ttl\":2,"
		    "\"status_list\":{\"bits\":2,\"lst\":\"eNo\"}}",
		BODY " ",
	};

	assert_int_equal(jwt_of(HEAD, BODY), ERR_OK);
	assert_int_equal(jwt_of("{\"alg\":\"ES256\",\"typ\":\"vc+jwt\","
	    "\"cty\":\"vc\",\"x5c\":[\"AA==\"]}", BODY), ERR_SCHEMA);
	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_int_equal(jwt_of(HEAD, bodies[i]), ERR_SCHEMA);
}

static void
a_draft_of_one_form_is_none_of_the_other(void **)
{
	AUTO(draft) jwt = drafted(STATUS_JWT), cwt = drafted(STATUS_CWT);
	AUTO_DONE(status_room) room = { 0 };
	struct status_token t;

	assert_int_equal(status_token_get(STATUS_CWT, draft_tbs(jwt), &room,
	    &t), ERR_SCHEMA);
	assert_int_equal(status_token_get(STATUS_JWT, draft_tbs(cwt), &room,
	    &t), ERR_SCHEMA);
}

/* Only the status key: the kind says which key signs, the bytes which kind. */
static void
no_other_kind_takes_a_status_list(void **)
{
	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		AUTO(draft) d = drafted((enum status_form)form);
		AUTO_DONE(bytes) encoded = { 0 };

		draft_encode(d, &encoded);
		for (uint8_t kind = 0; kind < 32; kind++) {
			AUTO(draft) other = NULL;
			enum err e;

			encoded.at[1] = kind;
			e = draft_decode(bytes_view(&encoded), &other);
			assert_int_equal(e == ERR_OK,
			    kind == (uint8_t)draft_kind(d));
		}
	}
}

/* ---- read back */

static struct trust
trusted(int64_t now)
{
	return (struct trust){ .ca = signers.ca, .now = now };
}

static void
both_forms_are_recognised_and_verified(void **)
{
	static const char *const names[] =
	    { "statuslist+jwt", "statuslist+cwt" };

	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		AUTO_DONE(bytes) text = { 0 }, json = { 0 };
		AUTO(inspected) i = NULL;
		struct trust t = trusted(NOW + 60);

		signed_list((enum status_form)form, &text);
		MUST(inspect(bytes_view(&text), &i));
		assert_string_equal(inspected_format(i), names[form]);
		MUST(inspected_verify(i, &t, NULL));
		MUST(inspected_json(i, &json));
		assert_non_null(strstr(bytes_text(&json),
		    "\"entries\": 4096"));
		assert_non_null(strstr(bytes_text(&json),
		    "\"suspended\": 1"));
		assert_non_null(strstr(bytes_text(&json),
		    "\"invalid\": 1"));
		assert_non_null(strstr(bytes_text(&json),
		    "\"valid\": 4094"));
	}
}

static void
a_list_is_believed_until_it_expires(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO(inspected) i = NULL;
	struct trust t;

	signed_list(STATUS_CWT, &text);
	MUST(inspect(bytes_view(&text), &i));
	t = trusted(NOW - 1);
	assert_int_equal(inspected_verify(i, &t, NULL), ERR_SIGNATURE);
	t = trusted(NOW);
	MUST(inspected_verify(i, &t, NULL));
	t = trusted(NOW + 24 * HOUR - 1);
	MUST(inspected_verify(i, &t, NULL));
	t = trusted(NOW + 24 * HOUR);
	assert_int_equal(inspected_verify(i, &t, NULL), ERR_SIGNATURE);
}

static enum err
judge(struct view text)
{
	AUTO(inspected) i = NULL;
	struct trust t = trusted(NOW + 60);

	TRY(inspect(text, &i));
	return inspected_verify(i, &t, NULL);
}

/* Who may sign documents could otherwise say which of them still hold. */
static void
a_document_signer_signs_no_list(void **)
{
	struct status_token t = token();
	AUTO(issuer) document = signer(true);
	AUTO(draft) d = NULL;
	AUTO(inspected) i = NULL;
	AUTO_DONE(bytes) text = { 0 };
	struct trust trust = trusted(NOW);

	MUST(status_token_draft(STATUS_JWT, &t, document, &d));
	finish(d, status_key, &text);
	MUST(inspect(bytes_view(&text), &i));
	assert_int_equal(inspected_verify(i, &trust, NULL), ERR_SIGNATURE);
	assert_non_null(strstr(err_why(), "document signer"));
}

static void
every_changed_byte_and_every_cut_is_noticed(void **)
{
	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		AUTO_DONE(bytes) text = { 0 };

		signed_list((enum status_form)form, &text);
		MUST(judge(bytes_view(&text)));
		for (size_t at = 0; at < text.len; at++) {
			uint8_t was = text.at[at];

			text.at[at] = was == 'A' ? 'B' : 'A';
			if (judge(bytes_view(&text)) == ERR_OK)
				fail_msg("form %d, byte %zu", form, at);
			text.at[at] = was;
			if (judge(VIEW(text.at, at)) == ERR_OK)
				fail_msg("form %d, cut at %zu", form, at);
		}
		bytes_put_u8(&text, 'A');
		assert_int_not_equal(judge(bytes_view(&text)), ERR_OK);
	}
}

/* ---- the state of a credential */

static enum err
status_of(enum credential_format format, uint64_t index, const char *uri,
    enum status_form form, unsigned int *out)
{
	const struct status_entry entry = { uri, index };
	AUTO_DONE(granted) g = licence();
	struct credential_order o = licence_order(&g, &signers);
	AUTO_DONE(bytes) document = { 0 }, list = { 0 };
	AUTO(inspected) credential = NULL, lists = NULL;

	o.status = &entry;
	licence_document(&o, format, signers.document_key, &document);
	signed_list(form, &list);
	TRY(inspect(bytes_view(&document), &credential));
	TRY(inspect(bytes_view(&list), &lists));
	return inspected_status(credential, lists, out);
}

static void
a_list_tells_the_state_of_a_credential_of_any_format(void **)
{
	static const enum credential_format formats[] = { FORMAT_SD_JWT,
	    FORMAT_MDOC, FORMAT_VC_JWT, FORMAT_CWT_QR };
	static const struct {
		uint64_t	index;
		enum status	status;
	} places[] = { { 0, STATUS_VALID }, { 7, STATUS_SUSPENDED },
	    { 8, STATUS_VALID }, { 4095, STATUS_INVALID } };
	unsigned int status_is;

	for (size_t f = 0; f < COUNT(formats); f++)
		for (size_t p = 0; p < COUNT(places); p++) {
			MUST(status_of(formats[f], places[p].index, LIST,
			    (enum status_form)(p % STATUS_FORMS),
			    &status_is));
			assert_int_equal(status_is, places[p].status);
		}
}

static void
a_list_says_nothing_of_what_is_not_in_it(void **)
{
	unsigned int s;

	assert_int_equal(status_of(FORMAT_SD_JWT, 4096, LIST, STATUS_JWT,
	    &s), ERR_RANGE);
	assert_int_equal(status_of(FORMAT_SD_JWT, 7, LIST "2", STATUS_JWT,
	    &s), ERR_MISMATCH);
	assert_int_equal(status_of(FORMAT_MDOC, 7, URI "/v1/status-lists/a",
	    STATUS_CWT, &s), ERR_MISMATCH);
}

static void
only_a_list_tells_a_state_and_only_of_who_names_it(void **)
{
	AUTO_DONE(granted) g = licence();
	struct credential_order o = licence_order(&g, &signers);
	AUTO_DONE(bytes) document = { 0 }, list = { 0 };
	AUTO(inspected) credential = NULL, lists = NULL;
	const char *uri;
	uint64_t index;
	unsigned int s;

	licence_document(&o, FORMAT_SD_JWT, signers.document_key, &document);
	signed_list(STATUS_JWT, &list);
	MUST(inspect(bytes_view(&document), &credential));
	MUST(inspect(bytes_view(&list), &lists));
	assert_int_equal(inspected_place(credential, &uri, &index),
	    ERR_NOT_FOUND);
	assert_int_equal(inspected_place(lists, &uri, &index),
	    ERR_NOT_FOUND);
	assert_int_equal(inspected_status(credential, lists, &s),
	    ERR_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_jwt_is_that_of_status_list_txt),
		cmocka_unit_test(the_cwt_is_that_of_status_list_txt),
		cmocka_unit_test(a_token_says_what_was_put_into_it),
		cmocka_unit_test(a_longest_list_fits_into_a_draft),
		cmocka_unit_test(times_and_uri_have_an_order_and_a_form),
		cmocka_unit_test(a_uri_has_at_most_256_bytes),
		cmocka_unit_test(a_keyholder_takes_the_form_and_no_other),
		cmocka_unit_test(a_draft_of_one_form_is_none_of_the_other),
		cmocka_unit_test(no_other_kind_takes_a_status_list),
		cmocka_unit_test(both_forms_are_recognised_and_verified),
		cmocka_unit_test(a_list_is_believed_until_it_expires),
		cmocka_unit_test(a_document_signer_signs_no_list),
		cmocka_unit_test(every_changed_byte_and_every_cut_is_noticed),
		cmocka_unit_test(
		    a_list_tells_the_state_of_a_credential_of_any_format),
		cmocka_unit_test(a_list_says_nothing_of_what_is_not_in_it),
		cmocka_unit_test(
		    only_a_list_tells_a_state_and_only_of_who_names_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
