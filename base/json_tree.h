/*
 * Reading JSON (RFC 8259) that anybody may have sent, strictly and in one
 * pass. Refused besides what is no JSON: a member twice, U+0000, numbers over
 * 64 bits, nesting over JSON_TREE_DEPTH, objects of over JSON_TREE_MEMBERS
 * members, anything behind the value. Nothing is copied but texts with
 * escapes: a tree lives as long as the text it was read from.
 *
 *	AUTO_DONE(json_tree) t = { 0 };
 *
 *	TRY(json_tree_read(&t, text));
 *	v = node_member(&t, t.at, "name");
 */
#ifndef OKSE_BASE_JSON_TREE_H
#define OKSE_BASE_JSON_TREE_H

#include "base/bytes.h"

#define JSON_TREE_DEPTH 32
#define JSON_TREE_MEMBERS 256

/* The names keep clear of jansson's, which some programs link as well. */
enum node_kind {
	NODE_OBJECT = 1,
	NODE_LIST,
	NODE_TEXT,
	NODE_INT,
	NODE_REAL,	/* with fraction or exponent: its value is not read */
	NODE_TRUE,
	NODE_FALSE,
	NODE_NULL,
};

/* What is in a container follows it; behind that, at next, its sibling. */
struct node {
	enum node_kind	 kind;
	uint32_t	 next;		/* from here, in nodes */
	uint32_t	 count;		/* of members or elements */
	struct view	 name;		/* in an object */
	struct view	 text;
	int64_t		 number;
};

/* All zero is empty. */
struct json_tree {
	struct node	*at;		/* the outermost value first */
	size_t		 count, room;
	struct bytes	 plain;		/* texts that had escapes */
	/* of the reading that failed */
	size_t		 fault_at;	/* bytes that were read before it */
	const char	*fault;		/* the rule */
};

/*
 * *t must be empty. ERR_SYNTAX; ERR_RANGE for a number over 64 bits and for
 * too many members; ERR_MEMORY. On failure fault and fault_at say why and
 * where, in no words of the text.
 */
[[nodiscard]] enum err json_tree_read(struct json_tree *t, struct view text);
void json_tree_done(struct json_tree *t);	/* wipes */

/* The first in a container and the one behind each: NULL after the last. */
const struct node *node_first(const struct node *in);
const struct node *node_after(const struct node *in, const struct node *n);
/* NULL: no such member, or in is NULL or no object. */
const struct node *node_member(const struct node *in, const char *name);
/* NULL: no such element, or in is NULL or no list. */
const struct node *node_element(const struct node *in, size_t i);
bool node_is(const struct node *n, enum node_kind kind);	/* n: or NULL */
/* The text of a NODE_TEXT, empty for anything else. */
struct view node_text(const struct node *n);

#endif
