/*
 * Any text as a transcript. Since no fuzzer finds a SHA-256, the text is also
 * taken as bare records that are then chained rightly.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
verify(struct view text)
{
	static const char *const keys[] = { "mode", "path", "seat" };
	struct records r = { 0 };

	if (transcript_verify(text, "rehearsal", &r) != ERR_OK)
		return;
	for (size_t i = 0; i < r.count; i++)
		for (size_t k = 0; k < COUNT(keys); k++) {
			AUTO_DONE(bytes) value = { 0 };
			enum err e = record_get(&r.at[i], keys[k], &value);

			if (e != ERR_OK && e != ERR_NOT_FOUND)
				abort();
		}
	records_done(&r);
}

static void
chain(struct view text, struct bytes *out)
{
	struct hash previous = { 0 };

	while (text.len != 0) {
		const uint8_t *end = memchr(text.at, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.at) : text.len;
		size_t start = out->len;

		bytes_put(out, VIEW(text.at, len));
		bytes_put_u8(out, '|');
		hex_put(out, VIEW_OF(previous.at));
		previous = record_hash("rehearsal",
		    VIEW(out->at + start, out->len - start));
		bytes_put_u8(out, '|');
		hex_put(out, VIEW_OF(previous.at));
		bytes_put_u8(out, '\n');
		text = end != NULL ? VIEW(end + 1, text.len - len - 1) :
		    VIEW(NULL, 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(bytes) chained = { 0 };

	if (crypto_init() != ERR_OK)
		abort();
	verify(VIEW(data, size));
	chain(VIEW(data, size), &chained);
	verify(bytes_view(&chained));
	return 0;
}
