"""
Every ordered pair of conventions, for every optimizer that both generations have: a program trains, its checkpoint is migrated, a
program of the other generation restores it with assert_consumed() and trains on. Its losses are those of the program that never
stopped, and exactly those of a program of its own generation that was given the same state by hand.
"""
import itertools
import os
import sys

import numpy as np
import tensorflow as tf

from common import migrate, rows_of, run
from programs import HAS, PROGRAMS, RATE, SIZES, SLOTS, batches, weights

STEPS = 3
# Nadam: the legacy optimizer applies its schedule otherwise than the new ones, and that of Keras 2 keeps a counter outside of its
# checkpoints (_u_product_counter), so that it does not even go on from its own.
OTHER_RULE = {"nadam": {("tf2", "keras2"), ("tf2", "keras3"), ("keras2", "tf2"), ("keras3", "tf2"), ("keras2", "keras2"), ("keras3", "keras2")}}
PREFIX = {"tf1": "", "tf2": "model/", "keras2": "model/", "keras3": "model/"}
KERNEL = {"tf1": "kernel", "tf2": "kernel", "keras2": "kernel", "keras3": "_kernel"}
COUNT = {"tf1": "global_step", "tf2": "optimizer/iter", "keras2": "optimizer/_iterations", "keras3": "optimizer/_iterations"}
PRODUCT = {"tf2": "optimizer/momentum_cache", "keras2": "optimizer/_u_product", "keras3": "optimizer/_u_product"}


def path(kind, name):
    """hidden/kernel as a generation's checkpoints call it."""
    return PREFIX[kind] + name.replace("kernel", KERNEL[kind])


def slot_of(kind, optimizer, slot):
    """Lion's average has another name in Keras 2."""
    return "momentum" if (kind, optimizer) == ("keras2", "lion") else slot


def text_of(a, b, optimizer):
    """The migration; what it does not make comes from the fresh checkpoint of the new program."""
    source, target = "%s{hidden,out}/{%s,bias}", "%s{hidden,out}/{%s,bias}"
    source, target = source % (PREFIX[a], KERNEL[a]), target % (PREFIX[b], KERNEL[b])
    lines = ['map "%s" -> "%s"' % (source, target), 'map "%s" -> "%s"' % (COUNT[a], COUNT[b])]
    if optimizer in ("momentum", "nesterov") and (a == "tf1") != (b == "tf1"):
        # TF1 sums gradients, Keras steps.
        lines.append('map "%s@momentum" | scale(%s) -> "%s@momentum"' % (source, -RATE if a == "tf1" else -1 / RATE, target))
    if optimizer == "adam" and b == "tf1":
        for n, beta in (1, 0.9), (2, 0.999):
            lines.append('new "beta%d_power" = const(%.9g)' % (n, np.float64(np.float32(beta)) ** (STEPS + 1)))
    if optimizer == "sgd" and a == "keras2" and b != "keras2":
        lines.append('drop "**@momentum" because "it is always there, and zero without momentum"')
    if optimizer == "nadam":
        lines.append('map "%s" -> "%s"' % (PRODUCT[a], PRODUCT[b]))
    if slot_of(a, optimizer, "m") != slot_of(b, optimizer, "m"):
        lines.append('map "%s@%s" -> "%s@%s"' % (source, slot_of(a, optimizer, "m"), target, slot_of(b, optimizer, "m")))
    return "\n".join(lines + ['drop rest because "hyperparameters are the new program\'s"', "new rest = template"])


def state_of(kind, optimizer, prefix):
    """(variable, slot or "") -> array, as ckmig names what TensorFlow reads; the step count too."""
    reader, rows = tf.train.load_checkpoint(prefix), rows_of(prefix)
    state = {(n, ""): reader.get_tensor(rows[path(kind, n)]["key"]) for n in SIZES}
    for n, slot in itertools.product(SIZES, SLOTS[optimizer]):
        state[n, slot] = reader.get_tensor(rows["%s@%s" % (path(kind, n), slot_of(kind, optimizer, slot))]["key"])
    return state


