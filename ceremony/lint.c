/*
 * Certificate rules as a table: id, what is wanted and by which clause, for
 * which profiles, a predicate. The certificate may be anybody's: the verifier
 * runs the same rules over files it was handed.
 * ISO/IEC 18013-5:2021 Annex B is cited as "B", RFC 5280 by number.
 */
#include "ceremony/lint.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "ceremony/lint_parts.h"

#define ROOT	(1u << PROFILE_IACA)
#define SIGNER	(1u << PROFILE_DOCUMENT_SIGNER)
#define OURS	(1u << PROFILE_QR_SIGNER | 1u << PROFILE_STATUS_SIGNER | \
	1u << PROFILE_METADATA_SIGNER)
#define LEAF	(SIGNER | OURS)
#define LINK	(1u << PROFILE_LINK)
#define ALL	(ROOT | LEAF | LINK)

static const struct rule {
	const char	*id;
	const char	*wanted;
	unsigned int	 profiles;
	bool		 (*holds)(const struct subject *s);
} rules[] = {
	{ "version", "version 3 (B)", ALL, lint_version },
	{ "serial", "a positive serial of 63 bits to 20 octets (B; RFC 5280 "
	    "4.1.2.2)", ALL, lint_serial },
	{ "algorithm", "ECDSA with SHA-2, without parameters, inside as "
	    "outside (RFC 5758 3.2)", ALL, lint_algorithm },
	{ "unique-ids", "no unique identifiers (RFC 5280 4.1.2.8)", ALL,
	    lint_unique_ids },
	{ "issuer-name", "the issuer's subject, byte for byte (B)", ALL,
	    lint_issuer_name },
	{ "name-attributes", "C and CN, at most ST and O beside them, each "
	    "once (B)", ALL, lint_name_attributes },
	{ "country", "two capital letters as PrintableString (B)", ALL,
	    lint_country },
	{ "country-of-issuer", "C and ST of the issuer (B)", LEAF | LINK,
	    lint_place },
	{ "rehearsal-mark", "\"(REHEARSAL)\" in the CN of rehearsals and of "
	    "nothing else", ALL, lint_rehearsal_mark },
	{ "self-issued", "its subject the issuer's, so that it does not count "
	    "as intermediate (RFC 5280 6.1)", LINK, lint_self_issued },
	{ "time-form", "UTCTime to 2049, GeneralizedTime from 2050, in Z "
	    "(RFC 5280 4.1.2.5)", ALL, lint_time_form },
	{ "time-order", "notBefore before notAfter", ALL, lint_time_order },
	{ "root-validity", "at most 20 years (B)", ROOT | LINK,
	    lint_20_years },
	{ "signer-validity", "at most 457 days (B)", LEAF, lint_457_days },
	{ "within-issuer", "validity within the issuer's", LEAF | LINK,
	    lint_within_issuer },
	{ "key", "an EC key on P-256, P-384 or P-521, curve by name, point "
	    "uncompressed (B)", ALL, lint_key },
	{ "own-key", "another key than the issuer's", LEAF | LINK,
	    lint_own_key },
	{ "extensions-known", "no extension beside those of the profile (B)",
	    ALL, lint_extensions_known },
	{ "extensions-once", "no extension twice (RFC 5280 4.2)", ALL,
	    lint_extensions_once },
	{ "extensions-complete", "every extension of the profile (B)", ALL,
	    lint_extensions_complete },
	{ "extensions-critical", "critical flags as in the profile (B)", ALL,
	    lint_extensions_critical },
	{ "subject-key-id", "SHA-1 of the public key's BIT STRING (B)", ALL,
	    lint_subject_key_id },
	{ "authority-key-id", "the issuer's subjectKeyIdentifier and nothing "
	    "else (B)", ALL, lint_authority_key_id },
	{ "root-constraints", "CA, pathLenConstraint 0 (B)", ROOT | LINK,
	    lint_root_constraints },
	{ "root-usage", "exactly keyCertSign and cRLSign (B)", ROOT | LINK,
	    lint_root_usage },
	{ "signer-usage", "exactly digitalSignature (B)", LEAF,
	    lint_signer_usage },
	{ "signer-purpose", "exactly 1.0.18013.5.1.2 (B)", SIGNER,
	    lint_signer_purpose },
	{ "issuer-alt-name", "only e-mail addresses and URIs (B)", ALL,
	    lint_issuer_alt_name },
	{ "issuer-alt-name-copy", "the issuer's issuerAltName (B)", LEAF | LINK,
	    lint_issuer_alt_name_copy },
	{ "crl-points", "URIs, without reasons and cRLIssuer (B)", ALL,
	    lint_crl_points },
};

size_t
lint_rules(enum profile_kind profile)
{
	size_t n = 0;

	for (size_t i = 0; i < COUNT(rules); i++)
		n += rules[i].profiles >> profile & 1;
	return n;
}

enum err
lint_certificate(X509 *certificate, X509 *issuer, enum profile_kind profile,
    bool rehearsal)
{
	struct subject s = {
		.x = certificate,
		.issuer = issuer != NULL ? issuer : certificate,
		.profile = profile,
		.rehearsal = rehearsal,
	};

	for (size_t i = 0; i < COUNT(rules); i++) {
		const struct rule *r = &rules[i];

		if ((r->profiles >> profile & 1) == 0 || r->holds(&s))
			continue;
		(void)err_openssl(r->id);	/* empties the queue */
		return err_because(ERR_MISMATCH, "%s: %s: wanted %s",
		    profile_of(profile)->name, r->id, r->wanted);
	}
	return ERR_OK;
}
