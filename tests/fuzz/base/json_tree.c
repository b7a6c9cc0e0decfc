/*
 * JSON as we read it and as jansson does: the same texts are taken and say
 * the same. Ours alone has the limits of json_tree.h, theirs alone reads the
 * values of reals and finds them too large.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/json_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
want(bool it)
{
	if (!it)
		abort();
}

static void
same_text(struct view ours, const char *theirs, size_t len)
{
	want(view_equal(ours, VIEW(theirs, len)));
}

static void same(const struct node *n, json_t *j);

static void
same_members(const struct node *in, json_t *j)
{
	void *at = json_object_iter(j);

	for (const struct node *n = node_first(in); n != NULL;
	    n = node_after(in, n)) {
		want(at != NULL);
		same_text(n->name, json_object_iter_key(at),
		    json_object_iter_key_len(at));
		same(n, json_object_iter_value(at));
		at = json_object_iter_next(j, at);
	}
	want(at == NULL);
}

static void
same_elements(const struct node *in, json_t *j)
{
	size_t i = 0;

	for (const struct node *n = node_first(in); n != NULL;
	    n = node_after(in, n)) {
		want(n == node_element(in, i));
		same(n, json_array_get(j, i++));
	}
	want(node_element(in, i) == NULL);
}

static void
same(const struct node *n, json_t *j)
{
	static const json_type types[] = {
		[NODE_OBJECT] = JSON_OBJECT,
		[NODE_LIST] = JSON_ARRAY,
		[NODE_TEXT] = JSON_STRING,
		[NODE_INT] = JSON_INTEGER,
		[NODE_REAL] = JSON_REAL,
		[NODE_TRUE] = JSON_TRUE,
		[NODE_FALSE] = JSON_FALSE,
		[NODE_NULL] = JSON_NULL,
	};

	want(j != NULL && types[n->kind] == json_typeof(j));
	if (n->kind == NODE_TEXT)
		same_text(n->text, json_string_value(j),
		    json_string_length(j));
	if (n->kind == NODE_INT)
		want(n->number == json_integer_value(j));
	if (n->kind == NODE_OBJECT) {
		want(n->count == json_object_size(j));
		same_members(n, j);
	}
	if (n->kind == NODE_LIST) {
		want(n->count == json_array_size(j));
		same_elements(n, j);
	}
}

static bool
has_real(const struct json_tree *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->at[i].kind == NODE_REAL)
			return true;
	return false;
}

static bool
is_our_limit(const struct json_tree *t)
{
	return strcmp(t->fault, "nested too deep") == 0 ||
	    strcmp(t->fault, "an object of over 256 members") == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(json_tree) t = { 0 };
	enum err e = json_tree_read(&t, VIEW(data, size));
	json_error_t error;
	json_t *j = json_loadb((const char *)data, size,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (e == ERR_OK && j != NULL)
		same(t.at, j);
	if (e == ERR_OK && j == NULL)
		want(json_error_code(&error) ==
		    json_error_numeric_overflow && has_real(&t));
	/* jansson passes over a NUL behind the value */
	if (e != ERR_OK && j != NULL)
		want(is_our_limit(&t) || memchr(data, 0, size) != NULL);
	json_decref(j);
	return 0;
}
