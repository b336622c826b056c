"""Features against librosa and torchaudio, in one run on one machine, taking turns.

    python tests/bench/compare_features.py --threads 2
    python tests/bench/compare_features.py --folder FOLDER_OF_MP3
    python tests/bench/compare_features.py --device cuda --batch 32 --build build-cuda

A clip is 30 s at 22 050 Hz in memory; n_fft 2048, hop 512, 128 mel bands; MFCC: 20 coefficients.
--folder times all files of a folder to cached log-mel, against librosa under joblib. --device cuda is against torchaudio
on the same GPU, clips and results in its memory, TF32 off. What counts
is the ratio, of medians and of minima: above 1 we are faster. compare.py --features is this.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--features", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--what", default="logmel,mfcc")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--batch", type=int, default=1, help="clips at once; librosa takes them one by one")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5, help="turns that each side takes")
    parser.add_argument("--seconds", type=float, default=1, help="of each turn")
    parser.add_argument("--folder", help="of audio files")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help="the release build")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def librosa_task(what, clips):
    import librosa
    if what == "mfcc":
        return lambda: [librosa.feature.mfcc(y=y, sr=22050, n_mfcc=20) for y in clips]
    return lambda: [librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=22050)) for y in clips]


def torchaudio_task(what, clips, threads, device):
    try:
        import torch
        torch.version.cuda = "13.0"  # torchaudio 2.11 refuses a newer one
        import torchaudio
    except Exception:  # not installed, or not for this torch
        return None
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = False
    mel = {"n_fft": 2048, "hop_length": 512, "n_mels": 128, "norm": "slaney", "mel_scale": "slaney"}
    x = torch.from_numpy(clips).to(device)
    if what == "mfcc":
        layers = [torchaudio.transforms.MFCC(22050, n_mfcc=20, melkwargs=mel)]
    else:
        layers = [torchaudio.transforms.MelSpectrogram(22050, **mel), torchaudio.transforms.AmplitudeToDB("power", 80)]
    feature = torch.nn.Sequential(*layers).to(device)

    def task():
        feature(x)
        if device == "cuda":
            torch.cuda.synchronize()

    return task


def measure(f, seconds):
    times, begin = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        f()
        times.append((time.perf_counter() - start) * 1000)
    return times


def ours(a, *extra):
    command = [os.path.join(a.build, "bin", "bench_features"), "--threads", str(a.threads), "--json", *extra]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return json.loads(lines[0])


def report(a, what, medians, minima):
    for peer in medians:
        if peer == "ours":
            continue
        result = {"what": what, "device": a.device, "batch": a.batch, "threads": a.threads, "peer": peer,
                  "ms_ours": round(medians["ours"], 3), "ms_peer": round(medians[peer], 3),
                  "ratio_of_medians": round(medians[peer] / medians["ours"], 2),
                  "ratio_of_minima": round(minima[peer] / minima["ours"], 2)}
        print(json.dumps(result) if a.json else "  ".join(f"{k} {v}" for k, v in result.items()), flush=True)


def compare_clip(a, what):
    import numpy as np
    clips = (0.1 * np.random.default_rng(0).standard_normal((a.batch, 30 * 22050))).astype(np.float32)
    tasks = {"torchaudio": torchaudio_task(what, clips, a.threads, a.device)}
    if a.device == "cpu":
        tasks["librosa"] = librosa_task(what, clips)
    tasks = {name: task for name, task in tasks.items() if task}
    for task in tasks.values():
        for _ in range(3):
            task()
    times, medians, minima = {name: [] for name in tasks}, [], []
    for _ in range(a.rounds):
        line = ours(a, "--what", what, "--seconds", str(a.seconds), "--device", a.device, "--batch", str(a.batch))
        medians.append(line["ms_median"])
        minima.append(line["ms_min"])
        for name, task in tasks.items():
            times[name] += measure(task, a.seconds)
    report(a, what, {"ours": statistics.median(medians)} | {k: statistics.median(v) for k, v in times.items()},
           {"ours": min(minima)} | {k: min(v) for k, v in times.items()})


def file_to_log_mel(source, target):
    import librosa
    import numpy as np
    y, sr = librosa.load(source)
    np.save(target, librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=sr)))


def compare_folder(a):
    import joblib
    files = [os.path.join(d, f) for d, _, names in os.walk(a.folder) for f in names]
    times = {"ours": [], "librosa": []}
    with tempfile.TemporaryDirectory() as target:
        jobs = [joblib.delayed(file_to_log_mel)(f, os.path.join(target, f"{i}.npy")) for i, f in enumerate(files)]
        parallel = joblib.Parallel(n_jobs=a.threads)
        parallel(jobs)
        for _ in range(a.rounds):
            times["ours"].append(ours(a, "--folder", a.folder)["ms_min"])
            times["librosa"] += measure(lambda: parallel(jobs), 0)[:1]
    report(a, f"folder of {len(files)}", {k: statistics.median(v) for k, v in times.items()},
           {k: min(v) for k, v in times.items()})


def main():
    a = arguments()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, str(a.threads))
    if a.folder:
        compare_folder(a)
    else:
        for what in a.what.split(","):
            compare_clip(a, what)


if __name__ == "__main__":
    main()
