# ckmig. GNU make; everything that is built goes under $(B).
#
#   make                the binary, $(B)/ckmig           make lib       libckmig.a and libckmig.so
#   make deps           installs missing Debian packages make demo      builds, then runs examples/demo.sh
#   make check          every test                       make check-X   one family of tests/run, such as check-unit
#   make lint           folder edges, files, READMEs     make golden-update   rewrites what golden tests expect
#   make install        PREFIX= DESTDIR=                 make man       the pages, in $(B)/man
#   make bench          speed against peers, BENCH="..." gives options; see tests/bench/README.md
#   make fuzz           HARNESS=text SECONDS=60: looks for inputs that break something; see tests/fuzz/README.md
#   make clean
#
# Variables: V=1, CC=clang, B=/some/where, SAN=address,undefined (a build folder of its own), WERROR=-Werror, CFLAGS, LDFLAGS,
# STATIC= (nothing: the binary shares all its libraries), VALGRIND=1 (tests run under memcheck).

SAN :=
comma := ,
B := build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
PREFIX := /usr/local
DESTDIR :=
VENV := build/venv

BUILD_PACKAGES := gcc g++ libc6-dev make flex bison protobuf-c-compiler libprotobuf-c-dev libisal-dev libsnappy-dev libjansson-dev \
	libssl-dev python3
CHECK_PACKAGES := libcriterion-dev mandoc python3-venv $(if $(VALGRIND),valgrind)

CFLAGS ?= -O2 -g
# No fused multiply-add: results must not depend on the machine.
FLAGS = -std=c17 -D_GNU_SOURCE -I. -I$(B)/gen -fPIC -ffp-contract=off -pthread $(CFLAGS) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# gcc notes that vectors were passed otherwise before its version 4.6.
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wno-psabi $(WERROR)
# Short lines; V=1 shows the commands whole.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)" $(patsubst $(B)/%,%,$@))

LIBS := -lprotobuf-c -lisal -lsnappy -ljansson -lcrypto -lpthread -lm

# Libraries that the binary has inside, if their archives are there: to bind libcrypto, and libstdc++ which libsnappy needs, takes longer
# than the rest of a short command. libstdc++.a comes with g++.
STATIC := $(if $(SAN),,protobuf-c jansson crypto snappy stdc++)
archive_of = $(filter-out lib$(1).a,$(shell $(CC) -print-file-name=lib$(1).a))
FOUND := $(foreach name,$(STATIC),$(if $(call archive_of,$(name)),$(name)))
INSIDE := $(if $(filter stdc++,$(FOUND)),$(FOUND),$(filter-out snappy,$(FOUND)))
BINARY_LIBS := $(foreach name,$(INSIDE),$(call archive_of,$(name))) $(filter-out $(INSIDE:%=-l%),$(LIBS)) \
	$(if $(filter stdc++,$(INSIDE)),-static-libgcc)

# Layers, upper ones first: the order in which archives are linked. name=folder
LAYERS := driver=compiler/driver scaffold=compiler/scaffold compiler=compiler grammar=grammar vm=vm bundle=bundle base=bundle/base
layer_name = $(firstword $(subst =, ,$(1)))
layer_folder = $(lastword $(subst =, ,$(1)))

