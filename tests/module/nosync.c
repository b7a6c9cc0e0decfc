/*
 * Preloaded, durability costs nothing and is worth nothing: for measuring
 * what it costs (tests/bench/log.mjs).
 */
#include <fcntl.h>
#include <unistd.h>

int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int
sync_file_range(int fd, off64_t from, off64_t bytes, unsigned int flags)
{
	(void)fd;
	(void)from;
	(void)bytes;
	(void)flags;
	return 0;
}
