/*
 * A PKCS#11 module for tests: passes every call on to a real module, keeps a
 * trace, and fails, lies, stalls or crashes where a script says so.
 *
 * Settings come from the environment, or, where that has been cleared, from a
 * file faulty.conf in the folder this module was loaded from:
 *	FAULTY_MODULE	module PATH	the real module; default SoftHSM
 *	FAULTY_SCRIPT	script PATH	what to do; default nothing
 *	FAULTY_TRACE	trace PATH	a line "PID C_Name" for every call
 *
 * Script: lines of FUNCTION N ACTION, # begins a comment; FUNCTION * is any.
 *	C_Sign 3 rv 0x30	third call: CKR_DEVICE_ERROR, not passed on
 *	C_Sign 3+ rv 0x30	third and all later ones
 *	C_Sign 3 after 0x30	passed on, then CKR_DEVICE_ERROR all the same
 *	C_Sign 5 crash		the process dies of a signal
 *	C_Sign 5 dead		passed on, then the process dies
 *	C_Sign 2 stall 5000	5 seconds of silence, then passed on
 *	C_Sign 1 lie		one bit of the signature flipped
 *	C_Sign 1 short		one byte of the signature less
 *	C_Sign 1 zero		r and s are 0
 *	C_Sign 1 high-s		the other s that verifies, above n/2
 *	C_FindObjects 1 lie	finds nothing
 *	C_GetAttributeValue 1 lie	lowest bit of the value flipped
 *	C_GetAttributeValue 1 point	of an EC_POINT: another point of P-256
 *	C_GetTokenInfo 1 lie	another serial number
 *	C_GenerateRandom 1 lie	nothing but zeros
 *	C_GenerateRandom 1+ short	the first bytes it ever gave, again
 * Calls are counted in each process from when the script was last read, which
 * happens at the first call after its content has changed (a comment will do).
 * Both files are opened when the module is loaded, before any sandbox, and stay
 * open: change a script in place (> file), not by renaming. Single-threaded,
 * like its users.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#define RULES_MAX 64
#define SCRIPT_MAX 4096

enum action {
	PASS, RV, AFTER, CRASH, DEAD, STALL, LIE, SHORT, ZERO, HIGH_S, POINT
};

struct rule {
	char		function[40];
	unsigned int	number;		/* fires at this call */
	bool		forever;	/* and at all later ones */
	unsigned int	seen;
	enum action	action;
	unsigned long	value;
};

static char module_path[PATH_MAX] = "/usr/lib/softhsm/libsofthsm2.so";
static char script_path[PATH_MAX], trace_path[PATH_MAX];
static int script_fd = -1, trace_fd = -1;
static char script[SCRIPT_MAX];
static struct rule rules[RULES_MAX];
static size_t rule_count;
static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST faulty;

static void die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* A test that is set up wrongly must not look like one that passes. */
static void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "faulty.so: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	abort();
}

/* ---- settings */

static void
set_path(const char *name, const char *value)
{
	static const struct {
		const char	*name;
		char		*path;
	} settings[] = {
		{ "module", module_path },
		{ "script", script_path },
		{ "trace", trace_path },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(name, settings[i].name) == 0) {
			snprintf(settings[i].path, PATH_MAX, "%s", value);
			return;
		}
	}
	die("unknown setting %s", name);
}

static void
read_settings_file(void)
{
	char path[PATH_MAX + 16], line[PATH_MAX + 16];
	Dl_info self;
	const char *slash;
	FILE *f;

	if (dladdr(module_path, &self) == 0 ||
	    (slash = strrchr(self.dli_fname, '/')) == NULL)
		return;
	snprintf(path, sizeof(path), "%.*s/faulty.conf",
	    (int)(slash - self.dli_fname), self.dli_fname);
	if ((f = fopen(path, "re")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		char *value = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (value == NULL)
			die("%s: wanted NAME PATH: %s", path, line);
		*value = '\0';
		set_path(line, value + 1);
	}
	fclose(f);
}

static void
read_settings(void)
{
	static const char *const names[][2] = {
		{ "FAULTY_MODULE", "module" },
		{ "FAULTY_SCRIPT", "script" },
		{ "FAULTY_TRACE", "trace" },
	};

	read_settings_file();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i][0]);

		if (value != NULL)
			set_path(names[i][1], value);
	}
	if (script_path[0] != '\0' && (script_fd = open(script_path,
	    O_RDONLY | O_CREAT | O_CLOEXEC, 0600)) == -1)
		die("script %s cannot be opened", script_path);
	if (trace_path[0] != '\0' && (trace_fd = open(trace_path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) == -1)
		die("trace %s cannot be opened", trace_path);
}

