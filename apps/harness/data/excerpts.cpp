#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "apps/harness/data/examples.h"
#include "audio/drawing/plot.h"
#include "audio/files/decode.h"
#include "kernels/error.h"
#include "tensor/files/image.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace melgrad {
namespace {

/// Places of the excerpts in an example, in seconds from its beginning.
std::vector<double> offsets_in(const Example& example, i64 most, double seconds) {
  double length = std::min(audio_info(example.path).seconds() - example.offset, example.duration);
  auto room = static_cast<i64>(length / seconds);
  i64 count = std::clamp<i64>(room, 1, most);
  std::vector<double> offsets;
  for (i64 i = 0; i < count; ++i) {
    double middle = (static_cast<double>(i) + .5) * length / static_cast<double>(count);
    offsets.push_back(std::max(0.0, middle - seconds / 2));
  }
  return offsets;
}

/// A place in the order in which names were seen first.
template <class Name>
class Ranks {
 public:
  i64 of(const Name& name) {
    return ranks_.emplace(name, static_cast<i64>(ranks_.size())).first->second;
  }

 private:
  std::map<Name, i64> ranks_;
};

}  // namespace

Collection excerpts(const Collection& collection, i64 count, double seconds) {
  check(count >= 1 && seconds > 0, "excerpts", "{} excerpts of {} s: both must be positive", count,
        seconds);
  Collection parts = collection;
  parts.examples.clear();
  for (const Example& example : collection.examples) {
    if (is_image_file(example.path)) {
      parts.examples.push_back(example);
      continue;
    }
    std::vector<double> offsets = offsets_in(example, count, seconds);
    parts.is_segmented |= offsets.size() > 1;
    for (double offset : offsets) {
      Example part = example;
      part.offset = example.offset + offset;
      part.duration = std::min(example.duration, seconds);
      parts.examples.push_back(std::move(part));
    }
  }
  return parts;
}

std::vector<i64> trimmed(const Collection& collection, u64 seed) {
  std::vector<i64> counts = collection.counts();
  auto total = static_cast<i64>(collection.examples.size());
  std::vector<i64> order = Generator(seed).fork(0x7412).permutation(total);
  i64 smallest = counts.empty() ? 0 : *std::min_element(counts.begin(), counts.end());
  auto example = [&](i64 i) -> const Example& {
    return collection.examples[static_cast<std::size_t>(i)];
  };
  // Every group's first file, then every group's second: groups and files as a random order has them.
  using Group = std::pair<i64, std::string>;
  Ranks<Group> groups;
  std::map<Group, Ranks<std::string>> files;
  std::map<i64, std::pair<i64, i64>> rank;
  for (i64 i : order) {
    Group group{example(i).label, example(i).group};
    rank[i] = {files[group].of(example(i).path.string()), groups.of(group)};
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](i64 a, i64 b) { return rank.at(a) < rank.at(b); });
  std::vector<i64> taken(counts.size(), 0), kept;
  for (i64 i : order) {
    i64& count = taken[static_cast<std::size_t>(example(i).label)];
    if (count == smallest) continue;
    ++count;
    kept.push_back(i);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

std::string jpeg_of(const Examples& examples, i64 index) {
  const Input& input = examples.input();
  if (std::holds_alternative<Columns>(input.recipe)) return {};
  Tensor row = examples.gather({index}).to(Device::cpu()).select(0, 0);
  Tensor x = row.dtype() == Dtype::u8 ? row.to(Dtype::f32) / 255. : row;
  if (const auto* picture = std::get_if<Picture>(&input.recipe)) {
    Tensor rgb = x.permute({1, 2, 0}) * picture->std + picture->mean;
    return encode_jpeg(round(clamp(rgb, 0, 1) * 255).to(Dtype::u8));
  }
  Tensor feature = input.frames_first() ? x.select(0, 0).transpose(0, 1) : x.select(0, 0);
  // Not specshow's choice of colours, which would be another for each clip.
  return encode_jpeg(to_bytes(feature_picture(feature.contiguous(), 128, 128, Colours::magma)));
}

}  // namespace melgrad
