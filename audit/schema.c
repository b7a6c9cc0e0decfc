/*
 * The strict reader of log entries. They come from published files that
 * anyone may have changed. One pass: because members are sorted, each name is
 * looked for only behind the last one found. (A general JSON reader takes ten
 * times as long and would not notice white space, order or escapes.) Next in
 * the flow: reconcile.c compares entries with each other.
 */
#include "audit/schema.h"

#include <string.h>

#define INTEGER_MAX ((UINT64_C(1) << 53) - 1)	/* RFC 8785: exact in doubles */

struct scan {
	const uint8_t	*at;
	const uint8_t	*end;
	bool		 rule_failed;
};

enum class {
	CLASS_DIGIT = 1,
	CLASS_HEX = 2,
	CLASS_WORD = 4,
	CLASS_NAME = 8,
};

static const uint8_t class_of[256] = {
	['0' ... '9'] = CLASS_DIGIT | CLASS_HEX | CLASS_WORD | CLASS_NAME,
	['a' ... 'f'] = CLASS_HEX | CLASS_WORD | CLASS_NAME,
	['g' ... 'z'] = CLASS_WORD | CLASS_NAME,
	['A' ... 'Z'] = CLASS_NAME,
	['.'] = CLASS_WORD | CLASS_NAME, ['_'] = CLASS_WORD | CLASS_NAME,
	['-'] = CLASS_WORD | CLASS_NAME, [' '] = CLASS_NAME,
	[':'] = CLASS_NAME, ['/'] = CLASS_NAME, ['@'] = CLASS_NAME,
	['+'] = CLASS_NAME, ['='] = CLASS_NAME, [','] = CLASS_NAME,
};