/* ---- script */

static enum action
action_of(const char *word)
{
	static const char *const words[] = {
		[RV] = "rv", [AFTER] = "after", [CRASH] = "crash",
		[DEAD] = "dead",
		[STALL] = "stall", [LIE] = "lie", [SHORT] = "short",
		[ZERO] = "zero", [HIGH_S] = "high-s",
		[POINT] = "point",
	};

	for (enum action a = RV; a <= POINT; a++) {
		if (strcmp(word, words[a]) == 0)
			return a;
	}
	die("unknown action %s", word);
}

static void
parse_line(char *line)
{
	struct rule rule = { 0 };
	char *rest = line, *word[4] = { NULL }, *end;

	line[strcspn(line, "#")] = '\0';
	for (size_t n = 0; n < 4; n++) {
		do
			word[n] = strsep(&rest, " \t");
		while (word[n] != NULL && word[n][0] == '\0');
	}
	if (word[0] == NULL)
		return;
	if (word[2] == NULL || rule_count == RULES_MAX)
		die("wanted FUNCTION N ACTION, at most %u: %s", RULES_MAX,
		    line);
	snprintf(rule.function, sizeof(rule.function), "%s", word[0]);
	rule.number = (unsigned int)strtoul(word[1], &end, 10);
	rule.forever = *end == '+';
	rule.action = action_of(word[2]);
	rule.value = word[3] != NULL ? strtoul(word[3], NULL, 0) : 0;
	rules[rule_count++] = rule;
}

static void
read_script(void)
{
	char fresh[SCRIPT_MAX] = "", *rest = fresh, *line;
	ssize_t n = script_fd != -1 ?
	    pread(script_fd, fresh, sizeof(fresh) - 1, 0) : 0;

	if (n < 0)
		die("script cannot be read");
	fresh[n] = '\0';
	if (strcmp(fresh, script) == 0)
		return;
	memcpy(script, fresh, sizeof(script));
	rule_count = 0;
	while ((line = strsep(&rest, "\n")) != NULL)
		parse_line(line);
}

static void
trace(const char *function)
{
	char line[80];
	int n = snprintf(line, sizeof(line), "%d %s\n", (int)getpid(),
	    function);

	if (trace_fd != -1 && write(trace_fd, line, (size_t)n) != n)
		die("trace cannot be written");
}

/* Busy, because a sandbox may forbid every call that sleeps. */
static void
stall(unsigned long ms)
{
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (time_t)(ms / 1000);
	end.tv_nsec += (long)(ms % 1000) * 1000000;
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - end.tv_sec) * 1000000000L +
	    (now.tv_nsec - end.tv_nsec) < 0);
}

static void
drop_dead(void)
{
	signal(SIGILL, SIG_DFL);
	__builtin_trap();
}

/* What the script has for this call; crashes and stalls are done here. */
static struct rule
next_rule(const char *function)
{
	struct rule hit = { .action = PASS };

	trace(function);
	read_script();
	for (size_t i = 0; i < rule_count; i++) {
		struct rule *r = &rules[i];

		if (strcmp(r->function, function) != 0 &&
		    strcmp(r->function, "*") != 0)
			continue;
		r->seen++;
		if (hit.action == PASS && (r->seen == r->number ||
		    (r->forever && r->seen > r->number)))
			hit = *r;
	}
	if (hit.action == CRASH)
		drop_dead();
	if (hit.action == STALL)
		stall(hit.value);
	return hit;
}

/* ---- lies */

/* s = n - s, when that is the larger of the two */
static void
raise_s(unsigned char s[32])
{
	static const unsigned char n[32] = {
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
		0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	};
	unsigned char other[32];
	int borrow = 0;

	for (int i = 31; i >= 0; i--) {
		int d = n[i] - s[i] - borrow;

		borrow = d < 0;
		other[i] = (unsigned char)(d + (borrow ? 256 : 0));
	}
	if (memcmp(other, s, sizeof(other)) > 0)
		memcpy(s, other, sizeof(other));
}

static void
lie_sign(enum action action, unsigned char *signature, CK_ULONG *len)
{
	if (signature == NULL)
		return;
	if (action == LIE)
		signature[*len - 1] ^= 1;
	if (action == SHORT)
		(*len)--;
	if (action == ZERO)
		memset(signature, 0, *len);
	if (action == HIGH_S && *len == 64)
		raise_s(signature + 32);
}

static void
lie_find(enum action action, CK_ULONG *count)
{
	if (action == LIE)
		*count = 0;
}

