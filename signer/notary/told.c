/*
 * Reading RECORD messages. They come from the supervisor and are believed in
 * what they say, not in their form. Next: audit/entry.c.
 */
#include "signer/notary/told.h"

#include <string.h>

#define PAIRS 8
#define SEATS 32
#define TEXT 128

struct pairs {
	size_t		count;
	struct view	name[PAIRS], value[PAIRS];
};

static struct view
value_of(const struct pairs *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (view_is(p->name[i], name))
			return p->value[i];
	return VIEW(NULL, 0);
}

/* "1,3": numbers of at most nine digits. */
static enum err
get_numbers(const struct pairs *p, const char *name, size_t max,
    uint64_t *out, size_t *out_count)
{
	struct view v = value_of(p, name);
	size_t n = 0, digits = 0;

	for (size_t i = 0; i <= v.len; i++) {
		bool end = i == v.len || v.at[i] == ',';

		if (end ? digits == 0 : v.at[i] < '0' || v.at[i] > '9' ||
		    digits == 9 || n == max)
			return err_because(ERR_SCHEMA,
			    "RECORD: %s: expected numbers", name);
		if (!end) {
			out[n] = (digits == 0 ? 0 : out[n] * 10) +
			    (uint64_t)(v.at[i] - '0');
			digits++;
			continue;
		}
		n++;
		digits = 0;
	}
	*out_count = n;
	return ERR_OK;
}

static enum err
get_number(const struct pairs *p, const char *name, uint64_t *out)
{
	size_t count;

	return get_numbers(p, name, 1, out, &count);
}

static enum err
get_text(const struct pairs *p, const char *name, char out[TEXT])
{
	struct view v = value_of(p, name);

	if (v.len == 0 || v.len >= TEXT)
		return err_because(ERR_SCHEMA,
		    "RECORD: %s: expected 1 to %d bytes", name, TEXT - 1);
	memcpy(out, v.at, v.len);
	out[v.len] = '\0';
	return ERR_OK;
}

static enum err
get_hash(const struct pairs *p, const char *name, struct hash *out)
{
	AUTO_DONE(bytes) b = { 0 };

	if (hex_get(value_of(p, name), &b) != ERR_OK ||
	    b.len != sizeof(out->at))
		return err_because(ERR_SCHEMA,
		    "RECORD: %s: expected 64 hex digits", name);
	memcpy(out->at, b.at, sizeof(out->at));
	return ERR_OK;
}

/* ---- the events */

static enum err
put_share(const struct pairs *p, const struct entry_common *c,
    struct bytes *out)
{
	uint64_t seat;

	TRY(get_number(p, "seat", &seat));
	return entry_unseal_share(c, seat, out);
}

static enum err
put_unseal(const struct pairs *p, const struct entry_common *c,
    struct bytes *out)
{
	uint64_t seats[SEATS];
	struct hash statement;
	size_t count;

	TRY(get_numbers(p, "seats", SEATS, seats, &count));
	TRY(get_hash(p, "statement", &statement));
	return entry_unseal(c, seats, count, &statement, out);
}

static enum err
put_seal(const struct pairs *p, const struct entry_common *c,
    struct bytes *out)
{
	char reason[TEXT];
	uint64_t seat = 0;

	TRY(get_text(p, "reason", reason));
	if (value_of(p, "seat").len != 0)
		TRY(get_number(p, "seat", &seat));
	return entry_seal(c, reason, seat, out);
}

static enum err
put_key_use(const struct pairs *p, const struct entry_common *c,
    struct bytes *out)
{
	struct entry_key_use_facts f = {
		.stop = view_is(value_of(p, "stop"), "true"),
	};
	char label[TEXT];

	TRY(get_number(p, "keyholder", &f.keyholder));
	TRY(get_text(p, "label", label));
	TRY(get_hash(p, "spki", &f.spki));
	f.label = label;
	return entry_key_use(c, &f, out);
}

static enum err
put_token(const struct pairs *p, const struct entry_common *c,
    struct bytes *out)
{
	struct entry_tally found[] = {
		{ .name = "keys" }, { .name = "objects" },
		{ .name = "refused" }, { .name = "unknown" },
	};
	struct hash planned;

	TRY(get_hash(p, "register", &planned));
	for (size_t i = 0; i < COUNT(found); i++)
		TRY(get_number(p, found[i].name, &found[i].count));
	return entry_token(c, &planned, found, COUNT(found), out);
}

static const struct {
	const char	*name;
	enum err	(*put)(const struct pairs *p,
			    const struct entry_common *c, struct bytes *out);
} events[] = {
	{ "unseal.share", put_share },
	{ "unseal", put_unseal },
	{ "seal", put_seal },
	{ "token", put_token },
	{ "key.use", put_key_use },
};

enum err
told_entry(struct view record, const struct entry_common *c,
    struct bytes *out)
{
	struct reader r = reader_of(record);
	struct view event = reader_block(&r, TEXT);
	struct pairs p = { .count = reader_u16(&r) };

	if (p.count > PAIRS)
		return err_because(ERR_SCHEMA, "RECORD: %zu values, over %d",
		    p.count, PAIRS);
	for (size_t i = 0; i < p.count; i++) {
		p.name[i] = reader_block(&r, TEXT);
		p.value[i] = reader_block(&r, TEXT);
	}
	TRY(reader_end(&r, "RECORD"));
	for (size_t i = 0; i < COUNT(events); i++)
		if (view_is(event, events[i].name))
			return events[i].put(&p, c, out);
	return err_because(ERR_SCHEMA, "RECORD: an unknown event");
}
