/*
 * YAML text to a tree of nodes, on libyaml's events; the only user of
 * libyaml. The text may be hostile (a policy bundle is read before anybody
 * trusts it), so every limit is checked at the event that would pass it.
 * Next: yaml_bind.c gives the tree its types.
 */
#include "policy/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/file.h"
#include "policy/yaml_tree.h"

#define ARENA_BLOCK 16384

struct arena_block {
	struct arena_block	*next;
	size_t			 used, size;
	max_align_t		 at[];
};

void *
yaml_doc_new(struct yaml_doc *doc, size_t count, size_t size)
{
	struct arena_block *b = doc->blocks;
	size_t n, room;

	if (__builtin_mul_overflow(count, size, &n) || n > BYTES_MAX)
		return NULL;
	n = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (b == NULL || b->size - b->used < n) {
		room = n > ARENA_BLOCK ? n : ARENA_BLOCK;
		if ((b = mem_new(1, sizeof(*b) + room)) == NULL)
			return NULL;
		b->size = room;
		b->next = doc->blocks;
		doc->blocks = b;
	}
	b->used += n;
	return (uint8_t *)b->at + b->used - n;
}

void
yaml_doc_free(struct yaml_doc *doc)
{
	if (doc == NULL)
		return;
	for (struct arena_block *b = doc->blocks, *next; b != NULL; b = next) {
		next = b->next;
		mem_free(b);
	}
	mem_free(doc);
}

static enum err
no_memory(void)
{
	return err_because(ERR_MEMORY, "no memory for a YAML document");
}

static const char *
keep_text(struct yaml_doc *doc, const char *text, size_t len)
{
	char *copy = yaml_doc_new(doc, len + 1, 1);

	if (copy != NULL)
		memcpy(copy, text, len);
	return copy;
}

enum err
yaml_error(struct yaml_mark at, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_because(ERR_SCHEMA, "%s:%u:%u: %s", at.file, at.line,
	    at.column, text);
}

/* The same for what is wrong before any schema is known. */
static enum err
malformed(enum err e, struct yaml_mark at, const char *expected,
    const char *got)
{
	return err_because(e, "%s:%u:%u: expected %s, got %s", at.file,
	    at.line, at.column, expected, got);
}

static struct yaml_mark
mark_of(const struct yaml_doc *doc, yaml_mark_t mark)
{
	return (struct yaml_mark){
		.file = doc->name,
		.line = (unsigned int)mark.line + 1,
		.column = (unsigned int)mark.column + 1,
	};
}

static struct yaml_mark
mark_of_offset(const struct yaml_doc *doc, struct view text, size_t offset)
{
	struct yaml_mark at = { .file = doc->name, .line = 1, .column = 1 };

	for (size_t i = 0; i < offset && i < text.len; i++) {
		if (text.at[i] == '\n') {
			at.line++;
			at.column = 1;
		} else if ((text.at[i] & 0xc0) != 0x80) {
			at.column++;
		}
	}
	return at;
}

struct build {
	yaml_parser_t	 parser;
	bool		 started;	/* the parser must be deleted */
	struct yaml_doc	*doc;
	struct view	 text;
	unsigned int	 depth;
};

static void
build_done(struct build *b)
{
	if (b->started)
		yaml_parser_delete(&b->parser);
}

struct event {
	yaml_event_t	is;
};

static void
event_done(struct event *e)
{
	yaml_event_delete(&e->is);
}

static enum err
parser_error(const struct build *b)
{
	const yaml_parser_t *p = &b->parser;
	const char *problem = p->problem != NULL ? p->problem : "an error";

	switch (p->error) {
	case YAML_MEMORY_ERROR:
		return no_memory();
	case YAML_READER_ERROR:
		return malformed(ERR_SYNTAX,
		    mark_of_offset(b->doc, b->text, p->problem_offset),
		    "printable UTF-8", problem);
	default:
		return malformed(ERR_SYNTAX,
		    mark_of(b->doc, p->problem_mark), "well-formed YAML",
		    problem);
	}
}

static enum err
next_event(struct build *b, struct event *out)
{
	if (yaml_parser_parse(&b->parser, &out->is) == 0)
		return parser_error(b);
	return ERR_OK;
}

static enum err
new_node(struct build *b, const yaml_event_t *e, enum node_kind kind,
    struct node **out)
{
	struct yaml_mark at = mark_of(b->doc, e->start_mark);
	struct node *n;

