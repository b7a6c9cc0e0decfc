/*
 * Reading a published log. It may be anybody's copy: lengths are
 * checked where tiles are read (audit/tile.c), meaning is the caller's.
 */
#include "cli/published.h"

#include "cli/place.h"

struct published {
	struct place		*place;
	struct bytes		 bytes;		/* of the checkpoint */
	struct checkpoint	 checkpoint;	/* views of them */
};

void
published_free(struct published *l)
{
	if (l == NULL)
		return;
	place_free(l->place);
	bytes_done(&l->bytes);
	mem_free(l);
}

enum err
published_open(const char *place, struct published **out_published)
{
	AUTO(published) l = mem_new(1, sizeof(*l));
	const struct log_files *files;
	struct note note;

	if (l == NULL)
		return err_because(ERR_MEMORY, "no memory for a log");
	TRY(place_open(place, &l->place));
	files = place_files(l->place);
	TRY(files->read(files->arg, "checkpoint", NOTE_MAX, &l->bytes));
	TRY(note_get(bytes_view(&l->bytes), &note));
	TRY(checkpoint_get(note.text, &l->checkpoint));
	*out_published = STEAL(l);
	return ERR_OK;
}

uint64_t
published_size(const struct published *l)
{
	return l->checkpoint.size;
}

struct view
published_note(const struct published *l)
{
	return bytes_view(&l->bytes);
}

struct tile_source
published_source(struct published *l)
{
	return log_files_tiles(place_files(l->place));
}

const struct log_files *
published_files(const struct published *l)
{
	return place_files(l->place);
}

enum err
published_each(struct published *l, uint64_t from, uint64_t to,
    enum err (*take)(void *context, uint64_t index, struct view entry),
    void *context)
{
	AUTO_DONE(bytes) buffer = { 0 };
	struct view entries[TILE_WIDTH];
	struct tile_source source = published_source(l);
	uint64_t size = published_size(l), loaded = UINT64_MAX;

	for (uint64_t i = from; i < to && i < size; i++) {
		struct tile_id id = { TILE_ENTRIES, i / TILE_WIDTH,
		    tile_width(TILE_ENTRIES, i / TILE_WIDTH, size) };

		if (id.index != loaded)
			TRY(tile_read_bundle(&source, id, &buffer, entries));
		loaded = id.index;
		TRY(take(context, i, entries[i % TILE_WIDTH]));
	}
	return ERR_OK;
}
