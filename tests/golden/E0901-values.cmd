ckmig run --memory 1Mi --shard-size 3X --set vocabulary --input =a --json=yes -o
exit 2