def given_by_hand(kind, optimizer, state, n_steps, product):
    """A program of the generation with this state, set through the API that its users have, not through a checkpoint."""
    program = PROGRAMS[kind](optimizer, {n: state[n, ""] for n in SIZES})
    if kind == "tf1":
        with program.graph.as_default():
            names = {"accumulator": "accum" if optimizer == "ftrl" else "accumulator", "accum_grad": "accum", "accum_var": "accum_update"}
            for (n, slot), value in state.items():
                if slot:
                    program.optimizer.get_slot(program.variables[n], names.get(slot, slot)).load(value, program.session)
            for variable in program.graph.get_collection("variables"):
                if variable.op.name == "global_step":
                    variable.load(n_steps, program.session)
                for i, beta in (1, 0.9), (2, 0.999):
                    if variable.op.name == "beta%d_power" % i:
                        variable.load(np.float32(np.float64(np.float32(beta)) ** (n_steps + 1)), program.session)
        return program
    optimizer_ = program.optimizer
    if kind == "tf2":
        for (n, slot), value in state.items():
            if slot:
                layer, attribute = n.split("/")
                optimizer_.get_slot(getattr(getattr(program.model, layer), attribute), slot).assign(value)
        if product is not None:
            optimizer_._m_cache.assign(product)
    else:
        lists = {"m": "_momentums", "v": "_velocities", "vhat": "_velocity_hats", "rms": "_velocities", "mg": "_average_gradients",
                 "momentum": "_momentums" if optimizer in ("rmsprop", "centered") else "momentums", "accumulator": "_accumulators",
                 "linear": "_linears", "accum_grad": "_accumulated_grads", "accum_var": "_accumulated_delta_vars",
                 "ema": "_model_variables_moving_average"}
        if optimizer == "adamax":
            lists.update(m="_m", v="_u")
        if (kind, optimizer) == ("keras2", "lion"):
            lists["m"] = "momentums"
        order = ["hidden/kernel", "hidden/bias", "out/kernel", "out/bias"]
        for (n, slot), value in state.items():
            if slot:
                getattr(optimizer_, lists[slot])[order.index(n)].assign(value)
        if product is not None:
            optimizer_._u_product.assign(product)
    optimizer_.iterations.assign(n_steps)
    return program


SOURCES = {}


def source_of(a, optimizer, folder):
    """The program that never stops, trained and saved once, with the losses that it goes on to have."""
    if (a, optimizer) not in SOURCES:
        program = PROGRAMS[a](optimizer, weights(1))
        for x, y in batches(2, STEPS):
            program.step(x, y)
        prefix = program.save(os.path.join(folder, "%s-%s" % (a, optimizer)))
        SOURCES[a, optimizer] = prefix, [program.step(x, y) for x, y in batches(3, STEPS)]
    return SOURCES[a, optimizer]


def scaled(a, b, optimizer, state):
    if optimizer not in ("momentum", "nesterov") or (a == "tf1") == (b == "tf1"):
        return state
    factor = np.float32(-RATE) if a == "tf1" else np.float32(-1 / RATE)
    return {(n, s): v * factor if s else v for (n, s), v in state.items()}


def close(a, b, tolerance, what):
    for i, (x, y) in enumerate(zip(a, b)):
        assert abs(x - y) <= tolerance * max(abs(x), abs(y)), "%s: step %d has the loss %.9g, wanted is %.9g" % (what, i, y, x)


def pair(a, b, optimizer, folder, sources):
    prefix, losses = source_of(a, optimizer, sources)
    fresh = PROGRAMS[b](optimizer, weights(4)).save(os.path.join(folder, "fresh"))
    out = migrate(folder, text_of(a, b, optimizer), prefix, "--onto", fresh)
    program = PROGRAMS[b](optimizer, weights(5))
    consumed = program.restore(out)
    found = [program.step(x, y) for x, y in batches(3, STEPS)]
    consumed()
    state = scaled(a, b, optimizer, state_of(a, optimizer, prefix))
    product = tf.train.load_variable(prefix, rows_of(prefix)[PRODUCT[a]]["key"]) if optimizer == "nadam" else None
    by_hand = given_by_hand(b, optimizer, state, STEPS, product)
    close([by_hand.step(x, y) for x, y in batches(3, STEPS)], found, 1e-6 if b == "tf1" else 0, "against the state given by hand")
    if (a, b) not in OTHER_RULE.get(optimizer, ()):
        close(losses, found, 1e-6, "against the program that never stopped")


def main():
    import shutil
    import tempfile
    sources, cases = tempfile.mkdtemp(prefix="ckmig-interop-"), {}
    for optimizer in SLOTS:
        for a, b in itertools.product(PROGRAMS, PROGRAMS):
            if optimizer in HAS[a] and optimizer in HAS[b]:
                cases["%s_%s_to_%s" % (optimizer, a, b)] = lambda folder, a=a, b=b, o=optimizer: pair(a, b, o, folder, sources)
    code = run(cases)
    shutil.rmtree(sources, ignore_errors=True)
    return code


sys.exit(main())
