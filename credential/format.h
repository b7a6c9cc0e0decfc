/*
 * What a format is to draft.c: one row of its table. Only the formats of this
 * folder make drafts, by draft_new().
 */
#ifndef OKSE_CREDENTIAL_FORMAT_H
#define OKSE_CREDENTIAL_FORMAT_H

#include "credential/draft.h"

struct format {
	enum draft_kind	 kind;
	enum key_use	 use;
	const char	*name;
	/* ERR_SCHEMA unless both have the form that this format makes. */
	enum err	(*check)(struct view tbs, struct view tail);
	/* Appends the document; what check() passed and a signature. */
	enum err	(*document)(struct view tbs, struct view tail,
			    struct view signature, struct bytes *out);
};

extern const struct format format_sdjwt;
extern const struct format format_qr_token;

/*
 * Takes both buffers over, which are empty afterwards: what is signed, and
 * what the document has beside it.
 */
[[nodiscard]] enum err draft_new(enum draft_kind kind, struct bytes *tbs,
    struct bytes *tail, struct draft **out_draft);

#endif
