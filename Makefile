# Okse. `make demo` and `make test` each work as the very first command on a
# Debian 12 machine that has git and make; the other targets expect `make deps`.

BUILD	?= build
CORES	= $(shell nproc)
ifeq ($(origin CC),default)
CC	= gcc
endif
CFLAGS	?= -O2 -g
PREFIX	?= /usr/local
V	?= 0
Q	= $(if $(filter 1,$(V)),,@)# `make V=1` shows whole commands

# A folder may use only what stands before it here (tests/lint.sh enforces it).
FOLDERS	= base quorum policy pkcs11 credential audit signer ceremony cli

PACKAGES = openssl libevent_core libevent_openssl yaml-0.1 sqlite3 jansson \
	libcbor libqrencode libpng libseccomp p11-kit-1 zlib libutf8proc libpq

# In their own variables, so that CFLAGS=… on the command line cannot drop them.
STRICT	= -std=gnu2x -Wall -Wextra -Werror -Wconversion -Wshadow -Wcast-qual \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
	-Wwrite-strings -Wundef -Wformat=2
HARDEN	= -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-fPIE $(AUTO_INIT)
# clang 14 knows only the pattern without a second switch
AUTO_INIT = $(if $(findstring clang,$(CC)),-ftrivial-auto-var-init=pattern,-ftrivial-auto-var-init=zero)
# FORTIFY needs optimisation; sanitizers replace it.
FORTIFY	= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
SANITIZE =
ifneq ($(SANITIZE),)
FORTIFY	=
endif
CPPFLAGS := -D_GNU_SOURCE -I. $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LINK	= -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
LIBRARIES := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -ldl
COMPILE	= $(CC) $(CPPFLAGS) $(STRICT) $(HARDEN) $(FORTIFY) $(CFLAGS) $(SANITIZE) -MMD -MP

.PHONY: all deps test test-race test-faults demo bench lint fuzz asan install clean
all: $(BUILD)/oksed $(BUILD)/okse

# ---- libraries: one archive a folder, linked from the top of the list down

mains	= signer/oksed.c cli/okse.c
sources	= $(filter-out $(mains),$(sort $(wildcard $(1)/*.c $(1)/*/*.c)))
objects	= $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))
archive	= $(BUILD)/lib/$(1).a

# what code in a folder links with: itself and all before it, users first
before	= $(if $(filter $(1),$(firstword $(2))),$(1),$(firstword $(2)) $(call before,$(1),$(wordlist 2,99,$(2))))
reverse	= $(if $(1),$(call reverse,$(wordlist 2,99,$(1))) $(firstword $(1)))
links	= $(foreach f,$(call reverse,$(call before,$(1),$(FOLDERS))),$(call archive,$(f)))

define folder
$(call archive,$(1)): $(call objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@echo "  AR $$@"
	$(Q)ar -rcsP $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder,$(f))))

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(COMPILE) -c -o $@ $<

# these take files in by .incbin, which -MMD does not see
$(BUILD)/audit/report_page.o: $(wildcard audit/report_page.*)
$(BUILD)/quorum/words.o: quorum/english.txt

$(BUILD)/oksed: $(BUILD)/signer/oksed.o $(call links,signer)
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LINK) -o $@ $^ $(LIBRARIES)

$(BUILD)/okse: $(BUILD)/cli/okse.o $(call links,cli)
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LINK) -o $@ $^ $(LIBRARIES)

# ---- tests: adding a test is adding a file
#	tests/unit/FOLDER/NAME_test.c	cmocka, linked with FOLDER and before
#	tests/e2e/NAME.{sh,mjs}		stories on their own instance
#	tests/fuzz/FOLDER/NAME.c	libFuzzer entry; tests/corpus/NAME/* replayed
#	tests/module/NAME.c		shared objects (faulty PKCS#11 modules)

