/*
 * The strict reader of JSON objects. Its input is hostile: json_tree.c has
 * looked at its form, and everything is checked here before it is used. Next:
 * body_request.c.
 */
#include "signer/gate/body_json.h"

#include <stdlib.h>
#include <string.h>

#define TIME_TEXT 64		/* bytes of a date or instant, at most */
#define NAME_SHOWN 64		/* longest name of the client's in a pointer */

enum err
object_load(struct view text, struct json_tree *tree, struct object *out_top)
{
	enum err e;

	if (text.len == 0)
		return err_because(ERR_SYNTAX, "the body is empty, wanted a "
		    "JSON object");
	if ((e = json_tree_read(tree, text)) != ERR_OK)
		return err_because(e, "byte %zu of the body: %s",
		    tree->fault_at, tree->fault);
	if (tree->at->kind != NODE_OBJECT)
		return err_because(ERR_SCHEMA,
		    "the body must be a JSON object");
	*out_top = (struct object){ .json = tree->at };
	return ERR_OK;
}

/* ---- faults */

/* Names that clients made are shown when they are harmless to show. */
static void
put_name(struct view name, struct bytes *out)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	for (size_t i = 0; i < name.len; i++)
		if (strchr(harmless, name.at[i]) == NULL)
			return;
	if (name.len == 0 || name.len > NAME_SHOWN)
		return;
	bytes_put_u8(out, '/');
	bytes_put(out, name);
}

static void
put_pointer(const struct object *o, struct bytes *out)
{
	if (o->in == NULL)
		return;
	put_pointer(o->in, out);
	if (o->name.at == NULL)
		bytes_printf(out, "/%zu", o->index);
	else
		put_name(o->name, out);
}

static enum err
fault_at(const struct object *o, struct view name, enum err e,
    const char *rule)
{
	AUTO_DONE(bytes) pointer = { 0 };

	put_pointer(o, &pointer);
	put_name(name, &pointer);
	if (pointer.len == 0)
		return err_because(e, "%s", rule);
	return err_because(e, "%s: %s", bytes_text(&pointer), rule);
}

enum err
object_fault(const struct object *o, const char *name, enum err e,
    const char *rule)
{
	return fault_at(o, name != NULL ? view_text(name) : VIEW(NULL, 0), e,
	    rule);
}

[[nodiscard]]
static enum err
range_fault(const struct object *o, const char *name, size_t min, size_t max,
    const char *unit)
{
	AUTO_DONE(bytes) rule = { 0 };

	bytes_printf(&rule, "wanted %zu to %zu %s", min, max, unit);
	return object_fault(o, name, ERR_RANGE, bytes_text(&rule));
}

/* ---- members */

bool
object_has(const struct object *o, const char *name)
{
	return node_member(o->json, name) != NULL;
}

/* *out is NULL when the member is optional and missing. */
static enum err
ask(struct object *o, const char *name, enum need need,
    const struct node **out)
{
	const struct node *v = node_member(o->json, name);

	if (o->asked_count == OBJECT_MEMBERS)
		return err_because(ERR_INTERNAL, "OBJECT_MEMBERS is too low");
	o->asked[o->asked_count++] = name;
	if (v == NULL && need == NEEDED)
		return object_fault(o, name, ERR_SCHEMA, "missing");
	if (v != NULL)
		o->found++;
	*out = v;
	return ERR_OK;
}

static enum err
get_text(const struct object *o, const char *name, const struct node *v,
    size_t max, struct view *out)
{
	if (!node_is(v, NODE_TEXT))
		return object_fault(o, name, ERR_SCHEMA, "wanted a text");
	if (v->text.len == 0 || v->text.len > max)
		return range_fault(o, name, 1, max, "bytes");
	*out = v->text;
	return ERR_OK;
}

enum err
object_text(struct object *o, const char *name, enum need need, size_t max,
    struct view *out)
{
	const struct node *v = NULL;

	TRY(ask(o, name, need, &v));
	return v != NULL ? get_text(o, name, v, max, out) : ERR_OK;
}

