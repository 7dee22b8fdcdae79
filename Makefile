# SPDX-License-Identifier: Apache-2.0
# The front door of iptund: on a fresh Debian or Ubuntu with Swift, `make demo` and `make test` do all that it takes.
# Make and Swift run as you; only apt, the demo and the tests that need root are raised, see scripts/raise.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test soak test-systemd bench-test test-sanitize fuzz build exporter install uninstall deb bench bench-rules bench-tunnels deps \
	lint fmt clean

swift_sources = $(wildcard Package.swift Sources Tests \
	Benchmarks/Package.swift Benchmarks/Sources Benchmarks/Tests Fuzz/Package.swift Fuzz/Sources)
shell_scripts = $(shell grep -d skip -lE '^.!/bin/(ba)?sh$$' scripts/* .ci/* debian/*)

# Where things are installed; each may be given on the command line. /etc/iptund is fixed: the program looks there.
PREFIX ?= /usr/local
prefix = $(PREFIX)
exec_prefix = $(prefix)
sbindir = $(exec_prefix)/sbin
datarootdir = $(prefix)/share
mandir = $(datarootdir)/man
systemdunitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
bashcompletiondir = $(datarootdir)/bash-completion/completions
zshcompletiondir = $(datarootdir)/zsh/site-functions
# fish looks below /usr/local only where XDG_DATA_DIRS names /usr/local/share.
fishcompletiondir = $(datarootdir)/fish/vendor_completions.d
installed_as = PROGRAM='$(or $(PROGRAM),.build/release/iptund)' DESTDIR='$(DESTDIR)' $(foreach name,sbindir mandir \
	systemdunitdir sysusersdir tmpfilesdir bashcompletiondir zshcompletiondir fishcompletiondir,$(name)='$($(name))')

# How programs are built that people run.
release = -c release --static-swift-stdlib --disable-local-rpath -Xlinker --strip-all -Xlinker -znow

help: ## List what make can do here (the default)
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

demo: ## Build, then run the demo as root; ARGS='...' adds arguments
	@scripts/deps demo
	@$(MAKE) --no-print-directory build
	@scripts/raise "$(CURDIR)/.build/release/iptund" demo $(ARGS)

test: ## Run every test and count them; FILTER=regex runs only some, JOBS=5 so many processes at a time
	@scripts/deps test
	@scripts/test $(if $(FILTER),'$(FILTER)')

soak: ## Run the whole of the tests that need minutes, of which make test does a part; FILTER=regex
	@scripts/deps test
	@scripts/test --soak $(if $(FILTER),'$(FILTER)')

bench-test: ## Test what measures and compares
	@scripts/deps bench-test
	@scripts/test --benchmarks

test-systemd: ## Test the service in machines with systemd, as root; FILTER=regex
	@scripts/deps test-systemd
	@$(MAKE) --no-print-directory deb
	@scripts/test --systemd $(if $(FILTER),'$(FILTER)')

test-sanitize: ## Run every test with AddressSanitizer, then with ThreadSanitizer; FILTER=regex
	@scripts/deps test
	@failed=0; for name in address thread; do echo "$$name sanitizer:"; \
	scripts/test --sanitize=$$name $(if $(FILTER),'$(FILTER)') || failed=1; done; exit $$failed

fuzz: ## Fuzz parsers and rules, FUZZ_SECONDS=30 each; TARGET=name only one
	@scripts/deps fuzz
	@scripts/fuzz $(TARGET)

build: ## Build the release program, .build/release/iptund
	@scripts/deps build
	swift build $(release) --product iptund

exporter: ## Build the release program that serves metrics, .build/release/iptund-exporter
	@scripts/deps exporter
	swift build $(release) --product iptund-exporter

# Who does not own this directory, as root may not, builds nothing in it.
install: ## Build both, then install as root; PREFIX=/usr/local DESTDIR=
	@if [ -z '$(PROGRAM)' ] && [ "$$(stat -c %u .)" = "$$(id -u)" ]; then $(MAKE) --no-print-directory build exporter; fi
	@scripts/install install $(installed_as)

uninstall: ## Remove what install made, with the same variables
	@scripts/install uninstall $(installed_as)

deb: ## Build two Debian packages in .build/deb, and check them
	@scripts/deps deb
	@$(MAKE) --no-print-directory build exporter
	@scripts/deb

bench: ## Both of the next two
	@$(MAKE) --no-print-directory bench-rules
	@$(MAKE) --no-print-directory bench-tunnels

bench-rules: ## Measure the rules: nanoseconds and allocations per packet
	@scripts/deps bench-rules
	@swift run -c release --package-path Benchmarks hotpath

bench-tunnels: ## Compare with other tunnels, as root; ROUNDS=3 SECONDS_EACH=4 SUBJECTS=iptund,socat
	@scripts/deps bench-tunnels
	@$(MAKE) --no-print-directory build
	swift build -c release --package-path Benchmarks --product compare
	@mkdir -p Benchmarks/results
	@scripts/raise "$(CURDIR)/Benchmarks/.build/release/compare" run --iptund "$(CURDIR)/.build/release/iptund" \
		--output "$(CURDIR)/Benchmarks/results" $(if $(ROUNDS),--rounds '$(ROUNDS)') \
		$(if $(SECONDS_EACH),--seconds '$(SECONDS_EACH)') $(if $(SUBJECTS),--subjects '$(SUBJECTS)')

deps: ## Install the Debian packages that all of this needs
	@scripts/deps test lint

lint: ## Check the format of the Swift sources, the shell scripts, and the manual pages
	@scripts/deps lint
	swift format lint --strict --recursive --parallel $(swift_sources)
	shellcheck -x $(shell_scripts)
	mandoc -T lint -W warning docs/iptund.8 docs/iptund-exporter.8 docs/iptund.conf.5

fmt: ## Format the Swift sources in place
	@scripts/deps fmt
	swift format --in-place --recursive --parallel $(swift_sources)

clean: ## Remove what was built
	rm -rf .build Benchmarks/.build Fuzz/.build
	@if [ -d /var/cache/iptund-test ]; then scripts/raise "$(CURDIR)/scripts/tree" clean; fi
