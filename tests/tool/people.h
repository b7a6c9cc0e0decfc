/*
 * Synthetic holders by number, each with a resident number nobody else has,
 * and what a community centre sends for them.
 */
#ifndef OKSE_TESTS_TOOL_PEOPLE_H
#define OKSE_TESTS_TOOL_PEOPLE_H

#include <stdio.h>

#include "base/mem.h"
#include "base/time.h"

/* A number of holder i that nobody else has, and the birth date in it. */
static inline struct date
holder(size_t i, char number[14])
{
	static const int weight[] = { 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5 };
	struct date d = date_of_days(date_days((struct date){ 1950, 1, 1 }) +
	    (int64_t)(i / 100000));
	int sum = 0;

	snprintf(number, 14, "%02d%02d%02d%d%05d", d.year % 100, d.month,
	    d.day, 1 + (int)(i & 1), (int)(i % 100000));
	for (size_t k = 0; k < COUNT(weight); k++)
		sum += weight[k] * (number[k] - '0');
	number[12] = (char)('0' + (11 - sum % 11) % 10);
	number[13] = '\0';
	return d;
}

static inline void
put_visit(struct bytes *b, size_t i, const char *token)
{
	char number[14];
	struct date d = holder(i, number);

	bytes_printf(b, "\"programme\":\"resident-id\","
	    "\"purpose\":\"first-issue\",\"holder\":{\"number\":\"%s\","
	    "\"birth_date\":\"%04d-%02d-%02d\",\"residence\":\"11110\","
	    "\"card\":{\"status\":\"issued\",\"issued_on\":\"2010-04-01\","
	    "\"ic_chip\":false}},\"evidence\":{\"kind\":\"qr-token\","
	    "%s%s%s\"centre\":\"1111051500\"}", number, d.year, d.month,
	    d.day, *token != '\0' ? "\"qr_token\":\"" : "", token,
	    *token != '\0' ? "\"," : "");
}

static inline void
put_claims(struct bytes *b, size_t i)
{
	char number[14];
	struct date d = holder(i, number);

	bytes_printf(b, "\"claims\":{\"family_name\":\"홍\","
	    "\"given_name\":\"길동\",\"birth_date\":\"%04d-%02d-%02d\","
	    "\"personal_administrative_number\":\"%s\",\"address\":{"
	    "\"locality\":\"서울특별시 종로구\",\"street\":\"세종대로 209\"},"
	    "\"issuing_authority\":\"종로구청장\"}", d.year, d.month, d.day,
	    number);
}

#endif
