"""What a NumPy or SciPy user writes today. One JSON object a repetition, in float64.

    peer.py force|laplacian|plate N SWEEPS REPS
"""
import json
import sys
import time

import numpy as np

EPS2 = 1e-4


def force(n, _):
    rng = np.random.default_rng(1)
    pos, gm = rng.uniform(-1, 1, (3, n)), np.full(n, 1 / n)
    acc = np.empty((3, n))
    block = max(1, 2**18 // n)  # targets at a time, so that the temporaries stay in the cache

    def run():
        for lo in range(0, n, block):
            d = pos[:, None, :] - pos[:, lo : lo + block, None]
            r2 = (d * d).sum(axis=0) + EPS2
            acc[:, lo : lo + block] = (d * (gm / (r2 * np.sqrt(r2)))).sum(axis=2)
        return acc[0, n // 2]

    return run, n * n


def laplacian(n, sweeps):
    u = np.random.default_rng(1).uniform(0, 100, (n, n))
    v = u.copy()

    def run():
        nonlocal u, v
        for _ in range(sweeps):
            inner = v[1:-1, 1:-1]
            np.add(u[:-2, 1:-1], u[2:, 1:-1], out=inner)
            inner += u[1:-1, :-2]
            inner += u[1:-1, 2:]
            inner *= 0.25
            u, v = v, u
        return np.abs(u - v).max()

    return run, n * n * sweeps


def plate(n, _):
    """The steady state of a plate with one edge at 100, by sine transforms on two threads; its check is the centre."""
    from scipy import fft

    side = n - 2  # points inside
    edges = np.zeros((side, side))
    edges[0] = 100
    modes = 2 - 2 * np.cos(np.pi * np.arange(1, side + 1) / (side + 1))
    eigenvalues = modes[:, None] + modes

    def run():
        spectrum = fft.dstn(edges, type=1, workers=2)
        spectrum /= eigenvalues
        return fft.idstn(spectrum, type=1, workers=2, overwrite_x=True)[side // 2, side // 2]

    return run, n * n


def main():
    kernel, n, sweeps, reps = sys.argv[1], *map(int, sys.argv[2:5])
    run, items = {"force": force, "laplacian": laplacian, "plate": plate}[kernel](n, sweeps)
    run()  # cold
    for _ in range(reps):
        start = time.perf_counter()
        check = float(run())
        seconds = time.perf_counter() - start
        print(json.dumps({"kernel": kernel, "precision": "f64", "n": n, "sweeps": sweeps, "threads": 1 + (kernel == "plate"),
                          "seconds": seconds, "rate": items / seconds, "check": check}))


if __name__ == "__main__":
    main()
