/*
 * Inside the YAML reader: the document as a tree of nodes with their places,
 * made by yaml.c, read by yaml_bind.c and yaml_scalar.c.
 */
#ifndef OKSE_POLICY_YAML_TREE_H
#define OKSE_POLICY_YAML_TREE_H

#include "policy/yaml.h"

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
};

struct node {
	enum node_kind	 kind;
	bool		 plain;		/* a scalar without quotes */
	struct yaml_mark at;
	const char	*text;		/* NODE_SCALAR: UTF-8 without NUL */
	struct node	*key;		/* of a map's child: a scalar */
	struct node	*first, *next;	/* children, in the order written */
	size_t		 count;
};

struct arena_block;

struct yaml_doc {
	const char		*name;
	struct arena_block	*blocks;	/* newest first */
	struct node		*root;
	size_t			 nodes;
};

/* Bytes of what a type fills. */
size_t yaml_size(const struct yaml_type *type);

/* A scalar into what its type fills. Lists and maps are refused here. */
[[nodiscard]] enum err scalar_bind(const struct node *n,
    const struct yaml_type *type, void *out);
/* Is it a text, and quoted if others would read it as something else? */
[[nodiscard]] enum err scalar_text(const struct node *n,
    const char *expected);
/* The value of the choice named; an error lists or suggests. */
[[nodiscard]] enum err scalar_choice(const struct node *n,
    const struct yaml_choice *choices, int *out_value);

/* ERR_SCHEMA: "expected …, got …" with n described. */
[[nodiscard]] enum err yaml_unexpected(const struct node *n,
    const char *expected, ...) __attribute__((format(printf, 2, 3)));

/*
 * The likeliest of the names offered so far: zero it, offer each with
 * nearest_offer(), then best is NULL or worth suggesting.
 */
struct nearest {
	const char	*best;
	size_t		 distance;
};
void nearest_offer(struct nearest *n, const char *wanted, const char *name);
/* "; did you mean \"x\"?" or "". */
const char *nearest_words(const struct nearest *n, char *out, size_t size);

#endif
