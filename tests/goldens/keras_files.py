#!/usr/bin/env python3
"""Keras files for tests/tensor/hdf5.cpp and tests/layers/keras.cpp, and what Keras says of them.

    KERAS_BACKEND=torch python tests/goldens/keras_files.py

writes keras/*.h5 and keras.safetensors beside this file, and damaged ones to tests/fuzz/corpus/hdf5. Weights and inputs come from the integer hash
of layers.py: variable k gets hash k, scaled.
"""
import json
import math
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "torch")
import h5py
import keras
import numpy as np
from keras import layers as L
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
FILES = HERE / "keras"


def hashed(key, shape):
    """Uniform in [-1, 1): murmur3's finaliser of key * 0x9E3779B1 + i, element by element."""
    n = int(np.prod(shape, dtype=np.int64))
    x = np.arange(n, dtype=np.uint32) + np.uint32((key * 0x9E3779B1) & 0xFFFFFFFF)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return (x.astype(np.float64) / 2**31 - 1).reshape(tuple(shape)).astype(np.float32)


def set_weights(model):
    for k, v in enumerate(model.weights):
        x = hashed(k, v.shape)
        if len(v.shape) >= 2:
            x *= math.sqrt(6 / (np.prod(v.shape) / v.shape[-1]))
        elif v.name in ("gamma", "moving_variance"):
            x = 1 + x / 2
        v.assign(x)


def predict(model):
    """x as ours (N, C, H, W) or (N, D), y."""
    shape = model.input_shape[1:]
    x = hashed(1000, (3, shape[-1], *shape[:-1]) if len(shape) == 3 else (3, *shape))
    return model.predict(np.moveaxis(x, 1, -1) if len(shape) == 3 else x, verbose=0)


def sequential():
    """Study D's CNN-3, smaller."""
    return keras.Sequential([
        keras.Input((9, 7, 2)),
        L.Conv2D(3, 3, activation="relu", name="conv2d_6"), L.BatchNormalization(name="bn_3"),
        L.MaxPooling2D(3, strides=2, padding="same", name="pool"), L.Dropout(.2, name="dropout_7"),
        L.Conv2D(4, 2, activation="relu", name="conv2d_7"), L.Flatten(name="flatten_3"),
        L.Dense(5, activation="relu", name="dense_8"), L.Dense(3, activation="softmax", name="dense_9")])


def functional():
    """The other layers, and options that are not the default."""
    x = y = keras.Input((8, 6, 2), name="in")
    y = L.ZeroPadding2D(((1, 0), (2, 1)), name="pad")(y)
    y = L.Conv2D(4, (3, 2), strides=(2, 1), padding="same", use_bias=False, name="c1")(y)
    y = L.BatchNormalization(scale=False, momentum=.9, epsilon=1e-2, name="n1")(y)
    y = L.LeakyReLU(.2, name="leaky")(y)
    y = L.AveragePooling2D(2, strides=1, padding="same", name="avg")(y)
    y = L.Conv2D(4, 2, dilation_rate=2, groups=2, activation="tanh", name="c2")(y)
    y = L.Activation("gelu", name="act")(y)
    y = L.ReLU(name="r")(y)
    y = L.GlobalAveragePooling2D(name="gap")(y)
    y = L.Dense(6, activation="softmax", name="mixed")(y)
    y = L.BatchNormalization(name="n2")(y)
    y = L.Dense(2, activation="sigmoid", name="out")(y)
    return keras.Model(x, y)


# Keras 2's way of writing: names end in ":0", batch_input_shape, no quotes around dtypes.
def keras2_config(model):
    layers = []
    for layer in model.layers:
        c = layer.get_config()
        c = {k: v for k, v in c.items() if not isinstance(v, dict)} | {"dtype": "float32"}
        c |= {k: {"class_name": "Zeros", "config": {}} for k in layer.get_config() if k.endswith("_initializer")}
        if isinstance(layer, L.BatchNormalization):
            c["axis"] = [layer.axis if layer.axis >= 0 else 3]
            for new in ("synchronized", "renorm", "renorm_clipping", "renorm_momentum"):
                c.pop(new, None)
        c.pop("quantization_config", None)
        layers.append({"class_name": type(layer).__name__, "config": c})
    layers.insert(0, {"class_name": "InputLayer", "config": {
        "batch_input_shape": [None, *model.input_shape[1:]], "dtype": "float32", "sparse": False,
        "ragged": False, "name": "conv2d_6_input"}})
    return {"class_name": "Sequential", "config": {"name": "sequential_3", "layers": layers}}


def write_layers(group, layers, split=False):
    """layers: {name: {variable's whole name: value}}"""
    names = [n.encode() for n in layers]
    if split:
        group.attrs["layer_names0"], group.attrs["layer_names1"] = names[:1], names[1:]
    else:
        group.attrs["layer_names"] = names
    for name in sorted(layers):
        g = group.create_group(name)
        g.attrs["weight_names"] = [w.encode() for w in layers[name]]
        for weight, value in layers[name].items():
            g.create_dataset(weight, data=value)


def keras2_layers(model):
    return {l.name: {f"{l.name}/{v.name}:0": v.numpy() for v in l.weights} for l in model.layers}


