/* The frame of a request: there and back, and everything it refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy/request.h"

static char long_text[ASKED_QR_TOKEN + 2];
static uint8_t long_blob[ASKED_BLOB + 1];

/* Everything given, nothing at its limit. */
static struct asked
full(void)
{
	static struct member lines[] = {
		{ VIEW("a", 1), { VALUE_STRING, VIEW("x", 1), 0, 0, 0 } },
		{ VIEW("b", 1), { VALUE_INTEGER, VIEW("", 0), -7, 0, 0 } },
		{ VIEW("c", 1), { VALUE_BOOLEAN, VIEW("", 0), 1, 0, 0 } },
	};
	static struct member claims[] = {
		{ VIEW("list", 4), { VALUE_LIST, VIEW("", 0), 0, lines, 0 } },
		{ VIEW("map", 3), { VALUE_MAP, VIEW("", 0), 0, lines, 3 } },
	};
	struct asked a = {
		.operation = OPERATION_CREDENTIAL,
		.pictures = true,
		.caller = view_text("upstream"),
		.idempotency_key = view_text("key"),
		.programme = view_text("resident-id"),
		.purpose = PURPOSE_REISSUE,
		.reason = view_text("device-lost"),
		.holder = {
			.number = view_text("0102033234560"),
			.birth_date = { 2001, 2, 3 },
			.residence = view_text("36110"),
			.has_card = true,
			.card_status = view_text("issued"),
			.has_card_date = true,
			.card_issued_on = { 2020, 2, 29 },
			.ic_chip = true,
		},
		.evidence = {
			.kind = EVIDENCE_IC_CARD,
			.qr_token = view_text("OKSE1:"),
			.centre = view_text("3611025000"),
			.certificate = VIEW("\x30\x00", 2),
			.challenge = VIEW("\xff", 1),
			.signature = VIEW("\x00", 1),
		},
		.has_device = true,
		.device_id = view_text("id"),
		.proof_count = 2,
		.format_count = 2,
		.formats = { view_text("mso_mdoc"), view_text("dc+sd-jwt") },
		.claims = { VALUE_MAP, VIEW("", 0), 0, claims, 2 },
	};

	for (size_t i = 0; i < a.proof_count; i++) {
		a.proofs[i].point[0] = 4;
		a.proofs[i].point[64] = (uint8_t)i;
		a.proofs[i].nonce = view_text("nonce");
		a.proofs[i].audience = view_text("okse");
		a.proofs[i].issued_at = -1;
	}
	return a;
}

static enum err
round_trip(const struct asked *a, struct request **out)
{
	AUTO_DONE(bytes) frame = { 0 };

	request_encode(a, &frame);
	assert_int_equal(bytes_check(&frame), ERR_OK);
	return request_decode(bytes_view(&frame), out);
}

static void
a_request_comes_back_as_it_was(void **state)
{
	struct asked a = full();
	AUTO_DONE(bytes) frame = { 0 };
	AUTO_DONE(bytes) again = { 0 };
	AUTO(request) r = NULL;
	const struct asked *b;

	(void)state;
	request_encode(&a, &frame);
	if (request_decode(bytes_view(&frame), &r) != ERR_OK)
		fail_msg("%s", err_why());
	b = request_asked(r);
	assert_int_equal(b->operation, OPERATION_CREDENTIAL);
	assert_true(b->pictures && !b->dry_run);
	assert_true(view_is(b->caller, "upstream"));
	assert_int_equal(b->purpose, PURPOSE_REISSUE);
	assert_int_equal(b->holder.card_issued_on.day, 29);
	assert_true(b->holder.ic_chip);
	assert_int_equal(b->evidence.certificate.len, 2);
	assert_int_equal(b->proof_count, 2);
	assert_int_equal(b->proofs[1].point[64], 1);
	assert_int_equal(b->proofs[1].issued_at, -1);
	assert_true(view_is(b->formats[1], "dc+sd-jwt"));
	assert_int_equal(value_find(value_find(&b->claims, "map"),
	    "b")->integer, -7);
	assert_null(value_find(&b->claims, "none"));
	assert_null(value_find(value_find(&b->claims, "list"), "a"));
	request_encode(b, &again);
	assert_true(view_equal(bytes_view(&frame), bytes_view(&again)));
}

static void
pictures_and_dry_runs_are_the_same_request(void **state)
{
	struct asked a = full();
	AUTO(request) one = NULL;
	AUTO(request) two = NULL;
	AUTO(request) other = NULL;

	(void)state;
	assert_int_equal(round_trip(&a, &one), ERR_OK);
	a.pictures = false;
	a.dry_run = true;
	assert_int_equal(round_trip(&a, &two), ERR_OK);
	assert_true(view_equal(request_frame(one), request_frame(two)));
	a.idempotency_key = view_text("other");
	assert_int_equal(round_trip(&a, &other), ERR_OK);
	assert_false(view_equal(request_frame(one), request_frame(other)));
}

