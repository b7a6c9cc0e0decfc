/*
 * The three lines of a checkpoint. A body that is read may come from anyone:
 * it is taken only when writing it again gives the same bytes. Next in the
 * flow: the keyholder, which signs the body.
 */
#include "audit/checkpoint.h"

#include <string.h>

#include "audit/merkle.h"
#include "audit/vkey.h"

/* room for sums of sizes, and no tree gets there */
#define SIZE_LIMIT ((uint64_t)INT64_MAX)

static void
put_body(struct bytes *out, const struct checkpoint *c)
{
	bytes_put(out, c->origin);
	bytes_printf(out, "\n%llu\n", (unsigned long long)c->size);
	base64_put(out, VIEW_OF(c->root.at));
	bytes_put_u8(out, '\n');
}

enum err
checkpoint_body(const char *origin, uint64_t size, const struct hash *root,
    struct bytes *out)
{
	struct checkpoint c = { view_text(origin), size, *root };

	if (!vkey_name_valid(c.origin) || size > SIZE_LIMIT)
		return err_because(ERR_SCHEMA, "a checkpoint has an origin of "
		    "visible characters without '+' and a size below 2^63");
	put_body(out, &c);
	return bytes_check(out);
}

enum err
checkpoint_get(struct view body, struct checkpoint *out_checkpoint)
{
	AUTO_DONE(bytes) root = { 0 };
	AUTO_DONE(bytes) again = { 0 };
	struct reader r = reader_of(body);
	struct checkpoint c = { .origin = reader_until(&r, '\n') };

	c.size = reader_decimal(&r, SIZE_LIMIT);
	(void)reader_until(&r, '\n');
	TRY(base64_get(reader_until(&r, '\n'), &root));
	if (!r.failed && root.len == sizeof(c.root)) {
		memcpy(&c.root, root.at, sizeof(c.root));
		put_body(&again, &c);
	}
	if (!vkey_name_valid(c.origin) ||
	    !view_equal(body, bytes_view(&again)))
		return err_because(ERR_SYNTAX, "a checkpoint is three lines: "
		    "origin, size, base64 of 32 bytes (C2SP tlog-checkpoint)");
	*out_checkpoint = c;
	return ERR_OK;
}

bool
checkpoint_is_well_formed(struct view body, const char *origin)
{
	struct hash empty = merkle_root(NULL, 0);
	struct checkpoint c;

	if (checkpoint_get(body, &c) != ERR_OK || !view_is(c.origin, origin))
		return false;
	return c.size != 0 || merkle_equal(&c.root, &empty);
}
