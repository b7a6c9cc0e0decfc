/*
 * The register's arithmetic: what was there before, and what this ceremony made
 * and destroyed, must be what it says is there now. Files have been bound to
 * the transcript before (evidence.c). Next: resume.c uses the same sums.
 */
#include <stdio.h>
#include <string.h>

#include "ceremony/steps.h"
#include "ceremony/verify.h"

/* ---- the ceremony before */

static enum err
wanted_hash(const char *path, struct view content, const struct hash *wanted)
{
	struct hash h = sha256(content);

	return view_equal(VIEW_OF(h.at), VIEW_OF(wanted->at)) ? ERR_OK :
	    err_because(ERR_MISMATCH, "%s: not what the register before says",
	    path);
}

static enum err
carried_key(struct evidence *v, const struct register_key *k)
{
	int at = script_key_index(v->script, k->label);
	AUTO(EVP_PKEY) key = NULL;
	struct hash spki;

	TRY(evidence_public(v, k->label, &key));
	TRY(public_hash(key, &spki));
	if (!view_equal(VIEW_OF(spki.at), VIEW_OF(k->spki.at)))
		return err_because(ERR_MISMATCH, "ca/keys/%s.pub.pem: not "
		    "what the register before says", k->label);
	if (at != -1 && v->script->keys.at[at].inherited)
		v->keys[at] = STEAL(key);
	return ERR_OK;
}

static enum err
carried_certificate(struct evidence *v, const struct register_certificate *c)
{
	int at = script_certificate_index(v->script, c->name);
	AUTO_DONE(bytes) der = { 0 };
	AUTO(X509) x = NULL;
	char path[64];

	snprintf(path, sizeof(path), "ca/%s.pem", c->name);
	TRY(evidence_pem(v, path, &x));
	TRY(certificate_der(x, &der));
	TRY(wanted_hash(path, bytes_view(&der), &c->sha256));
	if (at != -1 && v->script->certificates.at[at].inherited)
		v->certificates[at] = STEAL(x);
	return ERR_OK;
}

/* Everything that the script inherits has been carried over. */
static enum err
check_inherited(const struct evidence *v)
{
	const struct script *s = v->script;

	for (size_t i = 0; i < s->keys.count; i++)
		if (s->keys.at[i].inherited && v->keys[i] == NULL)
			return err_because(ERR_NOT_FOUND, "the register "
			    "before has no key %s", s->keys.at[i].label);
	for (size_t i = 0; i < s->certificates.count; i++)
		if (s->certificates.at[i].inherited &&
		    v->certificates[i] == NULL)
			return err_because(ERR_NOT_FOUND, "the register "
			    "before has no certificate %s",
			    s->certificates.at[i].name);
	return ERR_OK;
}

/* Who opens the token stays as it was. */
static enum err
same_quorum(struct evidence *v)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(evidence_read(v, "ceremony/quorum.txt", &text));
	return wanted_hash("ceremony/quorum.txt", bytes_view(&text),
	    &v->before.quorum);
}

static enum err
same_backup_quorum(struct evidence *v)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(evidence_read(v, "ceremony/previous-backup-quorum.txt", &text));
	TRY(wanted_hash("ceremony/previous-backup-quorum.txt",
	    bytes_view(&text), &v->before.backup_quorum));
	TRY(quorum_get(bytes_view(&text), &v->backup_quorum));
	if (script_has_step(v->script, "split-backup-secret"))
		return ERR_OK;
	bytes_reset(&text);
	TRY(evidence_read(v, "ceremony/backup-quorum.txt", &text));
	return wanted_hash("ceremony/backup-quorum.txt", bytes_view(&text),
	    &v->before.backup_quorum);
}

enum err
evidence_previous(struct evidence *v)
{
	AUTO_DONE(bytes) text = { 0 }, quorum = { 0 };
	const struct record *r;

	if (!v->script->continues)
		return ERR_OK;
	TRY(evidence_find(v, RECORD_PREVIOUS, NULL, NULL, &r));
	TRY(evidence_read(v, "ceremony/previous-register.txt", &text));
	TRY(register_get(bytes_view(&text), &v->before));
	TRY(evidence_read(v, "ceremony/previous-quorum.txt", &quorum));
	TRY(wanted_hash("ceremony/previous-quorum.txt", bytes_view(&quorum),
	    &v->before.quorum));
	if (v->script->former.count == 0)
		TRY(same_quorum(v));
	TRY(quorum_get(bytes_view(&quorum), &v->quorum));
	if (v->before.wraps)
		TRY(same_backup_quorum(v));
	for (size_t i = 0; i < v->before.key_count; i++)
		TRY(carried_key(v, &v->before.keys[i]));
	for (size_t i = 0; i < v->before.certificate_count; i++)
		TRY(carried_certificate(v, &v->before.certificates[i]));
	TRY(check_inherited(v));
	return evidence_node(v);
}

