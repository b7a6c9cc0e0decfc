/*
 * The high-water mark beside database and log. Its file is the daemon's own,
 * but may be torn, old, or of another log: a slot counts when it fits its
 * hash and names our origin. Next: guard.c, which compares.
 */
#include "signer/notary/mark.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "base/file.h"

#define TRAILER "sha256 "

static void
put_trailer(struct bytes *out)
{
	struct hash h = sha256(bytes_view(out));

	bytes_put_text(out, TRAILER);
	hex_put(out, VIEW_OF(h.at));
	bytes_put_text(out, "\n");
}

/* The body in a slot, when what follows is what would follow. */
static enum err
get_body(struct view slot, struct view *out_body)
{
	size_t trailer = strlen(TRAILER) + 2 * SHA256_SIZE + 1;
	size_t len = 0;
	AUTO_DONE(bytes) whole = { 0 };

	while (len < slot.len && slot.at[len] != '\0')
		len++;
	if (len <= trailer)
		return err_because(ERR_SYNTAX, "an empty slot");
	bytes_put(&whole, VIEW(slot.at, len - trailer));
	put_trailer(&whole);
	if (!view_equal(bytes_view(&whole), VIEW(slot.at, len)))
		return err_because(ERR_SYNTAX, "a torn slot");
	*out_body = VIEW(slot.at, len - trailer);
	return ERR_OK;
}

static void
take_slot(struct mark *m, unsigned int i, struct view slot,
    const char *origin)
{
	struct checkpoint c;
	struct view body;

	if (get_body(slot, &body) != ERR_OK ||
	    checkpoint_get(body, &c) != ERR_OK ||
	    !view_is(c.origin, origin) || c.size < m->size)
		return;
	m->size = c.size;
	m->root = c.root;
	m->slot = 1 - i;
}

enum err
mark_open(const char *dir, const char *origin, struct mark *out_mark)
{
	struct mark m = { 0 };
	uint8_t slots[2 * MARK_SLOT] = { 0 };
	char path[PATH_MAX];
	AUTO_FD fd = -1;

	TRY(path_join(dir, "log.mark", path, sizeof(path)));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return err_system("%s", path);
	if (pread(fd, slots, sizeof(slots), 0) == -1)
		return err_system("%s: read", path);
	for (unsigned int i = 0; i < 2; i++)
		take_slot(&m, i, VIEW(slots + i * MARK_SLOT, MARK_SLOT),
		    origin);
	m.fd = fd;
	fd = -1;
	*out_mark = m;
	return ERR_OK;
}

void
mark_done(struct mark *m)
{
	fd_close(&m->fd);
}

enum err
mark_put(struct mark *m, const char *origin, uint64_t size,
    const struct hash *root)
{
	AUTO_DONE(bytes) slot = { .max = MARK_SLOT };

	TRY(checkpoint_body(origin, size, root, &slot));
	put_trailer(&slot);
	while (slot.len < MARK_SLOT && !slot.failed)
		bytes_put_u8(&slot, 0);
	TRY(bytes_check(&slot));
	if (pwrite(m->fd, slot.at, slot.len, (off_t)m->slot * MARK_SLOT) !=
	    MARK_SLOT)
		return err_system("the high-water mark");
	m->slot = 1 - m->slot;
	m->size = size;
	m->root = *root;
	return ERR_OK;
}

enum err
mark_sync(const struct mark *m)
{
	return fdatasync(m->fd) == 0 ? ERR_OK :
	    err_system("the high-water mark: fdatasync");
}
