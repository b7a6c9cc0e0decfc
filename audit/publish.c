/*
 * Writing the published directory. Entries are trusted (they come back from
 * the registry's commit); what is on disk is checked when it is opened. Every
 * file is whole at every instant for the web server and the gate that read
 * beside us: written aside, renamed, then made durable before the checkpoint
 * speaks of it. Next in the flow: verify.c, at the auditor's.
 */
#include "audit/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "audit/tree.h"
#include "base/file.h"

#define FILE_MODE 0644	/* the log is public */
#define DIR_MODE 0755

struct publish {
	char		*dir;
	struct tree	*tree;
	struct bytes	 bundle;	/* of the edge, not yet full */
	struct bytes	*full;		/* bundles filled, not yet written */
	size_t		 full_count, full_room;
	struct tile_id	*written;	/* by the publish_tiles() going on */
	size_t		 written_count, written_room;
	uint64_t	 published;	/* size of the checkpoint in place */
	uint64_t	 ready;		/* size whose tiles are durable */
	struct hash	 ready_root;
};

void
publish_close(struct publish *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->full_count; i++)
		bytes_done(&p->full[i]);
	mem_free(p->full);
	mem_free(p->written);
	bytes_done(&p->bundle);
	tree_free(p->tree);
	mem_free(p->dir);
	mem_free(p);
}

/* The entries of the partial bundle, which the tree's own leaves vouch for. */
static enum err
load_bundle(struct publish *p, const struct tile_source *s, uint64_t size)
{
	struct tile_id id = { TILE_ENTRIES, tile_full(TILE_ENTRIES, size),
		tile_partial(TILE_ENTRIES, size) };
	struct view leaves = tree_partial(p->tree, 0);
	struct view entries[TILE_WIDTH];

	if (id.width == 0)
		return ERR_OK;
	TRY(tile_read_bundle(s, id, &p->bundle, entries));
	for (unsigned int i = 0; i < id.width; i++) {
		struct hash leaf = merkle_leaf(entries[i]);

		if (!view_equal(VIEW_OF(leaf.at),
		    VIEW(leaves.at + i * sizeof(leaf), sizeof(leaf))))
			return err_because(ERR_CORRUPT, "entry %llu is not "
			    "what its hash tile says", (unsigned long long)
			    (id.index * TILE_WIDTH + i));
	}
	return ERR_OK;
}

static enum err
load_edge(struct publish *p, uint64_t size, const struct hash *root)
{
	AUTO_FD fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source s = tile_source_dir(&fd);

	if (fd == -1)
		return err_system("%s: open", p->dir);
	TRY(tree_load(&s, size, root, &p->tree));
	TRY(load_bundle(p, &s, size));
	p->published = p->ready = size;
	p->ready_root = *root;
	return ERR_OK;
}

enum err
publish_open(const char *dir, uint64_t size, const struct hash *root,
    struct publish **out_publish)
{
	AUTO(publish) p = mem_new(1, sizeof(*p));

	if (p == NULL || (p->dir = mem_text(dir)) == NULL)
		return err_because(ERR_MEMORY, "no memory for a publisher");
	TRY(dir_make(dir, DIR_MODE));
	if (size != 0) {
		TRY(load_edge(p, size, root));
	} else {
		TRY(tree_new(&p->tree));
		p->ready_root = tree_root(p->tree);
	}
	*out_publish = STEAL(p);
	return ERR_OK;
}

static enum err
keep_full_bundle(struct publish *p)
{
	if (p->full_count == p->full_room) {
		size_t room = p->full_room != 0 ? p->full_room * 2 : 64;
		void *fresh = mem_resize(p->full, room, sizeof(*p->full));

		if (fresh == NULL)
			return err_because(ERR_MEMORY,
			    "no memory for full bundles");
		p->full = fresh;
		p->full_room = room;
	}
	p->full[p->full_count++] = p->bundle;
	p->bundle = (struct bytes){ 0 };
	return ERR_OK;
}

