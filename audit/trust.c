/*
 * Trust policies: read, and asked about a checkpoint. The file is the
 * auditor's own, but a slip in it could let an unwitnessed log pass, so the
 * reader takes nothing doubtful. Next in the flow: trust_open.c.
 */
#include "audit/trust.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* A witness or a group: one name space, in the order of the file. */
struct node {
	struct view	name;
	bool		is_group;
	unsigned int	witness;	/* index, of a witness */
	unsigned int	needed, members;	/* of a group */
	size_t		parent;		/* the group it is a member of */
};

#define NO_NODE SIZE_MAX
#define NODES (2 * TRUST_MAX)

struct trust_policy {
	struct bytes		text;		/* all views are of it */
	struct trust_log	log[TRUST_MAX];
	struct trust_witness	witness[TRUST_MAX];
	struct node		node[NODES];
	size_t			logs, witnesses, groups, nodes;
	size_t			quorum;		/* a node; NO_NODE: none */
	struct view		quorum_name;	/* at == NULL: no line yet */
	bool			all_keys;	/* every log key must sign */
};

void
trust_policy_free(struct trust_policy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->logs; i++)
		vkey_free(p->log[i].key);
	for (size_t i = 0; i < p->witnesses; i++)
		vkey_free(p->witness[i].key);
	bytes_done(&p->text);
	mem_free(p);
}

/* ---- reading */

