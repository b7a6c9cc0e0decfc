/*
 * A log whose key was replaced, for tests: signed by one key or both, with or
 * without the receipt of the handover.
 */
#ifndef OKSE_TESTS_TESTROTATED_H
#define OKSE_TESTS_TESTROTATED_H

#include "audit/rotation.h"
#include "testdir.h"
#include "teststory.h"
#include "testverify.h"

struct testkey {
	EVP_PKEY	*secret;
	struct vkey	*key;
};

struct testrotated {
	struct teststory s;	/* its key is the first one */
	struct testkey	 first, next, third;
	uint64_t	 index;		/* of the newest logkey.rotate */
};

#define BOTH(r) (r)->first, (r)->next

[[maybe_unused]] static struct testkey
testkey_new(uint8_t number)
{
	uint8_t seed[32] = { number };
	struct testkey k;

	assert_int_equal(testlog_key(TESTLOG_NAME, VKEY_ED25519, seed,
	    &k.secret, &k.key), ERR_OK);
	return k;
}

[[maybe_unused]] static void
testkey_done(struct testkey *k)
{
	EVP_PKEY_free(k->secret);
	vkey_free(k->key);
}

/* A checkpoint of all that was put, signed by these. */
[[maybe_unused]] static void
testrotated_sign(struct testrotated *r, const struct testkey *by,
    size_t count)
{
	AUTO_DONE(bytes) note = { 0 };
	struct hash root;
	uint64_t size;

	assert_int_equal(publish_tiles(r->s.log.publish), ERR_OK);
	size = publish_ready(r->s.log.publish, &root);
	assert_int_equal(testlog_note(by[0].secret, by[0].key, size, &root,
	    &note), ERR_OK);
	for (size_t i = 1; i < count; i++) {
		uint8_t signature[64];
		struct note n;

		assert_int_equal(note_get(bytes_view(&note), &n), ERR_OK);
		assert_int_equal(testlog_sign(by[i].secret, n.text,
		    signature), ERR_OK);
		note_put_signature(&note, by[i].key, VIEW_OF(signature));
	}
	assert_int_equal(publish_checkpoint(r->s.log.publish,
	    bytes_view(&note)), ERR_OK);
}

#define testrotated_publish(r, ...)                                           \
	testrotated_sign((r), (const struct testkey[]){ __VA_ARGS__ },        \
	    COUNT(((const struct testkey[]){ __VA_ARGS__ })))

/* The entry: what it says may be something else than what is done. */
[[maybe_unused]] static void
testrotated_say(struct testrotated *r, const struct entry_logkey_facts *f)
{
	struct entry_common c = teststory_common(&r->s);
	AUTO_DONE(bytes) b = { 0 };

	r->index = r->s.next;
	assert_int_equal(entry_logkey_rotate(&c, f, &b), ERR_OK);
	teststory_put(&r->s, &b);
}

[[maybe_unused]] static void
testrotated_entry(struct testrotated *r, const struct testkey *former,
    const struct testkey *key)
{
	struct entry_logkey_facts f = { .former = former->key,
		.key = key->key };

	testrotated_say(r, &f);
}

/* Of any entry, under the checkpoint that is published. */
[[maybe_unused]] static void
testrotated_receipt(const struct testrotated *r, uint64_t index,
    struct bytes *out)
{
	AUTO_FD fd = open(r->s.log.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tile_source tiles = tile_source_dir(&fd);
	AUTO_DONE(bytes) note = { 0 };

	bytes_reset(out);
	assert_int_equal(publish_read_checkpoint(r->s.log.dir, &note),
	    ERR_OK);
	assert_int_equal(receipt_build(&tiles, index, bytes_view(&note), out),
	    ERR_OK);
}

[[maybe_unused]] static const char *
testrotated_path(const struct testrotated *r, const struct testkey *former)
{
	char name[ROTATION_PATH];
	const char *path;

	assert_int_equal(dir_make(path_in(&r->s.log, "rotated"), 0755),
	    ERR_OK);
	path = path_in(&r->s.log, rotation_path(former->key, name));
	return path;
}

[[maybe_unused]] static void
testrotated_hand_over(const struct testrotated *r,
    const struct testkey *former)
{
	AUTO_DONE(bytes) receipt = { 0 };

	testrotated_receipt(r, r->index, &receipt);
	write_all(testrotated_path(r, former), bytes_view(&receipt));
}

[[maybe_unused]] static void
testrotated_open(struct testrotated *r)
{
	*r = (struct testrotated){ 0 };
	teststory_open(&r->s, 0);
	r->first = (struct testkey){ r->s.log.secret, r->s.log.key };
	r->next = testkey_new(2);
	r->third = testkey_new(3);
	teststory_beats(&r->s, 300);
	testrotated_publish(r, r->first);
}

/* As it is done: the entry, both keys, the receipt, the next key alone. */
[[maybe_unused]] static void
testrotated_done_well(struct testrotated *r)
{
	testrotated_open(r);
	testrotated_entry(r, &r->first, &r->next);
	teststory_beats(&r->s, 5);
	testrotated_publish(r, BOTH(r));
	testrotated_hand_over(r, &r->first);
	teststory_beats(&r->s, 400);
	testrotated_publish(r, r->next);
}

[[maybe_unused]] static void
testrotated_end(struct testrotated *r)
{
	testkey_done(&r->next);
	testkey_done(&r->third);
	teststory_end(&r->s);
}

/* By one key alone, with what the log's files lead to. */
[[maybe_unused]] static struct verify_result
testrotated_verify(const struct testrotated *r, const struct testkey *trusted)
{
	struct verify_result found;

	assert_int_equal(verify_log(r->s.log.dir, trusted->key, &found),
	    ERR_OK);
	return found;
}

#endif
