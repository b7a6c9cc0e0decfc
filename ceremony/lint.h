/*
 * The linter of certificate profiles: ISO/IEC 18013-5 Annex B for IACA root
 * and document signer, and the same without its purpose for all others. It
 * looks at the certificate's bytes alone and shares no table with what builds
 * them. The rules stand in one table in lint.c.
 */
#ifndef OKSE_CEREMONY_LINT_H
#define OKSE_CEREMONY_LINT_H

#include "base/crypto.h"
#include "ceremony/profile.h"

/*
 * issuer is the issuing certificate; NULL or the certificate itself for a
 * root. Signatures are not verified here. ERR_MISMATCH: the message begins
 * with the profile and the id of the first rule broken.
 */
[[nodiscard]] enum err lint_certificate(X509 *certificate, X509 *issuer,
    enum profile_kind profile, bool rehearsal);

/* How many rules there are for a profile, for a report. */
size_t lint_rules(enum profile_kind profile);

#define REHEARSAL_MARK " (REHEARSAL)"

#endif
