/*
 * The steps a script may name. Each is a row of the catalogue in steps.c: what
 * must be so before it, what is so after it, and what does it. The same rows
 * check a script without doing anything and run it.
 */
#ifndef OKSE_CEREMONY_STEPS_H
#define OKSE_CEREMONY_STEPS_H

#include "ceremony/script.h"
#include "ceremony/transcript.h"

/* A ceremony under way. */
struct ceremony {
	const struct script	*script;
	const char		*dir;
	const char		*module;
	const struct ceremony_listener *listener;
	struct transcript	*transcript;
	uint8_t			 id[SHARE_ID_SIZE];
	int64_t			 day;		/* 00:00 UTC, an instant */
	char			 step[64];	/* "3.generate-key" */
	struct secret		*secret;
	struct quorum		 quorum;
	struct token		*token;		/* logged in */
	struct token_identity	 identity;
	uint8_t			 ids[CEREMONY_KEYS][CEREMONY_KEY_ID];
	EVP_PKEY		*keys[CEREMONY_KEYS];	/* as in the script */
	X509			*certificates[SCRIPT_CERTIFICATES];
};

void ceremony_done(struct ceremony *c);

/* One line to whoever listens. */
void ceremony_tell(const struct ceremony_listener *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Walks the steps through the model: every precondition holds, everything the
 * script plans is done once, "close" is last. ERR_SCHEMA with the place.
 */
[[nodiscard]] enum err steps_check(const struct script *s);

/* "3.generate-key", as records name the step at index (from 0). */
void step_word(const struct script *s, size_t index, char out[64]);
/* "generate-key document", for people. */
void step_title(const struct script *s, size_t index, char out[128]);

/* All of the script, each step between its INTENT and its RESULT. */
[[nodiscard]] enum err steps_run(struct ceremony *c);

/* ---- what does them; result is the payload of the RESULT record */

[[nodiscard]] enum err step_split_secret(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_prove_quorums(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_initialise_token(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_generate_key(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_certify(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_close(struct ceremony *c,
    const struct script_step *s, struct payload *result);

/*
 * The practice officers' keys and the roster of them (officers.c), created
 * and recorded.
 */
[[nodiscard]] enum err ceremony_make_officers(struct ceremony *c);

/* ---- what they share (output.c) */

/* A record of the current step by the operator; p NULL: no payload. */
[[nodiscard]] enum err ceremony_record(struct ceremony *c,
    enum record_type type, const struct payload *p);
/* Creates dir/path and records it as FILE. */
[[nodiscard]] enum err ceremony_write(struct ceremony *c, const char *path,
    struct view content);
/* The FILE record alone, for what is there already. */
[[nodiscard]] enum err ceremony_record_file(struct ceremony *c,
    const char *path, struct view content);
/* Where officers' shares lie in dir: "officers/2.share" */
void share_path(unsigned int seat, char out[32]);

#endif
