"""Object graphs: edited, made from names, taken from the template; real programs restore them with assert_consumed()."""
import os
import sys

import numpy as np
import tensorflow as tf

from common import cases_of, ckmig, load, migrate, refuse, rng, rows_of, run
from modules import Block, Model

tf1 = tf.compat.v1


def case_rename_objects(folder):
    """Inner nodes, leaves and an alias are renamed; the new program restores with assert_consumed()."""
    old, new = Model(rng(1)), Model(rng(2), "layers", "weight")
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/blocks/{i}/kernel" -> "model/layers/{i}/weight"\nmap "model/blocks/{i}/bias" -> "model/layers/{i}/bias"\nkeep rest', source)
    tf.train.Checkpoint(model=new).restore(out).assert_existing_objects_matched().assert_consumed()
    np.testing.assert_array_equal(new.layers[1].weight, old.blocks[1].kernel)
    np.testing.assert_array_equal(new.table, old.table)


def case_rename_root(folder):
    old, new = Model(rng(1)), Model(rng(2))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/**" -> "net/body/**"\nkeep rest', source)
    tf.train.Checkpoint(net=tf.train.Checkpoint(body=new)).restore(out).assert_consumed()
    np.testing.assert_array_equal(new.blocks[0].bias, old.blocks[0].bias)


def case_swap(folder):
    old, new = Model(rng(1)), Model(rng(2))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/blocks/0/kernel" -> "model/blocks/1/kernel"\nmap "model/blocks/1/kernel" -> "model/blocks/0/kernel"\nkeep rest', source)
    tf.train.Checkpoint(model=new).restore(out).assert_consumed()
    np.testing.assert_array_equal(new.blocks[0].kernel, old.blocks[1].kernel)
    np.testing.assert_array_equal(new.blocks[1].kernel, old.blocks[0].kernel)


def case_drop_and_new(folder):
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'drop "model/blocks/**" because "gone"\nnew "model/scale" : f32[3] = ones\nkeep rest', source)

    class Small(tf.Module):
        def __init__(self):
            super().__init__()
            self.table = self.head = tf.Variable(tf.zeros((5, 3)))
            self.scale = tf.Variable(tf.zeros(3))
    new = Small()
    tf.train.Checkpoint(model=new).restore(out).assert_existing_objects_matched().assert_consumed()
    np.testing.assert_array_equal(new.scale, np.ones(3))


def case_onto_template(folder):
    old, new = Model(rng(1)), Model(rng(2), "layers", "weight")
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    fresh = tf.train.Checkpoint(model=new).save(os.path.join(folder, "fresh"))
    bias = new.layers[0].bias.numpy()
    text = 'map "model/blocks/{i}/kernel" | transpose -> "model/layers/{i}/weight"\nmap "model/blocks/1/bias" -> "model/layers/1/bias"\n' \
           'drop "model/blocks/0/bias" because "taken from the new model"\nnew "model/layers/0/bias" = template\nkeep rest'
    out = migrate(folder, text, source, "--onto", fresh)
    again = Model(rng(3), "layers", "weight")
    tf.train.Checkpoint(model=again).restore(out).assert_existing_objects_matched().assert_consumed()
    np.testing.assert_array_equal(again.layers[0].weight, old.blocks[0].kernel.numpy().T)
    np.testing.assert_array_equal(again.layers[0].bias, bias)

def restore(out, **objects):
    tf.train.Checkpoint(**objects).restore(out).assert_existing_objects_matched().assert_consumed()


def var(g, *shape):
    return tf.Variable(g.standard_normal(shape), dtype=tf.float32)


class Escaped(tf.Module):
    """Local names that have to be escaped in keys."""

    def __init__(self, g, slashed="a/b", dotted="x.y"):
        super().__init__()
        self.parts = {slashed: var(g, 2), dotted: var(g, 3), "..": var(g, 4), ".S": var(g, 5), "a.Sb": var(g, 6)}


def case_escaped_names(folder):
    old = Escaped(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    assert "model/parts/a.Sb" in rows_of(source) and "model/parts/x..y" in rows_of(source), sorted(rows_of(source))
    out = migrate(folder, 'map "model/parts/a.Sb" -> "model/parts/c.Sd.Se"\nmap "model/parts/x..y" | scale(2) -> "model/parts/z.."\nkeep rest', source)
    new = Escaped(rng(2), "c/d/e", "z.")
    restore(out, model=new)
    np.testing.assert_array_equal(new.parts["c/d/e"], old.parts["a/b"])
    np.testing.assert_array_equal(new.parts["z."], old.parts["x.y"] * 2)
    for name in "..", ".S", "a.Sb":
        np.testing.assert_array_equal(new.parts[name], old.parts[name])
    message = refuse(folder, 'map "model/parts/a.Sb" -> "model/parts/c.d"\nkeep rest', source)
    assert 'write "c..d"' in message, message


class Stack(tf.Module):
    """Lists in lists, a dictionary, a tuple."""

    def __init__(self, g, n):
        super().__init__()
        self.blocks = [[var(g, 2), var(g, 3)] for _ in range(n)]
        self.named = {"first": var(g, 4), "second": var(g, 5)}
        self.pair = (var(g, 6), var(g, 7))


def case_lists(folder):
    """Half of the layers go, those that stay close up; elements of dictionaries and tuples change places."""
    old, new = Stack(rng(1), 6), Stack(rng(2), 3)
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/blocks/{i:int}/{k}" where i % 2 == 1 -> "model/blocks/{i/2}/{k}"\n'
                          'drop "model/blocks/{i:int}/*" where i % 2 == 0 because "half the depth"\n'
                          'map "model/pair/0" | grow(axis=0, to=7) -> "model/pair/1"\nmap "model/pair/1" [0:6] -> "model/pair/0"\n'
                          'map "model/named/first" -> (same, "model/named/third")\nkeep rest'.replace("{i/2}", "{(i-1)/2}"), source)
    new.named["third"] = tf.Variable(tf.zeros(4))
    restore(out, model=new)
    for i in range(3):
        np.testing.assert_array_equal(new.blocks[i][1], old.blocks[2 * i + 1][1])
    np.testing.assert_array_equal(new.pair[0], old.pair[1][:6])
    np.testing.assert_array_equal(new.pair[1], np.append(old.pair[0], 0))
    np.testing.assert_array_equal(new.named["third"], old.named["first"])


def case_tied_variables(folder):
    """The table is on two paths; renamed by one, the other leads to it still; untied by a copy."""
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map path:"model/head" -> "model/words"\nkeep rest', source)
    new = Model(rng(2))
    new.words = new.table
    del new.table
    restore(out, model=new)
    np.testing.assert_array_equal(new.head, old.table)
    out = migrate(folder, 'map "model/table" -> (same, "model/head")\nkeep rest', source, name="untied")
    untied = Model(rng(3))
    untied.head = tf.Variable(tf.zeros((5, 3)))
    restore(out, model=untied)
    np.testing.assert_array_equal(untied.head, old.table)
    np.testing.assert_array_equal(untied.table, old.table)


def case_alias(folder):
    """Two variables of the old program are one in the new."""
    old = Model(rng(1))
    old.head = tf.Variable(tf.ones((5, 3)))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'drop "model/head" because "tied"\nalias "model/head" = "model/table"\nalias "deep/er/path" = "model/table"\nkeep rest', source)
    new = Model(rng(2))
    root = tf.Module()
    root.er = tf.Module()
    root.er.path = new.table
    restore(out, model=new, deep=root)
    np.testing.assert_array_equal(new.head, old.table)


class State(tf.train.experimental.PythonState):
    def __init__(self, text):
        self.text = text

    def serialize(self):
        return self.text

    def deserialize(self, text):
        self.text = text


class Tables(tf.Module):
    """Values that are no variables."""

    def __init__(self, value, **names):
        super().__init__()
        setattr(self, names.get("table", "table"), tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1))
        setattr(self, names.get("state", "state"), State(value))
        setattr(self, names.get("random", "random"), tf.random.Generator.from_seed(len(value)))
        self.weight = tf.Variable([float(len(value))])


def case_tables_and_state(folder):
    """Tables, Python state, generators and iterators move with their objects."""
    old = Tables(b"epoch 3")
    old.table.insert(["a", "b"], tf.constant([1, 2], tf.int64))
    data = iter(tf.data.Dataset.range(10))
    next(data), next(data)
    source = tf.train.Checkpoint(model=old, data=data).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/table/**" -> "net/words/**"\nmap rest:"model/**" -> "net/**"\nkeep rest', source)
    new, again = Tables(b"", table="words"), iter(tf.data.Dataset.range(10))
    restore(out, net=new, data=again)
    assert new.state.text == b"epoch 3" and int(next(again)) == 2 and int(new.words.lookup("b")) == 2
    np.testing.assert_array_equal(new.random.normal([3]), old.random.normal([3]))
    # A fresh save has state of other sizes: no keys in the table yet.
    fresh = tf.train.Checkpoint(net=Tables(b"", table="words"), data=iter(tf.data.Dataset.range(10))).save(os.path.join(folder, "fresh"))
    out = migrate(folder, 'map "model/table/**" -> "net/words/**"\nmap rest:"model/**" -> "net/**"\nkeep rest', source, "--onto", fresh, name="onto")
    new, again = Tables(b"", table="words"), iter(tf.data.Dataset.range(10))
    restore(out, net=new, data=again)
    assert int(next(again)) == 2 and int(new.words.lookup("b")) == 2 and int(new.words.size()) == 2
    made = ckmig("scaffold", "--onto", fresh, source)
    assert "/.ATTRIBUTES/ITERATOR_STATE" not in made and 'map "model/table/' in made and "TODO/" not in made, made
    for text in 'map "model/table/.ATTRIBUTES/table-keys" -> "a"\nkeep rest', 'drop "model/table/.ATTRIBUTES/table-keys" because "x"\nkeep rest':
        assert "E0412" in refuse(folder, text, source)


class Pair(tf.train.Checkpoint):
    """Objects that only a registered saver understands."""

    def __init__(self, value):
        super().__init__()
        self.value = value


def save_pairs(trackables, file_prefix):
    names = ["pairs/" + n for n in trackables]
    tf.raw_ops.SaveV2(prefix=file_prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=[tf.constant(p.value) for p in trackables.values()])
    return file_prefix


def restore_pairs(trackables, merged_prefix):
    for name, pair in trackables.items():
        pair.value = float(tf.raw_ops.RestoreV2(prefix=merged_prefix, tensor_names=["pairs/" + name], shape_and_slices=[""], dtypes=[tf.float32])[0])


def case_registered_saver(folder):
    """The saver's name stays in the graph, and what it wrote stays in the checkpoint, under its own keys."""
    from tensorflow.python.saved_model import registration
    registration.register_checkpoint_saver("Ckmig", "Pairs", lambda x: isinstance(x, Pair), save_pairs, restore_pairs)
    root = tf.train.Checkpoint(pair=Pair(3.5), model=Block(rng(1)))
    source = root.save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "model/kernel" | transpose -> same\nkeep rest', source)
    new = tf.train.Checkpoint(pair=Pair(0.0), model=Block(rng(2)))
    new.restore(out).assert_consumed()
    assert new.pair.value == 3.5
    np.testing.assert_array_equal(new.model.kernel, root.model.kernel.numpy().T)


def case_unknown_objects(folder):
    """Objects without values in between, and a root that is its own child, survive a rename below them."""
    class Loop(tf.Module):
        def __init__(self, leaf):
            super().__init__()
            self.me, self.empty = self, tf.Module()
            setattr(self.empty, leaf, Block(rng(3)))
    old, new = Loop("leaf"), Loop("blatt")
    source = tf.train.Checkpoint(top=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "top/empty/leaf/{x}" -> "top/empty/blatt/{x}"\nkeep rest', source)
    new.empty.blatt.kernel.assign(tf.zeros((3, 3)))
    restore(out, top=new)
    np.testing.assert_array_equal(new.me.empty.blatt.kernel, old.empty.leaf.kernel)


def case_target_objects(folder):
    """A name-based checkpoint for a program that restores objects; there is no save_counter, so it reads."""
    g = rng(1)
    values = {"net/a/w": g.standard_normal((2, 3)).astype(np.float32), "net/a/b": g.standard_normal(3).astype(np.float32), "step": np.int64(7)}
    source = os.path.join(folder, "src")
    tf.raw_ops.SaveV2(prefix=source, tensor_names=list(values), shape_and_slices=[""] * 3, tensors=list(values.values()))
    out = migrate(folder, 'target objects\nmap "net/a/w" | transpose -> "net/a/weight"\nalias "tied" = "net/a/weight"\nkeep rest', source)

    class A(tf.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.b = tf.Variable(tf.zeros((3, 2))), tf.Variable(tf.zeros(3))
    net, step = tf.Module(), tf.Variable(tf.zeros((), tf.int64))
    net.a = A()
    tf.train.Checkpoint(net=net, step=step, tied=net.a.weight).read(out).assert_consumed()
    np.testing.assert_array_equal(net.a.weight, values["net/a/w"].T)
    assert int(step) == 7


def case_target_names(folder):
    """An object-based checkpoint for a Saver."""
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'target names\ndrop "save_counter" because "a Saver has none"\nmap "model/**" -> "**"', source)
    assert sorted(load(out)) == ["blocks/0/bias", "blocks/0/kernel", "blocks/1/bias", "blocks/1/kernel", "table"], sorted(load(out))
    with tf.Graph().as_default(), tf1.Session() as session:
        made = {n: tf1.get_variable(n, v.shape) for n, v in load(out).items()}
        tf1.train.Saver().restore(session, out)
        found = session.run(made["blocks/1/kernel"])
    np.testing.assert_array_equal(found, old.blocks[1].kernel)


def case_full_names(folder):
    """Variables found by full names, which need not be unique."""
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map full:"table" -> "model/words"\nkeep rest', source)
    assert "model/words" in rows_of(out)
    message = refuse(folder, 'map full:"kernel" -> "k"\nkeep rest', source)
    assert "model/blocks/0/kernel" in message and "model/blocks/1/kernel" in message, message


def case_root_is_the_model(folder):
    """Checkpoint(root) of a module: its variables have no segment before them."""
    old, new = Block(rng(1)), Block(rng(2), "weight")
    source = tf.train.Checkpoint(old).write(os.path.join(folder, "src"))
    out = migrate(folder, 'map "kernel" -> "weight"\nkeep rest', source)
    tf.train.Checkpoint(new).read(out).assert_consumed()
    np.testing.assert_array_equal(new.weight, old.kernel)
    # And below a name of its own.
    out = migrate(folder, 'map rest -> "inner/block/**"', source, name="deeper")
    inner = tf.Module()
    inner.block = Block(rng(3))
    tf.train.Checkpoint(inner=inner).read(out).assert_consumed()
    np.testing.assert_array_equal(inner.block.bias, old.bias)


def case_merged_objects(folder):
    """Two objects become one, and one becomes two."""
    g = rng(1)
    a, b = Block(g), Block(g, "other")
    b.bias2 = b.bias
    del b.bias
    source = tf.train.Checkpoint(a=a, b=b).save(os.path.join(folder, "src"))
    out = migrate(folder, 'map "b/*" -> "a/*"\nkeep rest', source)
    both = Block(rng(2))
    both.other, both.bias2 = var(g, 3, 3), var(g, 3)
    restore(out, a=both)
    np.testing.assert_array_equal(both.bias2, b.bias2)
    np.testing.assert_array_equal(both.kernel, a.kernel)
    out = migrate(folder, 'map "a/kernel" -> "c/d/kernel"\nkeep rest', source, name="parted")
    rest, inner = tf.Module(), tf.Module()
    rest.bias, inner.d = var(g, 3), tf.Module()
    inner.d.kernel = var(g, 3, 3)
    c = Block(rng(3), "other")
    c.bias2 = c.bias
    del c.bias
    restore(out, a=rest, b=c, c=inner)
    np.testing.assert_array_equal(inner.d.kernel, a.kernel)


def case_graph_in_json(folder):
    """ckmig ls --graph tells what TensorFlow's own reader of the graph does."""
    import json
    from tensorflow.core.protobuf import trackable_object_graph_pb2
    old = Model(rng(1))
    source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.ParseFromString(tf.train.load_variable(source, "_CHECKPOINTABLE_OBJECT_GRAPH"))
    nodes = json.loads(ckmig("ls", "--graph", "--json", source))
    assert len(nodes) == len(graph.nodes)
    for node, wanted in zip(nodes, graph.nodes):
        assert node["children"] == {c.local_name: c.node_id for c in wanted.children}
        assert [a["key"] for a in node["attributes"]] == [a.checkpoint_key for a in wanted.attributes]
        assert [a["full_name"] for a in node["attributes"]] == [a.full_name for a in wanted.attributes]


def tree_of(values):
    """Objects with these variables at these paths, given as tuples of local names."""
    root = tf.Module()
    for path, value in values.items():
        at = root
        for name in path[:-1]:
            if not hasattr(at, name):
                setattr(at, name, tf.Module())
            at = getattr(at, name)
        setattr(at, path[-1], tf.Variable(value))
    return root


def escaped(path):
    return "/".join(n.replace(".", "..").replace("/", ".S") for n in path)


def random_paths(g, n):
    """Distinct paths, none of which leads through another."""
    names, paths = ["a", "b", "c", "0", "1", "10", "x.y", "p/q", ".", "kernel", "_v"], []
    while len(paths) < n:
        path = tuple(names[i] for i in g.integers(0, len(names), g.integers(1, 5)))
        if all(path[:len(p)] != p and p[:len(path)] != path for p in paths):
            paths.append(path)
    return paths


def random_targets(g, paths):
    """New paths: some prefixes are replaced, some variables go elsewhere, some change places."""
    new = list(paths)
    for _ in range(g.integers(1, 4)):
        prefix = paths[g.integers(len(paths))]
        prefix = prefix[:g.integers(1, len(prefix) + 1)]
        other = ("moved%d" % g.integers(3),) + prefix[int(g.integers(len(prefix) + 1)):]
        new = [other + p[len(prefix):] if p[:len(prefix)] == prefix else p for p in new]
    i, j = g.integers(len(new)), g.integers(len(new))
    new[i], new[j] = new[j], new[i]
    apart = all(a[:len(b)] != b for n, a in enumerate(new) for m, b in enumerate(new) if n != m)
    return new if apart else random_targets(g, paths)


def case_random_moves(folder):
    """Whatever goes wherever: a program with objects at the new paths restores all of it."""
    for seed in range(60):
        g = rng(seed)
        paths = random_paths(g, int(g.integers(2, 15)))
        new, dropped = random_targets(g, paths), set(g.choice(len(paths), int(g.integers(0, 2)), replace=False).tolist())
        values = [g.standard_normal(3).astype(np.float32) for _ in paths]
        old = tree_of(dict(zip(paths, values)))
        old.tied = getattr(old, paths[0][0])
        source = tf.train.Checkpoint(model=old).save(os.path.join(folder, "src"))
        lines = ['%s path:"model/%s" %s' % (("drop", escaped(p), 'because "random"') if i in dropped else ("map", escaped(p), '-> "model/%s"' % escaped(t)))
                 for i, (p, t) in enumerate(zip(paths, new))]
        out = migrate(folder, "\n".join(lines + ["keep rest"]), source, "--force")
        again = tree_of({t: np.zeros(3, np.float32) for i, t in enumerate(new) if i not in dropped})
        try:
            restore(out, model=again)
            for i, (path, value) in enumerate(zip(new, values)):
                at = again
                for name in path if i not in dropped else ():
                    at = getattr(at, name)
                assert i in dropped or (at.numpy() == value).all(), path
        except Exception as e:
            raise AssertionError("seed %d:\n%s" % (seed, "\n".join(lines))) from e


sys.exit(run(cases_of(globals())))