/* ---- what this one did */

static enum err
add_token(const struct evidence *v, struct key_register *reg)
{
	const struct record *r;

	TRY(evidence_find(v, RECORD_TOKEN, "label", v->script->token, &r));
	TRY(record_take(r, "label", reg->token, sizeof(reg->token)));
	TRY(record_take(r, "serial", reg->serial, sizeof(reg->serial)));
	register_settle(reg);
	return ERR_OK;
}

/* The token that was opened again is the register's. */
static enum err
same_token(const struct evidence *v, const struct key_register *reg)
{
	struct key_register seen = { 0 };

	TRY(add_token(v, &seen));
	return strcmp(seen.token, reg->token) == 0 &&
	    strcmp(seen.serial, reg->serial) == 0 ? ERR_OK :
	    err_because(ERR_MISMATCH, "another token than the register's was "
	    "opened");
}

static enum err
add_quorum(const struct evidence *v, struct key_register *reg)
{
	const struct record *r;

	TRY(evidence_find(v, RECORD_FILE, "path", "ceremony/quorum.txt", &r));
	return record_take_hex(r, "sha256", reg->quorum.at,
	    sizeof(reg->quorum.at));
}

static enum err
add_key(const struct evidence *v, const char *label,
    struct key_register *reg)
{
	int at = script_key_index(v->script, label);
	struct register_key k = {
		.type = (enum key_type)v->script->keys.at[at].type,
	};
	const struct record *r;

	TRY(evidence_find(v, RECORD_KEYGEN, "label", label, &r));
	snprintf(k.label, sizeof(k.label), "%s", label);
	TRY(record_take_hex(r, "id", k.id, sizeof(k.id)));
	TRY(public_hash(v->keys[at], &k.spki));
	TRY(register_add_key(reg, &k));
	return register_add_on_token(reg, label, reg->token, reg->serial);
}

static enum err
add_certificate(const struct evidence *v, const char *name,
    struct key_register *reg)
{
	int at = script_certificate_index(v->script, name);
	AUTO_DONE(bytes) der = { 0 };
	struct hash h;

	TRY(certificate_der(v->certificates[at], &der));
	h = sha256(bytes_view(&der));
	return register_add_certificate(reg, name, &h);
}

/* Officers who signed, in that step, that their backup share is no more. */
static enum err
verify_shares_gone(const struct evidence *v, const struct record *destroyed)
{
	const struct quorum *q = &v->backup_quorum;
	uint32_t seats = 0;

	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = &v->records.at[i];

		for (unsigned int k = 0; k < q->count; k++)
			if (r->type == RECORD_CONFIRM && !r->superseded &&
			    view_equal(r->step, destroyed->step) &&
			    view_is(r->actor, v->participants.at[k].as) &&
			    record_says(r, "what", view_text(
			    "backup share destroyed")) == ERR_OK)
				seats |= UINT32_C(1) << k;
	}
	if (q->count - (unsigned int)__builtin_popcount(seats) >=
	    q->threshold)
		return err_because(ERR_MISMATCH, "record %ju: enough backup "
		    "shares are left to open what was wrapped",
		    (uintmax_t)destroyed->number);
	return ERR_OK;
}

/* Every copy has its record; one that is lost is none that was destroyed. */
static enum err
strike_copy(const struct evidence *v, struct register_copy *copy)
{
	const struct record *r;
	char name[128];

	register_copy_name(copy, name);
	if (copy->state != REGISTER_LIVE)
		return copy->state == REGISTER_DESTROYED ? ERR_OK :
		    err_because(ERR_MISMATCH, "destroyed, though a copy is not "
		    "accounted for: %s", name);
	TRY(evidence_find(v, RECORD_DESTROY, "copy", name, &r));
	copy->state = REGISTER_DESTROYED;
	return ERR_OK;
}

