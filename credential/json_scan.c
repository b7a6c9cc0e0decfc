/*
 * The tokens of canonical JSON. What is walked through may be hostile: it
 * comes from another process. Used by opendid_format.c.
 */
#include "credential/json_scan.h"

#include <string.h>

static void
take(struct json_scan *s, size_t n)
{
	s->rest = VIEW(s->rest.at + n, s->rest.len - n);
}

bool
scan_try(struct json_scan *s, const char *literal)
{
	if (s->failed || !view_starts(s->rest, literal))
		return false;
	take(s, strlen(literal));
	return true;
}

void
scan_want(struct json_scan *s, const char *literal)
{
	if (!scan_try(s, literal))
		s->failed = true;
}

/* Length of an escape, by the character after the backslash; 0: none. */
static size_t
escape(struct view v)
{
	static const char hex[] = "0123456789abcdefABCDEF";

	if (v.len < 2 || v.at[1] == '\0' ||
	    strchr("\"\\/bfnrtu", v.at[1]) == NULL)
		return 0;
	if (v.at[1] != 'u')
		return 2;
	for (size_t i = 2; i < 6; i++)
		if (i >= v.len || v.at[i] == '\0' ||
		    strchr(hex, v.at[i]) == NULL)
			return 0;
	return 6;
}

struct view
scan_string(struct json_scan *s)
{
	struct view all = s->rest;
	size_t i = 1;

	if (s->failed || all.len == 0 || all.at[0] != '"')
		s->failed = true;
	while (!s->failed && i < all.len && all.at[i] != '"') {
		size_t n = all.at[i] != '\\' ? 1 :
		    escape(VIEW(all.at + i, all.len - i));

		if (n == 0 || all.at[i] < 0x20)
			s->failed = true;
		i += n;
	}
	if (s->failed || i >= all.len || !utf8_valid(VIEW(all.at, i + 1))) {
		s->failed = true;
		return VIEW(NULL, 0);
	}
	take(s, i + 1);
	return VIEW(all.at, i + 1);
}
