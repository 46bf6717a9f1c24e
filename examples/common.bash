# Sourced by each example's run.sh: where ckmig, TensorFlow and a folder for the output are. Stops at the first failure.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
B=${B:-build}
case $B in /*) ;; *) B=$root/$B ;; esac
ckmig=$B/ckmig
case ${VENV:=$root/build/venv} in /*) ;; *) VENV=$root/$VENV ;; esac
python=$VENV/bin/python
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export TF_CPP_MIN_LOG_LEVEL=3 TF_ENABLE_ONEDNN_OPTS=0 CUDA_VISIBLE_DEVICES="" PYTHONDONTWRITEBYTECODE=1

# Prints a command as the reader would type it, then runs it.
show() {
	echo
	echo "\$ $*" | sed "s|$out|/tmp/out|g"
	case $1 in ckmig) shift; "$ckmig" "$@" ;; *) "$@" ;; esac
}
