# The one front door: it finds a Python that has what the grader needs and turns `make VERB NAME=value` into
# `python3 -m grader VERB --name value`. Kernels are compiled by kernel/lab.mk, which the grader calls.

.DEFAULT_GOAL := help

# What may be said after a verb; make itself hands PYTHON, OPT and WERROR on to setup.sh and to the builds.
numbers := 1 2 3 4 5 6 7 8 9
names := LAB IN PART CHECK BOOT SEED SRC PRIOR $(numbers:%=PRIOR_%) SUBMISSION JSON JUNIT GRADESCOPE CSV \
	SUBMISSIONS AT OUT REGRADE FILE MERGE TRANSCRIPTS REFERENCE KEY PCAP FORM DEBUG OPT WERROR PYTHON
stray := $(filter-out $(names),$(foreach v,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $v))),$v)))
$(if $(stray),$(error $(firstword $(stray))= means nothing here; there are $(filter-out PRIOR_%,$(names))))

# A release has no solutions/, and none of what is made of them.
course := demo test soak gradescope handouts mutants release leaks
ifeq ($(wildcard solutions),)
$(if $(filter $(course),$(MAKECMDGOALS)),$(error make $(firstword $(filter $(course),$(MAKECMDGOALS))) is for the \
	course's own repository, and this is a release of it))
endif

quote = '$(subst ','\'',$1)'
option = $(if $($1),--$2 $(call quote,$($1)))
flag   = $(if $($1),--$2)
lab    = $(if $(LAB),$(call quote,$(LAB)))
priors = $(call option,PRIOR,prior) $(foreach n,$(numbers),$(if $(PRIOR_$n),--prior $(call quote,$n=$(PRIOR_$n))))
trees  = $(call option,SRC,src) $(priors)
one    = $(call option,IN,in) $(call option,CHECK,check) $(call option,SEED,seed)
boot   = $(call option,BOOT,boot) $(call option,PCAP,pcap)
files  = $(call option,JSON,json) $(call option,JUNIT,junit) $(call option,GRADESCOPE,gradescope) $(call option,CSV,csv)

# with GROUPS,COMMAND: runs COMMAND under a Python that has those groups of grader/packages.txt
with   = python=$$(sh grader/setup.sh --python $1) && $$python -m $2
grader = $(call with,check,grader $@ $1)

# What is well to have is installed with what is needed, and nothing waits for it.
install = sh grader/setup.sh check && { sh grader/setup.sh extra || :; }

define help
  make demo                  the whole thing at work: grades the reference solution of every lab
  make setup                 installs what is missing here; make doctor says what is

  make check LAB=1           grades your lab 1; CHECK=name: that one check; SEED=any: other random inputs
  make check LAB=4 PART=a    that part's checks alone, of a lab with two dates
  make check IN=3            all earlier labs once more, in your lab 3's kernel: does it still do what they ask?
  make run LAB=1             boots it, your terminal on its serial line; PCAP=file: keeps what passes over its network
  make gdb LAB=1 CHECK=name  boots one check, stopped, in the debugger; make rewind ...: backwards, too
  make watch LAB=1           checks it again at each save; make status: all labs, points, what comes next
  make reset LAB=1 FILE=x    gives back one file of the starter; make derive FORM='...': which bits an operand moves
  make begin, make update    a branch of your own; what is new in the course, merged into it

  make test, make soak       all that CI runs; the long runs
  make gradescope LAB=1      the autograder that Gradescope runs, as a zip
  make check LAB=1 SUBMISSION=path    grades what was handed in; JSON=, JUNIT=, CSV=, GRADESCOPE=file: its report
  make grade LAB=1 SUBMISSIONS=folder    grades a class: gradebook, reports; REGRADE=1: anew, and what changes
  make handouts              starter/ and the site, from solutions/ and labs/; MERGE=1: into work already begun
  make release LAB=1         what students get up to that lab; make leaks: searched for solutions
  make variant KEY=words     a term of its own, in which old solutions fail: labs/guide/instructor.md
  make bench                 the papers' tables, counted in instructions
  make mutants               the known-wrong solutions, each against the check that must find it
  make clean                 removes what was built

In starter/1-boot just `make check` does. Where to begin: labs/1-boot/README.md
endef

.PHONY: help
help:
	$(info $(help))
	@:

.PHONY: setup demo test
setup:
	@$(install)

demo:
	@$(install)
	@for lab in solutions/[0-9]*; do \
		$(call with,check,grader check "$${lab#*/}" --src solutions) || exit; \
	done
	@echo 'That was the reference. For yours, type: make check LAB=1'

test:
	@sh grader/setup.sh check extra course
	@$(call with,check extra course,pytest --rootdir=. -q -n auto grader/tests)

.PHONY: doctor check watch status run gdb rewind derive begin update reset
doctor:
	@$(call with,,grader doctor)
check:
	@$(call grader,$(lab) $(trees) $(one) $(call option,PART,part) $(call option,SUBMISSION,submission) $(files) $(call flag,DEBUG,debug))
watch:
	@$(call grader,$(lab) $(trees) $(one))
status:
	@$(call grader,$(trees))
run gdb rewind:
	@$(call grader,$(lab) $(trees) $(one) $(boot))
derive:
	@$(call with,check,grader derive $(call quote,$(FORM)))
begin update:
	@$(call grader)
reset:
	@$(call grader,$(lab) $(call option,FILE,file))

.PHONY: handouts release grade variant gradescope bench soak mutants leaks
grade:
	@$(call with,check course,grader grade $(lab) $(call option,SUBMISSIONS,submissions) $(call option,PART,part) \
		$(call option,SEED,seed) $(call option,AT,at) $(call option,OUT,out) $(call flag,REGRADE,regrade))
handouts:
	@sh grader/setup.sh check extra course
	@$(call with,check course,grader handouts $(call flag,MERGE,merge) $(call flag,TRANSCRIPTS,transcripts))
variant:
	@$(call with,check course,grader variant $(call option,KEY,key))
bench:
	@$(call grader,$(lab) $(trees) $(call option,JSON,json))
release:
	@sh grader/setup.sh check
	@$(call grader,$(lab) $(call flag,REFERENCE,reference))
leaks:
	@sh grader/setup.sh check extra course
	@$(call with,check course,grader leaks)
gradescope soak mutants:
	@$(call grader,$(lab))

.PHONY: clean
clean:	# all but the repository of releases, which later releases are put on top of
	@rm -rf build .pytest_cache .hypothesis $(filter-out dist/release,$(wildcard dist/*))
	@find . -name __pycache__ -prune -exec rm -rf {} +
