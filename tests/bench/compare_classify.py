"""A folder of mp3s to genres along each song, against librosa and PyTorch, in one run on one machine, taking turns.

    python tests/bench/compare_classify.py
    python tests/bench/compare_classify.py --songs 100 --rounds 3

Both sides take the same folder, base_cnn with the same weights on windows of 5 s every second (the picture of a
spectrogram in 64 × 64 points), and use --threads cores. The peer is librosa.load and librosa.stft (of the whole song, once:
a window is cut out of it, so that its first and last frames see what lies beyond it), the picture's steps in NumPy, and
PyTorch, a song a joblib process. The songs are written by lame and made up by bench's own generator: --seconds long,
44 100 Hz, stereo, --bitrate kbit/s. What counts is the ratio of the times; decoding is the share of our own time that went
into it, as classify says. Needs lame, and a Python with librosa, torch, safetensors and joblib.
"""

import argparse
import csv
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RATE, N_FFT, HOP, SIZE, SECONDS = 22050, 2048, 512, 64, 5  # audio/drawing/picture.h
DISTINCT = 8  # songs; the others are copies


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--songs", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=30, help="of a song")
    parser.add_argument("--bitrate", type=int, default=320, help="of the mp3s in kbit/s")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=1, help="turns that each side takes")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the release build")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def make_song(path, seed, a):
    """Chords, a beat and noise: as much for an encoder to do as music has."""
    import numpy as np
    random = np.random.default_rng(seed)
    n = 44100 * a.seconds
    t = np.arange(n) / 44100
    beat = random.uniform(.3, .7)
    sound = np.zeros((n, 2))
    for bar in range(int(a.seconds / (4 * beat)) + 1):
        begin, end = int(bar * 4 * beat * 44100), min(n, int((bar + 1) * 4 * beat * 44100))
        for hz in 110 * 2 ** (random.choice([0, 3, 5, 7, 10], 3) / 12 + random.integers(0, 3, 3)):
            for overtone in range(1, 12):
                pan = random.uniform(0, 1)
                tone = np.sin(2 * np.pi * hz * overtone * t[begin:end]) * .08 / overtone
                sound[begin:end] += tone[:, None] * [pan, 1 - pan]
    hit = np.exp(-(t % beat) * 30)[:, None]
    sound += random.normal(0, .25, (n, 2)) * hit + random.normal(0, .01, (n, 2))
    with wave.open(path + ".wav", "wb") as file:
        file.setparams((2, 2, 44100, n, "NONE", ""))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    subprocess.run(["lame", "--quiet", "-b", str(a.bitrate), path + ".wav", path], check=True)
    os.remove(path + ".wav")


def make_folder(folder, a):
    for i in range(a.songs):
        path = os.path.join(folder, f"{i:04}.mp3")
        if i < DISTINCT:
            make_song(path, i, a)
        else:
            shutil.copyfile(os.path.join(folder, f"{i % DISTINCT:04}.mp3"), path)