/* The generator of P-256, which is nobody's key here. */
static void
lie_point(CK_ATTRIBUTE *a)
{
	static const unsigned char other[] = { 0x04, 0x41, 0x04,
		0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47,
		0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
		0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0,
		0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
		0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b,
		0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
		0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce,
		0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
	};

	if (a->type == CKA_EC_POINT && a->pValue != NULL &&
	    a->ulValueLen == sizeof(other))
		memcpy(a->pValue, other, sizeof(other));
}

static void
lie_attribute(enum action action, CK_ATTRIBUTE *a)
{
	if (action == POINT)
		lie_point(a);
	if (action == LIE && a->pValue != NULL && a->ulValueLen != 0 &&
	    a->ulValueLen != CK_UNAVAILABLE_INFORMATION)
		*(unsigned char *)a->pValue ^= 1;
}

static void
lie_info(enum action action, CK_TOKEN_INFO *info)
{
	if (action == LIE)
		info->serialNumber[0] ^= 1;
}

static void
lie_random(enum action action, unsigned char *out, CK_ULONG len)
{
	static unsigned char first[64];
	static CK_ULONG kept;

	if (action == LIE)
		memset(out, 0, len);
	if (action != SHORT)
		return;
	if (kept == 0) {
		kept = len < sizeof(first) ? len : sizeof(first);
		memcpy(first, out, kept);
	}
	memcpy(out, first, len < kept ? len : kept);
}

/* ---- the functions: name, parameters, arguments, what a lie does */

