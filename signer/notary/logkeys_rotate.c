/*
 * One key of the log replaces another. okse.yaml says what is wanted, the
 * published checkpoint what is shown, the registry what was recorded; whatever
 * would leave a checkpoint that nobody can follow is refused. Next: batch.c,
 * which commits the entry; journal.c, which has both keys sign.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "audit/publish.h"
#include "base/file.h"
#include "signer/log.h"
#include "signer/notary/logkeys_memory.h"
#include "signer/notary/notary.h"

/* A key's id, as people see it in its vkey. */
#define KEY_ID "%02x%02x%02x%02x"
#define KEY_ID_OF(l)                                                          \
	vkey_id((l)->key).at[0], vkey_id((l)->key).at[1],                     \
	    vkey_id((l)->key).at[2], vkey_id((l)->key).at[3]

/* ---- may it go on? */

struct settling {
	struct logkeys	*keys;
	const char	*log;
	struct bytes	 head;		/* its checkpoint, or empty */
	struct note	 note;
	uint64_t	 size;		/* of it */
	uint64_t	 shown;		/* ever, as the mark says */
};

static void
settling_done(struct settling *s)
{
	bytes_done(&s->head);
}

static enum err
read_head(struct settling *s)
{
	struct checkpoint c;
	enum err e = publish_read_checkpoint(s->log, &s->head);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	TRY(note_get(bytes_view(&s->head), &s->note));
	TRY(checkpoint_get(s->note.text, &c));
	s->size = c.size;
	if (s->shown < c.size)
		s->shown = c.size;
	return ERR_OK;
}

static bool
has_signed(const struct settling *s, const struct logkey *l)
{
	return s->head.len != 0 && note_verify(&s->note, l->key, NULL) ==
	    ERR_OK;
}

static bool
is_strange(const struct logkey *l, enum vkey_type type)
{
	return !l->known && vkey_type(l->key) == type;
}

/* Nothing is known of this type: the one key, or the one that has signed. */
static enum err
settle_first(struct settling *s, enum vkey_type type)
{
	struct logkeys *k = s->keys;
	size_t found = LOGKEYS, count = 0, signed_by = 0;

	for (size_t i = 0; i < k->count; i++) {
		if (!is_strange(&k->at[i], type))
			continue;
		count++;
		signed_by += has_signed(s, &k->at[i]);
		if (count == 1 || has_signed(s, &k->at[i]))
			found = i;
	}
	if (count == 0)
		return ERR_OK;
	if (count > 1 && signed_by != 1)
		return err_because(ERR_REFUSED, "okse.yaml names two keys of "
		    "use log, or of use log-ecdsa, and which of them is the "
		    "log's is not known: a log begins with one");
	logkeys_begin_with(k, found);
	return ERR_OK;
}

static enum err
refuse_change(const struct logkey *present, const struct logkey *next)
{
	if (next == NULL)
		return err_because(ERR_REFUSED, "okse.yaml: keys: the log's "
		    "key is " KEY_ID " and is not named any more: name it",
		    KEY_ID_OF(present));
	return err_because(ERR_REFUSED, "okse.yaml: keys: the log's key is "
	    KEY_ID ", and only " KEY_ID " is named: name both until the one "
	    "has given the log to the other", KEY_ID_OF(present),
	    KEY_ID_OF(next));
}

/* A second key that never was replaced may be left out. */
static bool
may_be_absent(const struct logkeys *k, const struct logkey *present)
{
	return vkey_type(present->key) == VKEY_ECDSA &&
	    logkeys_before(k, present) == NULL;
}

static enum err
settle_type(struct settling *s, enum vkey_type type)
{
	struct logkeys *k = s->keys;
	const struct logkey *present = logkeys_present(k, type);
	struct logkey *next = NULL;

	if (present == NULL)
		return settle_first(s, type);
	for (size_t i = 0; i < k->count && next == NULL; i++)
		if (is_strange(&k->at[i], type))
			next = &k->at[i];
	if (present->at != -1)
		return ERR_OK;
	if (next == NULL)
		return may_be_absent(k, present) ? ERR_OK :
		    refuse_change(present, NULL);
	/* with nothing published that it signed, the log is shown anew */
	if (s->size != 0)
		return refuse_change(present, next);
	next->lost = true;
	log_warning("log: key " KEY_ID " is lost; its log is published again, "
	    "and signed by " KEY_ID, KEY_ID_OF(present), KEY_ID_OF(next));
	return ERR_OK;
}

