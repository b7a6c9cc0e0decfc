/*
 * Is a copy of the registry one that could be served from? Offline, and
 * believing nothing in it but what the log's key has signed. Next:
 * signer/notary/registry_inspect.c.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/registry.h"
#include "cli/say.h"
#include "signer/notary/postgres.h"
#include "signer/notary/recover.h"
#include "signer/notary/registry_fleet.h"
#include "signer/notary/registry_inspect.h"

struct report {
	bool		json;
	struct json	j;
	bool		good;
};

static void
tell(void *arg, const char *what, int64_t bad)
{
	struct report *r = arg;

	r->good &= bad == 0;
	if (r->json) {
		json_record(&r->j, NULL);
		json_c_text(&r->j, "what", what);
		json_int(&r->j, "bad", bad);
		json_close(&r->j);
		return;
	}
	printf("  %s%s%s %s", paint(stdout, bad == 0 ? GREEN : RED),
	    bad == 0 ? "✓" : "✗", paint(stdout, PLAIN), what);
	if (bad != 0)
		printf(": %" PRId64 " break it", bad);
	printf("\n");
}

/* The root of the first entries, from the log's own bundles. */
static enum err
published_root(const char *dir, uint64_t entries,
    const struct recover_head *head, struct hash *out_root)
{
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source tiles = tile_source_dir(&fd);
	AUTO(recompute_bundles) bundles = NULL;
	struct recompute r = { 0 };
	struct recompute_source source;
	struct hash all, some;

	TRY(recompute_bundles_new(&tiles, head->size, &bundles));
	source = recompute_from(bundles);
	TRY(recompute_root(&r, &source, entries, &some));
	TRY(recompute_root(&r, &source, head->size, &all));
	if (!merkle_equal(&all, &head->root))
		return err_because(ERR_MISMATCH, "the published entries do "
		    "not hash to their checkpoint");
	*out_root = some;
	return ERR_OK;
}

/* By this key, or one that it handed over to. */
static enum err
read_head(const char *dir, const struct vkey *key, struct recover_head *out)
{
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct log_files files = log_files_dir(&fd);
	AUTO(trust_policy) trust = NULL;
	AUTO_DONE(bytes) note = { 0 };
	struct trust_seen seen;
	enum err e;

	if (fd == -1)
		return err_system("%s: open", dir);
	e = publish_read_checkpoint(dir, &note);
	if (e == ERR_NOT_FOUND) {
		*out = (struct recover_head){ .root = merkle_root(NULL, 0) };
		return ERR_OK;
	}
	TRY(e);
	TRY(trust_key(key, &trust));
	TRY(rotation_follow(trust, &files));
	TRY(trust_open(trust, bytes_view(&note), &seen));
	*out = (struct recover_head){ .size = seen.checkpoint.size,
		.root = seen.checkpoint.root };
	return ERR_OK;
}

/* Its entries are the log's beginning, or the log is theirs. */
static enum err
compare(struct registry *r, const char *dir, const struct vkey *key,
    int64_t *out_missing)
{
	struct recompute_source source = recover_source(r);
	struct recompute own = { 0 };
	struct recover_head head;
	struct hash root, published;
	uint64_t entries, common;

	TRY(read_head(dir, key, &head));
	TRY(registry_entry_count(r, &entries));
	common = entries < head.size ? entries : head.size;
	TRY(recompute_root(&own, &source, common, &root));
	TRY(published_root(dir, common, &head, &published));
	if (!merkle_equal(&root, &published))
		return err_because(ERR_MISMATCH, "the first %" PRIu64
		    " entries of the registry and of the log differ", common);
	*out_missing = (int64_t)(head.size - common);
	return ERR_OK;
}

/* The log of which node it is, where several share the registry. */
static enum err
look_as(struct registry *r, const struct vkey *key)
{
	AUTO_DONE(bytes) origin = { 0 };

	bytes_put(&origin, vkey_name(key));
	TRY(bytes_check(&origin));
	return registry_look_as(r, bytes_text(&origin));
}

