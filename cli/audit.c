/*
 * The auditor's commands over a published log directory: offline, without
 * the daemon. Nothing in the directory is believed but what the log's key
 * has signed. Next: trace.c, audit/verify.h.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/receipt.h"
#include "audit/schema.h"
#include "audit/verify.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/published.h"
#include "cli/say.h"

/* The key given by --key, or the one that lies in the directory. */
static enum err
log_key(const struct arguments *a, const char *dir, struct vkey **out_key)
{
	const char *path = option_value(a, "key", NULL);
	char beside[PATH_MAX];

	if (path != NULL)
		return vkey_read(path, out_key);
	TRY(path_join(dir, "log.vkey", beside, sizeof(beside)));
	complain("the log's key is taken from %s: compare it with the one "
	    "you were given, or use --key", beside);
	return vkey_read(beside, out_key);
}

int
audit_verify(const struct arguments *a)
{
	AUTO(vkey) key = NULL;
	AUTO_DONE(bytes) report = { 0 };
	struct verify_result result = { 0 };
	const char *dir = argument(a, 0);
	enum err e;

	if ((e = log_key(a, dir, &key)) != ERR_OK)
		return complain_err("the log's key", e);
	if ((e = verify_log(dir, key, &result)) != ERR_OK)
		return complain_err(dir, e);
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

/* A decimal number, or otherwise when text is NULL. */
static enum err
number(const char *text, uint64_t otherwise, uint64_t *out)
{
	char *end;

	if (text == NULL) {
		*out = otherwise;
		return ERR_OK;
	}
	if (*text < '0' || *text > '9')
		return err_because(ERR_SYNTAX, "expected a number");
	*out = strtoull(text, &end, 10);
	return *end == '\0' ? ERR_OK
	    : err_because(ERR_SYNTAX, "expected a number");
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

int
audit_show(const struct arguments *a)
{
	AUTO(published) log = NULL;
	AUTO(text) event = NULL;
	uint64_t from, to;
	enum err e;

	if ((e = published_open(argument(a, 0), &log)) != ERR_OK ||
	    (e = number(option_value(a, "from", NULL), 0, &from)) != ERR_OK ||
	    (e = number(option_value(a, "to", NULL), published_size(log), &to)))
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

	if ((e = number(argument(a, 1), 0, &index)) != ERR_OK) {
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

int
audit_check_receipt(const struct arguments *a)
{
	AUTO(vkey) key = NULL;
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(receipt) receipt = { 0 };
	enum err e;

	if ((e = vkey_read(argument(a, 0), &key)) != ERR_OK)
		return complain_err(argument(a, 0), e);
	if ((e = read_input(argument(a, 1), RECEIPT_MAX, &text)) != ERR_OK ||
	    (e = receipt_get(bytes_view(&text), &receipt)) != ERR_OK ||
	    (e = receipt_check(&receipt, key)) != ERR_OK)
		return complain_err("the receipt", e);
	complain("entry %llu of the log of %llu entries signed by %.*s:",
	    (unsigned long long)receipt.index,
	    (unsigned long long)receipt.checkpoint.size,
	    (int)vkey_name(key).len, (const char *)vkey_name(key).at);
	put_line(bytes_view(&receipt.entry));
	return EXIT_DONE;
}
