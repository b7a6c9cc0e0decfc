/*
 * The auditor's commands over single checkpoints and receipts, however they
 * came: anybody's files. Next: audit/trust.h, audit/diff.h.
 */
#include <stdio.h>
#include <string.h>

#include "audit/diff.h"
#include "audit/fingerprint.h"
#include "audit/receipt.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "cli/say.h"
#include "cli/trusted.h"

/* ---- receipts */

/* Whom to trust is an option, or the first word is a key. */
static enum err
receipt_words(const struct arguments *a, struct trust_policy **out_trust,
    const char **out_path)
{
	bool word = !option_given(a, "policy") && !option_given(a, "key");

	if (word && argument(a, 0) == NULL)
		return err_because(ERR_NOT_FOUND, "whose receipt? --policy, "
		    "--key or the key's file says it");
	if (!word && argument(a, 1) != NULL)
		return err_because(ERR_SCHEMA, "one receipt at a time");
	*out_path = argument(a, word ? 1 : 0);
	if (!word)
		return trusted(a, NULL, out_trust);
	TRY(trust_keys_read(argument(a, 0), out_trust));
	return trusted_rotated(a, *out_trust);
}

static void
tell_witnesses(const struct trust_policy *trust,
    const struct trust_seen *seen)
{
	char when[INSTANT_TEXT];

	if (view_is(trust_quorum(trust), "none"))
		return;
	if (seen->quorum_time == TRUST_NEVER)
		complain("no quorum: %zu of %zu witnesses cosigned it",
		    seen->witnesses, trust_witness_count(trust));
	else
		complain("cosigned by %zu of %zu witnesses, a quorum at %s",
		    seen->witnesses, trust_witness_count(trust),
		    instant_text((int64_t)seen->quorum_time, when));
}

static void
tell_receipt(const struct receipt *receipt, const struct trust_policy *trust,
    const struct trust_seen *seen)
{
	complain("entry %llu of the log of %llu entries signed by %.*s:",
	    (unsigned long long)receipt->index,
	    (unsigned long long)receipt->checkpoint.size,
	    (int)receipt->checkpoint.origin.len,
	    (const char *)receipt->checkpoint.origin.at);
	tell_witnesses(trust, seen);
	put_line(bytes_view(&receipt->entry));
}

static enum err
tell_receipt_json(const struct receipt *receipt,
    const struct trust_policy *trust, const struct trust_seen *seen)
{
	AUTO_DONE(bytes) out = { 0 };
	struct json j = json_start(&out);

	json_record(&j, NULL);
	json_text(&j, "origin", receipt->checkpoint.origin);
	json_int(&j, "index", (int64_t)receipt->index);
	json_int(&j, "size", (int64_t)receipt->checkpoint.size);
	json_base64(&j, "root", VIEW_OF(receipt->checkpoint.root.at));
	json_int(&j, "signatures", (int64_t)seen->signatures);
	json_text(&j, "quorum", trust_quorum(trust));
	json_int(&j, "cosigned", (int64_t)seen->witnesses);
	if (seen->quorum_time != TRUST_NEVER)
		json_int(&j, "quorum_time", (int64_t)seen->quorum_time);
	json_raw(&j, "entry", bytes_view(&receipt->entry));
	json_close(&j);
	TRY(json_end(&j));
	put_line(bytes_view(&out));
	return ERR_OK;
}

