/*
 * The auditor's commands over a published log directory: offline, without
 * the daemon. Nothing in the directory is believed but what the log's key
 * has signed. Next: audit_notes.c, trace.c, audit/verify.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/receipt.h"
#include "audit/schema.h"
#include "audit/verify.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "cli/published.h"
#include "cli/say.h"
#include "cli/trusted.h"

/* Checkpoints given on the command line; views of what was read. */
struct notes {
	struct bytes		bytes[VERIFY_OTHERS + 1];
	struct verify_other	at[VERIFY_OTHERS + 1];
	size_t			count;
};

static void
notes_done(struct notes *n)
{
	for (size_t i = 0; i < COUNT(n->bytes); i++)
		bytes_done(&n->bytes[i]);
}

static enum err
read_note(const char *path, struct notes *n)
{
	if (n->count == COUNT(n->at))
		return err_because(ERR_RANGE, "more than %d checkpoints",
		    VERIFY_OTHERS);
	TRY(file_read(path, NOTE_MAX, &n->bytes[n->count]));
	n->at[n->count] = (struct verify_other){ path,
	    bytes_view(&n->bytes[n->count]) };
	n->count++;
	return ERR_OK;
}

static enum err
read_options(const struct arguments *a, struct notes *n,
    struct verify_options *o)
{
	const char *path = option_value(a, "to", NULL);

	for (size_t i = 0; option_nth(a, "from", i) != NULL; i++)
		TRY(read_note(option_nth(a, "from", i), n));
	o->others = n->at;
	o->other_count = n->count;
	TRY(number_given(option_value(a, "late", NULL), VERIFY_LATE,
	    &o->late));
	if (path == NULL)
		return ERR_OK;
	TRY(read_note(path, n));
	o->to = n->at[n->count - 1];
	return ERR_OK;
}

/* On a terminal, where somebody waits. */
static void
show_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	fprintf(stderr, "\r%llu of %llu entries", (unsigned long long)done,
	    (unsigned long long)total);
}

static enum err
verify_place(const struct arguments *a, struct verify_result *out_result)
{
	AUTO(place) place = NULL;
	AUTO(trust_policy) trust = NULL;
	AUTO_DONE(notes) notes = { 0 };
	struct verify_options options = { 0 };
	enum err e;

	TRY(place_open(argument(a, 0), &place));
	TRY(trusted(a, place_files(place), &trust));
	options.trust = trust;
	TRY(read_options(a, &notes, &options));
	if (isatty(STDERR_FILENO) == 1)
		options.progress = show_progress;
	e = verify_with(place_files(place), &options, out_result);
	if (options.progress != NULL)
		fprintf(stderr, "\r\033[K");
	return e;
}

int
audit_verify(const struct arguments *a)
{
	AUTO_DONE(bytes) report = { 0 };
	struct verify_result result = { 0 };
	enum err e;

	/* 1 is said of logs only: whatever keeps us from looking is 4 */
	if ((e = verify_place(a, &result)) != ERR_OK) {
		(void)complain_err(argument(a, 0), e);
		return EXIT_AWAY;
	}
	if (option_given(a, "json")) {
		if ((e = verify_report_json(&result, &report)) != ERR_OK)
			return complain_err("the report", e);
		bytes_put_text(&report, "\n");
	} else {
		verify_report(&result, &report);
	}
	put_view(bytes_view(&report));
	return verify_exit_status(&result);
}

static enum err
show_entry(void *event, uint64_t index, struct view entry)
{
	struct schema_entry parts;

	(void)index;
	if (event != NULL) {
		TRY(schema_get(entry, &parts));
		if (!view_is(parts.member[SCHEMA_EV], event))
			return ERR_OK;
	}
	put_line(entry);
	return ERR_OK;
}

/* One index, or where the options begin and end; *out_to excluded. */
static enum err
which_entries(const struct arguments *a, uint64_t size, uint64_t *out_from,
    uint64_t *out_to)
{
	TRY(number_given(option_value(a, "from", NULL), 0, out_from));
	TRY(number_given(option_value(a, "to", NULL), size, out_to));
	if (argument(a, 1) == NULL)
		return ERR_OK;
	if (option_given(a, "from") || option_given(a, "to"))
		return err_because(ERR_SCHEMA, "an index, or --from and --to, "
		    "not both");
	TRY(number_given(argument(a, 1), 0, out_from));
	if (*out_from >= size)
		return err_because(ERR_NOT_FOUND, "no entry %s in a tree of "
		    "%llu", argument(a, 1), (unsigned long long)size);
	*out_to = *out_from + 1;
	return ERR_OK;
}

int
audit_show(const struct arguments *a)
{
	AUTO(published) log = NULL;
	AUTO(text) event = NULL;
	uint64_t from, to;
	enum err e;

	if ((e = published_open(argument(a, 0), &log)) != ERR_OK ||
	    (e = which_entries(a, published_size(log), &from, &to)) != ERR_OK)
		return complain_err(argument(a, 0), e);
	if (option_given(a, "event"))
		event = mem_text(option_value(a, "event", NULL));
	if ((e = published_each(log, from, to, show_entry, event)) != ERR_OK)
		return complain_err(argument(a, 0), e);
	return EXIT_DONE;
}

int
audit_proof(const struct arguments *a)
{
	AUTO(published) log = NULL;
	AUTO_DONE(bytes) receipt = { 0 };
	struct tile_source source;
	uint64_t index;
	enum err e;

	if ((e = number_given(argument(a, 1), 0, &index)) != ERR_OK) {
		complain_err(argument(a, 1), e);
		return EXIT_USAGE;
	}
	if ((e = published_open(argument(a, 0), &log)) != ERR_OK)
		return complain_err(argument(a, 0), e);
	source = published_source(log);
	if ((e = receipt_build(&source, index, published_note(log), &receipt)))
		return complain_err("the proof", e);
	put_view(bytes_view(&receipt));
	return EXIT_DONE;
}