static bool
take(struct scan *s, uint8_t c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* A string of min … max characters of a class. */
static bool
take_string(struct scan *s, enum class class, size_t min, size_t max,
    struct view *out)
{
	const uint8_t *start;

	if (!take(s, '"'))
		return false;
	start = s->at;
	while (s->at != s->end && (class_of[*s->at] & class) != 0)
		s->at++;
	*out = VIEW(start, (size_t)(s->at - start));
	return out->len >= min && out->len <= max && take(s, '"');
}

static bool
take_integer(struct scan *s, uint64_t *out_value)
{
	const uint8_t *start = s->at;
	uint64_t value = 0;

	while (s->at != s->end && (class_of[*s->at] & CLASS_DIGIT) != 0 &&
	    value <= INTEGER_MAX)
		value = value * 10 + (uint64_t)(*s->at++ - '0');
	*out_value = value;
	return s->at != start && value <= INTEGER_MAX &&
	    (*start != '0' || s->at - start == 1);
}

/* ---- forms: each takes one value; n is its size where it has one */

static bool
form_hex(struct scan *s, size_t n, struct view *out)
{
	return take_string(s, CLASS_HEX, 2 * n, 2 * n, out);
}

static bool
form_digits(struct scan *s, size_t n, struct view *out)
{
	return take_string(s, CLASS_DIGIT, n, n, out);
}

static bool
form_word(struct scan *s, size_t n, struct view *out)
{
	return take_string(s, CLASS_WORD, 1, n, out) && out->at[0] != '.' &&
	    out->at[0] != '_' && out->at[0] != '-';
}

static bool
form_name(struct scan *s, size_t n, struct view *out)
{
	return take_string(s, CLASS_NAME, 1, n, out);
}

static bool
form_operation(struct scan *s, size_t n, struct view *out)
{
	return form_word(s, n, out) && (view_is(*out, "qr-token") ||
	    view_is(*out, "credential") || view_is(*out, "status-change"));
}

static bool
form_outcome(struct scan *s, size_t n, struct view *out)
{
	return form_word(s, n, out) &&
	    (view_is(*out, "allow") || view_is(*out, "deny"));
}

static bool
form_count(struct scan *s, size_t n, struct view *out)
{
	const uint8_t *start = s->at;
	uint64_t value;

	(void)n;
	if (!take_integer(s, &value))
		return false;
	*out = VIEW(start, (size_t)(s->at - start));
	return true;
}

static bool
form_signed(struct scan *s, size_t n, struct view *out)
{
	const uint8_t *start = s->at;
	bool minus = take(s, '-');

	if (!form_count(s, n, out) || (minus && view_is(*out, "0")))
		return false;
	*out = VIEW(start, (size_t)(s->at - start));
	return true;
}

static bool
form_indexes(struct scan *s, size_t n, struct view *out)
{
	const uint8_t *start;
	uint64_t value, last = 0;
	size_t count = 0;

	if (!take(s, '['))
		return false;
	start = s->at;
	do {
		if (!take_integer(s, &value) || count == n ||
		    (count > 0 && value <= last))
			return false;
		last = value;
		count++;
	} while (take(s, ','));
	*out = VIEW(start, (size_t)(s->at - start));
	return take(s, ']');
}

static bool
form_hashes(struct scan *s, size_t n, struct view *out)
{
	const uint8_t *start;
	struct view hash;
	size_t count = 0;

	if (!take(s, '['))
		return false;
	start = s->at;
	do {
		if (count++ == n || !form_hex(s, 32, &hash))
			return false;
	} while (take(s, ','));
	*out = VIEW(start, (size_t)(s->at - start));
	return take(s, ']');
}

static bool
take_rule(struct scan *s, struct view *last)
{
	struct view id, outcome;

	if (!form_word(s, 64, &id) || !take(s, ':') ||
	    !form_word(s, 4, &outcome) || view_compare(*last, id) >= 0)
		return false;
	*last = id;
	if (view_is(outcome, "fail"))
		s->rule_failed = true;
	return view_is(outcome, "pass") || view_is(outcome, "fail") ||
	    view_is(outcome, "mon") || view_is(outcome, "na");
}

static bool
form_rules(struct scan *s, size_t n, struct view *out)
{
	const uint8_t *start = s->at;
	struct view last = { 0 };
	size_t count = 0;

	if (!take(s, '{'))
		return false;
	do {
		if (count++ == n || !take_rule(s, &last))
			return false;
	} while (take(s, ','));
	if (!take(s, '}'))
		return false;
	*out = VIEW(start, (size_t)(s->at - start));
	return true;
}

/* ---- the tables */

struct form {
	bool	(*scan)(struct scan *s, size_t n, struct view *out);
	size_t	n;
};

#define FORM_HEX8 { form_hex, 8 }
#define FORM_HEX16 { form_hex, 16 }
#define FORM_HEX32 { form_hex, 32 }
#define FORM_DIGITS5 { form_digits, 5 }
#define FORM_DIGITS10 { form_digits, 10 }
#define FORM_WORD { form_word, 64 }
#define FORM_NAME { form_name, 128 }
#define FORM_OPERATION { form_operation, 64 }
#define FORM_OUTCOME { form_outcome, 64 }
#define FORM_COUNT { form_count, 0 }
#define FORM_SIGNED { form_signed, 0 }
#define FORM_INDEXES { form_indexes, SCHEMA_LIST_MAX }
#define FORM_HASHES { form_hashes, SCHEMA_LIST_MAX }
#define FORM_RULES { form_rules, 64 }

static const struct {
	const char	*name;
	size_t		 len;
	struct form	 form;
} members[] = {
#define X(name, text, form) { text, sizeof(text) - 1, FORM_##form },
	SCHEMA_MEMBERS(X)
#undef X
};

#define M(name) (UINT64_C(1) << SCHEMA_##name)
static const uint64_t common = M(BOOT) | M(EV) | M(N) | M(SEQ) | M(T) | M(V);

static const struct {
	const char	*name;
	uint64_t	 required;
	uint64_t	 optional;
} events[] = {
#define X(name, text, required, optional) { text, required, optional },
	SCHEMA_EVENTS(X)
#undef X
};

/* ---- reading */

static enum err
not_canonical(const struct scan *s, struct view entry)
{
	return err_because(ERR_SYNTAX, "log entry: not canonical JSON at byte "
	    "%zu (RFC 8785)", (size_t)(s->at - entry.at));
}

static enum err
take_member(struct scan *s, struct view entry, unsigned int *next,
    struct schema_entry *e)
{
	struct view name;
	unsigned int m = *next;

	if (!take_string(s, CLASS_WORD, 1, 64, &name) || !take(s, ':'))
		return not_canonical(s, entry);
	while (m < SCHEMA_MEMBER_COUNT && (members[m].len != name.len ||
	    memcmp(members[m].name, name.at, name.len) != 0))
		m++;
	if (m == SCHEMA_MEMBER_COUNT)
		return err_because(ERR_SCHEMA, "log entry: unknown, repeated "
		    "or unsorted member \"%.*s\" at byte %zu", (int)name.len,
		    (const char *)name.at, (size_t)(name.at - entry.at));
	if (!members[m].form.scan(s, members[m].form.n, &e->member[m]))
		return err_because(ERR_SCHEMA, "log entry: \"%s\" is not of "
		    "its form at byte %zu", members[m].name,
		    (size_t)(s->at - entry.at));
	*next = m + 1;
	return ERR_OK;
}

static enum err
find_event(struct schema_entry *e)
{
	struct view name = e->member[SCHEMA_EV];

	for (unsigned int i = 0; name.at != NULL && i < COUNT(events); i++)
		if (view_is(name, events[i].name)) {
			e->event = (enum schema_event)i;
			return ERR_OK;
		}
	return err_because(ERR_SCHEMA, "log entry: unknown event \"%.*s\"",
	    (int)name.len, name.at != NULL ? (const char *)name.at : "");
}

static enum err
check_members(const struct schema_entry *e)
{
	uint64_t required = common | events[e->event].required;
	uint64_t allowed = required | events[e->event].optional;

	for (unsigned int m = 0; m < SCHEMA_MEMBER_COUNT; m++) {
		uint64_t bit = UINT64_C(1) << m;
		bool there = e->member[m].at != NULL;

		if (there ? (allowed & bit) == 0 : (required & bit) != 0)
			return err_because(ERR_SCHEMA,
			    "log entry: %s \"%s\" in event \"%s\"",
			    there ? "unexpected" : "no", members[m].name,
			    events[e->event].name);
	}
	return ERR_OK;
}

/* What a refusal must not have, and an allowance must not say. */
static enum err
check_decision(const struct schema_entry *e, bool rule_failed)
{
	bool allow = view_is(e->member[SCHEMA_OUT], "allow");

	if (allow && rule_failed)
		return err_because(ERR_SCHEMA,
		    "log entry: allowed although a rule failed");
	if (!allow && (e->member[SCHEMA_DRAFTS].at != NULL ||
	    e->member[SCHEMA_EXPIRY].at != NULL))
		return err_because(ERR_SCHEMA,
		    "log entry: a refusal with drafts or expiry");
	if (e->member[SCHEMA_DRY].at != NULL &&
	    (!view_is(e->member[SCHEMA_DRY], "1") ||
	    e->member[SCHEMA_DRAFTS].at != NULL ||
	    e->member[SCHEMA_HOLDER].at != NULL))
		return err_because(ERR_SCHEMA, "log entry: dry is 1, and "
		    "such a decision has neither drafts nor holder");
	return ERR_OK;
}

enum err
schema_get(struct view entry, struct schema_entry *out_entry)
{
	struct schema_entry e = { 0 };
	struct scan s = { entry.at, entry.at + entry.len, false };
	unsigned int next = 0;

	if (entry.len > SCHEMA_ENTRY_MAX)
		return err_because(ERR_TOO_LARGE, "a log entry of %zu bytes, "
		    "over %d", entry.len, SCHEMA_ENTRY_MAX);
	if (!take(&s, '{'))
		return not_canonical(&s, entry);
	do {
		TRY(take_member(&s, entry, &next, &e));
	} while (take(&s, ','));
	if (!take(&s, '}') || s.at != s.end)
		return not_canonical(&s, entry);
	TRY(find_event(&e));
	TRY(check_members(&e));
	if (schema_count(&e, SCHEMA_V) != SCHEMA_FORMAT)
		return err_because(ERR_SCHEMA, "log entry: version %llu is "
		    "not %d", (unsigned long long)schema_count(&e, SCHEMA_V),
		    SCHEMA_FORMAT);
	if (e.event == SCHEMA_EVENT_DECISION)
		TRY(check_decision(&e, s.rule_failed));
	*out_entry = e;
	return ERR_OK;
}

static uint64_t
take_digits(struct view *rest)
{
	uint64_t value = 0;

	while (rest->len != 0 && (class_of[*rest->at] & CLASS_DIGIT) != 0) {
		value = value * 10 + (uint64_t)(*rest->at - '0');
		*rest = VIEW(rest->at + 1, rest->len - 1);
	}
	return value;
}

uint64_t
schema_count(const struct schema_entry *e, enum schema_member m)
{
	struct view digits = e->member[m];

	return take_digits(&digits);
}

bool
schema_next_index(struct view *rest, uint64_t *out_index)
{
	if (rest->len == 0)
		return false;
	*out_index = take_digits(rest);
	if (rest->len != 0)
		*rest = VIEW(rest->at + 1, rest->len - 1);
	return true;
}

const char *
schema_event_name(enum schema_event e)
{
	return events[e].name;
}
