# espstation: build, tests, installation. `make help` lists the targets.

VERSION  := 0.1.0
CC       ?= cc
BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
SAN      ?=
NODE     ?= node
V        ?= 0

# ---- Flags -------------------------------------------------------------------------------------
LIBS      := libserialport sqlite3 yaml-0.1 libcrypto zlib libdeflate liblzma cairo libevdev libmicrohttpd \
             libcurl libmodbus libmosquitto libpq libsystemd libudev ncursesw
WARN      := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror=implicit-function-declaration
# The tests set it; a compiler newer than ours may warn of more, and still builds the station.
WERROR    ?=
HARDEN    := -fstack-protector-strong -fPIE
# Those that this compiler knows for this machine.
HARDEN    += $(foreach f,-fstack-clash-protection -fcf-protection,$(shell \
               echo 'int x;' | $(CC) -Werror $(f) -xc -c -o /dev/null - 2>/dev/null && echo $(f)))
# Sanitizers: optimizing their checks takes more than twice as long as it saves in the tests, and -g1
# has the lines that reports name.
OPT       ?= $(if $(filter asan tsan,$(SAN)),-O1 -g1,-O2 -g)
CPPFLAGS  += -D_GNU_SOURCE -I. -I$(BUILD)
CFLAGS    += -std=c11 $(OPT) $(WARN) $(WERROR) $(HARDEN) -pthread
LDFLAGS   += -pie -Wl,-z,relro,-z,now,-z,noexecstack -pthread
# LIB_CFLAGS come through -isystem: their headers need not meet our warnings.
LIB_CFLAGS = $(shell pkg-config --cflags $(LIBS) 2>/dev/null | sed 's/-I/-isystem /g')
# libcsv, libzint and libcups have no file for pkg-config.
LIB_LDLIBS = $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lcsv -lzint -lcups
# What gcc knows of lengths at -O1, and amid the sanitizers' checks, makes it doubt snprintf into buffers that
# are large enough; the builds at -O2 see that they are, and there it stays an error of the tests.
ifneq ($(filter asan tsan,$(SAN)),)
  CFLAGS  += -Wno-format-truncation
endif
ifeq ($(SAN),asan)
  CFLAGS  += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
  LDFLAGS += -fsanitize=address,undefined
else ifeq ($(SAN),fuzz)
  CFLAGS  += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
  LDFLAGS += -fsanitize=fuzzer-no-link,address,undefined
else ifeq ($(SAN),tsan)
  CFLAGS  += -fsanitize=thread
  LDFLAGS += -fsanitize=thread
else
  CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
# Of the programs that are tested with, which are many: a linker that takes a third of the time, if there
# is one. What is installed is linked by the compiler's own.
TEST_LDFLAGS := $(firstword $(foreach l,lld gold,$(shell \
                  echo 'int main(void) { return 0; }' | $(CC) -fuse-ld=$l -xc -o /dev/null - 2>/dev/null && echo -fuse-ld=$l)))
ifeq ($(V),0)
  Q := @
  say = @printf '  %-4s %s\n' $(1) $(2)
else
  say = @:
endif

