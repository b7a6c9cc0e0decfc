/*
 * Running the cases beside a policy. They go the way of a request: encoded,
 * decoded strictly, decided. What came is compared word for word, so that
 * what is shown is what was compared. Next: decide.c.
 */
#include "policy/suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/suite_case.h"
#include "policy/yaml_tree.h"

/* ---- "deny by holder-age, card-held", expected and got */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The ids of rules, sorted: a case may name them in any order. */
struct ids {
	size_t		 count;
	const char	*at[POLICY_RULES + 1];
};

static void
put_ids(struct bytes *out, const char *before, struct ids *ids)
{
	qsort(ids->at, ids->count, sizeof(*ids->at), by_text);
	for (size_t i = 0; i < ids->count; i++)
		bytes_printf(out, "%s%s", i == 0 ? before : ", ", ids->at[i]);
}

static void
put_outcome(struct bytes *out, bool allow, struct ids *fails,
    struct ids *monitored)
{
	bytes_put_text(out, allow ? "allow" : "deny");
	put_ids(out, " by ", fails);
	put_ids(out, ", monitored ", monitored);
}

static void
put_time(struct bytes *out, const char *name, int64_t expected, int64_t t)
{
	char text[INSTANT_TEXT];

	if (expected != 0)
		bytes_printf(out, ", %s %s", name, t == TIME_NONE ? "none" :
		    instant_text(t, text));
}

/* What is granted, as far as the case names it. */
static void
put_grant(struct bytes *out, const struct suite_grant *named,
    const struct suite_grant *granted)
{
	put_time(out, "valid_from", named->valid_from, granted->valid_from);
	put_time(out, "administrative_expiry", named->administrative_expiry,
	    granted->administrative_expiry);
	put_time(out, "technical_expiry", named->technical_expiry,
	    granted->technical_expiry);
}

static void
put_fee(struct bytes *out, const char *name, int64_t won)
{
	bytes_printf(out, ", %s %" PRId64, name, won);
}

static void
put_expected(const struct scenario *s, struct bytes *out)
{
	struct ids fails = { 0 }, monitored = { 0 };

	for (size_t i = 0; i < s->fails.count; i++)
		fails.at[fails.count++] = s->fails.at[i].name;
	for (size_t i = 0; i < s->monitored.count; i++)
		monitored.at[monitored.count++] = s->monitored.at[i].name;
	put_outcome(out, s->outcome == SUITE_ALLOW, &fails, &monitored);
	put_grant(out, &s->grant, &s->grant);
	for (size_t i = 0; i < s->fees.count; i++)
		put_fee(out, s->fees.at[i].name, s->fees.at[i].won);
}

static void
put_granted(const struct scenario *s, const struct grant *g,
    struct bytes *out)
{
	const struct grant_terms *t = grant_terms(g);

	put_grant(out, &s->grant, &(struct suite_grant){ t->valid_from,
	    t->administrative_expiry, t->technical_expiry });
}

static void
put_stated(const struct scenario *s, const struct decision *d,
    struct bytes *out)
{
	const struct fee_result *fee;

	for (size_t i = 0; i < s->fees.count; i++)
		for (size_t j = 0; (fee = decision_fee(d, j)) != NULL; j++)
			if (strcmp(s->fees.at[i].name, fee->id) == 0)
				put_fee(out, fee->id, fee->won);
}

static void
put_got(const struct scenario *s, const struct decision *d,
    struct bytes *out)
{
	struct ids fails = { 0 }, monitored = { 0 };

	for (size_t i = 0; i < decision_count(d); i++) {
		const struct rule_result *r = decision_rule(d, i);
		struct ids *ids = r->monitored ? &monitored : &fails;

		if (r->outcome == OUTCOME_FAIL)
			ids->at[ids->count++] = r->id;
	}
	put_outcome(out, decision_allows(d), &fails, &monitored);
	if (decision_allows(d))
		put_granted(s, decision_grant(d), out);
	put_stated(s, d, out);
}

