/*
 * The tree of a document into C structs, by the caller's tables. Offsets and
 * sizes come from the tables (trusted), everything else from the document
 * (hostile). Its depth is bounded by the tables: nothing here recurses where
 * no type does.
 */
#include <inttypes.h>
#include <string.h>

#include "policy/yaml_tree.h"

static enum err bind(struct yaml_doc *doc, const struct node *n,
    const struct yaml_type *type, void *out);

size_t
yaml_size(const struct yaml_type *type)
{
	switch (type->shape) {
	case YAML_INTEGER:
	case YAML_INSTANT:
	case YAML_SECONDS:
		return sizeof(int64_t);
	case YAML_VIEW:
		return sizeof(struct view);
	case YAML_REFERENCE:
		return sizeof(struct yaml_reference);
	case YAML_BOOLEAN:
		return sizeof(bool);
	case YAML_DATE:
		return sizeof(struct date);
	case YAML_PERIOD:
		return sizeof(struct yaml_period);
	case YAML_CHOICE:
		return sizeof(int);
	case YAML_SET:
		return sizeof(uint32_t);
	case YAML_RECORD:
		return type->size;
	case YAML_LIST:
	case YAML_MAP:
		return sizeof(YAML_ARRAY(void));
	case YAML_PART:
		return sizeof(struct yaml_part);
	default:
		return sizeof(void *);
	}
}

static const struct node *
child(const struct node *map, const char *key)
{
	for (const struct node *c = map->first; c != NULL; c = c->next) {
		if (strcmp(c->key->text, key) == 0)
			return c;
	}
	return NULL;
}

static const struct yaml_field *
field_named(const struct yaml_field *fields, const char *key)
{
	for (; fields != NULL && fields->key != NULL; fields++) {
		if (strcmp(fields->key, key) == 0)
			return fields;
	}
	return NULL;
}

/* A record's fields come in up to two tables; a variant adds its tag. */
struct shape {
	const struct yaml_field	*common, *own;
	const char		*tag;
};

static void
offer_fields(struct nearest *near, const char *key,
    const struct yaml_field *fields)
{
	for (; fields != NULL && fields->key != NULL; fields++)
		nearest_offer(near, key, fields->key);
}

static enum err
check_keys(const struct node *map, const struct shape *s)
{
	for (const struct node *c = map->first; c != NULL; c = c->next) {
		const char *key = c->key->text;
		struct nearest near = { 0 };
		char words[64];

		if (field_named(s->common, key) != NULL ||
		    field_named(s->own, key) != NULL ||
		    (s->tag != NULL && strcmp(s->tag, key) == 0))
			continue;
		offer_fields(&near, key, s->common);
		offer_fields(&near, key, s->own);
		return yaml_error(c->key->at,
		    "expected a known key, got \"%.40s\"%s", key,
		    nearest_words(&near, words, sizeof(words)));
	}
	return ERR_OK;
}

static enum err
bind_fields(struct yaml_doc *doc, const struct node *map,
    const struct yaml_field *fields, void *out)
{
	for (; fields != NULL && fields->key != NULL; fields++) {
		const struct node *n = child(map, fields->key);
		struct node given = {
			.kind = NODE_SCALAR, .plain = true, .at = map->at,
			.text = fields->otherwise,
		};

		if (n == NULL && fields->otherwise != NULL)
			n = &given;
		if (n == NULL && fields->optional)
			continue;
		if (n == NULL)
			return yaml_error(map->at,
			    "expected the key \"%s\", got a map without it",
			    fields->key);
		TRY(bind(doc, n, fields->type,
		    (uint8_t *)out + fields->offset));
	}
	return ERR_OK;
}

static enum err
bind_record(struct yaml_doc *doc, const struct node *n, const struct shape *s,
    void *out)
{
	if (n->kind != NODE_MAP)
		return yaml_unexpected(n, "a map");
	TRY(check_keys(n, s));
	TRY(bind_fields(doc, n, s->common, out));
	return bind_fields(doc, n, s->own, out);
}

static enum err
unknown_variant(const struct node *tag, const struct yaml_type *type)
{
	struct nearest near = { 0 };
	char words[64];

	for (size_t i = 0; type->variants[i] != NULL; i++)
		nearest_offer(&near, tag->text, type->variants[i]->name);
	return yaml_error(tag->at, "expected a known %s, got \"%.40s\"%s",
	    type->tag, tag->text, nearest_words(&near, words, sizeof(words)));
}

