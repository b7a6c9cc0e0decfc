/*
 * A verification under way: what verify.c (entries) and verify_files.c (files
 * against what the entries give) share. For nobody else.
 */
#ifndef OKSE_AUDIT_VERIFY_RUN_H
#define OKSE_AUDIT_VERIFY_RUN_H

#include "audit/reconcile.h"
#include "audit/tree.h"
#include "audit/verify.h"

struct verify_run {
	int			 dir;
	struct tile_source	 source;
	struct tree		*tree;		/* grown from the entries */
	struct reconcile	*reconcile;
	struct bytes		 bundle;
	struct bytes		 file;
	struct verify_result	*result;
};

/* Where something was found; index may be VERIFY_NO_INDEX. */
struct verify_place {
	const char	*file;
	uint64_t	 first_index, last_index;
	uint64_t	 byte;
};

/*
 * Keeps the first finding of a check, with err_why() as the reason, and
 * worsens the verdict.
 */
void verify_found(struct verify_result *r, enum verify_check check,
    enum verify_verdict verdict, struct verify_place place);

/*
 * Compares a stored tile, and the narrower partial ones left beside it, with
 * what the entries give. ends[i] is the length of the first i + 1 items.
 */
[[nodiscard]] enum err verify_tile(struct verify_run *v, struct tile_id id,
    struct view derived, const size_t ends[TILE_WIDTH]);
/* The partial ones only: a bundle has been read already. */
[[nodiscard]] enum err verify_leftovers(struct verify_run *v,
    struct tile_id id, struct view derived, const size_t ends[TILE_WIDTH]);

/* Accounts for every file below the directory. */
[[nodiscard]] enum err verify_files(struct verify_run *v);

#endif