static enum err
strike_key(const struct evidence *v, const char *label,
    struct key_register *reg)
{
	const struct register_key *k = register_key(reg, label);
	bool wrapped = register_wrapped(reg) != 0;
	const struct record *r;

	TRY(evidence_find(v, RECORD_DESTROY, "label", label, &r));
	if (k == NULL || k->state != REGISTER_LIVE)
		return err_because(ERR_MISMATCH, "record %ju: no live key %s "
		    "in the register", (uintmax_t)r->number, label);
	TRY(record_says_hex(r, "id", VIEW_OF(k->id)));
	TRY(record_says_hex(r, "spki-sha256", VIEW_OF(k->spki.at)));
	for (size_t i = 0; i < reg->copy_count; i++)
		if (strcmp(reg->copies[i].key, label) == 0)
			TRY(strike_copy(v, &reg->copies[i]));
	register_settle(reg);
	return wrapped && register_wrapped(reg) == 0 ?
	    verify_shares_gone(v, r) : ERR_OK;
}

/* The RESULT that says which key wrapped ones are under. */
static enum err
find_check(const struct evidence *v, const struct record **out)
{
	for (size_t i = 0; i < v->records.count; i++) {
		AUTO_DONE(bytes) value = { 0 };

		*out = &v->records.at[i];
		if ((*out)->type == RECORD_RESULT &&
		    record_get(*out, "check", &value) == ERR_OK)
			return ERR_OK;
	}
	return err_because(ERR_NOT_FOUND, "no step says which key wrapped "
	    "keys are under");
}

static enum err
add_backup_quorum(const struct evidence *v, struct key_register *reg)
{
	const struct record *r, *result = NULL;

	TRY(find_check(v, &result));
	TRY(evidence_find(v, RECORD_FILE, "path",
	    "ceremony/backup-quorum.txt", &r));
	TRY(record_take_hex(r, "sha256", reg->backup_quorum.at,
	    sizeof(reg->backup_quorum.at)));
	if (reg->wraps)		/* the same secret, for other officers */
		return record_says_hex(result, "check",
		    VIEW_OF(reg->check));
	reg->wraps = true;
	return record_take_hex(result, "check", reg->check,
	    sizeof(reg->check));
}

static enum err
add_wrapped(const struct evidence *v, struct key_register *reg)
{
	const struct script *s = v->script;

	for (size_t i = 0; i < s->keys.count; i++)
		for (unsigned int n = 1; script_key_wraps(&s->keys.at[i]) &&
		    n <= (unsigned int)s->backup.media; n++) {
			struct hash h;

			TRY(evidence_wrapped(v, s->keys.at[i].label, n, &h));
			TRY(register_add_on_medium(reg, s->keys.at[i].label,
			    n, &h));
		}
	return ERR_OK;
}

/* Copies on the second token, or on the one that takes the lost one's place. */
static enum err
add_restored(const struct evidence *v, bool inherited,
    struct key_register *reg)
{
	const struct script *s = v->script;

	for (size_t i = 0; i < s->keys.count; i++) {
		const struct script_key *key = &s->keys.at[i];
		char token[33], serial[17];
		const struct record *r;

		if (key->backup != BACKUP_WRAPPED ||
		    key->inherited != inherited)
			continue;
		TRY(evidence_restored(v, key->label, &r));
		TRY(record_take(r, "token", token, sizeof(token)));
		TRY(record_take(r, "serial", serial, sizeof(serial)));
		TRY(register_add_on_token(reg, key->label, token, serial));
	}
	return ERR_OK;
}

static enum err
strike_lost(const struct evidence *v, struct key_register *reg)
{
	for (size_t i = 0; i < v->script->lost.count; i++) {
		const char *label = v->script->lost.at[i];
		const struct record *r;
		uint64_t copies = 0;

		TRY(evidence_find(v, RECORD_LOST, "token", label, &r));
		for (size_t k = 0; k < reg->copy_count; k++) {
			struct register_copy *c = &reg->copies[k];

			if (c->medium != 0 || c->state != REGISTER_LIVE ||
			    strcmp(c->token, label) != 0)
				continue;
			c->state = REGISTER_LOST;
			copies++;
		}
		TRY(record_says_int(r, "copies", copies));
	}
	register_settle(reg);
	return ERR_OK;
}

