/*
 * Memory and ownership. malloc and free live only in base/: memory is zero on
 * arrival and wiped on release.
 *
 *	AUTO(draft) d = NULL;		draft_free(d) when the scope ends
 *	AUTO_DONE(bytes) b = { 0 };	bytes_done(&b) when the scope ends
 *	*out_draft = STEAL(d);		hand over as the last act
 */
#ifndef OKSE_BASE_MEM_H
#define OKSE_BASE_MEM_H

#include <stddef.h>

#include "base/err.h"

/*
 * Makes AUTO(name) usable for pointers to ctype, released by free_fn, which
 * must accept NULL. AUTO_STRUCT(x) is the common case of struct x and
 * x_free(); OpenSSL's types are made usable in base/crypto.h.
 */
#define AUTO_DEFINE(name, ctype, free_fn)                                     \
	typedef ctype *auto_type_##name;                                      \
	static inline void auto_free_##name(auto_type_##name *p)              \
	{                                                                     \
		free_fn(*p);                                                  \
	}                                                                     \
	struct auto_semicolon_
#define AUTO_STRUCT(name) AUTO_DEFINE(name, struct name, name##_free)
#define AUTO(name)                                                            \
	__attribute__((cleanup(auto_free_##name))) auto_type_##name
#define AUTO_DONE(name)                                                       \
	__attribute__((cleanup(name##_done))) struct name

#define STEAL(v)                                                              \
	(__extension__({                                                      \
		__typeof__(v) steal_ = (v);                                   \
		(v) = NULL;                                                   \
		steal_;                                                       \
	}))

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* count * size zero bytes, or NULL (also when the product overflows). */
[[nodiscard]] void *mem_new(size_t count, size_t size)
    __attribute__((malloc));

/*
 * Grows or shrinks what mem_new() gave to count * size bytes: the common part
 * kept, the rest zero, the old block wiped. NULL leaves the old one as it is.
 */
[[nodiscard]] void *mem_resize(void *p, size_t count, size_t size);

/* Wipes and releases what mem_new() gave; NULL is ignored. */
void mem_free(void *p);

/* A copy of a C string; NULL when out of memory. */
[[nodiscard]] char *mem_text(const char *text);

AUTO_DEFINE(text, char, mem_free);

/*
 * A secret: its own locked pages, left out of core dumps, wiped in children
 * and on release. len is what is in use.
 */
struct secret;
[[nodiscard]] enum err secret_new(size_t len, struct secret **out_secret);
void secret_free(struct secret *s);
unsigned char *secret_at(struct secret *s);
const unsigned char *secret_peek(const struct secret *s);
size_t secret_len(const struct secret *s);
AUTO_STRUCT(secret);

/*
 * No core, and nobody but root looks into this process: what passes through
 * it on its way into a secret is in other memory for a moment.
 */
[[nodiscard]] enum err mem_guard_process(void);

#endif
