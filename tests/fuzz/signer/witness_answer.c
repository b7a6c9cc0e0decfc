/*
 * Any bytes as a witness's HTTP answer, whole and in pieces, which must come
 * out the same; and as the URL of a witness.
 */
#include <stdlib.h>

#include "base/response.h"
#include "signer/courier/target.h"

#define BODY_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum response_step
feed(struct response *r, struct view in, size_t at_once)
{
	enum response_step step = RESPONSE_MORE;

	response_init(r, BODY_MAX);
	for (size_t i = 0; i < in.len && step == RESPONSE_MORE; i += at_once) {
		size_t n = in.len - i < at_once ? in.len - i : at_once;

		step = response_feed(r, VIEW(in.at + i, n));
		/* what is behind a whole answer comes in another piece */
		if (step == RESPONSE_WHOLE && i + n < in.len)
			step = RESPONSE_FAULT;
	}
	return step == RESPONSE_MORE ? response_end(r) : step;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct response whole, pieces;
	struct target t;
	enum response_step a = feed(&whole, VIEW(data, size), size + 1);
	enum response_step b = feed(&pieces, VIEW(data, size), 3);

	if (a != b || whole.body.len > BODY_MAX ||
	    (a == RESPONSE_WHOLE && (whole.status != pieces.status ||
	    !view_equal(bytes_view(&whole.body), bytes_view(&pieces.body)))))
		abort();
	response_done(&whole);
	response_done(&pieces);
	if (target_get(VIEW(data, size), &t) == ERR_OK && t.host[0] == '\0')
		abort();
	return 0;
}
