/*
 * Bodies of requests: whatever is accepted makes a frame that the notary
 * accepts and that says the same. The first byte chooses the reader.
 */
#include <stdlib.h>
#include <string.h>

#include "signer/gate/body.h"
#include "signer/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each member by itself: its texts do not outlive the batch. */
static enum err
decode_batch(struct view json)
{
	AUTO_DONE(body_batch) batch = { 0 };

	TRY(body_decode_batch(json, &batch));
	for (size_t i = 0; i < batch.list.count; i++) {
		AUTO_DONE(body) b = { 0 };
		AUTO_DONE(bytes) frame = { 0 };

		if (body_decode_member(&batch, i, &b) == ERR_OK)
			request_encode(&b.asked, &frame);
	}
	return ERR_UNSUPPORTED;
}

/* What it accepts, the notary reads: a reason, and an index or more. */
static enum err
decode_orphans(struct view json, struct body *b)
{
	AUTO_DONE(bytes) out = { 0 };
	struct reader r;

	if (body_decode_orphans(json, b, &out) != ERR_OK)
		return ERR_UNSUPPORTED;
	r = reader_of(bytes_view(&out));
	(void)reader_block(&r, 64);
	if (r.failed || r.rest.len == 0 || r.rest.len % 8 != 0 ||
	    r.rest.len / 8 > BODY_ORPHANS)
		abort();
	return ERR_UNSUPPORTED;
}

static enum err
decode_device(struct view json, struct body *b)
{
	AUTO_DONE(bytes) out = { 0 };
	struct reader r;

	if (body_decode_device(json, b, &out) != ERR_OK)
		return ERR_UNSUPPORTED;
	r = reader_of(bytes_view(&out));
	(void)reader_block(&r, ASKED_TEXT);
	(void)reader_block(&r, ASKED_TEXT);
	(void)reader_u64(&r);
	if (reader_end(&r, "a device") != ERR_OK)
		abort();
	return ERR_UNSUPPORTED;
}

static enum err
decode(uint8_t how, struct view json, struct body *b)
{
	struct view share;
	uint64_t serial, last;
	bool shadow;

	switch (how % 10) {
	case 0:
		return body_decode(json, OPERATION_QR_TOKEN, b);
	case 1:
		return body_decode(json, OPERATION_CREDENTIAL, b);
	case 2:
		return body_decode(json, OPERATION_STATUS_CHANGE, b);
	case 3:
		return body_decode_decision(json, b);
	case 4:
		return body_decode_case(json, b);
	case 8:
		return decode_orphans(json, b);
	case 9:
		return decode_device(json, b);
	case 5:
		(void)body_decode_share(json, b, &share);
		return ERR_UNSUPPORTED;
	case 6:
		(void)body_decode_policy(json, b, &serial, &shadow);
		body_done(b);
		(void)body_decode_repair(json, b, &serial, &last);
		return ERR_UNSUPPORTED;
	default:
		return decode_batch(json);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	AUTO_DONE(body) b = { 0 };
	AUTO_DONE(bytes) frame = { 0 }, again = { 0 };
	AUTO(request) r = NULL;

	if (!ready) {
		if (crypto_init() != ERR_OK)
			abort();
		ready = true;
	}
	if (size == 0 ||
	    decode(data[0], VIEW(data + 1, size - 1), &b) != ERR_OK)
		return 0;
	if (b.asked.caller.len == 0)
		b.asked.caller = view_text("fuzz");
	request_encode(&b.asked, &frame);
	if (frame.failed || frame.len > MSG_LONG)
		return 0;
	if (request_decode(bytes_view(&frame), &r) != ERR_OK)
		abort();
	request_encode(request_asked(r), &again);
	if (!view_equal(bytes_view(&frame), bytes_view(&again)))
		abort();
	return 0;
}
