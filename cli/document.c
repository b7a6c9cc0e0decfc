/*
 * JSON for the tools, by jansson. (base/json.h only writes, and shares names
 * with jansson: one file sees one of them.)
 */
#include "cli/document.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"

AUTO_DEFINE(json_t, json_t, json_decref);

struct document {
	json_t	*root;
};

static enum err
parse(struct view text, json_t **out_root)
{
	json_error_t why;
	json_t *root;

	root = json_loadb((const char *)text.at, text.len,
	    JSON_REJECT_DUPLICATES, &why);
	if (root == NULL)
		return err_because(ERR_SYNTAX,
		    "JSON ends being JSON in line %d, column %d (RFC 8259)",
		    why.line, why.column);
	*out_root = root;
	return ERR_OK;
}

enum err
document_parse(struct view text, struct document **out_document)
{
	AUTO(json_t) root = NULL;
	struct document *d;

	TRY(parse(text, &root));
	d = mem_new(1, sizeof(*d));
	if (d == NULL)
		return ERR_MEMORY;
	d->root = STEAL(root);
	*out_document = d;
	return ERR_OK;
}

void
document_free(struct document *d)
{
	if (d == NULL)
		return;
	json_decref(d->root);
	mem_free(d);
}

static json_t *
find(const struct document *d, const char *path)
{
	json_t *at = d->root;

	while (at != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");

		if (json_is_array(at)) {
			size_t i = 0;

			for (size_t k = 0; k < n; k++)
				i = i * 10 + (size_t)(path[k] - '0');
			at = json_array_get(at, i);
		} else {
			char name[64] = "";

			if (n < sizeof(name))
				memcpy(name, path, n);
			at = json_object_get(at, name);
		}
		path += n + (path[n] == '.');
	}
	return at;
}

bool
document_has(const struct document *d, const char *path)
{
	return find(d, path) != NULL;
}

const char *
document_text(const struct document *d, const char *path)
{
	return json_string_value(find(d, path));
}

int64_t
document_int(const struct document *d, const char *path, int64_t otherwise)
{
	const json_t *v = find(d, path);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : otherwise;
}

bool
document_true(const struct document *d, const char *path)
{
	return json_is_true(find(d, path));
}

size_t
document_count(const struct document *d, const char *path)
{
	return json_array_size(find(d, path));
}

static int
append(const char *text, size_t len, void *out)
{
	bytes_put(out, VIEW(text, len));
	return 0;
}

enum err
document_merge(const struct document *d, struct view members,
    struct bytes *out)
{
	AUTO(json_t) more = NULL;

	TRY(parse(members, &more));
	if (json_object_update(d->root, more) != 0)
		return err_because(ERR_SCHEMA, "a JSON object is expected");
	if (json_dump_callback(d->root, append, out, JSON_COMPACT) != 0)
		return ERR_MEMORY;
	return bytes_check(out);
}
