/*
 * Sealed memory files. Who reads one takes a copy before it looks at a byte;
 * the seals are asked all the same, so that a descriptor of any other kind
 * (a file that shrinks, a pipe that blocks) is refused before it is read.
 * Used by notary/dispatch.c and keyholder/keyholder.c.
 */
#include "signer/rider.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

enum err
rider_make(struct view content, int *out_fd)
{
	AUTO_FD fd = -1;

	if (content.len > RIDER_MAX)
		return err_because(ERR_TOO_LARGE, "%zu bytes to ride along, "
		    "at most %zu", content.len, RIDER_MAX);
	fd = memfd_create("okse", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return err_system("a memory file");
	TRY(fd_write(fd, content));
	if (fcntl(fd, F_ADD_SEALS, SEALS) == -1)
		return err_system("sealing a memory file");
	*out_fd = fd;
	fd = -1;
	return ERR_OK;
}

static enum err
check_seals(int fd, size_t *out_size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat s;

	if (seals == -1 || (seals & SEALS) != SEALS || fstat(fd, &s) == -1)
		return err_because(ERR_SCHEMA,
		    "what rides along is no sealed memory file");
	if (s.st_size < 0 || (size_t)s.st_size > RIDER_MAX)
		return err_because(ERR_TOO_LARGE, "%lld bytes ride along, at "
		    "most %zu", (long long)s.st_size, RIDER_MAX);
	*out_size = (size_t)s.st_size;
	return ERR_OK;
}

enum err
rider_read(int fd, struct bytes *out)
{
	size_t size, done = 0;
	uint8_t *at;

	TRY(check_seals(fd, &size));
	if ((at = bytes_grow(out, size)) == NULL)
		return err_because(ERR_MEMORY, "what rides along");
	while (done < size) {
		ssize_t n = pread(fd, at + done, size - done, (off_t)done);

		if (n <= 0)
			return err_system("reading what rides along");
		done += (size_t)n;
	}
	return ERR_OK;
}
