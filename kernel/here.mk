# What `make check` means in starter/N-name, labs/N-name and solutions/N-name, whose Makefiles are one line that
# includes this: the root's `make check` with that lab, and with its own tree.

MAKEFLAGS += --no-print-directory

path := $(subst /, ,$(CURDIR))
lab  := $(lastword $(path))
tree := $(lastword $(filter-out $(lab),$(path)))

goals := $(or $(MAKECMDGOALS),help)
.PHONY: $(goals)
$(goals):
	@$(MAKE) -C ../.. $@ $(if $(LAB),,LAB=$(lab)) $(if $(SRC),,$(if $(filter solutions,$(tree)),SRC=solutions))