#define NOTHING ((void)0)
#define FUNCTIONS(F)                                                          \
	F(C_Initialize, (void *a), (a), NOTHING)                              \
	F(C_Finalize, (void *a), (a), NOTHING)                                \
	F(C_GetInfo, (CK_INFO *a), (a), NOTHING)                              \
	F(C_GetSlotList, (CK_BBOOL a, CK_SLOT_ID *b, CK_ULONG *c),            \
	    (a, b, c), NOTHING)                                               \
	F(C_GetSlotInfo, (CK_SLOT_ID a, CK_SLOT_INFO *b), (a, b), NOTHING)    \
	F(C_GetTokenInfo, (CK_SLOT_ID a, CK_TOKEN_INFO *b), (a, b),           \
	    lie_info(r.action, b))                                            \
	F(C_InitToken, (CK_SLOT_ID a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d),    \
	    (a, b, c, d), NOTHING)                                            \
	F(C_InitPIN, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c),           \
	    (a, b, c), NOTHING)                                               \
	F(C_SetPIN, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, \
	    CK_ULONG e), (a, b, c, d, e), NOTHING)                            \
	F(C_OpenSession, (CK_SLOT_ID a, CK_FLAGS b, void *c, CK_NOTIFY d,     \
	    CK_SESSION_HANDLE *e), (a, b, c, d, e), NOTHING)                  \
	F(C_CloseSession, (CK_SESSION_HANDLE a), (a), NOTHING)                \
	F(C_CloseAllSessions, (CK_SLOT_ID a), (a), NOTHING)                   \
	F(C_GetSessionInfo, (CK_SESSION_HANDLE a, CK_SESSION_INFO *b),        \
	    (a, b), NOTHING)                                                  \
	F(C_Login, (CK_SESSION_HANDLE a, CK_USER_TYPE b, CK_BYTE *c,          \
	    CK_ULONG d), (a, b, c, d), NOTHING)                               \
	F(C_Logout, (CK_SESSION_HANDLE a), (a), NOTHING)                      \
	F(C_CreateObject, (CK_SESSION_HANDLE a, CK_ATTRIBUTE *b, CK_ULONG c,  \
	    CK_OBJECT_HANDLE *d), (a, b, c, d), NOTHING)                      \
	F(C_CopyObject, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE b,             \
	    CK_ATTRIBUTE *c, CK_ULONG d, CK_OBJECT_HANDLE *e),                \
	    (a, b, c, d, e), NOTHING)                                         \
	F(C_DestroyObject, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE b), (a, b), \
	    NOTHING)                                                          \
	F(C_GetAttributeValue, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE b,      \
	    CK_ATTRIBUTE *c, CK_ULONG d), (a, b, c, d),                       \
	    lie_attribute(r.action, c))                                       \
	F(C_SetAttributeValue, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE b,      \
	    CK_ATTRIBUTE *c, CK_ULONG d), (a, b, c, d), NOTHING)              \
	F(C_FindObjectsInit, (CK_SESSION_HANDLE a, CK_ATTRIBUTE *b,           \
	    CK_ULONG c), (a, b, c), NOTHING)                                  \
	F(C_FindObjects, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE *b,           \
	    CK_ULONG c, CK_ULONG *d), (a, b, c, d), lie_find(r.action, d))    \
	F(C_FindObjectsFinal, (CK_SESSION_HANDLE a), (a), NOTHING)            \
	F(C_EncryptInit, (CK_SESSION_HANDLE a, CK_MECHANISM *b,               \
	    CK_OBJECT_HANDLE c), (a, b, c), NOTHING)                          \
	F(C_DecryptInit, (CK_SESSION_HANDLE a, CK_MECHANISM *b,               \
	    CK_OBJECT_HANDLE c), (a, b, c), NOTHING)                          \
	F(C_DigestInit, (CK_SESSION_HANDLE a, CK_MECHANISM *b), (a, b),       \
	    NOTHING)                                                          \
	F(C_SignInit, (CK_SESSION_HANDLE a, CK_MECHANISM *b,                  \
	    CK_OBJECT_HANDLE c), (a, b, c), NOTHING)                          \
	F(C_Sign, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d,   \
	    CK_ULONG *e), (a, b, c, d, e), lie_sign(r.action, d, e))          \
	F(C_SignUpdate, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c),        \
	    (a, b, c), NOTHING)                                               \
	F(C_SignFinal, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG *c),        \
	    (a, b, c), NOTHING)                                               \
	F(C_GenerateKey, (CK_SESSION_HANDLE a, CK_MECHANISM *b,               \
	    CK_ATTRIBUTE *c, CK_ULONG d, CK_OBJECT_HANDLE *e),                \
	    (a, b, c, d, e), NOTHING)                                         \
	F(C_GenerateKeyPair, (CK_SESSION_HANDLE a, CK_MECHANISM *b,           \
	    CK_ATTRIBUTE *c, CK_ULONG d, CK_ATTRIBUTE *e, CK_ULONG f,         \
	    CK_OBJECT_HANDLE *g, CK_OBJECT_HANDLE *h),                        \
	    (a, b, c, d, e, f, g, h), NOTHING)                                \
	F(C_WrapKey, (CK_SESSION_HANDLE a, CK_MECHANISM *b,                   \
	    CK_OBJECT_HANDLE c, CK_OBJECT_HANDLE d, CK_BYTE *e, CK_ULONG *f), \
	    (a, b, c, d, e, f), NOTHING)                                      \
	F(C_UnwrapKey, (CK_SESSION_HANDLE a, CK_MECHANISM *b,                 \
	    CK_OBJECT_HANDLE c, CK_BYTE *d, CK_ULONG e, CK_ATTRIBUTE *f,      \
	    CK_ULONG g, CK_OBJECT_HANDLE *h), (a, b, c, d, e, f, g, h),       \
	    NOTHING)                                                          \
	F(C_DeriveKey, (CK_SESSION_HANDLE a, CK_MECHANISM *b,                 \
	    CK_OBJECT_HANDLE c, CK_ATTRIBUTE *d, CK_ULONG e,                  \
	    CK_OBJECT_HANDLE *f), (a, b, c, d, e, f), NOTHING)                \
	F(C_GenerateRandom, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c),    \
	    (a, b, c), lie_random(r.action, b, c))

#define DEFINE(name, parameters, arguments, lie)                              \
	static CK_RV                                                          \
	faulty_##name parameters                                              \
	{                                                                     \
		struct rule r = next_rule(#name);                             \
		CK_RV rv;                                                     \
                                                                              \
		if (r.action == RV)                                           \
			return r.value;                                       \
		rv = real->name arguments;                                    \
		if (r.action == DEAD)                                         \
			drop_dead();                                          \
		if (rv == CKR_OK)                                             \
			lie;                                                  \
		return r.action == AFTER && rv == CKR_OK ? r.value : rv;      \
	}
FUNCTIONS(DEFINE)

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	CK_C_GetFunctionList get_list;
	void *library;

	if (real == NULL) {
		read_settings();
		library = dlopen(module_path, RTLD_NOW | RTLD_LOCAL);
		if (library == NULL)
			die("%s", dlerror());
		get_list = (CK_C_GetFunctionList)dlsym(library,
		    "C_GetFunctionList");
		if (get_list == NULL || get_list(&real) != CKR_OK)
			die("%s: not a PKCS#11 module", module_path);
		faulty = *real;
		faulty.C_GetFunctionList = C_GetFunctionList;
#define OVERRIDE(name, parameters, arguments, lie) faulty.name = faulty_##name;
		FUNCTIONS(OVERRIDE)
	}
	*out = &faulty;
	return CKR_OK;
}
