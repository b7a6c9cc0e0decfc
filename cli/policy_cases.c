/*
 * Cases: requests with the facts and the time, one JSON object a line, from
 * whoever tries a policy. They go the way of a request: decoded by the gate's
 * code, framed, decoded again, decided. Next: signer/gate/body.h,
 * policy/explain.h.
 */
#include "cli/policy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/say.h"
#include "policy/explain.h"
#include "signer/gate/body.h"

void
recorded_done(struct recorded *r)
{
	request_free(r->request);
	*r = (struct recorded){ 0 };
}

enum err
recorded_read(struct view line, struct recorded *out_case)
{
	AUTO_DONE(body) body = { 0 };
	AUTO_DONE(bytes) frame = { 0 };
	struct recorded r = { 0 };

	TRY(body_decode_case(line, &body));
	request_encode(&body.asked, &frame);
	TRY(bytes_check(&frame));
	TRY(request_decode(bytes_view(&frame), &r.request));
	r.facts = body.facts;
	*out_case = r;
	return ERR_OK;
}

static int
read_lines(FILE *in, const struct line_reader *r)
{
	char *line = NULL;
	size_t size = 0, number = 0;
	ssize_t n;
	int status = EXIT_DONE;

	while ((n = getline(&line, &size, in)) > 0) {
		number++;
		if (r->one(r->context, VIEW(line, (size_t)n)) == ERR_OK)
			continue;
		status = EXIT_FAILED;
		if (r->bad(r->context, number) != ERR_OK)
			break;
	}
	free(line);	/* lint: getline() took it */
	return status;
}

int
policy_lines(const char *path, const struct line_reader *r)
{
	FILE *in = stdin;
	int status;

	if (path != NULL && strcmp(path, "-") != 0 &&
	    (in = fopen(path, "re")) == NULL)
		return complain_err(path, err_system("open"));
	status = read_lines(in, r);
	if (in != stdin)
		fclose(in);
	return status;
}

/* ---- explain: a decision a line */

static enum err
flush(void)
{
	return fflush(stdout) == 0 ? ERR_OK :
	    err_because(ERR_SYSTEM, "standard output is closed");
}

static enum err
explain_json(void *context, struct view line)
{
	AUTO_DONE(recorded) c = { 0 };
	AUTO_DONE(bytes) out = { 0 };

	TRY(recorded_read(line, &c));
	TRY(policy_explain(context, c.request, &c.facts, &out));
	put_view(bytes_view(&out));
	return flush();
}

/* A case that cannot be read has its line, too: {"error":…}. */
static enum err
error_json(void *context, size_t number)
{
	AUTO_DONE(bytes) out = { 0 };
	struct json j = json_start(&out);

	(void)context;
	(void)number;
	json_record(&j, NULL);
	json_c_text(&j, "error", err_why());
	json_close(&j);
	TRY(json_end(&j));
	put_line(bytes_view(&out));
	return flush();
}

/* ---- explain, for people */

static void
print_rule(const struct rule_result *r)
{
	static const struct {
		const char	*word, *colour;
	} outcomes[] = {
		[OUTCOME_PASS] = { "pass", GREEN },
		[OUTCOME_FAIL] = { "FAIL", RED },
		[OUTCOME_NOT_APPLICABLE] = { "-", DIM },
	};

	printf("  %s%-4s%s  %-24s %s\n", paint(stdout,
	    outcomes[r->outcome].colour), outcomes[r->outcome].word,
	    paint(stdout, PLAIN), r->id, r->message);
	if (r->basis[0] != '\0')
		printf("  %30s %s%s%s\n", "", paint(stdout, DIM), r->basis,
		    paint(stdout, PLAIN));
}

static void
print_time(const char *what, int64_t t)
{
	char buffer[INSTANT_TEXT];

	if (t != TIME_NONE)
		printf("  %-22s %s\n", what, instant_text(t, buffer));
}

static void
print_decision(const struct policy *p, const struct recorded *c,
    const struct decision *d)
{
	const struct asked *a = request_asked(c->request);
	const struct fee_result *fee;

	printf("%s%s%s: %.*s, %s, %s (policy serial %lld)\n",
	    paint(stdout, decision_allows(d) ? GREEN : RED),
	    decision_allows(d) ? "ALLOW" : "DENY", paint(stdout, PLAIN),
	    (int)a->programme.len, (const char *)a->programme.at,
	    operation_name(a->operation), a->action != 0 ?
	    action_name(a->action) : purpose_name(a->purpose),
	    (long long)policy_serial(p));
	for (size_t i = 0; i < decision_count(d); i++)
		print_rule(decision_rule(d, i));
	for (size_t i = 0; (fee = decision_fee(d, i)) != NULL; i++)
		printf("  %-22s %lld won\n", fee->id, (long long)fee->won);
	if (decision_allows(d)) {
		const struct grant_terms *t = grant_terms(decision_grant(d));

		print_time("valid from", t->valid_from);
		print_time("administrative expiry", t->administrative_expiry);
		print_time("technical expiry", t->technical_expiry);
	}
	printf("\n");
}

static enum err
explain_readable(void *context, struct view line)
{
	AUTO_DONE(recorded) c = { 0 };
	AUTO(decision) d = NULL;

	TRY(recorded_read(line, &c));
	TRY(policy_decide(context, c.request, &c.facts, &d));
	print_decision(context, &c, d);
	return flush();
}

static enum err
error_readable(void *context, size_t number)
{
	(void)context;
	complain("line %zu: %s", number, err_why());
	return ERR_OK;
}

int
policy_explain_cases(const struct arguments *a)
{
	AUTO(policy) policy = NULL;
	const char *dir = option_value(a, "policy", NULL);
	struct line_reader r = { explain_json, error_json, NULL };
	int status;

	if (dir == NULL) {
		complain("--policy says which policy decides");
		return EXIT_USAGE;
	}
	if ((status = policy_open(dir, &policy)) != EXIT_DONE)
		return status;
	if (option_given(a, "readable"))
		r = (struct line_reader){ explain_readable, error_readable,
		    NULL };
	r.context = policy;
	return policy_lines(argument(a, 0), &r);
}