enum err
object_null(struct object *o, const char *name, bool *out_is_null)
{
	const struct node *v;

	*out_is_null = node_is(node_member(o->json, name), NODE_NULL);
	return *out_is_null ? ask(o, name, OPTIONAL, &v) : ERR_OK;
}

enum err
object_bool(struct object *o, const char *name, enum need need, bool *out)
{
	const struct node *v = NULL;

	TRY(ask(o, name, need, &v));
	if (v == NULL)
		return ERR_OK;
	if (v->kind != NODE_TRUE && v->kind != NODE_FALSE)
		return object_fault(o, name, ERR_SCHEMA,
		    "wanted true or false");
	*out = v->kind == NODE_TRUE;
	return ERR_OK;
}

static enum err
get_count(const struct object *o, const char *name, const struct node *v,
    int64_t *out)
{
	if (!node_is(v, NODE_INT))
		return object_fault(o, name, ERR_SCHEMA,
		    "wanted a whole number");
	if (v->number < 0)
		return object_fault(o, name, ERR_RANGE, "wanted 0 or more");
	*out = v->number;
	return ERR_OK;
}

enum err
object_count(struct object *o, const char *name, enum need need,
    int64_t *out)
{
	const struct node *v = NULL;

	TRY(ask(o, name, need, &v));
	return v == NULL ? ERR_OK : get_count(o, name, v, out);
}

enum err
object_date(struct object *o, const char *name, enum need need,
    struct date *out)
{
	struct view text = { 0 };
	enum err e;

	TRY(object_text(o, name, need, TIME_TEXT, &text));
	if (text.len == 0)
		return ERR_OK;
	e = date_get(text, out);
	if (e == ERR_RANGE)
		return object_fault(o, name, e, "there is no such day");
	if (e != ERR_OK)
		return object_fault(o, name, ERR_SCHEMA, "wanted YYYY-MM-DD "
		    "(RFC 3339 full-date)");
	return ERR_OK;
}

enum err
object_instant(struct object *o, const char *name, enum need need,
    int64_t *out)
{
	struct view text = { 0 };
	enum err e;

	TRY(object_text(o, name, need, TIME_TEXT, &text));
	if (text.len == 0)
		return ERR_OK;
	e = instant_get(text, out);
	if (e == ERR_RANGE)
		return object_fault(o, name, e, "there is no such instant");
	if (e != ERR_OK)
		return object_fault(o, name, ERR_SCHEMA, "wanted "
		    "YYYY-MM-DDThh:mm:ss with Z or an offset (RFC 3339)");
	return ERR_OK;
}

enum err
object_base64(struct object *o, const char *name, enum need need, size_t max,
    struct bytes *out)
{
	struct view text = { 0 };

	TRY(object_text(o, name, need, (max + 2) / 3 * 4, &text));
	if (base64_get(text, out) == ERR_OK)
		return ERR_OK;
	bytes_reset(out);
	if (base64url_get(text, out) != ERR_OK)
		return object_fault(o, name, ERR_SCHEMA,
		    "wanted base64 or base64url (RFC 4648 4, 5)");
	return ERR_OK;
}

enum err
object_child(struct object *o, const char *name, enum need need,
    struct object *out)
{
	const struct node *v = NULL;

	TRY(ask(o, name, need, &v));
	if (v != NULL && v->kind != NODE_OBJECT)
		return object_fault(o, name, ERR_SCHEMA, "wanted an object");
	*out = (struct object){ .in = o, .name = view_text(name), .json = v };
	return ERR_OK;
}

enum err
object_list(struct object *o, const char *name, enum need need, size_t max,
    struct object *out)
{
	const struct node *v = NULL;

	TRY(ask(o, name, need, &v));
	if (v != NULL && v->kind != NODE_LIST)
		return object_fault(o, name, ERR_SCHEMA, "wanted a list");
	if (v != NULL && (v->count == 0 || v->count > max))
		return range_fault(o, name, 1, max, "elements");
	*out = (struct object){
		.in = o,
		.name = view_text(name),
		.json = v,
		.count = v != NULL ? v->count : 0,
	};
	return ERR_OK;
}