static void
no_frame_ends_early_or_late(void **state)
{
	struct asked a = full();
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;

	(void)state;
	request_encode(&a, &frame);
	for (size_t n = 0; n < frame.len; n++)
		assert_int_equal(request_decode(VIEW(frame.at, n), &r),
		    ERR_SYNTAX);
	bytes_put_u8(&frame, 0);
	assert_int_equal(request_decode(bytes_view(&frame), &r), ERR_SYNTAX);
	assert_null(r);
}

/* A changed byte is refused, or makes a frame that encodes to itself. */
static void
each_request_has_one_frame(void **state)
{
	struct asked a = full();
	AUTO_DONE(bytes) frame = { 0 };

	(void)state;
	request_encode(&a, &frame);
	for (size_t i = 0; i < frame.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			AUTO_DONE(bytes) again = { 0 };
			AUTO(request) r = NULL;

			frame.at[i] ^= (uint8_t)(1 << bit);
			if (request_decode(bytes_view(&frame), &r) == ERR_OK) {
				request_encode(request_asked(r), &again);
				assert_true(view_equal(bytes_view(&frame),
				    bytes_view(&again)));
			}
			frame.at[i] ^= (uint8_t)(1 << bit);
		}
	}
}

static void
refused(const struct asked *a, const char *member)
{
	AUTO(request) r = NULL;

	assert_int_not_equal(round_trip(a, &r), ERR_OK);
	assert_null(r);
	if (strstr(err_why(), member) == NULL)
		fail_msg("wanted %s, got %s", member, err_why());
}

static void
accepted(const struct asked *a)
{
	AUTO(request) r = NULL;

	if (round_trip(a, &r) != ERR_OK)
		fail_msg("%s", err_why());
}

/* max bytes pass, max + 1 do not, and neither does broken UTF-8. */
static void
text_limit(struct asked *a, struct view *text, size_t max, const char *member)
{
	struct view was = *text;

	*text = VIEW(long_text, max);
	accepted(a);
	*text = VIEW(long_text, max + 1);
	refused(a, member);
	*text = VIEW("\xc3\x28", 2);
	refused(a, member);
	*text = VIEW("a\0b", 3);
	refused(a, member);
	*text = was;
}

static void
texts_have_limits_and_are_utf8(void **state)
{
	struct asked a = full();

	(void)state;
	text_limit(&a, &a.caller, ASKED_TEXT, "caller");
	text_limit(&a, &a.idempotency_key, ASKED_TEXT, "idempotency_key");
	text_limit(&a, &a.programme, ASKED_TEXT, "programme");
	text_limit(&a, &a.reason, ASKED_TEXT, "reason");
	text_limit(&a, &a.holder.number, ASKED_TEXT, "holder.number");
	text_limit(&a, &a.holder.residence, ASKED_TEXT, "holder.residence");
	text_limit(&a, &a.holder.card_status, ASKED_TEXT,
	    "holder.card.status");
	text_limit(&a, &a.evidence.qr_token, ASKED_QR_TOKEN,
	    "evidence.qr_token");
	text_limit(&a, &a.evidence.centre, ASKED_TEXT, "evidence.centre");
	text_limit(&a, &a.device_id, ASKED_TEXT, "device.id");
	text_limit(&a, &a.proofs[1].nonce, ASKED_TEXT, "device.proofs");
	text_limit(&a, &a.proofs[0].audience, ASKED_TEXT, "device.proofs");
	text_limit(&a, &a.formats[1], ASKED_TEXT, "formats");
	a.caller = VIEW("", 0);
	refused(&a, "caller");
	a = full();
	a.programme = VIEW("", 0);
	refused(&a, "programme");
	a = full();
	a.device_id = VIEW("", 0);
	refused(&a, "device.id");
	a = full();
	a.formats[0] = VIEW("", 0);
	refused(&a, "formats");
}

static void
blobs_have_limits(void **state)
{
	struct asked a = full();
	struct view *blobs[] = { &a.evidence.certificate,
	    &a.evidence.challenge, &a.evidence.signature };

	(void)state;
	for (size_t i = 0; i < COUNT(blobs); i++) {
		*blobs[i] = VIEW(long_blob, ASKED_BLOB);
		accepted(&a);
		*blobs[i] = VIEW(long_blob, ASKED_BLOB + 1);
		refused(&a, "evidence.");
		*blobs[i] = VIEW("", 0);
	}
}

static void
enumerations_have_ends(void **state)
{
	struct asked a = full();

	(void)state;
	a.operation = 0;
	refused(&a, "operation");
	a.operation = OPERATION_STATUS_CHANGE + 1;
	refused(&a, "operation");
	a = full();
	a.purpose = 0;
	refused(&a, "purpose");
	a.purpose = PURPOSE_REFRESH + 1;
	refused(&a, "purpose");
	a.operation = OPERATION_STATUS_CHANGE;
	a.purpose = 0;
	refused(&a, "action");
	a.action = ACTION_REVOKE + 1;
	refused(&a, "action");
	a.action = ACTION_REVOKE;
	accepted(&a);
	a = full();
	a.evidence.kind = EVIDENCE_IC_CARD + 1;
	refused(&a, "evidence.kind");
}

