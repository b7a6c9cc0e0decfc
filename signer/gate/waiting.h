/* Inside pending.c and granted.c: one request in flight. */
#ifndef OKSE_SIGNER_GATE_WAITING_H
#define OKSE_SIGNER_GATE_WAITING_H

#include "credential/draft.h"
#include "signer/gate/pending.h"

struct part {
	struct draft	*draft;
	struct bytes	 signatures;	/* empty: not signed yet */
	uint64_t	 place;		/* in the status list */
};

struct waiting {
	struct waiting	*next;		/* of its bucket */
	uint64_t	 id;
	struct origin	 origin;
	int64_t		 deadline;
	enum pending_kind kind;
	bool		 pictures;
	struct hash	*keys;		/* thumbprints of the device's keys */
	size_t		 key_count;
	struct part	*parts;
	size_t		 part_room;

	/* once granted */
	bool		 granted;
	size_t		 part_count;
	struct bytes	 decision, log;	/* JSON */
	struct bytes	 status_uri;	/* empty: there is no list */
	int64_t		 valid_from, valid_until, administrative_expiry;
};

/* The answer, once all parts are there. */
[[nodiscard]] enum err waiting_put_granted(const struct waiting *w,
    struct bytes *out);

#endif
