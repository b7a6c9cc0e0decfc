/*
 * A strict, typed reader of YAML: a document is bound to C structs by tables
 * that read like its schema. Nothing is guessed: a scalar is what the table
 * says it must be, or an error with file, line, column, what was expected and
 * what came.
 *
 *	struct listen { const char *host; int64_t port; };
 *	static const struct yaml_field listen_fields[] = {
 *		YAML_FIELD("host", struct listen, host, &YAML_STRING(253)),
 *		YAML_FIELD("port", struct listen, port, &YAML_INT(1, 65535),
 *		    .otherwise = "443"),
 *		{ 0 },
 *	};
 *	struct config { YAML_ARRAY(struct listen) listen; };
 *	static const struct yaml_field config_fields[] = {
 *		YAML_FIELD("listen", struct config, listen, &YAML_LIST_OF(1, 8,
 *		    &YAML_STRUCT(struct listen, listen_fields))),
 *		{ 0 },
 *	};
 *
 *	AUTO(yaml_doc) doc = NULL;
 *	struct config c = { 0 };
 *	TRY(yaml_doc_read(path, &doc));
 *	TRY(yaml_bind(doc, &YAML_STRUCT(struct config, config_fields), &c));
 *
 * Limits: 1 MiB, depth 32, 100,000 nodes, 4 KiB a scalar, one document, UTF-8.
 * Refused: anchors, aliases, tags, merge keys, directives, keys that are not
 * plain scalars, duplicate and unknown keys, tabs as libyaml refuses them.
 * Every bound text, array and struct lives in the document until
 * yaml_doc_free().
 */
#ifndef OKSE_POLICY_YAML_H
#define OKSE_POLICY_YAML_H

#include "base/bytes.h"
#include "base/time.h"

#define YAML_FILE_SIZE ((size_t)1 << 20)
#define YAML_DEPTH 32
#define YAML_NODES 100000
#define YAML_SCALAR 4096

struct yaml_doc;

/* Errors are ERR_SYNTAX, ERR_TOO_LARGE or those of file_read(). */
[[nodiscard]] enum err yaml_doc_read(const char *path,
    struct yaml_doc **out_doc);
/* name stands for the file in messages. */
[[nodiscard]] enum err yaml_doc_parse(const char *name, struct view text,
    struct yaml_doc **out_doc);
void yaml_doc_free(struct yaml_doc *doc);
AUTO_STRUCT(yaml_doc);

/* Zero memory that lives as long as the document; NULL when there is none. */
[[nodiscard]] void *yaml_doc_new(struct yaml_doc *doc, size_t count,
    size_t size);

/* Where something stands; line and column from 1. */
struct yaml_mark {
	const char	*file;
	unsigned int	 line;
	unsigned int	 column;
};

