/*
 * What officers and monitoring hear of the policy in force. Previous:
 * force.c.
 */
#include <inttypes.h>

#include "signer/notary/force.h"
#include "signer/notary/notary.h"

static void
put_change(const struct force *f, struct json *j)
{
	char at[INSTANT_TEXT];

	json_record(j, "last_change");
	json_c_text(j, "at", instant_text(f->changed_at, at));
	json_bool(j, "ok", !f->failed);
	if (f->failed && utf8_valid(view_text(f->why)))
		json_c_text(j, "message", f->why);
	json_close(j);
}

enum err
force_put(const struct notary *n, struct bytes *out)
{
	const struct force *f = &n->force;
	struct json j = json_start(out);

	json_record(&j, NULL);
	bundle_put(f->bundle, &j);
	json_bool(&j, "in_force", force_check(n, time_now()) == ERR_OK);
	put_change(f, &j);
	if (f->candidate != NULL) {
		json_record(&j, "shadow");
		bundle_put(f->candidate, &j);
		shadow_put(&f->shadow, &j);
		json_close(&j);
	}
	json_close(&j);
	return json_end(&j);
}

static void
put_number(struct bytes *out, const char *name, const char *help,
    int64_t value)
{
	tally_head(out, name, "gauge", help);
	bytes_printf(out, "okse_%s %" PRId64 "\n", name, value);
}

void
force_metrics(const struct notary *n, struct bytes *out)
{
	const struct force *f = &n->force;
	const struct manifest *m = bundle_manifest(f->bundle);

	tally_head(out, "policy_info", "gauge", "The policy in force.");
	bytes_printf(out, "okse_policy_info{serial=\"%" PRId64 "\",sha256=\"",
	    m->serial);
	hex_put(out, VIEW_OF(policy_hash(n->policy)->at));
	bytes_put_text(out, "\"} 1\n");
	put_number(out, "policy_expiry_timestamp_seconds",
	    "When it expires; nothing is decided from then on.", m->expires);
	put_number(out, "policy_last_reload_success",
	    "Whether the last change of policy succeeded.", !f->failed);
	put_number(out, "policy_last_reload_timestamp_seconds",
	    "When that was.", f->changed_at);
	if (f->candidate != NULL)
		shadow_metrics(&f->shadow, out);
}
