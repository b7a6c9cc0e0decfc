/*
 * What a format is to draft.c and credential.c: one row of a table. Only the
 * formats of this folder make drafts, by draft_new().
 */
#ifndef OKSE_CREDENTIAL_FORMAT_H
#define OKSE_CREDENTIAL_FORMAT_H

#include "credential/draft.h"

/* What a document is made of, once signed. */
struct signed_draft {
	const struct draft	*draft;
	struct view		 tail;
	const uint8_t		*signatures;	/* low-S, one a part */
};

struct format {
	enum draft_kind	 kind;
	enum key_use	 use;
	const char	*name;
	/* ERR_SCHEMA unless it has the form that this format makes. */
	enum err	(*check)(struct view tbs);
	/* NULL: there is no tail. Never called with an empty one. */
	enum err	(*check_tail)(struct view tail);
	/* Adds the parts behind the first, of what check() passed. */
	enum err	(*split)(struct view tbs, struct draft *d);
	/* Appends the document; of what check() passed. */
	enum err	(*document)(const struct signed_draft *s,
			    struct bytes *out);
};

extern const struct format format_sdjwt;
extern const struct format format_qr_token;
extern const struct format format_mdoc;
extern const struct format format_vc_jwt;
extern const struct format format_opendid;
extern const struct format format_cwt_qr;
extern const struct format format_status_jwt;
extern const struct format format_status_cwt;
extern const struct format format_metadata;

/*
 * Takes both buffers over, which are empty afterwards: what is signed, and
 * what the document has beside it.
 */
[[nodiscard]] enum err draft_new(enum draft_kind kind,
    struct hash signer, struct bytes *tbs, struct bytes *tail,
    struct draft **out_draft);

/* Takes the buffer over. ERR_SCHEMA over DRAFT_PARTS. */
[[nodiscard]] enum err draft_add_part(struct draft *d, struct bytes *part);

#endif