int
audit_check_receipt(const struct arguments *a)
{
	AUTO(trust_policy) trust = NULL;
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(receipt) receipt = { 0 };
	struct trust_seen seen;
	const char *path;
	enum err e;

	if ((e = receipt_words(a, &trust, &path)) != ERR_OK) {
		(void)complain_err("whom to trust", e);
		return EXIT_USAGE;
	}
	if ((e = read_input(path, RECEIPT_MAX, &text)) != ERR_OK ||
	    (e = receipt_get(bytes_view(&text), &receipt)) != ERR_OK ||
	    (e = receipt_judge(&receipt, trust, &seen)) != ERR_OK)
		return complain_err("the receipt", e);
	if (!option_given(a, "json"))
		tell_receipt(&receipt, trust, &seen);
	else if ((e = tell_receipt_json(&receipt, trust, &seen)) != ERR_OK)
		return complain_err("the receipt", e);
	return seen.quorum_time == TRUST_NEVER ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- checkpoints */

/* A note, or the one at the end of a receipt. */
static enum err
read_note(const char *path, struct bytes *text, struct view *out_note)
{
	const uint8_t *end;
	struct view v;

	TRY(read_input(path, RECEIPT_MAX, text));
	v = bytes_view(text);
	if (view_starts(v, RECEIPT_FIRST_LINE)) {
		if ((end = memmem(v.at, v.len, "\n\n", 2)) == NULL)
			return err_because(ERR_SYNTAX, "no note in it");
		v = VIEW(end + 2, v.len - (size_t)(end + 2 - v.at));
	}
	*out_note = v;
	return ERR_OK;
}

static enum err
open_note(const struct trust_policy *trust, const char *path,
    struct bytes *text, struct checkpoint *out)
{
	struct trust_seen seen;
	struct view note;

	TRY(read_note(path, text, &note));
	TRY(trust_open(trust, note, &seen));
	*out = seen.checkpoint;
	return ERR_OK;
}

static enum err
tell_difference_json(const struct checkpoint *a, const struct checkpoint *b,
    enum diff_outcome outcome, const struct proof *p)
{
	static const char *const words[] = { [DIFF_SAME] = "same",
		[DIFF_GROWN] = "consistent", [DIFF_FORK] = "fork" };
	AUTO_DONE(bytes) out = { 0 };
	struct json j = json_start(&out);

	json_record(&j, NULL);
	json_c_text(&j, "outcome", words[outcome]);
	json_items(&j, "sizes");
	json_int(&j, NULL, (int64_t)a->size);
	json_int(&j, NULL, (int64_t)b->size);
	json_close(&j);
	json_items(&j, "proof");
	for (size_t i = 0; i < p->count; i++)
		json_base64(&j, NULL, VIEW_OF(p->at[i].at));
	json_close(&j);
	json_close(&j);
	TRY(json_end(&j));
	put_line(bytes_view(&out));
	return ERR_OK;
}

static void
tell_difference(const struct checkpoint *a, const struct checkpoint *b,
    enum diff_outcome outcome, const struct proof *p)
{
	uint64_t more = a->size > b->size ? a->size - b->size :
	    b->size - a->size;

	switch (outcome) {
	case DIFF_SAME:
		printf("SAME: one tree of %llu entries\n",
		    (unsigned long long)a->size);
		return;
	case DIFF_GROWN:
		printf("CONSISTENT: %llu %s between them, %zu hashes prove "
		    "it\n", (unsigned long long)more, more == 1 ?
		    "entry was added" : "entries were added", p->count);
		return;
	case DIFF_FORK:
		break;
	}
	printf("FORK: the log signed two trees, of %llu and of %llu entries, "
	    "that are not one. Keep both notes: they are the evidence.\n",
	    (unsigned long long)a->size, (unsigned long long)b->size);
}

static enum err
diff(const struct arguments *a, int *out_status)
{
	AUTO(place) place = NULL;
	AUTO(trust_policy) trust = NULL;
	AUTO_DONE(bytes) first = { 0 }, second = { 0 };
	const struct log_files *files = NULL;
	struct tile_source source;
	struct checkpoint c[2];
	enum diff_outcome outcome;
	struct proof proof = { 0 };

	if (argument(a, 2) != NULL) {
		TRY(place_open(argument(a, 2), &place));
		files = place_files(place);
		source = log_files_tiles(files);
	}
	TRY(trusted(a, files, &trust));
	TRY(open_note(trust, argument(a, 0), &first, &c[0]));
	TRY(open_note(trust, argument(a, 1), &second, &c[1]));
	TRY(diff_checkpoints(files != NULL ? &source : NULL, &c[0], &c[1],
	    &outcome, &proof));
	*out_status = outcome == DIFF_FORK ? EXIT_FAILED : EXIT_DONE;
	if (option_given(a, "json"))
		return tell_difference_json(&c[0], &c[1], outcome, &proof);
	tell_difference(&c[0], &c[1], outcome, &proof);
	return ERR_OK;
}

int
audit_diff(const struct arguments *a)
{
	int status = EXIT_DONE;
	enum err e = diff(a, &status);

	if (e == ERR_OK)
		return status;
	/* 1 is said of forks only */
	(void)complain_err("no comparison", e);
	return EXIT_AWAY;
}

int
audit_fingerprint(const struct arguments *a)
{
	AUTO_DONE(bytes) text = { 0 };
	char fingerprint[FINGERPRINT_TEXT];
	struct checkpoint c;
	struct note n;
	struct view note;
	enum err e;

	if ((e = read_note(argument(a, 0), &text, &note)) != ERR_OK ||
	    (e = note_get(note, &n)) != ERR_OK ||
	    (e = checkpoint_get(n.text, &c)) != ERR_OK)
		return complain_err(argument(a, 0), e);
	if (argument(a, 1) == NULL) {
		printf("%s\n", fingerprint_text(n.text, fingerprint));
		return EXIT_DONE;
	}
	e = fingerprint_check(n.text, view_text(argument(a, 1)));
	return e == ERR_OK ? EXIT_DONE : complain_err("the fingerprint", e);
}
