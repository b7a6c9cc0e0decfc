/*
 * One YAML scalar to one C value of the type the schema asks for. A scalar is
 * never guessed at: 010, yes, ~ and 0x1F mean something else to every reader
 * of YAML, so they are refused where they could be mistaken.
 * Lists, maps and structs are in yaml_bind.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/yaml_tree.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* What a reader with YAML 1.1 or 1.2 rules would not take for a text. */
static const char *
mistakable(const char *text)
{
	static const char *const words[] = { "true", "false", "yes", "no",
	    "on", "off", "y", "n", "null", "~", ".inf", "-.inf", "+.inf",
	    ".nan" };
	size_t sign = text[0] == '-' || text[0] == '+';

	if (one_of(text, words, COUNT(words)))
		return "a boolean or null";
	if (text[sign] == '.')
		sign++;
	if (is_digit(text[sign]) &&
	    text[strspn(text, "0123456789abcdefABCDEFxXoO_.:+-TtZz ")] == '\0')
		return "a number or date";
	return NULL;
}

enum err
scalar_text(const struct node *n, const char *expected)
{
	const char *other;

	if (n->kind != NODE_SCALAR || n->text[0] == '\0')
		return yaml_unexpected(n, "%s", expected);
	other = n->plain ? mistakable(n->text) : NULL;
	if (other == NULL)
		return ERR_OK;
	return yaml_unexpected(n, "%s (quoted, or it reads as %s)", expected,
	    other);
}

static bool
limited(const struct yaml_type *type)
{
	return type->min != 0 || type->max != 0;
}

static enum err
bind_text(const struct node *n, const struct yaml_type *type,
    const char **out)
{
	size_t len;

	TRY(scalar_text(n, "a text"));
	len = strlen(n->text);
	if (limited(type) && ((int64_t)len < type->min ||
	    (int64_t)len > type->max))
		return yaml_error(n->at, "expected a text of %" PRId64
		    " to %" PRId64 " bytes, got %zu", type->min, type->max,
		    len);
	*out = n->text;
	return ERR_OK;
}

static enum err
bind_view(const struct node *n, const struct yaml_type *type,
    struct view *out)
{
	const char *text;

	TRY(bind_text(n, type, &text));
	*out = view_text(text);
	return ERR_OK;
}

