/*
 * The registry from an operator's side: copies of it, and what it holds. The
 * daemon makes the copy, for it alone has the database; this fetches it from
 * beside the registry, which takes the daemon's user or root. Next:
 * signer/notary/registry_backup.c, registry_verify.c.
 */
#include "cli/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "signer/notary/postgres.h"
#include "signer/notary/registry_inspect.h"

#define POLL_MS 100
#define CHUNK ((size_t)1 << 20)

enum err
registry_call(const struct arguments *a, const char *method,
    const char *path, struct view body, struct answer *out)
{
	const struct call c = { .socket = "admin.sock", .method = method,
	    .path = path, .body = body };

	return service_call(service_dir(a), &c, out);
}

/* ---- backup */

static bool
is_state(const struct answer *answer, const char *state)
{
	const char *s = document_text(answer->document, "backup.state");

	return s != NULL && strcmp(s, state) == 0;
}

static void
show_progress(const struct answer *answer)
{
	int64_t pages = document_int(answer->document, "backup.pages", 0);
	int64_t left = document_int(answer->document, "backup.left", 0);

	if (isatty(STDERR_FILENO) && pages > 0)
		fprintf(stderr, "\r%3" PRId64 " %%", (pages - left) * 100 /
		    pages);
}

/* Until the daemon has made its copy: where it is. */
static int
wait_for_copy(const struct arguments *a, struct answer *answer)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };

	while (answer->reply.status == 200 && is_state(answer, "running")) {
		enum err e;

		nanosleep(&pause, NULL);
		show_progress(answer);
		answer_done(answer);
		e = registry_call(a, "GET", "/v1/registry",
		    (struct view){ 0 }, answer);
		if (e != ERR_OK)
			return complain_err("the daemon's copy", e);
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r     \r");
	if (answer->reply.status != 200)
		return service_problem(answer);
	if (is_state(answer, "done"))
		return EXIT_DONE;
	complain("the daemon could not make it: %s",
	    document_text(answer->document, "backup.why"));
	return EXIT_FAILED;
}

static enum err
copy_bytes(int from, int to, const char *name)
{
	AUTO_DONE(bytes) b = { 0 };
	uint8_t *chunk = bytes_grow(&b, CHUNK);
	ssize_t n;

	if (chunk == NULL)
		return bytes_check(&b);
	while ((n = read(from, chunk, CHUNK)) > 0)
		TRY(fd_write(to, VIEW(chunk, (size_t)n)));
	return n == 0 ? ERR_OK : err_system("%s: read", name);
}

/* Whole and durable under its name, or not there. */
static enum err
take_away(const char *from, const char *path)
{
	AUTO_FD source = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_FD target = -1;
	char fresh[PATH_MAX];

	if (source == -1)
		return err_system("%s", from);
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >=
	    (int)sizeof(fresh))
		return err_because(ERR_TOO_LARGE, "%s: path too long", path);
	if (unlink(fresh) == -1 && errno != ENOENT)
		return err_system("%s: unlink", fresh);
	target = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (target == -1)
		return err_system("%s", fresh);
	TRY(copy_bytes(source, target, from));
	if (fsync(target) == -1)
		return err_system("%s: fsync", fresh);
	if (rename(fresh, path) == -1)
		return err_system("%s: rename", fresh);
	TRY(dir_sync_of(path));
	return unlink(from) == 0 ? ERR_OK : err_system("%s: unlink", from);
}

int
registry_back_up(const struct arguments *a)
{
	AUTO_DONE(answer) answer = { 0 };
	const char *path = argument(a, 0), *from;
	int status;
	enum err e;

	if (file_exists(path)) {
		complain("%s is there already: a backup is never overwritten",
		    path);
		return EXIT_CONFLICT;
	}
	if ((e = registry_call(a, "POST", "/v1/registry/backup",
	    (struct view){ 0 }, &answer)) != ERR_OK)
		return complain_err("the daemon has not been asked", e);
	if ((status = wait_for_copy(a, &answer)) != EXIT_DONE)
		return status;
	from = document_text(answer.document, "backup.path");
	if ((e = take_away(from, path)) != ERR_OK)
		return complain_err("the copy", e);
	complain("%s: %lld entries; it is as secret as the registry", path,
	    (long long)document_int(answer.document, "backup.entries", 0));
	return registry_verify_file(a, path);
}