static enum err
add_step(const struct evidence *v, const struct script_step *s,
    struct key_register *reg)
{
	const char *name = s->step.name;

	if (strcmp(name, "split-secret") == 0)
		return add_quorum(v, reg);
	if (strcmp(name, "initialise-token") == 0)
		return add_token(v, reg);
	if (strcmp(name, "open-token") == 0)
		return same_token(v, reg);
	if (strcmp(name, "generate-key") == 0)
		return add_key(v, s->key.name, reg);
	if (strcmp(name, "destroy-key") == 0)
		return strike_key(v, s->key.name, reg);
	if (strcmp(name, "split-backup-secret") == 0)
		return add_backup_quorum(v, reg);
	if (strcmp(name, "wrap-keys") == 0)
		return add_wrapped(v, reg);
	if (strcmp(name, "prove-backups") == 0)
		return add_restored(v, false, reg);
	if (strcmp(name, "declare-lost") == 0)
		return strike_lost(v, reg);
	if (strcmp(name, "restore-keys") == 0)
		return add_restored(v, true, reg);
	if (strcmp(name, "certify") == 0)
		return add_certificate(v, s->certificate.name, reg);
	return ERR_OK;
}

enum err
evidence_register(const struct evidence *v, size_t steps,
    struct key_register *out)
{
	struct key_register reg = v->before;

	if (v->script->node)
		register_branch(&reg);

	for (size_t i = 0; i < steps; i++)
		TRY(add_step(v, &v->script->steps.at[i], &reg));
	*out = reg;
	return ERR_OK;
}

enum err
verify_register(struct evidence *v)
{
	AUTO_DONE(bytes) wanted = { 0 }, came = { 0 };
	struct key_register reg;

	TRY(evidence_register(v, v->script->steps.count, &reg));
	TRY(register_put(&reg, &wanted));
	TRY(evidence_read(v, "ceremony/register.txt", &came));
	return view_equal(bytes_view(&wanted), bytes_view(&came)) ? ERR_OK :
	    err_because(ERR_MISMATCH, "ceremony/register.txt: not what was "
	    "there before with what this ceremony made and destroyed");
}

/* ---- lists and shares */

static enum err
verify_crl(struct evidence *v, const struct script_crl *l)
{
	int by = script_certificate_index(v->script, l->issuer.name);
	AUTO_DONE(bytes) pem = { 0 }, der = { 0 };
	AUTO(X509_CRL) crl = NULL;
	const struct record *r;
	struct step_crl planned;
	struct hash h;
	char path[64];

	snprintf(path, sizeof(path), "ca/%s.crl", l->name);
	TRY(evidence_read(v, path, &pem));
	TRY(crl_read(bytes_view(&pem), &crl));
	TRY(crl_der(crl, &der));
	h = sha256(bytes_view(&der));
	TRY(evidence_find(v, RECORD_CRL, "name", l->name, &r));
	TRY(record_says_hex(r, "sha256", VIEW_OF(h.at)));
	TRY(step_crl_plan(v->script, l, v->day, v->certificates, &planned));
	return crl_check(&planned.plan, v->certificates[by], crl);
}

enum err
verify_crls(struct evidence *v)
{
	for (size_t i = 0; i < v->script->crls.count; i++)
		TRY(verify_crl(v, &v->script->crls.at[i]));
	return ERR_OK;
}

enum err
verify_possession(const struct evidence *v)
{
	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = &v->records.at[i];
		unsigned int seat = 0;

		if (r->type != RECORD_POSSESSION)
			continue;
		for (unsigned int k = 1; k <= v->quorum.count; k++)
			if (view_is(r->actor, v->participants.at[k - 1].as))
				seat = k;
		if (seat == 0)
			return err_because(ERR_MISMATCH, "record %ju: of no "
			    "officer", (uintmax_t)r->number);
		TRY(record_says_hex(r, "commitment",
		    VIEW_OF(v->quorum.shares[seat - 1].at)));
		if (register_wrapped(&v->before) != 0)
			TRY(record_says_hex(r, "backup-commitment",
			    VIEW_OF(v->backup_quorum.shares[seat - 1].at)));
	}
	return ERR_OK;
}
