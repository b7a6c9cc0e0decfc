/*
 * Reading one JSON object by its schema: each member that may be there is
 * asked for by name, then object_end() finds what nobody asked for. Every
 * failure is told with the member's JSON pointer (RFC 6901) and without its
 * value.
 */
#ifndef OKSE_SIGNER_GATE_BODY_JSON_H
#define OKSE_SIGNER_GATE_BODY_JSON_H

#include "base/json_tree.h"
#include "base/time.h"
#include "policy/value.h"

#define OBJECT_MEMBERS 24

enum need {
	OPTIONAL,	/* the output keeps its value when it is missing */
	NEEDED,
};

struct object {
	const struct object	*in;	/* NULL: the whole body */
	struct view		 name;	/* in it; NULL: an element of a list */
	size_t			 index;	/* of the element */
	const struct node	*json;	/* NULL: optional and missing */
	size_t			 count;	/* of the elements of a list */
	const char		*asked[OBJECT_MEMBERS];
	size_t			 asked_count, found;
};

/*
 * Reads a text into *tree, which must be empty, and begins with its outermost
 * object. ERR_SYNTAX; ERR_RANGE for a number over 64 bits; ERR_SCHEMA when it
 * is no object.
 */
[[nodiscard]] enum err object_load(struct view text, struct json_tree *tree,
    struct object *out_top);

/* Keeps "pointer: rule" for err_why(). name NULL: the object itself. */
[[nodiscard]] enum err object_fault(const struct object *o, const char *name,
    enum err e, const char *rule);

bool object_has(const struct object *o, const char *name);

/* 1 … max bytes of UTF-8; the view lives as long as tree and text. */
[[nodiscard]] enum err object_text(struct object *o, const char *name,
    enum need need, size_t max, struct view *out);
/* Whether it is there and null; only then does it count as asked for. */
[[nodiscard]] enum err object_null(struct object *o, const char *name,
    bool *out_is_null);
[[nodiscard]] enum err object_bool(struct object *o, const char *name,
    enum need need, bool *out);
[[nodiscard]] enum err object_count(struct object *o, const char *name,
    enum need need, int64_t *out);		/* 0 or more */
[[nodiscard]] enum err object_date(struct object *o, const char *name,
    enum need need, struct date *out);
[[nodiscard]] enum err object_instant(struct object *o, const char *name,
    enum need need, int64_t *out);
/* With the padding of base64, or without as base64url. Appended. */
[[nodiscard]] enum err object_base64(struct object *o, const char *name,
    enum need need, size_t max, struct bytes *out);
[[nodiscard]] enum err object_child(struct object *o, const char *name,
    enum need need, struct object *out);
/* 1 … max elements; out->count is 0 when it is missing. */
[[nodiscard]] enum err object_list(struct object *o, const char *name,
    enum need need, size_t max, struct object *out);
/*
 * Element i of an array: an object that is read as if it were the body, with
 * pointers of its own. ERR_SCHEMA unless it is an object.
 */
[[nodiscard]] enum err element_top(const struct object *list, size_t i,
    struct object *out);
/* Element i of an array: a text of 1 … max bytes. */
[[nodiscard]] enum err element_text(const struct object *list, size_t i,
    size_t max, struct view *out);
/* Element i of an array: 0 or more. */
[[nodiscard]] enum err element_count(const struct object *list, size_t i,
    int64_t *out);
/* An object of texts, integers, booleans, lists and objects (value.h). */
[[nodiscard]] enum err object_map(struct object *o, const char *name,
    enum need need, struct value *out);

/* ERR_SCHEMA for a member that nobody asked for. */
[[nodiscard]] enum err object_end(const struct object *o);

#endif
