#include "apps/harness/data/examples.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include "apps/harness/console/interrupt.h"
#include "apps/harness/console/progress.h"
#include "audio/collections/content_hash.h"
#include "audio/collections/loader.h"
#include "kernels/error.h"
#include "tensor/ops.h"

namespace melgrad {
namespace {

/// As rows lie in memory and on the disk: (C, H, W) -> (H, W, C).
Shape channels_last(const Shape& row) {
  return row.rank() == 3 ? Shape{row[1], row[2], row[0]} : row;
}

/// (N, H, W, C) -> logical (N, C, H, W)
Tensor channels_first(const Tensor& rows) {
  return rows.rank() == 4 ? rows.permute({0, 3, 1, 2}) : rows;
}

Shape batch_of(i64 count, const Shape& row) {
  Shape shape = channels_last(row);
  shape.insert(0, count);
  return shape;
}

/// With as many digits as tell it from every other.
std::string digits(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// What of a file an example is.
std::string part_of(const Example& example) {
  return digits(example.offset) + " " + digits(example.duration);
}

Collection collection_of(const SongTable& table) {
  Collection collection{table.classes, {}, {}};
  std::set<std::string> known;
  for (i64 label : table.labels.to_vector<i64>()) {
    std::size_t i = collection.examples.size();
    std::string name = table.names.empty() ? format("song {}", i) : table.names[i];
    std::string group = table.groups.empty() ? name : table.groups[i];
    collection.has_albums |= !known.insert(group).second;
    collection.examples.push_back({name, label, group});
  }
  return collection;
}

/// A hash of each of `count` equal parts of the rows' bytes.
std::vector<std::string> contents_of(const Tensor& rows, i64 count) {
  Tensor on_host = rows.to(Device::cpu());
  std::size_t bytes = static_cast<std::size_t>(on_host.numel()) * size_of(on_host.dtype());
  std::string_view all(static_cast<const char*>(on_host.raw()), bytes);
  std::vector<std::string> contents;
  std::size_t each = bytes / static_cast<std::size_t>(std::max<i64>(count, 1));
  for (i64 i = 0; i < count; ++i)
    contents.push_back(hexadecimal(fnv(all.substr(static_cast<std::size_t>(i) * each, each))));
  return contents;
}

/// A row that the cache does not have yet.
struct Missing {
  std::size_t example = 0;
  i64 variant = 0;
  std::string key;
};

/// load(0) … load(count − 1) on all threads; take(item) of each in that order, on this one.
void in_parallel(const std::string& what, i64 count, const std::function<Tensor(i64)>& load,
                 const std::function<void(const Loader::Item&)>& take) {
  Progress progress(what, count);
  Loader loader(count, load, num_threads(), i64{4} * num_threads());
  while (auto item = loader.next()) {
    take(*item);
    if (interrupted())
      throw Interrupted(format("stopped after {} of {} {}", item->index + 1, count, what));
    progress.show(item->index + 1, format("{} of {}", item->index + 1, count));
  }
}

/// The rows of a collection on their way into the cache.
class RowMaker {
 public:
  RowMaker(const Collection& collection, const Input& input, FeatureCache& cache)
      : collection_(collection),
        input_(input),
        cache_(cache),
        rows_(cache.rows(input.json(), channels_last(input.shape()), input.stored)),
        contents_(collection.examples.size()),
        errors_(collection.examples.size()) {}

  void operator()() {
    hash_files();
    look_up();
    if (!missing_.empty()) make_missing();
  }

  const FeatureRows& rows() const { return rows_; }
  const std::string& content(std::size_t example) const { return contents_[example]; }
  const std::string& error(std::size_t example) const { return errors_[example]; }
  i64 row_of(std::size_t example, i64 variant) const { return row_of_[place(example, variant)]; }

 private:
  std::size_t place(std::size_t example, i64 variant) const {
    return example * (1 + input_.variants.size()) + static_cast<std::size_t>(variant);
  }

  // Each file once, however many examples are parts of it.
  void hash_files() {
    std::vector<const Example*> files;
    std::map<std::filesystem::path, std::size_t> place;
    for (const Example& example : collection_.examples)
      if (place.emplace(example.path, files.size()).second) files.push_back(&example);
    std::vector<std::string> contents(files.size()), errors(files.size());
    auto hash = [&](i64 i) {
      contents[static_cast<std::size_t>(i)] = cache_.hash(files[static_cast<std::size_t>(i)]->path);
      return Tensor();
    };
    in_parallel("files", static_cast<i64>(files.size()), hash, [&](const Loader::Item& item) {
      errors[static_cast<std::size_t>(item.index)] = item.error;
    });
    for (std::size_t i = 0; i < contents_.size(); ++i) {
      std::size_t file = place.at(collection_.examples[i].path);
      contents_[i] = contents[file];
      errors_[i] = errors[file];
    }
  }

  void look_up() {
    for (std::size_t i = 0; i < contents_.size(); ++i)
      for (i64 v = 0; v <= static_cast<i64>(input_.variants.size()); ++v) {
        std::string key = format("{} {} {}", contents_[i], part_of(collection_.examples[i]), v);
        std::optional<i64> row = errors_[i].empty() ? rows_.find(key) : std::nullopt;
        row_of_.push_back(row.value_or(-1));
        if (!row && errors_[i].empty()) missing_.push_back({i, v, key});
      }
  }

  // This thread puts the rows: an error of the cache is no file's that would be skipped for it.
  void make_missing() {
    std::string what =
        std::holds_alternative<Picture>(input_.recipe) ? "pictures" : input_.name + " rows";
    auto count = static_cast<i64>(missing_.size());
    Progress("", 1).line(format("computing {} {}", count, what));
    auto load = [&](i64 i) { return made(missing_[static_cast<std::size_t>(i)]); };
    in_parallel(what, count, load, [&](const Loader::Item& item) {
      const Missing& row = missing_[static_cast<std::size_t>(item.index)];
      if (item.value.defined())
        row_of_[place(row.example, row.variant)] = rows_.put(row.key, item.value);
      else
        errors_[row.example] = item.error;
    });
    rows_.flush();
  }

  Tensor made(const Missing& row) {
    const Example& example = collection_.examples[row.example];
    Tensor value = input_.load(example, row.variant);
    check(cache_.hash(example.path) == contents_[row.example], "data",
          "{}: changed while it was read", example.path);
    return value.rank() == 3 ? value.permute({1, 2, 0}).contiguous() : value;
  }

  const Collection& collection_;
  const Input& input_;
  FeatureCache& cache_;
  FeatureRows rows_;
  std::vector<std::string> contents_, errors_;  // of examples
  std::vector<i64> row_of_;                     // (examples · variants); −1: not there
  std::vector<Missing> missing_;
};

}  // namespace

Examples::Examples(Collection collection, Input input, const Tensor& rows)
    : collection_(std::move(collection)), input_(std::move(input)), rows_(rows.contiguous()) {
  Shape expected = batch_of(size() * variants(), input_.shape());
  check(rows_.shape() == expected && rows_.dtype() == input_.stored, "data",
        "{} examples of '{}' with {} variants each are rows {} {}, not {}", size(), input_.name,
        variants(), expected, name_of(input_.stored), rows_);
  row_of_.resize(static_cast<std::size_t>(size() * variants()));
  std::iota(row_of_.begin(), row_of_.end(), 0);
  contents_ = contents_of(rows_, size());
  take_fingerprint();
}

Examples::Examples(const SongTable& table)
    : Examples(collection_of(table), Input{.name = "songs", .recipe = Columns{table.features}},
               table.x) {}

std::vector<i64> Examples::labels(const std::vector<i64>& indices) const {
  std::vector<i64> result;
  result.reserve(indices.size());
  for (i64 i : indices)
    result.push_back(collection_.examples.at(static_cast<std::size_t>(i)).label);
  return result;
}

Tensor Examples::gather(const std::vector<i64>& indices, const std::vector<i64>& variant) const {
  check(variant.empty() || variant.size() == indices.size(), "data", "{} examples, {} variants",
        indices.size(), variant.size());
  std::vector<i64> rows;
  rows.reserve(indices.size());
  for (std::size_t i = 0; i < indices.size(); ++i) {
    i64 v = variant.empty() ? 0 : variant[i];
    check(indices[i] >= 0 && indices[i] < size() && v >= 0 && v < variants(), "data",
          "no example {} with a variant {}: there are {} with {}", indices[i], v, size(),
          variants());
    rows.push_back(row_of_[static_cast<std::size_t>(indices[i] * variants() + v)]);
  }
  if (rows_.defined())
    return channels_first(index_select(rows_, 0, from_vector(rows).to(rows_.device())));
  Tensor batch = empty(batch_of(static_cast<i64>(rows.size()), input_.shape()), input_.stored);
  auto* place = static_cast<char*>(batch.raw());
  for (std::size_t i = 0; i < rows.size(); ++i)
    stored_.read(rows[i], place + i * stored_.row_bytes());
  return channels_first(batch);
}

void Examples::to(Device device) {
  if (rows_.defined()) {
    rows_ = rows_.to(device);
    return;
  }
  auto count = static_cast<i64>(row_of_.size());
  Tensor all = empty(batch_of(count, input_.shape()), input_.stored, device);
  constexpr i64 bytes_at_a_time = i64{1} << 24U;  // they need not fit into the host's memory
  i64 at_a_time = std::max<i64>(bytes_at_a_time / static_cast<i64>(stored_.row_bytes()), 1);
  for (i64 begin = 0; begin < count; begin += at_a_time) {
    i64 end = std::min(begin + at_a_time, count);
    Tensor some = empty(batch_of(end - begin, input_.shape()), input_.stored);
    auto* place = static_cast<char*>(some.raw());
    for (i64 i = begin; i < end; ++i, place += stored_.row_bytes())
      stored_.read(row_of_[static_cast<std::size_t>(i)], place);
    all.slice(0, begin, end).copy_(some.to(device));
  }
  rows_ = all;
  std::iota(row_of_.begin(), row_of_.end(), 0);
  stored_ = {};
}

Device Examples::device() const { return rows_.defined() ? rows_.device() : Device::cpu(); }

void Examples::take_fingerprint() {
  std::string text = input_.json();
  for (const std::string& name : collection_.classes) text += "\n" + name;
  for (std::size_t i = 0; i < contents_.size(); ++i) {
    const Example& example = collection_.examples[i];
    text += format("\n{} {} {}", contents_[i], part_of(example), example.label);
  }
  fingerprint_ = hexadecimal(fnv(text));
}

Examples Examples::with_groups(const std::vector<std::string>& groups) const {
  Examples grouped = *this;
  for (std::size_t i = 0; i < groups.size(); ++i)
    grouped.collection_.examples.at(i).group = groups[i];
  return grouped;
}

Examples Examples::keep(const std::vector<i64>& indices,
                        const std::vector<Skipped>& left_out) const {
  Examples kept = *this;
  kept.collection_.skipped.insert(kept.collection_.skipped.end(), left_out.begin(), left_out.end());
  kept.collection_.examples.clear();
  kept.contents_.clear();
  kept.row_of_.clear();
  for (i64 index : indices) {
    auto i = static_cast<std::size_t>(index);
    kept.collection_.examples.push_back(collection_.examples.at(i));
    kept.contents_.push_back(contents_[i]);
    for (i64 v = 0; v < variants(); ++v)
      kept.row_of_.push_back(row_of_[static_cast<std::size_t>(index * variants() + v)]);
  }
  kept.take_fingerprint();
  return kept;
}

Examples load_examples(const Collection& collection, const Input& input, FeatureCache& cache) {
  RowMaker make(collection, input, cache);
  make();

  Examples loaded;
  loaded.input_ = input;
  loaded.stored_ = make.rows();
  loaded.collection_ = collection;
  loaded.collection_.examples.clear();
  std::set<std::filesystem::path> bad;
  std::vector<std::string> first_error(collection.classes.size());
  for (std::size_t i = 0; i < collection.examples.size(); ++i) {
    const Example& example = collection.examples[i];
    if (const std::string& error = make.error(i); !error.empty()) {
      if (bad.insert(example.path).second)
        loaded.collection_.skipped.push_back({example.path, error});
      std::string& first = first_error.at(static_cast<std::size_t>(example.label));
      if (first.empty()) first = error;
      continue;
    }
    loaded.collection_.examples.push_back(example);
    loaded.contents_.push_back(make.content(i));
    for (i64 v = 0; v < loaded.variants(); ++v) loaded.row_of_.push_back(make.row_of(i, v));
  }
  std::vector<i64> counts = loaded.collection_.counts(), had = collection.counts();
  for (std::size_t c = 0; c < counts.size(); ++c)
    check(counts[c] > 0 || had[c] == 0, "data",
          "no file of class {} can be read, the first because: {}", collection.classes[c],
          first_error[c]);
  loaded.take_fingerprint();
  return loaded;
}

}  // namespace melgrad
