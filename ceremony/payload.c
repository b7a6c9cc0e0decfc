/*
 * The key=value part of a record: one text for each set of pairs. Values are
 * written by the steps; those read come from a transcript of any origin.
 * Next: transcript.c writes records, chain.c reads them.
 */
#include "ceremony/payload.h"

#include <stdio.h>
#include <string.h>

static bool
is_plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && strchr("%|=", c) == NULL;
}

static bool
key_fits(struct view key)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < key.len; i++)
		if (memchr(letters, key.at[i], sizeof(letters) - 1) == NULL)
			return false;
	return key.len != 0;
}

static bool
key_before(struct view a, struct view b)
{
	size_t i = 0;

	while (i < a.len && i < b.len && a.at[i] == b.at[i])
		i++;
	return i < b.len && (i == a.len || a.at[i] < b.at[i]);
}

void
payload_done(struct payload *p)
{
	for (size_t i = 0; i < p->count; i++) {
		mem_free(p->pairs[i].key);
		mem_free(p->pairs[i].value);
	}
	*p = (struct payload){ 0 };
}

/* Keeps the pairs in order; an equal key or a full payload is a mistake. */
void
payload_put(struct payload *p, const char *key, const char *value)
{
	AUTO(text) k = mem_text(key);
	AUTO(text) v = mem_text(value);
	size_t at = p->count;

	while (at > 0 && strcmp(p->pairs[at - 1].key, key) > 0)
		at--;
	if (k == NULL || v == NULL || p->count == PAYLOAD_PAIRS ||
	    !key_fits(view_text(key)) ||
	    (at > 0 && strcmp(p->pairs[at - 1].key, key) == 0)) {
		p->failed = true;
		return;
	}
	memmove(&p->pairs[at + 1], &p->pairs[at],
	    (p->count - at) * sizeof(p->pairs[0]));
	p->pairs[at].key = STEAL(k);
	p->pairs[at].value = STEAL(v);
	p->count++;
}

void
payload_put_int(struct payload *p, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%jd", (intmax_t)value);
	payload_put(p, key, text);
}

void
payload_put_hex(struct payload *p, const char *key, struct view value)
{
	AUTO_DONE(bytes) text = { 0 };

	hex_put(&text, value);
	if (text.failed)
		p->failed = true;
	payload_put(p, key, bytes_text(&text));
}

void
payload_encode(const struct payload *p, struct bytes *out)
{
	for (size_t i = 0; i < p->count; i++) {
		if (i != 0)
			bytes_put_u8(out, ' ');
		bytes_put_text(out, p->pairs[i].key);
		bytes_put_u8(out, '=');
		for (const char *c = p->pairs[i].value; *c != '\0'; c++)
			if (is_plain((uint8_t)*c))
				bytes_put_u8(out, (uint8_t)*c);
			else
				bytes_printf(out, "%%%02X", (uint8_t)*c);
	}
	if (p->failed)
		out->failed = true;
}

static int
upper_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False for a byte that is not written as payload_encode() writes it. */
static bool
unescape(struct view escaped, struct bytes *out)
{
	for (size_t i = 0; i < escaped.len; i++) {
		uint8_t c = escaped.at[i];
		int high, low;

		if (is_plain(c)) {
			bytes_put_u8(out, c);
			continue;
		}
		if (c != '%' || escaped.len - i < 3)
			return false;
		high = upper_digit(escaped.at[i + 1]);
		low = upper_digit(escaped.at[i + 2]);
		if (high < 0 || low < 0 || is_plain((uint8_t)(high * 16 + low)))
			return false;
		bytes_put_u8(out, (uint8_t)(high * 16 + low));
		i += 2;
	}
	return !out->failed;
}

/* The next pair of the payload; false when it is not well formed. */
static bool
take_pair(struct view *rest, struct view *key, struct view *value)
{
	const uint8_t *blank = memchr(rest->at, ' ', rest->len);
	size_t len = blank != NULL ? (size_t)(blank - rest->at) : rest->len;
	const uint8_t *equals = memchr(rest->at, '=', len);

	/* a blank promises one pair more */
	if (equals == NULL || len + 1 == rest->len)
		return false;
	*key = VIEW(rest->at, (size_t)(equals - rest->at));
	*value = VIEW(equals + 1, len - key->len - 1);
	*rest = blank != NULL ? VIEW(blank + 1, rest->len - len - 1) :
	    VIEW(rest->at + len, 0);
	return key_fits(*key);
}

bool
payload_check(struct view payload)
{
	struct view last = { 0 }, key, value;

	while (payload.len != 0) {
		AUTO_DONE(bytes) plain = { 0 };

		if (!take_pair(&payload, &key, &value) ||
		    !unescape(value, &plain) ||
		    (last.at != NULL && !key_before(last, key)))
			return false;
		last = key;
	}
	return true;
}

enum err
record_get(const struct record *r, const char *key, struct bytes *out)
{
	struct view rest = r->payload, found, value;

	while (rest.len != 0 && take_pair(&rest, &found, &value))
		if (view_is(found, key))
			return unescape(value, out) ? ERR_OK :
			    err_because(ERR_CORRUPT, "record %ju: %s is not "
			    "well formed", (uintmax_t)r->number, key);
	return err_because(ERR_NOT_FOUND, "record %ju has no %s",
	    (uintmax_t)r->number, key);
}
