/*
 * The first stage: what an upstream system asks for, decoded, complete and
 * typed. The gate fills a struct asked from JSON and encodes it; the notary
 * (and `okse policy explain`) decodes the frame, computing every size itself,
 * and only that makes a struct request:
 *
 *	frame -> struct request -> struct grant -> struct draft -> ticket
 *
 * Shapes are checked here (lengths, counts, enumerations, real dates); what
 * the values mean is the policy's business. Texts are UTF-8 without NUL.
 */
#ifndef OKSE_POLICY_REQUEST_H
#define OKSE_POLICY_REQUEST_H

#include "base/crypto.h"
#include "base/time.h"
#include "policy/value.h"

enum operation {
	OPERATION_QR_TOKEN = 1,		/* POST /v1/qr-tokens */
	OPERATION_CREDENTIAL,		/* POST /v1/credentials */
	OPERATION_STATUS_CHANGE,	/* POST /v1/status-changes */
};

enum purpose {
	PURPOSE_FIRST_ISSUE = 1,
	PURPOSE_REISSUE,
	PURPOSE_REFRESH,
};

/* Of a status change. */
enum action {
	ACTION_SUSPEND = 1,
	ACTION_REINSTATE,
	ACTION_REVOKE,
};

enum evidence_kind {
	EVIDENCE_NONE,
	EVIDENCE_QR_TOKEN,
	EVIDENCE_IC_CARD,
};

/*
 * What the gate established about one openid4vci-proof+jwt: its signature
 * verifies with the key in it. Whether the nonce is ours and fresh is for the
 * notary to find out.
 */
struct device_proof {
	uint8_t		point[P256_POINT_SIZE];
	struct view	nonce;
	struct view	audience;
	int64_t		issued_at;	/* "iat" */
	int64_t		not_before;	/* "nbf", or INT64_MIN */
	int64_t		expires_at;	/* "exp", or INT64_MAX */
};

/* Against attack, as attestations name it: "iso_18045_high", … */
enum resistance {
	RESISTANCE_NONE,
	RESISTANCE_BASIC,
	RESISTANCE_ENHANCED_BASIC,
	RESISTANCE_MODERATE,
	RESISTANCE_HIGH,
};

/*
 * What an attester says of the device's keys, all of which it names. The gate
 * vouches for its signature; whether nonce and times are good is for the
 * notary.
 */
enum attested {
	ATTESTED_NOT,
	ATTESTED_PROOFS,	/* beside proofs of the same keys */
	ATTESTED_ALONE,		/* in place of proofs: OpenID4VCI F.3 */
};
struct asked_attestation {
	enum attested	how;
	enum resistance	key_storage, user_authentication;
	struct view	nonce;		/* empty: none, beside proofs only */
	int64_t		issued_at, not_before, expires_at;	/* as above */
};

#define ASKED_PROOFS 64
#define ASKED_FORMATS 8
#define ASKED_TEXT 128		/* bytes of one identifier */
#define ASKED_QR_TOKEN 2048	/* bytes of a QR token's text */
#define ASKED_BLOB 8192		/* bytes of a chip's certificate or signature */

struct asked {
	enum operation	operation;
	bool		dry_run;	/* POST /v1/decisions */
	bool		pictures;
	struct view	caller;		/* the client's name, by identity */
	struct view	idempotency_key;
	struct view	programme;
	enum purpose	purpose;	/* 0 for a status change */
	enum action	action;		/* 0 for everything else */
	struct view	reason;		/* empty unless given */
	struct {
		struct view	number;		/* as sent: to be judged */
		struct date	birth_date;
		struct view	residence;
		bool		has_card;
		struct view	card_status;
		bool		has_card_date;
		struct date	card_issued_on;
		bool		ic_chip;
	} holder;
	struct {
		enum evidence_kind kind;
		struct view	qr_token;	/* "OKSE1:…" */
		struct view	centre;
		struct view	certificate;	/* DER */
		struct view	challenge;
		struct view	signature;
	} evidence;
	bool		has_device;
	struct view	device_id;
	size_t		proof_count;
	struct device_proof proofs[ASKED_PROOFS];
	struct asked_attestation attestation;
	size_t		format_count;
	struct view	formats[ASKED_FORMATS];
	struct value	claims;		/* VALUE_NONE or VALUE_MAP */
};

/* One name each, as in the API: "qr-token", "first-issue", "ic-card" … */
const char *operation_name(enum operation o);
const char *purpose_name(enum purpose p);
const char *action_name(enum action a);
const char *evidence_name(enum evidence_kind k);
const char *resistance_name(enum resistance r);		/* or "none" */
[[nodiscard]] enum err operation_of(struct view name, enum operation *out);
[[nodiscard]] enum err purpose_of(struct view name, enum purpose *out);
[[nodiscard]] enum err action_of(struct view name, enum action *out);
[[nodiscard]] enum err evidence_of(struct view name, enum evidence_kind *out);
[[nodiscard]] enum err resistance_of(struct view name, enum resistance *out);

/* The frame. Check with bytes_check(). */
void request_encode(const struct asked *asked, struct bytes *out);

struct request;

/*
 * Decodes a frame strictly; the request keeps its own copy. ERR_SYNTAX or
 * ERR_RANGE name the member. The only maker of a struct request.
 */
[[nodiscard]] enum err request_decode(struct view frame,
    struct request **out_request);
void request_free(struct request *r);
AUTO_STRUCT(request);

const struct asked *request_asked(const struct request *r);

/*
 * What makes two requests the same for an Idempotency-Key: the frame without
 * pictures and dry_run, as encoded above. For keyed hashing only: it holds
 * personal data.
 */
struct view request_frame(const struct request *r);

#endif
