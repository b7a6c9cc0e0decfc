/*
 * Officers approve a policy: each signs the manifest of its bundle with their
 * card, as `okse policy sign` would have them do, here before witnesses. The
 * script names the manifest's hash; what is signed is what was reviewed.
 * Next: verify_people.c for who agreed, and here for the signatures.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "ceremony/steps.h"
#include "ceremony/verify.h"
#include "policy/manifest.h"

static enum err
check_manifest(const struct script_policy *p, struct view manifest)
{
	AUTO_DONE(bytes) hex = { 0 };
	struct hash h = sha256(manifest);
	struct manifest m;

	hex_put(&hex, VIEW_OF(h.at));
	TRY(bytes_check(&hex));
	if (strcmp(bytes_text(&hex), p->manifest) != 0)
		return err_because(ERR_MISMATCH, "the manifest of %s is not "
		    "the one that the script names", p->name);
	return manifest_get(manifest, &m);
}

static void
file_names(const struct script_policy *p, char manifest[64],
    char signatures[64])
{
	snprintf(manifest, 64, "ceremony/%s.manifest", p->name);
	snprintf(signatures, 64, "ceremony/%s.signatures", p->name);
}

static enum err
put_signature(struct ceremony *c, const struct participant *p,
    struct view manifest, struct bytes *out)
{
	AUTO_DONE(bytes) signature = { 0 };

	TRY(attend_sign(c, p, manifest, &signature));
	bytes_printf(out, "seat %u %s ", p->seat,
	    officer_algorithm_name(p->who.algorithm));
	base64_put(out, bytes_view(&signature));
	bytes_put_u8(out, '\n');
	return bytes_check(out);
}

enum err
step_approve_policy(struct ceremony *c, const struct script_step *s,
    struct payload *result)
{
	const struct script_policy *p = &c->script->policies.at[
	    script_policy_index(c->script, s->policy.name)];
	AUTO_DONE(bytes) manifest = { 0 }, text = { 0 };
	char path[PATH_MAX], kept[64], signatures[64];
	int64_t signed_by = 0;

	TRY(path_join(p->bundle, "manifest", path, sizeof(path)));
	TRY(file_read(path, MANIFEST_SIZE, &manifest));
	TRY(check_manifest(p, bytes_view(&manifest)));
	file_names(p, kept, signatures);
	TRY(ceremony_write(c, kept, bytes_view(&manifest)));
	bytes_put_text(&text, "okse-signatures 1\n");
	for (size_t i = 0; i < c->script->officers.count; i++)
		if (c->participants.at[i].present) {
			TRY(put_signature(c, &c->participants.at[i],
			    bytes_view(&manifest), &text));
			signed_by++;
		}
	TRY(ceremony_write(c, signatures, bytes_view(&text)));
	ceremony_say(c, "  %s goes beside the manifest, as signatures",
	    signatures);
	payload_put(result, "manifest", p->manifest);
	payload_put_int(result, "signed", signed_by);
	return ERR_OK;
}

static enum err
verify_policy(struct evidence *v, const struct script_policy *p)
{
	AUTO_DONE(bytes) manifest = { 0 }, text = { 0 };
	char kept[64], signatures[64];
	struct approvals who;
	struct roster r = {
		.threshold = (unsigned int)v->script->threshold,
		.count = (unsigned int)v->script->officers.count,
	};

	file_names(p, kept, signatures);
	TRY(evidence_read(v, kept, &manifest));
	TRY(evidence_read(v, signatures, &text));
	TRY(check_manifest(p, bytes_view(&manifest)));
	for (unsigned int i = 0; i < r.count; i++)
		r.officers[i] = v->participants.at[i].who;
	return approvals_verify(&r, MANIFEST_DOMAIN, bytes_view(&manifest),
	    bytes_view(&text), &who);
}

enum err
verify_policies(struct evidence *v)
{
	for (size_t i = 0; i < v->script->policies.count; i++)
		TRY(verify_policy(v, &v->script->policies.at[i]));
	return ERR_OK;
}
