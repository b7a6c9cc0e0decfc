/*
 * Two policies over the same recorded requests: whom would the candidate
 * refuse that is allowed today, whom would it allow, and by which rules.
 * Only line numbers and rule ids are told, so that the result may be shown
 * to people who may not see the requests.
 */
#include <string.h>

#include "cli/commands.h"
#include "cli/policy.h"
#include "cli/say.h"

#define RULES 256	/* ids counted; more are not told apart */
#define LINES 20	/* of each change, as examples */

struct tally {
	const char	*id;
	size_t		 count;
};

/* Requests whose outcome changes one way. */
struct change {
	size_t		count;
	size_t		lines[LINES];
	size_t		rule_count;
	struct tally	rules[RULES];	/* ids are the policies' */
};

struct simulation {
	const struct policy	*policy, *candidate;
	size_t			 line, cases, unread;
	size_t			 allowed, refused;	/* by both */
	struct change		 refuses, allows;	/* newly */
};

/* ---- counting */

static bool
refuses(const struct decision *d, const char *id)
{
	for (size_t i = 0; i < decision_count(d); i++) {
		const struct rule_result *r = decision_rule(d, i);

		if (strcmp(r->id, id) == 0)
			return r->outcome == OUTCOME_FAIL && !r->monitored;
	}
	return false;
}

static void
count_rule(struct change *c, const char *id)
{
	size_t i = 0;

	while (i < c->rule_count && strcmp(c->rules[i].id, id) != 0)
		i++;
	if (i == RULES)
		return;
	if (i == c->rule_count)
		c->rules[c->rule_count++].id = id;
	c->rules[i].count++;
}

/* The rules that refuse in one decision and do not in the other. */
static void
count_change(struct change *c, size_t line, const struct decision *denied,
    const struct decision *allowed)
{
	if (c->count < LINES)
		c->lines[c->count] = line;
	c->count++;
	for (size_t i = 0; i < decision_count(denied); i++) {
		const char *id = decision_rule(denied, i)->id;

		if (refuses(denied, id) && !refuses(allowed, id))
			count_rule(c, id);
	}
}

static enum err
compare(void *context, struct view line)
{
	AUTO_DONE(recorded) c = { 0 };
	AUTO(decision) before = NULL;
	AUTO(decision) after = NULL;
	struct simulation *s = context;

	s->line++;
	TRY(recorded_read(line, &c));
	TRY(policy_decide(s->policy, c.request, &c.facts, &before));
	TRY(policy_decide(s->candidate, c.request, &c.facts, &after));
	s->cases++;
	if (decision_allows(before) && decision_allows(after))
		s->allowed++;
	else if (!decision_allows(before) && !decision_allows(after))
		s->refused++;
	else if (decision_allows(before))
		count_change(&s->refuses, s->line, after, before);
	else
		count_change(&s->allows, s->line, before, after);
	return ERR_OK;
}

static enum err
unread(void *context, size_t number)
{
	struct simulation *s = context;

	s->unread++;
	complain("line %zu: %s", number, err_why());
	return ERR_OK;
}

/* ---- telling */

static void
put_change(struct json *j, const char *name, const struct change *c)
{
	json_record(j, name);
	json_int(j, "count", (int64_t)c->count);
	json_record(j, "rules");
	for (size_t i = 0; i < c->rule_count; i++)
		json_int(j, c->rules[i].id, (int64_t)c->rules[i].count);
	json_close(j);
	json_items(j, "lines");
	for (size_t i = 0; i < c->count && i < LINES; i++)
		json_int(j, NULL, (int64_t)c->lines[i]);
	json_close(j);
	json_close(j);
}

static enum err
print_json(const struct simulation *s)
{
	AUTO_DONE(bytes) out = { 0 };
	struct json j = json_start(&out);

	json_record(&j, NULL);
	json_hex(&j, "policy", VIEW_OF(policy_hash(s->policy)->at));
	json_hex(&j, "candidate", VIEW_OF(policy_hash(s->candidate)->at));
	json_int(&j, "cases", (int64_t)s->cases);
	json_int(&j, "unread", (int64_t)s->unread);
	json_int(&j, "allowed_by_both", (int64_t)s->allowed);
	json_int(&j, "refused_by_both", (int64_t)s->refused);
	put_change(&j, "newly_refused", &s->refuses);
	put_change(&j, "newly_allowed", &s->allows);
	json_close(&j);
	TRY(json_end(&j));
	put_line(bytes_view(&out));
	return ERR_OK;
}

static void
print_change(const char *what, const char *colour, const struct change *c)
{
	printf("%s%s %zu%s\n", c->count != 0 ? paint(stdout, colour) : "",
	    what, c->count, c->count != 0 ? paint(stdout, PLAIN) : "");
	for (size_t i = 0; i < c->rule_count; i++)
		printf("  %8zu  %s\n", c->rules[i].count, c->rules[i].id);
	for (size_t i = 0; i < c->count && i < LINES; i++)
		printf("%s%zu", i == 0 ? "            lines " : ", ",
		    c->lines[i]);
	if (c->count != 0)
		printf("%s\n", c->count > LINES ? ", …" : "");
}

static void
print_text(const struct simulation *s)
{
	printf("%zu cases: %zu allowed by both, %zu refused by both\n",
	    s->cases, s->allowed, s->refused);
	print_change("newly refused:", RED, &s->refuses);
	print_change("newly allowed:", GREEN, &s->allows);
}

static int
run(struct simulation *s, const struct arguments *a)
{
	int status = policy_lines(argument(a, 0), &(struct line_reader){
	    compare, unread, s });
	enum err e = ERR_OK;

	if (option_given(a, "json"))
		e = print_json(s);
	else
		print_text(s);
	return e == ERR_OK ? status : complain_err("simulation", e);
}

int
policy_simulate(const struct arguments *a)
{
	AUTO(policy) policy = NULL;
	AUTO(policy) candidate = NULL;
	const char *now = option_value(a, "policy", NULL);
	const char *then = option_value(a, "candidate", NULL);
	struct simulation s = { 0 };
	int status;

	if (now == NULL || then == NULL) {
		complain("--policy and --candidate say which are compared");
		return EXIT_USAGE;
	}
	if ((status = policy_open(now, &policy)) != EXIT_DONE ||
	    (status = policy_open(then, &candidate)) != EXIT_DONE)
		return status;
	s.policy = policy;
	s.candidate = candidate;
	return run(&s, a);
}
