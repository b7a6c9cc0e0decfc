/*
 * The strict reader of log entries. They come from published files that
 * anyone may have changed. One pass: because members are sorted, each name is
 * looked for only behind the last one found. (A general JSON reader takes ten
 * times as long and would not notice white space, order or escapes.) Next in
 * the flow: reconcile.c compares entries with each other.
 */
#include "audit/schema.h"

#include <string.h>

#include "policy/seen.h"

#define INTEGER_MAX ((UINT64_C(1) << 53) - 1)	/* RFC 8785: exact in doubles */

typedef unsigned __int128 set;		/* of members, a bit each */
#define M(name) ((set)1 << SCHEMA_##name)
_Static_assert(SCHEMA_MEMBER_COUNT <= 128, "a bit for each member");

struct scan {
	const uint8_t	*at;
	const uint8_t	*end;
	bool		 rule_failed;
	set		 seen;
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
form_action(struct scan *s, size_t n, struct view *out)
{
	return form_word(s, n, out) && (view_is(*out, "suspend") ||
	    view_is(*out, "reinstate") || view_is(*out, "revoke"));
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

/* "[", 1 … 200 of what take takes, "]"; out is what is between them. */
static bool
take_list(struct scan *s, bool (*take_one)(struct scan *s, size_t n,
    struct view *last), size_t n, struct view *out)
{
	const uint8_t *start;
	struct view last = { 0 };
	size_t count = 0;

	if (!take(s, '['))
		return false;
	start = s->at;
	do {
		if (count++ == SCHEMA_LIST_MAX || !take_one(s, n, &last))
			return false;
	} while (take(s, ','));
	*out = VIEW(start, (size_t)(s->at - start));
	return take(s, ']');
}

/* Numbers without leading zeros: the longer is the greater. */
static bool
take_index(struct scan *s, size_t n, struct view *last)
{
	struct view before = *last;

	return form_count(s, n, last) && (before.at == NULL ||
	    before.len < last->len || (before.len == last->len &&
	    memcmp(before.at, last->at, last->len) < 0));
}

static bool
form_indexes(struct scan *s, size_t n, struct view *out)
{
	return take_list(s, take_index, n, out);
}

static bool
form_hexes(struct scan *s, size_t n, struct view *out)
{
	return take_list(s, form_hex, n, out);
}

static bool
take_use(struct scan *s, size_t n, struct view *last)
{
	return take(s, '[') && form_count(s, n, last) && take(s, ',') &&
	    form_count(s, n, last) && take(s, ',') &&
	    form_count(s, n, last) && take(s, ']');
}

static bool
form_uses(struct scan *s, size_t n, struct view *out)
{
	return take_list(s, take_use, n, out);
}

/* "{", 1 … n sorted words with the values that take takes, "}". */
static bool
take_record(struct scan *s, bool (*take_value)(struct scan *s, size_t n,
    struct view *out), size_t n, struct view *out)
{
	const uint8_t *start;
	struct view last = { 0 }, word, value;
	size_t count = 0;

	if (!take(s, '{'))
		return false;
	start = s->at;
	do {
		if (count++ == n || !form_word(s, 64, &word) ||
		    view_compare(last, word) >= 0 || !take(s, ':') ||
		    !take_value(s, n, &value))
			return false;
		last = word;
	} while (take(s, ','));
	*out = VIEW(start, (size_t)(s->at - start));
	return take(s, '}');
}

static bool
take_outcome(struct scan *s, size_t n, struct view *out)
{
	(void)n;
	if (!form_word(s, 4, out))
		return false;
	if (view_is(*out, "fail"))
		s->rule_failed = true;
	return view_is(*out, "pass") || view_is(*out, "fail") ||
	    view_is(*out, "mon") || view_is(*out, "na");
}

static bool
form_rules(struct scan *s, size_t n, struct view *out)
{
	return take_record(s, take_outcome, n, out);
}

static bool
form_tally(struct scan *s, size_t n, struct view *out)
{
	return take_record(s, form_count, n, out);
}

static bool
take_plain_fact(struct scan *s, size_t n, struct view *out)
{
	(void)n;
	if (s->at != s->end && *s->at == '"')
		return form_name(s, 128, out);
	return form_signed(s, 0, out);
}

static bool
take_fact(struct scan *s, size_t n, struct view *out)
{
	if (s->at != s->end && *s->at == '{')
		return take_record(s, take_plain_fact, n, out);
	return take_plain_fact(s, n, out);
}

static bool
form_facts(struct scan *s, size_t n, struct view *out)
{
	return take_record(s, take_fact, n, out);
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
#define FORM_INDEXES { form_indexes, 0 }
#define FORM_HASHES { form_hexes, 32 }
#define FORM_IDS { form_hexes, 16 }
#define FORM_USES { form_uses, 0 }
#define FORM_RULES { form_rules, 64 }
#define FORM_TALLY { form_tally, 64 }
#define FORM_FACTS { form_facts, 64 }
#define FORM_ACTION { form_action, 64 }

static const struct {
	const char	*name;
	size_t		 len;
	struct form	 form;
} members[] = {
#define X(name, text, form) { text, sizeof(text) - 1, FORM_##form },
	SCHEMA_MEMBERS(X)
#undef X
};

static const set common = M(BOOT) | M(EV) | M(N) | M(SEQ) | M(T) | M(V);

static const struct {
	const char	*name;
	set		 required;
	set		 optional;
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
	s->seen |= (set)1 << m;
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
check_members(const struct schema_entry *e, set seen)
{
	set required = common | events[e->event].required;
	set missing = required & ~seen;
	set wrong = missing | (seen & ~(required | events[e->event].optional));
	unsigned int m = 0;

	if (wrong == 0)
		return ERR_OK;
	while ((wrong & (set)1 << m) == 0)
		m++;
	return err_because(ERR_SCHEMA, "log entry: %s \"%s\" in event \"%s\"",
	    (missing & (set)1 << m) != 0 ? "no" : "unexpected",
	    members[m].name, events[e->event].name);
}

static enum err
check_facts(struct view facts)
{
	struct view name, value;

	while (schema_next_pair(&facts, &name, &value))
		if (!seen_knows(name))
			return err_because(ERR_SCHEMA, "log entry: unknown "
			    "fact \"%.*s\"", (int)name.len,
			    (const char *)name.at);
	return ERR_OK;
}

/* What an effect is made of; a refusal and a dry run have none. */
static const set effects = M(BOUND) | M(CHANGED) | M(CTI) | M(DRAFTS) |
    M(KEYS) | M(OLD) | M(ST) | M(UNTIL) | M(USED) | M(VALUE);

/* What a refusal must not have, and an allowance must not say. */
static enum err
check_decision(const struct schema_entry *e, const struct scan *s)
{
	bool allow = view_is(e->member[SCHEMA_OUT], "allow");
	bool change = view_is(e->member[SCHEMA_OP], "status-change");

	if (allow && s->rule_failed)
		return err_because(ERR_SCHEMA,
		    "log entry: allowed although a rule failed");
	if (!allow && (s->seen & (effects | M(EXPIRY))) != 0)
		return err_because(ERR_SCHEMA,
		    "log entry: a refusal with an effect");
	if ((s->seen & M(DRY)) != 0 && (!view_is(e->member[SCHEMA_DRY], "1") ||
	    (s->seen & (effects | M(HOLDER) | M(DEVICE))) != 0))
		return err_because(ERR_SCHEMA, "log entry: dry is 1, and "
		    "such a decision has neither holder nor effect");
	if (!change && (s->seen & (M(ACTION) | M(VALUE))) != 0)
		return err_because(ERR_SCHEMA, "log entry: an action, but no "
		    "change of status");
	return check_facts(e->member[SCHEMA_FACTS]);
}

enum err
schema_get(struct view entry, struct schema_entry *out_entry)
{
	struct schema_entry e = { 0 };
	struct scan s = { .at = entry.at, .end = entry.at + entry.len };
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
	TRY(check_members(&e, s.seen));
	if (schema_count(&e, SCHEMA_V) != SCHEMA_FORMAT)
		return err_because(ERR_SCHEMA, "log entry: version %llu is "
		    "not %d", (unsigned long long)schema_count(&e, SCHEMA_V),
		    SCHEMA_FORMAT);
	if (e.event == SCHEMA_EVENT_DECISION)
		TRY(check_decision(&e, &s));
	*out_entry = e;
	return ERR_OK;
}

const char *
schema_event_name(enum schema_event e)
{
	return events[e].name;
}

const char *
schema_member_name(enum schema_member m)
{
	return members[m].name;
}
