/*
 * The strict reader of JSON objects. Its input is hostile; jansson makes it a
 * tree (duplicates, bad UTF-8, NUL and nesting over its own limit are refused
 * there), and everything is checked here before it is used. Its messages
 * quote their input, so ours are made from its codes. Next: body_request.c.
 */
#include "signer/gate/body_json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define TIME_TEXT 64		/* bytes of a date or instant, at most */
#define NAME_SHOWN 64		/* longest name of the client's in a pointer */

static const char *
syntax_rule(enum json_error_code code)
{
	switch (code) {
	case json_error_duplicate_key:
		return "a member comes twice";
	case json_error_invalid_utf8:
		return "not UTF-8 (RFC 8259 8.1)";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "U+0000 in a text";
	case json_error_numeric_overflow:
		return "a number of more than 64 bits";
	case json_error_premature_end_of_input:
		return "it ends early";
	case json_error_end_of_input_expected:
		return "something follows its end";
	case json_error_stack_overflow:
		return "nested too deep";
	default:
		return "not JSON (RFC 8259)";
	}
}

static void *
take_memory(size_t size)
{
	return mem_new(1, size);
}

void
object_setup(void)
{
	json_set_alloc_funcs(take_memory, mem_free);
	json_object_seed(0);
}

enum err
object_load(struct view text, json_t **json, struct object *out_top)
{
	enum json_error_code code;
	json_error_t error;

	if (text.len == 0)
		return err_because(ERR_SYNTAX, "the body is empty, wanted a "
		    "JSON object");
	*json = json_loadb((const char *)text.at, text.len,
	    JSON_REJECT_DUPLICATES, &error);
	*out_top = (struct object){ .json = *json };
	if (json_is_object(*json))
		return ERR_OK;
	if (*json != NULL)
		return err_because(ERR_SCHEMA,
		    "the body must be a JSON object");
	code = json_error_code(&error);
	if (code == json_error_out_of_memory)
		return err_because(ERR_MEMORY, "no memory for a body");
	return err_because(code == json_error_numeric_overflow ? ERR_RANGE :
	    ERR_SYNTAX, "byte %d of the body: %s", error.position,
	    syntax_rule(code));
}

void
object_unload(json_t *json)
{
	json_decref(json);
}

/* ---- faults */

/* Names that clients made are shown when they are harmless to show. */
static bool
is_plain(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return n != 0 && n <= NAME_SHOWN && name[n] == '\0';
}

static void
put_pointer(const struct object *o, struct bytes *out)
{
	if (o->in == NULL)
		return;
	put_pointer(o->in, out);
	if (o->name == NULL)
		bytes_printf(out, "/%zu", o->index);
	else if (is_plain(o->name))
		bytes_printf(out, "/%s", o->name);
}

enum err
object_fault(const struct object *o, const char *name, enum err e,
    const char *rule)
{
	AUTO_DONE(bytes) pointer = { 0 };

	put_pointer(o, &pointer);
	if (name != NULL && is_plain(name))
		bytes_printf(&pointer, "/%s", name);
	if (pointer.len == 0)
		return err_because(e, "%s", rule);
	return err_because(e, "%s: %s", bytes_text(&pointer), rule);
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
	return json_object_get(o->json, name) != NULL;
}

