/*
 * Bodies of requests: what a good one becomes, and that everything else is
 * refused with the member and the rule, without its value.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/signer/bodies.h"

static EVP_PKEY *key;
static struct bytes proof;		/* by key */
static struct bytes credential;		/* CREDENTIAL_BODY with it */

static int
setup(void **state)
{
	(void)state;
	MUST(crypto_init());
	key = software_key();
	make_proof(key, "n-1", &proof);
	edit(&credential, CREDENTIAL_BODY, "PROOF", (const char *)proof.at);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	bytes_done(&proof);
	bytes_done(&credential);
	forget_kept();
	return 0;
}

static enum err
decode(struct view json, enum operation op, struct body *b)
{
	return body_decode(keep(json), op, b);
}

static void
refused_view(struct view json, enum operation op, enum err wanted,
    const char *why)
{
	AUTO_DONE(body) b = { 0 };
	enum err e = decode(json, op, &b);

	if (e != wanted || !view_starts(view_text(err_why()), why))
		print_message("# wanted %d \"%s\", got %d \"%s\"\n", wanted,
		    why, e, err_why());
	assert_int_equal(e, wanted);
	assert_true(view_starts(view_text(err_why()), why));
	/* nothing of the holder in it */
	assert_null(strstr(err_why(), "0803153"));
	assert_null(strstr(err_why(), "2008-0"));
}

static void
refused(const char *json, enum operation op, enum err wanted, const char *why)
{
	refused_view(view_text(json), op, wanted, why);
}

/* The good body with find replaced is refused so. */
static void
edited(enum operation op, const char *find, const char *replace,
    enum err wanted, const char *why)
{
	AUTO_DONE(bytes) json = { 0 };

	edit(&json, op == OPERATION_QR_TOKEN ? QR_BODY :
	    (const char *)credential.at, find, replace);
	refused_view(bytes_view(&json), op, wanted, why);
}

static void
qr(const char *find, const char *replace, enum err wanted, const char *why)
{
	edited(OPERATION_QR_TOKEN, find, replace, wanted, why);
}

static void
issue(const char *find, const char *replace, enum err wanted,
    const char *why)
{
	edited(OPERATION_CREDENTIAL, find, replace, wanted, why);
}

/* ---- good bodies */

static void
a_qr_token_body_is_read(void **state)
{
	AUTO_DONE(body) b = { 0 };
	const struct asked *a = &b.asked;

	(void)state;
	assert_int_equal(decode(view_text(QR_BODY), OPERATION_QR_TOKEN, &b),
	    ERR_OK);
	assert_int_equal(a->operation, OPERATION_QR_TOKEN);
	assert_false(a->dry_run);
	assert_false(a->pictures);
	assert_true(view_is(a->programme, "resident-id"));
	assert_int_equal(a->purpose, PURPOSE_FIRST_ISSUE);
	assert_int_equal(a->reason.len, 0);
	assert_true(view_is(a->holder.number, "0803153234567"));
	assert_int_equal(a->holder.birth_date.year, 2008);
	assert_int_equal(a->holder.birth_date.month, 3);
	assert_int_equal(a->holder.birth_date.day, 15);
	assert_true(view_is(a->holder.residence, "36110"));
	assert_true(a->holder.has_card);
	assert_true(view_is(a->holder.card_status, "issued"));
	assert_true(a->holder.has_card_date);
	assert_int_equal(a->holder.card_issued_on.year, 2025);
	assert_false(a->holder.ic_chip);
	assert_int_equal(a->evidence.kind, EVIDENCE_QR_TOKEN);
	assert_true(view_is(a->evidence.centre, "3611025000"));
	assert_false(a->has_device);
}