/* ERR_SCHEMA with "file:line:column: " before the message. */
[[nodiscard]] enum err yaml_error(struct yaml_mark at, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

enum yaml_shape {
	YAML_TEXT,	/* const char *: min to max bytes, never empty */
	YAML_VIEW,	/* struct view: as TEXT */
	YAML_NAME,	/* const char *: a-z, 0-9 and '-', begins with a-z */
	YAML_REFERENCE,	/* struct yaml_reference: a text with its place */
	YAML_INTEGER,	/* int64_t from min to max; decimal */
	YAML_BOOLEAN,	/* bool: true or false */
	YAML_DATE,	/* struct date: 2024-12-27 */
	YAML_INSTANT,	/* int64_t: 2024-12-27T00:00:00+09:00 */
	YAML_SECONDS,	/* int64_t from min to max: PT180S, PT1H30M, P30D */
	YAML_PERIOD,	/* struct yaml_period: P3Y, P1Y6M, P90D */
	YAML_CHOICE,	/* int: the value of one of choices */
	YAML_SET,	/* uint32_t: 1 << value of each of choices named */
	YAML_RECORD,	/* a struct of the given size, by fields */
	YAML_LIST,	/* YAML_ARRAY of min to max items */
	YAML_MAP,	/* YAML_ARRAY of min to max {key, value} structs */
	YAML_VARIANT,	/* pointer to a struct chosen by the tag's value */
	YAML_PART,	/* struct yaml_part: left for yaml_bind_part() */
};

/*
 * Plain scalars that another reader of YAML would take for a number, boolean,
 * null or date are refused as TEXT, NAME and REFERENCE: quote them.
 */
struct yaml_reference {
	const char		*name;
	struct yaml_mark	 at;
};

struct node;

struct yaml_part {	/* node NULL: it was absent */
	const struct node	*node;
	struct yaml_mark	 at;
};

struct yaml_period {	/* of the calendar; what is not given is 0 */
	int	years;
	int	months;
	int	days;
};

struct yaml_choice {	/* tables end with { 0 }; values of a SET < 32 */
	const char	*name;
	int		 value;
};

#define YAML_ARRAY(type)                                                      \
	struct {                                                              \
		type	*at;                                                  \
		size_t	 count;                                               \
	}

struct yaml_type;

struct yaml_field {	/* tables end with { 0 } */
	const char		*key;
	size_t			 offset;	/* in the struct it fills */
	const struct yaml_type	*type;
	bool			 optional;	/* left zero when absent */
	const char		*otherwise;	/* this scalar when absent */
};

/*
 * A VARIANT's struct begins with a `const struct yaml_variant *`, which says
 * what it became, and with whatever the common fields fill.
 */
struct yaml_variant {	/* tables are of pointers and end with NULL */
	const char		*name;		/* value of the tag */
	size_t			 size;
	const struct yaml_field	*fields;	/* beside the common ones */
};

struct yaml_type {
	enum yaml_shape	 shape;
	int64_t		 min, max;	/* both 0: the reader's own */
	size_t		 size;			/* RECORD; MAP: one element */
	const struct yaml_field	 *fields;	/* RECORD; VARIANT: common */
	const struct yaml_choice *choices;	/* CHOICE, SET */
	const struct yaml_type	 *item;		/* LIST, MAP */
	bool		 names;			/* MAP: its keys are NAMEs */
	size_t		 key_offset;		/* MAP: const char * */
	size_t		 value_offset;		/* MAP: what item fills */
	const char	*tag;			/* VARIANT: the deciding key */
	const struct yaml_variant *const *variants;
	/* judges what was bound; fails with yaml_error(at, …) */
	enum err	(*check)(struct yaml_mark at, const void *value);
};

#define YAML_FIELD(name, record, member, of, ...)                             \
	{ .key = (name), .offset = offsetof(record, member), .type = (of),    \
	    __VA_ARGS__ }
#define YAML_TYPE(...) ((const struct yaml_type){ __VA_ARGS__ })
#define YAML_STRING(longest) YAML_TYPE(.shape = YAML_TEXT, .max = (longest))
#define YAML_INT(lowest, highest)                                             \
	YAML_TYPE(.shape = YAML_INTEGER, .min = (lowest), .max = (highest))
#define YAML_ONE_OF(table) YAML_TYPE(.shape = YAML_CHOICE, .choices = (table))
#define YAML_SOME_OF(table) YAML_TYPE(.shape = YAML_SET, .choices = (table))
#define YAML_STRUCT(type, table)                                              \
	YAML_TYPE(.shape = YAML_RECORD, .size = sizeof(type), .fields = (table))
#define YAML_LIST_OF(fewest, most, of)                                        \
	YAML_TYPE(.shape = YAML_LIST, .min = (fewest), .max = (most),         \
	    .item = (of))
/* key is a const char * member of the element, value what the item fills */
#define YAML_MAP_OF(fewest, most, element, key, value, of)                    \
	YAML_TYPE(.shape = YAML_MAP, .min = (fewest), .max = (most),          \
	    .size = sizeof(element), .key_offset = offsetof(element, key),    \
	    .value_offset = offsetof(element, value), .item = (of))
/* the same, whose keys are names: ids that may stand in the log */
#define YAML_NAMES_OF(fewest, most, element, key, value, of)                  \
	YAML_TYPE(.shape = YAML_MAP, .min = (fewest), .max = (most),          \
	    .size = sizeof(element), .key_offset = offsetof(element, key),    \
	    .value_offset = offsetof(element, value), .item = (of),           \
	    .names = true)

/*
 * Fills *out, of the type's C type, from the whole document. On failure out
 * may be half filled: it is of no use. A document can be bound again.
 */
[[nodiscard]] enum err yaml_bind(struct yaml_doc *doc,
    const struct yaml_type *type, void *out);

/*
 * The same for a part of it. What an optional field leaves alone keeps its
 * value, so one part can be bound over another; an absent part fills nothing.
 */
[[nodiscard]] enum err yaml_bind_part(struct yaml_doc *doc,
    const struct yaml_part *part, const struct yaml_type *type, void *out);

#endif
