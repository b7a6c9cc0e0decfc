/*
 * Verifier keys and signed notes: the examples of the standard and of other
 * implementations, the reader's strictness, every single flipped bit.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "testlog.h"

#define SPEC_KEY "example.com/foo+530d903a+" \
	"AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define SPEC_NOTE "This is an example message.\n\n" \
	"— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONn" \
	"cAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"

struct example {
	const char	*key;
	const char	*note;
	uint64_t	 time;
};

static const struct example examples[] = {
	{ SPEC_KEY, SPEC_NOTE, 0 },
	/* golang.org/x/mod/sumdb/note */
	{ "PeterNeumann+c74f20a3+"
	    "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
	    "If you think cryptography is the answer to your problem,\n"
	    "then you don't know what your problem is.\n\n"
	    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuG"
	    "UgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n", 0 },
	/* ECDSA P-256 with two foreign cosignatures: the Pixel log, 611 */
	{ "pixel_transparency_log+72c878db+AjBZMBMGByqGSM49AgEGCCqGSM49AwEH"
	    "A0IABFPN7lzVIk2BOd3Nk33VpqqVttGwV8uChH+RX/HVfBiypVQFyh8o8Ny6fS"
	    "dxNMgkSf9/VynrgADBeys0r4Q9uPA=",
	    "developers.google.com/android/binary_transparency/0\n611\n"
	    "2GZ1zmS5VkfUZmn2ZyR4KZXwHLD+xnwBIWzql/cD50w=\n\n"
	    "— pixel_transparency_log csh42zBFAiAd3Y1FwqNTt5RglY0uG7heC6Yu1g"
	    "EbXXPYmZ7LdOILMAIhAIt68PnR/3TADAaC7hvrSHbpziV7TmpIwOUydLmcjyTQ"
	    "\n— ArmoredWitness-small-breeze nRq5UQAAAABnoqrsRIofXn68vTohcAm"
	    "2KG4ACGyRPNePUk02BSWD0WKV5ElejTk5Z+Tm3GmJ5j/etA+fkL9XuaQsnTyZbr"
	    "437sF4AQ==\n"
	    "— ArmoredWitness-autumn-wood qZb5XQAAAABnoqrl57G9CblEl3lwwuqzba"
	    "JvVMqNiZCbYZseYT1YZHYmls3CmT1wxZ1fNgM4RxHuUxjAwcI2ghTx6R5aCg+L"
	    "0DGPBA==\n", 0 },
	/* cosignature/v1 on a static-ct log: FiloSottile/sunlight */
	{ "witness.example.org+b8a2cf20+"
	    "BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN",
	    "rome2026h1.example.org\n300\n"
	    "lCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n\n"
	    "— rome2026h1.example.org kVB1JgAAAZtxtEwABAMARzBFAiEAi+mTa2xjL1"
	    "IdWpH82OeciGsGvwRAP+f1WkfKaSZCfFECIHoNPZ/Q3y6UNzvKOO9cuLr6V16v"
	    "PNfhwhle9f6r5H/Z\n"
	    "— witness.example.org uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5y"
	    "qslmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw="
	    "=\n", 1767139200 },
};

static enum err
open_note(struct view bytes, const struct vkey *key, uint64_t *out_time)
{
	struct note n;

	TRY(note_get(bytes, &n));
	return note_verify(&n, key, out_time);
}

static void
the_examples_of_other_implementations_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		AUTO(vkey) key = NULL;
		AUTO_DONE(bytes) again = { 0 };
		uint64_t time = 99;

		assert_int_equal(vkey_get(view_text(examples[i].key), &key),
		    ERR_OK);
		vkey_put(key, &again);
		assert_string_equal(bytes_text(&again), examples[i].key);
		assert_int_equal(open_note(view_text(examples[i].note), key,
		    &time), ERR_OK);
		assert_true(time == examples[i].time);
	}
}

static void
the_text_ends_at_the_last_blank_line(void **state)
{
	/* the older example of C2SP signed-note; its key was not given */
	static const char poem[] = "Ognuno sta solo sul cuor della terra\n"
	    "trafitto da un raggio di sole:\n\ned è subito sera.\n\n"
	    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2"
	    "i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
	struct note n;

	(void)state;
	assert_int_equal(note_get(view_text(poem), &n), ERR_OK);
	assert_int_equal(n.count, 1);
	assert_true(view_is(n.line[0].name, "quasimodo.example/salvatore"));
	assert_memory_equal(n.text.at + n.text.len - 7, " sera.\n", 7);
}