static void
a_credential_body_is_read(void **state)
{
	AUTO_DONE(body) b = { 0 };
	const struct asked *a = &b.asked;
	uint8_t point[P256_POINT_SIZE];

	(void)state;
	MUST(p256_point(key, point));
	assert_int_equal(decode(bytes_view(&credential),
	    OPERATION_CREDENTIAL, &b), ERR_OK);
	assert_int_equal(a->purpose, PURPOSE_REISSUE);
	assert_true(view_is(a->reason, "device-lost"));
	assert_true(view_is(a->evidence.qr_token, "OKSE1:ABC"));
	assert_true(a->has_device);
	assert_true(view_is(a->device_id, "phone-1"));
	assert_int_equal(a->proof_count, 1);
	assert_memory_equal(a->proofs[0].point, point, sizeof(point));
	assert_true(view_is(a->proofs[0].nonce, "n-1"));
	assert_true(view_is(a->proofs[0].audience, "https://id.example.kr"));
	assert_int_equal(a->proofs[0].issued_at, 1735225200);
	assert_int_equal(a->format_count, 1);
	assert_true(view_is(a->formats[0], "dc+sd-jwt"));
	assert_int_equal(a->claims.kind, VALUE_MAP);
	assert_int_equal(a->claims.count, 5);
	assert_int_equal(value_find(&a->claims, "age")->integer, 17);
	assert_true(view_is(value_find(&a->claims, "family_name")->text,
	    "홍"));
	assert_int_equal(value_find(&a->claims, "adult")->kind,
	    VALUE_BOOLEAN);
	assert_int_equal(value_find(&a->claims, "nicknames")->count, 1);
	assert_true(view_is(value_find(value_find(&a->claims, "address"),
	    "city")->text, "세종"));
}

static void
white_space_escapes_and_order_make_the_same_frame(void **state)
{
	static const char other[] = "\n{ \"evidence\" : { \"centre\" : "
	    "\"36110\\u00325000\",\t\"kind\":\"qr-token\"},\r\n" HOLDER
	    ",\"purpose\":\"first-issue\",\"programme\":\"resident\\u002did\"}";
	AUTO_DONE(body) one = { 0 }, two = { 0 };
	AUTO_DONE(bytes) first = { 0 }, second = { 0 };

	(void)state;
	MUST(decode(view_text(QR_BODY), OPERATION_QR_TOKEN, &one));
	MUST(decode(view_text(other), OPERATION_QR_TOKEN, &two));
	request_encode(&one.asked, &first);
	request_encode(&two.asked, &second);
	assert_true(view_equal(bytes_view(&first), bytes_view(&second)));
}

static void
claims_in_another_order_make_the_same_frame(void **state)
{
	AUTO_DONE(body) one = { 0 }, two = { 0 };
	AUTO_DONE(bytes) other = { 0 }, first = { 0 }, second = { 0 };

	(void)state;
	edit(&other, (const char *)credential.at, "\"age\":17,\"adult\":true",
	    "\"adult\":true,\"age\":17");
	MUST(decode(bytes_view(&credential), OPERATION_CREDENTIAL, &one));
	MUST(decode(bytes_view(&other), OPERATION_CREDENTIAL, &two));
	request_encode(&one.asked, &first);
	request_encode(&two.asked, &second);
	assert_true(view_equal(bytes_view(&first), bytes_view(&second)));
}

