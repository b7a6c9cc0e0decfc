/*
 * Names between the files of a policy become pointers, and each programme
 * gets its public face. What can be wrong here is a name that nothing
 * defines. Next: decide.c.
 */
#include <string.h>

#include "policy/rule.h"
#include "policy/yaml_tree.h"

static enum err
link_programme_name(const struct policy *p, const struct yaml_reference *name,
    uint32_t *bits)
{
	struct nearest near = { 0 };
	char words[64];

	for (size_t i = 0; i < p->programme_count; i++) {
		if (strcmp(p->programmes[i]->id, name->name) == 0) {
			*bits |= UINT32_C(1) << i;
			return ERR_OK;
		}
		nearest_offer(&near, name->name, p->programmes[i]->id);
	}
	return yaml_error(name->at, "expected the name of a programme, "
	    "got \"%.40s\"%s", name->name,
	    nearest_words(&near, words, sizeof(words)));
}

enum err
rule_link_claim(const struct programme_file *f,
    const struct yaml_reference *claim)
{
	struct nearest near = { 0 };
	char words[64];

	if (claim->name == NULL)
		return ERR_OK;
	for (size_t i = 0; i < f->claims.count; i++) {
		if (strcmp(f->claims.at[i].name, claim->name) == 0)
			return ERR_OK;
		nearest_offer(&near, claim->name, f->claims.at[i].name);
	}
	return yaml_error(claim->at, "expected a claim of the programme, "
	    "got \"%.40s\"%s", claim->name,
	    nearest_words(&near, words, sizeof(words)));
}

static enum err
link_caller(const struct policy *p, struct caller *c)
{
	for (size_t i = 0; i < c->may.count; i++) {
		struct entitlement *e = &c->may.at[i];

		for (size_t j = 0; j < e->programmes.count; j++)
			TRY(link_programme_name(p, &e->programmes.at[j],
			    &e->programme_bits));
	}
	return ERR_OK;
}

static enum err
link_rules(const struct policy *p, struct programme_file *f)
{
	for (size_t i = 0; i < f->rules.count; i++) {
		struct rule *rule = f->rules.at[i].rule;

		if (rule_kind(rule)->link != NULL)
			TRY(rule_kind(rule)->link(rule, p, f));
	}
	return ERR_OK;
}

static enum err
publish(struct yaml_doc *doc, struct programme_file *f)
{
	const char **formats = yaml_doc_new(doc, f->formats.count + 1,
	    sizeof(*formats));

	if (formats == NULL)
		return err_because(ERR_MEMORY, "no memory for a programme");
	for (size_t i = 0; i < f->formats.count; i++)
		formats[i] = f->formats.at[i].name;
	f->public = (struct programme){
		.id = f->id,
		.vct = f->vct,
		.formats = formats,
		.claims = f->claims.at,
		.claim_count = f->claims.count,
		.age_over = f->age_over.at,
		.age_over_count = f->age_over.count,
		.rounding = f->validity.rounding,
		.sd_jwt = f->sd_jwt,
		.mdoc = f->mdoc,
		.vc = f->vc,
		.opendid = f->opendid,
		.cwt_qr = f->cwt_qr,
		.display = f->display,
	};
	for (size_t i = 0; i < f->rules.count; i++)
		rule_wants_attested(f->rules.at[i].rule,
		    &f->public.key_storage, &f->public.user_authentication);
	return ERR_OK;
}

enum err
policy_link(struct policy *p)
{
	struct yaml_doc *doc = p->docs[0];

	if (p->regions != NULL)
		TRY(regions_link(doc, p->regions));
	for (size_t i = 0; i < p->programme_count; i++) {
		p->programmes[i]->index = (unsigned int)i;
		TRY(link_rules(p, p->programmes[i]));
		TRY(claims_link(p->programmes[i]));
		TRY(publish(doc, p->programmes[i]));
	}
	for (size_t i = 0; p->callers != NULL &&
	    i < p->callers->list.count; i++)
		TRY(link_caller(p, &p->callers->list.at[i]));
	return ERR_OK;
}
