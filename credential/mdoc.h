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

/* From 24(bstr(MSO)), as it is signed. ERR_SYNTAX names the rule. */
[[nodiscard]] enum err mdoc_get_payload(struct view payload,
    struct mdoc *out_mdoc);

#endif