static enum err
receipt_path(const char *dir, const struct logkey *former,
    char out[PATH_MAX])
{
	char name[ROTATION_PATH];

	return path_join(dir, rotation_path(former->key, name), out,
	    PATH_MAX);
}

/* Nobody could follow from a key that has signed nothing of the handover. */
static enum err
check_handed_over(struct settling *s, const struct logkey *next)
{
	const struct logkey *former = logkeys_before(s->keys, next);
	char path[PATH_MAX];

	if (!next->known || former == NULL || next->lost || former->at != -1)
		return ERR_OK;
	TRY(receipt_path(s->log, former, path));
	if (file_exists(path) || (s->size >= next->since &&
	    has_signed(s, former) && has_signed(s, next)))
		return ERR_OK;
	if (s->shown < next->since)
		return err_because(ERR_REFUSED, "okse.yaml: keys: key " KEY_ID
		    " has not yet signed that it gave the log to " KEY_ID
		    ": name both until %s is there", KEY_ID_OF(former),
		    KEY_ID_OF(next), path);
	log_error("%s is gone, by which auditors follow from key " KEY_ID
	    " to the next: bring it back from a mirror", path,
	    KEY_ID_OF(former));
	return ERR_OK;
}

enum err
logkeys_settle(struct notary *n)
{
	AUTO_DONE(settling) s = { .keys = &n->logkeys,
		.log = n->config->log, .shown = n->guard.mark.size };

	TRY(read_head(&s));
	TRY(settle_type(&s, VKEY_ED25519));
	TRY(settle_type(&s, VKEY_ECDSA));
	for (size_t i = 0; i < s.keys->count; i++)
		TRY(check_handed_over(&s, &s.keys->at[i]));
	n->log_key = logkeys_present(s.keys, VKEY_ED25519)->key;
	return ERR_OK;
}

/* ---- on the record */

static enum err
remember(struct registry *r, const struct logkeys *k, bool with_next)
{
	AUTO_DONE(bytes) value = { 0 };

	for (size_t i = 0; i < k->count; i++) {
		const struct logkey *l = &k->at[i];
		AUTO_DONE(bytes) key = { 0 };

		if (!l->known && !with_next)
			continue;
		vkey_put_key(l->key, &key);
		TRY(bytes_check(&key));
		logkeys_memory_put(&value, &(struct logkeys_memory){
		    l->since, l->lost, bytes_view(&key) });
	}
	TRY(bytes_check(&value));
	return registry_meta_put(r, LOGKEYS_MEMORY, bytes_view(&value));
}

enum err
logkeys_remember(struct notary *n)
{
	if (!n->logkeys.fresh)
		return ERR_OK;
	n->logkeys.fresh = false;
	return remember(n->registry, &n->logkeys, false);
}

static bool
is_waiting(const struct logkeys *k)
{
	return k->count != 0 && !k->at[k->count - 1].known;
}

bool
logkeys_due(const struct notary *n)
{
	return is_waiting(&n->logkeys) && n->keys != NULL &&
	    n->keyholders != 0 && guard_is_open(&n->guard);
}

static enum err
put_entry(struct notary *n, struct logkey *next)
{
	struct entry_logkey_facts f = { .key = next->key,
		.lost = next->lost };
	AUTO_DONE(bytes) entry = { 0 };
	struct entry_common c;

	f.former = logkeys_before(&n->logkeys, next)->key;
	if (n->config->transcript != NULL)
		f.transcript = &n->ceremony;
	TRY(journal_next(n->journal, &c));
	TRY(entry_logkey_rotate(&c, &f, &entry));
	TRY(journal_put(n->journal, bytes_view(&entry), NULL));
	next->since = c.seq + 1;
	return vkey_type(next->key) != VKEY_ED25519 ? ERR_OK :
	    registry_put_log_key(n->registry, next->key);
}

enum err
logkeys_stage(struct notary *n)
{
	if (!logkeys_due(n))
		return ERR_OK;
	for (size_t i = 0; i < n->logkeys.count; i++)
		if (!n->logkeys.at[i].known)
			TRY(put_entry(n, &n->logkeys.at[i]));
	return remember(n->registry, &n->logkeys, true);
}

enum err
logkeys_committed(struct notary *n)
{
	if (!is_waiting(&n->logkeys))
		return ERR_OK;
	TRY(logkeys_load(&n->logkeys, n->config->origin, n->registry));
	if (is_waiting(&n->logkeys))
		return ERR_OK;
	n->log_key = logkeys_present(&n->logkeys, VKEY_ED25519)->key;
	log_info("log: its next key is recorded, and signs from now on");
	return n->attest == NULL ? ERR_OK :
	    attest_know(n->attest, &n->logkeys);
}