static void
days_are_real(void **state)
{
	struct asked a = full();

	(void)state;
	a.holder.birth_date = (struct date){ 2001, 2, 29 };
	refused(&a, "holder.birth_date");
	a.holder.birth_date = (struct date){ 0, 1, 1 };
	refused(&a, "holder.birth_date");
	a.holder.birth_date = (struct date){ 9999, 12, 31 };
	accepted(&a);
	a.holder.birth_date = (struct date){ 10000, 1, 1 };
	refused(&a, "holder.birth_date");
	a = full();
	a.holder.card_issued_on.month = 13;
	refused(&a, "holder.card.issued_on");
}

static void
proofs_and_formats_are_counted(void **state)
{
	struct asked a = full();
	AUTO_DONE(bytes) frame = { 0 };

	(void)state;
	for (size_t i = 0; i < ASKED_PROOFS; i++)
		a.proofs[i] = a.proofs[0];
	a.proof_count = ASKED_PROOFS;
	accepted(&a);
	a.proof_count = ASKED_PROOFS + 1;
	request_encode(&a, &frame);
	assert_int_equal(bytes_check(&frame), ERR_TOO_LARGE);
	a.proof_count = 0;
	accepted(&a);
	a.proof_count = 1;
	a.proofs[0].point[0] = 2;
	refused(&a, "device.proofs");
	a = full();
	a.formats[1] = a.formats[0];
	refused(&a, "formats");
	a.format_count = 0;
	accepted(&a);
	a.format_count = ASKED_FORMATS + 1;
	bytes_reset(&frame);
	request_encode(&a, &frame);
	assert_int_equal(bytes_check(&frame), ERR_TOO_LARGE);
}

static void
what_is_not_there_takes_no_room(void **state)
{
	struct asked a = {
		.operation = OPERATION_QR_TOKEN,
		.caller = view_text("c"),
		.programme = view_text("p"),
		.purpose = PURPOSE_FIRST_ISSUE,
		.holder.birth_date = { 2001, 2, 3 },
	};
	AUTO(request) r = NULL;

	(void)state;
	assert_int_equal(round_trip(&a, &r), ERR_OK);
	assert_false(request_asked(r)->has_device);
	assert_false(request_asked(r)->holder.has_card);
	assert_int_equal(request_asked(r)->claims.kind, VALUE_NONE);
}

static void
claims_are_a_map(void **state)
{
	struct asked a = full();

	(void)state;
	a.claims = (struct value){ .kind = VALUE_STRING,
	    .text = view_text("x") };
	refused(&a, "claims");
	a.claims = (struct value){ .kind = VALUE_LIST };
	refused(&a, "claims");
	a.claims = (struct value){ .kind = VALUE_MAP };
	accepted(&a);
}

static void
a_frame_ends_at_one_mebibyte(void **state)
{
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;
	uint8_t *room = bytes_grow(&frame, (1 << 20) + 1);

	(void)state;
	assert_non_null(room);
	memset(room, 0, (1 << 20) + 1);
	assert_int_equal(request_decode(VIEW(frame.at, 1 << 20), &r),
	    ERR_SYNTAX);
	assert_int_equal(request_decode(bytes_view(&frame), &r),
	    ERR_TOO_LARGE);
}

static void
names_read_back(void **state)
{
	enum operation o = 0;
	enum purpose p = 0;
	enum evidence_kind k = 0;

	(void)state;
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(operation_of(view_text(operation_name(
		    (enum operation)i)), &o), ERR_OK);
		assert_int_equal(o, i);
		assert_int_equal(purpose_of(view_text(purpose_name(
		    (enum purpose)i)), &p), ERR_OK);
		assert_int_equal(p, i);
		assert_int_equal(evidence_of(view_text(evidence_name(
		    (enum evidence_kind)(i - 1))), &k), ERR_OK);
		assert_int_equal(k, i - 1);
	}
	assert_int_equal(operation_of(view_text("none"), &o), ERR_RANGE);
	assert_int_equal(purpose_of(view_text(""), &p), ERR_RANGE);
	assert_int_equal(evidence_of(view_text("chip"), &k), ERR_RANGE);
}

static int
fill(void **state)
{
	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_comes_back_as_it_was),
		cmocka_unit_test(pictures_and_dry_runs_are_the_same_request),
		cmocka_unit_test(no_frame_ends_early_or_late),
		cmocka_unit_test(each_request_has_one_frame),
		cmocka_unit_test(texts_have_limits_and_are_utf8),
		cmocka_unit_test(blobs_have_limits),
		cmocka_unit_test(enumerations_have_ends),
		cmocka_unit_test(days_are_real),
		cmocka_unit_test(proofs_and_formats_are_counted),
		cmocka_unit_test(what_is_not_there_takes_no_room),
		cmocka_unit_test(claims_are_a_map),
		cmocka_unit_test(a_frame_ends_at_one_mebibyte),
		cmocka_unit_test(names_read_back),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
