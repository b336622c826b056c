"""Writes audio.safetensors: librosa's and scipy's results in f64 on signals that tests/audio/signal.h
makes, too. Run with librosa 0.11:  python audio.py OUT.safetensors

Names say what a test is to compute: KIND:parameters.
"""

import sys

import librosa
import numpy as np
import scipy
import scipy.fft
import scipy.ndimage
from safetensors.numpy import save_file

print(f"librosa {librosa.__version__}, numpy {np.__version__}, scipy {scipy.__version__}")


def signal(n):
    """Two gliding tones and noise from a 32-bit linear congruential generator, exactly in f64."""
    state, y = 1, np.empty(n)
    for i in range(n):
        state = (state * 1664525 + 1013904223) % 2**32
        noise = state / 2**31 - 1
        t = i / 22050
        y[i] = 0.5 * np.sin(2 * np.pi * (200 + 900 * t) * t) + 0.2 * np.sin(2 * np.pi * 3000 * t) + 0.1 * noise
    return y


out = {}
y = signal(6000)
rows = np.s_[::37]  # every 37th bin is enough to see an error and keeps the file small


def put(name, value):
    out[name] = np.ascontiguousarray(value, dtype=np.float64)


put("signal", y[:512])
for window in ["hann", "hamming", "blackman", "bartlett", ("kaiser", 12.0), "boxcar"]:
    name = window[0] if isinstance(window, tuple) else window
    for n in [1, 2, 15, 16]:
        put(f"window:{name}:{n}:periodic", scipy.signal.get_window(window, n, fftbins=True))
        put(f"window:{name}:{n}:symmetric", scipy.signal.get_window(window, n, fftbins=False))

stft_cases = [
    # n_fft, hop, win_length, window, center, pad_mode
    (2048, 512, 2048, "hann", 1, "constant"),
    (2048, 512, 1200, "hann", 1, "reflect"),
    (1024, 300, 1024, "hamming", 1, "edge"),
    (512, 128, 400, "blackman", 0, "constant"),
    (1000, 250, 1000, "bartlett", 1, "reflect"),
    (1023, 341, 1023, "hann", 1, "constant"),
    (1018, 254, 1018, "hann", 1, "constant"),  # 2 · 509: a prime
]
for n_fft, hop, win, window, center, pad_mode in stft_cases:
    s = librosa.stft(y, n_fft=n_fft, hop_length=hop, win_length=win, window=window, center=bool(center),
                     pad_mode=pad_mode, dtype=np.complex128)
    name = f"{n_fft}:{hop}:{win}:{window}:{center}:{pad_mode}"
    put(f"stft:{name}", np.stack([s.real, s.imag], -1)[rows])
    put(f"istft:{name}", librosa.istft(s, n_fft=n_fft, hop_length=hop, win_length=win, window=window,
                                       center=bool(center), length=5000, dtype=np.float64)[rows])

# librosa builds its filters in f32 unless told otherwise, and einsum then mixes the two.
def mel(power, n_mels, fmin, fmax, htk, norm):
    filters = librosa.filters.mel(sr=22050, n_fft=2048, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk,
                                  norm=norm, dtype=np.float64)
    s = np.abs(librosa.stft(y, dtype=np.complex128)) ** power
    return filters, filters @ s


for n_mels, fmin, fmax, htk, norm in [(128, 0, 11025, 0, 1), (40, 20, 8000, 1, 1), (13, 0, 11025, 0, 0),
                                      (64, 300, 5000, 1, 0), (1, 0, 11025, 0, 1)]:
    filters, s = mel(2, n_mels, fmin, fmax, bool(htk), "slaney" if norm else None)
    put(f"mel_filters:{n_mels}:{fmin}:{fmax}:{htk}:{norm}", filters[::7, ::5])
    put(f"melspectrogram:{n_mels}:{fmin}:{fmax}:{htk}:{norm}", s[::3])
put("melspectrogram_power1", mel(1, 64, 0, 11025, False, "slaney")[1][::3])

_, s = mel(2, 128, 0, 11025, False, "slaney")
put("power_to_db:1:1e-10:80", librosa.power_to_db(s)[::9])
put("power_to_db:max:1e-10:80", librosa.power_to_db(s, ref=np.max)[::9])
put("power_to_db:2.5:1e-3:none", librosa.power_to_db(s, ref=2.5, amin=1e-3, top_db=None)[::9])
put("power_to_db:1:1e-10:20", librosa.power_to_db(s, top_db=20)[::9])
put("amplitude_to_db:1:1e-5:80", librosa.amplitude_to_db(s)[::9])
put("amplitude_to_db:max:1e-2:30", librosa.amplitude_to_db(s, ref=np.max, amin=1e-2, top_db=30)[::9])
log_mel = librosa.power_to_db(s)
put("db_to_power", librosa.db_to_power(log_mel, ref=2.0)[::9])
put("db_to_amplitude", librosa.db_to_amplitude(log_mel, ref=2.0)[::9])

for dct_type in [1, 2, 3]:
    for norm in [0, 1]:
        put(f"mfcc:20:{dct_type}:{norm}:0",
            librosa.feature.mfcc(S=log_mel, n_mfcc=20, dct_type=dct_type, norm="ortho" if norm else None))
put("mfcc:13:2:1:22", librosa.feature.mfcc(S=log_mel, n_mfcc=13, lifter=22))
put("mfcc:128:2:1:0", librosa.feature.mfcc(S=log_mel, n_mfcc=128)[::9])
coefficients = librosa.feature.mfcc(S=log_mel, n_mfcc=5)
for width, order, mode in [(9, 1, "interp"), (9, 2, "interp"), (3, 1, "nearest"), (7, 3, "nearest")]:
    put(f"delta:{width}:{order}:{mode}", librosa.feature.delta(coefficients, width=width, order=order, mode=mode))

s = np.abs(librosa.stft(y, dtype=np.complex128))
put("centroid", librosa.feature.spectral_centroid(S=s))
put("bandwidth:2", librosa.feature.spectral_bandwidth(S=s))
put("bandwidth:3", librosa.feature.spectral_bandwidth(S=s, p=3))
put("rolloff:0.85", librosa.feature.spectral_rolloff(S=s))
put("rolloff:0.1", librosa.feature.spectral_rolloff(S=s, roll_percent=0.1))
put("flatness", librosa.feature.spectral_flatness(S=s))
put("zero_crossing_rate", librosa.feature.zero_crossing_rate(y))
put("rms", librosa.feature.rms(y=y, dtype=np.float64))
put("rms:uncentred", librosa.feature.rms(y=y, frame_length=1000, hop_length=300, center=False, dtype=np.float64))

for to in [16000, 44100, 8000, 22051]:
    put(f"resample:{to}", librosa.resample(y, orig_sr=22050, target_sr=to)[::11])
put("griffin_lim_error", [
    np.linalg.norm(np.abs(librosa.stft(librosa.griffinlim(s, n_iter=32, random_state=0))) - s) / np.linalg.norm(s)
])
for h, w, zh, zw in [(8, 11, 0.7, 1.3), (7, 10, 1.45, 0.55), (5, 6, 1, 1), (128, 9, 0.625, 1.1)]:
    matrix, centre = np.array([zh, zw]), (np.array([h, w]) - 1) / 2
    put(f"zoom:{h}:{w}:{zh}:{zw}", scipy.ndimage.affine_transform(
        np.arange(h * w, dtype=np.float64).reshape(h, w), matrix, centre - matrix * centre, order=0, mode="nearest"))
save_file(out, sys.argv[1])
print(sum(v.nbytes for v in out.values()), "bytes")
