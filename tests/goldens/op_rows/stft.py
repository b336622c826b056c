"""Spectra."""

import torch

from .gradients import backward


def stft(hop):
    return lambda x, window: torch.view_as_real(
        torch.fft.rfft(x.unfold(-1, window.numel(), hop) * window))


ROWS = {
    "stft": stft(4),
    "stft/hop_not_a_divisor": stft(5),
    "stft/hop_longer_than_window": stft(20),
    "stft/one_frame": stft(3),
    "stft/not_a_power_of_2": stft(5),
    "stft/odd": stft(5),
    "stft/audio": stft(512),
    "band_power": lambda x, window, weights: weights @ (
        stft(5)(x, window) ** 2).sum(-1).transpose(1, 2),
    "band_power/amplitude": lambda x, window, weights: weights @ (
        stft(4)(x, window) ** 2).sum(-1).sqrt().transpose(1, 2),
    "stft_backward": lambda dy, window: backward(
        lambda x: stft(5)(x, window), [dy.new_zeros(2, 43)], dy),
    "irfft": lambda y: torch.fft.irfft(torch.view_as_complex(y), 16),
    "irfft/odd": lambda y: torch.fft.irfft(torch.view_as_complex(y), 15),
}
