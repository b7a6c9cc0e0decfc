/*
 * Between a decision and what the log tells of it. Putting is the notary's,
 * with its own facts; taking is the auditor's, from an entry that may say
 * anything. Whoever gives judges a new fact tells it here, both ways, or
 * replays will differ. Next: audit/replay.c.
 */
#include "policy/seen.h"

#include <stdio.h>
#include <string.h>

#include "policy/decide.h"
#include "policy/grant.h"

/* ---- putting */

/* Above zero only for what lies ahead. */
static int64_t
days_ahead(int64_t instant, int64_t now)
{
	int64_t seconds = instant - now;

	return seconds > 0 ? (seconds + DAY - 1) / DAY : seconds / DAY;
}

/* A member of "fees" or "saw". */
struct told {
	const char	*id;
	const char	*word;		/* or NULL: the value */
	int64_t		 value;
};

struct told_list {
	size_t		count;
	struct told	at[SEEN_RULES];
};

/* Into its place by id. */
static void
tell(struct told_list *l, struct told t)
{
	size_t i = l->count++;

	for (; i > 0 && strcmp(l->at[i - 1].id, t.id) > 0; i--)
		l->at[i] = l->at[i - 1];
	l->at[i] = t;
}

static void
put_told(const struct told_list *l, const char *name, struct json *j)
{
	if (l->count == 0)
		return;
	json_record(j, name);
	for (size_t i = 0; i < l->count; i++) {
		if (l->at[i].word != NULL)
			json_c_text(j, l->at[i].id, l->at[i].word);
		else
			json_int(j, l->at[i].id, l->at[i].value);
	}
	json_close(j);
}

static void
put_fees(const struct decision *d, struct json *j)
{
	struct told_list fees = { 0 };
	const struct fee_result *fee;

	for (size_t i = 0; (fee = decision_fee(d, i)) != NULL; i++)
		tell(&fees, (struct told){ fee->id, NULL, fee->won });
	put_told(&fees, "fees", j);
}

static void
put_formats(const struct asked *a, struct json *j)
{
	AUTO_DONE(bytes) text = { 0 };
	enum credential_format f;

	for (size_t i = 0; i < a->format_count; i++) {
		if (i != 0)
			bytes_put_u8(&text, ',');
		if (format_of(a->formats[i], &f) == ERR_OK)
			bytes_put(&text, a->formats[i]);
		else
			bytes_put_text(&text, "unknown");
	}
	if (a->format_count != 0)
		json_text(j, "formats", bytes_view(&text));
}

static void
put_last_issue(const struct asked *a, const struct facts *f, struct json *j)
{
	if (f->last_issued_at == TIME_NONE ||
	    a->evidence.kind != EVIDENCE_QR_TOKEN)
		return;
	json_int(j, "newer", f->evidence_issued_at > f->last_issued_at);
}

static void
put_sights(const struct decision *d, struct json *j)
{
	const struct programme_file *p = decision_programme(d);
	const struct judged *judged = decision_judged(d);
	struct told_list sights = { 0 };

	for (size_t i = 0; p != NULL && i < p->rules.count; i++) {
		const struct rule_entry *e = &p->rules.at[i];
		const struct sight *sight = &judged->sights[i + 1];
		const char *const *words = rule_kind(e->rule)->sights;

		if (sight->made)
			tell(&sights, (struct told){ e->id, words != NULL ?
			    words[sight->value] : NULL, sight->value });
	}
	put_told(&sights, "saw", j);
}

static void
put_signer(const struct facts *f, struct json *j)
{
	json_int(j, "signer", days_ahead(f->signer_not_after, f->now));
	if (f->last_issued_at != TIME_NONE)
		json_int(j, "since", days_ahead(f->now, f->last_issued_at));
	if (f->signer_not_before > f->now)
		json_int(j, "starts", days_ahead(f->signer_not_before,
		    f->now));
}

void
seen_put(const struct decision *d, const struct request *r,
    const struct facts *f, struct json *j)
{
	const struct asked *a = request_asked(r);
	int centre = region_code(a->evidence.centre);
	char digits[6];

	json_int(j, "active", f->active_devices);
	if (centre != REGION_NONE) {
		snprintf(digits, sizeof(digits), "%05d", centre);
		json_c_text(j, "centre", digits);
	}
	if (a->holder.ic_chip)
		json_int(j, "chip", 1);
	if (a->evidence.kind != EVIDENCE_NONE)
		json_c_text(j, "evidence", evidence_state_name(f->evidence));
	put_fees(d, j);
	put_formats(a, j);
	if (f->administrative_expiry != TIME_NONE)
		json_int(j, "left", days_ahead(f->administrative_expiry,
		    f->now));
	put_last_issue(a, f, j);
	json_int(j, "now", f->now);
	if (f->other_device)
		json_int(j, "other", 1);
	if (a->has_device)
		json_c_text(j, "proof", proof_state_name(f->device_proof));
	put_sights(d, j);
	put_signer(f, j);
	if (f->device_state != DEVICE_NONE)
		json_c_text(j, "state", device_state_name(f->device_state));
	if (f->this_device_active)
		json_int(j, "this", 1);
}

struct view
seen_reason(const struct decision *d, const struct request *r)
{
	const struct programme_file *p = decision_programme(d);
	const struct asked *a = request_asked(r);

	for (size_t i = 0; p != NULL && i < p->rules.count; i++) {
		const struct rule *rule = p->rules.at[i].rule;

		if (a->action != 0 ?
		    rule_lists_change(rule, a->action, a->reason) :
		    rule_lists_reason(rule, a->reason))
			return a->reason;
	}
	return (struct view){ 0 };
}