/* Is this key, as an entry names it, among those remembered? */
static bool
is_remembered(struct view value, struct view key)
{
	struct reader r = reader_of(value);

	while (r.rest.len != 0 && !r.failed)
		if (view_equal(logkeys_memory_get(&r).key, key))
			return true;
	return false;
}

enum err
logkeys_restore(struct registry *r, const struct schema_entry *e)
{
	const struct logkeys_memory former = {
		.key = e->member[SCHEMA_FORMER] };
	const struct logkeys_memory next = {
		.since = schema_count(e, SCHEMA_SEQ) + 1,
		.lost = view_is(e->member[SCHEMA_REASON], ENTRY_KEY_LOST),
		.key = e->member[SCHEMA_KEY] };
	AUTO_DONE(bytes) value = { 0 };

	TRY(logkeys_recall(r, &value));
	if (!is_remembered(bytes_view(&value), former.key))
		logkeys_memory_put(&value, &former);
	if (!is_remembered(bytes_view(&value), next.key))
		logkeys_memory_put(&value, &next);
	TRY(bytes_check(&value));
	return registry_meta_put(r, LOGKEYS_MEMORY, bytes_view(&value));
}

/* ---- in public */

/* It must lead whoever has the former key here, or it leads nowhere. */
static enum err
check_receipt(struct view text)
{
	AUTO_DONE(receipt) receipt = { 0 };
	AUTO_DONE(rotation) r = { 0 };

	TRY(receipt_get(text, &receipt));
	return rotation_of(&receipt, &r);
}

static enum err
put_receipt(const char *dir, const struct logkey *former,
    const struct logkey *next, struct view note)
{
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source tiles = tile_source_dir(&fd);
	AUTO_DONE(bytes) receipt = { 0 };
	char path[PATH_MAX];

	if (fd == -1)
		return err_system("%s: open", dir);
	TRY(receipt_build(&tiles, next->since - 1, note, &receipt));
	TRY(check_receipt(bytes_view(&receipt)));
	TRY(path_join(dir, "rotated", path, sizeof(path)));
	TRY(dir_make(path, 0755));
	TRY(receipt_path(dir, former, path));
	TRY(file_replace(path, bytes_view(&receipt), 0644));
	log_info("log: key " KEY_ID " has given it to " KEY_ID " with entry %"
	    PRIu64, KEY_ID_OF(former), KEY_ID_OF(next), next->since - 1);
	return ERR_OK;
}

static enum err
hand_over(const struct logkeys *k, const struct logkey *next,
    const char *dir, const struct note *n, struct view note)
{
	const struct logkey *former = logkeys_before(k, next);
	char path[PATH_MAX];

	if (!next->known || next->lost || former == NULL)
		return ERR_OK;
	TRY(receipt_path(dir, former, path));
	if (file_exists(path) || note_verify(n, former->key, NULL) != ERR_OK ||
	    note_verify(n, next->key, NULL) != ERR_OK)
		return ERR_OK;
	return put_receipt(dir, former, next, note);
}

enum err
logkeys_hand_over(const struct logkeys *k, const char *dir,
    struct view note)
{
	struct checkpoint c;
	struct note n;

	if (note.len == 0)
		return ERR_OK;
	TRY(note_get(note, &n));
	TRY(checkpoint_get(n.text, &c));
	for (size_t i = 0; i < k->count; i++)
		if (c.size >= k->at[i].since)
			TRY(hand_over(k, &k->at[i], dir, &n, note));
	return ERR_OK;
}

static enum err
show(const struct logkeys *k, enum vkey_type type, const char *dir,
    const char *name, uint64_t published)
{
	const struct logkey *present = logkeys_present(k, type);
	AUTO_DONE(bytes) line = { 0 }, there = { 0 };
	char path[PATH_MAX];
	enum err e;

	if (present == NULL || logkeys_before(k, present) == NULL ||
	    published < present->since)
		return ERR_OK;
	vkey_put(present->key, &line);
	bytes_put_u8(&line, '\n');
	TRY(bytes_check(&line));
	TRY(path_join(dir, name, path, sizeof(path)));
	e = file_read(path, TRUST_SIZE, &there);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	return view_equal(bytes_view(&line), bytes_view(&there)) ? ERR_OK :
	    file_replace(path, bytes_view(&line), 0644);
}

enum err
logkeys_show(const struct logkeys *k, const char *dir, uint64_t published)
{
	TRY(show(k, VKEY_ED25519, dir, "log.vkey", published));
	return show(k, VKEY_ECDSA, dir, "log-ecdsa.vkey", published);
}
