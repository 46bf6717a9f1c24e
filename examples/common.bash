# Sourced by the scripts of the examples: goes to a copy of the example, so that what it writes leaves nothing behind here, and
# finds `ckmig` ($B) and a `python` with TensorFlow ($VENV). A script stops at the first command that fails.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
absolute() {
	case $1 in /*) echo "$1" ;; *) echo "$root/$1" ;; esac
}
PATH=$(absolute "${B:-build}"):$(absolute "${VENV:-build/venv}")/bin:$PATH
export PATH TF_CPP_MIN_LOG_LEVEL=3 TF_ENABLE_ONEDNN_OPTS=0 CUDA_VISIBLE_DEVICES="" PYTHONDONTWRITEBYTECODE=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
example=$(basename "$PWD")
cp -r "$root/examples" "$work"
cd "$work/examples/$example"

# Prints a command as one would type it here, and runs it.
show() {
	printf '\n$ %s\n' "$1"
	bash -o pipefail -c "$1"
}

# The same of a command that must fail with an exit code.
show_failing() {
	local code=0
	show "$2" || code=$?
	echo "(exit code $code)"
	[ "$code" = "$1" ]
}

# The same of a command that starts TensorFlow, which talks a lot: what it says on standard error stands here only if it fails.
show_python() {
	show "$1" 2> "$work/said" || { cat "$work/said"; return 1; }
}