/* ---- stats */

static void
print_devices(const struct document *d)
{
	char path[64];

	for (size_t i = 0; i < document_count(d, "stats.devices"); i++) {
		const char *part[4];
		static const char *const names[] = { "programme", "state",
		    "oldest", "newest" };

		for (size_t k = 0; k < COUNT(names); k++) {
			snprintf(path, sizeof(path), "stats.devices.%zu.%s",
			    i, names[k]);
			part[k] = document_text(d, path);
		}
		snprintf(path, sizeof(path), "stats.devices.%zu.count", i);
		printf("  %-24s %-10s %10lld   %s … %s\n", part[0], part[1],
		    (long long)document_int(d, path, 0),
		    part[2] != NULL ? part[2] : "", part[3] != NULL ?
		    part[3] : "");
	}
}

static void
print_lists(const struct document *d)
{
	char path[64];

	for (size_t i = 0; i < document_count(d, "stats.status_lists"); i++) {
		long long number[3];
		static const char *const names[] = { "list", "given", "size" };

		for (size_t k = 0; k < COUNT(names); k++) {
			snprintf(path, sizeof(path),
			    "stats.status_lists.%zu.%s", i, names[k]);
			number[k] = (long long)document_int(d, path, 0);
		}
		printf("  list %-19lld %lld of %lld places given\n",
		    number[0], number[1], number[2]);
	}
}

static void
print_stats(const struct document *d)
{
	static const struct {
		const char	*name, *path;
	} rows[] = {
		{ "log entries", "stats.entries" },
		{ "device keys", "stats.device_keys" },
		{ "QR tokens", "stats.qr_tokens.count" },
		{ "  of them redeemed", "stats.qr_tokens.redeemed" },
		{ "challenges used", "stats.challenges" },
		{ "quotas", "stats.quotas" },
		{ "retries remembered", "stats.retries.count" },
		{ "orphans", "stats.orphans.count" },
		{ "  of them open", "stats.orphans.open" },
		{ "bytes", "bytes" },
	};

	printf("devices\n");
	print_devices(d);
	print_lists(d);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t n = document_int(d, rows[i].path, -1);

		if (n >= 0)
			printf("%-26s %lld\n", rows[i].name, (long long)n);
	}
}

/* What a copy holds, or a server, in the daemon's words. */
static enum err
stats_of(const char *where, struct bytes *out)
{
	bool server = postgres_is_uri(where);
	AUTO(registry) r = NULL;
	struct json j = json_start(out);
	struct stat st = { 0 };

	TRY(server ? registry_open(where, &r) :
	    registry_open_copy(where, &r));
	if (!server && stat(where, &st) == -1)
		return err_system("%s", where);
	json_record(&j, NULL);
	if (!server)
		json_int(&j, "bytes", st.st_size);
	json_record(&j, "stats");
	TRY(registry_stats(r, &j));
	json_close(&j);
	json_close(&j);
	return json_end(&j);
}

static int
tell_stats(const struct arguments *a, struct view json)
{
	AUTO(document) d = NULL;
	enum err e;

	if (option_given(a, "json")) {
		put_line(json);
		return EXIT_DONE;
	}
	if ((e = document_parse(json, &d)) != ERR_OK)
		return complain_err("the answer", e);
	print_stats(d);
	return EXIT_DONE;
}

int
registry_show_stats(const struct arguments *a)
{
	AUTO_DONE(answer) answer = { 0 };
	AUTO_DONE(bytes) json = { 0 };
	const char *path = argument(a, 0);
	enum err e;

	if (path != NULL) {
		if ((e = stats_of(path, &json)) != ERR_OK)
			return complain_err(path, e);
		return tell_stats(a, bytes_view(&json));
	}
	if ((e = registry_call(a, "GET", "/v1/registry/stats",
	    (struct view){ 0 }, &answer)) != ERR_OK)
		return complain_err("the daemon has not been asked", e);
	if (answer.reply.status != 200)
		return service_problem(&answer);
	return tell_stats(a, bytes_view(&answer.reply.body));
}