static enum err
bind_name(const struct node *n, const char **out)
{
	static const char expected[] =
	    "a name of a-z, 0-9 and '-' that begins with a letter";

	TRY(scalar_text(n, expected));
	if (n->text[0] < 'a' || n->text[0] > 'z' || strlen(n->text) > 64 ||
	    n->text[strspn(n->text, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return yaml_unexpected(n, "%s", expected);
	*out = n->text;
	return ERR_OK;
}

static enum err
bind_reference(const struct node *n, struct yaml_reference *out)
{
	TRY(scalar_text(n, "a name"));
	out->name = n->text;
	out->at = n->at;
	return ERR_OK;
}

/* -?(0|[1-9][0-9]*) that fits; false otherwise. */
static bool
read_integer(const char *text, int64_t *out)
{
	bool negative = text[0] == '-';
	const char *digits = text + negative;
	int64_t v = 0;

	if (!is_digit(digits[0]) || (digits[0] == '0' && digits[1] != '\0') ||
	    (negative && digits[0] == '0'))
		return false;
	for (const char *p = digits; *p != '\0'; p++) {
		int d = *p - '0';

		if (!is_digit(*p) || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, negative ? -d : d, &v))
			return false;
	}
	*out = v;
	return true;
}

static enum err
bind_integer(const struct node *n, const struct yaml_type *type,
    int64_t *out)
{
	int64_t v;

	if (n->kind != NODE_SCALAR || !n->plain || !read_integer(n->text, &v))
		return yaml_unexpected(n, "a decimal integer");
	if (limited(type) && (v < type->min || v > type->max))
		return yaml_unexpected(n, "an integer from %" PRId64 " to %"
		    PRId64, type->min, type->max);
	*out = v;
	return ERR_OK;
}

static enum err
bind_boolean(const struct node *n, bool *out)
{
	bool yes = n->kind == NODE_SCALAR && strcmp(n->text, "true") == 0;
	bool no = n->kind == NODE_SCALAR && strcmp(n->text, "false") == 0;

	if ((!yes && !no) || !n->plain)
		return yaml_unexpected(n, "true or false");
	*out = yes;
	return ERR_OK;
}

static enum err
bind_date(const struct node *n, struct date *out)
{
	if (n->kind != NODE_SCALAR ||
	    date_get(view_text(n->text), out) != ERR_OK)
		return yaml_unexpected(n, "a date (YYYY-MM-DD)");
	return ERR_OK;
}

static enum err
bind_instant(const struct node *n, int64_t *out)
{
	if (n->kind != NODE_SCALAR ||
	    instant_get(view_text(n->text), out) != ERR_OK)
		return yaml_unexpected(n,
		    "a time (RFC 3339, 2024-12-27T00:00:00+09:00)");
	return ERR_OK;
}

/*
 * ISO 8601 durations: P, then numbers of at most six digits each with a unit,
 * units in order and once; T before those of the day. Weeks and fractions
 * are left out.
 */
struct duration {
	int	years, months, days, hours, minutes, seconds;
};

/* Takes "12X" of *text when X is the unit; 0 when that is not next. */
static int
take_unit(const char **text, char unit)
{
	const char *p = *text;
	int v = 0;

	for (; is_digit(*p) && p - *text < 6; p++)
		v = v * 10 + (*p - '0');
	if (p == *text || *p != unit || (**text == '0' && p - *text > 1))
		return 0;
	*text = p + 1;
	return v;
}

static bool
read_duration(const char *text, struct duration *out)
{
	const char *p = text;
	const char *start;

	if (*p++ != 'P' || *p == '\0')
		return false;
	out->years = take_unit(&p, 'Y');
	out->months = take_unit(&p, 'M');
	out->days = take_unit(&p, 'D');
	if (*p != 'T')
		return *p == '\0';
	start = ++p;
	out->hours = take_unit(&p, 'H');
	out->minutes = take_unit(&p, 'M');
	out->seconds = take_unit(&p, 'S');
	return *p == '\0' && p != start;
}

static enum err
bind_seconds(const struct node *n, const struct yaml_type *type,
    int64_t *out)
{
	struct duration d = { 0 };
	int64_t v;

	if (n->kind != NODE_SCALAR || !read_duration(n->text, &d) ||
	    d.years != 0 || d.months != 0)
		return yaml_unexpected(n,
		    "a duration without years or months (P30D, PT180S)");
	v = d.days * DAY + d.hours * INT64_C(3600) +
	    d.minutes * INT64_C(60) + d.seconds;
	if (limited(type) && (v < type->min || v > type->max))
		return yaml_unexpected(n, "a duration of %" PRId64 " to %"
		    PRId64 " seconds", type->min, type->max);
	*out = v;
	return ERR_OK;
}

static enum err
bind_period(const struct node *n, struct yaml_period *out)
{
	struct duration d = { 0 };

	if (n->kind != NODE_SCALAR || !read_duration(n->text, &d) ||
	    d.hours != 0 || d.minutes != 0 || d.seconds != 0 ||
	    d.years > 1000 || d.months > 12000 || d.days > 366000 ||
	    strchr(n->text, 'T') != NULL)
		return yaml_unexpected(n,
		    "a period of the calendar (P3Y, P1Y6M, P90D)");
	*out = (struct yaml_period){ d.years, d.months, d.days };
	return ERR_OK;
}

static enum err
unknown_choice(const struct node *n, const struct yaml_choice *choices)
{
	char names[160], words[64];
	struct nearest near = { 0 };
	size_t used = 0;

	for (const struct yaml_choice *c = choices; c->name != NULL; c++) {
		nearest_offer(&near, n->text, c->name);
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used,
			    sizeof(names) - used, "%s%s",
			    used != 0 ? ", " : "", c->name);
	}
	return yaml_error(n->at, "expected one of %s, got \"%.40s\"%s", names,
	    n->text, nearest_words(&near, words, sizeof(words)));
}

enum err
scalar_choice(const struct node *n, const struct yaml_choice *choices,
    int *out_value)
{
	TRY(scalar_text(n, "a name"));
	for (const struct yaml_choice *c = choices; c->name != NULL; c++) {
		if (strcmp(c->name, n->text) == 0) {
			*out_value = c->value;
			return ERR_OK;
		}
	}
	return unknown_choice(n, choices);
}

enum err
scalar_bind(const struct node *n, const struct yaml_type *type, void *out)
{
	switch (type->shape) {
	case YAML_TEXT:
		return bind_text(n, type, out);
	case YAML_VIEW:
		return bind_view(n, type, out);
	case YAML_NAME:
		return bind_name(n, out);
	case YAML_REFERENCE:
		return bind_reference(n, out);
	case YAML_INTEGER:
		return bind_integer(n, type, out);
	case YAML_BOOLEAN:
		return bind_boolean(n, out);
	case YAML_DATE:
		return bind_date(n, out);
	case YAML_INSTANT:
		return bind_instant(n, out);
	case YAML_SECONDS:
		return bind_seconds(n, type, out);
	case YAML_PERIOD:
		return bind_period(n, out);
	case YAML_CHOICE:
		return scalar_choice(n, type->choices, out);
	default:
		return err_because(ERR_INTERNAL, "not a scalar's type");
	}
}