static void
a_chip_shows_certificate_challenge_and_signature(void **state)
{
	static const char chip[] = "\"kind\":\"ic-card\",\"certificate\":"
	    "\"AQID\",\"challenge\":\"n-2\",\"signature\":\"BAU=\"";
	static const char visit[] = "\"kind\":\"qr-token\","
	    "\"qr_token\":\"OKSE1:ABC\"";
	AUTO_DONE(body) b = { 0 };
	AUTO_DONE(bytes) json = { 0 };

	(void)state;
	edit(&json, (const char *)credential.at, visit, chip);
	assert_int_equal(decode(bytes_view(&json), OPERATION_CREDENTIAL, &b),
	    ERR_OK);
	assert_int_equal(b.asked.evidence.kind, EVIDENCE_IC_CARD);
	assert_int_equal(b.asked.evidence.certificate.len, 3);
	assert_true(view_is(b.asked.evidence.challenge, "n-2"));
	assert_int_equal(b.asked.evidence.signature.len, 2);
	body_done(&b);
	edit(&json, (const char *)credential.at, visit,
	    "\"kind\":\"ic-card\",\"certificate\":\"_-8\","
	    "\"challenge\":\"n-2\",\"signature\":\"BAU\"");
	assert_int_equal(decode(bytes_view(&json), OPERATION_CREDENTIAL, &b),
	    ERR_OK);
	assert_int_equal(b.asked.evidence.certificate.len, 2);
	assert_int_equal(b.asked.evidence.certificate.at[0], 0xff);
	assert_int_equal(b.asked.evidence.signature.len, 2);
	issue(visit, "\"kind\":\"ic-card\",\"certificate\":\"AQID\","
	    "\"challenge\":\"n-2\",\"signature\":\"B!U=\"", ERR_SCHEMA,
	    "/evidence/signature: wanted base64");
	issue(visit, "\"kind\":\"ic-card\",\"challenge\":\"n-2\","
	    "\"signature\":\"BAU=\"", ERR_SCHEMA,
	    "/evidence/certificate: missing");
}

/* ---- not JSON, or not ours */