# ---- Files: found, not listed -------------------------------------------------------------------
CORE_SRC    := $(wildcard core/*/*.c)
RECIPES_SRC := $(wildcard recipes/*.c recipes/*/*.c)
DB_SRC      := $(wildcard db/*/*.c)
STATION_SRC := $(filter-out station/commands/main.c,$(wildcard station/*/*.c))
FIXTURE_SRC := $(filter-out tests/fixture/main.c,$(wildcard tests/fixture/*.c tests/fixture/*/*.c))
UNIT_SRC    := $(wildcard tests/unit/*.c)
TESTLIB_SRC := $(filter-out tests/lib/choose.c,$(wildcard tests/lib/*.c))
# The fast stub's own code, but for the chips' registers: for tests of it on this machine.
STUBLIB_SRC := $(filter-out $(wildcard stub/chip_*.c),$(wildcard stub/*.c))
FUZZ_SRC    := $(wildcard tests/fuzz/*.c)
obj          = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

WEB_FILES   := $(sort $(wildcard station/web/files/*))
WEB_OBJ     := $(BUILD)/obj/gen/web_files.o
SCHEMA_OBJ  := $(BUILD)/obj/gen/schema_made.o
LIB_OBJ     := $(call obj,$(CORE_SRC) $(RECIPES_SRC) $(DB_SRC) $(STATION_SRC)) $(WEB_OBJ) $(SCHEMA_OBJ)
FIXTURE_OBJ := $(call obj,$(FIXTURE_SRC))
TESTLIB_OBJ := $(call obj,$(TESTLIB_SRC) $(STUBLIB_SRC))
# Of these a test program links what it uses.
ARCHIVES    := $(BUILD)/libtests.a $(BUILD)/libespstation.a $(BUILD)/libespfixture.a
CHOOSE_OBJ  := $(call obj,tests/lib/choose.c)
STUB_OBJ    := $(BUILD)/obj/gen/stub_files.o $(BUILD)/obj/gen/fast_stub_files.o
UNIT_BIN    := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
REPLAY_BIN  := $(patsubst tests/fuzz/%.c,$(BUILD)/unit/fuzz_%,$(FUZZ_SRC))
FUZZ_BIN    := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
FUZZ_OBJ    := $(call obj,tests/fuzz/lib/fuzz.c tests/fuzz/lib/far_end.c)
REPLAY_OBJ  := $(call obj,tests/fuzz/lib/replay.c)

PROGRAMS    := $(BUILD)/espstation $(BUILD)/espfixture

# ---- Build --------------------------------------------------------------------------------------
.PHONY: all pages deb deb-test install-service deps run test quick unit fuzz valgrind units fuzzers \
        burn_fuses make_images make_record plc_floor show_floor show_scene measure preloads check docs \
        format stub bench bench-begin bench-fleet bench-idle bench-screen bench-units campaign crash-test first-attempts \
        fleet-test fuse-campaign \
        pull-test soak install uninstall clean distclean help force
.DELETE_ON_ERROR:
.SECONDARY:
all: $(PROGRAMS)
	$(if $(STUB_JSON),,@echo 'No flasher stubs in deps/: this espstation leaves all work to the ROM loaders, which takes longer. To have them: make deps, then make.')

$(BUILD)/espstation: $(BUILD)/obj/station/commands/main.o $(LIB_OBJ) $(STUB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

$(BUILD)/espfixture: $(BUILD)/obj/tests/fixture/main.o $(FIXTURE_OBJ) $(STUB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

# Makes valid images for the demonstration and the tests: none is shipped.
$(BUILD)/make_images: $(BUILD)/obj/tests/tools/make_images.o
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

# Makes a record of as many runs as wanted, for tests of what reads records.
$(BUILD)/make_record: $(BUILD)/obj/tests/tools/make_record.o $(BUILD)/libespstation.a $(STUB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

# Burns fuses of virtual boards, for tests that let other programs judge them.
$(BUILD)/burn_fuses: $(BUILD)/obj/tests/tools/burn_fuses.o $(BUILD)/libespstation.a $(STUB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

# Shows slots in a terminal that no floor has, for tests of what is drawn.
$(BUILD)/show_scene: $(BUILD)/obj/tests/tools/show_scene.o $(BUILD)/libespstation.a $(STUB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

# Writes manual pages and completions out of the tables that the program works by.
$(BUILD)/pages: $(BUILD)/obj/tools/pages.o $(BUILD)/libespstation.a $(STUB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)
$(BUILD)/share/.made: $(BUILD)/pages
	$(call say,GEN,$(@D))
	$(Q)rm -rf $(@D) && mkdir -p $(@D) && $(BUILD)/pages $(@D) && touch $@
# Serves the screen in the browser over a floor that is made up, for tests of what it shows.
FAKE_FLOOR  := $(call obj,tests/tools/fake_floor.c)
$(BUILD)/show_floor: $(call obj,tests/tools/show_floor.c) $(FAKE_FLOOR) $(BUILD)/libespstation.a $(STUB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

# A floor that is played, for the PLC clients of the tests.
$(BUILD)/plc_floor: $(BUILD)/obj/tests/tools/plc_floor.o $(BUILD)/libespstation.a $(STUB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

# Tells the benchmark what a client has cost.
$(BUILD)/measure: $(BUILD)/obj/tests/bench/measure.o
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

# What a unit costs, taken and made.
$(BUILD)/taking: $(BUILD)/obj/tests/bench/taking.o $(BUILD)/libespstation.a $(STUB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)

$(BUILD)/libespstation.a: $(LIB_OBJ)
$(BUILD)/libespfixture.a: $(FIXTURE_OBJ)
$(BUILD)/libtests.a: $(TESTLIB_OBJ)
$(ARCHIVES):
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(CHOOSE_OBJ) $(ARCHIVES) $(STUB_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(TEST_LDFLAGS) -o $@ $^ $(LIB_LDLIBS) -lcmocka

# The fuzz targets, twice: a program that runs the inputs that are kept, which is a test as any
# other, and one that searches for new ones, which needs clang.
FUZZ_PARTS  := $(FUZZ_OBJ) $(ARCHIVES) $(STUB_OBJ)
$(BUILD)/unit/fuzz_%: $(BUILD)/obj/tests/fuzz/%.o $(REPLAY_OBJ) $(FUZZ_PARTS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(TEST_LDFLAGS) -o $@ $^ $(LIB_LDLIBS)
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_PARTS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIB_LDLIBS)
# Its server is a pair of sockets, and no wait takes time.
$(BUILD)/unit/fuzz_rfc2217 $(BUILD)/fuzz/rfc2217: private LDFLAGS += -Wl,--wrap=port_net_connect,--wrap=port_net_lock,--wrap=poll

# What goes to the journal is caught.
$(BUILD)/unit/station_service: private LDFLAGS += -Wl,--wrap=sd_journal_sendv
# Whether udev runs is the test's to say.
$(BUILD)/unit/usb_watch: private LDFLAGS += -Wl,--wrap=udev_queue_get_udev_is_active
# The floor behind the screen in the browser is made up; it stands in front of the real one.
$(BUILD)/unit/web_pages $(BUILD)/unit/fuzz_web $(BUILD)/fuzz/web: private LDFLAGS += $(FAKE_FLOOR)
$(BUILD)/unit/web_pages $(BUILD)/unit/fuzz_web $(BUILD)/fuzz/web: | $(FAKE_FLOOR)

# Said once and plainly, instead of by a hundred missing headers.
$(BUILD)/libraries:
	@mkdir -p $(@D)
	@pkg-config --exists $(LIBS) && printf '%s\n' '#include <csv.h>' '#include <zint.h>' '#include <cups/cups.h>' | $(CC) $(CPPFLAGS) -E -xc - >/dev/null 2>&1 || { echo 'Libraries are missing. Install them with: make deps' >&2; exit 1; }
	@touch $@

$(BUILD)/obj/%.o: %.c | $(BUILD)/libraries
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(LIB_CFLAGS) $(CFLAGS) -DESPSTATION_VERSION='"$(VERSION)"' -MMD -MP -c -o $@ $<

# ---- Preloads: one makes a pty a serial port, the other fills disks, sets clocks and kills ----------
# Without sanitizer flags, whatever SAN is: they go in front of the program's own runtime.
$(BUILD)/%.so: tests/preload/%.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=c11 -O2 -g $(WARN) -D_GNU_SOURCE -fPIC -shared -pthread -o $@ $< -ldl
$(BUILD)/unit/port_serial: | $(BUILD)/pty_lines.so

# ---- Generated sources ---------------------------------------------------------------------------
# The flasher stubs go into the binary as the JSON files they are: one parser serves them and the
# folder given at run time. Without deps/ the table is empty and the ROM loader is used.
STUB_JSON := $(wildcard deps/esptool-js/lib/targets/stub_flasher/*.json)
# Which files there are counts, and not only how old they are: whoever copies them keeps their times.
$(BUILD)/gen/stub_names: force | $(BUILD)/gen
	@echo '$(STUB_JSON)' | cmp -s - $@ || echo '$(STUB_JSON)' > $@
force:
# The fast stubs, built by tools/stub.sh and kept.
FAST_JSON := $(sort $(wildcard stub/built/*.json))
$(BUILD)/gen/fast_stub_files.c: $(BUILD)/embed $(FAST_JSON) | $(BUILD)/gen
	$(call say,GEN,$@)
	$(Q)$(BUILD)/embed fast_stub_files $(FAST_JSON) > $@
$(BUILD)/gen/stub_files.c: $(BUILD)/embed $(BUILD)/gen/stub_names $(STUB_JSON) | $(BUILD)/gen
	$(call say,GEN,$@)
	$(Q)$(BUILD)/embed stub_files $(STUB_JSON) > $@
# The files of the screen in the browser, likewise.
$(BUILD)/gen/web_files.c: $(BUILD)/embed $(WEB_FILES) | $(BUILD)/gen
	$(call say,GEN,$@)
	$(Q)$(BUILD)/embed web_files $(WEB_FILES) > $@
# The tables of a new record, as the steps from version to version leave them.
$(BUILD)/make_schema: $(call obj,tools/make_schema.c $(addprefix db/store/,tables.c schema_step.c timings.c))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIB_LDLIBS)
$(BUILD)/gen/schema_made.c: $(BUILD)/make_schema | $(BUILD)/gen
	$(call say,GEN,$@)
	$(Q)$(BUILD)/make_schema > $@
$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/embed: tools/embed.c | $(BUILD)/gen
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $<
$(BUILD)/gen:
	@mkdir -p $@

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- Things to do -------------------------------------------------------------------------------
help:
	@echo 'make            build espstation and espfixture'
	@echo 'make run        set up, then show a line of eight virtual boards'
	@echo 'make test       set up, then all tests'
	@echo 'make quick      build, unit tests but for the longest, four integration tests: after each change'
	@echo "make unit       one test program: T=core_slip, of its tests those that match: N='*oversize*'"
	@echo 'make deps       install what is missing: packages, flasher stubs, test client'
	@echo 'make fuzz       search for inputs that break a promise; SECONDS=600 for each target'
	@echo 'make valgrind   the commands under valgrind, against virtual boards'
	@echo 'make bench      how long boards take, beside what wire and flash allow'
	@echo 'make bench-screen  what the screen in a browser costs'
	@echo 'make bench-fleet  sending to PostgreSQL, beside psql; what it does to boards; statistics over all'
	@echo 'make bench-begin  how soon a board on the line is worked on, beside run'
	@echo 'make bench-idle what a line costs whose slots are empty'
	@echo 'make bench-units  what taking a unit costs, from pools of 1,000 and 1,000,000 rows'
	@echo 'make campaign   every fault at every place of every class of boards, verdicts against the flash'
	@echo 'make first-attempts every chip x stub x rate x adapter without a fault: first attempts, all must pass'
	@echo 'make fuse-campaign every step of every plan of fuses x disturbances, verdicts against the fuses'
	@echo 'make crash-test stations killed at KILLS (500) random moments, and restarted'
	@echo 'make fleet-test six stations x BOARDS (40) at one PostgreSQL, killed and cut off at random'
	@echo 'make pull-test  PULLS (1000) cables pulled in mid-attempt and put back'
	@echo 'make soak       64 boards with random faults for MINUTES (30); LINE=1: at a line;'
	@echo '                SHIFTS=1: a day of three shifts at a line, in MINUTES (40)'
	@echo 'make stub       the fast stub of each chip anew, into stub/built; needs the cross compilers'
	@echo 'make check      format, layers, banned words, cppcheck'
	@echo 'make docs       write into docs/ what comes from tables of the program'
	@echo 'make install    into PREFIX (/usr/local), under DESTDIR; make uninstall takes it out'
	@echo 'make install-service  also unit, udev rules, full screen; make deb: all of it as a Debian package'
	@echo 'make clean      what was built; make distclean also what was fetched'

# Installs what is missing (packages, flasher stubs, the independent client), and does nothing when
# nothing is.
deps:
	$(Q)tools/deps.sh

# A line of eight virtual boards with the demonstration recipe; one of them fails.
run: deps
	$(Q)$(MAKE) --no-print-directory all make_images
	$(Q)BUILD=$(BUILD) tools/demo.sh

units: $(UNIT_BIN) $(REPLAY_BIN)
fuzzers: $(FUZZ_BIN)
make_images: $(BUILD)/make_images
burn_fuses: $(BUILD)/burn_fuses
make_record: $(BUILD)/make_record
show_floor: $(BUILD)/show_floor
show_scene: $(BUILD)/show_scene
plc_floor: $(BUILD)/plc_floor
measure: $(BUILD)/measure
pages: $(BUILD)/share/.made
preloads: $(BUILD)/pty_lines.so $(BUILD)/trouble.so $(BUILD)/heap.so $(BUILD)/wall.so

test: deps
	$(Q)tests/run.sh

# What to run after each change: needs no network, and under a minute on two cores.
quick:
	$(Q)tests/run.sh quick

# One test program, or of its tests those that match: make unit T=core_slip N='*oversize*'
unit: $(if $(T),$(BUILD)/unit/$(T))
	$(if $(T),,$(error Name a test program of tests/unit: make unit T=core_slip))
	$(Q)$(BUILD)/unit/$(T) $(if $(N),'$(N)')

# Each fuzz target so long; FUZZ=NAME for one of them.
SECONDS ?= 60
fuzz: deps
	$(Q)tests/fuzz/fuzz.sh run $(SECONDS) $(FUZZ)

# Most commands under valgrind's memcheck: half a minute of work.
valgrind: deps
	$(Q)$(MAKE) --no-print-directory all make_images
	$(Q)BUILD=$(BUILD) tests/valgrind.sh

bench: deps
	$(Q)$(MAKE) --no-print-directory all make_images $(BUILD)/measure
	$(Q)BUILD=$(BUILD) $(NODE) tests/bench/bench.mjs $(BENCH)

# What looking costs; SCREEN=boards=64 measures what it does to boards.
bench-screen: deps
	$(Q)$(MAKE) --no-print-directory all make_images show_floor
	$(Q)BUILD=$(BUILD) $(NODE) tests/bench/screen.mjs $(SCREEN)

# Sending to a PostgreSQL of its own, beside psql's COPY of the same rows (RUNS=100000); what that does to a
# board; statistics over STATS (1000000) runs. RUNS=1000000 STATS=10000000 are what is promised.
bench-fleet: deps
	$(Q)$(MAKE) --no-print-directory all make_images make_record $(BUILD)/measure
	$(Q)BUILD=$(BUILD) tests/bench/fleet.sh $(or $(RUNS),100000)
	$(Q)BUILD=$(BUILD) tests/bench/fleet_slot.sh $(or $(ROUNDS),20)
	$(Q)BUILD=$(BUILD) tests/bench/fleet_stats.sh $(or $(STATS),1000000) $(if $(ROWS),,sums)

# From plug to first byte on a line, beside the start of a run.
bench-begin: deps
	$(Q)$(MAKE) --no-print-directory all make_images
	$(Q)BUILD=$(BUILD) $(NODE) tests/bench/begin.mjs $(BEGIN)

# What a line costs while nobody puts a board in.
bench-idle: deps
	$(Q)$(MAKE) --no-print-directory all make_images
	$(Q)BUILD=$(BUILD) $(NODE) tests/bench/idle.mjs $(IDLE)

# BOARDS=N of them; the record lies in TMPDIR, and its disk counts in the times of the wall.
bench-units: deps
	$(Q)$(MAKE) --no-print-directory make_images $(BUILD)/taking
	$(Q)d=$$(mktemp -d) && $(BUILD)/make_images $$d 1024 && $(BUILD)/taking $$d $(BOARDS); \
	    rc=$$?; rm -rf "$$d"; exit $$rc

# Of kill -9, torn writes and power cuts; SEED repeats a run.
campaign: deps
	$(Q)$(MAKE) --no-print-directory all make_images preloads
	$(Q)BUILD=$(BUILD) $(NODE) tests/campaign/campaign.mjs $(CAMPAIGN)

first-attempts: deps
	$(Q)$(MAKE) --no-print-directory all make_images
	$(Q)BUILD=$(BUILD) $(NODE) tests/campaign/first.mjs $(FIRST)

# The same of burns; SEED repeats a run.
fuse-campaign: deps
	$(Q)$(MAKE) --no-print-directory all make_images
	$(Q)BUILD=$(BUILD) $(NODE) tests/campaign/fuses.mjs $(if $(SEED),--seed $(SEED)) $(CAMPAIGN)

crash-test: deps
	$(Q)$(MAKE) --no-print-directory all make_images preloads
	$(Q)BUILD=$(BUILD) $(NODE) tests/crash/crash.mjs --kills $(or $(KILLS),500) $(if $(SEED),--seed $(SEED))
	$(Q)BUILD=$(BUILD) $(NODE) tests/crash/units.mjs --kills $(or $(KILLS),500) $(if $(SEED),--seed $(SEED))

# Does the station keep a descriptor or a thread of a cable that was pulled?
pull-test: deps
	$(Q)$(MAKE) --no-print-directory all make_images preloads
	$(Q)BUILD=$(BUILD) $(NODE) tests/crash/pulls.mjs --pulls $(or $(PULLS),1000) $(if $(SEED),--seed $(SEED))

# Six stations at one server, and all that can go wrong between them.
fleet-test: deps
	$(Q)$(MAKE) --no-print-directory all make_images
	$(Q)BUILD=$(BUILD) tests/campaign/fleet.sh $(or $(BOARDS),40) $(SEED)

soak: deps
	$(Q)$(MAKE) --no-print-directory all make_images preloads
	$(Q)BUILD=$(BUILD) $(NODE) $(if $(SHIFTS),tests/soak/shifts.mjs --minutes $(or $(MINUTES),40),tests/soak/soak.mjs \
		--minutes $(or $(MINUTES),30) $(if $(LINE),--line 1)) $(if $(SEED),--seed $(SEED))

check:
	$(Q)tools/check.sh

# Built once, kept in stub/built; tests build them again and compare.
stub:
	$(Q)tools/stub.sh

docs: $(BUILD)/espstation
	$(Q)tools/docs.sh
	$(Q)$< recipe --markdown >docs/recipe.md
	$(Q)$< station --markdown >docs/station.md

format:
	$(Q)clang-format -i $$(git ls-files -co --exclude-standard --deduplicate '*.c' '*.h')

SHARE    := $(PREFIX)/share
ZSH_DIR  ?= $(SHARE)/zsh/site-functions
UNIT_DIR ?= $(PREFIX)/lib/systemd/system
UDEV_DIR ?= $(PREFIX)/lib/udev/rules.d

install: $(BUILD)/espstation $(BUILD)/share/.made
	install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(SHARE)/doc/espstation/docs $(SHARE)/espstation/recipes $(SHARE)/man/man1 $(SHARE)/man/man5 $(SHARE)/bash-completion/completions $(ZSH_DIR))
	install -m 755 $(BUILD)/espstation $(DESTDIR)$(PREFIX)/bin/espstation
	install -m 644 README.md CHANGELOG.md LICENSE $(DESTDIR)$(SHARE)/doc/espstation/
	$(foreach f,$(wildcard deps/esptool-js/LICENSE),install -m 644 $(f) $(DESTDIR)$(SHARE)/doc/espstation/LICENSE.stubs)
	install -m 644 docs/*.md docs/*.png $(DESTDIR)$(SHARE)/doc/espstation/docs/
	install -m 644 recipes/samples/*.yaml $(DESTDIR)$(SHARE)/espstation/recipes/
	install -m 644 $(BUILD)/share/man1/* $(DESTDIR)$(SHARE)/man/man1/
	install -m 644 $(BUILD)/share/man5/* $(DESTDIR)$(SHARE)/man/man5/
	install -m 644 $(BUILD)/share/bash/espstation $(DESTDIR)$(SHARE)/bash-completion/completions/
	install -m 644 $(BUILD)/share/zsh/_espstation $(DESTDIR)$(ZSH_DIR)/

# What a station needs that runs by itself: the unit, rules for its adapters, a full screen.
install-service: install
	install -d $(addprefix $(DESTDIR),$(UNIT_DIR) $(UDEV_DIR) $(PREFIX)/lib/modules-load.d $(SHARE)/applications)
	sed 's|@bindir@|$(PREFIX)/bin|' tools/package/espstation.service > $(DESTDIR)$(UNIT_DIR)/espstation.service
	install -m 644 tools/package/60-espstation.rules $(DESTDIR)$(UDEV_DIR)/
	install -m 644 tools/package/espstation-modules.conf $(DESTDIR)$(PREFIX)/lib/modules-load.d/espstation.conf
	install -m 644 tools/package/espstation-kiosk.desktop $(DESTDIR)$(SHARE)/applications/

uninstall:
	rm -f $(addprefix $(DESTDIR),$(PREFIX)/bin/espstation $(SHARE)/man/man1/espstation*.1 $(SHARE)/man/man5/espstation-*.5 $(SHARE)/bash-completion/completions/espstation $(ZSH_DIR)/_espstation)
	rm -f $(addprefix $(DESTDIR),$(UNIT_DIR)/espstation.service $(UDEV_DIR)/60-espstation.rules $(PREFIX)/lib/modules-load.d/espstation.conf $(SHARE)/applications/espstation-kiosk.desktop)
	rm -rf $(DESTDIR)$(SHARE)/doc/espstation $(DESTDIR)$(SHARE)/espstation

# The Debian package of this tree: build/deb/espstation_VERSION_ARCH.deb. Needs no network.
deb:
	$(Q)BUILD=$(BUILD) tools/package/deb.sh $(VERSION)

# Installed, upgraded, removed and purged in a root of its own; as root.
deb-test:
	$(Q)BUILD=$(BUILD) tests/package/package.sh

clean:
	rm -rf $(BUILD)

# Also what was fetched; the next build needs the network again.
distclean: clean
	rm -rf deps tests/js/node_modules
