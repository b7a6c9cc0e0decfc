/*
 * The registry's tables, as an ordered list of migrations: each leads from
 * one version of the schema to the next, on either engine.
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_SCHEMA_H
#define OKSE_SIGNER_NOTARY_REGISTRY_SCHEMA_H

#include <stddef.h>

#define REGISTRY_VERSION 3

struct migration {
	int		 from, to;	/* 0: an empty database */
	const char	*sqlite;
	const char	*postgres;	/* NULL: never existed there */
};

/* NULL when there is no way on from this version. */
const struct migration *migration_from(int version);

#endif
