/*
 * What was found, in words and in JSON. Everything quoted from the log has
 * been made printable by verify.c.
 */
#include "audit/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/time.h"

#define LINE_WIDTH 72	/* where OK stands */

static const char *const titles[] = {
#define X(name, title) title,
	VERIFY_CHECKS(X)
#undef X
};

static const char *const verdicts[] = {
	[VERIFY_VERIFIED] = "verified",
	[VERIFY_TAMPERED] = "tampered",
	[VERIFY_INCOMPLETE] = "incomplete",
	[VERIFY_UNWITNESSED] = "unwitnessed",
};

/* The same for people. */
static const char *const marks[] = {
	[VERIFY_VERIFIED] = "OK",
	[VERIFY_TAMPERED] = "TAMPERED",
	[VERIFY_INCOMPLETE] = "INCOMPLETE",
	[VERIFY_UNWITNESSED] = "UNWITNESSED",
};

static void
put_ratio(struct bytes *out, struct verify_count c, const char *what)
{
	bytes_printf(out, "%" PRIu64 "/%" PRIu64 " %s", c.good, c.total, what);
}

/* "1 start", "2 starts" */
static void
put_counted(struct bytes *out, uint64_t n, const char *one, const char *more)
{
	bytes_printf(out, "%" PRIu64 " %s", n, n == 1 ? one : more);
}

static void
put_checkpoint(const struct verify_result *r, struct bytes *out)
{
	if (r->count[VERIFY_CHECKPOINT].good == 0) {
		bytes_put_text(out, "none that can be believed");
		return;
	}
	bytes_printf(out, "size %" PRIu64 " root ", r->size);
	base64_put(out, VIEW(r->root.at, 6));
	bytes_put_text(out, "… signed by key ");
	hex_put(out, VIEW_OF(r->key_id));
	if (r->signatures > 1)
		bytes_printf(out, " and %zu more", r->signatures - 1);
}

static void
put_witnesses(const struct verify_result *r, struct bytes *out)
{
	if (r->count[VERIFY_WITNESSES].total == 0) {
		bytes_put_text(out, "none asked for");
		return;
	}
	bytes_printf(out, "%zu of %zu, quorum %s", r->witnesses,
	    r->witnesses_known, r->quorum);
	if (r->witnessed == VERIFY_NO_INDEX)
		return;
	bytes_put_text(out, " at ");
	instant_put(out, (int64_t)r->quorum_time);
	if (r->witnessed != r->size)
		bytes_printf(out, " for %" PRIu64 " entries", r->witnessed);
	else
		bytes_printf(out, ", lag %" PRId64 " s", r->lag);
}

static void
put_others(const struct verify_result *r, struct bytes *out)
{
	struct verify_count c = r->count[VERIFY_CONSISTENCY];

	if (c.total == 0)
		bytes_put_text(out, "no other checkpoint to compare with");
	else
		put_ratio(out, c, "other checkpoints are of this tree");
}

static void
put_rotations(const struct verify_result *r, struct bytes *out)
{
	const struct verify_rotation *last = &r->rotation[r->rotations <
	    VERIFY_ROTATIONS ? r->rotations - 1 : VERIFY_ROTATIONS - 1];

	if (r->rotations == 0) {
		bytes_put_text(out, "never replaced");
		return;
	}
	if (r->rotations > 1)
		bytes_printf(out, "%zu replaced, the last one ",
		    r->rotations);
	hex_put(out, VIEW_OF(last->from));
	bytes_put_text(out, last->lost ? " was lost, now " : " gave it to ");
	hex_put(out, VIEW_OF(last->to));
	bytes_printf(out, ", entry %" PRIu64, last->index);
}

static void
put_files(const struct verify_result *r, struct bytes *out)
{
	if (r->listed)
		put_ratio(out, r->count[VERIFY_FILES], "are the log's");
	else
		bytes_put_text(out, "not listed here");
	if (r->ahead != 0)
		bytes_printf(out, ", %" PRIu64 " ahead of the checkpoint",
		    r->ahead);
}

static void
put_summary(const struct verify_result *r, enum verify_check check,
    struct bytes *out)
{
	struct verify_count c = r->count[check];

