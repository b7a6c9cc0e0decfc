/*
 * The public record of a quorum, quorum.txt, both ways (quorum.txt beside this
 * file describes it). The file is read by the daemon before it is unsealed; an
 * attacker who replaces it can at most refuse service: the token's PIN comes
 * out of the right secret only.
 * Next: quorum.c, which checks shares against the record.
 */
#include <string.h>

#include "base/file.h"
#include "quorum/quorum.h"

#define RECORD_MAX 8192

struct lines {
	struct view	rest;
	unsigned int	number;
};

/* The rest of the next line, which must begin with key and a blank. */
static enum err
take_line(struct lines *l, const char *key, struct view *out_value)
{
	size_t skip = strlen(key) + 1;
	const uint8_t *end = l->rest.len == 0 ? NULL :
	    memchr(l->rest.at, '\n', l->rest.len);
	struct view line;

	l->number++;
	if (end == NULL)
		return err_because(ERR_SYNTAX,
		    "line %u: wanted \"%s …\" and a line end", l->number,
		    key);
	line = VIEW(l->rest.at, (size_t)(end - l->rest.at));
	if (line.len < skip || !view_starts(line, key) ||
	    line.at[skip - 1] != ' ')
		return err_because(ERR_SYNTAX, "line %u: wanted \"%s …\"",
		    l->number, key);
	l->rest = VIEW(end + 1, l->rest.len - line.len - 1);
	*out_value = VIEW(line.at + skip, line.len - skip);
	return ERR_OK;
}

/* The bytes before the next blank, which is taken too. */
static struct view
take_word(struct view *rest)
{
	const uint8_t *blank = rest->len == 0 ? NULL :
	    memchr(rest->at, ' ', rest->len);
	size_t len = blank != NULL ? (size_t)(blank - rest->at) : rest->len;
	struct view word = VIEW(rest->at, len);

	*rest = VIEW(rest->at + len + (blank != NULL),
	    rest->len - len - (blank != NULL));
	return word;
}

static enum err
get_number(const struct lines *l, struct view text, unsigned int *out_number)
{
	unsigned int value = 0;

	for (size_t i = 0; i < text.len && value <= SHARE_MAX; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return err_because(ERR_SYNTAX,
			    "line %u: wanted a number", l->number);
		value = value * 10 + (text.at[i] - '0');
	}
	if (value < 1 || value > SHARE_MAX)
		return err_because(ERR_RANGE,
		    "line %u: wanted a number from 1 to %d", l->number,
		    SHARE_MAX);
	*out_number = value;
	return ERR_OK;
}

static enum err
get_hex(const struct lines *l, struct view text, uint8_t *out, size_t size)
{
	AUTO_DONE(bytes) raw = { 0 };
	enum err e = text.len == 2 * size ? hex_get(text, &raw) : ERR_SYNTAX;

	if (e != ERR_OK)
		return err_because(e, "line %u: wanted %zu digits 0-9a-f",
		    l->number, 2 * size);
	memcpy(out, raw.at, size);
	return ERR_OK;
}

bool
quorum_name_fits(struct view name)
{
	if (name.len == 0 || name.len >= QUORUM_NAME_SIZE ||
	    !utf8_valid(name))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] < ' ' || name.at[i] == 0x7f)
			return false;
	return name.at[0] != ' ' && name.at[name.len - 1] != ' ';
}

static enum err
get_share(struct lines *l, unsigned int x, struct quorum *q)
{
	struct view rest;
	unsigned int seat;

	TRY(take_line(l, "share", &rest));
	TRY(get_number(l, take_word(&rest), &seat));
	if (seat != x)
		return err_because(ERR_SYNTAX, "line %u: wanted share %u",
		    l->number, x);
	TRY(get_hex(l, take_word(&rest), q->shares[x - 1].at, SHA256_SIZE));
	if (!quorum_name_fits(rest))
		return err_because(ERR_SYNTAX, "line %u: wanted an officer's "
		    "name, 1 to %d bytes of UTF-8", l->number,
		    QUORUM_NAME_SIZE - 1);
	memcpy(q->officers[x - 1], rest.at, rest.len);
	return ERR_OK;
}