	if (b->doc->nodes == YAML_NODES)
		return malformed(ERR_TOO_LARGE, at, "at most 100000 values",
		    "one more");
	if ((n = yaml_doc_new(b->doc, 1, sizeof(*n))) == NULL)
		return no_memory();
	b->doc->nodes++;
	n->kind = kind;
	n->at = at;
	*out = n;
	return ERR_OK;
}

/* Anchors and tags would let a document mean more than it says. */
static enum err
check_plainness(const struct build *b, const yaml_event_t *e,
    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct yaml_mark at = mark_of(b->doc, e->start_mark);

	if (anchor != NULL)
		return malformed(ERR_SYNTAX, at, "a value", "an anchor (&)");
	if (tag != NULL)
		return malformed(ERR_SYNTAX, at, "a value", "a tag (!)");
	return ERR_OK;
}

static enum err
build_scalar(struct build *b, const yaml_event_t *e, struct node **out)
{
	const yaml_char_t *text = e->data.scalar.value;
	size_t len = e->data.scalar.length;
	struct node *n;

	TRY(check_plainness(b, e, e->data.scalar.anchor, e->data.scalar.tag));
	TRY(new_node(b, e, NODE_SCALAR, &n));
	if (len > YAML_SCALAR)
		return malformed(ERR_TOO_LARGE, n->at, "at most 4096 bytes",
		    "a longer text");
	for (size_t i = 0; i < len; i++) {
		if ((text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
			return malformed(ERR_SYNTAX, n->at,
			    "text without control characters", "one");
	}
	n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->text = keep_text(b->doc, (const char *)text, len);
	if (n->text == NULL)
		return no_memory();
	*out = n;
	return ERR_OK;
}

static enum err build_node(struct build *b, const yaml_event_t *e,
    struct node **out);

static enum err
build_list(struct build *b, struct node *list)
{
	struct node **link = &list->first;

	for (;; link = &(*link)->next, list->count++) {
		AUTO_DONE(event) e = { 0 };

		TRY(next_event(b, &e));
		if (e.is.type == YAML_SEQUENCE_END_EVENT)
			return ERR_OK;
		TRY(build_node(b, &e.is, link));
	}
}

static enum err
build_key(struct build *b, const yaml_event_t *e, struct node **out)
{
	struct yaml_mark at = mark_of(b->doc, e->start_mark);

	if (e->type != YAML_SCALAR_EVENT)
		return malformed(ERR_SYNTAX, at, "a key of plain text",
		    e->type == YAML_ALIAS_EVENT ? "an alias (*)" :
		    "a list or map");
	TRY(build_scalar(b, e, out));
	if ((*out)->plain && strcmp((*out)->text, "<<") == 0)
		return malformed(ERR_SYNTAX, at, "a key", "a merge key (<<)");
	return ERR_OK;
}

static int
by_key_then_place(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a;
	const struct node *y = *(struct node *const *)b;
	int order = strcmp(x->key->text, y->key->text);

	if (order != 0)
		return order;
	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	return x->at.column < y->at.column ? -1 : 1;
}

/* Sorted, so that 50,000 keys cannot cost 50,000² comparisons. */
static enum err
check_duplicates(const struct node *map)
{
	struct node **sorted = mem_new(map->count, sizeof(struct node *));
	enum err e = ERR_OK;
	size_t n = 0;

	if (sorted == NULL)
		return no_memory();
	for (struct node *c = map->first; c != NULL; c = c->next)
		sorted[n++] = c;
	qsort(sorted, n, sizeof(struct node *), by_key_then_place);
	for (size_t i = 1; e == ERR_OK && i < n; i++) {
		const struct node *a = sorted[i - 1]->key;
		const struct node *b = sorted[i]->key;

		if (strcmp(a->text, b->text) == 0)
			e = yaml_error(b->at, "expected each key once, "
			    "got \"%.40s\" again (first on line %u)", b->text,
			    a->at.line);
	}
	mem_free(sorted);
	return e;
}

static enum err
build_map(struct build *b, struct node *map)
{
	struct node **link = &map->first;

	for (;; link = &(*link)->next, map->count++) {
		AUTO_DONE(event) key = { 0 };
		AUTO_DONE(event) value = { 0 };
		struct node *name;

		TRY(next_event(b, &key));
		if (key.is.type == YAML_MAPPING_END_EVENT)
			return check_duplicates(map);
		TRY(build_key(b, &key.is, &name));
		TRY(next_event(b, &value));
		TRY(build_node(b, &value.is, link));
		(*link)->key = name;
	}
}

static enum err
build_node(struct build *b, const yaml_event_t *e, struct node **out)
{
	bool list = e->type == YAML_SEQUENCE_START_EVENT;

	if (e->type == YAML_ALIAS_EVENT)
		return malformed(ERR_SYNTAX, mark_of(b->doc, e->start_mark),
		    "a value", "an alias (*)");
	if (e->type == YAML_SCALAR_EVENT)
		return build_scalar(b, e, out);
	if (list)
		TRY(check_plainness(b, e, e->data.sequence_start.anchor,
		    e->data.sequence_start.tag));
	else
		TRY(check_plainness(b, e, e->data.mapping_start.anchor,
		    e->data.mapping_start.tag));
	if (b->depth == YAML_DEPTH)
		return malformed(ERR_TOO_LARGE, mark_of(b->doc, e->start_mark),
		    "at most 32 levels", "one more");
	TRY(new_node(b, e, list ? NODE_LIST : NODE_MAP, out));
	b->depth++;
	TRY(list ? build_list(b, *out) : build_map(b, *out));
	b->depth--;
	return ERR_OK;
}

/* STREAM-START DOCUMENT-START node DOCUMENT-END STREAM-END, nothing else. */
static enum err
build_document(struct build *b)
{
	AUTO_DONE(event) stream = { 0 };
	AUTO_DONE(event) start = { 0 };
	AUTO_DONE(event) root = { 0 };
	AUTO_DONE(event) end = { 0 };
	AUTO_DONE(event) after = { 0 };

	TRY(next_event(b, &stream));
	TRY(next_event(b, &start));
	if (start.is.type != YAML_DOCUMENT_START_EVENT)
		return malformed(ERR_SYNTAX,
		    mark_of(b->doc, start.is.start_mark), "a document",
		    "an empty file");
	if (start.is.data.document_start.version_directive != NULL ||
	    start.is.data.document_start.tag_directives.start !=
	    start.is.data.document_start.tag_directives.end)
		return malformed(ERR_SYNTAX,
		    mark_of(b->doc, start.is.start_mark), "a document",
		    "a directive (%)");
	TRY(next_event(b, &root));
	TRY(build_node(b, &root.is, &b->doc->root));
	TRY(next_event(b, &end));
	TRY(next_event(b, &after));
	if (after.is.type != YAML_STREAM_END_EVENT)
		return malformed(ERR_SYNTAX,
		    mark_of(b->doc, after.is.start_mark),
		    "the end of the file", "a second document");
	return ERR_OK;
}

/* libyaml skips byte order marks; here they are refused. */
static enum err
check_encoding(const struct yaml_doc *doc, struct view text)
{
	static const char mark[] = "\xef\xbb\xbf";
	const uint8_t *found = NULL;

	if (text.len != 0)
		found = memmem(text.at, text.len, mark, 3);
	if (found == NULL)
		return ERR_OK;
	return malformed(ERR_SYNTAX,
	    mark_of_offset(doc, text, (size_t)(found - text.at)),
	    "printable UTF-8", "a byte order mark");
}

enum err
yaml_doc_parse(const char *name, struct view text, struct yaml_doc **out_doc)
{
	AUTO(yaml_doc) doc = mem_new(1, sizeof(*doc));
	AUTO_DONE(build) b = { .text = text };

	if (doc == NULL ||
	    (doc->name = keep_text(doc, name, strlen(name))) == NULL)
		return no_memory();
	if (text.len > YAML_FILE_SIZE)
		return err_because(ERR_TOO_LARGE,
		    "%s:1:1: expected at most %zu bytes, got %zu", name,
		    YAML_FILE_SIZE, text.len);
	TRY(check_encoding(doc, text));
	b.doc = doc;
	b.started = yaml_parser_initialize(&b.parser) != 0;
	if (!b.started)
		return no_memory();
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, text.at, text.len);
	TRY(build_document(&b));
	*out_doc = STEAL(doc);
	return ERR_OK;
}

enum err
yaml_doc_read(const char *path, struct yaml_doc **out_doc)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(file_read(path, YAML_FILE_SIZE, &text));
	return yaml_doc_parse(path, bytes_view(&text), out_doc);
}