enum err
element_top(const struct object *list, size_t i, struct object *out)
{
	const struct node *v = node_element(list->json, i);

	if (!node_is(v, NODE_OBJECT))
		return err_because(ERR_SCHEMA, "wanted a JSON object");
	*out = (struct object){ .json = v };
	return ERR_OK;
}

enum err
element_text(const struct object *list, size_t i, size_t max,
    struct view *out)
{
	const struct object element = { .in = list, .index = i };

	return get_text(&element, NULL, node_element(list->json, i), max,
	    out);
}

enum err
element_count(const struct object *list, size_t i, int64_t *out)
{
	const struct object element = { .in = list, .index = i };

	return get_count(&element, NULL, node_element(list->json, i), out);
}

/* ---- values of any shape */

static enum err get_value(const struct object *at, struct value *out,
    unsigned int depth);

static enum err
get_list(const struct object *at, struct value *out, unsigned int depth)
{
	const struct node *n = node_first(at->json);

	TRY(value_reserve(out, VALUE_LIST, at->json->count));
	for (size_t i = 0; n != NULL; i++, n = node_after(at->json, n)) {
		const struct object element =
		    { .in = at, .index = i, .json = n };

		TRY(get_value(&element, &out->members[i].value, depth + 1));
	}
	return ERR_OK;
}

static int
by_name(const void *a, const void *b)
{
	const struct member *first = a, *second = b;

	return view_compare(first->name, second->name);
}

/* Sorted, so that a retry may write its members in another order. */
static enum err
get_map(const struct object *at, struct value *out, unsigned int depth)
{
	const struct node *n = node_first(at->json);

	TRY(value_reserve(out, VALUE_MAP, at->json->count));
	for (size_t i = 0; n != NULL; i++, n = node_after(at->json, n)) {
		const struct object member =
		    { .in = at, .name = n->name, .json = n };

		out->members[i].name = n->name;
		TRY(get_value(&member, &out->members[i].value, depth + 1));
	}
	qsort(out->members, out->count, sizeof(*out->members), by_name);
	return ERR_OK;
}

static enum err
get_value(const struct object *at, struct value *out, unsigned int depth)
{
	const struct node *n = at->json;

	switch (n->kind) {
	case NODE_TEXT:
		out->text = n->text;
		out->kind = VALUE_STRING;
		return ERR_OK;
	case NODE_INT:
		out->integer = n->number;
		out->kind = VALUE_INTEGER;
		return ERR_OK;
	case NODE_TRUE:
	case NODE_FALSE:
		out->integer = n->kind == NODE_TRUE;
		out->kind = VALUE_BOOLEAN;
		return ERR_OK;
	case NODE_REAL:
	case NODE_NULL:
		return object_fault(at, NULL, ERR_SCHEMA, "wanted a text, a "
		    "whole number, true, false, a list or an object");
	case NODE_LIST:
	case NODE_OBJECT:
		break;
	}
	if (depth == VALUE_DEPTH)
		return object_fault(at, NULL, ERR_RANGE, "nested too deep");
	if (n->count > VALUE_MEMBERS)
		return range_fault(at, NULL, 0, VALUE_MEMBERS, "members");
	return n->kind == NODE_LIST ? get_list(at, out, depth) :
	    get_map(at, out, depth);
}

enum err
object_map(struct object *o, const char *name, enum need need,
    struct value *out)
{
	struct object map;

	TRY(object_child(o, name, need, &map));
	return map.json != NULL ? get_value(&map, out, 0) : ERR_OK;
}

/* ---- the end */

static bool
was_asked(const struct object *o, struct view name)
{
	for (size_t i = 0; i < o->asked_count; i++)
		if (view_is(name, o->asked[i]))
			return true;
	return false;
}

enum err
object_end(const struct object *o)
{
	if (o->json == NULL || o->json->count == o->found)
		return ERR_OK;
	for (const struct node *n = node_first(o->json); n != NULL;
	    n = node_after(o->json, n)) {
		if (!was_asked(o, n->name))
			return fault_at(o, n->name, ERR_SCHEMA,
			    "unknown member");
	}
	return err_because(ERR_INTERNAL, "a member was asked for twice");
}