/* *out is NULL when the member is optional and missing. */
static enum err
ask(struct object *o, const char *name, enum need need, json_t **out)
{
	json_t *v = json_object_get(o->json, name);

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
get_text(const struct object *o, const char *name, const json_t *v,
    size_t max, struct view *out)
{
	if (!json_is_string(v))
		return object_fault(o, name, ERR_SCHEMA, "wanted a text");
	if (json_string_length(v) == 0 || json_string_length(v) > max)
		return range_fault(o, name, 1, max, "bytes");
	*out = VIEW(json_string_value(v), json_string_length(v));
	return ERR_OK;
}

enum err
object_text(struct object *o, const char *name, enum need need, size_t max,
    struct view *out)
{
	json_t *v = NULL;

	TRY(ask(o, name, need, &v));
	return v != NULL ? get_text(o, name, v, max, out) : ERR_OK;
}

enum err
object_null(struct object *o, const char *name, bool *out_is_null)
{
	json_t *v;

	*out_is_null = json_is_null(json_object_get(o->json, name));
	return *out_is_null ? ask(o, name, OPTIONAL, &v) : ERR_OK;
}

enum err
object_bool(struct object *o, const char *name, enum need need, bool *out)
{
	json_t *v = NULL;

	TRY(ask(o, name, need, &v));
	if (v == NULL)
		return ERR_OK;
	if (!json_is_boolean(v))
		return object_fault(o, name, ERR_SCHEMA,
		    "wanted true or false");
	*out = json_is_true(v);
	return ERR_OK;
}

enum err
object_count(struct object *o, const char *name, enum need need,
    int64_t *out)
{
	json_t *v = NULL;

	TRY(ask(o, name, need, &v));
	if (v == NULL)
		return ERR_OK;
	if (!json_is_integer(v))
		return object_fault(o, name, ERR_SCHEMA,
		    "wanted a whole number");
	if (json_integer_value(v) < 0)
		return object_fault(o, name, ERR_RANGE, "wanted 0 or more");
	*out = json_integer_value(v);
	return ERR_OK;
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
	json_t *v = NULL;

	TRY(ask(o, name, need, &v));
	if (v != NULL && !json_is_object(v))
		return object_fault(o, name, ERR_SCHEMA, "wanted an object");
	*out = (struct object){ .in = o, .name = name, .json = v };
	return ERR_OK;
}

enum err
object_list(struct object *o, const char *name, enum need need, size_t max,
    struct object *out)
{
	json_t *v = NULL;

	TRY(ask(o, name, need, &v));
	if (v != NULL && !json_is_array(v))
		return object_fault(o, name, ERR_SCHEMA, "wanted a list");
	if (v != NULL && (json_array_size(v) == 0 ||
	    json_array_size(v) > max))
		return range_fault(o, name, 1, max, "elements");
	*out = (struct object){
		.in = o,
		.name = name,
		.json = v,
		.count = json_array_size(v),
	};
	return ERR_OK;
}

enum err
element_top(const struct object *list, size_t i, struct object *out)
{
	json_t *v = json_array_get(list->json, i);

	if (!json_is_object(v))
		return err_because(ERR_SCHEMA, "wanted a JSON object");
	*out = (struct object){ .json = v };
	return ERR_OK;
}

enum err
element_text(const struct object *list, size_t i, size_t max,
    struct view *out)
{
	const struct object element = { .in = list, .index = i };

	return get_text(&element, NULL, json_array_get(list->json, i), max,
	    out);
}

/* ---- values of any shape */

static enum err get_value(const struct object *at, struct value *out,
    unsigned int depth);

static enum err
get_list(const struct object *at, struct value *out, unsigned int depth)
{
	TRY(value_reserve(out, VALUE_LIST, json_array_size(at->json)));
	for (size_t i = 0; i < out->count; i++) {
		const struct object element = {
			.in = at,
			.index = i,
			.json = json_array_get(at->json, i),
		};

		TRY(get_value(&element, &out->members[i].value, depth + 1));
	}
	return ERR_OK;
}

static int
by_name(const void *a, const void *b)
{
	const struct member *first = a, *second = b;

	return strcmp((const char *)first->name.at,
	    (const char *)second->name.at);
}

/* Sorted, so that a retry may write its members in another order. */
static enum err
get_map(const struct object *at, struct value *out, unsigned int depth)
{
	const char *name;
	json_t *v;
	size_t i = 0;

	TRY(value_reserve(out, VALUE_MAP, json_object_size(at->json)));
	json_object_foreach(at->json, name, v) {
		const struct object member =
		    { .in = at, .name = name, .json = v };

		out->members[i].name = view_text(name);
		TRY(get_value(&member, &out->members[i].value, depth + 1));
		i++;
	}
	qsort(out->members, out->count, sizeof(*out->members), by_name);
	return ERR_OK;
}

static enum err
get_value(const struct object *at, struct value *out, unsigned int depth)
{
	switch (json_typeof(at->json)) {
	case JSON_STRING:
		out->text = VIEW(json_string_value(at->json),
		    json_string_length(at->json));
		out->kind = VALUE_STRING;
		return ERR_OK;
	case JSON_INTEGER:
		out->integer = json_integer_value(at->json);
		out->kind = VALUE_INTEGER;
		return ERR_OK;
	case JSON_TRUE:
	case JSON_FALSE:
		out->integer = json_is_true(at->json);
		out->kind = VALUE_BOOLEAN;
		return ERR_OK;
	case JSON_REAL:
	case JSON_NULL:
		return object_fault(at, NULL, ERR_SCHEMA, "wanted a text, a "
		    "whole number, true, false, a list or an object");
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	if (depth == VALUE_DEPTH)
		return object_fault(at, NULL, ERR_RANGE, "nested too deep");
	if ((json_is_array(at->json) ? json_array_size(at->json) :
	    json_object_size(at->json)) > VALUE_MEMBERS)
		return range_fault(at, NULL, 0, VALUE_MEMBERS, "members");
	return json_is_array(at->json) ? get_list(at, out, depth) :
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
was_asked(const struct object *o, const char *name)
{
	for (size_t i = 0; i < o->asked_count; i++)
		if (strcmp(o->asked[i], name) == 0)
			return true;
	return false;
}

enum err
object_end(const struct object *o)
{
	const char *name;
	json_t *v;

	if (o->json == NULL || json_object_size(o->json) == o->found)
		return ERR_OK;
	json_object_foreach(o->json, name, v) {
		if (!was_asked(o, name))
			return object_fault(o, name, ERR_SCHEMA,
			    "unknown member");
	}
	return err_because(ERR_INTERNAL, "a member was asked for twice");
}
