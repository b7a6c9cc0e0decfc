/*
 * Bytes: a view of somebody else's, a growing buffer of one's own, a reader.
 *
 * Writers and readers remember their first failure (failed), so an encoder
 * reads like the schema of what it writes and is checked once, at its end:
 * bytes_check() / reader_end(). Integers are big-endian.
 */
#ifndef OKSE_BASE_BYTES_H
#define OKSE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

struct view {
	const uint8_t	*at;
	size_t		 len;
};

#define VIEW(ptr, length)                                                     \
	((struct view){ .at = (const uint8_t *)(ptr), .len = (length) })
#define VIEW_OF(array) VIEW((array), sizeof(array))

struct view view_text(const char *text);	/* without the final NUL */
bool view_equal(struct view a, struct view b);	/* not for secrets */
bool view_is(struct view v, const char *text);
bool view_starts(struct view v, const char *prefix);
/* <0, 0, >0: byte by byte, then the shorter first; not for secrets. */
int view_compare(struct view a, struct view b);

/* at == NULL and all zero is an empty buffer; max == 0 means BYTES_MAX. */
struct bytes {
	uint8_t	*at;
	size_t	 len;
	size_t	 cap;
	size_t	 max;
	bool	 failed;
};

#define BYTES_MAX ((size_t)64 << 20)

void bytes_done(struct bytes *b);	/* wipes, releases, leaves it empty */
void bytes_reset(struct bytes *b);	/* empty and unfailed, memory kept */
struct view bytes_view(const struct bytes *b);
/* ERR_TOO_LARGE or ERR_MEMORY when anything put so far was lost. */
[[nodiscard]] enum err bytes_check(const struct bytes *b);
/* The content as a NUL-terminated string (not counted in len); "" on failure */
const char *bytes_text(struct bytes *b);

void bytes_put(struct bytes *b, struct view v);
void bytes_put_text(struct bytes *b, const char *text);
void bytes_put_u8(struct bytes *b, uint8_t v);
void bytes_put_u16(struct bytes *b, uint16_t v);
void bytes_put_u32(struct bytes *b, uint32_t v);
void bytes_put_u64(struct bytes *b, uint64_t v);
void bytes_put_block(struct bytes *b, struct view v);	/* u32 length, bytes */
void bytes_put_decimal(struct bytes *b, int64_t v);
void bytes_printf(struct bytes *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for n more bytes, counted as written, or NULL (and failed). */
uint8_t *bytes_grow(struct bytes *b, size_t n);

struct reader {
	struct view	rest;
	bool		failed;
};

struct reader reader_of(struct view v);
uint8_t reader_u8(struct reader *r);	/* 0 once failed, likewise below */
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
struct view reader_take(struct reader *r, size_t n);
void reader_text(struct reader *r, const char *text);	/* exactly this */
/* What stands before the next stop byte, which is taken too. */
struct view reader_until(struct reader *r, uint8_t stop);
/* Decimal digits without leading zeros; more than max fails. */
uint64_t reader_decimal(struct reader *r, uint64_t max);
/* u32 length and bytes; a length over max fails. */
struct view reader_block(struct reader *r, size_t max);
/* ERR_SYNTAX naming what, unless all was read and nothing failed. */
[[nodiscard]] enum err reader_end(const struct reader *r, const char *what);

/* Text encodings, strict both ways: no padding bits, no white space. */
void hex_put(struct bytes *b, struct view v);		/* lower case */
void base64_put(struct bytes *b, struct view v);	/* RFC 4648 4 */
void base64url_put(struct bytes *b, struct view v);	/* RFC 4648 5, no = */
[[nodiscard]] enum err hex_get(struct view text, struct bytes *out);
[[nodiscard]] enum err base64_get(struct view text, struct bytes *out);
[[nodiscard]] enum err base64url_get(struct view text, struct bytes *out);

/* Well-formed UTF-8 (no surrogates, no overlong forms, no NUL). */
bool utf8_valid(struct view v);
/* Bytes of the well-formed sequence that v begins with, 0: none; v: 1 … */
size_t utf8_step(struct view v);

#endif