static enum err
get_head(struct lines *l, struct quorum *q)
{
	struct view v;

	TRY(take_line(l, "okse-quorum", &v));
	if (!view_is(v, "1"))
		return err_because(ERR_UNSUPPORTED,
		    "line 1: wanted version 1 of the format");
	TRY(take_line(l, "set", &v));
	TRY(get_hex(l, v, q->set_id, SHARE_ID_SIZE));
	TRY(take_line(l, "ceremony", &v));
	TRY(get_hex(l, v, q->ceremony_id, SHARE_ID_SIZE));
	TRY(take_line(l, "threshold", &v));
	TRY(get_number(l, v, &q->threshold));
	TRY(take_line(l, "shares", &v));
	TRY(get_number(l, v, &q->count));
	if (q->threshold < 2 || q->threshold > q->count)
		return err_because(ERR_RANGE,
		    "line %u: wanted 2 <= threshold <= shares", l->number);
	TRY(take_line(l, "secret", &v));
	return get_hex(l, v, q->secret.at, SHA256_SIZE);
}

static enum err
get_carried(struct lines *l, struct quorum *q)
{
	struct view v;

	TRY(take_line(l, "carried", &v));
	TRY(get_hex(l, v, q->carried, sizeof(q->carried)));
	q->carries = true;
	return ERR_OK;
}

enum err
quorum_get(struct view text, struct quorum *out_quorum)
{
	struct lines l = { .rest = text };
	struct quorum q = { 0 };
	AUTO_DONE(bytes) again = { 0 };

	TRY(get_head(&l, &q));
	for (unsigned int x = 1; x <= q.count; x++)
		TRY(get_share(&l, x, &q));
	if (l.rest.len != 0)
		TRY(get_carried(&l, &q));
	if (l.rest.len != 0)
		return err_because(ERR_SYNTAX,
		    "line %u: wanted the end", l.number + 1);
	/* one record, one text: leading zeros and the like end here */
	TRY(quorum_put(&q, &again));
	if (!view_equal(bytes_view(&again), text))
		return err_because(ERR_SYNTAX,
		    "a quorum record that is not in its one form");
	*out_quorum = q;
	return ERR_OK;
}

enum err
quorum_put(const struct quorum *q, struct bytes *out)
{
	bytes_put_text(out, "okse-quorum 1\nset ");
	hex_put(out, VIEW_OF(q->set_id));
	bytes_put_text(out, "\nceremony ");
	hex_put(out, VIEW_OF(q->ceremony_id));
	bytes_printf(out, "\nthreshold %u\nshares %u\nsecret ",
	    q->threshold, q->count);
	hex_put(out, VIEW_OF(q->secret.at));
	bytes_put_u8(out, '\n');
	for (unsigned int i = 0; i < q->count; i++) {
		bytes_printf(out, "share %u ", i + 1);
		hex_put(out, VIEW_OF(q->shares[i].at));
		bytes_printf(out, " %s\n", q->officers[i]);
	}
	if (q->carries) {
		bytes_put_text(out, "carried ");
		hex_put(out, VIEW_OF(q->carried));
		bytes_put_u8(out, '\n');
	}
	return bytes_check(out);
}

enum err
quorum_write(const char *path, const struct quorum *q)
{
	AUTO_DONE(bytes) text = { 0 };

	TRY(quorum_put(q, &text));
	return file_create(path, bytes_view(&text), 0644);
}

enum err
quorum_read(const char *path, struct quorum *out_quorum)
{
	AUTO_DONE(bytes) text = { 0 };
	enum err e;

	TRY(file_read(path, RECORD_MAX, &text));
	e = quorum_get(bytes_view(&text), out_quorum);
	return e == ERR_OK ? ERR_OK :
	    err_because(e, "%s: %s", path, err_why());
}
