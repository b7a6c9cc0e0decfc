/*
 * How far the log has been published, remembered where neither the registry
 * nor the log are: in the daemon's state directory. Restoring both of them
 * together to an old state is noticed by it; restoring all three is not, and
 * witnesses are for that.
 *
 *	file	two slots of MARK_SLOT bytes, written in turn
 *	slot	checkpoint body (audit/note.h), "sha256 <hex of it>\n", zeros
 *
 * A slot that was being written at a crash does not fit its hash: the other
 * one counts.
 */
#ifndef OKSE_SIGNER_NOTARY_MARK_H
#define OKSE_SIGNER_NOTARY_MARK_H

#include "audit/merkle.h"

#define MARK_SLOT 1024

struct mark {
	int		 fd;		/* -1: not open */
	unsigned int	 slot;		/* the next one to write */
	uint64_t	 size;		/* 0: nothing is remembered */
	struct hash	 root;
};

/*
 * Opens or creates dir/log.mark and reads the larger of its slots; one of
 * another origin does not count.
 */
[[nodiscard]] enum err mark_open(const char *dir, const char *origin,
    struct mark *out_mark);
void mark_done(struct mark *m);

/* In the page cache, which a crash of the process leaves alone. */
[[nodiscard]] enum err mark_put(struct mark *m, const char *origin,
    uint64_t size, const struct hash *root);
[[nodiscard]] enum err mark_sync(const struct mark *m);

#endif
