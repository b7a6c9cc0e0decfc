/*
 * Certificate profiles as data: which extensions a kind of certificate has and
 * how long it may live. ISO/IEC 18013-5 Annex B for the first two; the others
 * are ours. The linter (lint.h) does not use this table, so that a
 * mistake here is found there.
 */
#ifndef OKSE_CEREMONY_PROFILE_H
#define OKSE_CEREMONY_PROFILE_H

#include <stdbool.h>

enum profile_kind {
	PROFILE_IACA,			/* issuing authority's root, B.1.2 */
	PROFILE_DOCUMENT_SIGNER,	/* B.1.4 */
	PROFILE_QR_SIGNER,
	PROFILE_STATUS_SIGNER,		/* of Token Status Lists */
	PROFILE_METADATA_SIGNER,	/* of what the issuer says of itself */
	PROFILE_LINK,		/* a new authority's key, by the old one */
	PROFILE_COUNT
};

struct profile {
	const char	*name;		/* "document-signer" */
	bool		 root;		/* signs itself */
	int		 max_days;
	const char	*basic_constraints;	/* OpenSSL's x509v3_config */
	const char	*key_usage;
	const char	*extended_key_usage;	/* NULL: not present */
};

const struct profile *profile_of(enum profile_kind kind);

#endif