static void
no_flipped_bit_of_a_note_is_accepted(void **state)
{
	AUTO(vkey) key = NULL;
	char note[] = SPEC_NOTE;
	size_t len = strlen(note);

	(void)state;
	assert_int_equal(vkey_get(view_text(SPEC_KEY), &key), ERR_OK);
	for (size_t i = 0; i < len * 8; i++) {
		note[i / 8] = (char)(note[i / 8] ^ 1 << i % 8);
		assert_int_not_equal(open_note(VIEW(note, len), key, NULL),
		    ERR_OK);
		note[i / 8] = (char)(note[i / 8] ^ 1 << i % 8);
	}
	assert_int_equal(open_note(VIEW(note, len), key, NULL), ERR_OK);
}

static void
no_truncated_or_extended_note_is_accepted(void **state)
{
	AUTO(vkey) key = NULL;
	char note[sizeof(SPEC_NOTE) + 1] = SPEC_NOTE;
	size_t len = strlen(note);

	(void)state;
	assert_int_equal(vkey_get(view_text(SPEC_KEY), &key), ERR_OK);
	for (size_t n = 0; n < len; n++) {
		assert_int_not_equal(open_note(VIEW(note, n), key, NULL),
		    ERR_OK);
		assert_int_not_equal(open_note(VIEW(note + n + 1,
		    len - n - 1), key, NULL), ERR_OK);
	}
	for (int c = 0; c < 256; c++) {
		note[len] = (char)c;
		assert_int_not_equal(open_note(VIEW(note, len + 1), key,
		    NULL), ERR_OK);
	}
}

static void
a_note_out_of_form_is_refused(void **state)
{
#define GOOD "— a.b AAAAAAA=\n"
	static const char *const bad[] = {
		"", "\n", "\n\n", "text\n", "text\n\n", GOOD, "\n" GOOD,
		"text" "\n" GOOD, "text\n\n" GOOD "\n",
		"text\r\n\n" GOOD, "te\txt\n\n" GOOD, "te\x01xt\n\n" GOOD,
		"te\xffxt\n\n" GOOD, "te\xc0\x80xt\n\n" GOOD,
		"text\n\n- a.b AAAAAAA=\n",		/* not an em dash */
		"text\n\n—a.b AAAAAAA=\n",
		"text\n\n— a.b\n",
		"text\n\n— a.b \n",
		"text\n\n—  AAAAAAA=\n",		/* no name */
		"text\n\n— a+b AAAAAAA=\n",
		"text\n\n— a b AAAAAAA=\n",
		"text\n\n— a\nb AAAAAAA=\n",
		"text\n\n— a\u00a0b AAAAAAA=\n",
		"text\n\n— a\xc2\x85" "b AAAAAAA=\n",
		"text\n\n— a\u1680b AAAAAAA=\n",
		"text\n\n— a\u2000b AAAAAAA=\n",
		"text\n\n— a\u200ab AAAAAAA=\n",
		"text\n\n— a\u2028b AAAAAAA=\n",
		"text\n\n— a\u2029b AAAAAAA=\n",
		"text\n\n— a\u202fb AAAAAAA=\n",
		"text\n\n— a\u205fb AAAAAAA=\n",
		"text\n\n— \u3000 AAAAAAA=\n",
		"text\n\n— a.b AAAAAAA= \n",
		"text\n\n— a.b AAAAAA==\n",		/* an id alone */
		"text\n\n— a.b AAAAAAA\n",		/* no padding */
		"text\n\n— a.b AAAAAAB=\n",		/* spare bits */
		"text\n\n— a.b AAAA-AA=\n",
		"text\n\n— a.b AAAAAAA=",		/* no line end */
		"text\n\n" GOOD "text\n",
	};
	struct note n = { .count = 77 };

	(void)state;
	assert_int_equal(note_get(view_text("text\n\n" GOOD), &n), ERR_OK);
	/* others may have names that ours may not */
	assert_int_equal(note_get(view_text("text\n\n— \u200b\u00e9"
	    "\u1681\u202a AAAAAAA=\n"), &n), ERR_OK);
	n.count = 77;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(note_get(view_text(bad[i]), &n),
		    ERR_SYNTAX);
	assert_int_equal(note_get(VIEW("te\0xt\n\n" GOOD,
	    7 + strlen(GOOD)), &n), ERR_SYNTAX);
	assert_int_equal(n.count, 77);
}

