/*
 * The predicates of the linter's table: each looks at one thing. Those about
 * names, times and keys are in lint_body.c, about extensions in
 * lint_extension.c.
 */
#ifndef OKSE_CEREMONY_LINT_PARTS_H
#define OKSE_CEREMONY_LINT_PARTS_H

#include "base/crypto.h"
#include "ceremony/profile.h"

struct subject {
	X509			*x;
	X509			*issuer;	/* x itself for a root */
	enum profile_kind	 profile;
	bool			 rehearsal;
};

bool lint_version(const struct subject *s);
bool lint_serial(const struct subject *s);
bool lint_algorithm(const struct subject *s);
bool lint_unique_ids(const struct subject *s);
bool lint_issuer_name(const struct subject *s);
bool lint_name_attributes(const struct subject *s);
bool lint_country(const struct subject *s);
bool lint_place(const struct subject *s);
bool lint_rehearsal_mark(const struct subject *s);
bool lint_time_form(const struct subject *s);
bool lint_time_order(const struct subject *s);
bool lint_20_years(const struct subject *s);
bool lint_457_days(const struct subject *s);
bool lint_within_issuer(const struct subject *s);
bool lint_key(const struct subject *s);
bool lint_own_key(const struct subject *s);

bool lint_extensions_known(const struct subject *s);
bool lint_extensions_once(const struct subject *s);
bool lint_extensions_complete(const struct subject *s);
bool lint_extensions_critical(const struct subject *s);
bool lint_subject_key_id(const struct subject *s);
bool lint_authority_key_id(const struct subject *s);
bool lint_self_issued(const struct subject *s);
bool lint_root_constraints(const struct subject *s);
bool lint_root_usage(const struct subject *s);
bool lint_signer_usage(const struct subject *s);
bool lint_signer_purpose(const struct subject *s);
bool lint_issuer_alt_name(const struct subject *s);
bool lint_issuer_alt_name_copy(const struct subject *s);
bool lint_crl_points(const struct subject *s);

#endif
