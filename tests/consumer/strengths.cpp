// From a weights file and a song to how strong each class is in it.
#include <iostream>

#include "apps/trained/trained_net.h"

int main(int, char** arguments) {
  melgrad::TrainedNet net = melgrad::load_trained(arguments[1]);
  melgrad::Tensor strengths = net.strengths(arguments[2]);
  for (melgrad::i64 i = 0; i < strengths.numel(); ++i)
    std::cout << net.classes[i] << " " << strengths.select(0, i).item() << "\n";
}
