#include "apps/harness/data.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>
#include <set>

#include "apps/harness/interrupt.h"
#include "apps/harness/progress.h"
#include "audio/files/decode.h"
#include "kernels/error.h"
#include "tensor/files/image.h"
#include "tensor/files/safetensors.h"
#include "tensor/ops.h"
#include "tensor/random.h"

namespace melgrad {
namespace {

/// One picture to compute.
struct Task {
  Example example;
  double offset = 0;
};

// The middles of `segments` equal parts of the file; one picture of a file that is too short.
std::vector<double> offsets_in(const Example& example, const Picture& picture, i64 segments) {
  if (is_image_file(example.path)) return {0};
  double length = audio_info(example.path).seconds();
  auto room = static_cast<i64>(length / picture.seconds);
  i64 count = std::clamp<i64>(room, 1, segments);
  std::vector<double> offsets;
  for (i64 i = 0; i < count; ++i) {
    double middle = (static_cast<double>(i) + .5) * length / static_cast<double>(count);
    offsets.push_back(std::max(0.0, middle - picture.seconds / 2));
  }
  return offsets;
}

// FNV-1a, 64 bit, of everything the pictures depend on: files by name, size and time.
std::string cache_key(const std::vector<Task>& tasks, const Picture& picture) {
  u64 hash = 14695981039346656037ULL;
  auto mix = [&](const std::string& text) {
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  };
  mix(picture.description());
  for (const Task& task : tasks) {
    auto time = std::filesystem::last_write_time(task.example.path).time_since_epoch().count();
    mix(format("|{} {} {} {}", std::filesystem::absolute(task.example.path).string(),
               std::filesystem::file_size(task.example.path), time, task.offset));
  }
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

// Exceptions may not leave an OpenMP loop: each task's outcome is kept.
struct Outcome {
  Tensor input;  // (c, h, w), undefined if the file cannot be read
  std::string error;
};

std::vector<Outcome> compute(const std::vector<Task>& tasks, const Picture& picture) {
  std::vector<Outcome> outcomes(tasks.size());
  Progress progress("pictures", static_cast<i64>(tasks.size()));
  std::atomic<i64> done = 0;
  progress.line(format("computing {} pictures", tasks.size()));
#pragma omp parallel for schedule(dynamic, 4)
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (interrupted()) continue;
    Picture one = picture;
    one.offset = tasks[i].offset;
    try {
      outcomes[i].input = load_picture(one, tasks[i].example.path);
    } catch (const std::exception& error) {
      outcomes[i].error = error.what();
    }
    i64 count = ++done;
#pragma omp critical(harness_progress)
    progress.show(count, format("{} of {}", count, tasks.size()));
  }
  if (interrupted()) throw Interrupted("stopped while the pictures were computed");
  return outcomes;
}

// A cache that cannot be read, or is of another shape, is as good as none.
Tensor read_cache(const std::filesystem::path& path, std::size_t count) {
  if (!std::filesystem::exists(path)) return {};
  try {
    Tensor inputs = load_safetensors(path).tensors.at("inputs");
    if (inputs.rank() == 4 && inputs.dim(0) == static_cast<i64>(count)) return inputs;
  } catch (const std::exception&) {
  }
  return {};
}

StudyData keep(const StudyData& data, const std::vector<i64>& indices) {
  StudyData kept;
  kept.collection.classes = data.collection.classes;
  kept.collection.skipped = data.collection.skipped;
  for (i64 i : indices) {
    kept.collection.examples.push_back(data.collection.examples[static_cast<std::size_t>(i)]);
    kept.offsets.push_back(data.offsets[static_cast<std::size_t>(i)]);
  }
  kept.inputs = index_select(data.inputs, 0, from_vector(indices));
  return kept;
}

}  // namespace

std::vector<i64> StudyData::labels(const std::vector<i64>& indices) const {
  std::vector<i64> result;
  result.reserve(indices.size());
  for (i64 i : indices) result.push_back(collection.examples.at(static_cast<std::size_t>(i)).label);
  return result;
}

Tensor StudyData::batch(const std::vector<i64>& indices) const {
  Tensor index = from_vector(indices).to(inputs.device());
  return index_select(inputs, 0, index).permute({0, 3, 1, 2});
}

StudyData load_pictures(const Collection& collection, const Picture& picture, i64 segments,
                        const std::filesystem::path& cache) {
  std::vector<Task> tasks;
  for (const Example& example : collection.examples)
    for (double offset : offsets_in(example, picture, segments)) tasks.push_back({example, offset});

  StudyData data;
  data.collection.classes = collection.classes;
  data.collection.skipped = collection.skipped;
  std::filesystem::path file = cache / ("pictures-" + cache_key(tasks, picture) + ".safetensors");
  if (Tensor inputs = read_cache(file, tasks.size()); inputs.defined()) {
    for (const Task& task : tasks) {
      data.collection.examples.push_back(task.example);
      data.offsets.push_back(task.offset);
    }
    data.inputs = inputs;
    return data;
  }

  std::vector<Outcome> outcomes = compute(tasks, picture);
  std::vector<Tensor> inputs;
  std::set<std::filesystem::path> bad;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Example& example = tasks[i].example;
    if (outcomes[i].input.defined()) {
      inputs.push_back(outcomes[i].input.permute({1, 2, 0}).contiguous());
      data.collection.examples.push_back(example);
      data.offsets.push_back(tasks[i].offset);
    } else if (bad.insert(example.path).second) {
      data.collection.skipped.push_back({example.path, outcomes[i].error});
    }
  }
  std::vector<i64> counts = data.collection.counts();
  for (std::size_t c = 0; c < counts.size(); ++c)
    check(counts[c] > 0, "data", "no file of class {} can be read, the first because: {}",
          collection.classes[c],
          data.collection.skipped.empty() ? "?" : data.collection.skipped.back().reason);
  data.inputs = stack(inputs);
  if (bad.empty()) {  // a cache would forget why files were skipped
    std::filesystem::create_directories(cache);
    save_safetensors(file, {{"inputs", data.inputs}});
  }
  return data;
}

