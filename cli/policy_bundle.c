/*
 * From a policy to one in force: officers sign the bundle, anybody verifies
 * it, an operator installs it and asks the daemon to take it. The daemon
 * judges it again from its own files; nothing is believed because it went
 * through here. Next: policy/bundle.h.
 */
#include "cli/policy.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "cli/service.h"
#include "policy/bundle_make.h"
#include "signer/config.h"

#define DAYS 365		/* that a bundle counts unless it says else */

/* ---- where things are */

static enum err
read_roster(const struct arguments *a, struct roster *out)
{
	const char *path = option_value(a, "roster", NULL);
	AUTO(config) config = NULL;
	enum err e;

	if (path != NULL)
		return roster_read(path, out);
	if ((e = service_config(a, &config)) != ERR_OK)
		return err_because(e, "%s (--roster says which officers)",
		    err_why());
	return roster_read(config->roster, out);
}

/* ---- what a bundle is, in words or as JSON */

static void
print_signers(const struct roster *r, const struct approvals *signers)
{
	printf("signed by   %u of the %u needed\n", signers->count,
	    r->threshold);
	for (unsigned int i = 0; i < signers->count; i++)
		printf("  seat %-4u %s\n", signers->seats[i],
		    r->officers[signers->seats[i] - 1].name);
}

static void
print_manifest(const struct manifest *m)
{
	char from[INSTANT_TEXT], until[INSTANT_TEXT];

	printf("serial      %" PRId64 "\ncounts      %s until %s\n",
	    m->serial, instant_text(m->not_before, from),
	    instant_text(m->expires, until));
	for (size_t i = 0; i < m->count; i++) {
		AUTO_DONE(bytes) hex = { 0 };

		hex_put(&hex, VIEW_OF(m->files[i].hash.at));
		printf("  %s  %s\n", bytes_text(&hex), m->files[i].name);
	}
}

static void
print_hash(const char *name, const struct hash *h)
{
	AUTO_DONE(bytes) hex = { 0 };

	hex_put(&hex, VIEW_OF(h->at));
	printf("%-11s %s\n", name, bytes_text(&hex));
}

static int
print_bundle(const struct arguments *a, const struct roster *r,
    const struct bundle *b)
{
	AUTO_DONE(bytes) json = { 0 };
	struct json j = json_start(&json);
	enum err e;

	if (option_given(a, "json")) {
		json_record(&j, NULL);
		bundle_put(b, &j);
		json_close(&j);
		if ((e = json_end(&j)) != ERR_OK)
			return complain_err("the bundle", e);
		put_line(bytes_view(&json));
		return EXIT_DONE;
	}
	print_manifest(bundle_manifest(b));
	print_hash("policy", policy_hash(bundle_policy(b)));
	print_hash("manifest", bundle_hash(b));
	print_signers(r, bundle_signers(b));
	return EXIT_DONE;
}

/* ---- sign */

static enum err
get_time(const struct arguments *a, const char *option, int64_t otherwise,
    int64_t *out)
{
	const char *text = option_value(a, option, NULL);
	enum err e;

	*out = otherwise;
	if (text == NULL)
		return ERR_OK;
	e = instant_get(view_text(text), out);
	return e == ERR_OK ? ERR_OK : err_because(e, "--%s: expected a time "
	    "as 2026-11-23T00:00:00+09:00", option);
}

/* Only when asked, or when nothing was prepared: signatures would be lost. */
static enum err
prepare(const struct arguments *a, const char *dir)
{
	char manifest[PATH_MAX];
	struct bundle_plan plan;

	TRY(path_join(dir, "manifest", manifest, sizeof(manifest)));
	if (file_exists(manifest) && !option_given(a, "prepare")) {
		if (option_given(a, "not-before") ||
		    option_given(a, "expires"))
			return err_because(ERR_EXISTS, "there is a manifest, "
			    "with its times; --prepare makes another, "
			    "without signatures");
		return ERR_OK;
	}
	TRY(get_time(a, "not-before", time_now() / DAY * DAY,
	    &plan.not_before));
	TRY(get_time(a, "expires", plan.not_before + DAYS * DAY,
	    &plan.expires));
	return bundle_prepare(dir, &plan);
}

static bool
get_seat(const struct arguments *a, unsigned int *out)
{
	struct reader r = reader_of(view_text(option_value(a, "seat", "")));

	*out = (unsigned int)reader_decimal(&r, ROSTER_SEATS);
	return reader_end(&r, "--seat") == ERR_OK;
}