static void
what_is_wrong_with_a_note_is_told(void **state)
{
	static const struct { const char *note, *wanted; } bad[] = {
		{ "text\n\n— a.b AAAAAAA=", "does not end in a line end" },
		{ "text\n\n— a.b AAAAAAB=\n", "unused bits" },
		{ "text\n\n— a.b AAAAAA==\n", "4 bytes with its key id" },
		{ "", "does not end in a line end" },
	};
	struct note n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(note_get(view_text(bad[i].note), &n),
		    ERR_SYNTAX);
		if (strstr(err_why(), bad[i].wanted) == NULL)
			fail_msg("%s: %s", bad[i].note, err_why());
	}
}

static void
sixty_four_signature_lines_are_read_and_one_more_is_not(void **state)
{
	AUTO_DONE(bytes) b = { 0 };
	struct note n;

	(void)state;
	bytes_put_text(&b, "text\n\n");
	for (int i = 0; i < NOTE_LINES; i++)
		bytes_put_text(&b, GOOD);
	assert_int_equal(note_get(bytes_view(&b), &n), ERR_OK);
	assert_int_equal(n.count, NOTE_LINES);
	bytes_put_text(&b, GOOD);
	assert_int_equal(note_get(bytes_view(&b), &n), ERR_TOO_LARGE);
}

static void
a_note_may_have_65536_bytes_and_not_one_more(void **state)
{
	static char text[NOTE_MAX + 1];
	size_t end = strlen("\n\n" GOOD);
	struct note n;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + NOTE_MAX - end, "\n\n" GOOD, end);
	assert_int_equal(note_get(VIEW(text, NOTE_MAX), &n), ERR_OK);
	memset(text, 'x', sizeof(text));
	memcpy(text + NOTE_MAX + 1 - end, "\n\n" GOOD, end);
	assert_int_equal(note_get(VIEW(text, NOTE_MAX + 1), &n),
	    ERR_TOO_LARGE);
}

static void
a_bad_line_of_a_known_key_spoils_a_good_one(void **state)
{
	AUTO(vkey) key = NULL;
	AUTO_DONE(bytes) b = { 0 };
	uint8_t nonsense[64] = { 1 };

	(void)state;
	assert_int_equal(vkey_get(view_text(SPEC_KEY), &key), ERR_OK);
	bytes_put_text(&b, SPEC_NOTE);
	bytes_put_text(&b, GOOD);
	assert_int_equal(open_note(bytes_view(&b), key, NULL), ERR_OK);
	note_put_signature(&b, key, VIEW_OF(nonsense));
	assert_int_equal(open_note(bytes_view(&b), key, NULL),
	    ERR_SIGNATURE);
}

static void
a_note_without_the_key_is_told_from_a_bad_signature(void **state)
{
	AUTO(vkey) key = NULL;

	(void)state;
	assert_int_equal(vkey_get(view_text(SPEC_KEY), &key), ERR_OK);
	assert_int_equal(open_note(view_text("text\n\n" GOOD), key, NULL),
	    ERR_NOT_FOUND);
	assert_int_equal(open_note(view_text(examples[1].note), key, NULL),
	    ERR_NOT_FOUND);
}

