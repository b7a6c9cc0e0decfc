/*
 * Copying SQLite's file online. The copy is nobody's until it is whole,
 * durable and renamed; a crash leaves at most a file that the next backup
 * replaces. Next: calls.c, which starts it; cli/registry.c, which fetches it.
 */
#include "signer/notary/registry_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "signer/log.h"
#include "signer/notary/registry_sql.h"
#include "signer/notary/sqlite.h"

#define STEP 256	/* pages of 4 KiB: a millisecond or two */

enum state { RUNNING, DONE, FAILED };

struct backup {
	struct registry	*registry;
	sqlite3		*to;
	sqlite3_backup	*run;
	int		 fd;		/* of the copy, to write it out */
	unsigned int	 steps;
	enum state	 state;
	int		 pages, left;
	uint64_t	 entries;
	int64_t		 started_at, ended_at;
	char		 path[PATH_MAX], fresh[PATH_MAX];
	char		 why[256];
};

static void
end(struct backup *b, enum state state)
{
	sqlite3_backup_finish(STEAL(b->run));
	sqlite3_close(STEAL(b->to));
	fd_close(&b->fd);
	b->state = state;
	b->ended_at = time_now();
	if (state == FAILED) {
		snprintf(b->why, sizeof(b->why), "%s", err_why());
		(void)unlink(b->fresh);		/* told already; replaced */
	}
}

void
backup_free(struct backup *b)
{
	if (b == NULL)
		return;
	if (b->state == RUNNING)
		end(b, FAILED);
	mem_free(b);
}

static enum err
make_places(struct backup *b, const char *registry_path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(registry_path, '/');
	int n = snprintf(dir, sizeof(dir), "%.*s/backup",
	    (int)(slash != NULL ? slash - registry_path : 0), registry_path);

	if (n < 0 || (size_t)n >= sizeof(dir))
		return err_because(ERR_TOO_LARGE, "the registry's path");
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return err_system("%s: mkdir", dir);
	TRY(path_join(dir, "registry.db", b->path, sizeof(b->path)));
	return path_join(dir, "registry.db.new", b->fresh, sizeof(b->fresh));
}

/* Durable once it is whole, so that its own writes need not be. */
static enum err
open_target(struct backup *b)
{
	static const char pragmas[] = "PRAGMA journal_mode = OFF;"
	    "PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;";

	if (unlink(b->fresh) == -1 && errno != ENOENT)
		return err_system("%s: unlink", b->fresh);
	b->fd = open(b->fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (b->fd == -1)
		return err_system("%s", b->fresh);
	if (sqlite3_open_v2(b->fresh, &b->to, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK ||
	    sqlite3_exec(b->to, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return err_because(ERR_SYSTEM, "%s: %s", b->fresh,
		    sqlite3_errmsg(b->to));
	b->run = sqlite3_backup_init(b->to, "main",
	    sqlite_connection(b->registry->engine), "main");
	return b->run != NULL ? ERR_OK : err_because(ERR_SYSTEM,
	    "backup: %s", sqlite3_errmsg(b->to));
}

enum err
backup_start(struct registry *r, const char *registry_path,
    struct backup **out_backup)
{
	AUTO(backup) b = mem_new(1, sizeof(*b));

	if (b == NULL)
		return err_because(ERR_MEMORY, "a backup");
	b->fd = -1;
	b->state = FAILED;
	if (r->engine->ops->dialect != DIALECT_SQLITE)
		return err_because(ERR_UNSUPPORTED, "a registry on PostgreSQL "
		    "is backed up by its server's own means");
	b->registry = r;
	b->started_at = time_now();
	TRY(make_places(b, registry_path));
	b->state = RUNNING;
	TRY(open_target(b));
	*out_backup = STEAL(b);
	return ERR_OK;
}

static enum err
finish(struct backup *b)
{
	TRY(registry_entry_count(b->registry, &b->entries));
	sqlite3_backup_finish(STEAL(b->run));
	if (sqlite3_close(b->to) != SQLITE_OK)
		return err_because(ERR_SYSTEM, "%s: close", b->fresh);
	b->to = NULL;
	if (fsync(b->fd) == -1)
		return err_system("%s: fsync", b->fresh);
	if (rename(b->fresh, b->path) == -1)
		return err_system("%s: rename", b->fresh);
	return dir_sync_of(b->path);
}

bool
backup_step(struct backup *b)
{
	int rc = sqlite3_backup_step(b->run, STEP);
	enum err e = ERR_OK;

	b->pages = sqlite3_backup_pagecount(b->run);
	b->left = sqlite3_backup_remaining(b->run);
	/* begun early: the last fsync keeps nobody waiting long */
	if (++b->steps % 16 == 0)
		(void)sync_file_range(b->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	if (rc == SQLITE_OK)
		return false;
	e = rc == SQLITE_DONE ? finish(b) : err_because(ERR_SYSTEM,
	    "backup: %s", sqlite3_errstr(rc));
	end(b, e == ERR_OK ? DONE : FAILED);
	if (e != ERR_OK)
		log_error("%s", b->why);
	return true;
}

bool
backup_is_running(const struct backup *b)
{
	return b != NULL && b->state == RUNNING;
}

bool
backup_is_done(const struct backup *b)
{
	return b->state == DONE;
}

uint64_t
backup_entries(const struct backup *b)
{
	return b->entries;
}

void
backup_put(const struct backup *b, struct json *j)
{
	static const char *const states[] = { "running", "done", "failed" };
	char at[INSTANT_TEXT];

	if (b == NULL) {
		json_none(j, "backup");
		return;
	}
	json_record(j, "backup");
	json_c_text(j, "state", states[b->state]);
	json_c_text(j, "started_at", instant_text(b->started_at, at));
	json_int(j, "pages", b->pages);
	json_int(j, "left", b->left);
	if (b->state == DONE) {
		json_c_text(j, "ended_at", instant_text(b->ended_at, at));
		json_c_text(j, "path", b->path);
		json_int(j, "entries", (int64_t)b->entries);
	}
	if (b->state == FAILED && utf8_valid(view_text(b->why)))
		json_c_text(j, "why", b->why);
	json_close(j);
}
