#include <iostream>

#include "audio/spectra/mel.h"
#include "layers/linear.h"
#include "optim/sgd.h"

int main() {
  melgrad::Generator generator(1);
  melgrad::Linear layer(3, 2);
  layer.reset(generator);
  melgrad::SGD optimizer(layer.parameters(), {.lr = .1});
  auto loss = [&] { return sum(square(layer(melgrad::ones({1, 3})) - 1.0)); };
  double before = loss().item();
  loss().backward();
  optimizer.step();
  std::cout << "loss " << before << " -> " << loss().item() << "\n";
  return loss().item() < before ? 0 : 1;
}