/* One key, several names and types: none verifies for another. */
static void
a_signature_is_bound_to_name_and_type(void **state)
{
	static const uint8_t seed[32] = { 7 };
	struct { const char *name; enum vkey_type type; } who[] = {
		{ "a.example", VKEY_ED25519 }, { "b.example", VKEY_ED25519 },
		{ "a.example", VKEY_COSIGNATURE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(who); i++) {
		AUTO(vkey) signer = NULL;
		AUTO(EVP_PKEY) secret = NULL;
		AUTO_DONE(bytes) note = { 0 };
		uint8_t signature[64];

		assert_int_equal(testlog_key(who[i].name, VKEY_ED25519, seed,
		    &secret, &signer), ERR_OK);
		assert_int_equal(testlog_sign(secret, view_text("text\n"),
		    signature), ERR_OK);
		note_put_text(&note, view_text("text\n"));
		note_put_signature(&note, signer, VIEW_OF(signature));
		for (size_t k = 0; k < COUNT(who); k++) {
			AUTO(EVP_PKEY) other = NULL;
			AUTO(vkey) key = NULL;
			bool same = strcmp(who[i].name, who[k].name) == 0 &&
			    who[k].type == VKEY_ED25519;

			assert_int_equal(testlog_key(who[k].name,
			    who[k].type, seed, &other, &key), ERR_OK);
			assert_int_equal(open_note(bytes_view(&note), key,
			    NULL), same ? ERR_OK : ERR_NOT_FOUND);
		}
	}
}

static void
a_cosignature_covers_its_time(void **state)
{
	static const uint8_t seed[32] = { 9 };
	AUTO(vkey) key = NULL;
	AUTO(EVP_PKEY) secret = NULL;
	AUTO_DONE(bytes) message = { 0 };
	AUTO_DONE(bytes) payload = { 0 };
	uint8_t signature[64];
	uint64_t time = 0;

	(void)state;
	assert_int_equal(testlog_key("w.example", VKEY_COSIGNATURE, seed,
	    &secret, &key), ERR_OK);
	vkey_cosignature_message(&message, 1767139200, view_text("text\n"));
	assert_string_equal(bytes_text(&message),
	    "cosignature/v1\ntime 1767139200\ntext\n");
	assert_int_equal(testlog_sign(secret, bytes_view(&message),
	    signature), ERR_OK);
	bytes_put_u64(&payload, 1767139200);
	bytes_put(&payload, VIEW_OF(signature));
	assert_int_equal(vkey_verify(key, view_text("text\n"),
	    bytes_view(&payload), &time), ERR_OK);
	assert_true(time == 1767139200);
	payload.at[7] ^= 1;
	assert_int_equal(vkey_verify(key, view_text("text\n"),
	    bytes_view(&payload), &time), ERR_SIGNATURE);
	for (size_t n = 0; n < payload.len; n++)
		assert_int_equal(vkey_verify(key, view_text("text\n"),
		    VIEW(payload.at, n), &time), ERR_SIGNATURE);
}

static void
a_mangled_vkey_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "+", "++", "a+b", "a+00000000+",
		"example.com/foo+530d903a",
		"example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrn"
		    "Kv3U2k",
		"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcr"
		    "nKv3U2k",
		"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		SPEC_KEY "\n", SPEC_KEY " ", " " SPEC_KEY,
		/* of the right key id, from golang.org/x/mod */
		"PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy"
		    "10TWBADKEY==",
		"PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy"
		    "10TW",
		/* points of P-256 that only OpenSSL reads: two, one unused
		   bits; a hybrid one */
		"pixel_transparency_log+6b8b7105+AjBZMBMGByqGSM49AgEGCCqGSM49Aw"
		    "EHA0ICBFPN7lzVIk2BOd3Nk33VpqqVttGwV8uChH+RX/HVfBiypVQFyh8o"
		    "8Ny6fSdxNMgkSf9/VynrgADBeys0r4Q9uPA=",
		"pixel_transparency_log+7d8aa5ab+AjBZMBMGByqGSM49AgEGCCqGSM49Aw"
		    "EHA0IBBFPN7lzVIk2BOd3Nk33VpqqVttGwV8uChH+RX/HVfBiypVQFyh8o"
		    "8Ny6fSdxNMgkSf9/VynrgADBeys0r4Q9uPA=",
		"pixel_transparency_log+4f39e1b5+AjBZMBMGByqGSM49AgEGCCqGSM49Aw"
		    "EHA0IABlPN7lzVIk2BOd3Nk33VpqqVttGwV8uChH+RX/HVfBiypVQFyh8o"
		    "8Ny6fSdxNMgkSf9/VynrgADBeys0r4Q9uPA=",
	};
	char text[] = SPEC_KEY;
	struct vkey *key = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_not_equal(vkey_get(view_text(bad[i]), &key),
		    ERR_OK);
	for (size_t i = 0; i < strlen(text) * 8; i++) {
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		assert_int_not_equal(vkey_get(VIEW(text, strlen(SPEC_KEY)),
		    &key), ERR_OK);
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
	}
	assert_null(key);
}