MAIN := compiler/driver/main.c
PROTOS := $(wildcard bundle/*.proto vm/*.proto)
GENERATED := $(PROTOS:%.proto=$(B)/gen/%.pb-c.c) \
	$(if $(wildcard grammar/parser.y),$(B)/gen/grammar/parser.c) $(if $(wildcard grammar/lexer.l),$(B)/gen/grammar/lexer.c)

# The objects of a folder: its own files and those generated for it.
objects = $(patsubst %.c,$(B)/obj/%.o,$(filter-out $(MAIN),$(wildcard $(1)/*.c))) \
	$(patsubst $(B)/gen/%.c,$(B)/obj/gen/%.o,$(filter $(B)/gen/$(1)/%,$(GENERATED)))
ARCHIVES := $(foreach layer,$(LAYERS),$(B)/lib$(call layer_name,$(layer)).a)
LIBRARY_OBJECTS := $(foreach layer,$(filter-out driver=%,$(LAYERS)),$(call objects,$(call layer_folder,$(layer))))
UNIT_TESTS := $(patsubst tests/%.c,$(B)/%,$(wildcard tests/unit/*.c))
PLAIN_TESTS := $(patsubst tests/%.c,$(B)/%,$(wildcard tests/prop/*.c tests/fault/*.c tests/bench/*.c))
# One binary of several files.
FUZZ := $(B)/fuzz/fuzz
FUZZ_OBJECTS := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/fuzz/*.c))

MAKEFLAGS += --no-print-directory
# What `make demo` and `make check` build is built by all processors, unless -j says otherwise.
parallel = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all lib tests deps venv demo check lint golden-update fuzz bench man install clean force

all: $(B)/ckmig

$(B)/ckmig: $(MAIN:%.c=$(B)/obj/%.o) $(ARCHIVES)
	$(call say,link)
	$(Q)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(BINARY_LIBS)

lib: $(B)/libckmig.a $(B)/libckmig.so

$(B)/libckmig.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	$(call say,ar)
	$(Q)ar rcs $@ $^

$(B)/libckmig.so: $(LIBRARY_OBJECTS)
	$(call say,link)
	$(Q)$(CC) $(FLAGS) $(LDFLAGS) -shared -o $@ $^ $(LIBS)

# $(B)/libvm.a and so on. Made anew each time, so that no object of a deleted file stays.
define archive
$(B)/lib$(call layer_name,$(1)).a: $(call objects,$(call layer_folder,$(1)))
	@rm -f $$@
	$$(call say,ar)
	$$(Q)ar rcs $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call archive,$(layer))))

# The base includes nothing generated, and need not wait for it.
$(B)/obj/bundle/base/%.o: bundle/base/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(FLAGS) $(WARNINGS) -MMD -MP -c -o $@ $<

$(B)/obj/%.o: %.c $(B)/flags | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(FLAGS) $(WARNINGS) -MMD -MP -c -o $@ $<

# Generated text does not keep to our warnings.
$(B)/obj/gen/%.o: $(B)/gen/%.c $(B)/flags | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,cc)
	$(Q)$(CC) $(FLAGS) -w -MMD -MP -c -o $@ $<

$(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h &: %.proto
	@mkdir -p $(B)/gen
	$(call say,protoc-c)
	$(Q)protoc-c --c_out=$(B)/gen $<

$(B)/gen/grammar/parser.c $(B)/gen/grammar/parser.h &: grammar/parser.y
	@mkdir -p $(@D)
	$(call say,bison)
	$(Q)bison -Wall -Wcounterexamples -Werror --header=$(B)/gen/grammar/parser.h -o $(B)/gen/grammar/parser.c $<

$(B)/gen/grammar/lexer.c: grammar/lexer.l
	@mkdir -p $(@D)
	$(call say,flex)
	$(Q)flex -o $@ $<

# Changes when the compiler or its flags do, and everything is compiled again.
$(B)/flags: force
	@mkdir -p $(B)
	@echo '$(CC) $(FLAGS) $(WARNINGS)' | cmp -s - $@ || echo '$(CC) $(FLAGS) $(WARNINGS)' > $@

# Tests. Criterion brings the main() of unit tests; the others have their own.
tests: $(UNIT_TESTS) $(PLAIN_TESTS) $(FUZZ)

$(UNIT_TESTS): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $< -lcriterion $(ARCHIVES) $(LIBS)

$(PLAIN_TESTS): $(B)/%: $(B)/obj/tests/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $< $(ARCHIVES) $(LIBS)

$(FUZZ): $(FUZZ_OBJECTS) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

check: deps venv
	$(MAKE) $(parallel) all tests
	B=$(B) VENV=$(VENV) tests/run

check-%:
	$(MAKE) all tests
	B=$(B) VENV=$(VENV) tests/run $*

lint:
	tests/run lint

golden-update: all
	B=$(B) tests/golden/run --update

# libFuzzer and its sanitizers, in a build folder of their own; see tests/fuzz/README.md.
HARNESS := text
SECONDS := 60
EXPLORE := build/explore

fuzz: all
	tests/deps clang libclang-rt-dev
	$(MAKE) $(parallel) CC=clang B=$(EXPLORE) SAN=fuzzer-no-link,address,undefined CFLAGS="-O1 -g -DCK_LIBFUZZER" \
		LDFLAGS=-fsanitize=fuzzer $(EXPLORE)/fuzz/fuzz
	B=$(B) EXPLORE=$(EXPLORE) tests/fuzz/explore $(HARNESS) $(SECONDS)

bench: deps venv
	$(MAKE) all
	B=$(B) VENV=$(VENV) tests/bench/run $(BENCH)

# Tools. tests/deps asks dpkg first: it needs no network when all is there.
deps:
	@tests/deps $(BUILD_PACKAGES) $(CHECK_PACKAGES)

venv: $(VENV)/.stamp

$(VENV)/.stamp: tests/interop/requirements.txt tests/venv
	tests/venv $(VENV) $<
	@touch $@

demo: deps
	$(MAKE) $(parallel) all
	B=$(B) examples/demo.sh

# Pages, made of their sources, of what the tables say, and of what the binary says of its examples.
man: $(patsubst man/%,$(B)/man/%,$(wildcard man/*.[1-9]))

$(B)/man/%: man/% man/generate.py man/ckmig-report.schema.json $(B)/ckmig vm/plan.proto vm/plan.h \
		$(wildcard vm/*.def bundle/*.def bundle/base/*.def compiler/driver/*.def tests/golden/*.diag)
	@mkdir -p $(@D)
	$(call say,man)
	$(Q)CKMIG=$(abspath $(B)/ckmig) python3 man/generate.py $< > $@

install: all man
	install -D -m 755 $(B)/ckmig $(DESTDIR)$(PREFIX)/bin/ckmig
	install -D -m 644 man/ckmig-report.schema.json $(DESTDIR)$(PREFIX)/share/ckmig/ckmig-report.schema.json
	for page in $(B)/man/*.[1-9]; do \
		install -D -m 644 "$$page" "$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}" || exit 1; \
	done

# The virtual environment takes minutes to make and stays.
clean:
	rm -rf $(filter-out $(VENV),$(wildcard $(B)/*))

-include $(shell test -d $(B)/obj && find $(B)/obj -name '*.d')
