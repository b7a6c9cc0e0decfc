/*
 * Open orphans for people: what the log knows of each, none of it personal,
 * and what follows if nobody does anything. Next: signer/gate/route_own.c.
 */
#include <string.h>

#include "base/json.h"
#include "signer/notary/orphans.h"
#include "signer/notary/restore.h"

static void
put_member(struct json *j, const char *name, const struct schema_entry *e,
    enum schema_member m)
{
	if (e->member[m].at != NULL)
		json_text(j, name, e->member[m]);
	else
		json_none(j, name);
}

static void
put_time(struct json *j, const char *name, int64_t t)
{
	char text[INSTANT_TEXT];

	if (t == TIME_NONE)
		json_none(j, name);
	else
		json_c_text(j, name, instant_text(t, text));
}

/* Once nobody can ask for the same again. */
static const char *
otherwise(const struct schema_entry *e)
{
	struct view purpose = e->member[SCHEMA_PURPOSE];

	if (e->event != SCHEMA_EVENT_DECISION)
		return "the service makes another by itself";
	if (view_is(e->member[SCHEMA_OP], "qr-token"))
		return "perhaps nobody has this token, and it expires: the "
		    "holder asks for another";
	if (view_is(purpose, "refresh"))
		return "the device has perhaps only what it had before: it "
		    "is refreshed again";
	return "the device counts as the holder's one, perhaps without a "
	    "credential: it is reissued or revoked";
}

/* Until when a retry is served; TIME_NONE: it is not. */
static enum err
retry_until(struct notary *n, const struct schema_entry *e, int64_t *out)
{
	AUTO_DONE(bytes) raw = { 0 };
	struct registry_idem idem;
	struct handle id;
	enum err found;

	*out = TIME_NONE;
	if (e->member[SCHEMA_REQ].at == NULL ||
	    hex_get(e->member[SCHEMA_REQ], &raw) != ERR_OK ||
	    raw.len != sizeof(id.at))
		return ERR_OK;
	memcpy(id.at, raw.at, sizeof(id.at));
	found = registry_idem_find(n->registry, &id, &idem);
	if (found == ERR_NOT_FOUND || (found == ERR_OK &&
	    restore_is_closed(&idem)))
		return ERR_OK;
	TRY(found);
	*out = idem.terms.issued_at + REGISTRY_IDEM_KEPT;
	return ERR_OK;
}

static enum err
put_one(struct notary *n, const struct registry_orphan *o, struct json *j)
{
	struct schema_entry e;
	struct view bytes;
	int64_t until;

	TRY(registry_entry_get(n->registry, o->index, &bytes));
	TRY(schema_get(bytes, &e));
	json_record(j, NULL);
	json_int(j, "index", (int64_t)o->index);
	put_time(j, "time", (int64_t)(schema_count(&e, SCHEMA_T) / 1000));
	json_int(j, "noted", (int64_t)o->noted);
	json_c_text(j, "event", schema_event_name(e.event));
	put_member(j, "operation", &e, SCHEMA_OP);
	put_member(j, "programme", &e, SCHEMA_PROGRAMME);
	put_member(j, "purpose", &e, SCHEMA_PURPOSE);
	put_member(j, "caller", &e, SCHEMA_CALLER);
	put_member(j, "centre", &e, SCHEMA_CENTRE);
	put_member(j, "request", &e, SCHEMA_REQ);
	json_bool(j, "being_signed", outstanding_find(&n->outstanding,
	    o->index) != NULL);
	TRY(retry_until(n, &e, &until));
	put_time(j, "retry_until", until);
	json_c_text(j, "otherwise", otherwise(&e));
	json_close(j);
	return ERR_OK;
}

enum err
orphans_put(struct notary *n, uint64_t from, struct bytes *out_json)
{
	struct registry_orphan page[ORPHANS_PAGE + 1];
	struct json j = json_start(out_json);
	uint64_t open;
	size_t count;

	TRY(registry_orphans_count(n->registry, &open));
	TRY(registry_orphans_open(n->registry, from, COUNT(page), page,
	    &count));
	json_record(&j, NULL);
	json_c_text(&j, "origin", n->config->origin);
	json_int(&j, "open", (int64_t)open);
	json_items(&j, "orphans");
	for (size_t i = 0; i < count && i < ORPHANS_PAGE; i++)
		TRY(put_one(n, &page[i], &j));
	json_close(&j);
	if (count > ORPHANS_PAGE)
		json_int(&j, "next", (int64_t)page[ORPHANS_PAGE].index);
	else
		json_none(&j, "next");
	json_close(&j);
	return json_end(&j);
}
