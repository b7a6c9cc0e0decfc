/*
 * Officers' questions. They come through the desk and the supervisor, which
 * believe nothing of the arguments; each is read strictly here. Next: force.c
 * for policies, registry_backup.c.
 */
#include "signer/notary/calls.h"

#include <string.h>

#include "signer/notary/lookup.h"
#include "signer/notary/orphans.h"
#include "signer/notary/period.h"
#include "signer/notary/rebuild.h"
#include "signer/notary/registry_inspect.h"

#define ARGUMENT_MAX ADMIN_SHARE_MAX

/* ---- policies: the argument is a serial */

static enum err
show_policy(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	(void)verb;
	(void)argument;
	(void)out_broken;
	return force_put(n, out_json);
}

static enum err
change_policy(struct notary *n, enum admin_verb verb,
    struct reader *argument, bool *out_broken, struct bytes *out_json)
{
	int64_t serial = (int64_t)reader_u64(argument);

	TRY(reader_end(argument, "the serial of a policy"));
	TRY(force_change(n, verb, serial, out_broken));
	return force_put(n, out_json);
}

/* ---- the registry */

static enum err
show_registry(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	AUTO_DONE(bytes) hold = { 0 };
	struct json j = json_start(out_json);
	uint64_t entries;

	(void)argument;
	(void)out_broken;
	TRY(registry_entry_count(n->registry, &entries));
	TRY(guard_put(&n->guard, &hold));
	json_record(&j, NULL);
	json_int(&j, "entries", (int64_t)entries);
	json_int(&j, "published", (int64_t)(n->guard.held ?
	    n->guard.published : journal_published(n->journal)));
	if (hold.len != 0)
		json_raw(&j, "hold", bytes_view(&hold));
	backup_put(n->backup, &j);
	rebuild_put(n->rebuild, &j);
	if (verb == ADMIN_REGISTRY_STATS) {
		json_record(&j, "stats");
		TRY(registry_stats(n->registry, &j));
		json_close(&j);
	}
	json_close(&j);
	return json_end(&j);
}

static enum err
begin_backup(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	struct backup *b = NULL;

	if (backup_is_running(n->backup))
		return err_because(ERR_IN_FLIGHT, "a backup is being made");
	TRY(backup_start(n->registry, n->config->registry, &b));
	backup_free(n->backup);
	n->backup = b;
	return show_registry(n, verb, argument, out_broken, out_json);
}

/* The argument: u64 first, u64 last of the missing entries, as confirmed. */
static enum err
begin_repair(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	uint64_t first = reader_u64(argument), last = reader_u64(argument);

	TRY(reader_end(argument, "what is to be repaired"));
	if (n->rebuild != NULL)
		return err_because(ERR_IN_FLIGHT, "it is being repaired");
	TRY(rebuild_start(n, first, last, &n->rebuild));
	return show_registry(n, verb, argument, out_broken, out_json);
}

/* ---- periods of the log */

static enum err
show_period(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	(void)verb;
	(void)argument;
	(void)out_broken;
	return period_put(n, out_json);
}

/* The argument is the period's name. */
static enum err
close_period(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	TRY(period_begin(n, reader_take(argument, argument->rest.len)));
	return show_period(n, verb, argument, out_broken, out_json);
}

/* ---- the log's minimum index */

static enum err
show_minimum(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	(void)verb;
	(void)argument;
	(void)out_broken;
	return prune_put(n, out_json);
}

/* The argument is the index in decimal. */
static enum err
set_minimum(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	uint64_t min = reader_decimal(argument, INT64_MAX);

	TRY(reader_end(argument, "a minimum index"));
	TRY(prune_begin(n, min));
	return show_minimum(n, verb, argument, out_broken, out_json);
}

/* ---- orphans */

/* The argument is the index from which on, in decimal, or nothing. */
static enum err
show_orphans(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	uint64_t from = argument->rest.len != 0 ?
	    reader_decimal(argument, INT64_MAX) : 0;

	(void)verb;
	(void)out_broken;
	TRY(reader_end(argument, "an index of the log"));
	return orphans_put(n, from, out_json);
}

