/*
 * What the files of a ceremony say, against its script and its records: the
 * quorum, the keys, the certificates, the log's key. Each file has been bound
 * to the transcript by evidence_read() before it is looked at.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "audit/vkey.h"
#include "ceremony/steps.h"
#include "ceremony/verify.h"
#include "quorum/roster.h"

/* ---- officers */

/* The script's officers, each with a key of their own. */
enum err
verify_roster(struct evidence *v)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_DONE(roster) r = { 0 };
	enum err e;

	TRY(evidence_read(v, "ceremony/roster.txt", &text));
	if ((e = roster_get(bytes_view(&text), &r)) != ERR_OK)
		return err_because(e, "ceremony/roster.txt: %s", err_why());
	if (r.threshold != (unsigned int)v->script->threshold ||
	    r.count != v->script->officers.count)
		return err_because(ERR_MISMATCH, "ceremony/roster.txt: "
		    "another threshold or number of officers than the "
		    "script's");
	for (unsigned int i = 0; i < r.count; i++)
		if (strcmp(r.officers[i].name,
		    v->script->officers.at[i].name) != 0 ||
		    EVP_PKEY_eq(r.officers[i].key,
		    v->participants.at[i].who.key) != 1)
			return err_because(ERR_MISMATCH, "ceremony/roster.txt: "
			    "seat %u is not the script's officer", i + 1);
	return ERR_OK;
}

/* ---- quorum */

static uint64_t
choose(uint64_t n, uint64_t k)
{
	uint64_t sets = 1;

	for (uint64_t i = 1; i <= k; i++)
		sets = sets * (n - k + i) / i;
	return sets;
}

static enum err
verify_officer(struct evidence *v, const struct sharing *of,
    const struct quorum *q, unsigned int seat)
{
	const char *name = v->script->officers.at[seat - 1].name;
	AUTO_DONE(bytes) sealed = { 0 };
	const struct record *r;
	char number[12], path[48];

	snprintf(path, sizeof(path), "officers/%u.%s.cms", seat, of->file);
	TRY(evidence_read(v, path, &sealed));
	if (strcmp(q->officers[seat - 1], name) != 0)
		return err_because(ERR_MISMATCH, "%s: seat %u is not the "
		    "script's officer", of->record, seat);
	snprintf(number, sizeof(number), "%u", seat);
	TRY(evidence_find(v, RECORD_SHARE, of->seat, number, &r));
	TRY(record_says(r, "officer", view_text(name)));
	return record_says_hex(r, "commitment",
	    VIEW_OF(q->shares[seat - 1].at));
}

/* The RESULT of the one step of this name, which there may be none of. */
static const struct record *
result_of(const struct evidence *v, const char *step)
{
	char word[64];

	for (size_t i = 0; i < v->script->steps.count; i++) {
		if (strcmp(v->script->steps.at[i].step.name, step) != 0)
			continue;
		step_word(v->script, i, word);
		for (size_t k = 0; k < v->records.count; k++)
			if (v->records.at[k].type == RECORD_RESULT &&
			    view_is(v->records.at[k].step, word))
				return &v->records.at[k];
	}
	return NULL;
}

/* All C(n, m) sets opened the secret, all C(n, m - 1) were refused. */
static enum err
verify_trials(const struct evidence *v, const struct sharing *of,
    const struct quorum *q)
{
	const struct record *result = result_of(v, of->of == SHARE_OF_BACKUP ?
	    "prove-backup-quorums" : "prove-quorums");
	const struct record *control;

	if (result == NULL)
		return err_because(ERR_NOT_FOUND,
		    "no quorum was tried in this ceremony");
	TRY(record_says(result_of(v, of->of == SHARE_OF_BACKUP ?
	    "split-backup-secret" : "split-secret"), "chance",
	    view_text("host and token")));
	TRY(evidence_find(v, RECORD_NEGCTRL, "tried", of->tried, &control));
	TRY(record_says_int(result, "opened", choose(q->count,
	    q->threshold)));
	return record_says_int(control, "sets",
	    choose(q->count, q->threshold - 1));
}

