/*
 * Names, widths and bytes of tiles. Paths come from web requests and
 * directory listings, tiles and bundles from files anyone may have changed:
 * everything is checked. Next in the flow: publish.c writes them, proof.c and
 * verify.c read them.
 */
#include "audit/tile.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"

/* x001/x234/067: groups of three digits, all but the last with an x */
static int
put_index(char *to, size_t size, uint64_t index)
{
	unsigned int group[7];
	size_t n = 0, len = 0;

	do {
		group[n++] = (unsigned int)(index % 1000);
		index /= 1000;
	} while (index != 0);
	while (n-- > 0)
		len += (size_t)snprintf(to + len, size - len, "%s%03u%s",
		    n > 0 ? "x" : "", group[n] % 1000, n > 0 ? "/" : "");
	return (int)len;
}

const char *
tile_path(struct tile_id id, char path[TILE_PATH])
{
	int len;

	if (id.level == TILE_ENTRIES)
		len = snprintf(path, TILE_PATH, "tile/entries/");
	else
		len = snprintf(path, TILE_PATH, "tile/%u/",
		    (unsigned int)id.level % TILE_LEVELS);
	len += put_index(path + len, (size_t)(TILE_PATH - len), id.index);
	if (id.width != TILE_WIDTH)
		snprintf(path + len, (size_t)(TILE_PATH - len), ".p/%u",
		    id.width % TILE_WIDTH);
	return path;
}

/* Whatever is there: that it is an index shows when it is written again. */
static uint64_t
take_index(struct reader *r)
{
	uint64_t index = 0;
	bool more;

	do {
		struct view group;

		more = r->rest.len != 0 && r->rest.at[0] == 'x';
		if (more)
			reader_u8(r);
		group = reader_take(r, 3);
		index *= 1000;
		for (size_t i = 0, unit = 100; i < group.len; i++, unit /= 10)
			index += unit * (uint64_t)(group.at[i] - '0');
		if (more)
			reader_u8(r);
	} while (more && !r->failed);
	return index;
}

enum err
tile_path_get(struct view path, struct tile_id *out_id)
{
	struct reader r = reader_of(path);
	struct tile_id id = { .width = TILE_WIDTH };
	char again[TILE_PATH];

	reader_text(&r, "tile/");
	if (view_starts(r.rest, "entries")) {
		id.level = TILE_ENTRIES;
		reader_text(&r, "entries");
	} else {
		id.level = (int)reader_decimal(&r, TILE_LEVELS - 1);
	}
	reader_text(&r, "/");
	id.index = take_index(&r);
	if (!r.failed && r.rest.len != 0) {
		reader_text(&r, ".p/");
		id.width = (unsigned int)reader_decimal(&r,
		    TILE_WIDTH - 1);
	}
	/* one spelling each: what we would write is what must have come */
	if (id.width == 0 || !view_is(path, tile_path(id, again)))
		return err_because(ERR_SYNTAX, "not the path of a tile: wanted "
		    "tile/<L>/<N>[.p/<W>] (C2SP tlog-tiles)");
	*out_id = id;
	return ERR_OK;
}

/* How far a leaf index is shifted to become a hash index of the level. */
static unsigned int
shift_of(int level)
{
	return level == TILE_ENTRIES ? 0 : 8 * (unsigned int)level;
}

uint64_t
tile_full(int level, uint64_t size)
{
	return (size >> shift_of(level)) / TILE_WIDTH;
}

unsigned int
tile_partial(int level, uint64_t size)
{
	return (unsigned int)((size >> shift_of(level)) % TILE_WIDTH);
}

unsigned int
tile_width(int level, uint64_t index, uint64_t size)
{
	uint64_t full = tile_full(level, size);

	if (index < full)
		return TILE_WIDTH;
	return index == full ? tile_partial(level, size) : 0;
}

