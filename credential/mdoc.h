/*
 * Reading mdocs of the form that mdoc.txt describes, and no other. They may
 * be hostile.
 */
#ifndef OKSE_CREDENTIAL_MDOC_H
#define OKSE_CREDENTIAL_MDOC_H

#include "base/crypto.h"
#include "base/time.h"

/* What a MobileSecurityObject says; views point into it. */
struct mdoc {
	struct view	doctype;
	int64_t		issued, from, until;
	struct view	x, y;		/* of the device's key */
	struct view	digests;	/* valueDigests, checked in form */
	struct view	status_uri;	/* empty: none */
	uint64_t	status_index;
};

/* ERR_SYNTAX names the rule. */
[[nodiscard]] enum err mdoc_get_mso(struct view mso, struct mdoc *out_mdoc);
/* The same inside 24(bstr(…)), as it is signed. */
[[nodiscard]] enum err mdoc_get_payload(struct view payload,
    struct mdoc *out_mdoc);

#endif
