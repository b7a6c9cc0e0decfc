/*
 * What a ceremony that continues another begins with: the register of the one
 * before, its quorum, public keys and certificates, copied after that ceremony
 * has been verified as a whole, so that every directory stands for itself.
 * Next: step_continue.c.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <openssl/pem.h>

#include "base/file.h"
#include "ceremony/steps.h"
#include "ceremony/verify.h"
#include "pkcs11/backup.h"

/* ---- from its directory into ours */

static enum err
copy(struct evidence *from, struct ceremony *c, const char *path,
    const char *to, struct bytes *out)
{
	bytes_reset(out);
	TRY(evidence_read(from, path, out));
	return ceremony_write(c, to, bytes_view(out));
}

static enum err
copy_all(struct evidence *from, struct ceremony *c)
{
	const struct key_register *r = &c->reg;
	AUTO_DONE(bytes) content = { 0 };
	char path[64];

	TRY(copy(from, c, "ceremony/register.txt",
	    "ceremony/previous-register.txt", &content));
	c->hashes.previous = sha256(bytes_view(&content));
	TRY(copy(from, c, "ceremony/quorum.txt",
	    "ceremony/previous-quorum.txt", &content));
	TRY(quorum_get(bytes_view(&content), &c->quorum));
	/* unless this ceremony makes another */
	if (c->script->former.count == 0)
		TRY(ceremony_write(c, "ceremony/quorum.txt",
		    bytes_view(&content)));
	if (r->wraps) {
		TRY(copy(from, c, "ceremony/backup-quorum.txt",
		    "ceremony/previous-backup-quorum.txt", &content));
		TRY(quorum_get(bytes_view(&content), &c->backup_quorum));
		if (!script_has_step(c->script, "split-backup-secret"))
			TRY(ceremony_write(c, "ceremony/backup-quorum.txt",
			    bytes_view(&content)));
	}
	for (size_t i = 0; i < r->key_count; i++) {
		snprintf(path, sizeof(path), "ca/keys/%s.pub.pem",
		    r->keys[i].label);
		TRY(copy(from, c, path, path, &content));
	}
	for (size_t i = 0; i < r->certificate_count; i++) {
		snprintf(path, sizeof(path), "ca/%s.pem",
		    r->certificates[i].name);
		TRY(copy(from, c, path, path, &content));
	}
	return ERR_OK;
}

static enum err
copy_practice_share(const char *from, struct ceremony *c,
    const struct participant *holder, const struct sharing *of)
{
	AUTO_DONE(bytes) line = { 0 };
	char name[48], suffix[32], path[PATH_MAX];
	enum err e;

	snprintf(name, sizeof(name), "officers/%u.%s", holder->seat, of->file);
	snprintf(suffix, sizeof(suffix), ".%s", of->file);
	TRY(path_join(from, name, path, sizeof(path)));
	TRY(file_read(path, SHARE_TEXT_SIZE + 1, &line));
	TRY(practice_path(c->dir, holder, suffix, path));
	e = file_replace(path, bytes_view(&line), 0600);
	explicit_bzero(line.at, line.len);
	return e;
}

/* Practice media, which the next ceremony's room brings. */
static enum err
copy_practice_media(const char *from, struct ceremony *c)
{
	for (size_t i = 0; i < c->reg.copy_count; i++) {
		const struct register_copy *r = &c->reg.copies[i];
		AUTO_DONE(bytes) wrapped = { 0 };
		char name[64], path[PATH_MAX];

		if (r->medium == 0 || r->state != REGISTER_LIVE)
			continue;
		snprintf(name, sizeof(name), "media/%u/%s.wrapped", r->medium,
		    r->key);
		TRY(path_join(from, name, path, sizeof(path)));
		if (!file_exists(path))		/* its absence is noticed */
			continue;
		TRY(file_read(path, WRAPPED_MAX, &wrapped));
		snprintf(name, sizeof(name), "media/%u", r->medium);
		TRY(path_join(c->dir, name, path, sizeof(path)));
		TRY(dir_make(path, 0700));
		snprintf(name, sizeof(name), "media/%u/%s.wrapped", r->medium,
		    r->key);
		TRY(path_join(c->dir, name, path, sizeof(path)));
		TRY(file_replace(path, bytes_view(&wrapped), 0600));
	}
	return ERR_OK;
}

/* Practice officers bring the shares they were handed then. */
static enum err
copy_practice(const char *from, struct ceremony *c)
{
	const struct participant *holders = participants_holders(c->script,
	    &c->participants);

	for (unsigned int i = 0; i < c->quorum.count; i++) {
		TRY(copy_practice_share(from, c, &holders[i],
		    sharing_of(SHARE_OF_SECRET)));
		if (c->reg.wraps)
			TRY(copy_practice_share(from, c, &holders[i],
			    sharing_of(SHARE_OF_BACKUP)));
	}
	return copy_practice_media(from, c);
}

/* ---- into the ceremony */

static bool
is_wrapped(struct key_register *r, const char *label)
{
	for (unsigned int n = 1; n <= REGISTER_MEDIA; n++)
		if (register_on_medium(r, label, n) != NULL)
			return true;
	return false;
}

