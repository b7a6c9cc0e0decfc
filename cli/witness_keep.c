/*
 * What a witness keeps, and its one step: judge, persist, answer. The
 * process serves one request at a time, so nothing comes in between; another
 * process is kept out by a lock. Requests are hostile; the files are our own
 * and are verified when they are read. Next: witness.c, which serves HTTP.
 */
#include "cli/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "signer/log.h"

#define LOGS_MAX 65536		/* bytes of the file of vkeys */

void
witness_close(struct witness *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++) {
		witness_log_done(&w->at[i].log);
		bytes_done(&w->at[i].hash);
		bytes_done(&w->at[i].note);
	}
	cosigner_free(w->cosigner);
	fd_close(&w->lock);
	mem_free(w);
}

struct witness_place *
witness_find(struct witness *w, struct view origin)
{
	for (size_t i = 0; i < w->count; i++)
		if (view_equal(vkey_name(w->at[i].log.keys[0]), origin))
			return &w->at[i];
	return NULL;
}

const struct witness_place *
witness_find_path(const struct witness *w, struct view path)
{
	for (size_t i = 0; i < w->count; i++)
		if (view_equal(bytes_view(&w->at[i].hash), path))
			return &w->at[i];
	return NULL;
}

/* ---- opening */

static enum err
restore(struct witness *w, struct witness_place *p)
{
	enum err e = file_read(p->checkpoint, NOTE_MAX, &p->note);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;		/* nothing was cosigned yet */
	TRY(e);
	if (witness_restore(&p->log, w->cosigner, bytes_view(&p->note)) !=
	    ERR_OK)
		return err_because(ERR_CORRUPT, "%s is not what this witness "
		    "wrote: restore it, do not remove it", p->checkpoint);
	return ERR_OK;
}

static enum err
open_place(struct witness *w, struct witness_place *p)
{
	char dir[PATH_MAX], *slash;

	witness_path_put(&p->hash, vkey_name(p->log.keys[0]));
	TRY(bytes_check(&p->hash));
	TRY(path_join(w->state, bytes_text(&p->hash), p->checkpoint,
	    sizeof(p->checkpoint)));
	memcpy(dir, p->checkpoint, sizeof(dir));
	slash = strrchr(dir, '/');
	*slash = '\0';
	TRY(path_join(dir, "refused", p->refused, sizeof(p->refused)));
	TRY(dir_make(dir, 0755));
	return restore(w, p);
}

static enum err
add_key(struct witness *w, struct vkey *key)
{
	struct witness_place *p = witness_find(w, vkey_name(key));

	if (p == NULL && w->count == WITNESS_LOGS)
		return err_because(ERR_FULL, "more than %d logs",
		    WITNESS_LOGS);
	if (p == NULL)
		p = &w->at[w->count++];
	if (p->log.key_count == WITNESS_KEYS)
		return err_because(ERR_FULL, "more than %d keys of one log",
		    WITNESS_KEYS);
	p->log.keys[p->log.key_count++] = key;
	return ERR_OK;
}

/* A log with this witness's name would blur who says what. */
static enum err
check_key(const struct witness *w, const struct vkey *key)
{
	if (vkey_type(key) == VKEY_COSIGNATURE)
		return err_because(ERR_SCHEMA, "a witness's key is no log's");
	if (view_equal(vkey_name(key), vkey_name(cosigner_vkey(w->cosigner))))
		return err_because(ERR_SCHEMA,
		    "a log has the name of this witness");
	return ERR_OK;
}

static enum err
read_logs(struct witness *w, const char *path)
{
	AUTO_DONE(bytes) text = { 0 };
	struct reader r;

	TRY(file_read(path, LOGS_MAX, &text));
	r = reader_of(bytes_view(&text));
	while (r.rest.len != 0) {
		struct view line = reader_until(&r, '\n');
		AUTO(vkey) key = NULL;

		if (r.failed)
			return err_because(ERR_SYNTAX,
			    "%s does not end in a line end", path);
		if (line.len == 0 || line.at[0] == '#')
			continue;
		TRY(vkey_get(line, &key));
		TRY(check_key(w, key));
		TRY(add_key(w, key));
		(void)STEAL(key);
	}
	return w->count != 0 ? ERR_OK :
	    err_because(ERR_SCHEMA, "%s names no log", path);
}

static enum err
lock_state(struct witness *w)
{
	w->lock = open(w->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->lock == -1)
		return err_system("%s", w->state);
	if (flock(w->lock, LOCK_EX | LOCK_NB) == 0)
		return ERR_OK;
	return errno == EWOULDBLOCK ? err_because(ERR_IN_FLIGHT,
	    "%s is in use by another process", w->state) :
	    err_system("%s: flock", w->state);
}

enum err
witness_open(const char *dir, const char *logs, struct witness **out_witness)
{
	AUTO(witness) w = mem_new(1, sizeof(*w));
	char key[PATH_MAX], vkey[PATH_MAX], beside[PATH_MAX];

	if (w == NULL)
		return err_because(ERR_MEMORY, "a witness");
	w->lock = -1;
	TRY(path_join(dir, "witness.key", key, sizeof(key)));
	TRY(path_join(dir, "witness.vkey", vkey, sizeof(vkey)));
	TRY(path_join(dir, "logs.txt", beside, sizeof(beside)));
	TRY(path_join(dir, "logs", w->state, sizeof(w->state)));
	TRY(cosigner_read(key, vkey, &w->cosigner));
	TRY(read_logs(w, logs != NULL ? logs : beside));
	TRY(dir_make(w->state, 0755));
	TRY(lock_state(w));
	for (size_t i = 0; i < w->count; i++)
		TRY(open_place(w, &w->at[i]));
	*out_witness = STEAL(w);
	return ERR_OK;
}

/* ---- serving */

static enum err
judge(struct witness_place *p, const struct witness_request *r,
    struct bytes *answer, struct checkpoint *out_tree)
{
	enum err e = witness_check(&p->log, r, out_tree);

	if (e == ERR_EXISTS)
		witness_size_put(answer, p->log.size);
	if (e != ERR_MISMATCH)
		return e;
	/* the log signed it, and it is no growth of what it signed before */
	log_warning("%s: %s", p->refused, err_why());
	if (file_replace(p->refused, r->note, 0644) != ERR_OK)
		log_warning("it could not be kept: %s", err_why());
	return err_because(ERR_MISMATCH, "no growth of the newest tree that "
	    "this witness has cosigned");
}

enum err
witness_serve(struct witness *w, struct view body, uint64_t now,
    struct bytes *out_answer, bool *out_broken)
{
	AUTO_DONE(bytes) note = { 0 };
	struct witness_request r;
	struct witness_place *p;
	struct checkpoint tree;

	TRY(witness_request_get(body, &r));
	p = witness_find(w, witness_request_origin(&r));
	if (p == NULL)
		return err_because(ERR_NOT_FOUND, "this log is not known");
	TRY(judge(p, &r, out_answer, &tree));
	TRY(witness_cosign(&p->log, &r, w->cosigner, now, &note, out_answer));
	if (file_replace(p->checkpoint, bytes_view(&note), 0644) != ERR_OK) {
		*out_broken = true;
		return ERR_SYSTEM;
	}
	p->log.size = tree.size;
	p->log.root = tree.root;
	bytes_reset(&p->note);
	bytes_put(&p->note, bytes_view(&note));
	return bytes_check(&p->note);
}
