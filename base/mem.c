/*
 * The only allocator. Each block carries its size in front, so that release
 * can wipe all of it without asking the caller.
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* keeps what follows aligned as malloc() would */
union head {
	size_t		size;
	max_align_t	align;
};

void *
mem_new(size_t count, size_t size)
{
	union head *h;
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) ||
	    bytes > SIZE_MAX - sizeof(*h))
		return NULL;
	if ((h = calloc(1, sizeof(*h) + bytes)) == NULL)
		return NULL;
	h->size = bytes;
	return h + 1;
}

void *
mem_resize(void *p, size_t count, size_t size)
{
	union head *old = p != NULL ? (union head *)p - 1 : NULL;
	void *fresh = mem_new(count, size);

	if (fresh == NULL || old == NULL)
		return fresh;
	memcpy(fresh, p, old->size < count * size ? old->size : count * size);
	mem_free(p);
	return fresh;
}

void
mem_free(void *p)
{
	union head *h;

	if (p == NULL)
		return;
	h = (union head *)p - 1;
	explicit_bzero(p, h->size);
	free(h);
}

char *
mem_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = mem_new(size, 1);

	if (copy != NULL)
		memcpy(copy, text, size);
	return copy;
}

struct secret {
	size_t		len;
	size_t		mapped;
	unsigned char	at[];
};

enum err
secret_new(size_t len, struct secret **out_secret)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = (sizeof(struct secret) + len + page - 1) / page * page;
	struct secret *s;

	if (len > 4096)
		return err_because(ERR_RANGE,
		    "a secret has at most 4096 bytes, got %zu", len);
	s = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return err_system("mmap of a secret");
	if (mlock(s, mapped) == -1 ||
	    madvise(s, mapped, MADV_DONTDUMP) == -1 ||
	    madvise(s, mapped, MADV_WIPEONFORK) == -1) {
		enum err e = err_system("locking a secret in memory");

		munmap(s, mapped);
		return e;
	}
	s->len = len;
	s->mapped = mapped;
	*out_secret = s;
	return ERR_OK;
}

void
secret_free(struct secret *s)
{
	size_t mapped;

	if (s == NULL)
		return;
	mapped = s->mapped;
	explicit_bzero(s, mapped);
	munmap(s, mapped);
}

unsigned char *
secret_at(struct secret *s)
{
	return s->at;
}

const unsigned char *
secret_peek(const struct secret *s)
{
	return s->at;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

enum err
mem_guard_process(void)
{
	struct rlimit none = { 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1)
		return err_system("no core dumps");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return err_system("not dumpable");
	return ERR_OK;
}