static void
what_is_not_json_is_refused_with_its_place(void **state)
{
	static const struct {
		const char	*json;
		const char	*why;
		enum err	 e;
	} cases[] = {
		{ "", "the body is empty", ERR_SYNTAX },
		{ " ", "byte 1 of the body", ERR_SYNTAX },
		{ "{", "byte 1 of the body: it ends early", ERR_SYNTAX },
		{ "[]", "the body must be a JSON object", ERR_SCHEMA },
		{ "\"x\"", "the body must be a JSON object", ERR_SCHEMA },
		{ "{}x", "byte 2 of the body: something follows", ERR_SYNTAX },
		{ "{}{}", "byte", ERR_SYNTAX },
		{ "{\"a\":01}", "byte", ERR_SYNTAX },
		{ "{'a':1}", "byte", ERR_SYNTAX },
		{ "{\"a\":1,}", "byte", ERR_SYNTAX },
		{ "{\"a\":NaN}", "byte", ERR_SYNTAX },
		{ "{\"a\":1e400}", "/programme: missing", ERR_SCHEMA },
		{ "{\"a\":9223372036854775808}", "byte 24 of the body: a "
		    "number of more than 64 bits", ERR_RANGE },
		{ "{\"a\":\"\\u0000\"}", "byte", ERR_SYNTAX },
		{ "{\"\\u0000\":1}", "byte", ERR_SYNTAX },
		{ "{\"a\":\"\\ud800\"}", "byte", ERR_SYNTAX },
		{ "{\"a\":\"\xff\"}", "byte 6 of the body: not UTF-8",
		    ERR_SYNTAX },
		{ "{\"a\":\"\xc0\x80\"}", "byte", ERR_SYNTAX },
		{ "\xef\xbb\xbf{}", "byte", ERR_SYNTAX },
		{ "{\"a\":\"\n\"}", "byte", ERR_SYNTAX },
		{ "{\"a\":1,\"a\":1}", "byte 10 of the body: a member comes "
		    "twice", ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		refused(cases[i].json, OPERATION_QR_TOKEN, cases[i].e,
		    cases[i].why);
}

static void
a_member_twice_is_refused_at_any_depth(void **state)
{
	(void)state;
	qr("\"36110\"", "\"36110\",\"residence\":\"36110\"", ERR_SYNTAX,
	    "byte");
	issue("\"세종\"", "\"x\",\"city\":\"y\"", ERR_SYNTAX, "byte");
}

static void
deep_nesting_is_refused(void **state)
{
	AUTO_DONE(bytes) deep = { 0 };

	(void)state;
	for (int i = 0; i < 30000; i++)
		bytes_put_u8(&deep, '[');
	refused_view(bytes_view(&deep), OPERATION_QR_TOKEN, ERR_SYNTAX,
	    "byte 33 of the body: nested too deep");
	bytes_reset(&deep);
	for (int i = 0; i < JSON_TREE_DEPTH; i++)
		bytes_put_text(&deep, "{\"a\":");
	bytes_put_text(&deep, "1");
	for (int i = 0; i < JSON_TREE_DEPTH; i++)
		bytes_put_text(&deep, "}");
	refused_view(bytes_view(&deep), OPERATION_QR_TOKEN, ERR_SCHEMA,
	    "/programme: missing");
	/* claims is the first of five containers */
	issue("{\"city\":\"세종\"}", "[[[[[17]]]]]", ERR_RANGE,
	    "/claims/address/0/0/0/0: nested too deep");
}

/* ---- members */

static void
every_member_that_is_needed_is_missed(void **state)
{
	static const char evidence[] = ",\"evidence\":{\"kind\":\"qr-token\","
	    "\"centre\":\"3611025000\"}";

	(void)state;
	qr("\"programme\":\"resident-id\",", "", ERR_SCHEMA,
	    "/programme: missing");
	qr("\"purpose\":\"first-issue\",", "", ERR_SCHEMA,
	    "/purpose: missing");
	qr(HOLDER ",", "", ERR_SCHEMA, "/holder: missing");
	qr("\"number\":\"0803153234567\",", "", ERR_SCHEMA,
	    "/holder/number: missing");
	qr("\"birth_date\":\"2008-03-15\",", "", ERR_SCHEMA,
	    "/holder/birth_date: missing");
	qr("\"status\":\"issued\",", "", ERR_SCHEMA,
	    "/holder/card/status: missing");
	qr(evidence, "", ERR_SCHEMA, "/evidence: missing");
	qr("\"kind\":\"qr-token\",", "", ERR_SCHEMA,
	    "/evidence/kind: missing");
	qr(",\"centre\":\"3611025000\"", "", ERR_SCHEMA,
	    "/evidence/centre: missing");
	issue("\"qr_token\":\"OKSE1:ABC\",", "", ERR_SCHEMA,
	    "/evidence/qr_token: missing");
	issue("\"id\":\"phone-1\",", "", ERR_SCHEMA, "/device/id: missing");
	issue("\"proofs\":", "\"xx\":", ERR_SCHEMA,
	    "/device/proofs: missing");
	issue(",\"formats\":[\"dc+sd-jwt\"]", "", ERR_SCHEMA,
	    "/formats: missing");
	issue("\"claims\":", "\"xx\":", ERR_SCHEMA, "/claims: missing");
}

static void
unknown_members_are_named_where_they_are(void **state)
{
	(void)state;
	qr("{", "{\"x\":1,", ERR_SCHEMA, "/x: unknown member");
	qr("{\"number\"", "{\"Number\":1,\"number\"", ERR_SCHEMA,
	    "/holder/Number: unknown member");
	qr("{\"status\"", "{\"y\":{},\"status\"", ERR_SCHEMA,
	    "/holder/card/y: unknown member");
	qr("{\"kind\"", "{\"qr_token\":\"OKSE1:A\",\"kind\"", ERR_SCHEMA,
	    "/evidence/qr_token: unknown member");
	qr("{", "{\"device\":{\"id\":\"p\"},", ERR_SCHEMA,
	    "/device: unknown member");
	qr("{", "{\"claims\":{},", ERR_SCHEMA, "/claims: unknown member");
	qr("{", "{\"formats\":[\"dc+sd-jwt\"],", ERR_SCHEMA,
	    "/formats: unknown member");
	qr("{", "{\"operation\":\"qr-token\",", ERR_SCHEMA,
	    "/operation: unknown member");
	issue("{", "{\"pictures\":true,", ERR_SCHEMA,
	    "/pictures: unknown member");
	issue("{\"id\"", "{\"z\":1,\"id\"", ERR_SCHEMA,
	    "/device/z: unknown member");
	/* a name that is not plain is not repeated */
	qr("{", "{\"0803153234567\\n\":1,", ERR_SCHEMA, "unknown member");
	qr("{\"number\"", "{\"홍\":1,\"number\"", ERR_SCHEMA,
	    "/holder: unknown member");
}

/* Every type in place of the one that is wanted. */
static void
wrong_types(enum operation op, const char *find, const char *member,
    const char *allowed, const char *pointer)
{
	static const char *const values[] = { "null", "true", "17", "1.5",
	    "\"x\"", "[]", "[1]", "{}" };

	for (size_t i = 0; i < COUNT(values); i++) {
		AUTO_DONE(bytes) replace = { 0 };

		if (strstr(allowed, values[i]) != NULL)
			continue;
		bytes_printf(&replace, "\"%s\":%s", member, values[i]);
		edited(op, find, bytes_text(&replace), ERR_SCHEMA, pointer);
	}
}

static void
every_member_has_its_type(void **state)
{
	enum operation q = OPERATION_QR_TOKEN, c = OPERATION_CREDENTIAL;

	(void)state;
	wrong_types(q, "\"programme\":\"resident-id\"", "programme", "\"x\"",
	    "/programme: wanted a text");
	wrong_types(q, "\"purpose\":\"first-issue\"", "purpose", "",
	    "/purpose: wanted");
	wrong_types(q, HOLDER, "holder", "{}", "/holder: wanted an object");
	wrong_types(q, "\"number\":\"0803153234567\"", "number", "\"x\"",
	    "/holder/number: wanted a text");
	wrong_types(q, "\"birth_date\":\"2008-03-15\"", "birth_date", "",
	    "/holder/birth_date: wanted");
	wrong_types(q, "\"residence\":\"36110\"", "residence", "\"x\"",
	    "/holder/residence: wanted a text");
	wrong_types(q, "\"ic_chip\":false", "ic_chip", "true",
	    "/holder/card/ic_chip: wanted true or false");
	wrong_types(q, "\"issued_on\":\"2025-04-01\"", "issued_on", "",
	    "/holder/card/issued_on: wanted");
	wrong_types(q, "\"kind\":\"qr-token\"", "kind", "",
	    "/evidence/kind: wanted");
	wrong_types(q, "\"centre\":\"3611025000\"", "centre", "\"x\"",
	    "/evidence/centre: wanted a text");
	wrong_types(c, "\"reason\":\"device-lost\"", "reason", "\"x\"",
	    "/reason: wanted a text");
	wrong_types(c, "\"id\":\"phone-1\"", "id", "\"x\"",
	    "/device/id: wanted a text");
	wrong_types(c, "\"formats\":[\"dc+sd-jwt\"]", "formats", "[] [1]",
	    "/formats: wanted a list");
	issue("[\"dc+sd-jwt\"]", "[17]", ERR_SCHEMA, "/formats/0: wanted a "
	    "text");
	issue("\"age\":17", "\"age\":null", ERR_SCHEMA, "/claims/age: wanted");
	issue("\"age\":17", "\"age\":17.0", ERR_SCHEMA,
	    "/claims/age: wanted");
	issue("[\"길동\"]", "[\"a\",1.5]", ERR_SCHEMA,
	    "/claims/nicknames/1: wanted");
	issue("\"claims\":{", "\"claims\":[],\"x\":{", ERR_SCHEMA,
	    "/claims: wanted an object");
}

/* ---- bounds */

static void
texts_have_1_to_their_limit_of_bytes(void **state)
{
	(void)state;
	for (int n = 127; n <= 129; n++) {
		AUTO_DONE(body) b = { 0 };
		AUTO_DONE(bytes) text = { 0 }, json = { 0 };

		bytes_printf(&text, "%0*d", n, 0);
		edit(&json, QR_BODY, "resident-id", bytes_text(&text));
		assert_int_equal(decode(bytes_view(&json),
		    OPERATION_QR_TOKEN, &b), n <= ASKED_TEXT ? ERR_OK :
		    ERR_RANGE);
	}
	qr("\"resident-id\"", "\"\"", ERR_RANGE,
	    "/programme: wanted 1 to 128 bytes");
	qr("\"0803153234567\"", "\"\"", ERR_RANGE, "/holder/number: wanted 1");
	qr("\"36110\"", "\"\"", ERR_RANGE, "/holder/residence: wanted 1");
	issue("\"phone-1\"", "\"\"", ERR_RANGE, "/device/id: wanted 1");
	issue("\"dc+sd-jwt\"", "\"\"", ERR_RANGE, "/formats/0: wanted 1");
}

static void
dates_are_real_days_in_one_form(void **state)
{
	static const char *const forms[] = { "2008-3-15", "15.03.2008",
	    "2008-03-15 ", "2008-03-15T00:00:00Z", "+008-03-15", "20080315" };
	static const char *const days[] = { "2008-02-30", "2007-02-29",
	    "2008-13-01", "2008-00-10", "2008-01-00", "2008-04-31" };

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++)
		qr("2008-03-15", forms[i], ERR_SCHEMA,
		    "/holder/birth_date: wanted YYYY-MM-DD");
	for (size_t i = 0; i < COUNT(days); i++)
		qr("2008-03-15", days[i], ERR_RANGE,
		    "/holder/birth_date: there is no such day");
}

static void
names_are_of_their_lists(void **state)
{
	(void)state;
	qr("first-issue", "second-issue", ERR_SCHEMA,
	    "/purpose: wanted first-issue, reissue or refresh");
	qr("\"qr-token\"", "\"none\"", ERR_SCHEMA,
	    "/evidence/kind: wanted qr-token or ic-card");
}

static void
lists_and_claims_have_their_limits(void **state)
{
	(void)state;
	issue("[\"dc+sd-jwt\"]", "[]", ERR_RANGE,
	    "/formats: wanted 1 to 8 elements");
	issue("[\"dc+sd-jwt\"]", "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\","
	    "\"g\",\"h\",\"i\"]", ERR_RANGE, "/formats: wanted 1 to 8");
	issue("[\"dc+sd-jwt\"]", "[\"a\",\"b\",\"a\"]", ERR_RANGE,
	    "/formats/2: each format only once");
	for (int n = VALUE_MEMBERS - 1; n <= VALUE_MEMBERS + 1; n++) {
		AUTO_DONE(body) b = { 0 };
		AUTO_DONE(bytes) list = { 0 }, json = { 0 };

		for (int i = 0; i < n; i++)
			bytes_put_text(&list, i == 0 ? "[1" : ",1");
		bytes_put_text(&list, "]");
		edit(&json, (const char *)credential.at, "[\"길동\"]",
		    bytes_text(&list));
		assert_int_equal(decode(bytes_view(&json),
		    OPERATION_CREDENTIAL, &b), n <= VALUE_MEMBERS ? ERR_OK :
		    ERR_RANGE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_qr_token_body_is_read),
		cmocka_unit_test(a_credential_body_is_read),
		cmocka_unit_test(
		    white_space_escapes_and_order_make_the_same_frame),
		cmocka_unit_test(claims_in_another_order_make_the_same_frame),
		cmocka_unit_test(
		    a_chip_shows_certificate_challenge_and_signature),
		cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
		cmocka_unit_test(a_member_twice_is_refused_at_any_depth),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(every_member_that_is_needed_is_missed),
		cmocka_unit_test(unknown_members_are_named_where_they_are),
		cmocka_unit_test(every_member_has_its_type),
		cmocka_unit_test(texts_have_1_to_their_limit_of_bytes),
		cmocka_unit_test(dates_are_real_days_in_one_form),
		cmocka_unit_test(names_are_of_their_lists),
		cmocka_unit_test(lists_and_claims_have_their_limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
