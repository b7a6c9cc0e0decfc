/*
 * What the YAML reader says when something is not as expected: what came, in
 * few words, and the known name that was probably meant. Texts are from the
 * document, already UTF-8 without control characters.
 * Used by yaml_bind.c and yaml_scalar.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/yaml_tree.h"

#define NAME_LONGEST 40

/* At most NAME_LONGEST bytes of a text, cut between characters. */
static int
shown(const char *text)
{
	size_t n = strlen(text);

	if (n <= NAME_LONGEST)
		return (int)n;
	for (n = NAME_LONGEST; ((uint8_t)text[n] & 0xc0) == 0x80;)
		n--;
	return (int)n;
}

static void
describe(const struct node *n, char *out, size_t size)
{
	if (n->kind == NODE_LIST)
		snprintf(out, size, "a list");
	else if (n->kind == NODE_MAP)
		snprintf(out, size, "a map");
	else if (n->text[0] == '\0')
		snprintf(out, size, "%s", n->plain ? "nothing" : "\"\"");
	else
		snprintf(out, size, n->plain ? "%.*s" : "\"%.*s\"",
		    shown(n->text), n->text);
}

enum err
yaml_unexpected(const struct node *n, const char *expected, ...)
{
	char wanted[200], got[64];
	va_list ap;

	va_start(ap, expected);
	vsnprintf(wanted, sizeof(wanted), expected, ap);
	va_end(ap);
	describe(n, got, sizeof(got));
	return yaml_error(n->at, "expected %s, got %s", wanted, got);
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits (insert, delete, replace, swap neighbours) that make a into b. */
static size_t
edits(const char *a, size_t n, const char *b, size_t m)
{
	size_t row[3][NAME_LONGEST + 1];

	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			now[j] = least(last[j] + 1, now[j - 1] + 1,
			    last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				now[j] = least(now[j], now[j],
				    row[(i + 1) % 3][j - 2] + 1);
		}
	}
	return row[n % 3][m];
}

void
nearest_offer(struct nearest *n, const char *wanted, const char *name)
{
	size_t len = strlen(name), came = strlen(wanted), d;

	if (len > NAME_LONGEST || came > NAME_LONGEST)
		return;
	d = edits(wanted, came, name, len);
	if (d <= 3 && d * 2 < len && (n->best == NULL || d < n->distance)) {
		n->best = name;
		n->distance = d;
	}
}

const char *
nearest_words(const struct nearest *n, char *out, size_t size)
{
	if (n->best == NULL)
		return "";
	snprintf(out, size, "; did you mean \"%s\"?", n->best);
	return out;
}
