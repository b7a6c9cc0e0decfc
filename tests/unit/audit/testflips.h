/*
 * Every file of an export changed in every way that one file can be: each bit
 * flipped, cut at each offset, lengthened, deleted, swapped. Tests of a group
 * whose state is a struct testsweep. OKSE_SWEEP=all takes every bit and offset
 * (make test-sweep), otherwise some of each byte's.
 */
#ifndef OKSE_TESTS_TESTFLIPS_H
#define OKSE_TESTS_TESTFLIPS_H

#include "testsweep.h"

[[maybe_unused]] static bool
testflips_all(void)
{
	const char *sweep = getenv("OKSE_SWEEP");

	return sweep != NULL && strcmp(sweep, "all") == 0;
}

/* Notes and keys by the full policy; tiles by the key alone, ten times
 * faster, as witnesses have nothing to say of them. */
[[maybe_unused]] static void
must_be_found(struct testsweep *s, const char *path, const char *what,
    size_t at)
{
	bool tile = strncmp(path, "tile/", 5) == 0;
	struct verify_result r = testsweep_verify(s, tile ? s->key : s->full);

	if (r.verdict == VERIFY_VERIFIED || !testsweep_names(&r, path))
		fail_msg("%s: %s at %zu: verdict %d", path, what, at,
		    (int)r.verdict);
}

/* Which entry of a bundle a byte belongs to; -1: to a length. */
static int
entry_at(const struct bytes *bundle, size_t at)
{
	struct reader r = reader_of(bytes_view(bundle));
	size_t begin = 0;

	for (int i = 0; r.rest.len != 0; i++) {
		size_t len = reader_u16(&r);

		(void)reader_take(&r, len);
		if (at < begin + 2)
			return -1;
		begin += 2 + len;
		if (at < begin)
			return i;
	}
	return -1;
}

/* A bit of each byte of a bundle whose first entry has this index. */
[[maybe_unused]] static void
flipped_entries_are_named(struct testsweep *s, const char *path,
    uint64_t first)
{
	struct bytes *b = testmemory_find(&s->m, path);
	struct verify_finding *f;

	for (size_t i = 0; i < b->len;
	    i += testflips_all() ? 1 : 11 + b->len / 500) {
		int in = entry_at(b, i);
		struct verify_result r;

		if (in == -1)
			continue;
		b->at[i] ^= 4;
		r = testsweep_verify(s, s->key);
		b->at[i] ^= 4;
		f = &r.finding[VERIFY_ENTRIES];
		assert_int_equal(r.verdict, VERIFY_TAMPERED);
		assert_string_equal(f->file, path);
		assert_true(f->first_index == first + (uint64_t)in);
		assert_true(f->last_index == first + (uint64_t)in);
		assert_true(r.count[VERIFY_ENTRIES].good == (uint64_t)in);
	}
}

[[maybe_unused]] static void
every_flipped_bit_is_found_in_its_file(void **state)
{
	struct testsweep *s = *state;
	bool all = testflips_all();

	for (size_t f = 0; f < s->m.count; f++) {
		struct testmemory_file *file = &s->m.file[f];
		size_t bits = file->content.len * 8;
		size_t step = 8 * (1 + file->content.len / 1000);

		if (file->path[0] == '\0')
			continue;
		for (size_t b = 0; b < bits; b += all ? 1 : step + b / 8 % 7) {
			uint8_t *at = &file->content.at[b / 8];

			*at ^= (uint8_t)(1 << b % 8);
			must_be_found(s, file->path, "bit", b);
			*at ^= (uint8_t)(1 << b % 8);
		}
	}
	assert_true(testsweep_verify(s, s->full).verdict == VERIFY_VERIFIED);
}

[[maybe_unused]] static void
a_file_cut_at_any_offset_is_found(void **state)
{
	struct testsweep *s = *state;

	for (size_t f = 0; f < s->m.count; f++) {
		struct testmemory_file *file = &s->m.file[f];
		size_t len = file->content.len;

		if (file->path[0] == '\0')
			continue;
		for (size_t n = 0; n < len;
		    n += testflips_all() ? 1 : 1 + len / 100) {
			file->content.len = n;
			must_be_found(s, file->path, "cut", n);
		}
		file->content.len = len;
	}
	assert_true(testsweep_verify(s, s->full).verdict == VERIFY_VERIFIED);
}