static enum err
verify_sharing(struct evidence *v, const struct sharing *of, bool carries)
{
	AUTO_DONE(bytes) text = { 0 };
	struct quorum q;

	TRY(evidence_read(v, of->record, &text));
	TRY(quorum_get(bytes_view(&text), &q));
	if (memcmp(q.ceremony_id, v->id, sizeof(v->id)) != 0 ||
	    q.threshold != (unsigned int)v->script->threshold ||
	    q.count != v->script->officers.count)
		return err_because(ERR_MISMATCH, "%s: not of this ceremony, "
		    "or another threshold or number of officers", of->record);
	if (q.carries != carries)
		return err_because(ERR_MISMATCH, "%s: a root is carried when "
		    "officers change, and then only", of->record);
	for (unsigned int seat = 1; seat <= q.count; seat++)
		TRY(verify_officer(v, of, &q, seat));
	return verify_trials(v, of, &q);
}

enum err
verify_quorum(struct evidence *v)
{
	TRY(evidence_previous(v));
	if (!v->script->continues || v->script->former.count != 0)
		TRY(verify_sharing(v, sharing_of(SHARE_OF_SECRET),
		    v->script->continues));
	return result_of(v, "split-backup-secret") == NULL ? ERR_OK :
	    verify_sharing(v, sharing_of(SHARE_OF_BACKUP), false);
}

/* ---- keys */

/* "CKA_SENSITIVE:1" is one of those between the commas. */
static bool
has_attribute(struct view list, const char *wanted)
{
	while (list.len != 0) {
		const uint8_t *comma = memchr(list.at, ',', list.len);
		size_t len = comma != NULL ? (size_t)(comma - list.at) :
		    list.len;

		if (view_is(VIEW(list.at, len), wanted))
			return true;
		if (comma == NULL)
			return false;
		list = VIEW(comma + 1, list.len - len - 1);
	}
	return false;
}

enum err
record_attributes(const struct record *r, const char *const *wanted)
{
	AUTO_DONE(bytes) list = { 0 };

	TRY(record_get(r, "attributes", &list));
	for (; *wanted != NULL; wanted++)
		if (!has_attribute(bytes_view(&list), *wanted))
			return err_because(ERR_MISMATCH, "record %ju: wanted "
			    "%s", (uintmax_t)r->number, *wanted);
	return ERR_OK;
}

/* What no issuing key may lack, whatever a module lets one read. */
static const char *const of_all[] = {
	"CKA_TOKEN:1", "CKA_PRIVATE:1", "CKA_SENSITIVE:1", "CKA_SIGN:1",
	"CKA_DECRYPT:0", "CKA_UNWRAP:0", "CKA_DERIVE:0",
	"CKA_SIGN_RECOVER:0", "CKA_LOCAL:1", "CKA_ALWAYS_SENSITIVE:1", NULL,
};
/* A key that is to be wrapped says that it can be, until it is sealed. */
static const char *const of_wrappable[] = {
	"CKA_EXTRACTABLE:1", "CKA_MODIFIABLE:1", "CKA_NEVER_EXTRACTABLE:0",
	NULL,
};
static const char *const of_kept[] = {
	"CKA_EXTRACTABLE:0", "CKA_MODIFIABLE:0", "CKA_NEVER_EXTRACTABLE:1",
	NULL,
};

/* It was tried what the key must refuse, when it was made. */
static enum err
verify_misuse(const struct evidence *v, const char *label,
    const struct record *made)
{
	const struct record *probed;

	TRY(evidence_find(v, RECORD_NEGCTRL, "label", label, &probed));
	return view_equal(probed->step, made->step) ? ERR_OK :
	    err_because(ERR_MISMATCH, "record %ju: of another step than the "
	    "key it is about", (uintmax_t)probed->number);
}

enum err
evidence_public(struct evidence *v, const char *label, EVP_PKEY **out)
{
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(BIO) bio = NULL;
	char path[64];

	snprintf(path, sizeof(path), "ca/keys/%s.pub.pem", label);
	TRY(evidence_read(v, path, &pem));
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (bio == NULL ||
	    (*out = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL)) == NULL)
		return err_openssl(path);
	return ERR_OK;
}

