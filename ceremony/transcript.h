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

/* Where a record may stand: before the steps, between them, within one. */
#define PLACE_START	1u
#define PLACE_BETWEEN	2u
#define PLACE_STEP	4u
#define PLACE_ALL	7u

/* name, places, what it says */
#define RECORD_TABLE(X)                                                       \
	X(OPEN, PLACE_START)	/* first: ceremony, mode, name */             \
	X(ENV, PLACE_START)	/* module, tool */                            \
	X(REHEARSAL, PLACE_START) /* root of the rehearsal that was held */   \
	X(PREVIOUS, PLACE_START) /* root of the ceremony that is continued */ \
	X(NODE, PLACE_START) /* root of the ceremony that keys come from */    \
	X(PARTICIPANT, PLACE_START) /* one of them: role, name, key */        \
	X(HASHREAD, PLACE_START) /* a hash was read back from own paper */    \
	X(CLOCK, PLACE_ALL)	/* somebody's own watch against the host's */ \
	X(ROLLCALL, PLACE_ALL)	/* the actor is present, and signed that */   \
	X(FILE, PLACE_START | PLACE_STEP) /* path, length, sha256 */          \
	X(INTENT, PLACE_START | PLACE_BETWEEN) /* a step is to be done */     \
	X(CONFIRM, PLACE_ALL)	/* the actor agrees to what stands before */  \
	X(SHARE, PLACE_STEP)	/* was handed out: seat, commitment */        \
	X(NEGCTRL, PLACE_STEP)	/* what must fail was tried, and failed */    \
	X(POSSESSION, PLACE_STEP) /* the actor entered their share: which */  \
	X(BLANK, PLACE_STEP)	/* to be initialised: label, serial */        \
	X(TOKEN, PLACE_STEP)	/* label, serial, model */                    \
	X(KEYGEN, PLACE_STEP)	/* label, id, spki, attributes */             \
	X(CERT, PLACE_STEP)	/* name, serial, validity, sha256 */          \
	X(CRL, PLACE_STEP)	/* name, number, revoked, sha256 */           \
	X(WRAP, PLACE_STEP)	/* a key is on a medium: copy, sha256 */      \
	X(RESTORE, PLACE_STEP)	/* a copy signs: label, token, challenge */   \
	X(SEAL, PLACE_STEP)	/* nothing takes it out: label, attributes */ \
	X(LOST, PLACE_STEP)	/* a token is given up: token, copies */      \
	X(DESTROY, PLACE_STEP)	/* a key is gone: label, id, spki */          \
	X(RESULT, PLACE_STEP)	/* the step is done */                        \
	X(EXCEPTION, PLACE_ALL)	/* expected, happened, decided */             \
	X(BREAK, PLACE_ALL)	/* the room was left, or entered again */     \
	X(TORN, PLACE_ALL)	/* half a record stood at the end: its hash */ \
	X(RESUME, PLACE_ALL)	/* another process goes on: tool */           \
	X(ABORT, PLACE_ALL)	/* it ended before its time: last */          \
	X(CLOSE, PLACE_START | PLACE_BETWEEN) /* complete: last */

enum record_type {
#define X(name, places) RECORD_##name,
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

struct records;

/*
 * Goes on with a transcript that has no end: r is what transcript_read() found
 * in it, and the torn bytes behind it, if any, are cut off and recorded (TORN,
 * with their number and SHA-256) under step. The file stays locked against a
 * second process: ERR_IN_FLIGHT when another has it.
 */
[[nodiscard]] enum err transcript_continue(const char *path,
    const char *mode, const char *step, const struct records *r,
    struct transcript **out_transcript);

/* ---- reading */

struct record {
	uint64_t		 number;	/* from 1 */
	int64_t			 time;		/* instant */
	uint64_t		 elapsed_ms;	/* since the first record */
	enum record_type	 type;
	struct view		 step, actor, payload;
	struct hash		 hash;
	bool			 superseded;	/* verify.h */
};

/* Views of the text it was read from. */
struct records {
	struct record	*at;
	size_t		 count;
	struct hash	 root;		/* of the last record */
	bool		 ended;		/* by CLOSE or ABORT */
	size_t		 size;		/* bytes that hold the records */
	struct view	 torn;		/* half a record behind them */
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

/*
 * The same of one that may have no end yet, as a crash leaves it: what is
 * behind the last line end is torn, and is no record. ERR_CORRUPT for
 * anything wrong before that, whatever the reason.
 */
[[nodiscard]] enum err transcript_read(struct view text, const char *mode,
    struct records *out_records);

/* One value, unescaped and appended; ERR_NOT_FOUND. */
[[nodiscard]] enum err record_get(const struct record *r, const char *key,
    struct bytes *out);

#endif
