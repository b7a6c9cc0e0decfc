/*
 * What the witnesses make of the log, told: entries of those lost and gained,
 * the state of the log for programs and people, metrics. Names come from the
 * trust policy; nothing here changes what happens.
 */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/time.h"
#include "signer/notary/attest.h"
#include "signer/notary/notary.h"

#define SECOND INT64_C(1000000)

/* ---- entries */

/* The schema's names have fewer characters than a trust policy's. */
static void
put_name(const struct attest_witness *w, char out[129])
{
	size_t n = w->trust->name.len < 128 ? w->trust->name.len : 128;

	for (size_t i = 0; i < n; i++) {
		char c = (char)w->trust->name.at[i];

		out[i] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || (c != '\0' &&
		    strchr("._:/@+=,-", c) != NULL) ? c : '_';
	}
	out[n] = '\0';
}

static enum err
stage_one(struct notary *n, const struct attest_witness *w)
{
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;
	char name[129];

	put_name(w, name);
	TRY(journal_next(n->journal, &c));
	TRY(w->due == ATTEST_GAINED ?
	    entry_witness_gained(&c, name, w->cosigned, &entry) :
	    entry_witness_lost(&c, name, attest_state_name(w->state),
	    w->cosigned, &entry));
	return journal_put(n->journal, bytes_view(&entry), NULL);
}

enum err
attest_stage(struct notary *n)
{
	for (size_t i = 0; n->attest != NULL && i < n->attest->count; i++)
		if (n->attest->at[i].due != ATTEST_UNRECORDED)
			TRY(stage_one(n, &n->attest->at[i]));
	return ERR_OK;
}

void
attest_staged(struct attest *a)
{
	for (size_t i = 0; a != NULL && i < a->count; i++) {
		struct attest_witness *w = &a->at[i];

		if (w->due != ATTEST_UNRECORDED)
			w->recorded = w->due;
		w->due = ATTEST_UNRECORDED;
	}
}

bool
attest_has_news(const struct attest *a)
{
	for (size_t i = 0; a != NULL && i < a->count; i++)
		if (a->at[i].due != ATTEST_UNRECORDED)
			return true;
	return false;
}

/* ---- the state, as JSON */

static void
put_size(struct json *j, const char *name, uint64_t size)
{
	json_int(j, name, (int64_t)size);
}

static void
put_time(struct json *j, const char *name, int64_t at)
{
	char text[INSTANT_TEXT];

	if (at == 0)
		json_none(j, name);
	else
		json_c_text(j, name, instant_text(at, text));
}

static void
put_witness(const struct attest_witness *w, int64_t now_us, struct json *j)
{
	AUTO_DONE(bytes) key = { 0 };

	vkey_put(w->trust->key, &key);
	json_record(j, NULL);
	json_text(j, "name", w->trust->name);
	json_text(j, "key", bytes_view(&key));
	json_c_text(j, "state", attest_state_name(w->state));
	put_size(j, "cosigned", w->cosigned);
	put_time(j, "cosigned_at", w->cosigned_at);
	json_int(j, "lag_seconds", attest_waited(&w->lag, now_us) / SECOND);
	if (w->state != ATTEST_AGREES && w->why[0] != '\0')
		json_c_text(j, "why", w->why);
	json_close(j);
}

enum err
attest_put(const struct attest *a, const struct journal *j, int64_t now_us,
    struct bytes *out)
{
	struct json json = json_start(out);

	json_record(&json, NULL);
	put_size(&json, "durable", journal_durable(j));
	put_size(&json, "published", journal_published(j));
	if (a == NULL)
		json_none(&json, "witnessed");
	else
		put_size(&json, "witnessed", a->witnessed);
	if (a != NULL) {
		put_time(&json, "witnessed_at", a->witnessed_at);
		json_int(&json, "lag_seconds",
		    attest_waited(&a->lag, now_us) / SECOND);
		json_bool(&json, "issuing", attest_check(a, now_us) == ERR_OK);
		json_text(&json, "quorum", trust_quorum(a->policy));
		json_items(&json, "witnesses");
		for (size_t i = 0; i < a->count; i++)
			put_witness(&a->at[i], now_us, &json);
		json_close(&json);
	}
	json_close(&json);
	return json_end(&json);
}

/* ---- metrics */

static void
put_gauge(struct bytes *out, const char *name, const char *help,
    uint64_t value)
{
	tally_head(out, name, "gauge", help);
	bytes_printf(out, "okse_%s %" PRIu64 "\n", name, value);
}

static void
put_each(const struct attest *a, struct bytes *out, const char *name,
    const char *type, const char *help,
    uint64_t (*value)(const struct attest_witness *w, int64_t now_us),
    int64_t now_us)
{
	tally_head(out, name, type, help);
	for (size_t i = 0; i < a->count; i++) {
		char label[129];

		put_name(&a->at[i], label);
		bytes_printf(out, "okse_%s{witness=\"%s\"} %" PRIu64 "\n",
		    name, label, value(&a->at[i], now_us));
	}
}

static uint64_t
agrees(const struct attest_witness *w, int64_t now_us)
{
	(void)now_us;
	return w->state == ATTEST_AGREES;
}

static uint64_t
lags(const struct attest_witness *w, int64_t now_us)
{
	return (uint64_t)(attest_waited(&w->lag, now_us) / SECOND);
}

static uint64_t
cosigned(const struct attest_witness *w, int64_t now_us)
{
	(void)now_us;
	return w->cosigned;
}

static uint64_t
troubles(const struct attest_witness *w, int64_t now_us)
{
	(void)now_us;
	return w->troubles;
}

void
attest_metrics(const struct attest *a, const struct journal *j,
    int64_t now_us, struct bytes *out)
{
	if (a == NULL || j == NULL)
		return;
	put_gauge(out, "log_witnessed_entries", "Entries under a checkpoint "
	    "that had its quorum of witnesses.", a->witnessed);
	put_gauge(out, "log_witness_lag_seconds", "How long the oldest entry "
	    "without a quorum waits.",
	    (uint64_t)(attest_waited(&a->lag, now_us) / SECOND));
	put_gauge(out, "log_issuing", "0 when nothing is issued for want of "
	    "witnesses.", attest_check(a, now_us) == ERR_OK);
	put_each(a, out, "witness_agrees", "gauge", "Whether a witness "
	    "agreed with what it was asked last.", agrees, now_us);
	put_each(a, out, "witness_lag_seconds", "gauge", "How long it has "
	    "not cosigned what is new.", lags, now_us);
	put_each(a, out, "witness_cosigned_entries", "gauge", "Size of the "
	    "largest tree it cosigned since the start.", cosigned, now_us);
	put_each(a, out, "witness_troubles_total", "counter", "Errands that "
	    "brought no cosignature.", troubles, now_us);
}
