/*
 * okse device show: what is known of a holder's devices, for the support desk.
 * The holder comes by a file or standard input, for arguments are seen by
 * everybody on the machine; the daemon says what the registry has and records
 * that it was asked, the published log says when what was decided. Next:
 * signer/notary/lookup.c, device_log.c.
 */
#include "cli/device.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/registry.h"
#include "cli/say.h"
#include "policy/number.h"
#include "signer/config.h"

#define REQUEST_MAX ((size_t)256 << 10)
#define LOGS_MAX 16
#define BEFORE_MS 60000		/* clocks of a fleet may differ by this */

/* ---- asking */

/* Any request about the holder will do: two of its members count. */
static enum err
put_holder(const struct arguments *a, struct json *j)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO(document) d = NULL;
	const char *number, *programme;
	char digits[NUMBER_DIGITS + 1];

	TRY(read_input(argument(a, 0), REQUEST_MAX, &text));
	TRY(document_parse(bytes_view(&text), &d));
	number = document_text(d, "holder.number");
	programme = option_value(a, "programme",
	    document_text(d, "programme"));
	if (number == NULL || programme == NULL)
		return err_because(ERR_SCHEMA, "expected an object with "
		    "\"programme\" and, in \"holder\", \"number\"");
	TRY(number_of_typed(view_text(number), digits));
	json_c_text(j, "programme", programme);
	json_record(j, "holder");
	json_c_text(j, "number", digits);
	json_close(j);
	return ERR_OK;
}

static enum err
put_body(const struct arguments *a, struct bytes *out)
{
	const char *entry = option_value(a, "entry", NULL);
	struct reader r = reader_of(view_text(entry != NULL ? entry : "0"));
	uint64_t index = reader_decimal(&r, INT64_MAX);
	struct json j = json_start(out);

	TRY(reader_end(&r, "--entry"));
	json_record(&j, NULL);
	if (entry != NULL)
		json_int(&j, "entry", (int64_t)index);
	else
		TRY(put_holder(a, &j));
	json_close(&j);
	return json_end(&j);
}

/* ---- the logs */

struct logs {
	size_t			count;
	struct transitions	at[LOGS_MAX];
};

static void
logs_done(struct logs *l)
{
	for (size_t i = 0; i < l->count; i++)
		transitions_done(&l->at[i]);
}

/* When the oldest device that was told of was issued. */
static int64_t
oldest_ms(const struct document *d)
{
	size_t count = document_count(d, "devices");
	int64_t oldest = INT64_MAX;
	char path[64];

	for (size_t i = 0; i < count; i++) {
		const char *text;
		int64_t t;

		snprintf(path, sizeof(path), "devices.%zu.issued_at", i);
		text = document_text(d, path);
		if (text != NULL && instant_get(view_text(text), &t) ==
		    ERR_OK && t * 1000 < oldest)
			oldest = t * 1000;
	}
	return oldest == INT64_MAX ? 0 : oldest - BEFORE_MS;
}

static enum err
read_log(const char *place, const struct document *d, struct logs *l)
{
	const char *holder = document_text(d, "holder");
	const char *programme = document_text(d, "programme");

	if (l->count == LOGS_MAX)
		return err_because(ERR_FULL, "more than %d logs", LOGS_MAX);
	if (holder == NULL || programme == NULL)
		return err_because(ERR_SCHEMA, "the answer lacks members");
	return transitions_read(place, oldest_ms(d), holder, programme,
	    &l->at[l->count++]);
}

/* --log, or what okse.yaml says where it can be read. */
static enum err
read_logs(const struct arguments *a, const struct document *d,
    struct logs *l)
{
	AUTO(config) config = NULL;
	const char *place;

	if (document_count(d, "devices") == 0)
		return ERR_OK;
	for (size_t i = 0; (place = option_nth(a, "log", i)) != NULL; i++)
		TRY(read_log(place, d, l));
	if (l->count != 0)
		return ERR_OK;
	if (service_config(a, &config) != ERR_OK) {
		complain("indexes of the log need --log");
		return ERR_OK;
	}
	return read_log(config->log, d, l);
}

/* ---- telling */

static const char *
text_of(const struct document *d, const char *form, size_t i, size_t k,
    const char *name)
{
	char path[96];
	const char *text;

	snprintf(path, sizeof(path), "devices.%zu%s", i, form);
	if (form[0] != '\0')
		snprintf(path, sizeof(path), "devices.%zu.%s.%zu", i, form, k);
	snprintf(path + strlen(path), sizeof(path) - strlen(path), ".%s",
	    name);
	text = document_text(d, path);
	return text != NULL ? text : "-";
}

static void
print_places(const struct document *d, size_t i)
{
	char path[64];
	size_t count;

	snprintf(path, sizeof(path), "devices.%zu.places", i);
	count = document_count(d, path);
	for (size_t k = 0; k < count; k++) {
		snprintf(path, sizeof(path), "devices.%zu.places.%zu.idx", i,
		    k);
		printf("  place %" PRId64 " of %s: %s, until %s\n",
		    document_int(d, path, 0), text_of(d, "places", i, k,
		    "uri"), text_of(d, "places", i, k, "status"),
		    text_of(d, "places", i, k, "valid_until"));
	}
}

static void
print_devices(const struct document *d)
{
	size_t count = document_count(d, "devices");

	for (size_t i = 0; i < count; i++) {
		printf("%s, issued %s, until %s\n",
		    text_of(d, "", i, 0, "state"),
		    text_of(d, "", i, 0, "issued_at"),
		    text_of(d, "", i, 0, "administrative_expiry"));
		printf("  refreshed %s, changed %s\n",
		    text_of(d, "", i, 0, "refreshed_at"),
		    text_of(d, "", i, 0, "changed_at"));
		print_places(d, i);
	}
	if (count == 0)
		printf("no device in this programme, now or before\n");
}

static enum err
print_json(const struct document *d, const struct logs *l)
{
	AUTO_DONE(bytes) more = { 0 }, both = { 0 };
	struct json j = json_start(&more);

	json_record(&j, NULL);
	json_items(&j, "transitions");
	for (size_t i = 0; i < l->count; i++)
		transitions_json(&l->at[i], &j);
	json_close(&j);
	json_close(&j);
	TRY(json_end(&j));
	TRY(document_merge(d, bytes_view(&more), &both));
	put_line(bytes_view(&both));
	return ERR_OK;
}

static int
tell(const struct arguments *a, const struct document *d)
{
	AUTO_DONE(logs) l = { 0 };
	enum err e = read_logs(a, d, &l);

	/* what the registry has is told all the same */
	if (e != ERR_OK)
		complain("the log: %s", err_why());
	if (option_given(a, "json"))
		return print_json(d, &l) == ERR_OK ? exit_of(e) :
		    complain_err("the answer", ERR_SCHEMA);
	print_devices(d);
	for (size_t i = 0; i < l.count; i++)
		transitions_print(&l.at[i]);
	return exit_of(e);
}

int
device_show(const struct arguments *a)
{
	AUTO_DONE(answer) answer = { 0 };
	AUTO_DONE(bytes) body = { 0 };
	enum err e = put_body(a, &body);

	if (e != ERR_OK) {
		(void)complain_err("whose device", e);
		return EXIT_USAGE;
	}
	e = registry_call(a, "POST", "/v1/devices", bytes_view(&body),
	    &answer);
	if (e != ERR_OK)
		return complain_err("the daemon has not been asked", e);
	if (answer.reply.status != 200)
		return service_problem(&answer);
	return tell(a, answer.document);
}
