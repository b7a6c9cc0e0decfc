/*
 * okse audit report: a log as a page that people look at and that verifies
 * its own entries. The log is verified and, when policies are brought,
 * replayed before a word is written. Next: audit/report.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/report.h"
#include "base/file.h"
#include "base/time.h"
#include "base/version.h"
#include "cli/audit_draw.h"
#include "cli/audit_replay.h"
#include "cli/commands.h"
#include "cli/say.h"

#define SHOWN 16
#define SHOWN_MAX 1000

static enum err
take(void *context, uint64_t index, struct view entry,
    const struct schema_entry *e)
{
	return report_entry(context, index, entry, e);
}

struct showing {
	struct report		*report;
	struct tile_source	 source;
	uint64_t		 size;
};

static enum err
show(void *context, uint64_t index, struct view entry,
    const struct schema_entry *e)
{
	struct showing *s = context;
	struct proof proof;

	(void)e;
	TRY(proof_inclusion(&s->source, index, s->size, &proof));
	return report_proof(s->report, index, entry, &proof);
}

/* By the root, as `okse audit sample --seed` would with it. */
static enum err
show_some(struct audited *log, const struct checkpoint *c, uint64_t wanted,
    struct report *r)
{
	AUTO_DONE(bytes) seed = { 0 };
	AUTO_DONE(drawn) drawn = { 0 };
	struct showing s = { r, published_source(audited_published(log)),
		c->size };

	base64_put(&seed, VIEW_OF(c->root.at));
	TRY(bytes_check(&seed));
	TRY(draw_indexes(bytes_text(&seed), NULL, c->size, wanted, &drawn));
	for (uint64_t i = 0; i < drawn.count; i++)
		TRY(audited_each(log, drawn.at[i], drawn.at[i] + 1, show,
		    &s));
	return ERR_OK;
}

static enum err
write_files(const struct arguments *a, const struct report *r,
    const struct report_about *about)
{
	const char *html = option_value(a, "html", NULL);
	const char *csv = option_value(a, "csv", NULL);
	AUTO_DONE(bytes) page = { 0 };
	AUTO_DONE(bytes) table = { 0 };

	if (html != NULL) {
		report_html(r, about, &page);
		TRY(bytes_check(&page));
		TRY(file_replace(html, bytes_view(&page), 0644));
	}
	if (csv != NULL) {
		report_csv(r, &table);
		TRY(bytes_check(&table));
		TRY(file_replace(csv, bytes_view(&table), 0644));
	}
	return ERR_OK;
}

static enum err
read_checkpoint(const struct audited *log, struct published *published,
    struct report_about *about)
{
	struct note note;

	about->note = published_note(published);
	TRY(note_get(about->note, &note));
	TRY(checkpoint_get(note.text, &about->checkpoint));
	if (about->checkpoint.size != audited_size(log))
		return err_because(ERR_IN_FLIGHT, "the log grew while it was "
		    "read: report on a copy, or try again");
	return ERR_OK;
}

static enum err
report_on(const struct arguments *a, struct audited *log, uint64_t wanted)
{
	AUTO(report) r = NULL;
	AUTO(replay) replay = NULL;
	struct report_about about = { .version = OKSE_VERSION,
		.now = time_now(), .place = argument(a, 0),
		.trust = audited_trust(log),
		.verified = audited_verified(log) };

	TRY(read_checkpoint(log, audited_published(log), &about));
	TRY(report_new(audited_size(log), &r));
	TRY(audited_each(log, 0, UINT64_MAX, take, r));
	TRY(report_end(r));
	if (replay_asked(a)) {
		TRY(replay_log(a, log, &replay));
		about.replay = replay_result(replay);
	}
	TRY(show_some(log, &about.checkpoint, wanted, r));
	return write_files(a, r, &about);
}

int
audit_report(const struct arguments *a)
{
	AUTO(audited) log = NULL;
	uint64_t wanted;
	int status;
	enum err e;

	if ((option_value(a, "html", NULL) == NULL &&
	    option_value(a, "csv", NULL) == NULL) ||
	    number_given(option_value(a, "n", NULL), SHOWN, &wanted) !=
	    ERR_OK || wanted > SHOWN_MAX) {
		complain("--html FILE or --csv FILE is needed; --n is at most "
		    "%d", SHOWN_MAX);
		return EXIT_USAGE;
	}
	if ((status = audited_open(a, &log)) != EXIT_DONE)
		return status;
	if ((e = report_on(a, log, wanted)) != ERR_OK) {
		(void)complain_err("the report", e);
		return EXIT_AWAY;
	}
	return audited_status(log, EXIT_DONE);
}