/* ---- a case */

/* A case that names a rule that is not there would never be looked at. */
static enum err
check_rule(const struct programme_file *p, const struct yaml_reference *rule)
{
	struct nearest near = { 0 };
	char words[64];

	if (strcmp(rule->name, "offered") == 0)
		return ERR_OK;
	for (size_t i = 0; p != NULL && i < p->rules.count; i++) {
		if (strcmp(p->rules.at[i].id, rule->name) == 0)
			return ERR_OK;
		nearest_offer(&near, rule->name, p->rules.at[i].id);
	}
	return yaml_error(rule->at, "expected the id of a rule, "
	    "got \"%.40s\"%s", rule->name,
	    nearest_words(&near, words, sizeof(words)));
}

static enum err
read_case(const struct policy *p, const struct suite *s,
    const struct suite_case *c, struct scenario *out)
{
	const struct programme_file *programme;

	TRY(suite_read(s, c, out));
	programme = policy_find(p, out->asked.programme);
	for (size_t i = 0; i < out->fails.count; i++)
		TRY(check_rule(programme, &out->fails.at[i]));
	for (size_t i = 0; i < out->monitored.count; i++)
		TRY(check_rule(programme, &out->monitored.at[i]));
	return ERR_OK;
}

static enum err
decide_case(const struct policy *p, const struct suite_case *c,
    const struct scenario *s, struct decision **out)
{
	AUTO_DONE(bytes) frame = { 0 };
	AUTO(request) r = NULL;

	request_encode(&s->asked, &frame);
	TRY(bytes_check(&frame));
	if (request_decode(bytes_view(&frame), &r) != ERR_OK) {
		AUTO(text) why = mem_text(err_why());

		return yaml_error(c->body.at, "case \"%.100s\": %s", c->name,
		    why != NULL ? why : "not a request");
	}
	return policy_decide(p, r, &s->facts, out);
}

static enum err
run_case(const struct policy *p, const struct suite *s,
    const struct suite_case *c, const struct suite_listener *l)
{
	AUTO(decision) d = NULL;
	AUTO_DONE(bytes) expected = { 0 };
	AUTO_DONE(bytes) got = { 0 };
	struct scenario n;

	TRY(read_case(p, s, c, &n));
	TRY(decide_case(p, c, &n, &d));
	put_expected(&n, &expected);
	put_got(&n, d, &got);
	TRY(bytes_check(&expected));
	TRY(bytes_check(&got));
	l->told(l->context, &(struct suite_result){
		.file = c->body.at.file,
		.line = c->body.at.line,
		.column = c->body.at.column,
		.name = c->name,
		.passed = view_equal(bytes_view(&expected), bytes_view(&got)),
		.expected = bytes_text(&expected),
		.got = bytes_text(&got),
	});
	return ERR_OK;
}

/* ---- all of them */

enum err
policy_test(const struct policy *p, const struct suite_listener *l)
{
	for (size_t i = 0; i < p->suite_count; i++) {
		const struct suite *s = p->suites[i];

		for (size_t j = 0; j < s->cases.count; j++)
			TRY(run_case(p, s, &s->cases.at[j], l));
	}
	return ERR_OK;
}

/* The newest message wins, so the first failure's waits until all have run. */
struct first {
	bool	failed;
	char	why[600];
};

static void
keep_first(void *context, const struct suite_result *r)
{
	struct first *f = context;

	if (r->passed || f->failed)
		return;
	f->failed = true;
	snprintf(f->why, sizeof(f->why), "%s:%u:%u: case \"%.100s\": "
	    "expected %.200s; got %.200s", r->file, r->line, r->column,
	    r->name, r->expected, r->got);
}

enum err
suites_pass(const struct policy *p)
{
	struct first f = { 0 };

	TRY(policy_test(p, &(struct suite_listener){ keep_first, &f }));
	return f.failed ? err_because(ERR_MISMATCH, "%s", f.why) : ERR_OK;
}
