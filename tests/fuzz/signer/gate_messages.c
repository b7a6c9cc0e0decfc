/*
 * Messages that the gate joins into answers. The input is a row of u8 kind,
 * u8 id, u16 length, body; whatever comes, each request is answered once.
 */
#include <stdlib.h>

#include "signer/gate/pending.h"

#define REQUESTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int answers;

static void
take(void *context, struct origin to, struct reply *r)
{
	(void)context;
	(void)to;
	answers++;
	reply_done(r);
}

static void
say(struct pending *p, uint8_t kind, uint64_t id, struct view body)
{
	switch (kind % 6) {
	case 0:
		(void)pending_answer(p, id, body);
		break;
	case 1:
		(void)pending_granted(p, id, body);
		break;
	case 2:
		(void)pending_failed(p, id, body);
		break;
	case 3:
		(void)pending_signature(p, id, body);
		break;
	case 4:
		(void)pending_draft(p, id, body);
		break;
	default:
		(void)pending_admin(p, id, body);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum pending_kind kinds[REQUESTS] = { PENDING_QR_TOKEN,
	    PENDING_CREDENTIAL, PENDING_DECISION, PENDING_ADMIN };
	static struct asked asked = { .proof_count = 2, .pictures = true };
	AUTO(pending) p = NULL;
	struct reader r = reader_of(VIEW(data, size));

	if (crypto_init() != ERR_OK ||
	    pending_new(REQUESTS, take, NULL, &p) != ERR_OK)
		abort();
	answers = 0;
	for (uint64_t i = 0; i < REQUESTS; i++) {
		struct call call = { .id = i, .deadline = 1 };

		if (pending_add(p, &call, kinds[i], &asked) != ERR_OK)
			abort();
	}
	while (!r.failed && r.rest.len != 0) {
		uint8_t kind = reader_u8(&r);
		uint8_t id = reader_u8(&r);
		struct view body = reader_take(&r, reader_u16(&r));

		if (!r.failed)
			say(p, kind, id % (REQUESTS + 1), body);
	}
	pending_sweep(p, 1);
	if (answers != REQUESTS || pending_count(p) != 0)
		abort();
	return 0;
}
