/*
 * The steps a script may name. Each is a row of the catalogue in steps.c: what
 * must be so before it, what is so after it, and what does it. The same rows
 * check a script without doing anything and run it.
 */
#ifndef OKSE_CEREMONY_STEPS_H
#define OKSE_CEREMONY_STEPS_H

#include <limits.h>

#include "ceremony/console.h"
#include "ceremony/crl.h"
#include "ceremony/script.h"
#include "ceremony/transcript.h"
#include "pkcs11/generate.h"
#include "pkcs11/register.h"

/* What is read aloud and back before the first step. */
struct ceremony_hashes {
	struct hash	script, program, module, roster;
	struct hash	previous;	/* register, when it continues */
	struct hash	node;		/* register of one that brings keys */
};

/* A ceremony under way. */
struct ceremony {
	enum script_mode	 mode;
	const struct script	*script;
	const char		*dir;
	const char		*module;
	const struct console	*console;
	struct participants	 participants;
	struct ceremony_hashes	 hashes;
	struct key_register	 reg;
	struct transcript	*transcript;
	size_t			 next;		/* step, from 0 */
	bool			 begun;		/* by a process that is gone */
	uint8_t			 id[SHARE_ID_SIZE];
	int64_t			 day;		/* 00:00 UTC, an instant */
	char			 step[64];	/* "3.generate-key" */
	struct secret		*secret;
	struct quorum		 quorum;
	/* what opens the token until its PINs are changed: the secret before,
	   when officers change; at a birth what anybody can compute, and the
	   token is empty. And the root that stays, when they change */
	struct secret		*before, *root;
	struct secret		*backup;	/* what wrapped keys open by */
	struct quorum		 backup_quorum;
	char			 media[REGISTER_MEDIA][PATH_MAX]; /* or "" */
	struct token		*token;		/* logged in */
	struct hash		 drawn;		/* newest of its chance */
	struct token_identity	 identity;
	/* after a crash: what was to get which label, or no label */
	struct token_identity	 blank;
	uint8_t			 ids[CEREMONY_KEYS][CEREMONY_KEY_ID];
	EVP_PKEY		*keys[CEREMONY_KEYS];	/* as in the script */
	X509			*certificates[SCRIPT_CERTIFICATES];
};

void ceremony_done(struct ceremony *c);

