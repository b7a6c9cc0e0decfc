/*
 * The table of certificate profiles. Our own constants, read by certificate.c
 * and script.c.
 */
#include "ceremony/profile.h"

/* ISO/IEC 18013-5 Annex B; document signers live at most 457 days (B.1.4). */
static const struct profile profiles[PROFILE_COUNT] = {
	[PROFILE_IACA] = {
		.name = "iaca",
		.root = true,
		.max_days = 20 * 365,
		.basic_constraints = "critical,CA:TRUE,pathlen:0",
		.key_usage = "critical,keyCertSign,cRLSign",
	},
	[PROFILE_DOCUMENT_SIGNER] = {
		.name = "document-signer",
		.max_days = 457,
		.key_usage = "critical,digitalSignature",
		.extended_key_usage = "critical,1.0.18013.5.1.2",
	},
	/* no mdoc EKU: none of these may ever pass for a document signer */
	[PROFILE_QR_SIGNER] = {
		.name = "qr-signer",
		.max_days = 457,
		.key_usage = "critical,digitalSignature",
	},
	/* id-kp-oauthStatusSigning has no number yet, and is optional */
	[PROFILE_STATUS_SIGNER] = {
		.name = "status-signer",
		.max_days = 457,
		.key_usage = "critical,digitalSignature",
	},
	[PROFILE_METADATA_SIGNER] = {
		.name = "metadata-signer",
		.max_days = 457,
		.key_usage = "critical,digitalSignature",
	},
	/* self-issued: so it does not count against pathLenConstraint */
	[PROFILE_LINK] = {
		.name = "iaca-link",
		.max_days = 20 * 365,
		.basic_constraints = "critical,CA:TRUE,pathlen:0",
		.key_usage = "critical,keyCertSign,cRLSign",
	},
};

const struct profile *
profile_of(enum profile_kind kind)
{
	return &profiles[kind];
}