static enum err
get_word(struct reader *r, size_t size, char *out)
{
	struct view v = reader_block(r, size - 1);

	if (v.len >= size || (v.len != 0 && memchr(v.at, 0, v.len) != NULL))
		return err_because(ERR_RANGE, "a word is too long");
	if (v.len != 0)
		memcpy(out, v.at, v.len);
	out[v.len] = '\0';
	return ERR_OK;
}

/* The argument: text who, text reason, u64 for each index. */
static enum err
close_orphans(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	struct orphans_wish wish = { 0 };

	(void)verb;
	TRY(get_word(argument, sizeof(wish.caller), wish.caller));
	TRY(get_word(argument, sizeof(wish.reason), wish.reason));
	while (argument->rest.len != 0 && !argument->failed &&
	    wish.count < COUNT(wish.of))
		wish.of[wish.count++] = reader_u64(argument);
	TRY(reader_end(argument, "orphans"));
	if (wish.count == 0)
		return err_because(ERR_SCHEMA, "no orphan is named");
	return orphans_close(n, &wish, out_broken, out_json);
}

/* ---- devices */

/* The argument: text who, text programme, text number or "", u64 entry. */
static enum err
find_device(struct notary *n, enum admin_verb verb, struct reader *argument,
    bool *out_broken, struct bytes *out_json)
{
	struct lookup_wish wish = { 0 };

	(void)verb;
	TRY(get_word(argument, sizeof(wish.caller), wish.caller));
	wish.programme = reader_block(argument, ARGUMENT_MAX);
	wish.number = reader_block(argument, ARGUMENT_MAX);
	wish.entry = reader_u64(argument);
	TRY(reader_end(argument, "whose device"));
	return lookup_device(n, &wish, out_broken, out_json);
}

/* ---- all of them */

static const struct {
	enum admin_verb	verb;
	bool		held;	/* served while the notary is held, too */
	enum err	(*serve)(struct notary *n, enum admin_verb verb,
			    struct reader *argument, bool *out_broken,
			    struct bytes *out_json);
} calls[] = {
	{ ADMIN_POLICY, false, show_policy },
	{ ADMIN_POLICY_ACTIVATE, false, change_policy },
	{ ADMIN_POLICY_SHADOW, false, change_policy },
	{ ADMIN_REGISTRY, true, show_registry },
	{ ADMIN_REGISTRY_STATS, true, show_registry },
	{ ADMIN_REGISTRY_BACKUP, true, begin_backup },
	{ ADMIN_REGISTRY_REPAIR, true, begin_repair },
	{ ADMIN_PERIOD, false, show_period },
	{ ADMIN_PERIOD_CLOSE, false, close_period },
	{ ADMIN_MINIMUM, false, show_minimum },
	{ ADMIN_MINIMUM_SET, false, set_minimum },
	{ ADMIN_ORPHANS, false, show_orphans },
	{ ADMIN_ORPHANS_CLOSE, false, close_orphans },
	{ ADMIN_DEVICE, false, find_device },
};

static enum err
serve(struct notary *n, struct view call, bool *out_broken,
    struct bytes *out_json)
{
	struct reader r = reader_of(call);
	enum admin_verb verb = (enum admin_verb)reader_u16(&r);
	struct reader argument = reader_of(reader_block(&r, ARGUMENT_MAX));

	TRY(reader_end(&r, "CALL"));
	for (size_t i = 0; i < COUNT(calls); i++) {
		if (calls[i].verb != verb)
			continue;
		if (!calls[i].held)
			TRY(guard_check(&n->guard));
		return calls[i].serve(n, verb, &argument, out_broken,
		    out_json);
	}
	return err_because(ERR_NOT_FOUND, "there is no such verb");
}

void
calls_serve(struct notary *n, struct view call, bool *out_broken,
    struct bytes *out_reply)
{
	AUTO_DONE(bytes) json = { 0 };
	enum err e = serve(n, call, out_broken, &json);

	if (e != ERR_OK)
		bytes_reset(&json);
	bytes_put_u16(out_reply, (uint16_t)e);
	bytes_put_block(out_reply, view_text(e == ERR_OK ? "" : err_why()));
	bytes_put_block(out_reply, bytes_view(&json));
}
