/*
 * SD-JWT VC: RFC 9901 and draft-ietf-oauth-sd-jwt-vc-19. What it holds is in
 * sdjwt.txt.
 */
#ifndef OKSE_CREDENTIAL_SDJWT_H
#define OKSE_CREDENTIAL_SDJWT_H

#include "credential/draft.h"
#include "credential/issuer.h"
#include "policy/policy.h"

#define SDJWT_SEED_SIZE 32

/*
 * The draft of the credential that is bound to the request's key number
 * proof_index. The same grant, request, issuer and seed give the same bytes;
 * the order of the members of the request's claims does not matter.
 *
 * ERR_SCHEMA names the claim that is missing, of another type or not of the
 * programme; ERR_INTERNAL when there is no such key, the seed is not
 * SDJWT_SEED_SIZE bytes, or the certificate does not cover the validity.
 */
[[nodiscard]] enum err sdjwt_draft(const struct grant *g,
    const struct request *r, size_t proof_index, const struct issuer *i,
    struct view seed, struct draft **out_draft);

#endif
