/*
 * The HTTP parser: what it makes of bytes does not depend on the pieces they
 * come in. The first byte says how large those are.
 */
#include <stdlib.h>

#include "base/crypto.h"
#include "signer/gate/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A digest of every step: what was read, where it ended. */
static struct hash
read_all(struct view in, size_t piece)
{
	AUTO_DONE(http) h;
	AUTO_DONE(bytes) seen = { 0 };
	size_t at = 0;

	http_init(&h);
	for (;;) {
		size_t n = in.len - at < piece ? in.len - at : piece, used;
		enum http_step step = http_feed(&h, VIEW(in.at + at, n),
		    &used);

		if (used > n || (step == HTTP_MORE && used != n))
			abort();
		at += used;
		if (step == HTTP_MORE && at == in.len)
			break;
		if (step == HTTP_FAULT) {
			if (h.rule == NULL || h.status < 400)
				abort();
			bytes_printf(&seen, "fault %d %s", h.status, h.rule);
			break;
		}
		if (step != HTTP_WHOLE)
			continue;
		bytes_put_u64(&seen, at);
		bytes_put_u8(&seen, (uint8_t)h.method);
		bytes_put_u8(&seen, h.keep_alive);
		bytes_put_block(&seen, http_target(&h));
		for (int f = 0; f < HTTP_KEPT; f++)
			bytes_put_block(&seen, http_value(&h,
			    (enum http_field)f));
		bytes_put_block(&seen, bytes_view(&h.body));
		http_next(&h);
	}
	return sha256(bytes_view(&seen));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct hash whole, pieces;

	if (!ready && crypto_init() != ERR_OK)
		abort();
	ready = true;
	if (size == 0)
		return 0;
	whole = read_all(VIEW(data + 1, size - 1), SIZE_MAX);
	pieces = read_all(VIEW(data + 1, size - 1), 1 + (size_t)data[0] % 32);
	if (!view_equal(VIEW_OF(whole.at), VIEW_OF(pieces.at)))
		abort();
	return 0;
}