static enum err
inherit_key(struct ceremony *c, size_t at)
{
	const struct script_key *planned = &c->script->keys.at[at];
	const struct register_key *k = register_key(&c->reg, planned->label);
	char name[64], path[PATH_MAX];
	AUTO(EVP_PKEY) key = NULL;
	struct hash spki;

	if (k == NULL || k->state != REGISTER_LIVE ||
	    (int)k->type != planned->type)
		return err_because(ERR_MISMATCH, "the register has no live key "
		    "%s of this type", planned->label);
	if ((planned->backup == BACKUP_WRAPPED) != is_wrapped(&c->reg,
	    k->label))
		return err_because(ERR_MISMATCH, "the register has %s wrapped "
		    "copy of %s: the script says otherwise", planned->backup ==
		    BACKUP_WRAPPED ? "no" : "a", planned->label);
	snprintf(name, sizeof(name), "ca/keys/%s.pub.pem", k->label);
	TRY(path_join(c->dir, name, path, sizeof(path)));
	TRY(pem_read_public(path, &key));
	TRY(public_hash(key, &spki));
	if (!view_equal(VIEW_OF(spki.at), VIEW_OF(k->spki.at)))
		return err_because(ERR_MISMATCH, "%s: not the key of the "
		    "register", name);
	memcpy(c->ids[at], k->id, CEREMONY_KEY_ID);
	c->keys[at] = STEAL(key);
	return ERR_OK;
}

static enum err
inherit_certificate(struct ceremony *c, size_t at)
{
	const char *name = c->script->certificates.at[at].name;
	const struct register_certificate *r =
	    register_certificate(&c->reg, name);
	AUTO_DONE(bytes) der = { 0 };
	AUTO(X509) x = NULL;
	char file[64], path[PATH_MAX];
	struct hash h;

	if (r == NULL)
		return err_because(ERR_MISMATCH,
		    "the register has no certificate %s", name);
	snprintf(file, sizeof(file), "ca/%s.pem", name);
	TRY(path_join(c->dir, file, path, sizeof(path)));
	TRY(pem_read_certificate(path, &x));
	TRY(certificate_der(x, &der));
	h = sha256(bytes_view(&der));
	if (!view_equal(VIEW_OF(h.at), VIEW_OF(r->sha256.at)))
		return err_because(ERR_MISMATCH, "%s: not the certificate of "
		    "the register", file);
	c->certificates[at] = STEAL(x);
	return ERR_OK;
}

/* Who holds the shares: the script's officers, or those who were. */
static enum err
check_holders(const struct ceremony *c)
{
	const struct script *s = c->script;
	bool former = s->former.count != 0;
	size_t count = former ? s->former.count : s->officers.count;

	if (c->quorum.count != count || (!former &&
	    c->quorum.threshold != (unsigned int)s->threshold))
		return err_because(ERR_MISMATCH, "the ceremony before split "
		    "the secret for %u of %u officers", c->quorum.threshold,
		    c->quorum.count);
	for (size_t i = 0; i < count; i++) {
		const char *name = former ? s->former.at[i].name :
		    s->officers.at[i].name;

		if (strcmp(c->quorum.officers[i], name) != 0)
			return err_because(ERR_MISMATCH, "seat %zu was another "
			    "officer's in the ceremony before", i + 1);
	}
	if (former && c->reg.wraps &&
	    !script_has_step(s, "split-backup-secret"))
		return err_because(ERR_MISMATCH, "keys are wrapped: who comes "
		    "needs backup shares, too (open-backup-secret, "
		    "split-backup-secret, prove-backup-quorums)");
	/* a token that is lost has another in its place, a node its own */
	return s->lost.count != 0 ||
	    (strcmp(c->reg.token, s->token) == 0) == !s->node ? ERR_OK :
	    err_because(ERR_MISMATCH, "the register is of the token %s",
	    c->reg.token);
}

enum err
ceremony_inherit(struct ceremony *c)
{
	TRY(check_holders(c));
	for (size_t i = 0; i < c->script->keys.count; i++)
		if (c->script->keys.at[i].inherited)
			TRY(inherit_key(c, i));
	for (size_t i = 0; i < c->script->certificates.count; i++)
		if (c->script->certificates.at[i].inherited)
			TRY(inherit_certificate(c, i));
	return ERR_OK;
}

static enum err
record_previous(struct ceremony *c, const struct hash *root)
{
	AUTO_DONE(payload) p = { 0 };

	payload_put_hex(&p, "root", VIEW_OF(root->at));
	return ceremony_record(c, RECORD_PREVIOUS, &p);
}

enum err
ceremony_take_previous(struct ceremony *c, const char *dir)
{
	AUTO_DONE(evidence) v = { .dir = dir };
	AUTO_DONE(bytes) text = { 0 };
	struct hash root;

	if (!c->script->continues)
		return ERR_OK;
	TRY(ceremony_verify(dir, NULL, NULL, &root));
	TRY(evidence_load(&v, NULL));
	if (v.mode != c->mode)
		return err_because(ERR_FORBIDDEN, "a %s continues nothing but "
		    "a %s", script_mode_name(c->mode),
		    script_mode_name(c->mode));
	TRY(evidence_read(&v, "ceremony/register.txt", &text));
	TRY(register_get(bytes_view(&text), &c->reg));
	TRY(record_previous(c, &root));
	TRY(copy_all(&v, c));
	TRY(ceremony_inherit(c));
	if (c->script->node)
		register_branch(&c->reg);
	return c->mode == MODE_REHEARSAL ? copy_practice(dir, c) :
	    ERR_OK;
}
