/*
 * Merging metrics. Texts come from our own processes; lines that are not of
 * the format pass through with the metric they stand in.
 */
#include "signer/gate/metrics.h"

#include <string.h>

#define METRIC_HELP "# HELP "
#define METRIC_TYPE "# TYPE "

struct metrics_source {
	struct metrics_source	*next;
	enum role		 role;
	unsigned int		 index;
	struct bytes		 text;
};

static struct metrics_source **
find(struct metrics *m, enum role role, unsigned int index)
{
	struct metrics_source **link = &m->sources;

	while (*link != NULL &&
	    ((*link)->role != role || (*link)->index != index))
		link = &(*link)->next;
	return link;
}

void
metrics_forget(struct metrics *m, enum role role, unsigned int index)
{
	struct metrics_source **link = find(m, role, index);
	struct metrics_source *s = *link;

	if (s == NULL)
		return;
	*link = s->next;
	bytes_done(&s->text);
	mem_free(s);
}

void
metrics_done(struct metrics *m)
{
	while (m->sources != NULL)
		metrics_forget(m, m->sources->role, m->sources->index);
}

enum err
metrics_set(struct metrics *m, enum role role, unsigned int index,
    struct view text)
{
	struct metrics_source **link = find(m, role, index), *s = *link;

	if (s == NULL && (s = mem_new(1, sizeof(*s))) == NULL)
		return err_because(ERR_MEMORY, "metrics of a peer");
	s->role = role;
	s->index = index;
	*link = s;
	bytes_reset(&s->text);
	bytes_put(&s->text, text);
	return bytes_check(&s->text);
}

/* ---- texts, line by line */

/* The next line with its end; empty at the end of the text. */
static struct view
next_line(struct view *rest)
{
	const uint8_t *end = rest->len != 0 ?
	    memchr(rest->at, '\n', rest->len) : NULL;
	struct view line = *rest;

	if (end != NULL)
		line.len = (size_t)(end - line.at) + 1;
	*rest = VIEW(rest->at + line.len, rest->len - line.len);
	return line;
}

/* The metric a comment names, or empty. */
static struct view
heading(struct view line)
{
	size_t skip = sizeof(METRIC_TYPE) - 1, n = 0;

	if (!view_starts(line, METRIC_TYPE) &&
	    !view_starts(line, METRIC_HELP))
		return VIEW(NULL, 0);
	line = VIEW(line.at + skip, line.len - skip);
	while (n < line.len && line.at[n] != ' ' && line.at[n] != '\n')
		n++;
	return VIEW(line.at, n);
}

static bool
has_metric(struct view text, struct view name)
{
	while (text.len != 0)
		if (view_equal(heading(next_line(&text)), name))
			return true;
	return false;
}

static void
put_metric(struct view text, struct view name, bool with_heading,
    struct bytes *out)
{
	bool inside = false;

	while (text.len != 0) {
		struct view line = next_line(&text);
		struct view named = heading(line);

		if (named.len != 0)
			inside = view_equal(named, name);
		if (inside && (with_heading || named.len == 0))
			bytes_put(out, line);
	}
}

/* Whether own or a source before s (all when NULL) has it. */
static bool
came_before(const struct metrics *m, struct view own,
    const struct metrics_source *s, struct view name)
{
	if (has_metric(own, name))
		return true;
	for (const struct metrics_source *q = m->sources; q != s; q = q->next)
		if (has_metric(bytes_view(&q->text), name))
			return true;
	return false;
}

static void
put_source(const struct metrics *m, struct view own,
    const struct metrics_source *s, struct bytes *out)
{
	struct view rest = bytes_view(&s->text), last = { 0 };

	while (rest.len != 0) {
		struct view name = heading(next_line(&rest));

		if (name.len == 0 || view_equal(name, last) ||
		    came_before(m, own, s, name))
			continue;
		last = name;
		put_metric(bytes_view(&s->text), name, true, out);
		for (const struct metrics_source *q = s->next; q != NULL;
		    q = q->next)
			put_metric(bytes_view(&q->text), name, false, out);
	}
}

void
metrics_put(const struct metrics *m, struct view own, struct bytes *out)
{
	bytes_put(out, own);
	for (const struct metrics_source *s = m->sources; s != NULL;
	    s = s->next)
		put_source(m, own, s, out);
}