static enum err
bind_variant(struct yaml_doc *doc, const struct node *n,
    const struct yaml_type *type, void **out)
{
	const struct yaml_variant *const *v = type->variants;
	const struct yaml_variant **made;
	const struct node *tag;

	if (n->kind != NODE_MAP)
		return yaml_unexpected(n, "a map");
	if ((tag = child(n, type->tag)) == NULL)
		return yaml_error(n->at,
		    "expected the key \"%s\", got a map without it",
		    type->tag);
	TRY(scalar_text(tag, "a name"));
	while (*v != NULL && strcmp((*v)->name, tag->text) != 0)
		v++;
	if (*v == NULL)
		return unknown_variant(tag, type);
	if ((made = yaml_doc_new(doc, 1, (*v)->size)) == NULL)
		return err_because(ERR_MEMORY, "no memory for a document");
	*made = *v;
	TRY(bind_record(doc, n, &(struct shape){ .common = type->fields,
	    .own = (*v)->fields, .tag = type->tag }, made));
	*out = made;
	return ERR_OK;
}

static enum err
check_count(const struct node *n, const struct yaml_type *type,
    const char *what)
{
	bool limited = type->min != 0 || type->max != 0;

	if (!limited || ((int64_t)n->count >= type->min &&
	    (int64_t)n->count <= type->max))
		return ERR_OK;
	return yaml_error(n->at, "expected %" PRId64 " to %" PRId64
	    " %s, got %zu", type->min, type->max, what, n->count);
}

static enum err
bind_list(struct yaml_doc *doc, const struct node *n,
    const struct yaml_type *type, void *out)
{
	size_t size = yaml_size(type->item), i = 0;
	YAML_ARRAY(uint8_t) items = { NULL, n->count };

	if (n->kind != NODE_LIST)
		return yaml_unexpected(n, "a list");
	TRY(check_count(n, type, "items"));
	items.at = yaml_doc_new(doc, n->count, size);
	if (items.at == NULL)
		return err_because(ERR_MEMORY, "no memory for a list");
	for (const struct node *c = n->first; c != NULL; c = c->next, i++)
		TRY(bind(doc, c, type->item, items.at + i * size));
	memcpy(out, &items, sizeof(items));
	return ERR_OK;
}

static enum err
bind_map(struct yaml_doc *doc, const struct node *n,
    const struct yaml_type *type, void *out)
{
	static const struct yaml_type name = { .shape = YAML_NAME };
	static const struct yaml_type text = { .shape = YAML_TEXT };
	YAML_ARRAY(uint8_t) items = { NULL, n->count };
	uint8_t *element;

	if (n->kind != NODE_MAP)
		return yaml_unexpected(n, "a map");
	TRY(check_count(n, type, "entries"));
	element = items.at = yaml_doc_new(doc, n->count, type->size);
	if (element == NULL)
		return err_because(ERR_MEMORY, "no memory for a map");
	for (const struct node *c = n->first; c != NULL; c = c->next) {
		TRY(scalar_text(c->key, "a text as key"));
		TRY(bind(doc, c->key, type->names ? &name : &text,
		    element + type->key_offset));
		TRY(bind(doc, c, type->item, element + type->value_offset));
		element += type->size;
	}
	memcpy(out, &items, sizeof(items));
	return ERR_OK;
}

static enum err
bind_set(const struct node *n, const struct yaml_type *type, uint32_t *out)
{
	uint32_t set = 0;
	int value;

	if (n->kind != NODE_LIST || n->count == 0)
		return yaml_unexpected(n, "a list of at least one name");
	for (const struct node *c = n->first; c != NULL; c = c->next) {
		TRY(scalar_choice(c, type->choices, &value));
		if ((set & UINT32_C(1) << value) != 0)
			return yaml_error(c->at, "expected each name once, "
			    "got \"%.40s\" again", c->text);
		set |= UINT32_C(1) << value;
	}
	*out = set;
	return ERR_OK;
}

static enum err
bind(struct yaml_doc *doc, const struct node *n,
    const struct yaml_type *type, void *out)
{
	struct shape record = { .own = type->fields };
	enum err e;

	switch (type->shape) {
	case YAML_RECORD:
		e = bind_record(doc, n, &record, out);
		break;
	case YAML_LIST:
		e = bind_list(doc, n, type, out);
		break;
	case YAML_MAP:
		e = bind_map(doc, n, type, out);
		break;
	case YAML_SET:
		e = bind_set(n, type, out);
		break;
	case YAML_VARIANT:
		e = bind_variant(doc, n, type, out);
		break;
	case YAML_PART:
		*(struct yaml_part *)out = (struct yaml_part){ n, n->at };
		return ERR_OK;
	default:
		e = scalar_bind(n, type, out);
	}
	if (e != ERR_OK || type->check == NULL)
		return e;
	return type->check(n->at, out);
}

enum err
yaml_bind(struct yaml_doc *doc, const struct yaml_type *type, void *out)
{
	return bind(doc, doc->root, type, out);
}

enum err
yaml_bind_part(struct yaml_doc *doc, const struct yaml_part *part,
    const struct yaml_type *type, void *out)
{
	return part->node != NULL ? bind(doc, part->node, type, out) : ERR_OK;
}