enum err
publish_append(struct publish *p, struct view entry)
{
	struct hash leaf = merkle_leaf(entry);

	if (entry.len > TILE_ENTRY_MAX)
		return err_because(ERR_TOO_LARGE, "a log entry of %zu bytes, "
		    "over %d", entry.len, TILE_ENTRY_MAX);
	tile_bundle_put(&p->bundle, entry);
	TRY(bytes_check(&p->bundle));
	TRY(tree_append(p->tree, &leaf));
	if (tile_partial(TILE_ENTRIES, tree_size(p->tree)) == 0)
		TRY(keep_full_bundle(p));
	return ERR_OK;
}

uint64_t
publish_size(const struct publish *p)
{
	return tree_size(p->tree);
}

/* dir "/" path without its last part */
static enum err
parent_path(const struct publish *p, const char *path, char out[PATH_MAX])
{
	TRY(path_join(p->dir, path, out, PATH_MAX));
	*strrchr(out, '/') = '\0';
	return ERR_OK;
}

/* Makes the directories of a tile; new ones are made durable from below. */
static enum err
make_parents(const struct publish *p, const char *path)
{
	char full[PATH_MAX];

	TRY(path_join(p->dir, path, full, sizeof(full)));
	for (char *slash = full + strlen(p->dir) + 1;
	    (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		if (mkdir(full, DIR_MODE) == 0) {
			char *above = strrchr(full, '/');

			*above = '\0';
			TRY(dir_sync(full));
			*above = '/';
		} else if (errno != EEXIST) {
			return err_system("%s: mkdir", full);
		}
		*slash = '/';
	}
	return ERR_OK;
}

static enum err
note_written(struct publish *p, struct tile_id id)
{
	if (p->written_count == p->written_room) {
		size_t room = p->written_room != 0 ? p->written_room * 2 : 64;
		void *fresh = mem_resize(p->written, room,
		    sizeof(*p->written));

		if (fresh == NULL)
			return err_because(ERR_MEMORY,
			    "no memory for the list of tiles");
		p->written = fresh;
		p->written_room = room;
	}
	p->written[p->written_count++] = id;
	return ERR_OK;
}

static enum err
write_tile(struct publish *p, struct tile_id id, struct view content)
{
	char path[TILE_PATH], full[PATH_MAX];

	tile_path(id, path);
	TRY(make_parents(p, path));
	TRY(path_join(p->dir, path, full, sizeof(full)));
	TRY(file_publish(full, content, FILE_MODE));
	return note_written(p, id);
}

static enum err
write_full(struct publish *p)
{
	uint64_t first = tile_full(TILE_ENTRIES, tree_size(p->tree)) -
	    p->full_count;

	for (size_t i = 0; i < p->full_count; i++)
		TRY(write_tile(p, (struct tile_id){ TILE_ENTRIES, first + i,
		    TILE_WIDTH }, bytes_view(&p->full[i])));
	for (size_t i = 0; i < tree_filled(p->tree); i++)
		TRY(write_tile(p, tree_filled_id(p->tree, i),
		    tree_filled_bytes(p->tree, i)));
	return ERR_OK;
}

static enum err
write_partial(struct publish *p)
{
	uint64_t size = tree_size(p->tree);

	for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++) {
		struct tile_id id = { level, tile_full(level, size),
			tile_partial(level, size) };

		if (id.width != 0)
			TRY(write_tile(p, id, level == TILE_ENTRIES ?
			    bytes_view(&p->bundle) :
			    tree_partial(p->tree, level)));
	}
	return ERR_OK;
}

/*
 * Begins to write a file back (wait false), or waits until it is durable.
 * Beginning all before waiting for the first lets one journal commit of the
 * file system cover them: 84 files take 7 ms instead of 22.
 */