/* One line to whoever listens; to the room. */
void ceremony_tell(const struct ceremony_listener *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void ceremony_say(const struct ceremony *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A hash with its name, in digits and words, to be written down or compared */
void ceremony_say_hash(const struct ceremony *c, const char *what,
    const struct hash *h);

/*
 * Walks the steps through the model: every precondition holds, everything the
 * script plans is done once, "close" is last. ERR_SCHEMA with the place.
 */
[[nodiscard]] enum err steps_check(const struct script *s);

/* "3.generate-key", as records name the step at index (from 0). */
void step_word(const struct script *s, size_t index, char out[64]);
/* "generate-key document", for people. */
void step_title(const struct script *s, size_t index, char out[128]);

/* Must a quorum of officers sign before it is done? */
bool step_is_critical(const struct script_step *s);

/* The rest of the script, each step between its INTENT and its RESULT. */
[[nodiscard]] enum err steps_run(struct ceremony *c);

/* ---- what does them; result is the payload of the RESULT record */

[[nodiscard]] enum err step_split_secret(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_prove_quorums(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_split_backup_secret(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_prove_backup_quorums(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_open_backup_secret(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_wrap_keys(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_prove_backups(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_seal_keys(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_declare_lost(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_open_secret(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_restore_keys(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_initialise_token(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_generate_key(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_certify(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_prove_possession(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_open_token(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_change_pins(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_issue_crl(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_approve_policy(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_destroy_key(struct ceremony *c,
    const struct script_step *s, struct payload *result);
[[nodiscard]] enum err step_close(struct ceremony *c,
    const struct script_step *s, struct payload *result);

/*
 * The ceremony in dir is verified, and what it left becomes the beginning of
 * this one; nothing when the script continues none (previous.c). ERR_FORBIDDEN:
 * of another mode; ERR_MISMATCH: not what the script inherits.
 */
[[nodiscard]] enum err ceremony_take_previous(struct ceremony *c,
    const char *dir);
/*
 * The ceremony of a further node in dir is verified, and the public keys that
 * the script has brought become this one's (node.c); nothing when it has none.
 * ERR_FORBIDDEN: of another mode; ERR_MISMATCH: of another installation, or
 * not what the script says; ERR_EXISTS: a label that is taken.
 */
[[nodiscard]] enum err ceremony_take_node(struct ceremony *c,
    const char *dir);
/* What of a register a further node begins with. */
void register_branch(struct key_register *r);
/* Its keys and certificates, from the files in c->dir and c->reg. */
[[nodiscard]] enum err ceremony_inherit(struct ceremony *c);

/*
 * The two secrets that officers hold shares of: what they are called in
 * records and files.
 */
struct sharing {
	enum share_of	 of;
	const char	*record;	/* "ceremony/quorum.txt" */
	const char	*file;		/* "share": officers/1.share.cms */
	const char	*seat;		/* key of a SHARE record */
	const char	*tried;		/* of its NEGCTRL record */
};
const struct sharing *sharing_of(enum share_of of);

/* One officer's share, asked for until it is right. */
[[nodiscard]] enum err ceremony_take_share(struct ceremony *c,
    const struct participant *p, enum share_of of, struct share *out);
/* The token of the register, opened with the PIN of a secret. */
[[nodiscard]] enum err ceremony_reopen(struct ceremony *c,
    const struct secret *secret);
/* The PINs of c->before become those of c->secret; the token is closed. */
[[nodiscard]] enum err ceremony_change_pins(struct ceremony *c);
/*
 * What the key must not allow is tried, and the refusals recorded; as: "label",
 * or "copy-of" one that is not in the register's token.
 */
[[nodiscard]] enum err ceremony_probe(struct ceremony *c, const char *as,
    enum key_type type, const char *label, struct view id);
/* A key's attributes as the token tells them, for a record. */
void ceremony_put_attributes(const struct key_record *r, struct payload *p);
/* as: "label", or "backup" of the second token */
[[nodiscard]] enum err ceremony_record_token(struct ceremony *c,
    const char *as);
/*
 * A blank token gets this label and the PINs of secret, and is open; or that
 * goes on after a crash. c->identity says what it is.
 */
[[nodiscard]] enum err ceremony_make_token(struct ceremony *c,
    const char *label, const struct secret *secret);
/*
 * What a birth gives the blank token PINs by, before there is a secret: the
 * hash of the ceremony's id, known to everybody.
 */
[[nodiscard]] enum err ceremony_provisional(const struct ceremony *c,
    struct secret **out);
/*
 * Bytes from the host and from the open token, combined by exclusive or: as
 * good as the better of the two. ERR_TOKEN: the token repeats itself.
 */
[[nodiscard]] enum err ceremony_random(struct ceremony *c, uint8_t *out,
    size_t len);
/* The key at an index of the script, to be found in a token. */
struct key_spec ceremony_key_spec(const struct ceremony *c, size_t at);
/*
 * The token's objects against the register: both halves of each live key, of
 * its label, id and type, none that says it may leave, each signing under the
 * public key that was recorded; and nothing that nobody recorded. Errors of
 * token_account() and token_key_find().
 */
[[nodiscard]] enum err ceremony_compare_objects(struct ceremony *c,
    int64_t *out_objects);

/* The key of a certificate of the script, in the token, as its signer. */
[[nodiscard]] enum err ceremony_signer(struct ceremony *c, int certificate,
    struct key **out_key, struct certificate_signer *out_signer);

/* What a list of the script is to be; certificates are the script's. */
struct step_crl {
	struct crl_plan		plan;
	struct crl_revoked	revoked[SCRIPT_REVOKED];
};
[[nodiscard]] enum err step_crl_plan(const struct script *s,
    const struct script_crl *l, int64_t day,
    X509 *const certificates[SCRIPT_CERTIFICATES], struct step_crl *out);

/* The token of c->identity, opened and logged in. */
[[nodiscard]] enum err ceremony_open_token(struct ceremony *c,
    const struct secret *pin);

/* The secret, or the backup's, from shares of holders who are present. */
[[nodiscard]] enum err ceremony_open_secret(struct ceremony *c,
    const struct participant *holders, enum share_of of,
    struct secret **out);

/* ---- wrapped keys (step_backup.c, medium.c) */

/* The key they are wrapped under, of c->backup, and what tells it. */
[[nodiscard]] enum err ceremony_kek(const struct ceremony *c,
    struct secret **out_kek);
/*
 * Unwraps the key at an index of the script into the open token, where it
 * signs, and records that (RESTORE). ERR_MISMATCH, ERR_SIGNATURE: it is not
 * the key of the register.
 */
[[nodiscard]] enum err ceremony_restore(struct ceremony *c, size_t at,
    struct view wrapped);
/* What a restored key signs: that it is where, in which ceremony. */
void restore_message(const uint8_t id[SHARE_ID_SIZE], const char *label,
    const char *serial, struct view challenge, struct bytes *out);

/*
 * Closes the open token and opens another that the register knows; its own
 * again with ceremony_reopen(). ERR_NOT_FOUND.
 */
[[nodiscard]] enum err ceremony_open_known(struct ceremony *c,
    const char *label, const char *serial);
/*
 * Are no objects of the key in the token that is open? Asked by a process of
 * its own that loads the module anew: this one may remember. The token is
 * closed and opened again. ERR_TOKEN: they are.
 */
[[nodiscard]] enum err ceremony_prove_absent(struct ceremony *c,
    const struct register_key *k);

/* A file on a medium, which the room is asked to bring: "LABEL.wrapped". */
[[nodiscard]] enum err medium_write(struct ceremony *c, unsigned int medium,
    const char *label, struct view wrapped);
/* ERR_MISMATCH: not what has this hash. */
[[nodiscard]] enum err medium_read(struct ceremony *c, unsigned int medium,
    const char *label, const struct hash *wanted, struct bytes *out);
/* Removed; ERR_MISMATCH: it is not what has this hash, and stays. */
[[nodiscard]] enum err medium_remove(struct ceremony *c, unsigned int medium,
    const char *label, const struct hash *wanted);

/* ---- people (attend.c, attend_open.c) */

/* Hashes read back, watches compared, everyone's signature: the opening. */
[[nodiscard]] enum err attend_open(struct ceremony *c);
/*
 * Who is here signs. ERR_FORBIDDEN: too few officers, or nobody who watches;
 * all of them where shares are handed out.
 */
[[nodiscard]] enum err attend_roll_call(struct ceremony *c);
/* That many officers sign that they agree to the newest record. */
[[nodiscard]] enum err attend_agree(struct ceremony *c, size_t officers);
/*
 * One participant's signature over any message, asked for until it is right.
 */
[[nodiscard]] enum err attend_sign(struct ceremony *c,
    const struct participant *p, struct view message,
    struct bytes *out_signature);
/* One officer is asked, and signs it as `what`, unless they say no. */
[[nodiscard]] enum err attend_attest(struct ceremony *c,
    struct participant *p, const char *what, const char *about,
    bool *out_agreed);
/* Somebody presses Enter. */
[[nodiscard]] enum err attend_enter(struct ceremony *c, const char *text);
/*
 * Asks. At any question the room may answer "exception", "break" or "abort":
 * the first two are recorded and the question is asked again, the third is
 * ERR_REFUSED.
 */
[[nodiscard]] enum err attend_ask(struct ceremony *c,
    const struct question *q, struct bytes *out);
/* Everyone present says agree or disagree to the root, and signs it. */
[[nodiscard]] enum err attend_verdicts(struct ceremony *c);

/* ---- practice officers (practice.c) */

/* Makes keys for everybody, as files in dir/officers. */
[[nodiscard]] enum err practice_make(struct ceremony *c);
/* A file of theirs: "officers/1.share", "officers/former-1.share" */
[[nodiscard]] enum err practice_path(const char *dir,
    const struct participant *p, const char *suffix, char out[PATH_MAX]);
/* Answers for them; context is the ceremony, listener hears what is said. */
struct practice {
	const char			*dir;
	struct ceremony_listener	 listener;
};
struct console practice_console(struct practice *p);

/* ---- the rehearsal that production asks for (rehearsed.c) */

struct rehearsed {
	struct hash	root;
	int64_t		held;		/* when it ended */
};

/*
 * The rehearsal in dir verifies, is of this script and of this program, and
 * was held within so many days: ERR_FORBIDDEN says what it lacks.
 */
[[nodiscard]] enum err rehearsal_check(const char *dir, struct view script,
    int64_t days, struct rehearsed *out);

/* ---- going on after a crash (resume.c) */

struct evidence;

/*
 * Brings c, which has dir, module and console, to where the ceremony of v
 * ended: participants, keys, certificates, token, secret (from the officers'
 * shares), next step; v must outlive it. ERR_MISMATCH: another program or
 * module than it began with; ERR_EXISTS: it has ended; ERR_NOT_FOUND: it has
 * not begun.
 */
[[nodiscard]] enum err ceremony_resume_state(struct evidence *v,
    struct ceremony *c);

/* SHA-256 of a program or module. */
[[nodiscard]] enum err ceremony_program_hash(const char *path,
    struct hash *out);

/* ---- shares (share_cms.c) */

/* A share's line for one recipient: CMS EnvelopedData in PEM (RFC 5652 6). */
[[nodiscard]] enum err share_seal(const struct secret *line, X509 *recipient,
    struct bytes *out_pem);
[[nodiscard]] enum err share_unseal(struct view pem, X509 *recipient,
    EVP_PKEY *key, struct secret **out_line);

/* ---- what they share (output.c) */

/* A record of the current step by the operator; p NULL: no payload. */
[[nodiscard]] enum err ceremony_record(struct ceremony *c,
    enum record_type type, const struct payload *p);
/* The same by a participant. */
[[nodiscard]] enum err ceremony_record_by(struct ceremony *c,
    enum record_type type, const char *as, const struct payload *p);
/* Creates dir/path and records it as FILE. */
[[nodiscard]] enum err ceremony_write(struct ceremony *c, const char *path,
    struct view content);
/* The FILE record alone, for what is there already. */
[[nodiscard]] enum err ceremony_record_file(struct ceremony *c,
    const char *path, struct view content);

#endif
