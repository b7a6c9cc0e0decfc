/*
 * How fast is the token? C_SignInit and C_Sign in a loop, through pkcs11/ and
 * nothing else, unverified: what the daemon is measured against.
 *
 *	sign_raw URI PIN-FILE LABEL SECONDS PROCESSES
 *
 * Prints one JSON line: signatures per second of all processes together, CPU
 * time of one signature. Processes are started before any loads the module
 * and log in one after the other, as keyholders do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "pkcs11/generate.h"

#define PROCESSES_MAX 64

struct result {
	uint64_t	signatures;
	int64_t		wall_us;
	int64_t		cpu_us;
};

static void
must(enum err e)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "sign_raw: %s: %s\n", err_code(e), err_why());
	exit(1);
}

static void
must_system(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static struct secret *
read_pin(const char *path)
{
	AUTO_DONE(bytes) text = { 0 };
	struct secret *pin = NULL;

	must(file_read(path, 4096, &text));
	while (text.len != 0 && text.at[text.len - 1] == '\n')
		text.len--;
	must(secret_new(text.len, &pin));
	memcpy(secret_at(pin), text.at, text.len);
	return pin;
}

/* The tool is told no id and no public key: both are the token's word. */
static struct key *
find_key(struct token *t, const char *label)
{
	AUTO_DONE(token_inventory) list = { 0 };
	struct key *k = NULL;

	must(token_list(t, &list));
	for (size_t i = 0; i < list.count && k == NULL; i++) {
		const struct token_object *o = &list.at[i];
		struct key_spec spec = { label, VIEW(o->id, o->id_len), NULL };
		AUTO(EVP_PKEY) public_key = NULL;

		if (o->class != OBJECT_PRIVATE_KEY ||
		    !view_is(VIEW(o->label, o->label_len), label))
			continue;
		must(token_read_public(t, o->type, label, spec.id,
		    &public_key));
		spec.public_key = public_key;
		must(token_key_find(t, &spec, &k));
	}
	if (k == NULL)
		must(err_because(ERR_NOT_FOUND, "no private key '%s'",
		    label));
	return k;
}

static int64_t
cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return ((int64_t)u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static struct result
sign_for(struct key *k, int64_t seconds)
{
	struct result r = { .cpu_us = cpu_us() };
	struct hash digest = sha256(view_text("sign_raw"));
	int64_t start = time_monotonic_us();
	uint8_t signature[64];

	do {
		must(key_type(k) == KEY_P256 ?
		    key_sign_digest(k, &digest, false, signature) :
		    key_sign_message(k, VIEW_OF(digest.at), false,
		    signature));
		r.signatures++;
		r.wall_us = time_monotonic_us() - start;
	} while (r.wall_us < seconds * 1000000);
	r.cpu_us = cpu_us() - r.cpu_us;
	return r;
}

/* Says when it is ready, begins when told to, says how it went. */
static void
work(char **argv, int parent)
{
	AUTO(token_uri) uri = NULL;
	AUTO(secret) pin = read_pin(argv[2]);
	AUTO(key) k = NULL;
	struct token *t = NULL;
	struct result r;
	char go = 0;

	must(token_uri_parse(argv[1], &uri));
	must(token_open(uri, NULL, &t));
	must(token_login(t, pin));
	k = find_key(t, argv[3]);
	must_system(write(parent, &go, 1) == 1, "write");
	must_system(read(parent, &go, 1) == 1, "read");
	r = sign_for(k, strtol(argv[4], NULL, 10));
	must_system(write(parent, &r, sizeof(r)) == sizeof(r), "write");
	_exit(0);
}

/* The socket of a child that is ready to sign. */
static int
start(char **argv)
{
	int pair[2];
	char ready;
	pid_t pid;

	must_system(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair) == 0, "socketpair");
	must_system((pid = fork()) != -1, "fork");
	if (pid == 0) {
		close(pair[0]);
		work(argv, pair[1]);
	}
	close(pair[1]);
	if (read(pair[0], &ready, 1) != 1)
		exit(1);	/* the child has said why */
	return pair[0];
}

int
main(int argc, char **argv)
{
	unsigned long count = argc == 6 ? strtoul(argv[5], NULL, 10) : 0;
	struct result r, sum = { 0 };
	int children[PROCESSES_MAX];
	double rate = 0;

	if (count < 1 || count > PROCESSES_MAX) {
		fprintf(stderr, "usage: sign_raw URI PIN-FILE LABEL SECONDS "
		    "PROCESSES (1 to %d)\n", PROCESSES_MAX);
		return 2;
	}
	must(crypto_init());
	for (unsigned long i = 0; i < count; i++)
		children[i] = start(argv);
	for (unsigned long i = 0; i < count; i++)
		must_system(write(children[i], "g", 1) == 1, "write");
	for (unsigned long i = 0; i < count; i++) {
		if (read(children[i], &r, sizeof(r)) != sizeof(r))
			return 1;
		sum.signatures += r.signatures;
		sum.cpu_us += r.cpu_us;
		rate += (double)r.signatures * 1e6 / (double)r.wall_us;
	}
	printf("{\"processes\":%lu,\"signatures\":%llu,\"per_second\":%.0f,"
	    "\"cpu_us\":%.1f}\n", count, (unsigned long long)sum.signatures,
	    rate, (double)sum.cpu_us / (double)sum.signatures);
	return 0;
}
