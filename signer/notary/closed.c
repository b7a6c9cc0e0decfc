/*
 * What became of closed periods. Names and sizes are the registry's; notes are
 * files that anybody with the directory may have changed, so each is read as
 * a stranger's and must carry the log's own signature. Next: journal.c, which
 * stops where one is due; attest_errand.c, which has them cosigned.
 */
#include "signer/notary/closed.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "audit/cosignature.h"
#include "base/file.h"
#include "signer/log.h"
#include "signer/notary/tally.h"

#define MEMORY "periods"		/* each: its name, u64 size */

void
closed_done(struct closed *c)
{
	for (size_t i = 0; i < c->count; i++)
		bytes_done(&c->at[i].note);
	mem_free(c->at);
	*c = (struct closed){ 0 };
}

/* ---- notes */

static enum err
note_path(const struct closed *c, const struct closed_period *p,
    char out[PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s/closed/%s.note", c->log, p->name) >=
	    PATH_MAX)
		return err_because(ERR_TOO_LARGE, "the log's path");
	return ERR_OK;
}

/* Signed by the log, of its size. */
static enum err
check_note(const struct closed *c, const struct closed_period *p,
    struct view text)
{
	struct checkpoint point;
	bool strange;

	TRY(logkeys_open(c->keys, text, &point, &strange));
	return point.size == p->size ? ERR_OK : err_because(ERR_MISMATCH,
	    "a checkpoint of %" PRIu64 " entries, not of %" PRIu64,
	    point.size, p->size);
}

static enum err
read_note(const struct closed *c, struct closed_period *p)
{
	AUTO_DONE(bytes) text = { 0 };
	char path[PATH_MAX];
	enum err e;

	TRY(note_path(c, p, path));
	e = file_read(path, NOTE_MAX, &text);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e == ERR_OK)
		e = check_note(c, p, bytes_view(&text));
	if (e != ERR_OK) {
		log_error("%s: %s", path, err_why());
		return e == ERR_MEMORY ? e : ERR_OK;
	}
	bytes_put(&p->note, bytes_view(&text));
	return bytes_check(&p->note);
}

/* When each witness cosigned the note. */
static void
read_lines(const struct closed *c, struct closed_period *p)
{
	struct trust_seen seen;

	for (size_t i = 0; i < TRUST_MAX; i++)
		p->lines[i] = TRUST_NEVER;
	if (c->policy == NULL || p->note.len == 0)
		return;
	if (trust_open(c->policy, bytes_view(&p->note), &seen) != ERR_OK)
		log_error("closed/%s.note: %s", p->name, err_why());
	else
		memcpy(p->lines, seen.cosigned, sizeof(p->lines));
}

static enum err
write_note(const struct closed *c, const struct closed_period *p,
    struct view note)
{
	char path[PATH_MAX];

	TRY(note_path(c, p, path));
	*strrchr(path, '/') = '\0';
	TRY(dir_make(path, 0755));
	TRY(note_path(c, p, path));
	return file_replace(path, note, 0644);
}

static enum err
replace_note(const struct closed *c, struct closed_period *p,
    struct view note)
{
	TRY(write_note(c, p, note));
	bytes_reset(&p->note);
	bytes_put(&p->note, note);
	return bytes_check(&p->note);
}

/* ---- remembering */

static enum err
add(struct closed *c, struct view name, uint64_t size)
{
	struct closed_period *fresh = mem_resize(c->at, c->count + 1,
	    sizeof(*c->at));

	if (fresh == NULL)
		return err_because(ERR_MEMORY, "the closed periods");
	c->at = fresh;
	fresh += c->count;
	snprintf(fresh->name, sizeof(fresh->name), "%.*s", (int)name.len,
	    (const char *)name.at);
	fresh->size = size;
	TRY(read_note(c, fresh));
	read_lines(c, fresh);
	c->count++;
	return ERR_OK;
}

static enum err
recall(struct registry *r, struct bytes *out)
{
	enum err e = registry_meta_get(r, MEMORY, out);

	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
closed_load(struct closed *c, struct registry *r)
{
	AUTO_DONE(bytes) value = { 0 };
	struct reader in;

	TRY(recall(r, &value));
	in = reader_of(bytes_view(&value));
	for (size_t i = 0; in.rest.len != 0; i++) {
		struct view name = reader_take(&in, CLOSED_NAME);
		uint64_t size = reader_u64(&in);

		if (!in.failed && i >= c->count)
			TRY(add(c, name, size));
		if (in.failed)
			break;
	}
	return reader_end(&in, MEMORY);
}

enum err
closed_record(struct registry *r, const char *name, uint64_t size)
{
	AUTO_DONE(bytes) value = { 0 };

	TRY(recall(r, &value));
	bytes_put(&value, view_text(name));
	bytes_put_u64(&value, size);
	TRY(bytes_check(&value));
	return registry_meta_put(r, MEMORY, bytes_view(&value));
}

void
closed_meet(struct closed *c, const struct trust_policy *p)
{
	c->policy = p;
	for (size_t i = 0; i < c->count; i++)
		read_lines(c, &c->at[i]);
}

/* ---- looking */

const struct closed_period *
closed_find(const struct closed *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->at[i].name, name) == 0)
			return &c->at[i];
	return NULL;
}

uint64_t
closed_stop(const struct closed *c, uint64_t published)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->at[i].size >= published && c->at[i].note.len == 0)
			return c->at[i].size;
	return CLOSED_NONE;
}

