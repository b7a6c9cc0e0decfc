/*
 * A further node of an installation: its keys are made in its own token, in a
 * ceremony of its own (script: node), and certified in another one, where the
 * authority's token is (keys: brought). Between the two go public keys, with
 * the register of the node's ceremony, after that has been verified as a whole.
 * Next: verify_register.c, which looks at what was brought.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "ceremony/steps.h"
#include "ceremony/verify.h"

#define REGISTER "ceremony/node-register.txt"
#define QUORUM "ceremony/node-quorum.txt"

/* Officers and certificates are the installation's; keys are the token's. */
void
register_branch(struct key_register *r)
{
	struct key_register own = {
		.quorum = r->quorum,
		.certificate_count = r->certificate_count,
	};

	memcpy(own.certificates, r->certificates, sizeof(own.certificates));
	*r = own;
}

bool
script_brings(const struct script *s)
{
	for (size_t i = 0; i < s->keys.count; i++)
		if (s->keys.at[i].brought)
			return true;
	return false;
}

/* What the register of the node must say of a key that it brings. */
static enum err
check_brought(const struct script_key *planned, struct key_register *node,
    EVP_PKEY *key)
{
	const struct register_key *k = register_key(node, planned->label);
	struct hash spki;

	if (k == NULL || k->state != REGISTER_LIVE ||
	    (int)k->type != planned->type)
		return err_because(ERR_MISMATCH, "the node's register has no "
		    "live key %s of this type", planned->label);
	TRY(public_hash(key, &spki));
	return view_equal(VIEW_OF(spki.at), VIEW_OF(k->spki.at)) ? ERR_OK :
	    err_because(ERR_MISMATCH, "ca/keys/%s.pub.pem: not the key of the "
	    "node's register", planned->label);
}

/*
 * The same officers hold both. Not the same secret: when officers change, each
 * token gets another one, and only the root stays. That it is this very node
 * is what the hash says that is read back from paper.
 */
static enum err
check_quorum(const struct key_register *node, struct view text,
    const struct quorum *ours)
{
	struct hash h = sha256(text);
	struct quorum q;
	bool same;

	TRY(quorum_get(text, &q));
	if (!view_equal(VIEW_OF(h.at), VIEW_OF(node->quorum.at)))
		return err_because(ERR_MISMATCH, QUORUM ": not what the "
		    "node's register says");
	same = q.threshold == ours->threshold && q.count == ours->count;
	for (unsigned int i = 0; same && i < q.count; i++)
		same = strcmp(q.officers[i], ours->officers[i]) == 0;
	return same ? ERR_OK : err_because(ERR_MISMATCH, "the node's ceremony "
	    "was of other officers: not of this installation");
}

/* ---- while it is held */

static enum err
record_node(struct ceremony *c, const struct hash *root)
{
	AUTO_DONE(payload) p = { 0 };

	payload_put_hex(&p, "root", VIEW_OF(root->at));
	return ceremony_record(c, RECORD_NODE, &p);
}

static enum err
bring_key(struct evidence *from, struct ceremony *c, size_t at,
    struct key_register *node)
{
	const struct script_key *planned = &c->script->keys.at[at];
	AUTO_DONE(bytes) pem = { 0 };
	char path[64];

	if (register_key(&c->reg, planned->label) != NULL)
		return err_because(ERR_EXISTS, "the register has a key %s "
		    "already", planned->label);
	snprintf(path, sizeof(path), "ca/keys/%s.pub.pem", planned->label);
	TRY(evidence_public(from, planned->label, &c->keys[at]));
	TRY(check_brought(planned, node, c->keys[at]));
	TRY(public_key_pem(c->keys[at], &pem));
	return ceremony_write(c, path, bytes_view(&pem));
}

enum err
ceremony_take_node(struct ceremony *c, const char *dir)
{
	AUTO_DONE(evidence) v = { .dir = dir };
	AUTO_DONE(bytes) text = { 0 }, quorum = { 0 };
	struct key_register node;
	struct hash root;

	if (!script_brings(c->script))
		return ERR_OK;
	TRY(ceremony_verify(dir, NULL, NULL, &root));
	TRY(evidence_load(&v, NULL));
	if (v.mode != c->mode)
		return err_because(ERR_FORBIDDEN, "a %s certifies nothing but "
		    "keys of a %s", script_mode_name(c->mode),
		    script_mode_name(c->mode));
	TRY(evidence_read(&v, "ceremony/register.txt", &text));
	TRY(register_get(bytes_view(&text), &node));
	TRY(evidence_read(&v, "ceremony/quorum.txt", &quorum));
	TRY(check_quorum(&node, bytes_view(&quorum), &c->quorum));
	c->hashes.node = sha256(bytes_view(&text));
	TRY(record_node(c, &root));
	TRY(ceremony_write(c, REGISTER, bytes_view(&text)));
	TRY(ceremony_write(c, QUORUM, bytes_view(&quorum)));
	for (size_t i = 0; i < c->script->keys.count; i++)
		if (c->script->keys.at[i].brought)
			TRY(bring_key(&v, c, i, &node));
	return ERR_OK;
}

/* ---- afterwards */

enum err
evidence_node(struct evidence *v)
{
	AUTO_DONE(bytes) text = { 0 }, quorum = { 0 };
	struct key_register node;
	const struct record *r;

	if (!script_brings(v->script))
		return ERR_OK;
	TRY(evidence_find(v, RECORD_NODE, NULL, NULL, &r));
	TRY(evidence_read(v, REGISTER, &text));
	TRY(register_get(bytes_view(&text), &node));
	TRY(evidence_read(v, QUORUM, &quorum));
	TRY(check_quorum(&node, bytes_view(&quorum), &v->quorum));
	for (size_t i = 0; i < v->script->keys.count; i++) {
		const struct script_key *planned = &v->script->keys.at[i];

		if (!planned->brought)
			continue;
		TRY(evidence_public(v, planned->label, &v->keys[i]));
		TRY(check_brought(planned, &node, v->keys[i]));
	}
	return ERR_OK;
}