	switch (check) {
	case VERIFY_CHECKPOINT:
		put_checkpoint(r, out);
		break;
	case VERIFY_WITNESSES:
		put_witnesses(r, out);
		break;
	case VERIFY_CONSISTENCY:
		put_others(r, out);
		break;
	case VERIFY_KEYS:
		put_rotations(r, out);
		break;
	case VERIFY_ENTRIES:
		put_ratio(out, c, "hash to the signed root");
		if (r->absent != 0)
			bytes_printf(out, ", %" PRIu64 " %s", r->absent,
			    r->absent > r->minimum ? "absent" :
			    "below the minimum index");
		break;
	case VERIFY_TILES:
		put_ratio(out, c, "identical to re-derived");
		break;
	case VERIFY_SCHEMA:
		put_ratio(out, c, "known events and members");
		break;
	case VERIFY_SEQUENCE:
		put_ratio(out, c, "in order");
		bytes_put_text(out, ", ");
		put_counted(out, r->boots, "start", "starts");
		break;
	case VERIFY_TICKETS:
		bytes_printf(out, "%" PRIu64 " done, %" PRIu64 " failed, %"
		    PRIu64 " orphans, %" PRIu64 " closed, %" PRIu64 " open",
		    r->done, r->failed, r->orphaned, r->closed, r->open);
		break;
	case VERIFY_DEVICES:
		bytes_printf(out, "%" PRIu64 " active, %s", r->active_devices,
		    r->shared ? "other nodes' logs not seen" :
		    "one a holder and programme");
		break;
	case VERIFY_PERIODS:
		put_ratio(out, c, "closed as their entries say");
		bytes_put_text(out, ", ");
		put_counted(out, r->unclosed, "entry since", "entries since");
		break;
	case VERIFY_FILES:
		put_files(r, out);
		break;
	case VERIFY_CHECK_COUNT:
		break;
	}
}

/* Where and why, on a line of its own. */
static void
put_finding(const struct verify_finding *f, struct bytes *out)
{
	size_t n = strlen(f->file);
	const char *why = f->why;

	/* reasons of reading begin with the file's name themselves */
	if (strncmp(why, f->file, n) == 0 && strncmp(why + n, ": ", 2) == 0)
		why += n + 2;
	bytes_put_text(out, "             ");
	if (f->file[0] != '\0')
		bytes_printf(out, "%s: ", f->file);
	if (f->first_index != VERIFY_NO_INDEX &&
	    f->first_index == f->last_index)
		bytes_printf(out, "entry %" PRIu64 ": ", f->first_index);
	else if (f->first_index != VERIFY_NO_INDEX)
		bytes_printf(out, "within entries %" PRIu64 " to %" PRIu64
		    ": ", f->first_index, f->last_index);
	if (f->byte != VERIFY_NO_INDEX)
		bytes_printf(out, "byte %" PRIu64 ": ", f->byte);
	bytes_printf(out, "%s\n", why);
}

/* Characters, not bytes: the ellipsis of the root is three bytes. */
static size_t
columns(struct view utf8)
{
	size_t n = 0;

	for (size_t i = 0; i < utf8.len; i++)
		n += (utf8.at[i] & 0xc0) != 0x80;
	return n;
}

static void
put_line(const struct verify_result *r, enum verify_check check,
    struct bytes *out)
{
	const struct verify_finding *f = &r->finding[check];
	AUTO_DONE(bytes) line = { 0 };

	bytes_printf(&line, "%-12s ", titles[check]);
	put_summary(r, check, &line);
	bytes_put_u8(&line, ' ');
	while (!line.failed && columns(bytes_view(&line)) < LINE_WIDTH)
		bytes_put_u8(&line, '.');
	if (line.failed)
		out->failed = true;
	bytes_put(out, bytes_view(&line));
	bytes_printf(out, " %s\n", marks[f->verdict]);
	if (f->why[0] != '\0')
		put_finding(f, out);
}

void
verify_report(const struct verify_result *r, struct bytes *out)
{
	bool known = r->count[VERIFY_CHECKPOINT].good == 1;

	if (known)
		bytes_printf(out, "Log          %s\n", r->origin);
	/* without a checkpoint nothing else was looked at */
	for (unsigned int i = 0; i < (known ? VERIFY_CHECK_COUNT : 1u); i++)
		put_line(r, (enum verify_check)i, out);
	if (r->verdict == VERIFY_TAMPERED && r->last_good != VERIFY_NO_INDEX)
		bytes_printf(out, "Last good    %s: the first %" PRIu64
		    " entries are as it says\n", r->last_good_name,
		    r->last_good);
	bytes_printf(out, "%s\n", r->verdict == VERIFY_VERIFIED ? "VERIFIED" :
	    marks[r->verdict]);
}