def main():
    FILES.mkdir(exist_ok=True)
    out = {}
    s = sequential()
    set_weights(s)
    out["sequential"] = predict(s)
    with h5py.File(FILES / "keras2_model.h5", "w") as f:
        f.attrs["backend"], f.attrs["keras_version"] = "tensorflow", "2.10.0"
        f.attrs["model_config"] = json.dumps(keras2_config(s))
        write_layers(f.create_group("model_weights"), keras2_layers(s))
    again = keras.models.load_model(FILES / "keras2_model.h5", compile=False)  # Keras takes it for its own
    assert np.array_equal(predict(again), out["sequential"])
    s.save(FILES / "keras3_model.h5")
    s.save_weights(FILES / "keras3.weights.h5")

    f = functional()
    set_weights(f)
    out["functional"] = predict(f)
    f.save(FILES / "keras3_functional.h5")

    # Keras 1's names, as in the ResNet-50 of 2017; weights only, and a list in parts.
    w = [hashed(k, shape) for k, shape in enumerate([(2, 2, 1, 3), (3,), (3,), (3,), (3,), (3,)])]
    with h5py.File(FILES / "keras1_weights.h5", "w") as h:
        write_layers(h, {"conv1": {"conv1_W:0": w[0], "conv1_b_1:0": w[1]}, "flat": {},
                         "bn": {"bn_gamma:0": w[2], "bn_beta:0": w[3], "bn_running_mean:0": w[4],
                                "bn_running_std:0": w[5]}}, split=True)

    # As Keras 3 wrote it first, without the layers' names; a batch norm without gamma and beta.
    with h5py.File(FILES / "numbered.weights.h5", "w") as h:
        for k in (10, 2, 0):
            h[f"layers/dense{f'_{k}' if k else ''}/vars/0"] = np.full((1, 1), k, "f4")
        for i in range(2):
            h[f"layers/batch_normalization/vars/{i}"] = np.full(1, 5 + i, "f4")

    # The newer structures, and every type.
    with h5py.File(FILES / "latest.h5", "w", libver="latest") as h:
        write_layers(h, {"d": {"kernel:0": np.arange(6, dtype="f4").reshape(2, 3)}})
        write_types(h)
    with h5py.File(FILES / "types.h5", "w", userblock_size=512) as h:
        write_types(h)
        for i in range(40):  # several leaves of a tree
            h[f"many/{i}"] = h["0/f4"]
    with h5py.File(FILES / "small.h5", "w") as h:
        write_layers(h, {"d": {"kernel:0": np.arange(6, dtype="f4").reshape(2, 3)}})
    with h5py.File(FILES / "repeated.h5", "w") as h:  # 64 times 4 KB in a file of 12
        write_layers(h, {"d": {"kernel:0": np.zeros((1, 1000), "f4")}})
        h.attrs["layer_names"] = [b"d"] * 64
    with h5py.File(FILES / "dense.h5", "w", libver="latest") as h:
        for i in range(9):
            h[str(i)] = np.float32(i)
    damage((FILES / "small.h5").read_bytes())
    save_file(out, HERE / "keras.safetensors",
              {"versions": f"keras {keras.__version__}, h5py {h5py.__version__}, HDF5 {h5py.version.hdf5_version}"})


def damage(whole):
    """As tests/tensor/hdf5.cpp does it."""
    folder = HERE.parent / "fuzz/corpus/hdf5"
    folder.mkdir(exist_ok=True)

    def write(name, *changes):
        data = bytearray(whole)
        for at, value, count in changes:
            data[at:at + count] = value.to_bytes(count, "little")
        (folder / name).write_bytes(data)

    tree, leaf, heap = (whole.rfind(s) for s in (b"TREE", b"SNOD", b"HEAP"))
    group = int.from_bytes(whole[whole.find(b"SNOD") + 16:][:8], "little")
    write("tree_in_itself", (tree + 32, tree, 8))
    write("tree_in_itself_a_level_up", (tree + 32, tree, 8), (tree + 5, 1, 1))
    write("group_in_itself", (leaf + 16, group, 8))
    write("giant_heap", (heap + 8, 2**64 - 11, 8))
    write("giant_shape", (whole.find((2).to_bytes(8, "little") + (3).to_bytes(8, "little")), 2**62, 8))


def write_types(h):
    """In groups: from the ninth link on, libver="latest" stores them otherwise."""
    for group in "012":  # by its own name: what is made on the way to others has times in it
        h.create_group(group)
    for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1"):
        h["0/" + kind] = np.array([[1, 2, 3]], dtype=kind)
    h["2/u8"] = np.array([[1, 2, 3]], dtype="u8")
    h["2/large"] = np.array([2**63], dtype="u8")
    for kind in ("u2", "u4", ">f4"):
        h["1/" + kind.replace(">", "big_")] = np.array([[1, 2, 3]], dtype=kind)
    h["1/bool"] = np.array([True])
    h["1/scalar"] = np.float32(7)
    h["1/empty"] = np.zeros((0, 3), "f4")
    h.create_dataset("1/chunked", data=np.arange(6.), chunks=(2,), compression="gzip", shuffle=True)
    h["1/bf16"] = np.array([1, -2], dtype="f4").view("u2")[1::2].copy().view("V2")  # as Keras has it
    h["1/bf16"].attrs["dtype"] = "bfloat16"
    compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    compact.set_layout(h5py.h5d.COMPACT)
    compact.set_obj_track_times(False)  # the same bytes each time
    x = np.array([-1, -128], dtype="i1")
    data = h5py.h5d.create(h.id, b"compact", h5py.h5t.NATIVE_INT8, h5py.h5s.create_simple((2,)), compact)
    data.write(h5py.h5s.ALL, h5py.h5s.ALL, x)
    h["soft"] = h5py.SoftLink("/0/f4")
    h.attrs["texts"] = ["a", "äöü", ""]
    h.attrs["fixed"] = [b"abc", b"d"]
    h.attrs["number"] = 3
    h.attrs["none"] = np.zeros(0)


if __name__ == "__main__":
    main()
