/*
 * Writing the transcript: append, fsync, only then return. What it writes is
 * the steps' own; chain.c reads it back and trusts nothing.
 */
#include "ceremony/transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "ceremony/payload.h"

struct transcript {
	int		 fd;
	char		*mode;
	uint64_t	 count;
	int64_t		 time;		/* of the newest record */
	int64_t		 started_us;
	struct hash	 newest;	/* zero before the first */
	enum err	 failed;	/* the failure that was final */
};

void
transcript_free(struct transcript *t)
{
	if (t == NULL)
		return;
	fd_close(&t->fd);
	mem_free(t->mode);
	mem_free(t);
}

/* One process writes a transcript; the lock ends with it. */
static enum err
open_alone(const char *path, const char *mode, struct transcript **out)
{
	AUTO(transcript) t = mem_new(1, sizeof(*t));

	if (t == NULL)
		return err_because(ERR_MEMORY, "transcript");
	t->fd = -1;
	if ((t->mode = mem_text(mode)) == NULL)
		return err_because(ERR_MEMORY, "transcript");
	t->started_us = time_monotonic_us();
	t->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (t->fd == -1)
		return err_system("%s: open", path);
	if (flock(t->fd, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? err_because(ERR_IN_FLIGHT,
		    "%s: another process holds this ceremony", path) :
		    err_system("%s: lock", path);
	*out = STEAL(t);
	return ERR_OK;
}

enum err
transcript_create(const char *path, const char *mode,
    struct transcript **out_transcript)
{
	/* creates the name durably; the records follow */
	TRY(file_create(path, VIEW(NULL, 0), 0644));
	return open_alone(path, mode, out_transcript);
}

static enum err
cut_torn(struct transcript *t, const char *step, const struct records *r)
{
	AUTO_DONE(payload) p = { 0 };
	struct hash h = sha256(r->torn);

	if (r->torn.len == 0)
		return ERR_OK;
	payload_put_int(&p, "bytes", (int64_t)r->torn.len);
	payload_put_hex(&p, "sha256", VIEW_OF(h.at));
	if (ftruncate(t->fd, (off_t)r->size) == -1 || fsync(t->fd) == -1)
		return err_system("cutting half a record off");
	return transcript_put(t, RECORD_TORN, step, "operator", &p);
}

enum err
transcript_continue(const char *path, const char *mode, const char *step,
    const struct records *r, struct transcript **out_transcript)
{
	AUTO(transcript) t = NULL;
	const struct record *last = &r->at[r->count - 1];
	struct stat now;

	TRY(open_alone(path, mode, &t));
	if (fstat(t->fd, &now) == -1)
		return err_system("%s: stat", path);
	if ((size_t)now.st_size != r->size + r->torn.len)
		return err_because(ERR_IN_FLIGHT,
		    "%s: it has grown since it was read", path);
	t->count = r->count;
	t->time = last->time;
	t->newest = r->root;
	/* what passed between the processes is in the records' wall clock */
	t->started_us -= (int64_t)last->elapsed_ms * 1000;
	TRY(cut_torn(t, step, r));
	*out_transcript = STEAL(t);
	return ERR_OK;
}

struct hash
record_hash(const char *mode, struct view body)
{
	AUTO_DONE(bytes) domain = { 0 };

	bytes_printf(&domain, "kc/rec/v1/%s\n", mode);
	return sha256_2(bytes_view(&domain), body);
}

const char *
record_type_name(enum record_type type)
{
	static const char *const names[] = {
#define X(name, places) [RECORD_##name] = #name,
		RECORD_TABLE(X)
#undef X
	};

	return names[type];
}

bool
record_word_fits(struct view word)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyz0123456789-.";

	for (size_t i = 0; i < word.len; i++)
		if (memchr(letters, word.at[i], sizeof(letters) - 1) == NULL)
			return false;
	return word.len >= 1 && word.len <= 64;
}

static enum err
put_line(struct transcript *t, struct bytes *line, struct hash *out_hash)
{
	struct hash h = record_hash(t->mode, bytes_view(line));

	bytes_put_u8(line, '|');
	hex_put(line, VIEW_OF(h.at));
	bytes_put_u8(line, '\n');
	TRY(bytes_check(line));
	TRY(fd_write(t->fd, bytes_view(line)));
	if (fsync(t->fd) == -1)
		return err_system("fsync of the transcript");
	*out_hash = h;
	return ERR_OK;
}

static enum err
put_record(struct transcript *t, enum record_type type, const char *step,
    const char *actor, const struct payload *p)
{
	AUTO_DONE(bytes) line = { .max = TRANSCRIPT_LINE };
	int64_t now = time_now();
	int64_t elapsed = (time_monotonic_us() - t->started_us) / 1000;
	char stamp[INSTANT_TEXT];
	struct hash h;

	if (now < t->time)
		return err_because(ERR_RANGE,
		    "the clock went back since the newest record");
	if (!record_word_fits(view_text(step)) ||
	    !record_word_fits(view_text(actor)))
		return err_because(ERR_INTERNAL,
		    "a record's step or actor is not a word");
	bytes_printf(&line, "%ju|%s|%jd|%s|%s|%s|", (uintmax_t)t->count + 1,
	    instant_text(now, stamp), (intmax_t)elapsed,
	    record_type_name(type), step, actor);
	if (p != NULL)
		payload_encode(p, &line);
	bytes_put_u8(&line, '|');
	hex_put(&line, VIEW_OF(t->newest.at));
	TRY(put_line(t, &line, &h));
	t->newest = h;
	t->time = now;
	t->count++;
	return ERR_OK;
}

enum err
transcript_put(struct transcript *t, enum record_type type, const char *step,
    const char *actor, const struct payload *p)
{
	if (t->failed != ERR_OK)
		return err_because(t->failed,
		    "the transcript failed before and is closed");
	t->failed = put_record(t, type, step, actor, p);
	return t->failed;
}

struct hash
transcript_root(const struct transcript *t)
{
	return t->newest;
}