static void
lengthen(struct testsweep *s, struct testmemory_file *file, uint8_t with)
{
	struct bytes *b = &file->content;
	AUTO_DONE(bytes) before = { 0 };
	size_t len = b->len;

	bytes_put(&before, bytes_view(b));
	for (size_t n = 1; n <= 64; n += testflips_all() ? 1 : 21) {
		for (size_t k = 0; k < n; k++)
			bytes_put_u8(b, with);
		must_be_found(s, file->path, "tail", n);
		b->len = len;
	}
	bytes_reset(b);
	bytes_put_u8(b, with);
	bytes_put(b, bytes_view(&before));
	must_be_found(s, file->path, "head", 1);
	bytes_reset(b);
	bytes_put(b, bytes_view(&before));
}

[[maybe_unused]] static void
appended_and_prepended_bytes_are_found(void **state)
{
	static const uint8_t with[] = { 0, '\n', ' ', 'A', '=', 0xff };
	struct testsweep *s = *state;

	for (size_t f = 0; f < s->m.count; f++)
		for (size_t t = 0; t < COUNT(with); t++)
			if (s->m.file[f].path[0] != '\0')
				lengthen(s, &s->m.file[f], with[t]);
	assert_true(testsweep_verify(s, s->full).verdict == VERIFY_VERIFIED);
}

/* A partial tile of a smaller tree. */
static bool
is_leftover(struct testsweep *s, const char *path)
{
	struct tile_id id;
	struct hash root;

	return tile_path_get(view_text(path), &id) == ERR_OK &&
	    id.width < tile_width(id.level, id.index,
	    publish_ready(s->story.log.publish, &root));
}

[[maybe_unused]] static void
a_deleted_file_that_the_checkpoint_needs_is_missed(void **state)
{
	struct testsweep *s = *state;

	for (size_t f = 0; f < s->m.count; f++) {
		char path[sizeof(s->m.file[f].path)];
		struct verify_result r;
		bool spare;

		memcpy(path, s->m.file[f].path, sizeof(path));
		if (path[0] == '\0')
			continue;
		/* the keys are the auditor's own, leftovers may go, what was
		 * kept has a quorum, too, and ends the period as well */
		spare = strstr(path, ".vkey") != NULL ||
		    is_leftover(s, path) ||
		    strstr(path, "closed/") != NULL ||
		    strcmp(path, "checkpoint.witnessed") == 0;
		s->m.file[f].path[0] = '\0';
		r = testsweep_verify(s, s->full);
		memcpy(s->m.file[f].path, path, sizeof(path));
		assert_int_equal(r.verdict, spare ? VERIFY_VERIFIED :
		    VERIFY_INCOMPLETE);
		assert_true(spare || testsweep_names(&r, path));
	}
}

static void
swap(struct testmemory_file *a, struct testmemory_file *b)
{
	struct bytes t = a->content;

	a->content = b->content;
	b->content = t;
}

static void
swapped_files_are_found(struct testsweep *s, struct testmemory_file *a,
    struct testmemory_file *b)
{
	struct verify_result r;

	/* two names of one note, or a file that is not there */
	if (view_equal(bytes_view(&a->content), bytes_view(&b->content)) ||
	    a->path[0] == '\0' || b->path[0] == '\0')
		return;
	swap(a, b);
	r = testsweep_verify(s, s->full);
	swap(a, b);
	/* which key stands in which file is no secret */
	if (strstr(a->path, ".vkey") != NULL &&
	    strstr(b->path, ".vkey") != NULL)
		return;
	assert_int_not_equal(r.verdict, VERIFY_VERIFIED);
	/* a period's checkpoint for the newest: rolled back */
	assert_true(testsweep_names(&r, a->path) ||
	    testsweep_names(&r, b->path) ||
	    testsweep_names(&r, "checkpoint.witnessed"));
}

[[maybe_unused]] static void
files_that_changed_places_are_found(void **state)
{
	struct testsweep *s = *state;

	for (size_t a = 0; a < s->m.count; a++)
		for (size_t b = 0; b < a; b++)
			swapped_files_are_found(s, &s->m.file[a],
			    &s->m.file[b]);
}

#endif
