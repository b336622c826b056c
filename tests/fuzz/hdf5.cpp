#include "tensor/files/hdf5/hdf5.h"
#include "layers/conv2d.h"
#include "layers/flatten.h"
#include "layers/keras/load_keras.h"
#include "layers/keras/weights.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "tests/fuzz/input_file.h"

namespace {

using namespace melgrad;

template <class F>
void quietly(F f) {
  try {
    f();
  } catch (const Error&) {
  }
}

// All that is in a group; its names may lead to itself.
void read_all(const Hdf5Group& group, int depth) {
  for (const char* name : {"layer_names", "weight_names", "model_config", "texts", "number"})
    quietly([&] { group.texts(name); });
  for (const std::string& name : group.names()) {
    quietly([&] { group.dataset(name).read(); });
    if (depth > 0) quietly([&] { read_all(group.group(name), depth - 1); });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  parse_as_file(data, size, [](const auto& path) {
    quietly([&] { read_all(Hdf5File(path).root(), 3); });
    quietly([&] { load_keras(path); });
    KerasWeights weights = read_keras_weights(path);
    Sequential net;
    net.add<Conv2d>(2, 3, 3).add<FlattenChannelsLast>().add<Linear>(24, 5);
    net.load_state_dict(keras_state_dict(weights, net), false);
  });
  return 0;
}