static void
errors_of_vkeys_are_told_apart(void **state)
{
	struct vkey *key = NULL;
	uint8_t raw[33] = { 0 };
	char name[VKEY_NAME_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(vkey_get(view_text("example.com/foo+530d903b+"
	    "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"), &key),
	    ERR_MISMATCH);
	assert_int_equal(vkey_new(view_text("a"), (enum vkey_type)5,
	    VIEW(raw, 32), &key), ERR_UNSUPPORTED);
	assert_int_equal(vkey_new(view_text("a"), VKEY_ED25519,
	    VIEW(raw, 31), &key), ERR_SYNTAX);
	assert_int_equal(vkey_new(view_text("a"), VKEY_ED25519,
	    VIEW(raw, 33), &key), ERR_SYNTAX);
	assert_int_equal(vkey_new(view_text("a"), VKEY_ECDSA, VIEW(raw, 33),
	    &key), ERR_SYNTAX);
	assert_int_equal(vkey_new(VIEW(name, VKEY_NAME_MAX + 1),
	    VKEY_ED25519, VIEW(raw, 32), &key), ERR_SYNTAX);
	assert_int_equal(vkey_new(VIEW(name, VKEY_NAME_MAX), VKEY_ED25519,
	    VIEW(raw, 32), &key), ERR_OK);
	vkey_free(key);
	assert_false(vkey_name_valid(view_text("")));
	assert_false(vkey_name_valid(view_text("a b")));
	assert_false(vkey_name_valid(view_text("a+b")));
	assert_false(vkey_name_valid(view_text("a\nb")));
	assert_false(vkey_name_valid(view_text("a\x7f")));
	assert_false(vkey_name_valid(view_text("\xc3\xa4")));
	assert_false(vkey_name_valid(view_text("\xff")));
	assert_true(vkey_name_valid(view_text("mid.example.kr/audit/2026")));
}

static void
what_is_wrong_with_a_vkey_is_told(void **state)
{
#define SPEC_MATERIAL "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
	static const struct { const char *key, *wanted; } bad[] = {
		{ "example.com/foo", "<name>+<8 hex>" },
		{ "example.com/foo+530d90+" SPEC_MATERIAL, "<name>+<8 hex>" },
		{ "example.com/foo+530d903z+" SPEC_MATERIAL, "hex:" },
		{ "example.com/foo+530d903a+" SPEC_MATERIAL "A", "base64:" },
		{ "example.com/foo+530d903a+AQ==", "no key material" },
	};
	struct vkey *key = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(vkey_get(view_text(bad[i].key), &key),
		    ERR_SYNTAX);
		if (strstr(err_why(), bad[i].wanted) == NULL)
			fail_msg("%s: %s", bad[i].key, err_why());
	}
}

static void
an_ecdsa_key_is_one_spki_and_nothing_more(void **state)
{
	AUTO(EVP_PKEY) key = EVP_EC_gen("P-256");
	AUTO_DONE(bytes) spki = { 0 };
	AUTO(vkey) k = NULL;

	(void)state;
	assert_int_equal(vkey_new(view_text("a"), VKEY_ECDSA, VIEW("", 0),
	    &k), ERR_SYNTAX);
	assert_int_equal(public_der(key, &spki), ERR_OK);
	bytes_put_u8(&spki, 0);
	assert_int_equal(vkey_new(view_text("a"), VKEY_ECDSA,
	    bytes_view(&spki), &k), ERR_SYNTAX);
	assert_null(k);
}

static void
only_keys_of_two_kinds_become_vkeys(void **state)
{
	static const char *const others[] = { "X25519", "ED448" };
	AUTO(EVP_PKEY) rsa = EVP_RSA_gen(1024);
	AUTO(EVP_PKEY) ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	AUTO(vkey) k = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		AUTO(EVP_PKEY) key = EVP_PKEY_Q_keygen(NULL, NULL, others[i]);

		assert_non_null(key);
		assert_int_equal(vkey_of_key(view_text("a"), key, &k),
		    ERR_UNSUPPORTED);
	}
	assert_int_equal(vkey_of_key(view_text("a"), rsa, &k),
	    ERR_UNSUPPORTED);
	assert_int_equal(vkey_of_key(view_text("a b"), ed, &k), ERR_SYNTAX);
	assert_null(k);
	assert_int_equal(vkey_of_key(view_text("a"), ed, &k), ERR_OK);
}

static void
what_is_wrong_with_a_signature_is_told(void **state)
{
	AUTO(EVP_PKEY) secret = EVP_EC_gen("P-256");
	static const struct { enum vkey_type type; size_t len;
	    const char *wanted; } bad[] = {
		{ VKEY_ED25519, 63, "64 bytes, got 63" },
		{ VKEY_ED25519, 65, "64 bytes, got 65" },
		{ VKEY_ED25519, 64, "does not verify" },
		{ VKEY_ECDSA, 64, "not in DER" },
		{ VKEY_COSIGNATURE, 7, "below 2^63 and 64 bytes, got 7" },
		{ VKEY_COSIGNATURE, 71, "64 bytes, got 63" },
	};
	static const uint8_t seed[32] = { 5 };
	static uint8_t zero[72];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO(EVP_PKEY) s = NULL;
		AUTO(vkey) k = NULL;
		uint64_t time;

		if (bad[i].type == VKEY_ECDSA)
			assert_int_equal(vkey_of_key(view_text("a"), secret,
			    &k), ERR_OK);
		else
			assert_int_equal(testlog_key("a", bad[i].type, seed,
			    &s, &k), ERR_OK);
		assert_int_equal(vkey_verify(k, view_text("text\n"),
		    VIEW(zero, bad[i].len), &time), ERR_SIGNATURE);
		if (strstr(err_why(), bad[i].wanted) == NULL)
			fail_msg("%zu: %s", i, err_why());
	}
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

