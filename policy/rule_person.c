/*
 * Rules about the person: the number, the birth date, the age, the card.
 * The holder's data is as the upstream system sent it, of sound shape only.
 * Next: rule_place.c.
 */
#include <string.h>

#include "policy/number.h"
#include "policy/rule.h"

static int
two_digits(const uint8_t *at)
{
	return (at[0] - '0') * 10 + at[1] - '0';
}

/* ---- number-digit: what a digit of the number may not be */

enum { DIGIT_ALLOWED, DIGIT_REFUSED, DIGIT_MISSING };
static const char *const digit_sights[] = { "allowed", "refused", "missing",
	NULL };

struct number_digit {
	struct rule	 rule;
	int64_t		 position;	/* from 1 */
	const char	*refused;	/* digits */
};

static enum err
check_digits(struct yaml_mark at, const void *value)
{
	const char *const *text = value;

	if ((*text)[strspn(*text, "0123456789")] != '\0')
		return yaml_error(at, "expected digits, got \"%.40s\"", *text);
	return ERR_OK;
}

static const struct yaml_field number_digit_fields[] = {
	YAML_FIELD("position", struct number_digit, position, &YAML_INT(1, 13)),
	YAML_FIELD("refused", struct number_digit, refused,
	    &YAML_TYPE(.shape = YAML_TEXT, .min = 1, .max = 9,
	    .check = check_digits)),
	{ 0 },
};

static int64_t
observe_number_digit(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	const struct number_digit *r = (const struct number_digit *)rule;
	struct view number = s->asked->holder.number;
	size_t at = (size_t)r->position - 1;

	note_text(n, "digit ");
	note_int(n, r->position);
	note_text(n, " of the number must not be one of ");
	note_text(n, r->refused);
	if (number.len <= at || !is_digit(number.at[at])) {
		note_text(n, "; there is no such digit");
		return DIGIT_MISSING;
	}
	note_text(n, "; it is ");
	note_view(n, VIEW(number.at + at, 1));
	return strchr(r->refused, number.at[at]) == NULL ? DIGIT_ALLOWED :
	    DIGIT_REFUSED;
}

const struct rule_kind rule_number_digit = {
	{ "number-digit", sizeof(struct number_digit), number_digit_fields },
	.observe = observe_number_digit,
	.sights = digit_sights,
	.judge = judge_sight,
};

/* ---- number-birth-date: the number agrees with the birth date */

enum { BIRTH_AGREES, BIRTH_MALFORMED, BIRTH_NO_CENTURY, BIRTH_DIFFERS,
	BIRTH_FUTURE, BIRTH_CLAIM_DIFFERS };
static const char *const birth_sights[] = { "agrees", "malformed",
	"no-century", "differs", "future", "claim-differs", NULL };

struct century {
	const char	*digit;
	int64_t		 year;
};

struct number_birth_date {
	struct rule	 rule;
	YAML_ARRAY(struct century) centuries;	/* by the seventh digit */
	struct yaml_reference claim;	/* name NULL: none to compare */
};

static const struct yaml_field number_birth_date_fields[] = {
	YAML_FIELD("centuries", struct number_birth_date, centuries,
	    &YAML_MAP_OF(1, 10, struct century, digit, year,
	    &YAML_INT(1000, 9900))),
	YAML_FIELD("claim", struct number_birth_date, claim,
	    &YAML_TYPE(.shape = YAML_REFERENCE), .optional = true),
	{ 0 },
};

/* YYMMDD and a digit for the century; year 0 when that digit is unknown. */
static struct date
date_of_number(const struct number_birth_date *r, const uint8_t *number)
{
	struct date d = { 0, two_digits(number + 2), two_digits(number + 4) };

	for (size_t i = 0; i < r->centuries.count; i++) {
		const struct century *c = &r->centuries.at[i];

		if ((uint8_t)c->digit[0] == number[6] && c->digit[1] == '\0')
			d.year = (int)c->year + two_digits(number);
	}
	return d;
}

/* Without such a claim there is nothing to disagree with. */
static bool
claim_agrees(const struct asked *a, const char *name, struct date birth)
{
	const struct value *claim =
	    name != NULL ? value_find(&a->claims, name) : NULL;
	struct date d;

	return claim == NULL || (claim->kind == VALUE_STRING &&
	    date_get(claim->text, &d) == ERR_OK && date_compare(d, birth) == 0);
}

static int64_t
observe_number_birth_date(const struct rule *rule, const struct scene *s,
    struct note *n)
{
	const struct number_birth_date *r =
	    (const struct number_birth_date *)rule;
	const struct asked *a = s->asked;
	struct date d;

	if (!number_is(a->holder.number)) {
		note_text(n, "the number must have 13 digits and nothing else");
		return BIRTH_MALFORMED;
	}
	d = date_of_number(r, a->holder.number.at);
	if (d.year == 0) {
		note_text(n, "digit 7 of the number names no known century");
		return BIRTH_NO_CENTURY;
	}
	note_text(n, "the number says born ");
	note_date(n, d);
	note_text(n, ", birth_date is ");
	note_date(n, a->holder.birth_date);
	if (!date_valid(d) || date_compare(d, a->holder.birth_date) != 0) {
		note_text(n, "; they must be the same real day");
		return BIRTH_DIFFERS;
	}
	if (date_compare(d, s->today) > 0) {
		note_text(n, ", in the future of ");
		note_date(n, s->today);
		return BIRTH_FUTURE;
	}
	if (!claim_agrees(a, r->claim.name, d)) {
		note_text(n, "; the claim differs");
		return BIRTH_CLAIM_DIFFERS;
	}
	return BIRTH_AGREES;
}

