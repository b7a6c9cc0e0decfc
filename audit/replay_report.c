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
		bytes_printf(out, "  entry %" PRIu64 ", %s: %s\n",
		    r->findings[i].index, titles[r->findings[i].check],
		    r->findings[i].why);
	if (r->finding_count > SHOWN)
		bytes_printf(out, "  and %" PRIu64 " more (--json)\n",
		    r->finding_count - SHOWN);
	if (r->untold != 0)
		bytes_printf(out, "  %" PRIu64 " decisions tell no facts to "
		    "judge by (an older program wrote them)\n", r->untold);
	if (r->foreign != 0)
		bytes_printf(out, "  %" PRIu64 " effects begin in another "
		    "log\n", r->foreign);
	bytes_printf(out, "%s\n", r->finding_count != 0 ? "UNEXPLAINED" :
	    r->untold != 0 ? "INCOMPLETE" : "EXPLAINED");
}

static void
put_finding(struct json *j, const struct replay_finding *f)
{
	json_record(j, NULL);
	json_int(j, "index", (int64_t)f->index);
	json_c_text(j, "check", titles[f->check]);
	json_c_text(j, "why", f->why);
	json_close(j);
}

enum err
replay_report_json(const struct replay_result *r, struct bytes *out)
{
	struct json j = json_start(out);

	json_record(&j, NULL);
	json_c_text(&j, "verdict", r->finding_count != 0 ? "unexplained" :
	    r->untold != 0 ? "incomplete" : "explained");
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
		put_finding(&j, &r->findings[i]);
	json_close(&j);
	json_close(&j);
	return json_end(&j);
}
