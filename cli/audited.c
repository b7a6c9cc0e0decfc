/*
 * Verifying before telling. The log may be anybody's copy or lie on a web
 * server; what is told is what was verified, at the size that was verified.
 * Next: audit_replay.c, audit_range.c, audit_report.c.
 */
#include "cli/audited.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/place.h"
#include "cli/say.h"

struct audited {
	struct published	*published;
	struct trust_policy	*trust;
	struct verify_result	 verified;
	bool			 was;		/* verified */
	uint64_t		 size;
};

void
audited_free(struct audited *l)
{
	if (l == NULL)
		return;
	published_free(l->published);
	trust_policy_free(l->trust);
	mem_free(l);
}

static void
show_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " entries", done, total);
}

static void
end_progress(void)
{
	if (isatty(STDERR_FILENO) == 1)
		fprintf(stderr, "\r\033[K");
}

static enum err
verify(const struct arguments *a, size_t i, struct audited *l)
{
	AUTO(place) place = NULL;
	struct verify_options options = { 0 };
	enum err e;

	TRY(place_open(argument(a, i), &place));
	TRY(trusted(a, place_files(place), &l->trust));
	if (option_given(a, "unverified"))
		return ERR_OK;
	options.trust = l->trust;
	if (isatty(STDERR_FILENO) == 1)
		options.progress = show_progress;
	e = verify_with(place_files(place), &options, &l->verified);
	end_progress();
	l->was = true;
	return e;
}

/* What was found is said as `okse audit verify` says it. */
static int
judge(const struct audited *l)
{
	AUTO_DONE(bytes) report = { 0 };

	if (l->verified.verdict != VERIFY_TAMPERED &&
	    l->verified.verdict != VERIFY_INCOMPLETE)
		return EXIT_DONE;
	verify_report(&l->verified, &report);
	complain("this log is not what was signed; nothing is told of it "
	    "(--unverified does):\n%s", bytes_text(&report));
	return verify_exit_status(&l->verified);
}

int
audited_open(const struct arguments *a, struct audited **out_log)
{
	return audited_open_nth(a, 0, out_log);
}

int
audited_open_nth(const struct arguments *a, size_t i,
    struct audited **out_log)
{
	AUTO(audited) l = mem_new(1, sizeof(*l));
	const char *name = argument(a, i);
	int status;
	enum err e;

	if (l == NULL)
		return complain_err(name, ERR_MEMORY);
	if ((e = verify(a, i, l)) != ERR_OK) {
		(void)complain_err(name, e);
		return EXIT_AWAY;
	}
	if (l->was && (status = judge(l)) != EXIT_DONE)
		return status;
	if ((e = published_open(name, &l->published)) != ERR_OK) {
		(void)complain_err(name, e);
		return EXIT_AWAY;
	}
	/* it may have grown since */
	l->size = l->was ? l->verified.size : published_size(l->published);
	*out_log = STEAL(l);
	return EXIT_DONE;
}

uint64_t
audited_size(const struct audited *l)
{
	return l->size;
}

struct published *
audited_published(struct audited *l)
{
	return l->published;
}

const struct verify_result *
audited_verified(const struct audited *l)
{
	return l->was ? &l->verified : NULL;
}

const struct trust_policy *
audited_trust(const struct audited *l)
{
	return l->trust;
}

int
audited_status(const struct audited *l, int status)
{
	return status != EXIT_DONE || !l->was ? status :
	    verify_exit_status(&l->verified);
}

/* ---- reading */

struct reading {
	const struct audited	*log;
	audited_take		 take;
	void			*context;
	uint64_t		 from, to;
	bool			 shown;
};

static enum err
take_entry(void *context, uint64_t index, struct view entry)
{
	struct reading *r = context;
	struct schema_entry e;
	enum err read = schema_get(entry, &e);

	if (r->shown && index % 16384 == 0)
		show_progress(NULL, index - r->from, r->to - r->from);
	if (read != ERR_OK)
		return r->log->was ? read : ERR_OK;
	return r->take(r->context, index, entry, &e);
}

enum err
audited_each(struct audited *l, uint64_t from, uint64_t to,
    audited_take take, void *context)
{
	struct reading r = { l, take, context, from,
		to < l->size ? to : l->size, isatty(STDERR_FILENO) == 1 };
	enum err e = published_each(l->published, from, r.to, take_entry, &r);

	end_progress();
	return e;
}

/* ---- telling */

void
audited_head(const struct audited *l, struct bytes *out)
{
	if (!l->was) {
		bytes_printf(out, "Log          %" PRIu64 " entries, not "
		    "verified\n", l->size);
		return;
	}
	bytes_printf(out, "Log          %s, %" PRIu64 " entries, verified%s\n",
	    l->verified.origin, l->size,
	    l->verified.verdict == VERIFY_UNWITNESSED ?
	    " but not witnessed" : "");
}

void
audited_json(const struct audited *l, struct json *j)
{
	json_record(j, "log");
	json_bool(j, "verified", l->was);
	json_bool(j, "witnessed", l->was &&
	    l->verified.verdict == VERIFY_VERIFIED);
	json_int(j, "size", (int64_t)l->size);
	if (l->was) {
		json_c_text(j, "origin", l->verified.origin);
		json_base64(j, "root", VIEW_OF(l->verified.root.at));
	}
	json_close(j);
}