StudyData trim_classes(const StudyData& data, u64 seed) {
  std::vector<i64> counts = data.collection.counts();
  i64 smallest = *std::min_element(counts.begin(), counts.end());
  if (smallest == *std::max_element(counts.begin(), counts.end())) return data;

  std::vector<i64> order = Generator(seed).fork(0x7412).permutation(data.size());
  // Files in a random order, the pictures of one file together.
  std::map<std::string, i64> rank;
  for (i64 i : order)
    rank.emplace(data.collection.examples[static_cast<std::size_t>(i)].path.string(),
                 static_cast<i64>(rank.size()));
  std::stable_sort(order.begin(), order.end(), [&](i64 a, i64 b) {
    const auto& examples = data.collection.examples;
    return rank.at(examples[static_cast<std::size_t>(a)].path.string()) <
           rank.at(examples[static_cast<std::size_t>(b)].path.string());
  });
  std::vector<i64> taken(counts.size(), 0), kept;
  for (i64 i : order) {
    auto label =
        static_cast<std::size_t>(data.collection.examples[static_cast<std::size_t>(i)].label);
    if (taken[label] == smallest) continue;
    ++taken[label];
    kept.push_back(i);
  }
  std::sort(kept.begin(), kept.end());
  return keep(data, kept);
}

std::string jpeg_of(const StudyData& data, const Picture& picture, i64 index) {
  Tensor rgb = data.inputs.select(0, index).to(Device::cpu()) * picture.std + picture.mean;
  return encode_jpeg(round(clamp(rgb, 0, 1) * 255).to(Dtype::u8));
}

}  // namespace melgrad
