/*
 * okse audit replay: every decision of a log made again, by the policies that
 * officers signed. Bundles and roster are brought by the auditor; the log
 * says which was in force when. Of several logs, what they tell together is
 * followed, too. Next: audit/replay.h.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "cli/audit_replay.h"
#include "cli/commands.h"
#include "cli/say.h"

/* A bundle that cannot be had is missed by the entries that need it. */
static enum err
take_bundles(const char *dir, const struct roster *roster,
    struct replay *replay)
{
	int64_t serial = 0;
	enum err e;

	while ((e = bundle_after(dir, serial, &serial)) == ERR_OK) {
		const struct bundle_mark none = { 0 };
		AUTO(bundle) bundle = NULL;
		char path[PATH_MAX];

		TRY(bundle_path(dir, serial, path));
		if (bundle_load(path, roster, &none, &bundle) != ERR_OK) {
			complain("policy %" PRId64 ": %s", serial, err_why());
			continue;
		}
		TRY(replay_bundle(replay, bundle));
		STEAL(bundle);
	}
	return e == ERR_NOT_FOUND && serial != 0 ? ERR_OK : e;
}

static enum err
replay_one(void *context, uint64_t index, struct view entry,
    const struct schema_entry *e)
{
	(void)entry;
	return replay_entry(context, index, e);
}

static enum err
tell(const struct arguments *a, const struct bytes *heads,
    struct replay *replay)
{
	AUTO_DONE(bytes) report = { 0 };

	if (option_given(a, "json")) {
		TRY(replay_report_json(replay_result(replay), &report));
		bytes_put_u8(&report, '\n');
	} else {
		bytes_put(&report, bytes_view(heads));
		replay_report(replay_result(replay), &report);
	}
	TRY(bytes_check(&report));
	put_view(bytes_view(&report));
	return ERR_OK;
}

bool
replay_asked(const struct arguments *a)
{
	return option_value(a, "policies", NULL) != NULL &&
	    option_value(a, "roster", NULL) != NULL;
}

static enum err
start(const struct arguments *a, struct replay **out_replay)
{
	AUTO(replay) replay = NULL;
	AUTO_DONE(roster) roster = { 0 };

	TRY(roster_read(option_value(a, "roster", NULL), &roster));
	TRY(replay_new(&replay));
	TRY(take_bundles(option_value(a, "policies", NULL), &roster, replay));
	*out_replay = STEAL(replay);
	return ERR_OK;
}

enum err
replay_log(const struct arguments *a, struct audited *log,
    struct replay **out_replay)
{
	AUTO(replay) replay = NULL;

	TRY(start(a, &replay));
	TRY(audited_each(log, 0, UINT64_MAX, replay_one, replay));
	*out_replay = STEAL(replay);
	return ERR_OK;
}

/* ---- the command */

/* By the origin that verifying found, or by the place. */
static enum err
begin_log(const struct arguments *a, size_t i, const struct audited *log,
    struct replay *replay)
{
	const struct verify_result *verified = audited_verified(log);

	if (argument(a, 1) == NULL)
		return ERR_OK;		/* only one */
	return replay_log_of(replay, verified != NULL ? verified->origin :
	    argument(a, i));
}

/* *out_status: what verifying left to be desired of it. */
static int
replay_nth(const struct arguments *a, size_t i, struct replay *replay,
    struct bytes *heads, int *out_status)
{
	AUTO(audited) log = NULL;
	int status = audited_open_nth(a, i, &log);
	enum err e;

	if (status != EXIT_DONE)
		return status;
	if ((e = begin_log(a, i, log, replay)) != ERR_OK ||
	    (e = audited_each(log, 0, UINT64_MAX, replay_one, replay)) !=
	    ERR_OK) {
		(void)complain_err(argument(a, i), e);
		return EXIT_AWAY;
	}
	audited_head(log, heads);
	*out_status = audited_status(log, *out_status);
	return EXIT_DONE;
}

int
audit_replay(const struct arguments *a)
{
	AUTO(replay) replay = NULL;
	AUTO_DONE(bytes) heads = { 0 };
	int status, left = EXIT_DONE, found;
	enum err e;

	if (!replay_asked(a)) {
		complain("--policies DIR and --roster FILE are needed: which "
		    "policies there were, and whose signatures count");
		return EXIT_USAGE;
	}
	e = start(a, &replay);
	for (size_t i = 0; e == ERR_OK && argument(a, i) != NULL; i++)
		if ((status = replay_nth(a, i, replay, &heads, &left)) !=
		    EXIT_DONE)
			return status;
	if (e != ERR_OK || (e = tell(a, &heads, replay)) != ERR_OK) {
		(void)complain_err("replay", e);
		return EXIT_AWAY;
	}
	found = replay_exit_status(replay_result(replay));
	return found != EXIT_DONE ? found : left;
}