static void
an_ecdsa_key_of_another_curve_is_refused(void **state)
{
	AUTO(EVP_PKEY) key = EVP_EC_gen("P-384");
	AUTO_DONE(bytes) spki = { 0 };
	AUTO(vkey) k = NULL;

	(void)state;
	assert_int_equal(public_der(key, &spki), ERR_OK);
	assert_int_equal(vkey_new(view_text("a"), VKEY_ECDSA,
	    bytes_view(&spki), &k), ERR_UNSUPPORTED);
	assert_int_equal(vkey_of_key(view_text("a"), key, &k),
	    ERR_UNSUPPORTED);
	assert_null(k);
}

static void
a_cosignature_of_a_time_beyond_2_63_is_refused(void **state)
{
	static const uint8_t seed[32] = { 5 };
	static const uint64_t times[] = { INT64_MAX, UINT64_C(1) << 63,
		UINT64_MAX };
	struct view text = view_text("a log\n0\nroot\n");
	AUTO(EVP_PKEY) secret = NULL;
	AUTO(vkey) k = NULL;

	(void)state;
	assert_int_equal(testlog_key("w", VKEY_COSIGNATURE, seed, &secret,
	    &k), ERR_OK);
	for (size_t i = 0; i < COUNT(times); i++) {
		AUTO_DONE(bytes) message = { 0 }, line = { 0 };
		uint8_t signature[64];
		uint64_t time;

		vkey_cosignature_message(&message, times[i], text);
		assert_int_equal(testlog_sign(secret, bytes_view(&message),
		    signature), ERR_OK);
		bytes_put_u64(&line, times[i]);
		bytes_put(&line, VIEW_OF(signature));
		assert_int_equal(vkey_verify(k, text, bytes_view(&line),
		    &time), i == 0 ? ERR_OK : ERR_SIGNATURE);
	}
}

static void
a_key_file_that_is_not_there_is_not_found(void **state)
{
	AUTO(vkey) k = NULL;

	(void)state;
	assert_int_equal(vkey_read("/nonexistent/log.vkey", &k),
	    ERR_NOT_FOUND);
	/* and one that is something else is told as that */
	assert_int_equal(vkey_read("/proc/self/comm", &k), ERR_SYNTAX);
	assert_null(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_other_implementations_verify),
		cmocka_unit_test(the_text_ends_at_the_last_blank_line),
		cmocka_unit_test(no_flipped_bit_of_a_note_is_accepted),
		cmocka_unit_test(no_truncated_or_extended_note_is_accepted),
		cmocka_unit_test(a_note_out_of_form_is_refused),
		cmocka_unit_test(what_is_wrong_with_a_note_is_told),
		cmocka_unit_test(
		    sixty_four_signature_lines_are_read_and_one_more_is_not),
		cmocka_unit_test(a_note_may_have_65536_bytes_and_not_one_more),
		cmocka_unit_test(a_bad_line_of_a_known_key_spoils_a_good_one),
		cmocka_unit_test(
		    a_note_without_the_key_is_told_from_a_bad_signature),
		cmocka_unit_test(a_signature_is_bound_to_name_and_type),
		cmocka_unit_test(a_cosignature_covers_its_time),
		cmocka_unit_test(a_mangled_vkey_is_refused),
		cmocka_unit_test(what_is_wrong_with_a_vkey_is_told),
		cmocka_unit_test(an_ecdsa_key_is_one_spki_and_nothing_more),
		cmocka_unit_test(only_keys_of_two_kinds_become_vkeys),
		cmocka_unit_test(what_is_wrong_with_a_signature_is_told),
		cmocka_unit_test(errors_of_vkeys_are_told_apart),
		cmocka_unit_test(an_ecdsa_key_of_another_curve_is_refused),
		cmocka_unit_test(
		    a_cosignature_of_a_time_beyond_2_63_is_refused),
		cmocka_unit_test(a_key_file_that_is_not_there_is_not_found),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