/* That of --key, or the one beside the log. */
static enum err
read_key(const struct arguments *a, const char *dir, struct vkey **out)
{
	char beside[PATH_MAX];

	TRY(path_join(dir, "log.vkey", beside, sizeof(beside)));
	return vkey_read(option_value(a, "key", beside), out);
}

static int
check_log(const struct arguments *a, struct registry *r,
    struct report *report)
{
	const char *dir = option_value(a, "log", NULL);
	AUTO(vkey) key = NULL;
	int64_t missing = 0;
	enum err e;

	if (dir == NULL)
		return EXIT_DONE;
	if ((e = read_key(a, dir, &key)) != ERR_OK)
		return complain_err("the log's key", e);
	if ((e = look_as(r, key)) != ERR_OK)
		return complain_err("the registry", e);
	e = compare(r, dir, key, &missing);
	tell(report, "its entries are those of the published log", e != ERR_OK);
	if (e != ERR_OK)
		return complain_err(dir, e);
	if (missing != 0)
		complain("the log shows %" PRId64 " entries more: restored, "
		    "it must be repaired (okse registry repair)", missing);
	return EXIT_DONE;
}

static enum err
open_any(const char *where, struct registry **out)
{
	return postgres_is_uri(where) ? registry_open(where, out) :
	    registry_open_copy(where, out);
}

static int
check(const struct arguments *a, const char *path, bool with_log,
    struct report *report)
{
	AUTO(registry) r = NULL;
	int status;
	enum err e;

	if ((e = open_any(path, &r)) != ERR_OK ||
	    (e = registry_check(r, tell, report)) != ERR_OK)
		return complain_err(path, e);
	status = with_log && report->good ? check_log(a, r, report) :
	    EXIT_DONE;
	return status != EXIT_DONE || report->good ? status : EXIT_FAILED;
}

int
registry_verify_file(const struct arguments *a, const char *path)
{
	struct report report = { .good = true };

	return check(a, path, false, &report);
}

int
registry_verify(const struct arguments *a)
{
	AUTO_DONE(bytes) json = { 0 };
	struct report report = { .json = option_given(a, "json"),
	    .j = json_start(&json), .good = true };
	int status;

	json_record(&report.j, NULL);
	json_items(&report.j, "checks");
	status = check(a, argument(a, 0), true, &report);
	json_close(&report.j);
	json_bool(&report.j, "good", status == EXIT_DONE);
	json_close(&report.j);
	if (report.json && json_end(&report.j) == ERR_OK)
		put_line(bytes_view(&json));
	return status;
}

/* ---- for a node that cannot say it itself */

int
registry_confirm_node(const struct arguments *a)
{
	const char *uri = option_value(a, "owner", NULL), *dir = argument(a, 0);
	AUTO(registry) r = NULL;
	AUTO(vkey) key = NULL;
	int64_t missing = 0;
	enum err e;

	if (uri == NULL) {
		complain("--owner: expected the URI of the tables' owner");
		return EXIT_USAGE;
	}
	if ((e = read_key(a, dir, &key)) != ERR_OK)
		return complain_err("the log's key", e);
	if ((e = registry_open_owner(uri, &r)) != ERR_OK ||
	    (e = look_as(r, key)) != ERR_OK ||
	    (e = compare(r, dir, key, &missing)) != ERR_OK)
		return complain_err("the registry", e);
	if (missing != 0) {
		complain("%" PRId64 " entries of this log are missing in the "
		    "registry: it must be repaired", missing);
		return EXIT_FAILED;
	}
	if ((e = registry_confirm(r)) != ERR_OK)
		return complain_err("the registry", e);
	complain("the registry has all that this log shows; the others may "
	    "go on");
	return EXIT_DONE;
}
