/*
 * Bound values as JSON. Tables and values are the program's own by now: the
 * reader has checked them. Used by effective.c.
 */
#include "policy/yaml_show.h"

#include <string.h>

#include "policy/note.h"
#include "policy/yaml_tree.h"

static void show(struct json *j, const char *name,
    const struct yaml_type *type, const void *value);

/* Any YAML_ARRAY. */
struct items {
	const uint8_t	*at;
	size_t		 count;
};

static void
show_note(struct json *j, const char *name, struct note *n)
{
	json_text(j, name, VIEW(n->at, n->len));
}

static void
put_unit(struct note *n, int64_t count, const char *unit)
{
	if (count == 0)
		return;
	note_int(n, count);
	note_text(n, unit);
}

static void
show_seconds(struct json *j, const char *name, int64_t v)
{
	struct note n = { 0 };
	int64_t rest = v % DAY;

	note_text(&n, "P");
	put_unit(&n, v / DAY, "D");
	if (rest != 0 || v == 0)
		note_text(&n, "T");
	put_unit(&n, rest / 3600, "H");
	put_unit(&n, rest / 60 % 60, "M");
	put_unit(&n, rest % 60, "S");
	if (v == 0)
		note_text(&n, "0S");
	show_note(j, name, &n);
}

static void
show_period(struct json *j, const char *name, const struct yaml_period *p)
{
	struct note n = { 0 };

	note_text(&n, "P");
	put_unit(&n, p->years, "Y");
	put_unit(&n, p->months, "M");
	put_unit(&n, p->days, "D");
	if (n.len == 1)
		note_text(&n, "0D");
	show_note(j, name, &n);
}

static void
show_choice(struct json *j, const char *name, const struct yaml_choice *c,
    int value)
{
	while (c->name != NULL && c->value != value)
		c++;
	json_c_text(j, name, c->name != NULL ? c->name : "");
}

static void
show_set(struct json *j, const char *name, const struct yaml_choice *c,
    uint32_t set)
{
	json_items(j, name);
	for (; c->name != NULL; c++)
		if ((set & UINT32_C(1) << c->value) != 0)
			json_c_text(j, NULL, c->name);
	json_close(j);
}

static void
show_list(struct json *j, const char *name, const struct yaml_type *type,
    const struct items *items)
{
	size_t size = yaml_size(type->item);

	json_items(j, name);
	for (size_t i = 0; i < items->count; i++)
		show(j, NULL, type->item, items->at + i * size);
	json_close(j);
}

static void
show_map(struct json *j, const char *name, const struct yaml_type *type,
    const struct items *items)
{
	const uint8_t *element = items->at;

	json_record(j, name);
	for (size_t i = 0; i < items->count; i++, element += type->size) {
		const char *key;

		memcpy(&key, element + type->key_offset, sizeof(key));
		show(j, key, type->item, element + type->value_offset);
	}
	json_close(j);
}

static void
show_variant(struct json *j, const char *name, const struct yaml_type *type,
    const struct yaml_variant *const *made)
{
	json_record(j, name);
	json_c_text(j, type->tag, (*made)->name);
	yaml_show_fields(j, type->fields, made);
	yaml_show_fields(j, (*made)->fields, made);
	json_close(j);
}

static void
show_record(struct json *j, const char *name, const struct yaml_type *type,
    const void *record)
{
	json_record(j, name);
	yaml_show_fields(j, type->fields, record);
	json_close(j);
}

static void
show_scalar(struct json *j, const char *name, const struct yaml_type *type,
    const void *value)
{
	struct note n = { 0 };

	switch (type->shape) {
	case YAML_TEXT:
	case YAML_NAME:
		json_c_text(j, name, *(const char *const *)value);
		return;
	case YAML_VIEW:
		json_text(j, name, *(const struct view *)value);
		return;
	case YAML_REFERENCE:
		json_c_text(j, name,
		    ((const struct yaml_reference *)value)->name);
		return;
	case YAML_INTEGER:
		json_int(j, name, *(const int64_t *)value);
		return;
	case YAML_BOOLEAN:
		json_bool(j, name, *(const bool *)value);
		return;
	case YAML_DATE:
		note_date(&n, *(const struct date *)value);
		break;
	default:
		note_time(&n, *(const int64_t *)value);
		break;
	}
	show_note(j, name, &n);
}

static void
show(struct json *j, const char *name, const struct yaml_type *type,
    const void *value)
{
	switch (type->shape) {
	case YAML_SECONDS:
		show_seconds(j, name, *(const int64_t *)value);
		return;
	case YAML_PERIOD:
		show_period(j, name, value);
		return;
	case YAML_CHOICE:
		show_choice(j, name, type->choices, *(const int *)value);
		return;
	case YAML_SET:
		show_set(j, name, type->choices, *(const uint32_t *)value);
		return;
	case YAML_RECORD:
		show_record(j, name, type, value);
		return;
	case YAML_LIST:
		show_list(j, name, type, value);
		return;
	case YAML_MAP:
		show_map(j, name, type, value);
		return;
	case YAML_VARIANT:
		show_variant(j, name, type, *(const void *const *)value);
		return;
	case YAML_PART:
		return;
	default:
		show_scalar(j, name, type, value);
	}
}

static bool
is_zero(const void *value, size_t size)
{
	const uint8_t *at = value;

	for (size_t i = 0; i < size; i++) {
		if (at[i] != 0)
			return false;
	}
	return true;
}

void
yaml_show_field(struct json *j, const struct yaml_field *field,
    const void *record)
{
	const uint8_t *value = (const uint8_t *)record + field->offset;

	if (!field->optional || !is_zero(value, yaml_size(field->type)))
		show(j, field->key, field->type, value);
}

void
yaml_show_fields(struct json *j, const struct yaml_field *fields,
    const void *record)
{
	for (; fields != NULL && fields->key != NULL; fields++)
		yaml_show_field(j, fields, record);
}
