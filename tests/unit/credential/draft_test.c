/* Drafts between processes: what they carry, and what no keyholder signs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "credential/cbor.h"
#include "credential/credential.h"
#include "credential/qr_token.h"
#include "tests/granted.h"

static struct signers signers;
static struct draft *token, *credential;

static int
setup(void **)
{
	static const struct qr_fields fields = { .audience = "okse" };
	static const uint8_t seed[CREDENTIAL_SEED_SIZE];

	signers_init(&signers, NOW);
	AUTO_DONE(granted) q = grant_of(asked_qr_token(), qr_terms);
	AUTO_DONE(granted) c = grant_of(
	    asked_credential(resident_claims(false)), credential_terms);
	MUST(qr_token_draft(q.grant, q.request, &fields, signers.qr, &token));
	MUST(credential_draft(FORMAT_SD_JWT, &(struct credential_order){
		.grant = c.grant,
		.request = c.request,
		.issuer = signers.document,
		.seed = VIEW_OF(seed),
	}, &credential));
	return 0;
}

static int
teardown(void **)
{
	draft_free(token);
	draft_free(credential);
	signers_done(&signers);
	return 0;
}

static void
a_kind_has_its_key_and_its_name(void **)
{
	assert_int_equal(draft_kind(token), DRAFT_QR_TOKEN);
	assert_int_equal(draft_use(token), KEY_USE_QR);
	assert_string_equal(draft_format(token), "qr-token");
	assert_int_equal(draft_kind(credential), DRAFT_SD_JWT);
	assert_int_equal(draft_use(credential), KEY_USE_DOCUMENT);
	assert_string_equal(draft_format(credential), "dc+sd-jwt");
}

static void
a_key_use_has_one_name(void **)
{
	static const enum key_use uses[] =
	    { KEY_USE_DOCUMENT, KEY_USE_QR, KEY_USE_LOG, KEY_USE_STATUS,
	    KEY_USE_LOG_ECDSA, KEY_USE_METADATA };
	enum key_use u = KEY_USE_LOG;

	for (size_t i = 0; i < COUNT(uses); i++) {
		assert_int_equal(key_use_of(view_text(key_use_name(uses[i])),
		    &u), ERR_OK);
		assert_int_equal(u, uses[i]);
	}
	assert_int_equal(key_use_of(view_text("ca"), &u), ERR_SCHEMA);
	assert_int_equal(u, uses[COUNT(uses) - 1]);
	assert_int_equal(COUNT(uses), KEY_USES);
	assert_string_equal(key_use_name((enum key_use)9), "?");
}

static bool
same_signer(const struct draft *a, const struct draft *b)
{
	struct hash x = draft_signer(a), y = draft_signer(b);

	return view_equal(VIEW_OF(x.at), VIEW_OF(y.at));
}

static void
a_draft_names_the_key_that_signs_it(void **)
{
	struct hash name;

	MUST(public_hash(signers.document_key, &name));
	assert_memory_equal(draft_signer(credential).at, name.at,
	    sizeof(name.at));
	MUST(public_hash(signers.qr_key, &name));
	assert_memory_equal(draft_signer(token).at, name.at,
	    sizeof(name.at));
	assert_false(same_signer(token, credential));
}

static void
a_draft_arrives_as_it_was_sent(void **)
{
	struct draft *const drafts[] = { token, credential };

	for (size_t i = 0; i < COUNT(drafts); i++) {
		uint8_t signature[P256_SIGNATURE_SIZE] =
		    { [31] = 7, [63] = 8 };
		AUTO_DONE(bytes) sent = { 0 };
		AUTO_DONE(bytes) again = { 0 };
		AUTO_DONE(bytes) here = { 0 };
		AUTO_DONE(bytes) there = { 0 };
		AUTO(draft) d = NULL;

		draft_encode(drafts[i], &sent);
		MUST(draft_decode(bytes_view(&sent), &d));
		draft_encode(d, &again);
		assert_true(view_equal(bytes_view(&sent),
		    bytes_view(&again)));
		assert_int_equal(draft_kind(d), draft_kind(drafts[i]));
		assert_true(same_signer(d, drafts[i]));
		assert_true(view_equal(draft_tbs(d), draft_tbs(drafts[i])));
		MUST(draft_document(drafts[i], signature, &here));
		MUST(draft_document(d, signature, &there));
		assert_true(view_equal(bytes_view(&here),
		    bytes_view(&there)));
	}
}

/* Either refused or another draft, and never a crash. */
static void
every_flipped_bit_is_refused_or_seen(void **)
{
	struct draft *const drafts[] = { token, credential };

	for (size_t k = 0; k < COUNT(drafts); k++) {
		AUTO_DONE(bytes) sent = { 0 };
		AUTO_DONE(bytes) again = { 0 };

		draft_encode(drafts[k], &sent);
		for (size_t i = 0; i < sent.len * 8; i++) {
			AUTO(draft) d = NULL;

			sent.at[i / 8] ^= (uint8_t)(1 << i % 8);
			bytes_reset(&again);
			if (draft_decode(bytes_view(&sent), &d) == ERR_OK) {
				draft_encode(d, &again);
				assert_true(view_equal(bytes_view(&sent),
				    bytes_view(&again)));
			}
			sent.at[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		for (size_t n = 0; n < sent.len; n++) {
			AUTO(draft) d = NULL;

			assert_int_not_equal(draft_decode(VIEW(sent.at, n),
			    &d), ERR_OK);
		}
	}
}

static enum err
decode(uint8_t version, uint8_t kind, struct view tbs, struct view tail)
{
	static const uint8_t name[SHA256_SIZE] = { 1, 2, 3 };
	AUTO_DONE(bytes) b = { 0 };
	AUTO(draft) d = NULL;

	bytes_put_u8(&b, version);
	bytes_put_u8(&b, kind);
	bytes_put(&b, VIEW_OF(name));
	bytes_put_block(&b, tbs);
	bytes_put_block(&b, tail);
	return draft_decode(bytes_view(&b), &d);
}

/* The keyholder's copy: what is signed, and no claim that only has a digest. */
static void
a_draft_to_be_signed_holds_no_disclosures(void **)
{
	static const uint8_t signature[P256_SIGNATURE_SIZE] =
	    { [31] = 7, [63] = 8 };
	AUTO_DONE(bytes) sent = { 0 };
	AUTO_DONE(bytes) tail = { 0 };
	AUTO_DONE(bytes) out = { 0 };
	AUTO(draft) d = NULL;
	const char *disclosure;

	MUST(draft_document(credential, signature, &out));
	disclosure = strchr(bytes_text(&out), '~') + 1;
	bytes_put(&tail, VIEW(disclosure, strcspn(disclosure, "~")));
	draft_encode_to_sign(credential, &sent);
	assert_null(memmem(sent.at, sent.len, tail.at, tail.len));
	MUST(draft_decode(bytes_view(&sent), &d));
	assert_true(view_equal(draft_tbs(d), draft_tbs(credential)));
	assert_int_equal(draft_parts(d), 1);
	assert_int_equal(draft_document(d, signature, &out), ERR_INTERNAL);
}

static void
unknown_versions_and_kinds_are_refused(void **)
{
	struct view tbs = draft_tbs(token), none = VIEW(NULL, 0);

	assert_int_equal(decode(2, DRAFT_QR_TOKEN, tbs, none), ERR_OK);
	assert_int_equal(decode(1, DRAFT_QR_TOKEN, tbs, none), ERR_SCHEMA);
	assert_int_equal(decode(3, DRAFT_QR_TOKEN, tbs, none), ERR_SCHEMA);
	assert_int_equal(decode(2, 0, tbs, none), ERR_SCHEMA);
	assert_int_equal(decode(2, 7, tbs, none), ERR_SCHEMA);
}

static void
one_kind_does_not_pass_as_the_other(void **)
{
	assert_int_equal(decode(2, DRAFT_SD_JWT, draft_tbs(token),
	    view_text("~")), ERR_SCHEMA);
	assert_int_equal(decode(2, DRAFT_QR_TOKEN, draft_tbs(credential),
	    VIEW(NULL, 0)), ERR_SCHEMA);
	assert_int_equal(decode(2, DRAFT_QR_TOKEN, draft_tbs(token),
	    view_text("~")), ERR_SCHEMA);
}

static enum err
decode_jwt(const char *header, const char *payload, const char *tail)
{
	AUTO_DONE(bytes) tbs = { 0 };

	base64url_put(&tbs, view_text(header));
	bytes_put_u8(&tbs, '.');
	base64url_put(&tbs, view_text(payload));
	return decode(2, DRAFT_SD_JWT, bytes_view(&tbs), view_text(tail));
}

static void
another_kind_of_jwt_is_refused(void **)
{
	static const char good[] =
	    "{\"alg\":\"ES256\",\"typ\":\"dc+sd-jwt\",\"x5c\":[\"MII=\"]}";
	static const char payload[] = "{\"iss\":\"https://id.example.kr\"}";

	assert_int_equal(decode_jwt(good, payload, "~"), ERR_OK);
	assert_int_equal(decode_jwt("{\"alg\":\"ES256\","
	    "\"typ\":\"statuslist+jwt\",\"x5c\":[\"MII=\"]}", payload, "~"),
	    ERR_SCHEMA);
	assert_int_equal(decode_jwt("{\"alg\":\"none\",\"typ\":\"dc+sd-jwt\","
	    "\"x5c\":[\"MII=\"]}", payload, "~"), ERR_SCHEMA);
	assert_int_equal(decode_jwt("", payload, "~"), ERR_SCHEMA);
	assert_int_equal(decode_jwt(good, "", "~"), ERR_SCHEMA);
	assert_int_equal(decode_jwt(good, "{\"sub\":\"x\"}", "~"),
	    ERR_SCHEMA);
}

static void
what_is_not_base64url_is_refused(void **)
{
	static const char bad[] = { '.', '=', '+', '/', ' ', '~', '\0', -1 };
	AUTO_DONE(bytes) tbs = { 0 };

	bytes_put(&tbs, draft_tbs(credential));
	assert_int_equal(decode(2, DRAFT_SD_JWT, bytes_view(&tbs),
	    view_text("~")), ERR_OK);
	for (size_t i = 0; i < COUNT(bad); i++) {
		for (size_t at = 0; at < tbs.len; at += 97) {
			uint8_t was = tbs.at[at];

			tbs.at[at] = (uint8_t)bad[i];
			assert_int_equal(decode(2, DRAFT_SD_JWT,
			    bytes_view(&tbs), view_text("~")), ERR_SCHEMA);
			tbs.at[at] = was;
		}
	}
}

static void
disclosures_stand_between_tildes(void **)
{
	static const struct {
		const char	*tail;
		enum err	 e;
	} cases[] = {
		{ "~", ERR_OK }, { "~WyJh~", ERR_OK },
		{ "~WyJh~WyJhIl0~", ERR_OK }, { "", ERR_OK },
		{ "WyJh~", ERR_SCHEMA }, { "~WyJh", ERR_SCHEMA },
		{ "~~", ERR_SCHEMA }, { "~WyJh~~", ERR_SCHEMA },
		{ "~eyJh~", ERR_SCHEMA }, { "~WyJ=~", ERR_SCHEMA },
		{ "~WyJhI~", ERR_SCHEMA },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(decode(2, DRAFT_SD_JWT,
		    draft_tbs(credential), view_text(cases[i].tail)),
		    cases[i].e);
}

/* The token's Sig_structure with one of its parts replaced. */
static enum err
decode_structure(const char *context, const char *external, bool more)
{
	struct cbor_reader r = cbor_reader_of(draft_tbs(token));
	AUTO_DONE(bytes) tbs = { 0 };
	struct view protected, payload;

	cbor_enter_array(&r);
	cbor_read_text(&r, 64);
	protected = cbor_read_bytes(&r, 1024);
	cbor_read_bytes(&r, 0);
	payload = cbor_read_bytes(&r, 1024);
	cbor_put_array(&tbs, more ? 5 : 4);
	cbor_put_text(&tbs, view_text(context));
	cbor_put_bytes(&tbs, protected);
	cbor_put_bytes(&tbs, view_text(external));
	cbor_put_bytes(&tbs, payload);
	if (more)
		cbor_put_int(&tbs, 0);
	return decode(2, DRAFT_QR_TOKEN, bytes_view(&tbs), VIEW(NULL, 0));
}

static void
another_sig_structure_is_refused(void **)
{
	assert_int_equal(decode_structure("Signature1", "", false), ERR_OK);
	assert_int_equal(decode_structure("Signature", "", false),
	    ERR_SCHEMA);
	assert_int_equal(decode_structure("Signature1", "x", false),
	    ERR_SCHEMA);
	assert_int_equal(decode_structure("Signature1", "", true),
	    ERR_SCHEMA);
}

static void
both_halves_of_a_signature_make_one_document(void **)
{
	static const uint8_t low[P256_SIGNATURE_SIZE] = { [31] = 1, [63] = 1 };
	/* s = n - 1 */
	static const uint8_t high[P256_SIGNATURE_SIZE] = {
		[31] = 1,
		0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
		0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x50,
	};
	AUTO_DONE(bytes) a = { 0 };
	AUTO_DONE(bytes) b = { 0 };

	MUST(draft_document(token, low, &a));
	MUST(draft_document(token, high, &b));
	assert_true(view_equal(bytes_view(&a), bytes_view(&b)));
}

static void
what_cannot_be_a_signature_makes_no_document(void **)
{
	static const uint8_t zero[P256_SIGNATURE_SIZE];
	uint8_t large[P256_SIGNATURE_SIZE];
	AUTO_DONE(bytes) out = { 0 };

	memset(large, 0xff, sizeof(large));
	assert_int_equal(draft_document(credential, zero, &out),
	    ERR_SIGNATURE);
	assert_int_equal(draft_document(credential, large, &out),
	    ERR_SIGNATURE);
	assert_int_equal(out.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kind_has_its_key_and_its_name),
		cmocka_unit_test(a_key_use_has_one_name),
		cmocka_unit_test(a_draft_names_the_key_that_signs_it),
		cmocka_unit_test(a_draft_arrives_as_it_was_sent),
		cmocka_unit_test(every_flipped_bit_is_refused_or_seen),
		cmocka_unit_test(a_draft_to_be_signed_holds_no_disclosures),
		cmocka_unit_test(unknown_versions_and_kinds_are_refused),
		cmocka_unit_test(one_kind_does_not_pass_as_the_other),
		cmocka_unit_test(another_kind_of_jwt_is_refused),
		cmocka_unit_test(what_is_not_base64url_is_refused),
		cmocka_unit_test(disclosures_stand_between_tildes),
		cmocka_unit_test(another_sig_structure_is_refused),
		cmocka_unit_test(both_halves_of_a_signature_make_one_document),
		cmocka_unit_test(what_cannot_be_a_signature_makes_no_document),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
