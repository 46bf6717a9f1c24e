# Several migrations in one run: one table each, one result, one report; also as a plan.
printf 'ckmig 1\nmigration "rename" summary "Names of the new library."\nmap rest:"bert/encoder/layer_{i:int}/**" -> "blocks/{i}/**"\ndrop "cls/**" because "retrained"\nkeep rest\ncheck count("blocks/**") == 64 && finite("blocks/**")\n' > "$T/rename.ckmig"
printf 'ckmig 1\nmigration "fuse" after "rename"\nparam std = 0.5\nmap ("blocks/{i:int}/attention/self/query/kernel", "blocks/{i:int}/attention/self/key/kernel")\n  | concat(axis=1) -> "blocks/{i}/qk"\nnew "gate" : f32[4] = normal(stddev=std, seed=3)\nkeep rest\ncheck max("blocks/*/qk") < 100\ncheck equal("blocks/0/qk"[:, 0:8], source:"blocks/0/attention/self/query/kernel")\n' > "$T/fuse.ckmig"
printf 'ckmig 1\nmap "gate" | pad(axis=0, after=1, with=uniform(-1, 1)) -> "gates"\ndrop "blocks/3/**" because "one layer less"\nkeep rest\n' > "$T/cut.ckmig"
B=$PWD/../../examples/4_bert/checkpoint/bert_model.ckpt
cd "$T" && ln -s "$B.index" b.index && ln -s "$B.data-00000-of-00001" b.data-00000-of-00001
ckmig compile rename.ckmig fuse.ckmig cut.ckmig && ckmig compile --json rename.ckmig fuse.ckmig
ckmig plan --set std=0.25 rename.ckmig fuse.ckmig cut.ckmig b
ckmig run -o all --set std=0.25 rename.ckmig fuse.ckmig cut.ckmig b | sed '1s/in .*/in/'
ckmig run -q -o 1 rename.ckmig b && ckmig run -q -o 2 --set std=0.25 fuse.ckmig 1 && ckmig run -q -o 3 cut.ckmig 2
cmp all.index 3.index && cmp all.data-00000-of-00001 3.data-00000-of-00001 && echo the same bytes
ckmig compile -q -o head.ckplan rename.ckmig fuse.ckmig && ckmig plan -q -o bound.ckplan --set std=0.25 head.ckplan cut.ckmig b
ckmig plan bound.ckplan | tail -n 4; ckmig run -q -o plan bound.ckplan && cmp plan.index 3.index && cmp plan.data-00000-of-00001 3.data-00000-of-00001 && echo the same bytes
python3 - <<'END'
import json
report = json.load(open("all.report.json"))
print(json.dumps(report["migration"], indent=1), report["params"], report["totals"])
show = {"bert/encoder/layer_0/attention/self/query/kernel", "bert/encoder/layer_3/output/dense/bias", "cls/predictions/output_bias", "bert/pooler/dense/kernel"}
print(*[json.dumps(s) for s in report["sources"] if s["name"] in show], *[json.dumps({k: t[k] for k in ("name", "made", "rule", "operators")}) for t in report["targets"] if t["name"] in ("gates", "blocks/0/qk")], sep="\n")
print(*[c["text"] + ": " + c["detail"] for c in report["checks"]], sep="\n")
END
exit 0
