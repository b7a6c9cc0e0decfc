/*
 * The strict reader of JSON. Its input is hostile: every byte is looked at
 * before it is used, memory grows with what was read, and no depth of nesting
 * costs stack. Used by signer/gate/body_json.c and credential/jwt.c.
 */
#include "base/json_tree.h"

#include <string.h>

#include "base/json.h"

#define ROOM_FIRST 64

struct scan {
	struct json_tree	*t;
	const uint8_t		*from, *at, *end;
	unsigned int		 depth;
	size_t			 open[JSON_TREE_DEPTH];	/* nodes */
};

void
json_tree_done(struct json_tree *t)
{
	mem_free(t->at);
	bytes_done(&t->plain);
	*t = (struct json_tree){ 0 };
}

[[nodiscard]]
static enum err
fault(struct scan *s, enum err e, const char *rule)
{
	s->t->fault = rule;
	s->t->fault_at = (size_t)(s->at - s->from);
	return err_because(e, "%s", rule);
}

[[nodiscard]]
static enum err
no_json(struct scan *s)
{
	return fault(s, ERR_SYNTAX, s->at == s->end ? "it ends early" :
	    "not JSON (RFC 8259)");
}

/* The next byte that is no white space; 0 at the end, as for a NUL. */
static uint8_t
peek(struct scan *s)
{
	while (s->at != s->end && (*s->at == ' ' || *s->at == '\n' ||
	    *s->at == '\r' || *s->at == '\t'))
		s->at++;
	return s->at != s->end ? *s->at : 0;
}

static enum err
want(struct scan *s, uint8_t c)
{
	if (peek(s) != c)
		return no_json(s);
	s->at++;
	return ERR_OK;
}

/* ---- texts (7) */

static enum err
take_hex(struct scan *s, uint32_t *out)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++, s->at++) {
		uint8_t c = s->at != s->end ? *s->at : 0;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return no_json(s);
	}
	*out = v;
	return ERR_OK;
}

/* Behind "\u": one escape, or the two of a surrogate pair. */
static enum err
take_code(struct scan *s, uint32_t *out)
{
	uint32_t code = 0, low = 0;

	TRY(take_hex(s, &code));
	if (code == 0)
		return fault(s, ERR_SYNTAX, "U+0000 in a text");
	if (code < 0xd800 || code > 0xdfff) {
		*out = code;
		return ERR_OK;
	}
	if (code < 0xdc00 && s->end - s->at > 2 && s->at[0] == '\\' &&
	    s->at[1] == 'u') {
		s->at += 2;
		TRY(take_hex(s, &low));
	}
	if (low < 0xdc00 || low > 0xdfff)
		return fault(s, ERR_SYNTAX, "half of a surrogate pair");
	*out = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
	return ERR_OK;
}

