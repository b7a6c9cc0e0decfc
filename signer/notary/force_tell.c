/*
 * What officers and monitoring hear of the policy in force. Previous:
 * force.c.
 */
#include <inttypes.h>

#include "signer/notary/force.h"
#include "signer/notary/notary.h"

static void
put_time(struct json *j, const char *name, int64_t at)
{
	char text[INSTANT_TEXT];

	json_string(j, name, instant_text(at, text));
}

static void
put_bundle(const struct bundle *b, struct json *j)
{
	const struct manifest *m = bundle_manifest(b);
	const struct approvals *signers = bundle_signers(b);

	json_int(j, "serial", m->serial);
	json_hex(j, "sha256", VIEW_OF(policy_hash(bundle_policy(b))->at));
	json_hex(j, "manifest", VIEW_OF(bundle_hash(b)->at));
	put_time(j, "not_before", m->not_before);
	put_time(j, "expires", m->expires);
	json_array(j, "signers");
	for (unsigned int i = 0; i < signers->count; i++)
		json_int(j, NULL, signers->seats[i]);
	json_close(j);
}

static void
put_change(const struct force *f, struct json *j)
{
	json_object(j, "last_change");
	put_time(j, "at", f->changed_at);
	json_bool(j, "ok", !f->failed);
	if (f->failed && utf8_valid(view_text(f->why)))
		json_string(j, "message", f->why);
	json_close(j);
}

enum err
force_put(const struct notary *n, struct bytes *out)
{
	const struct force *f = &n->force;
	struct json j = json_start(out);

	json_object(&j, NULL);
	put_bundle(f->bundle, &j);
	json_bool(&j, "in_force", force_check(n, time_now()) == ERR_OK);
	put_change(f, &j);
	if (f->candidate != NULL) {
		json_object(&j, "shadow");
		put_bundle(f->candidate, &j);
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
