/*
 * Looking up a holder's devices. The number comes from an officer, through
 * desk and supervisor, and is a pseudonym from here on; nothing is told before
 * the log has that it was asked. Next: signer/gate/route_own.c.
 */
#include "signer/notary/lookup.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "signer/notary/aside.h"

#define CREDENTIALS_MAX 16	/* of one use: what is shown */

/* Who is looked up, and where. */
struct subject {
	struct handle	holder;
	char		programme[REGISTRY_NAME + 1];
};

/* ---- who it is */

static enum err
put_programme(struct notary *n, struct view id, struct subject *out)
{
	if (id.len > REGISTRY_NAME || policy_programme(n->policy, id) == NULL)
		return err_because(ERR_NOT_FOUND,
		    "the policy has no such programme");
	memcpy(out->programme, id.at, id.len);
	out->programme[id.len] = '\0';
	return ERR_OK;
}

static enum err
subject_of_entry(struct notary *n, uint64_t index, struct subject *out)
{
	AUTO_DONE(bytes) raw = { 0 };
	struct schema_entry e;
	struct view bytes, programme;

	if (index >= journal_durable(n->journal))
		return err_because(ERR_NOT_FOUND, "the log has no entry %"
		    PRIu64, index);
	TRY(registry_entry_get(n->registry, index, &bytes));
	TRY(schema_get(bytes, &e));
	programme = e.member[SCHEMA_PROGRAMME];
	if (e.event != SCHEMA_EVENT_DECISION ||
	    e.member[SCHEMA_HOLDER].at == NULL)
		return err_because(ERR_MISMATCH, "entry %" PRIu64
		    " is about nobody's device", index);
	TRY(hex_get(e.member[SCHEMA_HOLDER], &raw));
	memcpy(out->holder.at, raw.at, sizeof(out->holder.at));
	memcpy(out->programme, programme.at, programme.len);
	out->programme[programme.len] = '\0';
	return ERR_OK;
}

static enum err
find_subject(struct notary *n, const struct lookup_wish *w,
    struct subject *out)
{
	if (n->keys == NULL)
		return err_because(ERR_SEALED, "a holder is found with the "
		    "quorum's key only: the service is sealed");
	if (w->number.len == 0)
		return subject_of_entry(n, w->entry, out);
	out->holder = pseudonym_holder(n->keys, w->number);
	return put_programme(n, w->programme, out);
}

/* ---- on the record */

static enum err
stage_query(struct notary *n, const struct lookup_wish *w,
    const struct subject *s, uint64_t *out_index)
{
	const struct entry_query_facts f = {
		.what = "device",
		.caller = w->caller,
		.holder = s->holder.at,
		.of = &w->entry,
		.of_count = w->number.len == 0,
	};
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	TRY(registry_begin(n->registry));
	TRY(journal_next(n->journal, &c));
	TRY(entry_audit_query(&c, &f, &entry));
	*out_index = c.seq;
	return journal_put(n->journal, bytes_view(&entry), NULL);
}

/* ---- what is known */

static void
put_time(struct json *j, const char *name, int64_t t)
{
	char text[INSTANT_TEXT];

	if (t == TIME_NONE)
		json_none(j, name);
	else
		json_c_text(j, name, instant_text(t, text));
}

/* What has run out is expired, whether somebody has said so or not. */
static enum device_state
state_of(const struct registry_device *d, int64_t now)
{
	bool held = d->state == DEVICE_ACTIVE || d->state == DEVICE_SUSPENDED;

	return held && d->administrative_expiry != TIME_NONE &&
	    d->administrative_expiry <= now ? DEVICE_EXPIRED : d->state;
}

static const char *
value_name(enum status value)
{
	return value == STATUS_VALID ? "valid" : value == STATUS_INVALID ?
	    "invalid" : "suspended";
}

/* A use has a place for each credential of one issue. */
static enum err
put_use(struct notary *n, struct places *p, const struct registry_use *u,
    struct json *j)
{
	uint64_t places[CREDENTIALS_MAX];
	size_t count = u->use.count < CREDENTIALS_MAX ?
	    (size_t)u->use.count : CREDENTIALS_MAX;
	char uri[PLACES_URI];

	TRY(places_of_use(p, n->keys, n->registry, &u->use, count, places));
	TRY(places_uri(n->config->status_lists.uri, u->use.list, uri));
	for (size_t i = 0; i < count; i++) {
		json_record(j, NULL);
		json_c_text(j, "uri", uri);
		json_int(j, "idx", (int64_t)places[i]);
		json_c_text(j, "status", value_name(u->value));
		put_time(j, "valid_until", u->expires_at);
		json_close(j);
	}
	return ERR_OK;
}

static enum err
put_uses(struct notary *n, const struct handle *serial, struct json *j)
{
	struct registry_use uses[LOOKUP_USES];
	AUTO_DONE(places) p = { 0 };
	size_t count;

	TRY(registry_status_of(n->registry, serial, COUNT(uses), uses,
	    &count));
	json_items(j, "places");
	for (size_t i = 0; i < count; i++)
		TRY(put_use(n, &p, &uses[i], j));
	json_close(j);
	return ERR_OK;
}

static int64_t
bound_at(const struct registry_device *d)
{
	struct reader r = reader_of(VIEW_OF(d->serial.at));

	return reader_u32(&r);
}

static enum err
put_device(struct notary *n, const struct registry_device *d, int64_t now,
    struct json *j)
{
	json_record(j, NULL);
	json_c_text(j, "state", device_state_name(state_of(d, now)));
	put_time(j, "bound", bound_at(d));
	put_time(j, "issued_at", d->issued_at);
	put_time(j, "administrative_expiry", d->administrative_expiry);
	put_time(j, "refreshed_at", d->refreshed_at);
	put_time(j, "changed_at", d->changed_at);
	TRY(put_uses(n, &d->serial, j));
	json_close(j);
	return ERR_OK;
}

static enum err
put_devices(struct notary *n, const struct subject *s, struct json *j)
{
	struct registry_device found[LOOKUP_DEVICES];
	int64_t now = time_now();
	size_t count;

	TRY(registry_devices_of(n->registry, &s->holder,
	    view_text(s->programme), COUNT(found), found, &count));
	json_items(j, "devices");
	for (size_t i = 0; i < count; i++)
		TRY(put_device(n, &found[i], now, j));
	json_close(j);
	return ERR_OK;
}

enum err
lookup_device(struct notary *n, const struct lookup_wish *wish,
    bool *out_broken, struct bytes *out_json)
{
	struct json j = json_start(out_json);
	struct subject s = { 0 };
	uint64_t index = 0;

	TRY(find_subject(n, wish, &s));
	TRY(aside_commit(n, stage_query(n, wish, &s, &index), out_broken));
	json_record(&j, NULL);
	json_c_text(&j, "programme", s.programme);
	json_hex(&j, "holder", VIEW_OF(s.holder.at));
	TRY(put_devices(n, &s, &j));
	json_record(&j, "log");
	json_c_text(&j, "origin", n->config->origin);
	json_int(&j, "index", (int64_t)index);
	json_close(&j);
	json_close(&j);
	return json_end(&j);
}