static enum err
link_number_birth_date(struct rule *rule, const struct policy *p,
    const struct programme_file *f)
{
	(void)p;
	return rule_link_claim(f, &((struct number_birth_date *)rule)->claim);
}

/* A key that is no digit would be a century that nobody is born in. */
static enum err
check_centuries(struct yaml_mark at, const struct rule *rule)
{
	const struct number_birth_date *r =
	    (const struct number_birth_date *)rule;

	for (size_t i = 0; i < r->centuries.count; i++) {
		const char *digit = r->centuries.at[i].digit;

		if (!is_digit((uint8_t)digit[0]) || digit[1] != '\0')
			return yaml_error(at, "expected one digit for each of "
			    "the centuries, got \"%.40s\"", digit);
	}
	return ERR_OK;
}

const struct rule_kind rule_number_birth_date = {
	{ "number-birth-date", sizeof(struct number_birth_date),
	    number_birth_date_fields },
	.check = check_centuries,
	.observe = observe_number_birth_date,
	.sights = birth_sights,
	.judge = judge_sight,
	.link = link_number_birth_date,
};

/* ---- age: full years in Korean time */

struct age {
	struct rule	rule;
	int64_t		at_least;
};

static const struct yaml_field age_fields[] = {
	YAML_FIELD("at-least", struct age, at_least, &YAML_INT(0, 150)),
	{ 0 },
};

/* In full years: the days to a birthday would tell it. */
static int64_t
observe_age(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct age *r = (const struct age *)rule;
	enum leap_birthday leap =
	    (enum leap_birthday)s->policy->head->leap_birthday;
	struct date reached = calendar_birthday(s->asked->holder.birth_date,
	    r->at_least, leap);

	note_text(n, "at least ");
	note_int(n, r->at_least);
	note_text(n, " full years, reached on ");
	note_date(n, reached);
	note_text(n, "; today is ");
	note_date(n, s->today);
	return calendar_age(s->asked->holder.birth_date, s->today, leap);
}

static enum outcome
judge_age(const struct rule *rule, const struct scene *s, struct note *n)
{
	(void)n;
	return outcome_of(s->seen >= ((const struct age *)rule)->at_least);
}

const struct rule_kind rule_age = {
	{ "age", sizeof(struct age), age_fields },
	.observe = observe_age,
	.judge = judge_age,
};

/* ---- card: the physical card is held, since no earlier than it can be */

enum { CARD_FITS, CARD_NONE, CARD_OTHER_STATUS, CARD_UNDATED, CARD_FUTURE,
	CARD_EARLY };
static const char *const card_sights[] = { "fits", "none", "other-status",
	"undated", "future", "early", NULL };

struct card {
	struct rule	rule;
	YAML_ARRAY(const char *) status;	/* accepted */
	int64_t		month_after_age;	/* 0: no such limit */
};

static const struct yaml_field card_fields[] = {
	YAML_FIELD("status", struct card, status,
	    &YAML_LIST_OF(1, 16, &YAML_STRING(32))),
	YAML_FIELD("month-after-age", struct card, month_after_age,
	    &YAML_INT(1, 150), .optional = true),
	{ 0 },
};

static bool
is_accepted(const struct card *r, struct view status)
{
	for (size_t i = 0; i < r->status.count; i++) {
		if (view_is(status, r->status.at[i]))
			return true;
	}
	return false;
}

static int64_t
observe_card_date(const struct card *r, const struct scene *s, struct note *n)
{
	struct date issued = s->asked->holder.card_issued_on;
	struct date first;

	note_text(n, ", issued on ");
	note_date(n, issued);
	if (date_compare(issued, s->today) > 0) {
		note_text(n, ", after today, ");
		note_date(n, s->today);
		return CARD_FUTURE;
	}
	if (r->month_after_age == 0)
		return CARD_FITS;
	first = calendar_next_month(calendar_birthday(
	    s->asked->holder.birth_date, r->month_after_age,
	    (enum leap_birthday)s->policy->head->leap_birthday));
	note_text(n, "; none is issued before ");
	note_date(n, first);
	return date_compare(issued, first) >= 0 ? CARD_FITS : CARD_EARLY;
}

static int64_t
observe_card(const struct rule *rule, const struct scene *s, struct note *n)
{
	const struct card *r = (const struct card *)rule;
	const struct asked *a = s->asked;

	if (!a->holder.has_card) {
		note_text(n, "a card must be held; none was named");
		return CARD_NONE;
	}
	note_text(n, "the card's status is ");
	note_view(n, a->holder.card_status);
	if (!is_accepted(r, a->holder.card_status)) {
		note_text(n, "; it must be ");
		note_text(n, r->status.at[0]);
		return CARD_OTHER_STATUS;
	}
	if (!a->holder.has_card_date) {
		note_text(n, ", without the day of issue");
		return CARD_UNDATED;
	}
	return observe_card_date(r, s, n);
}

const struct rule_kind rule_card = {
	{ "card", sizeof(struct card), card_fields },
	.observe = observe_card,
	.sights = card_sights,
	.judge = judge_sight,
};