class Peer:
    """What one process keeps between songs."""

    def __init__(self, weights):
        import numpy as np
        import torch
        from safetensors.torch import load_file
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        from torch_nets import make_net
        torch.set_num_threads(1)
        net = make_net("base_cnn", (3, SIZE, SIZE), 4)
        self.net = torch.nn.ModuleDict({"features": net[0], "classifier": torch.nn.Sequential(*net[1:])})
        self.net.load_state_dict(load_file(weights))
        self.net.eval()
        text = open(os.path.join(ROOT, "audio/drawing/colour_tables.cpp")).read()
        self.tables = {}
        for name in ("magma", "coolwarm"):
            table = re.search(name + r"_table = \{([^}]*)\}", text).group(1)
            values = [int(x, 16) for x in re.findall(r"0x([0-9a-fA-F]{6})", table)]
            self.tables[name] = np.array([[v >> 16, v >> 8 & 255, v & 255] for v in values], np.float32) / 255
        bins = N_FFT // 2 + 1
        hz = np.clip((np.arange(bins + 1) - .5) * RATE / N_FFT, 0, RATE / 2)
        ratio = np.maximum(hz, 1e-9) / 65.40639132514966
        edges = np.where(ratio <= 1, ratio, 1 + np.log2(ratio))
        self.rows = self.overlaps(np.linspace(edges[-1], 0, SIZE + 1)[::-1], edges)[::-1]
        self.rows = np.ascontiguousarray(self.rows, np.float32)
        frames = 1 + SECONDS * RATE // HOP
        self.columns = np.ascontiguousarray(
            self.overlaps(np.linspace(0, frames, SIZE + 1), np.arange(frames + 1)), np.float32)

    @staticmethod
    def overlaps(to, source):
        """(to, source): the share of each interval of `to` that each of `source` covers."""
        import numpy as np
        low = np.maximum(to[:-1, None], source[None, :-1])
        high = np.minimum(to[1:, None], source[None, 1:])
        return np.maximum(0, high - low) / np.diff(to)[:, None]

    def picture(self, magnitude):
        import librosa
        import numpy as np
        db = librosa.amplitude_to_db(magnitude, ref=1, top_db=80)
        one_sign = np.percentile(db, 2) >= 0 or np.percentile(db, 98) <= 0
        table = self.tables["magma" if one_sign else "coolwarm"]
        level = np.minimum((db - db.min()) * (256 / (db.max() - db.min())), 255).astype(np.intp)
        rgb = table[level].transpose(2, 0, 1)  # (3, bins, frames)
        return (self.rows @ rgb @ self.columns.T - .5) / .5

    def strengths(self, path):
        """(windows, classes)"""
        import librosa
        import numpy as np
        import torch
        y, _ = librosa.load(path, sr=RATE)
        magnitude = np.abs(librosa.stft(y, n_fft=N_FFT, hop_length=HOP))
        length = SECONDS * RATE
        starts = [round(i * RATE / HOP) for i in range(len(y) // RATE + 1)]
        starts = [start for start in starts if start * HOP + length <= len(y)]
        frames = 1 + length // HOP
        pictures = np.stack([self.picture(magnitude[:, s:s + frames]) for s in starts])
        with torch.inference_mode():
            x = torch.from_numpy(pictures.astype(np.float32))
            return torch.softmax(self.net["classifier"](self.net["features"](x)), 1).numpy()


PEER = None


def peer_of_this_process(path, weights):
    global PEER
    if PEER is None:
        PEER = Peer(weights)
    return PEER.strengths(path).mean(0)


def peer(files, weights, a, parallel):
    import joblib
    start = time.perf_counter()
    result = parallel(joblib.delayed(peer_of_this_process)(f, weights) for f in files)
    return time.perf_counter() - start, result


def ours(folder, weights, a):
    table = os.path.join(os.path.dirname(weights), "ours.csv")
    command = [os.path.join(a.build, "bin", "classify"), weights, folder, "--threads", str(a.threads), "--csv", table]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    with open(table, newline="") as file:
        rows = [row for row in csv.reader(file) if row[1] == "song"]
    return seconds, int(re.search(r"(\d+) % of it decoding", done.stderr).group(1)), \
        [[float(x) for x in row[4:]] for row in rows]


def main():
    a = arguments()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"  # in the peer's processes, of which there is one a core
    os.environ["OMP_WAIT_POLICY"] = "passive"
    import joblib
    import numpy as np
    with tempfile.TemporaryDirectory() as work:
        folder, weights = os.path.join(work, "songs"), os.path.join(work, "w.safetensors")
        os.mkdir(folder)
        make_folder(folder, a)
        files = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        subprocess.run([os.path.join(a.build, "bin", "net"), "base_cnn", "--seed", "1", "--save", weights],
                       check=True, stdout=subprocess.DEVNULL)
        parallel = joblib.Parallel(n_jobs=a.threads)
        peer(files[:4 * a.threads], weights, a, parallel)  # imports, and what numba compiles
        times = {"ours": [], "peer": []}
        shares = []
        for _ in range(a.rounds):
            seconds, share, our_result = ours(folder, weights, a)
            times["ours"].append(seconds)
            shares.append(share)
            seconds, peer_result = peer(files, weights, a, parallel)
            times["peer"].append(seconds)
    difference = float(np.abs(np.array(our_result) - np.array(peer_result)).max())
    median = {side: statistics.median(values) for side, values in times.items()}
    result = {"songs": a.songs, "seconds": a.seconds, "bitrate": a.bitrate, "threads": a.threads,
              "s_ours": round(median["ours"], 2), "s_peer": round(median["peer"], 2),
              "ratio": round(median["peer"] / median["ours"], 2), "decoding": statistics.median(shares) / 100,
              "largest_difference_of_strengths": round(difference, 4)}
    print(json.dumps(result) if a.json else "  ".join(f"{k} {v}" for k, v in result.items()))


if __name__ == "__main__":
    main()
