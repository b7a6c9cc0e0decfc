/*
 * What a replay found, in words and in JSON. Reasons are ours; where they
 * quote an entry, its form was checked.
 */
#include "audit/replay.h"

#include <inttypes.h>

#include "base/json.h"

#define LINE_WIDTH 72	/* where OK stands */
#define SHOWN 10	/* findings told to people */

static const char *const titles[] = {
#define X(name, title) title,
	REPLAY_CHECKS(X)
#undef X
};

/* By exit status. */
static const char *const verdicts[][2] = {
	{ "explained", "EXPLAINED" },
	{ "unexplained", "UNEXPLAINED" },
	{ "incomplete", "INCOMPLETE" },
};

const char *
replay_check_title(enum replay_check c)
{
	return titles[c];
}

static void
put_summary(const struct replay_result *r, enum replay_check check,
    struct bytes *out)
{
	static const char *const words[] = {
		[REPLAY_POLICIES] = "came into force as signed",
		[REPLAY_DECISIONS] = "decided as the policy in force decides",
		[REPLAY_GRANTS] = "granted as it grants",
		[REPLAY_DEVICES] = "issued to the holder's only device",
		[REPLAY_CHANGES] = "of status follow a device's life",
		[REPLAY_TOKENS] = "of QR tokens, none redeemed twice",
		[REPLAY_KEYS] = "bound to one holder each",
	};
	struct replay_count c = r->count[check];

	bytes_printf(out, "%" PRIu64 "/%" PRIu64 " %s", c.good, c.total,
	    words[check]);
}

static const char *
origin_of(const struct replay_result *r, const struct replay_finding *f)
{
	return r->log_count != 0 ? r->origins[f->log] : "";
}

static void
put_line(const struct replay_result *r, enum replay_check check,
    struct bytes *out)
{
	struct replay_count c = r->count[check];
	size_t start = out->len;

	bytes_printf(out, "%-12s ", titles[check]);
	put_summary(r, check, out);
	bytes_put_u8(out, ' ');
	while (!out->failed && out->len - start < LINE_WIDTH)
		bytes_put_u8(out, '.');
	bytes_put_text(out, c.good == c.total ? " OK\n" : " UNEXPLAINED\n");
}

void
replay_report(const struct replay_result *r, struct bytes *out)
{
	for (unsigned int i = 0; i < REPLAY_CHECK_COUNT; i++)
		put_line(r, (enum replay_check)i, out);
	for (size_t i = 0; i < r->finding_count && i < SHOWN; i++)
		bytes_printf(out, "  entry %" PRIu64 "%s%s, %s: %s\n",
		    r->findings[i].index, r->log_count != 0 ? " of " : "",
		    origin_of(r, &r->findings[i]),
		    titles[r->findings[i].check], r->findings[i].why);
	if (r->finding_count > SHOWN)
		bytes_printf(out, "  and %" PRIu64 " more (--json)\n",
		    r->finding_count - SHOWN);
	if (r->untold != 0)
		bytes_printf(out, "  %" PRIu64 " decisions tell no facts to "
		    "judge by (an older program wrote them)\n", r->untold);
	if (r->foreign != 0)
		bytes_printf(out, "  %" PRIu64 " effects begin in another "
		    "log\n", r->foreign);
	if (r->missing_count != 0)
		bytes_printf(out, "  %zu of the nodes' logs are missing: %s%s"
		    "\n", r->missing_count, r->missing, r->missing_count > 1 ?
		    ", …" : "");
	bytes_printf(out, "%s\n", verdicts[replay_exit_status(r)][1]);
}

static void
put_finding(const struct replay_result *r, struct json *j,
    const struct replay_finding *f)
{
	json_record(j, NULL);
	if (r->log_count != 0)
		json_c_text(j, "log", origin_of(r, f));
	json_int(j, "index", (int64_t)f->index);
	json_c_text(j, "check", titles[f->check]);
	json_c_text(j, "why", f->why);
	json_close(j);
}

static void
put_logs(const struct replay_result *r, struct json *j)
{
	json_items(j, "logs");
	for (size_t i = 0; i < r->log_count; i++)
		json_c_text(j, NULL, r->origins[i]);
	json_close(j);
	json_int(j, "missing_count", (int64_t)r->missing_count);
	if (r->missing_count != 0)
		json_c_text(j, "missing", r->missing);
}

enum err
replay_report_json(const struct replay_result *r, struct bytes *out)
{
	struct json j = json_start(out);

	json_record(&j, NULL);
	json_c_text(&j, "verdict", verdicts[replay_exit_status(r)][0]);
	json_int(&j, "entries", (int64_t)r->entries);
	json_int(&j, "rules", (int64_t)r->rules);
	json_int(&j, "untold", (int64_t)r->untold);
	json_int(&j, "foreign", (int64_t)r->foreign);
	json_int(&j, "active_devices", (int64_t)r->active);
	json_items(&j, "checks");
	for (unsigned int i = 0; i < REPLAY_CHECK_COUNT; i++) {
		json_record(&j, NULL);
		json_c_text(&j, "check", titles[i]);
		json_int(&j, "good", (int64_t)r->count[i].good);
		json_int(&j, "total", (int64_t)r->count[i].total);
		json_close(&j);
	}
	json_close(&j);
	json_int(&j, "finding_count", (int64_t)r->finding_count);
	json_items(&j, "findings");
	for (size_t i = 0; i < r->finding_count && i < REPLAY_FINDINGS; i++)
		put_finding(r, &j, &r->findings[i]);
	json_close(&j);
	if (r->log_count != 0)
		put_logs(r, &j);
	json_close(&j);
	return json_end(&j);
}
