/*
 * The parts of ceremony_verify(): verify.c has the order and what the
 * transcript says, verify_files.c what the files say.
 */
#ifndef OKSE_CEREMONY_VERIFY_H
#define OKSE_CEREMONY_VERIFY_H

#include "ceremony/script.h"
#include "ceremony/transcript.h"

/* A ceremony's directory under examination. */
struct evidence {
	const char		*dir;
	struct bytes		 transcript;	/* what records point into */
	struct records		 records;
	struct script		*script;
	uint8_t			 id[SHARE_ID_SIZE];
	int64_t			 day;
	size_t			 files;		/* FILE records borne out */
	EVP_PKEY		*keys[CEREMONY_KEYS];
	X509			*certificates[SCRIPT_CERTIFICATES];
};

void evidence_done(struct evidence *v);

/* dir/path, appended, as one FILE record says: ERR_MISMATCH, ERR_NOT_FOUND */
[[nodiscard]] enum err evidence_read(struct evidence *v, const char *path,
    struct bytes *out);
/*
 * The one record of a type whose pair key=value is this; key NULL: the one
 * record of its type. ERR_NOT_FOUND, ERR_EXISTS when there are several.
 */
[[nodiscard]] enum err evidence_find(const struct evidence *v,
    enum record_type type, const char *key, const char *value,
    const struct record **out);
/* Its value is this; ERR_MISMATCH. */
[[nodiscard]] enum err record_says(const struct record *r, const char *key,
    struct view value);
[[nodiscard]] enum err record_says_hex(const struct record *r,
    const char *key, struct view value);
[[nodiscard]] enum err record_says_int(const struct record *r,
    const char *key, uint64_t value);

[[nodiscard]] enum err verify_roster(struct evidence *v);
[[nodiscard]] enum err verify_quorum(struct evidence *v);
[[nodiscard]] enum err verify_keys(struct evidence *v);
[[nodiscard]] enum err verify_certificates(struct evidence *v);
[[nodiscard]] enum err verify_log_key(struct evidence *v);

#endif
