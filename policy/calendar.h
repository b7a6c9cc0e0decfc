/*
 * Civil dates as Korean law counts them (Civil Act 157, 158, 160). Pure
 * functions of dates; what day it is in Korea comes from base/time.h (SEOUL).
 */
#ifndef OKSE_POLICY_CALENDAR_H
#define OKSE_POLICY_CALENDAR_H

#include "base/time.h"
#include "policy/yaml.h"

/* When somebody born on 29 February comes of age in a common year. */
enum leap_birthday {
	LEAP_MARCH_1,		/* Civil Act 160: after the month's last day */
	LEAP_FEBRUARY_28,
};

/* The day on which years full years are reached. */
struct date calendar_birthday(struct date birth, int64_t years,
    enum leap_birthday leap);

/* Full years on a day; negative before birth. */
int64_t calendar_age(struct date birth, struct date today,
    enum leap_birthday leap);

/* d and a period; a day the month does not have is the month's last. */
struct date calendar_add(struct date d, struct yaml_period period);

struct date calendar_next_month(struct date d);	/* its first day */

/* In the years 1 to 9999, so that no sum with a period overflows. */
bool calendar_sound(int64_t instant);

#endif
