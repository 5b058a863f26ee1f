#!/bin/sh
# Installs what is missing of packages.txt and nothing else; where nothing is missing it asks nothing and says nothing.
#
#   grader/setup.sh GROUP...            installs what those groups of packages.txt lack here
#   grader/setup.sh --missing GROUP...  prints the packages they lack, one a line, and installs nothing
#   grader/setup.sh --python GROUP...   prints the Python that has all their modules, or what to do when none has
#
# Which Python: $PYTHON alone if that is set, else Debian's own, else the first on PATH (which, where somebody uses
# pyenv or conda, is often one without pytest although /usr/bin/python3 has it). Exit code: 0 all there, 1 not.

list=${0%/*}/packages.txt
why='import sys, importlib.util as u
if sys.version_info < (3, 11): sys.exit(1)
print(*(m for m in sys.argv[1:] if u.find_spec(m) is None))'

fail() {
	echo "exolab: $*" >&2
	exit 1
}

# rows GROUP...: the lines "package proof" of those groups
rows() {
	while read -r package proof rest; do
		case $package in
		'' | '#'*) ;;
		'['*) group=${package#?} group=${group%?} ;;
		*) case " $* " in *" $group "*) echo "$package $proof" ;; esac ;;
		esac
	done <"$list"
}

modules() {
	# shellcheck disable=SC2046,SC2005  # lines become words
	echo $(rows "$@" | sed -n 's/.* python3://p')
}

# python GROUP...: the first Python that has all of the groups' modules
python() {
	wanted=$(modules "$@")
	for candidate in ${PYTHON:-/usr/bin/python3 python3}; do
		# shellcheck disable=SC2086  # one module, one word
		lacks=$("$candidate" -c "$why" $wanted 2>/dev/null) && [ -z "$lacks" ] && echo "$candidate" && return
	done
	return 1
}

# here COMMAND|COMMAND...: whether one of these commands is
here() (
	IFS='|'
	for name in $1; do command -v "$name" >/dev/null && return; done
	return 1
)

# missing GROUP...: the packages of what is not here. Modules are missing where no one Python has them all: then from
# the Python that Debian's packages would serve.
missing() {
	if python "$@" >/dev/null; then
		lacks=
	else
		# shellcheck disable=SC2046
		lacks=$(/usr/bin/python3 -c "$why" $(modules "$@") 2>/dev/null) || lacks=$(modules "$@")
	fi
	rows "$@" | while read -r package proof; do
		case $proof in
		python3:*) case " $lacks " in *" ${proof#*:} "*) echo "$package" ;; esac ;;
		header:*) echo "#include <${proof#*:}>" | gcc -E - >/dev/null 2>&1 || echo "$package" ;;
		*) here "$proof" || echo "$package" ;;
		esac
	done
}

mode=
case $1 in
--*) mode=$1 && shift ;;
esac
if [ -n "$PYTHON" ] && ! python "$@" >/dev/null; then
	fail "PYTHON=$PYTHON is no Python 3.11 with $(modules "$@"): choose another, or leave PYTHON unset"
fi
case $mode in
--python)
	python "$@" || fail "no Python 3.11 here${*:+ with }$(modules "$@"): type: make setup"
	exit
	;;
--missing)
	missing "$@"
	exit
	;;
esac

# shellcheck disable=SC2046,SC2005
packages=$(echo $(missing "$@"))
[ -z "$packages" ] && exit
install="apt-get install --no-install-recommends $packages"
command -v apt-get >/dev/null || fail "missing: $packages, as Debian names them; README.md says how to get them here"
if [ "$(id -u)" = 0 ]; then
	sudo=
elif ! command -v sudo >/dev/null; then
	fail "as root, type: $install"
elif [ -t 0 ]; then
	sudo=sudo
elif sudo -n true 2>/dev/null; then
	sudo='sudo -n'
else
	fail "type: sudo $install"
fi
echo "exolab: installing $packages"
# shellcheck disable=SC2086  # words
{
	$sudo apt-get update -qq
	$sudo env DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 $packages >/dev/null
} || fail "apt-get could not install them; when that is mended, type: ${sudo:+sudo }$install"
# shellcheck disable=SC2046,SC2005
packages=$(echo $(missing "$@"))
[ -z "$packages" ] || fail "installed, yet not found: $packages (make doctor says more)"