static void
put_code(struct bytes *b, uint32_t code)
{
	if (code < 0x80) {
		bytes_put_u8(b, (uint8_t)code);
		return;
	}
	if (code < 0x800) {
		bytes_put_u8(b, (uint8_t)(0xc0 | code >> 6));
	} else if (code < 0x10000) {
		bytes_put_u8(b, (uint8_t)(0xe0 | code >> 12));
		bytes_put_u8(b, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
	} else {
		bytes_put_u8(b, (uint8_t)(0xf0 | code >> 18));
		bytes_put_u8(b, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
		bytes_put_u8(b, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
	}
	bytes_put_u8(b, (uint8_t)(0x80 | (code & 0x3f)));
}

/* At a backslash. */
static enum err
take_escape(struct scan *s, struct bytes *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint32_t code = 0;

	if (++s->at == s->end)
		return no_json(s);
	if (*s->at == 'u') {
		s->at++;
		TRY(take_code(s, &code));
		put_code(out, code);
		return ERR_OK;
	}
	found = *s->at != 0 ? strchr(names, *s->at) : NULL;
	if (found == NULL)
		return no_json(s);
	bytes_put_u8(out, (uint8_t)values[found - names]);
	s->at++;
	return ERR_OK;
}

/* As far as bytes stand for themselves. */
static enum err
skip_plain(struct scan *s)
{
	for (;;) {
		struct view rest = VIEW(s->at, (size_t)(s->end - s->at));
		size_t n = json_plain_run(rest);

		s->at += n;
		if (n == rest.len)
			return no_json(s);
		if (*s->at == '"' || *s->at == '\\')
			return ERR_OK;
		if (*s->at == 0)
			return fault(s, ERR_SYNTAX, "U+0000 in a text");
		if (*s->at < 0x20)
			return no_json(s);
		n = utf8_step(VIEW(s->at, rest.len - n));
		if (n == 0)
			return fault(s, ERR_SYNTAX,
			    "not UTF-8 (RFC 8259 8.1)");
		s->at += n;
	}
}

/* No text is longer than how it was written: this never grows again. */
static enum err
make_room_for_texts(struct scan *s)
{
	struct bytes *b = &s->t->plain;

	if (b->at != NULL)
		return ERR_OK;
	if (bytes_grow(b, (size_t)(s->end - s->at)) == NULL)
		return fault(s, ERR_MEMORY, "no memory for its texts");
	bytes_reset(b);
	return ERR_OK;
}

/* Behind the quote; from is where the text began. */
static enum err
take_escaped(struct scan *s, const uint8_t *from, struct view *out)
{
	struct bytes *b = &s->t->plain;
	size_t start;

	TRY(make_room_for_texts(s));
	start = b->len;
	bytes_put(b, VIEW(from, (size_t)(s->at - from)));
	while (*s->at == '\\') {
		TRY(take_escape(s, b));
		from = s->at;
		TRY(skip_plain(s));
		bytes_put(b, VIEW(from, (size_t)(s->at - from)));
	}
	*out = VIEW(b->at + start, b->len - start);
	return bytes_check(b);
}

static enum err
take_text(struct scan *s, struct view *out)
{
	const uint8_t *from;

	TRY(want(s, '"'));
	from = s->at;
	TRY(skip_plain(s));
	if (*s->at == '\\')
		TRY(take_escaped(s, from, out));
	else
		*out = VIEW(from, (size_t)(s->at - from));
	s->at++;
	return ERR_OK;
}

/* ---- numbers (6) and names of values (3) */

static size_t
skip_digits(struct scan *s)
{
	const uint8_t *from = s->at;

	while (s->at != s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return (size_t)(s->at - from);
}

/* The fraction and the exponent, where there are any. */
static enum err
skip_real(struct scan *s, bool *out_is_real)
{
	*out_is_real = false;
	if (s->at != s->end && *s->at == '.') {
		s->at++;
		*out_is_real = true;
		if (skip_digits(s) == 0)
			return no_json(s);
	}
	if (s->at != s->end && (*s->at | 0x20) == 'e') {
		s->at++;
		*out_is_real = true;
		if (s->at != s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		if (skip_digits(s) == 0)
			return no_json(s);
	}
	return ERR_OK;
}

/* Digits that were looked at; counted down, for there is one more below 0. */
static bool
fits(const uint8_t *at, size_t digits, bool negative, int64_t *out)
{
	int64_t v = 0;

	for (size_t i = 0; i < digits; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, at[i] - '0', &v))
			return false;
	if (!negative && v == INT64_MIN)
		return false;
	*out = negative ? v : -v;
	return true;
}

static enum err
take_number(struct scan *s, struct node *n)
{
	bool negative = *s->at == '-', is_real;
	const uint8_t *first;
	size_t digits;

	if (negative)
		s->at++;
	first = s->at;
	digits = skip_digits(s);
	if (digits == 0 || (digits > 1 && *first == '0'))
		return no_json(s);
	TRY(skip_real(s, &is_real));
	n->kind = is_real ? NODE_REAL : NODE_INT;
	if (!is_real && !fits(first, digits, negative, &n->number))
		return fault(s, ERR_RANGE, "a number of more than 64 bits");
	return ERR_OK;
}

static enum err
take_word(struct scan *s, const char *word, enum node_kind kind,
    struct node *n)
{
	if (!view_starts(VIEW(s->at, (size_t)(s->end - s->at)), word))
		return no_json(s);
	s->at += strlen(word);
	n->kind = kind;
	return ERR_OK;
}

/* ---- values */

/* What a container holds is read later. */
static enum err
take_value(struct scan *s, struct node *n)
{
	uint8_t c = peek(s);

	switch (c) {
	case '{':
	case '[':
		n->kind = c == '{' ? NODE_OBJECT : NODE_LIST;
		s->at++;
		return ERR_OK;
	case '"':
		n->kind = NODE_TEXT;
		return take_text(s, &n->text);
	case 't':
		return take_word(s, "true", NODE_TRUE, n);
	case 'f':
		return take_word(s, "false", NODE_FALSE, n);
	case 'n':
		return take_word(s, "null", NODE_NULL, n);
	default:
		if (c != '-' && (c < '0' || c > '9'))
			return no_json(s);
		return take_number(s, n);
	}
}

/* Few enough that looking through them all is the fastest way. */
static enum err
take_name(struct scan *s, const struct node *in, struct view *out)
{
	TRY(take_text(s, out));
	for (const struct node *n = node_first(in); n != NULL;
	    n = node_after(in, n))
		if (view_equal(n->name, *out))
			return fault(s, ERR_SYNTAX, "a member comes twice");
	if (in->count == JSON_TREE_MEMBERS)
		return fault(s, ERR_RANGE, "an object of over 256 members");
	return want(s, ':');
}

static enum err
make_room(struct scan *s)
{
	struct json_tree *t = s->t;
	size_t room = t->room != 0 ? 2 * t->room : ROOM_FIRST;
	struct node *fresh;

	if (t->count < t->room)
		return ERR_OK;
	if ((fresh = mem_resize(t->at, room, sizeof(*fresh))) == NULL)
		return fault(s, ERR_MEMORY, "no memory for it");
	t->at = fresh;
	t->room = room;
	return ERR_OK;
}

static enum err
take_item(struct scan *s)
{
	struct json_tree *t = s->t;
	struct node n = { .next = 1 }, *in = NULL;

	TRY(make_room(s));
	if (s->depth != 0)
		in = &t->at[s->open[s->depth - 1]];
	if (in != NULL && in->kind == NODE_OBJECT)
		TRY(take_name(s, in, &n.name));
	TRY(take_value(s, &n));
	if (in != NULL)
		in->count++;
	if (n.kind == NODE_OBJECT || n.kind == NODE_LIST) {
		if (s->depth == JSON_TREE_DEPTH)
			return fault(s, ERR_SYNTAX, "nested too deep");
		s->open[s->depth++] = t->count;
	} else if (in != NULL) {
		in->next = (uint32_t)(&t->at[t->count + 1] - in);
	}
	t->at[t->count++] = n;
	return ERR_OK;
}

/* The innermost container ends, and with it one item of what it is in. */
static void
close_container(struct scan *s)
{
	struct node *at = s->t->at, *n = &at[s->open[--s->depth]];

	s->at++;
	n->next = (uint32_t)(&at[s->t->count] - n);
	if (s->depth != 0) {
		n = &at[s->open[s->depth - 1]];
		n->next = (uint32_t)(&at[s->t->count] - n);
	}
}

enum err
json_tree_read(struct json_tree *t, struct view text)
{
	struct scan s = { .t = t, .from = text.at, .at = text.at,
	    .end = text.at + text.len };

	if (text.len > UINT32_MAX / 2)
		return fault(&s, ERR_RANGE, "too long");
	TRY(take_item(&s));
	while (s.depth != 0) {
		const struct node *in = &t->at[s.open[s.depth - 1]];

		if (peek(&s) == (in->kind == NODE_OBJECT ? '}' : ']')) {
			close_container(&s);
			continue;
		}
		if (in->count != 0)
			TRY(want(&s, ','));
		TRY(take_item(&s));
	}
	(void)peek(&s);
	if (s.at != s.end)
		return fault(&s, ERR_SYNTAX, "something follows its end");
	return ERR_OK;
}

/* ---- looking into it */

const struct node *
node_first(const struct node *in)
{
	return in->count != 0 ? in + 1 : NULL;
}

const struct node *
node_after(const struct node *in, const struct node *n)
{
	return n + n->next < in + in->next ? n + n->next : NULL;
}

bool
node_is(const struct node *n, enum node_kind kind)
{
	return n != NULL && n->kind == kind;
}

const struct node *
node_member(const struct node *in, const char *name)
{
	const struct node *n = node_is(in, NODE_OBJECT) ? node_first(in) : NULL;

	while (n != NULL && !view_is(n->name, name))
		n = node_after(in, n);
	return n;
}

const struct node *
node_element(const struct node *in, size_t i)
{
	const struct node *n = node_is(in, NODE_LIST) ? node_first(in) : NULL;

	for (; n != NULL && i != 0; i--)
		n = node_after(in, n);
	return n;
}

struct view
node_text(const struct node *n)
{
	return node_is(n, NODE_TEXT) ? n->text : VIEW(NULL, 0);
}
