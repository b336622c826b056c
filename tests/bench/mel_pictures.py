"""A collection as a folder of log-mel pictures, FOLDER/GENRE/NAME.png, for the peers of studies B, C and D: features and
splits.

A picture is 8-bit grey: row 0 the highest of 128 Slaney mel bands (22 050 Hz, n_fft 2048), level 255 = 0 dB, the clip's
maximum, level 0 = -80 dB, all columns SECONDS of sound. Written with NumPy, SciPy, librosa, Pillow and scikit-learn, and
independent of audio/.
"""
import json
import os
from dataclasses import dataclass

import numpy as np

SECONDS = 30  # that a picture shows
# Sturm 2013, arXiv 1306.1461, table 2: exact repetitions in GTZAN, the later one of each pair
REPETITIONS = {
    f"{genre}.{number:05}" for genre, numbers in {
        "disco": (51, 70, 60, 89, 74, 99), "hiphop": (45, 78),
        "jazz": (51, 53, 54, 55, 58, 60, 62, 65, 67, 68, 69, 70, 71, 72),
        "metal": (13, 94, 61, 62, 63, 64, 65, 66), "pop": (22, 31, 46, 80, 57, 60, 59, 71, 90),
        "reggae": (54, 56, 57, 60, 58, 69, 74, 81, 82, 91, 92)}.items() for number in numbers}


@dataclass(frozen=True)
class Part:
    """Some seconds of a clip."""
    clip: str  # "jazz/jazz.00012.png"
    begin: float
    seconds: float


def stem(clip):
    return os.path.splitext(os.path.basename(clip))[0]


def genre(clip):
    return clip.replace(os.sep, "/").split("/")[-2]


def clips_of(folder, without=frozenset()):
    """Pictures in order of their names, without the stems of a set."""
    found = [os.path.join(directory, file) for directory, _, files in sorted(os.walk(folder)) for file in sorted(files)
             if file.endswith(".png") and directory != folder]
    if not found:
        raise SystemExit(f"{folder}: no pictures in folders")
    return [os.path.relpath(path, folder) for path in found if stem(path) not in without]


# --- features, (frames, rows)

def decibels(folder, part):
    """(128, columns) dB, the lowest band first."""
    from PIL import Image
    levels = np.asarray(Image.open(os.path.join(folder, part.clip)), np.float64)[::-1]
    if levels.ndim != 2 or len(levels) != 128:
        raise SystemExit(f"{part.clip}: not grey, or not of 128 bands: {levels.shape}")
    width = levels.shape[1]
    begin, columns = int(part.begin * width / SECONDS), int(part.seconds * width / SECONDS)
    return levels[:, begin:begin + columns] / 255 * 80 - 80


def mfcc(db, coefficients=13):
    from scipy.fft import dct
    return dct(db, type=2, norm="ortho", axis=0)[:coefficients].T


def to_fewer_bands(bands=13):
    """W (bands, 128) with W F128 nearest to F13 in the least-squares sense, F the matrices of the filters."""
    import librosa
    fine, coarse = (librosa.filters.mel(sr=22050, n_fft=2048, n_mels=n).astype(np.float64) for n in (128, bands))
    return np.linalg.lstsq(fine.T, coarse.T, rcond=None)[0].T


def mel_power(db, weights, factor):
    return factor * (weights @ 10 ** (db / 10)).T


def scaled_frames(db, quality=75):
    """Study B's picture, (128, columns) u8: each frame from its smallest to its largest, one that is constant 0, through
    JPEG as three equal channels; the lowest band in row 0."""
    import io
    from PIL import Image
    low, high = db.min(axis=0), db.max(axis=0)
    scaled = (db - low) / np.where(high > low, high - low, 1)
    grey = np.round(scaled * 255).astype(np.uint8)
    if not quality:
        return grey
    file = io.BytesIO()
    Image.fromarray(np.stack([grey] * 3, axis=2)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))[:, :, 0]


def inputs(folder, parts, feature):
    """(N, 1, frames, 13) of `feature`: (128, columns) dB -> (frames, 13)."""
    return np.stack([feature(decibels(folder, part)) for part in parts])[:, None].astype(np.float32)


# --- splits: indices of training, validation and test parts

def labels_of(parts):
    names = sorted({genre(part.clip) for part in parts})
    return np.array([names.index(genre(part.clip)) for part in parts])


def stratified_folds(labels, count, seed):
    """The part that is held out is for validation and for the score, as study C had it."""
    from sklearn.model_selection import StratifiedKFold
    folds = StratifiedKFold(count, shuffle=True, random_state=seed).split(labels, labels)
    return [(train, test, test) for train, test in folds]


def fractions(labels, seed, groups=None):
    """.49, .21 and .30 of the parts, each class alike; with groups, a name for each part, of whole groups."""
    from sklearn.model_selection import train_test_split
    groups = np.arange(len(labels)) if groups is None else np.unique(groups, return_inverse=True)[1]
    names, first = np.unique(groups, return_index=True)
    rest, test = train_test_split(names, test_size=0.3, stratify=labels[first], random_state=seed)
    train, valid = train_test_split(rest, test_size=0.3, stratify=labels[first][rest], random_state=seed)
    return tuple(np.flatnonzero(np.isin(groups, chosen)) for chosen in (train, valid, test))


def listed(parts, files):
    """Lists of clips in files for training, validation and test; clips that none names are left out."""
    def named(path):
        with open(path, encoding="utf-8") as file:
            names = {stem(line.strip()) for line in file if line.strip()}
        return np.array([i for i, part in enumerate(parts) if stem(part.clip) in names], dtype=int)

    return tuple(named(path) for path in files)


def rule_of(results, name):
    """A rule of a study's results.json, the first without a name."""
    for rule in results["rules"]:
        if name in (None, rule["name"]):
            return rule
    raise SystemExit(f"results.json has no rule '{name}': " + ", ".join(rule["name"] for rule in results["rules"]))


def read_results(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def folds_of_results(results, rule_name):
    """The folds of a study's results.json: indices into its clips."""
    return [tuple(np.array(fold[part], dtype=int) for part in ("train", "valid", "test"))
            for fold in rule_of(results, rule_name)["folds"]]