static int
sign(const struct arguments *a, const char *dir, unsigned int seat)
{
	AUTO_DONE(roster) roster = { 0 };
	AUTO(EVP_PKEY) key = NULL;
	struct approvals signers;
	enum err e;

	if ((e = read_roster(a, &roster)) != ERR_OK)
		return complain_err("the roster", e);
	if ((e = officer_key_read(option_value(a, "key", ""), &key)) !=
	    ERR_OK)
		return complain_err("the officer's key", e);
	if ((e = bundle_sign(dir, &roster, seat, key, &signers)) != ERR_OK)
		return policy_complain(dir, e);
	print_signers(&roster, &signers);
	return EXIT_DONE;
}

int
policy_sign(const struct arguments *a)
{
	const char *dir = argument(a, 0);
	bool only_prepare = !option_given(a, "seat") &&
	    !option_given(a, "key") && option_given(a, "prepare");
	struct manifest m;
	unsigned int seat = 0;
	enum err e;

	if (!only_prepare && (!get_seat(a, &seat) ||
	    !option_given(a, "key"))) {
		complain("--seat N and --key FILE say who signs");
		return EXIT_USAGE;
	}
	if ((e = prepare(a, dir)) != ERR_OK ||
	    (e = bundle_review(dir, &m)) != ERR_OK)
		return policy_complain(dir, e);
	print_manifest(&m);
	return only_prepare ? EXIT_DONE : sign(a, dir, seat);
}

/* ---- verify */

static enum err
load(const char *dir, const struct roster *roster, bool timely,
    struct bundle **out)
{
	const struct bundle_mark nothing = { 0 };
	AUTO(bundle) b = NULL;

	TRY(bundle_load(dir, roster, &nothing, &b));
	if (timely)
		TRY(bundle_timely(b, time_now()));
	*out = STEAL(b);
	return ERR_OK;
}

int
policy_verify_bundle(const struct arguments *a)
{
	const char *dir = argument(a, 0);
	AUTO_DONE(roster) roster = { 0 };
	AUTO(bundle) b = NULL;
	enum err e;

	if ((e = read_roster(a, &roster)) != ERR_OK)
		return complain_err("the roster", e);
	if ((e = load(dir, &roster, true, &b)) != ERR_OK)
		return policy_complain(dir, e);
	return print_bundle(a, &roster, b);
}

/* ---- activate, shadow */

static int
print_answer(const struct arguments *a, const struct answer *answer)
{
	const struct document *d = answer->document;

	if (answer->reply.status != 200)
		return service_problem(answer);
	if (option_given(a, "json")) {
		put_line(bytes_view(&answer->reply.body));
		return EXIT_DONE;
	}
	printf("policy %lld is in force\n",
	    (long long)document_int(d, "serial", 0));
	if (document_int(d, "shadow.serial", 0) != 0)
		printf("policy %lld is its shadow\n",
		    (long long)document_int(d, "shadow.serial", 0));
	return EXIT_DONE;
}

static int
ask_daemon(const struct arguments *a, int64_t serial, bool shadow)
{
	AUTO_DONE(bytes) body = { 0 };
	AUTO_DONE(answer) answer = { 0 };
	struct call c = { .socket = "admin.sock", .method = "POST",
	    .path = "/v1/policy" };
	enum err e;

	bytes_printf(&body, "{\"serial\":%" PRId64 "%s}", serial,
	    shadow ? ",\"shadow\":true" : "");
	c.body = bytes_view(&body);
	if ((e = service_call(service_dir(a), &c, &answer)) != ERR_OK)
		return complain_err("the daemon has not been asked", e);
	return print_answer(a, &answer);
}

/* Verified here first, so that what is wrong is told where it can be fixed. */
static int
install(const struct arguments *a, const char *dir, bool shadow,
    int64_t *out_serial)
{
	AUTO(config) config = NULL;
	AUTO_DONE(roster) roster = { 0 };
	AUTO(bundle) b = NULL;
	enum err e;

	if ((e = service_config(a, &config)) != ERR_OK ||
	    (e = roster_read(config->roster, &roster)) != ERR_OK)
		return complain_err("the configuration", e);
	if ((e = load(dir, &roster, !shadow, &b)) != ERR_OK)
		return policy_complain(dir, e);
	if ((e = bundle_install(dir, config->policy)) != ERR_OK)
		return complain_err("installing", e);
	*out_serial = bundle_manifest(b)->serial;
	return EXIT_DONE;
}

int
policy_activate(const struct arguments *a)
{
	int64_t serial = 0;
	int status = install(a, argument(a, 0), false, &serial);

	return status == EXIT_DONE ? ask_daemon(a, serial, false) : status;
}

int
policy_shadow(const struct arguments *a)
{
	int64_t serial = 0;
	int status;

	if (option_given(a, "off") == (argument(a, 0) != NULL)) {
		complain("a bundle's directory, or --off");
		return EXIT_USAGE;
	}
	if (option_given(a, "off"))
		return ask_daemon(a, 0, true);
	status = install(a, argument(a, 0), true, &serial);
	return status == EXIT_DONE ? ask_daemon(a, serial, true) : status;
}
