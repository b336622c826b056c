#include "kernels/cudasim/libraries/rnn/reserve.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "kernels/cudasim/libraries/rnn/cells.h"
#include "kernels/cudasim/libraries/rule.h"

namespace melgrad::sim {
namespace {

const Rule order(
    "cuDNN, cudnnRNNBackwardData_v8() and cudnnRNNBackwardWeights_v8()",
    "training is forward, then the data's gradients, then the weights', with one reserve");
const Rule untouched("cuDNN, cudnnRNNForward(), reserveSpace",
                     "between the calls nobody changes the reserve");
const Rule same_inputs("cuDNN, cudnnRNNBackwardData_v8() and cudnnRNNBackwardWeights_v8()",
                       "backward is given the x, hx, cx, y and weights of forward");

struct Header {
  u64 stage = 0, checksum = 0, count = 0;
  Inputs inputs = {};
};

// FNV-1a (Fowler, Noll, Vo), a value at a time.
u64 joined(u64 sum, u64 value) { return (sum ^ value) * 0x100000001b3ULL; }

}  // namespace

u64 checksum(const std::vector<float>& values) {
  u64 sum = 0xcbf29ce484222325ULL;
  for (float value : values) sum = joined(sum, std::bit_cast<std::uint32_t>(value));
  return sum;
}

u64 checksum(const LayerWeights& weights) {
  u64 sum = 1;
  for (const auto* array : {&weights.w_ih, &weights.w_hh, &weights.b_ih, &weights.b_hh})
    sum = joined(sum, checksum(*array));
  return sum;
}

i64 reserve_bytes(const cudnnRNNStruct& layer, const cudnnRNNDataStruct& data) {
  i64 values = data.steps * data.batch * kept_values(layer);
  return static_cast<i64>(sizeof(Header)) + values * static_cast<i64>(sizeof(float)) + 4;
}

void write_reserve(const Reserve& reserve, void* memory) {
  Header header{static_cast<u64>(reserve.stage), checksum(reserve.kept), reserve.kept.size(),
                reserve.inputs};
  std::memcpy(memory, &header, sizeof header);
  std::memcpy(static_cast<char*>(memory) + sizeof header, reserve.kept.data(),
              reserve.kept.size() * sizeof(float));
}

Reserve read_reserve(const cudnnRNNStruct& layer, const cudnnRNNDataStruct& data, Stage stage,
                     const void* memory, std::string_view call) {
  Header header;
  std::memcpy(&header, memory, sizeof header);
  Reserve reserve{stage, header.inputs,
                  Steps(static_cast<std::size_t>(data.steps * data.batch * kept_values(layer)))};
  order.check(header.stage == static_cast<u64>(stage) && header.count == reserve.kept.size(), call,
              "the reserve holds something else");
  std::memcpy(reserve.kept.data(), static_cast<const char*>(memory) + sizeof header,
              reserve.kept.size() * sizeof(float));
  untouched.check(header.checksum == checksum(reserve.kept), call, "the reserve has changed");
  return reserve;
}

void check_inputs(const Reserve& reserve, const Inputs& now, std::string_view call) {
  auto check_same = [&](std::string_view name, u64 before, u64 given) {
    same_inputs.check(given == 0 || given == before, call, "{} is not what it was in forward",
                      name);
  };
  check_same("x", reserve.inputs.x, now.x);
  check_same("hx", reserve.inputs.h0, now.h0);
  check_same("cx", reserve.inputs.c0, now.c0);
  check_same("y", reserve.inputs.y, now.y);
  check_same("weightSpace", reserve.inputs.weights, now.weights);
}

}  // namespace melgrad::sim
