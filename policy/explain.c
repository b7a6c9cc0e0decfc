/*
 * Explaining: policy_decide() and its JSON. Reading JSON is the caller's.
 */
#include "policy/explain.h"

#include "policy/decide.h"

static void
put_time(struct json *j, const char *name, int64_t instant)
{
	char text[INSTANT_TEXT];

	if (instant == TIME_NONE)
		json_none(j, name);
	else
		json_c_text(j, name, instant_text(instant, text));
}

/* Of a credential: those asked for, or all of the programme's. */
static void
put_formats(struct json *j, const struct asked *a, const struct programme *p)
{
	bool all = a->operation == OPERATION_CREDENTIAL &&
	    a->format_count == 0;

	json_items(j, "formats");
	for (size_t i = 0; i < a->format_count; i++)
		json_text(j, NULL, a->formats[i]);
	for (size_t i = 0; all && p->formats[i] != NULL; i++)
		json_c_text(j, NULL, p->formats[i]);
	json_close(j);
}

static void
put_grant(struct json *j, const struct grant *g, const struct asked *a)
{
	const struct grant_terms *t = grant_terms(g);

	json_record(j, "grant");
	put_time(j, "valid_from", t->valid_from);
	put_time(j, "administrative_expiry", t->administrative_expiry);
	put_time(j, "technical_expiry", t->technical_expiry);
	put_formats(j, a, grant_programme(g));
	json_close(j);
}

enum err
policy_explain(const struct policy *p, const struct request *r,
    const struct facts *f, struct bytes *out)
{
	AUTO(decision) d = NULL;
	struct json j = json_start(out);

	TRY(policy_decide(p, r, f, &d));
	json_record(&j, NULL);
	decision_put(d, &j);
	if (decision_allows(d))
		put_grant(&j, decision_grant(d), request_asked(r));
	json_close(&j);
	TRY(json_end(&j));
	bytes_put_u8(out, '\n');
	return bytes_check(out);
}