void
tile_bundle_put(struct bytes *bundle, struct view entry)
{
	if (entry.len > TILE_ENTRY_MAX)
		bundle->failed = true;
	bytes_put_u16(bundle, (uint16_t)entry.len);
	bytes_put(bundle, entry);
}

enum err
tile_bundle_get(struct view bundle, unsigned int width,
    struct view out_entries[TILE_WIDTH])
{
	struct view entries[TILE_WIDTH];
	struct reader r = reader_of(bundle);

	if (width == 0 || width > TILE_WIDTH)
		return err_because(ERR_RANGE, "a bundle of %u entries: wanted "
		    "1 to 256, an empty one is no file (C2SP tlog-tiles)",
		    width);
	for (unsigned int i = 0; i < width; i++) {
		uint16_t len = reader_u16(&r);

		entries[i] = reader_take(&r, len);
		if (r.failed)
			return err_because(ERR_CORRUPT,
			    "entry bundle: ends in entry %u of %u", i, width);
	}
	TRY(reader_end(&r, "entry bundle"));
	memcpy(out_entries, entries, width * sizeof(*entries));
	return ERR_OK;
}

/* Cuts the bytes of a full tile or bundle, at start in out, to a width. */
static enum err
cut(struct bytes *out, size_t start, struct tile_id id)
{
	struct reader r = reader_of(VIEW(out->at + start, out->len - start));

	if (id.level != TILE_ENTRIES)
		reader_take(&r, id.width * (size_t)SHA256_SIZE);
	for (unsigned int i = 0; id.level == TILE_ENTRIES && i < id.width; i++)
		reader_take(&r, reader_u16(&r));
	if (r.failed) {
		out->len = start;
		return err_because(ERR_CORRUPT,
		    "a full tile ends before width %u", id.width);
	}
	out->len -= r.rest.len;
	return ERR_OK;
}

enum err
tile_fetch(enum err (*read)(void *arg, const char *path, size_t max,
    struct bytes *out), void *arg, struct tile_id id, struct bytes *out)
{
	size_t max = id.level == TILE_ENTRIES ? TILE_BUNDLE_MAX : TILE_SIZE;
	size_t start = out->len;
	char path[TILE_PATH];
	enum err e;

	e = read(arg, tile_path(id, path), max, out);
	if (e != ERR_NOT_FOUND || id.width == TILE_WIDTH)
		return e;
	/* partial tiles go once the full one is there, of which they are a
	 * prefix */
	TRY(read(arg, tile_path((struct tile_id){ id.level, id.index,
	    TILE_WIDTH }, path), max, out));
	return cut(out, start, id);
}

static enum err
read_at(void *arg, const char *path, size_t max, struct bytes *out)
{
	return file_read_at(*(const int *)arg, path, max, out);
}

static enum err
read_file(void *arg, struct tile_id id, struct bytes *out)
{
	return tile_fetch(read_at, arg, id, out);
}

struct tile_source
tile_source_dir(int *dir)
{
	return (struct tile_source){ .read = read_file, .arg = dir };
}

enum err
tile_read(const struct tile_source *s, struct tile_id id,
    struct hash out_hashes[TILE_WIDTH])
{
	AUTO_DONE(bytes) b = { .max = 1 << 17 };
	char path[TILE_PATH];

	TRY(s->read(s->arg, id, &b));
	if (b.len != id.width * sizeof(*out_hashes))
		return err_because(ERR_CORRUPT,
		    "%s: wanted %zu bytes, got %zu", tile_path(id, path),
		    id.width * sizeof(*out_hashes), b.len);
	memcpy(out_hashes, b.at, b.len);
	return ERR_OK;
}

enum err
tile_read_bundle(const struct tile_source *s, struct tile_id id,
    struct bytes *buffer, struct view out_entries[TILE_WIDTH])
{
	bytes_reset(buffer);
	TRY(s->read(s->arg, id, buffer));
	return tile_bundle_get(bytes_view(buffer), id.width, out_entries);
}