enum err
evidence_key(struct evidence *v, size_t at)
{
	const struct script_key *key = &v->script->keys.at[at];
	bool wraps = script_key_wraps(key);
	const struct record *r;
	struct hash spki, id;

	TRY(evidence_find(v, RECORD_KEYGEN, "label", key->label, &r));
	TRY(evidence_public(v, key->label, &v->keys[at]));
	if (!EVP_PKEY_is_a(v->keys[at],
	    key->type == KEY_P256 ? "EC" : "ED25519"))
		return err_because(ERR_MISMATCH,
		    "key %s: not of the script's type", key->label);
	TRY(public_hash(v->keys[at], &spki));
	TRY(record_says_hex(r, "spki-sha256", VIEW_OF(spki.at)));
	if (!wraps)
		TRY(verify_misuse(v, key->label, r));
	id = sha256_2(VIEW_OF(v->id), r->step);
	TRY(record_says_hex(r, "id", VIEW(id.at, CEREMONY_KEY_ID)));
	TRY(record_attributes(r, of_all));
	return record_attributes(r, wraps ? of_wrappable : of_kept);
}

enum err
verify_keys(struct evidence *v)
{
	for (size_t i = 0; i < v->script->keys.count; i++)
		if (!v->script->keys.at[i].inherited &&
		    !v->script->keys.at[i].brought)
			TRY(evidence_key(v, i));
	return ERR_OK;
}

/* ---- certificates */

enum err
evidence_pem(struct evidence *v, const char *path, X509 **out)
{
	AUTO_DONE(bytes) pem = { 0 };
	AUTO(BIO) bio = NULL;

	TRY(evidence_read(v, path, &pem));
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	if (bio == NULL ||
	    (*out = PEM_read_bio_X509(bio, NULL, NULL, NULL)) == NULL)
		return err_openssl(path);
	return ERR_OK;
}

static enum err
read_certificate(struct evidence *v, const char *name, X509 **out)
{
	const struct record *r;
	AUTO_DONE(bytes) der = { 0 };
	char path[64];
	struct hash h;

	snprintf(path, sizeof(path), "ca/%s.pem", name);
	TRY(evidence_pem(v, path, out));
	TRY(certificate_der(*out, &der));
	h = sha256(bytes_view(&der));
	TRY(evidence_find(v, RECORD_CERT, "name", name, &r));
	return record_says_hex(r, "sha256", VIEW_OF(h.at));
}

enum err
evidence_certificate(struct evidence *v, size_t at)
{
	return read_certificate(v, v->script->certificates.at[at].name,
	    &v->certificates[at]);
}

static enum err
verify_certificate(struct evidence *v, size_t at)
{
	const struct script *s = v->script;
	const struct script_certificate *c = &s->certificates.at[at];
	int by = script_certificate_index(s, c->issuer.name);
	int key = script_key_index(s, c->key.name);
	struct certificate_plan plan = script_plan(v->mode, c, v->day);
	enum err e = certificate_check(&plan, v->keys[key],
	    by != (int)at ? v->certificates[by] : NULL, v->certificates[at]);

	return e == ERR_OK ? ERR_OK :
	    err_because(e, "ca/%s.pem: %s", c->name, err_why());
}

enum err
verify_certificates(struct evidence *v)
{
	for (size_t i = 0; i < v->script->certificates.count; i++)
		if (!v->script->certificates.at[i].inherited)
			TRY(evidence_certificate(v, i));
	for (size_t i = 0; i < v->script->certificates.count; i++)
		if (!v->script->certificates.at[i].inherited)
			TRY(verify_certificate(v, i));
	return ERR_OK;
}

/* ---- log */

static enum err
verify_vkey(struct evidence *v, const char *path, const char *label)
{
	int at = script_key_index(v->script, label);
	AUTO_DONE(bytes) line = { 0 };
	AUTO_DONE(bytes) wanted = { 0 };
	AUTO(vkey) key = NULL;

	TRY(evidence_read(v, path, &line));
	TRY(vkey_of_key(view_text(v->script->log.origin), v->keys[at], &key));
	vkey_put(key, &wanted);
	bytes_put_u8(&wanted, '\n');
	if (!view_equal(bytes_view(&wanted), bytes_view(&line)))
		return err_because(ERR_MISMATCH, "%s: not the script's origin "
		    "with the log's key", path);
	return bytes_check(&wanted);
}

enum err
verify_log_key(struct evidence *v)
{
	const struct script *s = v->script;

	if (s->log.key.name == NULL || s->keys.at[script_key_index(s,
	    s->log.key.name)].inherited)
		return ERR_OK;
	TRY(verify_vkey(v, "log/log.vkey", s->log.key.name));
	if (s->log.ecdsa_key.name == NULL)
		return ERR_OK;
	return verify_vkey(v, "log/log-ecdsa.vkey", s->log.ecdsa_key.name);
}
