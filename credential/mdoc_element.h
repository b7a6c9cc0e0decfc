/* Inside credential/: values of claims as elements of an mdoc. */
#ifndef OKSE_CREDENTIAL_MDOC_ELEMENT_H
#define OKSE_CREDENTIAL_MDOC_ELEMENT_H

#include "credential/statement.h"

/* ERR_SCHEMA for a value that is not of the statement's type. */
[[nodiscard]] enum err mdoc_put_element(struct bytes *b,
    const struct statement *s);
/* tdate: tag 0, no fraction, no offset (ISO/IEC 18013-5 9.1.2.4). */
void mdoc_put_instant(struct bytes *b, int64_t t);
/* A map's members in the order of their encoding: the shorter name first. */
int members_by_encoding(const void *a, const void *b);

#endif
