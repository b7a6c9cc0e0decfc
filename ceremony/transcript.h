/*
 * The ceremony's transcript: one record a line, each chained to the one
 * before by its hash, durable before the writer goes on (transcript.txt
 * describes the format).
 */
#ifndef OKSE_CEREMONY_TRANSCRIPT_H
#define OKSE_CEREMONY_TRANSCRIPT_H

#include <stdbool.h>

#include "base/crypto.h"

#define TRANSCRIPT_LINE 8192	/* bytes of a line with its line end */
#define TRANSCRIPT_SIZE ((size_t)16 << 20)
#define PAYLOAD_PAIRS 48

#define RECORD_TABLE(X)                                                       \
	X(OPEN)		/* first: ceremony, mode, script */                   \
	X(ENV)		/* module, tool */                                    \
	X(FILE)		/* a file of the ceremony: path, length, sha256 */    \
	X(INTENT)	/* a step is about to be done */                      \
	X(SHARE)	/* a share was handed out: seat, commitment */        \
	X(NEGCTRL)	/* something that must fail was tried, and failed */  \
	X(TOKEN)	/* a token: label, serial, model */                    \
	X(KEYGEN)	/* a key: label, id, spki, attributes */              \
	X(CERT)		/* a certificate: name, serial, validity, sha256 */   \
	X(RESULT)	/* the step is done */                                \
	X(ABORT)	/* the ceremony ended before its time: last */        \
	X(CLOSE)	/* complete: last */

enum record_type {
#define X(name) RECORD_##name,
	RECORD_TABLE(X)
#undef X
	RECORD_TYPES
};

/* key=value pairs; all zero is empty. */
struct payload {
	size_t	 count;
	bool	 failed;	/* remembered until transcript_put() */
	struct {
		char	*key;
		char	*value;		/* as given, unescaped */
	} pairs[PAYLOAD_PAIRS];
};

void payload_done(struct payload *p);
/* key: a-z, 0-9, "-" and "_", each once. value: printable ASCII or UTF-8. */
void payload_put(struct payload *p, const char *key, const char *value);
void payload_put_int(struct payload *p, const char *key, int64_t value);
void payload_put_hex(struct payload *p, const char *key, struct view value);

/* ---- writing */

struct transcript;

/* Creates the file. mode ("rehearsal") goes into every hash. ERR_EXISTS */
[[nodiscard]] enum err transcript_create(const char *path, const char *mode,
    struct transcript **out_transcript);
void transcript_free(struct transcript *t);
AUTO_STRUCT(transcript);

/*
 * Adds a record and makes it durable. step ("3.generate-key") and actor
 * ("operator") are printable without "|". A failure is final: every later
 * call returns it again, since what stands in the file is then unknown.
 * ERR_RANGE also when the wall clock went back.
 */
[[nodiscard]] enum err transcript_put(struct transcript *t,
    enum record_type type, const char *step, const char *actor,
    const struct payload *p);

/* The hash of the newest record. */
struct hash transcript_root(const struct transcript *t);

/* ---- reading */

struct record {
	uint64_t		 number;	/* from 1 */
	int64_t			 time;		/* instant */
	uint64_t		 elapsed_ms;	/* since the first record */
	enum record_type	 type;
	struct view		 step, actor, payload;
	struct hash		 hash;
};

/* Views of the text it was read from. */
struct records {
	struct record	*at;
	size_t		 count;
	struct hash	 root;		/* of the last record */
};

void records_done(struct records *r);

/*
 * Checks form, chain and order: OPEN first and once; CLOSE last and once;
 * numbers without a gap; times that never go back; INTENT and RESULT of one
 * step in pairs with only that step's records between. The text must outlive
 * the records. ERR_CORRUPT names the first wrong record; ERR_MISMATCH: it
 * ends with ABORT, or is not of this mode.
 */
[[nodiscard]] enum err transcript_verify(struct view text, const char *mode,
    struct records *out_records);

/* One value, unescaped and appended; ERR_NOT_FOUND. */
[[nodiscard]] enum err record_get(const struct record *r, const char *key,
    struct bytes *out);

#endif