static enum err
bad_line(const char *wanted)
{
	return err_because(ERR_SYNTAX, "wanted %s (C2SP tlog-policy)", wanted);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The next item of a line; empty at its end. */
static struct view
take_item(struct view *line)
{
	struct view item;
	size_t n = 0;

	while (line->len != 0 && is_blank(line->at[0]))
		*line = VIEW(line->at + 1, line->len - 1);
	while (n < line->len && !is_blank(line->at[n]))
		n++;
	item = VIEW(line->at, n);
	*line = VIEW(line->at + n, line->len - n);
	return item;
}

static size_t
find_node(const struct trust_policy *p, struct view name)
{
	for (size_t i = 0; i < p->nodes; i++)
		if (view_equal(p->node[i].name, name))
			return i;
	return NO_NODE;
}

static enum err
new_node(struct trust_policy *p, struct view name, struct node **out_node)
{
	struct node *n = &p->node[p->nodes];

	if (name.len == 0 || view_is(name, "none"))
		return bad_line("a name other than \"none\"");
	if (find_node(p, name) != NO_NODE)
		return bad_line("a name that was not given before");
	*n = (struct node){ .name = name, .parent = NO_NODE };
	*out_node = n;
	return ERR_OK;
}

/* A URL, optional, and the end of the line. */
static enum err
take_url(struct view *line, struct view *out_url)
{
	struct view url = take_item(line);

	if (take_item(line).len != 0)
		return bad_line("nothing after the URL");
	*out_url = url;
	return ERR_OK;
}

static enum err
read_log(struct trust_policy *p, struct view *line)
{
	struct trust_log l = { .until = UINT64_MAX };
	AUTO(vkey) key = NULL;

	if (p->logs == TRUST_MAX)
		return err_because(ERR_TOO_LARGE, "more than %d logs",
		    TRUST_MAX);
	TRY(vkey_get(take_item(line), &key));
	TRY(take_url(line, &l.url));
	if (vkey_type(key) == VKEY_COSIGNATURE)
		return bad_line("a log's key, not a witness's");
	for (size_t i = 0; i < p->logs; i++)
		if (vkey_same_key(p->log[i].key, key))
			return bad_line("a log's key only once");
	l.key = STEAL(key);
	p->log[p->logs++] = l;
	return ERR_OK;
}

static enum err
read_witness(struct trust_policy *p, struct view *line)
{
	struct trust_witness w = { .name = take_item(line) };
	AUTO(vkey) key = NULL;
	struct node *node;

	if (p->witnesses == TRUST_MAX)
		return err_because(ERR_TOO_LARGE, "more than %d witnesses",
		    TRUST_MAX);
	TRY(new_node(p, w.name, &node));
	TRY(vkey_get(take_item(line), &key));
	TRY(take_url(line, &w.url));
	if (vkey_type(key) != VKEY_COSIGNATURE)
		return bad_line("a witness's key (type 04)");
	for (size_t i = 0; i < p->witnesses; i++)
		if (vkey_same_key(p->witness[i].key, key))
			return bad_line("a witness's key only once");
	w.key = STEAL(key);
	node->witness = (unsigned int)p->witnesses;
	p->nodes++;
	p->witness[p->witnesses++] = w;
	return ERR_OK;
}

static enum err
take_members(struct trust_policy *p, struct view *line, struct node *group)
{
	for (struct view name; (name = take_item(line)).len != 0;) {
		size_t member = find_node(p, name);

		if (member == NO_NODE)
			return bad_line("members defined on earlier lines");
		if (p->node[member].parent != NO_NODE)
			return bad_line("each name a member at most once");
		p->node[member].parent = p->nodes;
		group->members++;
	}
	return ERR_OK;
}

static enum err
read_group(struct trust_policy *p, struct view *line)
{
	struct view name = take_item(line), needed = take_item(line);
	struct reader r = reader_of(needed);
	struct node *node;

	if (p->groups == TRUST_MAX)
		return err_because(ERR_TOO_LARGE, "more than %d groups",
		    TRUST_MAX);
	TRY(new_node(p, name, &node));
	node->is_group = true;
	TRY(take_members(p, line, node));
	if (view_is(needed, "all"))
		node->needed = node->members;
	else if (view_is(needed, "any"))
		node->needed = 1;
	else if (node->needed = (unsigned int)reader_decimal(&r, NODES),
	    reader_end(&r, "group") != ERR_OK)
		return bad_line("\"all\", \"any\" or a number");
	if (node->needed < 1 || node->needed > node->members)
		return bad_line("1 to as many as there are members");
	p->groups++;
	p->nodes++;
	return ERR_OK;
}

static enum err
read_quorum(struct trust_policy *p, struct view *line)
{
	struct view name = take_item(line);

	if (p->quorum_name.at != NULL)
		return bad_line("one quorum line");
	if (take_item(line).len != 0)
		return bad_line("one name for the quorum");
	p->quorum = find_node(p, name);
	if (p->quorum == NO_NODE && !view_is(name, "none"))
		return bad_line("a quorum defined on an earlier line");
	p->quorum_name = name;
	return ERR_OK;
}

static const struct {
	const char	*word;
	enum err	(*read)(struct trust_policy *p, struct view *line);
} words[] = {
	{ "log", read_log },
	{ "witness", read_witness },
	{ "group", read_group },
	{ "quorum", read_quorum },
};

static enum err
read_line(struct trust_policy *p, struct view line)
{
	struct view word;

	for (size_t i = 0; i < line.len; i++)
		if ((line.at[i] < ' ' && line.at[i] != '\t') ||
		    line.at[i] == 0x7f)
			return bad_line("no control characters");
	word = take_item(&line);
	if (word.len == 0 || word.at[0] == '#')
		return ERR_OK;
	for (size_t i = 0; i < COUNT(words); i++)
		if (view_is(word, words[i].word))
			return words[i].read(p, &line);
	return bad_line("log, witness, group or quorum");
}

/* Prefixes the reason with the line it speaks of. */
static enum err
in_line(enum err e, unsigned int number)
{
	return err_because(e, "trust policy, line %u: %s", number,
	    err_why());
}

static enum err
read_lines(struct trust_policy *p)
{
	struct reader r = reader_of(bytes_view(&p->text));

	for (unsigned int number = 1; r.rest.len != 0; number++) {
		struct view line = reader_until(&r, '\n');
		enum err e = r.failed ? bad_line("a line end at the end") :
		    read_line(p, line);

		if (e != ERR_OK)
			return in_line(e, number);
	}
	return p->quorum_name.at != NULL ? ERR_OK : err_because(ERR_SYNTAX,
	    "trust policy: no quorum line (C2SP tlog-policy)");
}

static enum err
new_policy(struct view text, struct trust_policy **out_policy)
{
	AUTO(trust_policy) p = mem_new(1, sizeof(*p));

	if (p == NULL)
		return err_because(ERR_MEMORY, "no memory for a trust policy");
	if (text.len > TRUST_SIZE)
		return err_because(ERR_TOO_LARGE, "a trust policy of %zu "
		    "bytes, over %d", text.len, TRUST_SIZE);
	p->quorum = NO_NODE;
	bytes_put(&p->text, text);
	TRY(bytes_check(&p->text));
	*out_policy = STEAL(p);
	return ERR_OK;
}

enum err
trust_policy_get(struct view text, struct trust_policy **out_policy)
{
	AUTO(trust_policy) p = NULL;

	TRY(new_policy(text, &p));
	TRY(read_lines(p));
	*out_policy = STEAL(p);
	return ERR_OK;
}

enum err
trust_keys_get(struct view text, struct trust_policy **out_policy)
{
	AUTO(trust_policy) p = NULL;
	struct reader r;

	if (text.len != 0 && text.at[text.len - 1] == '\n')
		text.len--;
	TRY(new_policy(text, &p));
	bytes_put_u8(&p->text, '\n');
	TRY(bytes_check(&p->text));
	p->quorum_name = view_text("none");
	p->all_keys = true;
	r = reader_of(bytes_view(&p->text));
	while (r.rest.len != 0) {
		struct view line = reader_until(&r, '\n');

		if (memchr(line.at, ' ', line.len) != NULL ||
		    memchr(line.at, '\t', line.len) != NULL)
			return bad_line("a verifier key on each line");
		TRY(read_log(p, &line));
		if (!view_equal(vkey_name(p->log[0].key),
		    vkey_name(p->log[p->logs - 1].key)))
			return bad_line("keys of one log");
	}
	*out_policy = STEAL(p);
	return ERR_OK;
}

enum err
trust_policy_read(const char *path, struct trust_policy **out_policy)
{
	AUTO_DONE(bytes) b = { 0 };

	TRY(file_read(path, TRUST_SIZE, &b));
	return trust_policy_get(bytes_view(&b), out_policy);
}

enum err
trust_keys_read(const char *path, struct trust_policy **out_policy)
{
	AUTO_DONE(bytes) b = { 0 };

	TRY(file_read(path, TRUST_SIZE, &b));
	return trust_keys_get(bytes_view(&b), out_policy);
}

enum err
trust_key(const struct vkey *key, struct trust_policy **out_policy)
{
	AUTO_DONE(bytes) b = { 0 };

	vkey_put(key, &b);
	TRY(bytes_check(&b));
	return trust_keys_get(bytes_view(&b), out_policy);
}

size_t
trust_log_count(const struct trust_policy *p)
{
	return p->logs;
}

const struct trust_log *
trust_log(const struct trust_policy *p, size_t i)
{
	return &p->log[i];
}

enum err
trust_know(struct trust_policy *p, const struct vkey *key, uint64_t since,
    uint64_t until)
{
	AUTO_DONE(bytes) text = { 0 };
	struct trust_log *l = p->log;

	while (l < p->log + p->logs && !vkey_same_key(l->key, key))
		l++;
	if (l == p->log + TRUST_MAX)
		return err_because(ERR_TOO_LARGE, "more than %d logs",
		    TRUST_MAX);
	if (l == p->log + p->logs) {
		vkey_put(key, &text);
		TRY(bytes_check(&text));
		TRY(vkey_get(bytes_view(&text), &l->key));
		p->logs++;
	}
	l->since = since;
	l->until = until;
	return ERR_OK;
}

size_t
trust_witness_count(const struct trust_policy *p)
{
	return p->witnesses;
}

const struct trust_witness *
trust_witness(const struct trust_policy *p, size_t i)
{
	return &p->witness[i];
}

void
trust_want_all_keys(struct trust_policy *p)
{
	p->all_keys = true;
}

bool
trust_wants_all_keys(const struct trust_policy *p)
{
	return p->all_keys;
}

struct view
trust_quorum(const struct trust_policy *p)
{
	return p->quorum_name;
}

/* ---- asking */

static int
compare_times(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* A group has witnessed when the last of those it needs has. */
static uint64_t
group_time(const struct trust_policy *p, size_t group,
    const uint64_t node_time[NODES])
{
	uint64_t time[NODES];
	size_t n = 0;

	for (size_t i = 0; i < group; i++)
		if (p->node[i].parent == group)
			time[n++] = node_time[i];
	qsort(time, n, sizeof(*time), compare_times);
	return time[p->node[group].needed - 1];
}

uint64_t
trust_quorum_time(const struct trust_policy *p,
    const uint64_t cosigned[TRUST_MAX])
{
	uint64_t time[NODES];

	if (p->quorum == NO_NODE)
		return 0;
	/* members come before their group */
	for (size_t i = 0; i <= p->quorum; i++)
		time[i] = p->node[i].is_group ? group_time(p, i, time) :
		    cosigned[p->node[i].witness];
	return time[p->quorum];
}
