/* Records of a ceremony's transcript, for tests of those who read one. */
#ifndef OKSE_TESTS_UNIT_SIGNER_TRANSCRIPT_H
#define OKSE_TESTS_UNIT_SIGNER_TRANSCRIPT_H

#include "base/bytes.h"

/* Appends a record, chained under the mode; its hash stays in *previous. */
static void
put_record(struct bytes *out, const char *mode, unsigned int number,
    const char *type, const char *payload, struct hash *previous)
{
	AUTO_DONE(bytes) body = { 0 }, hashed = { 0 };

	bytes_printf(&body, "%u|2026-11-02T09:00:00Z|0|%s|open|operator|%s|",
	    number, type, payload);
	hex_put(&body, VIEW_OF(previous->at));
	bytes_printf(&hashed, "kc/rec/v1/%s\n", mode);
	bytes_put(&hashed, bytes_view(&body));
	*previous = sha256(bytes_view(&hashed));
	bytes_put(out, bytes_view(&body));
	bytes_put_u8(out, '|');
	hex_put(out, VIEW_OF(previous->at));
	bytes_put_u8(out, '\n');
}

static void
put_file(struct bytes *out, unsigned int number, const char *path,
    struct view content, struct hash *previous)
{
	struct hash h = sha256(content);
	AUTO_DONE(bytes) payload = { 0 };

	bytes_printf(&payload, "length=%zu path=%s sha256=", content.len,
	    path);
	hex_put(&payload, VIEW_OF(h.at));
	put_record(out, "production", number, "FILE", bytes_text(&payload),
	    previous);
}

#endif
