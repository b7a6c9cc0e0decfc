/*
 * What the tools that measure share: a clock, latencies in buckets, and what
 * a process has used.
 */
#ifndef OKSE_TESTS_TOOL_MEASURE_H
#define OKSE_TESTS_TOOL_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* ---- latencies: 32 buckets to each power of two of a microsecond */

#define SUB 32
#define BUCKETS (SUB * 40)

static inline size_t
bucket_of(uint64_t us)
{
	int shift = us < SUB ? 0 : 63 - __builtin_clzll(us) - 5;

	return (size_t)shift * SUB + (size_t)(us >> shift);
}

static inline double
bucket_ms(size_t b)
{
	size_t shift = b < 2 * SUB ? 0 : b / SUB - 1;

	return (double)((b - shift * SUB) << shift) / 1000;
}

static inline double
percentile(const uint64_t *histogram, uint64_t total, double p)
{
	uint64_t wanted = (uint64_t)((double)total * p), seen = 0;

	for (size_t b = 0; b < BUCKETS; b++)
		if ((seen += histogram[b]) > wanted)
			return bucket_ms(b);
	return 0;
}

/* ---- processes */

struct usage {
	double	cpu_s, rss_mib;
};

static inline struct usage
usage_of(const char *pid)
{
	struct usage u = { 0 };
	unsigned long user = 0, system = 0, pages = 0;
	char path[64], line[1024];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if ((f = fopen(path, "re")) == NULL)
		return u;
	if (fgets(line, sizeof(line), f) != NULL) {
		char *at = strrchr(line, ')');

		/* fields 14, 15 and 24 of proc(5); ')' ends the second */
		for (int field = 2; at != NULL && field < 24; field++) {
			at = strchr(at + 1, ' ');
			if (at == NULL)
				break;
			if (field == 13)
				user = strtoul(at, NULL, 10);
			if (field == 14)
				system = strtoul(at, NULL, 10);
			if (field == 23)
				pages = strtoul(at, NULL, 10);
		}
	}
	fclose(f);
	u.cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	u.rss_mib = (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
	return u;
}

#endif