static void
put_number(struct json *j, const char *name, uint64_t v)
{
	if (v != VERIFY_NO_INDEX)
		json_int(j, name, (int64_t)v);
}

static void
put_check(struct json *j, const struct verify_result *r, unsigned int check)
{
	const struct verify_finding *f = &r->finding[check];

	json_record(j, NULL);
	json_c_text(j, "check", titles[check]);
	json_c_text(j, "verdict", verdicts[f->verdict]);
	put_number(j, "good", r->count[check].good);
	put_number(j, "total", r->count[check].total);
	if (f->why[0] != '\0') {
		json_c_text(j, "why", f->why);
		json_c_text(j, "file", f->file);
		put_number(j, "first_index", f->first_index);
		put_number(j, "last_index", f->last_index);
		put_number(j, "byte", f->byte);
	}
	json_close(j);
}

static void
put_tree(struct json *j, const struct verify_result *r)
{
	json_c_text(j, "origin", r->origin);
	json_hex(j, "key_id", VIEW_OF(r->key_id));
	put_number(j, "size", r->size);
	json_base64(j, "root", VIEW_OF(r->root.at));
	put_number(j, "signatures", r->signatures);
}

static void
put_states(struct json *j, const struct verify_result *r)
{
	json_record(j, "witnesses");
	json_c_text(j, "quorum", r->quorum);
	put_number(j, "cosigned", r->witnesses);
	put_number(j, "known", r->witnesses_known);
	put_number(j, "unknown_lines", r->unknown_lines);
	if (r->witnessed != VERIFY_NO_INDEX) {
		put_number(j, "size", r->witnessed);
		put_number(j, "quorum_time", r->quorum_time);
		json_int(j, "lag", r->lag);
	}
	json_close(j);
	if (r->last_good != VERIFY_NO_INDEX) {
		json_record(j, "last_good");
		json_c_text(j, "name", r->last_good_name);
		put_number(j, "size", r->last_good);
		json_close(j);
	}
}

static void
put_handovers(struct json *j, const struct verify_result *r)
{
	json_items(j, "handovers");
	for (size_t i = 0; i < r->rotations && i < VERIFY_ROTATIONS; i++) {
		const struct verify_rotation *at = &r->rotation[i];

		json_record(j, NULL);
		json_hex(j, "from", VIEW_OF(at->from));
		json_hex(j, "to", VIEW_OF(at->to));
		put_number(j, "entry", at->index);
		json_bool(j, "followed", at->followed);
		json_bool(j, "lost", at->lost);
		json_close(j);
	}
	json_close(j);
}

static void
put_totals(struct json *j, const struct verify_result *r)
{
	put_number(j, "absent", r->absent);
	put_number(j, "minimum", r->minimum);
	put_number(j, "starts", r->boots);
	json_int(j, "first_t", r->first_t);
	json_int(j, "last_t", r->last_t);
	put_number(j, "allowed", r->allowed);
	put_number(j, "denied", r->denied);
	put_number(j, "done", r->done);
	put_number(j, "failed", r->failed);
	put_number(j, "orphaned", r->orphaned);
	put_number(j, "closed", r->closed);
	put_number(j, "open", r->open);
	put_number(j, "active_devices", r->active_devices);
	put_number(j, "ahead", r->ahead);
	put_number(j, "foreign", r->foreign);
}

enum err
verify_report_json(const struct verify_result *r, struct bytes *out)
{
	struct json j = json_start(out);

	json_record(&j, NULL);
	json_c_text(&j, "verdict", verdicts[r->verdict]);
	if (r->count[VERIFY_CHECKPOINT].good == 1)
		put_tree(&j, r);
	put_states(&j, r);
	put_handovers(&j, r);
	put_totals(&j, r);
	json_items(&j, "checks");
	for (unsigned int i = 0; i < VERIFY_CHECK_COUNT; i++)
		put_check(&j, r, i);
	json_close(&j);
	json_close(&j);
	return json_end(&j);
}
