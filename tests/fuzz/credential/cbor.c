/* What the strict reader accepts is written again as the same bytes. */
#include <stdlib.h>

#include "credential/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
copy(struct cbor_reader *r, struct bytes *b)
{
	unsigned int major = r->rest.len != 0 ? r->rest.at[0] >> 5 : 0;
	uint64_t n = 0;

	if (major == 0)
		cbor_put_uint(b, cbor_read_uint(r));
	if (major == 1)
		cbor_put_int(b, cbor_read_int(r));
	if (major == 2)
		cbor_put_bytes(b, cbor_read_bytes(r, SIZE_MAX));
	if (major == 3)
		cbor_put_text(b, cbor_read_text(r, SIZE_MAX));
	if (major == 4)
		cbor_put_array(b, n = cbor_enter_array(r));
	if (major == 5)
		cbor_put_map(b, n = cbor_enter_map(r));
	if (major == 6)
		cbor_put_tag(b, cbor_read_tag(r));
	if (major == 7)
		cbor_fail(r, "not in the subset");
	for (uint64_t i = 0; i < (major == 5 ? 2 * n : n); i++)
		copy(r, b);
	if (major == 4 || major == 5)
		cbor_leave(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cbor_reader r = cbor_reader_of(VIEW(data, size));
	AUTO_DONE(bytes) again = { 0 };

	while (r.rest.len != 0)
		copy(&r, &again);
	if (cbor_end(&r, "fuzz") == ERR_OK &&
	    !view_equal(bytes_view(&again), VIEW(data, size)))
		abort();
	return 0;
}
