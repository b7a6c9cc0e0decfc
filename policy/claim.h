/*
 * What a programme's credentials say, and where each claim goes: read from
 * the programme's YAML, consumed by credential/. docs/formats.md tells what
 * becomes of it.
 */
#ifndef OKSE_POLICY_CLAIM_H
#define OKSE_POLICY_CLAIM_H

#include "policy/value.h"

/* Formats of credentials, by their names in the API. */
enum credential_format {
	FORMAT_SD_JWT,		/* "dc+sd-jwt" */
	FORMAT_MDOC,		/* "mso_mdoc" */
	FORMAT_VC_JWT,		/* "vc+jwt" */
	FORMAT_OPENDID,		/* "opendid-vc" */
	FORMAT_CWT_QR,		/* "cwt-qr" */
};
#define FORMAT_BIT(format) (UINT32_C(1) << (format))

[[nodiscard]] enum err format_of(struct view name,
    enum credential_format *out_format);

enum claim_type {
	CLAIM_STRING,
	CLAIM_DATE,		/* YYYY-MM-DD */
	CLAIM_INTEGER,
	CLAIM_BOOLEAN,
	CLAIM_MAP,		/* members are strings */
	CLAIM_LIST,		/* of strings */
	CLAIM_INSTANT,		/* YYYY-MM-DDThh:mm:ssZ */
	CLAIM_PORTRAIT,		/* a JPEG in base64 (RFC 4648 4) */
	CLAIM_PRIVILEGES,	/* driving_privileges: ISO/IEC 18013-5 7.2.4 */
};

enum disclosure {
	DISCLOSE_SELECTIVELY,	/* the holder chooses */
	DISCLOSE_ALWAYS,	/* in the clear for every verifier */
	DISCLOSE_NEVER,		/* not in this format at all */
};

enum characters {
	CHARACTERS_ANY,
	CHARACTERS_LATIN,	/* ISO/IEC 8859-1, as ISO/IEC 18013-5 wants */
};

struct claim_range {		/* both 0: no bounds */
	int64_t	min, max;
};

/* What something is called in a language (RFC 5646). */
struct display {
	const char	*locale, *name;
};

struct displays {
	struct display	*at;
	size_t		 count;
};

struct claim_spec {
	const char	*name;
	enum claim_type	 type;
	bool		 required;
	uint32_t	 required_for;	/* formats that cannot do without */
	uint32_t	 formats;	/* where it goes */
	int64_t		 min, max;	/* of an integer; of a text, bytes */
	int		 characters;	/* of a text */
	const char	*value;		/* the only one it may have, or NULL */
	struct {			/* of a map, its members; 0: any */
		const char	**at;
		size_t		  count;
	} members;
	struct claim_range width, height;	/* of a portrait, in pixels */

	enum disclosure	 disclosure;	/* dc+sd-jwt */
	bool		 apart;		/* … each member by itself */
	const char	*namespace;	/* mso_mdoc; NULL: the programme's */
	const char	*element;	/* … NULL: the claim's name */
	const char	*caption;	/* opendid-vc; NULL: the claim's name */
	int64_t		 label;		/* cwt-qr: of claim 169; 0: none */
	struct displays	 display;	/* for wallets */
};

/*
 * NULL when v is of the spec's type, within its bounds and clean: texts are
 * NFC and without control characters. Otherwise what is wrong, in words that
 * tell nothing of the value.
 */
const char *claim_wrong(const struct claim_spec *spec, const struct value *v);

/* What the formats know of the programme; a NULL name: not offered. */
struct mdoc_spec {
	const char	*doctype;
	const char	*namespace;	/* of claims that name no other */
	int64_t		 decoys;	/* digests of nothing, in each */
};

struct sd_jwt_spec {
	int64_t		 decoys;
};

struct vc_spec {
	const char	*type;		/* beside VerifiableCredential */
	const char	*context;	/* beside the W3C's */
};

struct opendid_spec {
	const char	*issuer;	/* a DID */
	const char	*issuer_name;
	const char	*method;	/* verificationMethod, of that DID */
	const char	*schema;	/* URI of the VC schema */
	const char	*namespace;	/* in front of each claim's code */
	const char	*language;
	const char	*verifier;	/* DID of who saw the evidence */
	const char	*document;	/* which document was seen */
};

struct cwt_qr_spec {
	const char	*language;	/* ISO 639-3 */
};

#endif
