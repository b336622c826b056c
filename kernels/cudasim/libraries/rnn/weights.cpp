#include "kernels/cudasim/libraries/rnn/weights.h"

#include "kernels/cudasim/libraries/arrays.h"

namespace melgrad::sim {
namespace {

/// Matrix or bias `number` of 4 · gates, those of odd numbers being biases.
i64 values_of(const cudnnRNNStruct& layer, i64 number) {
  if (number % 2 == 1) return layer.hidden;
  return layer.hidden * (number / 2 < layer.gates() ? layer.input : layer.hidden);
}

// The blocks lie in steps of 7 through their numbers, which has no factor in common with 4, 12 and 16.
i64 block_at(const cudnnRNNStruct& layer, i64 position) {
  return (position * 7 + 3) % (4 * layer.gates());
}

i64 gap_before(i64 position) { return 1 + position % 3; }  // values

i64 offset_of(const cudnnRNNStruct& layer, i64 number) {
  i64 offset = 0;
  for (i64 position = 0;; ++position) {
    offset += gap_before(position);
    i64 block = block_at(layer, position);
    if (block == number) return offset;
    offset += values_of(layer, block);
  }
}

// Calls f(array, first, place, count) for the four arrays of weights and every gate's stretch of them.
template <class Weights, class F>
void for_each_stretch(const cudnnRNNStruct& layer, Weights& weights, F f) {
  i64 gates = layer.gates();
  auto element = static_cast<i64>(size_of(layer.dtype));
  for (i64 part = 0; part < 2 * gates; ++part) {
    bool of_input = part < gates;
    WeightPlace place = place_of(layer, part);
    i64 matrix = layer.hidden * (of_input ? layer.input : layer.hidden), gate = part % gates;
    f(of_input ? weights.w_ih : weights.w_hh, gate * matrix, place.matrix / element, matrix);
    f(of_input ? weights.b_ih : weights.b_hh, gate * layer.hidden, place.bias / element,
      layer.hidden);
  }
}

}  // namespace

LayerWeights::LayerWeights(const cudnnRNNStruct& layer) {
  auto rows = static_cast<std::size_t>(layer.gates() * layer.hidden);
  w_ih.resize(rows * static_cast<std::size_t>(layer.input));
  w_hh.resize(rows * static_cast<std::size_t>(layer.hidden));
  b_ih.resize(rows);
  b_hh.resize(rows);
}

WeightPlace place_of(const cudnnRNNStruct& layer, i64 part) {
  auto element = static_cast<i64>(size_of(layer.dtype));
  return {offset_of(layer, 2 * part) * element, offset_of(layer, 2 * part + 1) * element};
}

i64 weight_space_bytes(const cudnnRNNStruct& layer) {
  i64 last = block_at(layer, 4 * layer.gates() - 1);
  return (offset_of(layer, last) + values_of(layer, last) + 2) *
         static_cast<i64>(size_of(layer.dtype));
}

bool gaps_are_zero(const cudnnRNNStruct& layer, const void* space) {
  i64 offset = 0, blocks = 4 * layer.gates(),
      end = weight_space_bytes(layer) / static_cast<i64>(size_of(layer.dtype));
  for (i64 position = 0; position <= blocks; ++position) {
    i64 next = position < blocks ? offset + gap_before(position) : end;
    for (; offset < next; ++offset)
      if (load(layer.dtype, space, offset) != 0) return false;
    if (position < blocks) offset += values_of(layer, block_at(layer, position));
  }
  return true;
}

LayerWeights read_weights(const cudnnRNNStruct& layer, const void* space) {
  LayerWeights weights(layer);
  for_each_stretch(layer, weights, [&](std::vector<float>& array, i64 first, i64 place, i64 count) {
    for (i64 i = 0; i < count; ++i)
      array[static_cast<std::size_t>(first + i)] = load(layer.dtype, space, place + i);
  });
  return weights;
}

void add_gradients(const cudnnRNNStruct& layer, const LayerWeights& gradients, void* space) {
  for_each_stretch(
      layer, gradients, [&](const std::vector<float>& array, i64 first, i64 place, i64 count) {
        for (i64 i = 0; i < count; ++i) {
          float sum =
              load(layer.dtype, space, place + i) + array[static_cast<std::size_t>(first + i)];
          store(layer.dtype, space, place + i, sum);
        }
      });
}

}  // namespace melgrad::sim
