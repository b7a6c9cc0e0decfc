/*
 * Values as bytes: how the PostgreSQL engine keeps parameters and rows while
 * they wait. Written and read by this program alone. Next: postgres.c.
 */
#include "signer/notary/postgres.h"

void
datum_put(struct bytes *b, struct datum d)
{
	bytes_put_u8(b, (uint8_t)d.type);
	if (d.type == DATUM_INT)
		bytes_put_u64(b, (uint64_t)d.number);
	if (d.type == DATUM_BLOB || d.type == DATUM_TEXT)
		bytes_put_block(b, d.bytes);
}

struct datum
datum_get(struct reader *r)
{
	struct datum d = { .type = (enum datum_type)reader_u8(r) };

	if (d.type == DATUM_INT)
		d.number = (int64_t)reader_u64(r);
	if (d.type == DATUM_BLOB || d.type == DATUM_TEXT)
		d.bytes = reader_block(r, BYTES_MAX);
	return d;
}

void
datum_put_int(struct bytes *b, int64_t v)
{
	datum_put(b, (struct datum){ .type = DATUM_INT, .number = v });
}

void
datum_put_text(struct bytes *b, const char *text)
{
	datum_put(b, (struct datum){ .type = DATUM_TEXT,
	    .bytes = view_text(text) });
}
