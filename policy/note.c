/*
 * Cheap formatting: every decision reports every rule, so that snprintf()
 * would cost more than the rules do. Text of requests is UTF-8 (the decoder
 * checked it) and stays so when cut.
 */
#include "policy/note.h"

#include <string.h>

#include "policy/calendar.h"

static void
put(struct note *n, const char *at, size_t len, size_t max)
{
	size_t room, limit;

	if (n == NULL)
		return;
	room = sizeof(n->at) - 1 - n->len;
	limit = room < max ? room : max;
	if (len > limit) {
		for (len = limit; len > 0 &&
		    ((uint8_t)at[len] & 0xc0) == 0x80;)
			len--;
	}
	if (len != 0)
		memcpy(n->at + n->len, at, len);
	n->len += len;
}

void
note_text(struct note *n, const char *text)
{
	put(n, text, strlen(text), NOTE_SIZE);
}

void
note_view(struct note *n, struct view utf8)
{
	put(n, (const char *)utf8.at, utf8.len, 40);
}

/* The last digits of v, at least width of them. */
static void
put_digits(struct note *n, uint64_t v, size_t width)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0 || sizeof(digits) - i < width);
	put(n, digits + i, sizeof(digits) - i, NOTE_SIZE);
}

void
note_int(struct note *n, int64_t v)
{
	if (v < 0)
		note_text(n, "-");
	put_digits(n, v < 0 ? -(uint64_t)v : (uint64_t)v, 1);
}

void
note_date(struct note *n, struct date d)
{
	put_digits(n, (uint64_t)d.year, 4);
	note_text(n, "-");
	put_digits(n, (uint64_t)d.month, 2);
	note_text(n, "-");
	put_digits(n, (uint64_t)d.day, 2);
}

void
note_time(struct note *n, int64_t instant)
{
	struct date d;
	uint64_t second;

	if (n == NULL)
		return;
	if (!calendar_sound(instant)) {
		note_text(n, "no time");
		return;
	}
	d = date_at(instant, SEOUL);
	second = (uint64_t)(instant - date_begins(d, SEOUL));
	note_date(n, d);
	note_text(n, "T");
	put_digits(n, second / 3600, 2);
	note_text(n, ":");
	put_digits(n, second / 60 % 60, 2);
	note_text(n, ":");
	put_digits(n, second % 60, 2);
	note_text(n, "+09:00");
}
