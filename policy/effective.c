/*
 * Telling what a policy does, from what was bound, so that defaults and all
 * that an author did not write are there too. Next: yaml_show.c.
 */
#include "policy/effective.h"

#include <string.h>

#include "policy/rule.h"
#include "policy/yaml_show.h"

static void
put_purposes(struct json *j, uint32_t set)
{
	json_items(j, "purposes");
	for (const struct yaml_choice *c = purpose_choices; c->name; c++)
		if (set == 0 || (set & UINT32_C(1) << c->value) != 0)
			json_c_text(j, NULL, c->name);
	json_close(j);
}

static void
put_rule(struct json *j, const struct rule_entry *e)
{
	const struct rule *r = e->rule;

	json_record(j, NULL);
	json_c_text(j, "id", e->id);
	json_c_text(j, "kind", r->variant->name);
	json_c_text(j, "mode", rule_mode_name(r));
	put_purposes(j, r->purposes);
	json_record(j, "parameters");
	yaml_show_fields(j, r->variant->fields, r);
	json_close(j);
	json_c_text(j, "basis", r->basis != NULL ? r->basis : "");
	json_close(j);
}

static void
put_operation(struct json *j, const struct programme_file *f,
    const struct yaml_choice *operation)
{
	uint32_t bit = UINT32_C(1) << operation->value;

	if ((f->operations & bit) == 0)
		return;
	json_record(j, NULL);
	json_c_text(j, "operation", operation->name);
	json_items(j, "rules");
	for (size_t i = 0; i < f->rules.count; i++) {
		uint32_t set = f->rules.at[i].rule->operations;

		if (set == 0 || (set & bit) != 0)
			put_rule(j, &f->rules.at[i]);
	}
	json_close(j);
	json_close(j);
}

/* Everything but what is told operation by operation. */
static void
put_programme(struct json *j, const struct programme_file *f)
{
	const struct yaml_field *field = f->variant->fields;

	json_record(j, NULL);
	for (; field->key != NULL; field++)
		if (strcmp(field->key, "rules") != 0 &&
		    strcmp(field->key, "operations") != 0)
			yaml_show_field(j, field, f);
	json_items(j, "operations");
	for (const struct yaml_choice *c = operation_choices; c->name; c++)
		put_operation(j, f, c);
	json_close(j);
	json_close(j);
}

void
policy_effective(const struct policy *p, struct json *j)
{
	json_hex(j, "sha256", VIEW_OF(p->hash.at));
	yaml_show_fields(j, p->head->variant->fields, p->head);
	json_items(j, "programmes");
	for (size_t i = 0; i < p->programme_count; i++)
		put_programme(j, p->programmes[i]);
	json_close(j);
	if (p->callers != NULL)
		yaml_show_fields(j, p->callers->variant->fields, p->callers);
	if (p->regions != NULL)
		yaml_show_fields(j, p->regions->variant->fields, p->regions);
}