uint64_t
closed_next(const struct closed *c, uint64_t size)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->at[i].size > size)
			return c->at[i].size;
	return CLOSED_NONE;
}

static bool
has_quorum(const struct closed *c, const struct closed_period *p)
{
	return p->note.len != 0 && c->policy != NULL &&
	    trust_quorum_time(c->policy, p->lines) != TRUST_NEVER;
}

bool
closed_covers(const struct closed *c, uint64_t min)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->at[i].size >= min && (c->policy != NULL ?
		    has_quorum(c, &c->at[i]) : c->at[i].note.len != 0))
			return true;
	return false;
}

/* ---- the checkpoint, and who has cosigned it */

enum err
closed_keep(struct closed *c, uint64_t published, struct view note)
{
	for (size_t i = 0; i < c->count; i++) {
		struct closed_period *p = &c->at[i];

		if (p->size != published || p->note.len != 0)
			continue;
		TRY(check_note(c, p, note));
		TRY(replace_note(c, p, note));
		read_lines(c, p);
		log_info("period %s: the checkpoint of its %" PRIu64
		    " entries is published%s", p->name, p->size,
		    c->policy == NULL ? "" : has_quorum(c, p) ?
		    ", with its quorum" : "; its quorum is to come");
	}
	return ERR_OK;
}

const struct closed_period *
closed_owed(const struct closed *c, size_t witness, uint64_t known,
    uint64_t newest)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct closed_period *p = &c->at[i];

		if (p->note.len != 0 && p->size >= known &&
		    p->size < newest && p->lines[witness] == TRUST_NEVER &&
		    !p->passed[witness])
			return p;
	}
	return NULL;
}

static enum err
add_line(struct closed *c, struct closed_period *p,
    const struct closed_cosigned *by)
{
	AUTO_DONE(bytes) note = { 0 };
	bool before = has_quorum(c, p);

	TRY(cosignature_add(bytes_view(&p->note), by->key, by->line, &note));
	TRY(replace_note(c, p, bytes_view(&note)));
	p->lines[by->witness] = by->time;
	p->passed[by->witness] = false;
	if (!before && has_quorum(c, p))
		log_info("period %s: its checkpoint has its quorum", p->name);
	return ERR_OK;
}

static void
pass(const struct closed *c, struct closed_period *p, size_t witness)
{
	const struct trust_witness *w = trust_witness(c->policy, witness);

	p->passed[witness] = true;
	log_warning("period %s: witness %.*s has cosigned a larger tree and "
	    "will never cosign its checkpoint", p->name, (int)w->name.len,
	    (const char *)w->name.at);
}

enum err
closed_cosigned(struct closed *c, const struct closed_cosigned *by)
{
	for (size_t i = 0; i < c->count; i++) {
		struct closed_period *p = &c->at[i];
		struct note note;

		if (p->note.len == 0 || p->lines[by->witness] != TRUST_NEVER)
			continue;
		TRY(note_get(bytes_view(&p->note), &note));
		if (view_equal(note.text, by->text))
			TRY(add_line(c, p, by));
		else if (by->size > p->size && !p->passed[by->witness])
			pass(c, p, by->witness);
	}
	return ERR_OK;
}

/* ---- telling */

static const char *
state_name(const struct closed *c, const struct closed_period *p)
{
	if (p->note.len == 0)
		return "closed";
	return has_quorum(c, p) ? "witnessed" : "published";
}

enum answer { COSIGNED, WAITING, PASSED };

static void
put_witnesses(const struct closed *c, const struct closed_period *p,
    enum answer wanted, const char *name, struct json *j)
{
	json_items(j, name);
	for (size_t i = 0; i < trust_witness_count(c->policy); i++) {
		enum answer a = p->lines[i] != TRUST_NEVER ? COSIGNED :
		    p->passed[i] ? PASSED : WAITING;

		if (a == wanted)
			json_text(j, NULL, trust_witness(c->policy, i)->name);
	}
	json_close(j);
}

void
closed_put(const struct closed *c, struct json *j)
{
	json_items(j, "periods");
	for (size_t i = 0; i < c->count; i++) {
		const struct closed_period *p = &c->at[i];

		json_record(j, NULL);
		json_c_text(j, "period", p->name);
		json_int(j, "size", (int64_t)p->size);
		json_c_text(j, "state", state_name(c, p));
		if (c->policy != NULL) {
			put_witnesses(c, p, COSIGNED, "cosigned", j);
			put_witnesses(c, p, WAITING, "waiting", j);
			put_witnesses(c, p, PASSED, "passed", j);
		}
		json_close(j);
	}
	json_close(j);
}

void
closed_metrics(const struct closed *c, struct bytes *out)
{
	size_t unpublished = 0, unwitnessed = 0;

	for (size_t i = 0; i < c->count; i++) {
		unpublished += c->at[i].note.len == 0;
		unwitnessed += c->policy != NULL &&
		    !has_quorum(c, &c->at[i]);
	}
	tally_head(out, "log_periods", "gauge", "Closed periods of the log.");
	bytes_printf(out, "okse_log_periods %zu\n", c->count);
	tally_head(out, "log_periods_unpublished", "gauge",
	    "Those without a checkpoint of exactly their size.");
	bytes_printf(out, "okse_log_periods_unpublished %zu\n", unpublished);
	if (c->policy == NULL)
		return;
	tally_head(out, "log_periods_unwitnessed", "gauge",
	    "Those whose checkpoint has no quorum of witnesses.");
	bytes_printf(out, "okse_log_periods_unwitnessed %zu\n", unwitnessed);
}
