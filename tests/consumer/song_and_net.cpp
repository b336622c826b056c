// Writes song.wav, four seconds of two gliding tones, and net.safetensors, base_cnn with the initial
// weights of seed 1, for strengths.cpp.
#include <cmath>

#include "apps/trained/trained_net.h"
#include "audio/files/decode.h"
#include "layers/models/registry.h"

int main() {
  std::vector<float> samples;
  for (int i = 0; i < 4 * 22050; ++i) {
    double t = i / 22050.;
    double tones = .5 * std::sin(1500 * t * (1 + t)) + .2 * std::sin(20000 * t * (1 - t / 10));
    samples.push_back(static_cast<float>(tones));
  }
  melgrad::encode("song.wav", {melgrad::from_vector(samples), 22050});

  melgrad::TrainedNet trained;
  trained.name = "base_cnn";
  trained.shape = {3, 64, 64};
  trained.classes = {"jazz", "classical", "techno", "metal"};
  trained.net = melgrad::make_net(trained.name, trained.shape, 4);
  melgrad::Generator generator(1);
  trained.net->reset(generator);
  melgrad::save_trained("net.safetensors", trained);
}
