/*
 * Runs a fuzz target over every file of a corpus folder, without a fuzzer.
 * Prints TAP: one line a corpus, after all of it went through.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *path)
{
	FILE *f = fopen(path, "rbe");
	size_t size = 1 << 20, n;
	uint8_t *data = malloc(size), *exact;

	if (f == NULL || data == NULL)
		return -1;
	n = fread(data, 1, size, f);
	fclose(f);
	/* an exact block lets the sanitizers see one byte too far */
	if ((exact = malloc(n != 0 ? n : 1)) == NULL)
		return -1;
	memcpy(exact, data, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	free(data);
	return 0;
}

int
main(int argc, char **argv)
{
	DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
	unsigned int count = 0;

	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		char path[4096];

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		if (replay(path) == -1) {
			printf("not ok - %s can be read\n", path);
			return 1;
		}
		count++;
	}
	if (d != NULL)
		closedir(d);
	printf("%s - %u inputs replayed\n", count != 0 ? "ok" : "not ok",
	    count);
	return count == 0;
}