static enum err
sync_tile(const struct publish *p, struct tile_id id, bool wait)
{
	char path[TILE_PATH], full[PATH_MAX];
	AUTO_FD fd = -1;

	TRY(path_join(p->dir, tile_path(id, path), full, sizeof(full)));
	if ((fd = open(full, O_RDONLY | O_CLOEXEC)) == -1)
		return err_system("%s: open", full);
	if (wait && fsync(fd) == -1)
		return err_system("%s: fsync", full);
	if (!wait && sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) == -1)
		return err_system("%s: sync_file_range", full);
	return ERR_OK;
}

static enum err
sync_written(struct publish *p)
{
	char path[TILE_PATH], last[PATH_MAX] = "", parent[PATH_MAX];

	for (size_t i = 0; i < p->written_count; i++)
		TRY(sync_tile(p, p->written[i], false));
	for (size_t i = 0; i < p->written_count; i++)
		TRY(sync_tile(p, p->written[i], true));
	for (size_t i = 0; i < p->written_count; i++) {
		TRY(parent_path(p, tile_path(p->written[i], path), parent));
		if (strcmp(parent, last) == 0)
			continue;
		TRY(dir_sync(parent));
		memcpy(last, parent, sizeof(last));
	}
	return ERR_OK;
}

enum err
publish_tiles(struct publish *p)
{
	if (tree_size(p->tree) == p->ready)
		return ERR_OK;
	p->written_count = 0;
	TRY(write_full(p));
	TRY(write_partial(p));
	TRY(sync_written(p));
	for (size_t i = 0; i < p->full_count; i++)
		bytes_done(&p->full[i]);
	p->full_count = 0;
	tree_forget(p->tree);
	p->ready = tree_size(p->tree);
	p->ready_root = tree_root(p->tree);
	return ERR_OK;
}

uint64_t
publish_ready(const struct publish *p, struct hash *out_root)
{
	*out_root = p->ready_root;
	return p->ready;
}

/* Removes "….p" of a tile that is full now. */
static enum err
remove_partials(const struct publish *p, int level, uint64_t index)
{
	struct tile_id id = { level, index, 1 };
	char path[TILE_PATH], parent[PATH_MAX];
	DIR *d;
	int failed = 0;

	TRY(parent_path(p, tile_path(id, path), parent));
	if ((d = opendir(parent)) == NULL)
		return errno == ENOENT ? ERR_OK :
		    err_system("%s: opendir", parent);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		if (e->d_name[0] != '.' &&
		    unlinkat(dirfd(d), e->d_name, 0) == -1)
			failed = errno;
	closedir(d);
	errno = failed;
	if (failed != 0 || rmdir(parent) == -1)
		return err_system("%s: removing partial tiles", parent);
	return ERR_OK;
}

static enum err
remove_superseded(const struct publish *p)
{
	for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++)
		for (uint64_t i = tile_full(level, p->published);
		    i < tile_full(level, p->ready); i++)
			TRY(remove_partials(p, level, i));
	return ERR_OK;
}

enum err
publish_checkpoint(struct publish *p, struct view note)
{
	struct note n;
	struct checkpoint c;
	char path[PATH_MAX];

	TRY(note_get(note, &n));
	TRY(checkpoint_get(n.text, &c));
	if (c.size != p->ready || !merkle_equal(&c.root, &p->ready_root))
		return err_because(ERR_MISMATCH, "a checkpoint of size %llu "
		    "while tiles of size %llu are ready",
		    (unsigned long long)c.size, (unsigned long long)p->ready);
	TRY(path_join(p->dir, "checkpoint", path, sizeof(path)));
	TRY(file_replace(path, note, FILE_MODE));
	TRY(remove_superseded(p));
	p->published = p->ready;
	return ERR_OK;
}

enum err
publish_witnessed(const struct publish *p, struct view note)
{
	char path[PATH_MAX];

	TRY(path_join(p->dir, "checkpoint.witnessed", path, sizeof(path)));
	return file_replace(path, note, FILE_MODE);
}

enum err
publish_read_checkpoint(const char *dir, struct bytes *out_note)
{
	char path[PATH_MAX];

	TRY(path_join(dir, "checkpoint", path, sizeof(path)));
	return file_read(path, NOTE_MAX, out_note);
}
