/*
 * Growing buffers and bounded readers. Sizes come from the caller's own data
 * or have been bounded by it; nothing here trusts a length it reads.
 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct view
view_text(const char *text)
{
	return VIEW(text, strlen(text));
}

bool
view_equal(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool
view_is(struct view v, const char *text)
{
	return view_equal(v, view_text(text));
}

bool
view_starts(struct view v, const char *prefix)
{
	size_t n = strlen(prefix);

	return v.len >= n && view_is(VIEW(v.at, n), prefix);
}

int
view_compare(struct view a, struct view b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common != 0 ? memcmp(a.at, b.at, common) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

void
bytes_done(struct bytes *b)
{
	mem_free(b->at);
	*b = (struct bytes){ .max = b->max };
}

void
bytes_reset(struct bytes *b)
{
	b->len = 0;
	b->failed = false;
}

struct view
bytes_view(const struct bytes *b)
{
	return VIEW(b->at, b->len);
}

enum err
bytes_check(const struct bytes *b)
{
	size_t max = b->max != 0 ? b->max : BYTES_MAX;

	if (!b->failed)
		return ERR_OK;
	return err_because(ERR_TOO_LARGE,
	    "a buffer of at most %zu bytes is full, or memory is", max);
}

static bool
reserve(struct bytes *b, size_t n)
{
	size_t max = b->max != 0 ? b->max : BYTES_MAX;
	size_t cap = b->cap != 0 ? b->cap : 256;
	uint8_t *fresh;

	if (b->failed || n > max || b->len > max - n)
		return false;
	if (b->at != NULL && b->len + n <= b->cap)
		return true;
	while (cap < b->len + n)
		cap *= 2;
	if ((fresh = mem_resize(b->at, cap, 1)) == NULL)
		return false;
	b->at = fresh;
	b->cap = cap;
	return true;
}

uint8_t *
bytes_grow(struct bytes *b, size_t n)
{
	if (!reserve(b, n)) {
		b->failed = true;
		return NULL;
	}
	b->len += n;
	return b->at + b->len - n;
}

const char *
bytes_text(struct bytes *b)
{
	/* one byte of room behind the content, not part of it */
	if (!reserve(b, 1))
		return "";
	b->at[b->len] = '\0';
	return (const char *)b->at;
}

void
bytes_put(struct bytes *b, struct view v)
{
	uint8_t *to = bytes_grow(b, v.len);

	if (to != NULL && v.len != 0)
		memcpy(to, v.at, v.len);
}

void
bytes_put_text(struct bytes *b, const char *text)
{
	bytes_put(b, view_text(text));
}

static void
put_int(struct bytes *b, uint64_t v, size_t width)
{
	uint8_t *to = bytes_grow(b, width);

	for (size_t i = 0; to != NULL && i < width; i++)
		to[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
}

void
bytes_put_u8(struct bytes *b, uint8_t v)
{
	uint8_t *to = bytes_grow(b, 1);

	if (to != NULL)
		*to = v;
}

void
bytes_put_u16(struct bytes *b, uint16_t v)
{
	put_int(b, v, 2);
}

void
bytes_put_u32(struct bytes *b, uint32_t v)
{
	put_int(b, v, 4);
}

void
bytes_put_u64(struct bytes *b, uint64_t v)
{
	put_int(b, v, 8);
}

void
bytes_put_block(struct bytes *b, struct view v)
{
	if (v.len > UINT32_MAX)
		b->failed = true;
	bytes_put_u32(b, (uint32_t)v.len);
	bytes_put(b, v);
}

void
bytes_put_decimal(struct bytes *b, int64_t v)
{
	uint64_t rest = v < 0 ? -(uint64_t)v : (uint64_t)v;
	uint8_t digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (uint8_t)('0' + rest % 10);
	} while ((rest /= 10) != 0);
	if (v < 0)
		digits[--i] = '-';
	bytes_put(b, VIEW(digits + i, sizeof(digits) - i));
}

void
bytes_printf(struct bytes *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n + 1)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf((char *)b->at + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

struct reader
reader_of(struct view v)
{
	return (struct reader){ .rest = v };
}

struct view
reader_take(struct reader *r, size_t n)
{
	struct view taken = VIEW(r->rest.at, n);

	if (r->failed || n > r->rest.len) {
		r->failed = true;
		return VIEW(NULL, 0);
	}
	r->rest = VIEW(r->rest.at + n, r->rest.len - n);
	return taken;
}

void
reader_text(struct reader *r, const char *text)
{
	if (!view_is(reader_take(r, strlen(text)), text))
		r->failed = true;
}

struct view
reader_until(struct reader *r, uint8_t stop)
{
	size_t n = 0;
	struct view before;

	while (n < r->rest.len && r->rest.at[n] != stop)
		n++;
	before = reader_take(r, n);
	reader_take(r, 1);
	return r->failed ? VIEW(NULL, 0) : before;
}

uint64_t
reader_decimal(struct reader *r, uint64_t max)
{
	const uint8_t *at = r->rest.at;
	uint64_t value = 0;
	size_t n = 0;

	for (; n < r->rest.len && at[n] >= '0' && at[n] <= '9' &&
	    !r->failed; n++) {
		uint64_t digit = (uint64_t)(at[n] - '0');

		if (digit > max || value > (max - digit) / 10)
			r->failed = true;
		value = value * 10 + digit;
	}
	if (n == 0 || (n > 1 && at[0] == '0'))
		r->failed = true;
	reader_take(r, n);
	return r->failed ? 0 : value;
}

static uint64_t
take_int(struct reader *r, size_t width)
{
	struct view v = reader_take(r, width);
	uint64_t value = 0;

	for (size_t i = 0; i < v.len; i++)
		value = value << 8 | v.at[i];
	return value;
}

uint8_t
reader_u8(struct reader *r)
{
	return (uint8_t)take_int(r, 1);
}

uint16_t
reader_u16(struct reader *r)
{
	return (uint16_t)take_int(r, 2);
}

uint32_t
reader_u32(struct reader *r)
{
	return (uint32_t)take_int(r, 4);
}

uint64_t
reader_u64(struct reader *r)
{
	return take_int(r, 8);
}

struct view
reader_block(struct reader *r, size_t max)
{
	size_t n = reader_u32(r);

	if (n > max)
		r->failed = true;
	return reader_take(r, n);
}

enum err
reader_end(const struct reader *r, const char *what)
{
	if (r->failed)
		return err_because(ERR_SYNTAX,
		    "%s: ends early, or a length in it is over its limit",
		    what);
	if (r->rest.len != 0)
		return err_because(ERR_SYNTAX,
		    "%s: %zu bytes after its end", what, r->rest.len);
	return ERR_OK;
}
