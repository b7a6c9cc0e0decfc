/*
 * The JSON writer. Its input is our own structure with other people's text in
 * it, which is escaped or refused here.
 */
#include "base/json.h"

#include <string.h>

struct json
json_start(struct bytes *out)
{
	return (struct json){ .out = out };
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Not 0 if a byte of w is 0, as long as no byte is over 0x7f. */
static uint64_t
zeros(uint64_t w)
{
	return (w - EACH(1)) & ~w & EACH(0x80);
}

static bool
is_plain_word(const uint8_t *at)
{
	uint64_t w;

	memcpy(&w, at, sizeof(w));
	return ((w | (w - EACH(0x20))) & EACH(0x80)) == 0 &&
	    (zeros(w ^ EACH('"')) | zeros(w ^ EACH('\\'))) == 0;
}

/* Eight bytes at a time, as long as none of them stops it. */
size_t
json_plain_run(struct view v)
{
	size_t i = 0;

	while (i + 8 <= v.len && is_plain_word(v.at + i))
		i += 8;
	if (v.len >= 8 && i + 8 > v.len && is_plain_word(v.at + v.len - 8))
		return v.len;
	while (i < v.len && v.at[i] >= 0x20 && v.at[i] < 0x80 &&
	    v.at[i] != '"' && v.at[i] != '\\')
		i++;
	return i;
}

static void
put_plain(struct bytes *b, struct view v)
{
	uint8_t *to = bytes_grow(b, v.len + 2);

	if (to == NULL)
		return;
	to[0] = to[v.len + 1] = '"';
	if (v.len != 0)
		memcpy(to + 1, v.at, v.len);
}

static void
put_quoted(struct json *j, struct view utf8)
{
	struct bytes *b = j->out;
	size_t plain = 0;

	/* most texts, and every name */
	if (json_plain_run(utf8) == utf8.len) {
		put_plain(b, utf8);
		return;
	}
	if (!utf8_valid(utf8))
		j->misused = true;
	bytes_put_u8(b, '"');
	for (size_t i = 0; i < utf8.len; i++) {
		uint8_t c = utf8.at[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		bytes_put(b, VIEW(utf8.at + plain, i - plain));
		plain = i + 1;
		if (c >= 0x20)
			bytes_printf(b, "\\%c", c);
		else
			bytes_printf(b, "\\u%04x", c);
	}
	bytes_put(b, VIEW(utf8.at + plain, utf8.len - plain));
	bytes_put_u8(b, '"');
}

static void
put_name(struct json *j, const char *name)
{
	bool in_object = j->depth > 0 && j->closer[j->depth - 1] == '}';

	if (in_object != (name != NULL))
		j->misused = true;
	if (j->comma)
		bytes_put_u8(j->out, ',');
	if (name != NULL) {
		put_quoted(j, view_text(name));
		bytes_put_u8(j->out, ':');
	}
	j->comma = true;
}

static void
open_level(struct json *j, const char *name, char opener, char closer)
{
	put_name(j, name);
	if (j->depth == JSON_DEPTH) {
		j->misused = true;
		return;
	}
	bytes_put_u8(j->out, (uint8_t)opener);
	j->closer[j->depth++] = closer;
	j->comma = false;
}

void
json_record(struct json *j, const char *name)
{
	open_level(j, name, '{', '}');
}

void
json_items(struct json *j, const char *name)
{
	open_level(j, name, '[', ']');
}

void
json_close(struct json *j)
{
	if (j->depth == 0) {
		j->misused = true;
		return;
	}
	bytes_put_u8(j->out, (uint8_t)j->closer[--j->depth]);
	j->comma = true;
}

void
json_text(struct json *j, const char *name, struct view utf8)
{
	put_name(j, name);
	put_quoted(j, utf8);
}

void
json_c_text(struct json *j, const char *name, const char *text)
{
	json_text(j, name, view_text(text));
}

void
json_int(struct json *j, const char *name, int64_t v)
{
	put_name(j, name);
	bytes_put_decimal(j->out, v);
}

void
json_bool(struct json *j, const char *name, bool v)
{
	put_name(j, name);
	bytes_put_text(j->out, v ? "true" : "false");
}

void
json_none(struct json *j, const char *name)
{
	put_name(j, name);
	bytes_put_text(j->out, "null");
}

static void
put_encoded(struct json *j, const char *name, struct view v,
    void (*encode)(struct bytes *, struct view))
{
	put_name(j, name);
	bytes_put_u8(j->out, '"');
	encode(j->out, v);
	bytes_put_u8(j->out, '"');
}

void
json_hex(struct json *j, const char *name, struct view v)
{
	put_encoded(j, name, v, hex_put);
}

void
json_base64url(struct json *j, const char *name, struct view v)
{
	put_encoded(j, name, v, base64url_put);
}

void
json_base64(struct json *j, const char *name, struct view v)
{
	put_encoded(j, name, v, base64_put);
}

void
json_raw(struct json *j, const char *name, struct view value)
{
	put_name(j, name);
	bytes_put(j->out, value);
}

enum err
json_end(const struct json *j)
{
	if (j->misused || j->depth != 0)
		return err_because(ERR_INTERNAL,
		    "JSON was written out of order, too deep or not in UTF-8");
	return bytes_check(j->out);
}
