# Writes arrays with NumPy: arrays.py FOLDER. For each array that is read there are NAME.npy or NAME.npz and what
# NumPy makes of it in float64 and float32, NAME.f64 and NAME.f32, without a header. The others are refused.* files.
# It reads written.npy and written.npz, which the test has written: 3 × 4 values, from 0 in steps of 0.1.
import sys
import warnings

import numpy as np

folder = sys.argv[1] + "/"
rng = np.random.default_rng(1)
warnings.simplefilter("ignore")  # of values that are rounded to infinity


def expect(name, a):
    for precision in "f8", "f4":
        a.astype("<" + precision).tofile(folder + name + (".f64" if precision == "f8" else ".f32"))


def some(dtype):
    if dtype == "f8":  # within the range of float32
        return rng.standard_normal((5, 7)) * 10.0 ** rng.integers(-50, 38, (5, 7))
    if dtype == "b1":
        return rng.integers(0, 2, (5, 7)).astype(bool)
    size = np.dtype(dtype).itemsize
    return np.frombuffer(rng.bytes(35 * size), dtype).reshape(5, 7)


for dtype in "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split():
    for order in "<>":
        for layout in "CF":
            for version in (1, 0), (2, 0), (3, 0):
                a = np.asarray(some(dtype).astype(order + dtype), order=layout)
                name = f"{dtype}{'le' if order == '<' else 'be'}{layout}{version[0]}"
                with open(folder + name + ".npy", "wb") as f:
                    np.lib.format.write_array(f, a, version)
                expect(name, a)

halves = np.arange(1 << 16, dtype="u2").view("f2").reshape(256, 256)
np.save(folder + "halves.npy", halves)
expect("halves", halves)
edges = np.array([[0, 1], [2**62 + 2**38 + 1, 2**63 + 2**39 + 1], [2**53 + 1, 2**64 - 1]], "u8")
np.save(folder + "edges.npy", edges)
expect("edges", edges)

a = rng.standard_normal((30, 40))
np.savez(folder + "stored.npz", temperature=a, mask=a > 0)
expect("stored", a)
np.savez_compressed(folder + "deflated.npz", mask=a > 0, temperature=np.round(a))
expect("deflated", np.round(a))
np.savez(folder + "unnamed.npz", a)
expect("unnamed", a)

m = np.zeros((2, 2))
refused = dict(complex=m.astype("c16"), text=m.astype("U4"), bytes=m.astype("S4"), dates=m.astype("M8[s]"), spans=m.astype("m8[s]"),
               objects=m.astype(object), fields=np.zeros((2, 2), "f4,i8"), raw=m.astype("f2").view("V2"), scalar=np.float64(1),
               line=np.zeros(3), cube=np.zeros((2, 2, 2)), empty=np.zeros((0, 3)), long=m.astype(np.longdouble), huge=m + 1e300)
for name, a in refused.items():
    np.save(folder + "refused." + name + ".npy", a)

want = np.arange(12).reshape(3, 4) * 0.1
for a in np.load(folder + "written.npy"), np.load(folder + "written.npz")["temperature"]:
    if a.dtype != np.float64 or not a.flags.c_contiguous or not np.array_equal(a, want):
        sys.exit(f"NumPy reads {a!r}")
print(np.__version__)
