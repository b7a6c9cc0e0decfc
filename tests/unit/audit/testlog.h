/*
 * Logs for tests: a software Ed25519 key, entries as the notary would write
 * them, published and signed as it would.
 */
#ifndef OKSE_TESTS_TESTLOG_H
#define OKSE_TESTS_TESTLOG_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/note.h"
#include "audit/publish.h"
#include "audit/recompute.h"
#include "base/file.h"

struct testlog {
	EVP_PKEY	*secret;
	struct vkey	*key;
	struct publish	*publish;
	struct recompute again;
	char		 dir[256];
};

#define TESTLOG_NAME "example.kr/okse/test"

[[maybe_unused]] static enum err
testlog_key(const char *name, enum vkey_type type, const uint8_t seed[32],
    EVP_PKEY **out_secret, struct vkey **out_key)
{
	uint8_t raw[32];
	size_t len = sizeof(raw);

	*out_secret = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    seed, 32);
	if (*out_secret == NULL ||
	    EVP_PKEY_get_raw_public_key(*out_secret, raw, &len) != 1)
		return err_openssl("test key");
	return vkey_new(view_text(name), type, VIEW_OF(raw), out_key);
}

[[maybe_unused]] static enum err
testlog_sign(EVP_PKEY *secret, struct view text, uint8_t out[64])
{
	AUTO(EVP_MD_CTX) c = EVP_MD_CTX_new();
	size_t len = 64;

	if (c == NULL || EVP_DigestSignInit(c, NULL, NULL, NULL, secret) != 1 ||
	    EVP_DigestSign(c, out, &len, text.at, text.len) != 1)
		return err_openssl("test signature");
	return ERR_OK;
}

/* A signed checkpoint note. */
[[maybe_unused]] static enum err
testlog_note(EVP_PKEY *secret, const struct vkey *key, uint64_t size,
    const struct hash *root, struct bytes *out)
{
	char name[VKEY_NAME_MAX + 1];
	AUTO_DONE(bytes) body = { 0 };
	uint8_t signature[64];

	snprintf(name, sizeof(name), "%.*s", (int)vkey_name(key).len,
	    (const char *)vkey_name(key).at);
	TRY(checkpoint_body(name, size, root, &body));
	TRY(testlog_sign(secret, bytes_view(&body), signature));
	note_put_text(out, bytes_view(&body));
	note_put_signature(out, key, VIEW_OF(signature));
	return bytes_check(out);
}

[[maybe_unused]] static enum err
testlog_open_as(struct testlog *l, const char *dir, const char *origin)
{
	static const uint8_t seed[32] = "a seed that everybody may know.";

	snprintf(l->dir, sizeof(l->dir), "%s", dir);
	TRY(crypto_init());
	TRY(testlog_key(origin, VKEY_ED25519, seed, &l->secret, &l->key));
	return publish_open(dir, 0, NULL, &l->publish);
}

[[maybe_unused]] static enum err
testlog_open(struct testlog *l, const char *dir)
{
	return testlog_open_as(l, dir, TESTLOG_NAME);
}

[[maybe_unused]] static void
testlog_done(struct testlog *l)
{
	publish_close(l->publish);
	vkey_free(l->key);
	EVP_PKEY_free(l->secret);
}

/* Number i of the tests' story: see below which events come when. */
[[maybe_unused]] static enum err
testlog_entry(uint64_t i, struct bytes *out)
{
	static const struct entry_rule rules[] = {
		{ "programme-open", ENTRY_RULE_PASS },
		{ "caller-entitled", ENTRY_RULE_PASS },
		{ "not-foreigner", ENTRY_RULE_PASS },
		{ "number-consistent", ENTRY_RULE_PASS },
		{ "holder-age", ENTRY_RULE_PASS },
		{ "card-held", ENTRY_RULE_PASS },
		{ "region-open", ENTRY_RULE_NA },
		{ "channel-open", ENTRY_RULE_PASS },
		{ "evidence-valid", ENTRY_RULE_PASS },
		{ "device-proof", ENTRY_RULE_PASS },
		{ "one-device", ENTRY_RULE_PASS },
		{ "administrative-validity", ENTRY_RULE_PASS },
		{ "technical-validity", ENTRY_RULE_PASS },
		{ "claims-complete", ENTRY_RULE_PASS },
	};
	struct entry_common c = { .seq = i,
		.t = 1795392000000 + (int64_t)i / 5 };
	struct hash h = sha256(VIEW(&i, sizeof(i)));
	struct entry_decision_facts f = { .operation = "credential",
		.programme = "resident-id", .purpose = "first-issue",
		.allow = true, .caller = "centre-3611", .evidence = "qr-token",
		.centre = "3611025000", .region = "36110", .holder = h.at,
		.device = h.at + 16, .expiry = 1890000000000, .serial = 7,
		.rules = rules, .rule_count = COUNT(rules), .drafts = &h,
		.draft_count = 1, .policy = h };
	uint64_t done[100];

	memcpy(c.nonce, h.at + 7, sizeof(c.nonce));
	memcpy(f.request, h.at + 3, sizeof(f.request));
	if (i == 0)
		return entry_start(&c, "1.0", &h, &h, out);
	/* each block of 101: a hundred decisions and a report on them */
	if (i % 101 != 0)
		return entry_decision(&c, &f, out);
	for (uint64_t k = 0; k < 100; k++)
		done[k] = i - 100 + k;
	return entry_done(&c, done, COUNT(done), out);
}

[[maybe_unused]] static enum err
testlog_append(struct testlog *l, struct view entry)
{
	return publish_append(l->publish, entry);
}

/* Publishes what was appended, the root computed twice. */
[[maybe_unused]] static enum err
testlog_publish(struct testlog *l)
{
	AUTO_DONE(bytes) note = { 0 };
	AUTO(recompute_bundles) bundles = NULL;
	AUTO_FD fd = -1;
	struct tile_source s;
	struct recompute_source from;
	struct hash root, again;
	uint64_t size;

	TRY(publish_tiles(l->publish));
	size = publish_ready(l->publish, &root);
	if ((fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return err_system("%s: open", l->dir);
	s = tile_source_dir(&fd);
	TRY(recompute_bundles_new(&s, size, &bundles));
	from = recompute_from(bundles);
	TRY(recompute_root(&l->again, &from, size, &again));
	if (!merkle_equal(&root, &again))
		return err_because(ERR_INTERNAL, "two roots for one tree");
	TRY(testlog_note(l->secret, l->key, size, &root, &note));
	return publish_checkpoint(l->publish, bytes_view(&note));
}

/* A log of the story's first n entries, published every step. */
[[maybe_unused]] static enum err
testlog_fill(struct testlog *l, uint64_t n, uint64_t step)
{
	AUTO_DONE(bytes) entry = { 0 };

	for (uint64_t i = publish_size(l->publish); i < n; i++) {
		bytes_reset(&entry);
		TRY(testlog_entry(i, &entry));
		TRY(testlog_append(l, bytes_view(&entry)));
		if ((i + 1) % step == 0)
			TRY(testlog_publish(l));
	}
	return testlog_publish(l);
}

#endif