folder_of = $(word 3,$(subst /, ,$(1)))
unit_tests = $(sort $(wildcard tests/unit/*/*_test.c))
unit_programs = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(unit_tests))
fuzz_sources = $(sort $(wildcard tests/fuzz/*/*.c))
replay_programs = $(patsubst tests/fuzz/%.c,$(BUILD)/replay/%,$(fuzz_sources))
fuzz_programs = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(fuzz_sources))
test_modules = $(patsubst tests/module/%.c,$(BUILD)/module/%.so,$(wildcard tests/module/*.c))
test_tools = $(patsubst tests/tool/%.c,$(BUILD)/tool/%,$(wildcard tests/tool/*.c))

define unit_test
$(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(1)): $(1) $(call links,$(call folder_of,$(1)))
	@mkdir -p $$(@D)
	@echo "  TEST $$@"
	$(Q)$$(COMPILE) $$(LINK) -o $$@ $$(filter %.c %.a,$$^) $$(LIBRARIES) -lcmocka
endef
$(foreach t,$(unit_tests),$(eval $(call unit_test,$(t))))

define fuzz_test
$(patsubst tests/fuzz/%.c,$(BUILD)/replay/%,$(1)): $(1) tests/fuzz/replay.c $(call links,$(call folder_of,$(1)))
	@mkdir -p $$(@D)
	@echo "  TEST $$@"
	$(Q)$$(COMPILE) $$(LINK) -o $$@ $$(filter %.c %.a,$$^) $$(LIBRARIES)
$(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(1)): $(1) $(foreach f,$(call before,$(call folder_of,$(1)),$(FOLDERS)),$(call sources,$(f)))
	@mkdir -p $$(@D)
	@echo "  FUZZ $$@"
	$(Q)clang $$(CPPFLAGS) $$(STRICT) -O1 -g -fsanitize=fuzzer,address,undefined -o $$@ $$^ $$(LIBRARIES)
endef
$(foreach t,$(fuzz_sources),$(eval $(call fuzz_test,$(t))))

# a certificate is spoiled on its way to the throw-away key
$(BUILD)/unit/ceremony/lint_token_test: LINK += -Wl,--wrap=X509_sign

$(BUILD)/module/%.so: tests/module/%.c
	@mkdir -p $(@D)
	@echo "  TEST $@"
	$(Q)$(COMPILE) -fPIC -shared -Wl,-z,relro,-z,now -o $@ $< -ldl -lpthread

# comparisons of secrets are told apart from what leads to them
$(BUILD)/tool/constant_time: LINK += -Wl,--wrap=secret_equal
# the verifier is forked where it opens the file that is tampered with
$(BUILD)/tool/tamper: LINK += -Wl,--wrap=file_read
$(BUILD)/tool/%: tests/tool/%.c $(call links,cli)
	@mkdir -p $(@D)
	@echo "  TEST $@"
	$(Q)$(COMPILE) $(LINK) -o $@ $(filter %.c %.a,$^) $(LIBRARIES) -lpthread -lm -lcmocka

# not `npm ci`: it wants optional packages of other platforms in the lock file,
# which not every registry has; versions and hashes are the lock's all the same
$(BUILD)/npm: tests/package.json tests/package-lock.json
	cd tests && npm install --no-save --no-audit --no-fund --loglevel=error
	@mkdir -p $(@D)
	@touch $@

# `make deps` has installed what the second make needs to find its libraries
test: deps
	+$(MAKE) --no-print-directory -j$(CORES) test-run

.PHONY: test-run
test-run: all $(unit_programs) $(replay_programs) $(test_modules) $(test_tools) $(BUILD)/npm
	BUILD=$(BUILD) tests/run.sh

# the notary's every system call in turn, a quarter of an hour; then a death
# before and after every call of ceremonies. A slice of both is in `make test`
test-faults: all $(BUILD)/tool/faults $(BUILD)/module/faulty.so $(BUILD)/unit/ceremony/resume_test $(BUILD)/unit/ceremony/resume_life_test
	BUILD=$(BUILD) tests/faults.sh
	printf '%s\n' crash dead | xargs -P 2 -I{} env RESUME_SWEEP={} $(BUILD)/unit/ceremony/resume_test
	printf '%s\n' crash dead | xargs -P 2 -I{} env RESUME_SWEEP={} $(BUILD)/unit/ceremony/resume_life_test

# whole call chains of leaks, so that a module's own can be told from ours
asan: export ASAN_OPTIONS = fast_unwind_on_malloc=0
asan: export LSAN_OPTIONS = suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0
asan:
	+$(MAKE) --no-print-directory test BUILD=build/asan CFLAGS="-O1 -g" SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"

# every bit of what a ceremony and its rehearsal left, a million changes
.PHONY: test-tamper
test-tamper: all $(BUILD)/tool/tamper $(BUILD)/npm
	BUILD=$(BUILD) OKSE_TAMPER=all node tests/e2e/tamper.mjs

# every bit and every offset of an export, and of one whose first entries are
# gone, where `make test` takes some
.PHONY: test-sweep
test-sweep: $(BUILD)/unit/audit/sweep_test $(BUILD)/unit/audit/sweep_pruned_test
	for t in $^; do OKSE_SWEEP=all $$t || exit 1; done

# the long race over a fleet (a slice of it is in `make test`)
RACE_SECONDS ?= 600
test-race: all $(BUILD)/npm
	BUILD=$(BUILD) RACE_SECONDS=$(RACE_SECONDS) node tests/e2e/race.mjs

# kill -9 at random moments, KILLS times each: of a notary alone, of a whole
# daemon under load, while devices change and months are closed (a slice of each
# is in `make test`)
KILLS	?= 1000
.PHONY: test-kill
test-kill: all $(BUILD)/npm $(BUILD)/unit/signer/crash_test
	OKSE_KILLS=$(KILLS) $(BUILD)/unit/signer/crash_test
	BUILD=$(BUILD) node tests/kills.mjs $(KILLS)
	BUILD=$(BUILD) KILLS=$(KILLS) node tests/e2e/kill_changes.mjs

# each check of the verifier switched off in turn: does a test notice? MUTANTS
# names files of audit/ to do it for, MUTATION has options
MUTANTS	?=
.PHONY: test-mutation
test-mutation: export CC := $(CC)
test-mutation: export CPPFLAGS := $(CPPFLAGS)
test-mutation: export LIBRARIES := $(LIBRARIES)
test-mutation: all
	node tests/mutation/mutate.mjs $(MUTATION) $(BUILD) $(MUTANTS)

lint:
	tests/lint.sh

# FUZZ_SECONDS for each fuzzer, new inputs kept in the build folder
FUZZ_SECONDS ?= 60
fuzz: $(fuzz_programs)
	BUILD=$(BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh $(fuzz_programs)

# our readers against Go's on the same changed notes, proofs and receipts
DIFFER_SECONDS ?= 600
.PHONY: fuzz-differential
fuzz-differential: $(BUILD)/tool/differ
	BUILD=$(BUILD) tests/differ.sh $(DIFFER_SECONDS)

bench: all $(test_tools) $(test_modules)
	BUILD=$(BUILD) tests/bench/run.sh

# ---- the rest

demo: deps
	+$(MAKE) --no-print-directory -j$(CORES) all $(BUILD)/npm
	BUILD=$(BUILD) tests/demo.sh

deps:
	tests/deps.sh

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/oksed $(DESTDIR)$(PREFIX)/sbin/oksed
	install -m 755 $(BUILD)/okse $(DESTDIR)$(PREFIX)/bin/okse
	install -d $(DESTDIR)$(PREFIX)/share/okse
	cp -r configs/ceremony configs/policy $(DESTDIR)$(PREFIX)/share/okse/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	sed 's|/usr/local|$(PREFIX)|' configs/systemd/oksed.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/oksed.service
	install -m 644 configs/systemd/okse.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/okse.conf
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8
	for s in 1 5 8; do cp docs/man/*.$$s $(DESTDIR)$(PREFIX)/share/man/man$$s/; done

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
