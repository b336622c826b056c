#include "tensor/files/safetensors.h"

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <set>

#include "tensor/files/file.h"
#include "tensor/files/half.h"
#include "tensor/files/signature.h"

// The format (https://github.com/huggingface/safetensors, "Format"): 8 bytes, little-endian, the
// header's length; the header, a JSON object {name: {"dtype", "shape", "data_offsets"}, …,
// "__metadata__": {…}}; the data, to which the offsets refer, without gaps.
namespace melgrad {

static_assert(std::endian::native == std::endian::little, "the file is read as it lies");

namespace {

using nlohmann::json;
constexpr u64 largest_header = 100'000'000;  // the reference implementation's limit
constexpr std::size_t prefix = 8;

/// Where one tensor's bytes lie, as the header says.
struct Entry {
  std::string name, dtype;
  Shape shape;
  u64 begin = 0, end = 0;
};

struct FileDtype {
  std::string_view name;
  std::size_t bytes;
  Dtype becomes;
};
constexpr FileDtype file_dtypes[] = {
    {"F32", 4, Dtype::f32}, {"F64", 8, Dtype::f64}, {"BF16", 2, Dtype::bf16},
    {"I64", 8, Dtype::i64}, {"U8", 1, Dtype::u8},   {"F16", 2, Dtype::f32},
    {"BOOL", 1, Dtype::u8},
};

/// Every check of a file goes through one of these, so that each message begins with its name.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : file_(path) {}

  TensorFile load() {
    json header = read_header();
    TensorFile result;
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == "__metadata__") {
        result.metadata = metadata(value);
      } else {
        entries.push_back(entry(name, value));
      }
    }
    require_no_gaps(entries);
    for (const Entry& each : entries) result.tensors[each.name] = tensor(each);
    return result;
  }

 private:
  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const {
    check(ok, "load_safetensors", "{}: {}", file_.path(), ok ? "" : format(text, args...));
  }

  /// Its first bytes would else be taken for the length of a giant header.
  void refuse_other_formats() const {
    std::string beginning(std::min<u64>(signature_bytes, file_.size()), '\0');
    file_.read(0, beginning.data(), beginning.size());
    if (beginning.size() > prefix && beginning[prefix] == '{') return;
    std::string_view kind = kind_by_signature(beginning);
    require(kind.empty(), "not a safetensors file: it is {}", kind);
  }

  json read_header() {
    refuse_other_formats();
    require(file_.size() >= prefix, "{} bytes are too few for a header", file_.size());
    u64 length = 0;
    file_.read(0, &length, prefix);
    require(length <= largest_header, "a header of {} bytes is over the limit of {}", length,
            largest_header);
    require(length <= file_.size() - prefix, "a header of {} bytes does not fit into {} bytes",
            length, file_.size());
    std::string text(length, '\0');
    file_.read(prefix, text.data(), text.size());
    data_begin_ = prefix + length;
    require(text.starts_with('{'), "the header does not begin with {");
    json header = parse(text);
    require(header.is_object(), "the header is not a JSON object");
    return header;
  }

  /// JSON lets a later key replace an earlier one in silence; here that is an error.
  json parse(const std::string& text) const {
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    std::string twice;
    auto watch = [&](int, json::parse_event_t event, json& value) {
      if (event == json::parse_event_t::object_start) keys.emplace_back();
      if (event == json::parse_event_t::object_end) keys.pop_back();
      if (event == json::parse_event_t::key && !keys.back().insert(value).second) twice = value;
      return true;
    };
    json header = json::parse(text, watch, false);
    require(!header.is_discarded(), "the header is not JSON");
    require(twice.empty(), "the header names \"{}\" twice", twice);
    return header;
  }

  std::map<std::string, std::string> metadata(const json& value) const {
    require(value.is_object(), "__metadata__ is not an object");
    std::map<std::string, std::string> result;
    for (const auto& [key, text] : value.items()) {
      require(text.is_string(), "__metadata__ \"{}\" is not text", key);
      result[key] = text;
    }
    return result;
  }

  Entry entry(const std::string& name, const json& value) const {
    require(value.is_object() && value.contains("dtype") && value.contains("shape") &&
                value.contains("data_offsets") && value.size() == 3,
            "\"{}\" must have dtype, shape and data_offsets, and no more", name);
    Entry e;
    e.name = name;
    require(value["dtype"].is_string(), "\"{}\": dtype is not text", name);
    e.dtype = value["dtype"];
    require(value["shape"].is_array() && value["shape"].size() <= max_rank,
            "\"{}\": shape is not a list of at most {} sizes", name, max_rank);
    for (const json& size : value["shape"]) {
      e.shape.push_back(static_cast<i64>(natural(size, name, "shape")));
    }
    const json& offsets = value["data_offsets"];
    require(offsets.is_array() && offsets.size() == 2, "\"{}\": data_offsets are not two", name);
    e.begin = natural(offsets[0], name, "data_offsets");
    e.end = natural(offsets[1], name, "data_offsets");
    check_extent(e);
    return e;
  }

  u64 natural(const json& value, const std::string& name, std::string_view of) const {
    require(value.is_number_unsigned() && value.get<u64>() <= static_cast<u64>(INT64_MAX),
            "\"{}\": {} in {} is not a whole number from 0 to 2^63 - 1", name, value.dump(), of);
    return value.get<u64>();
  }

  const FileDtype& dtype(const Entry& e) const {
    const auto* found = std::find_if(std::begin(file_dtypes), std::end(file_dtypes),
                                     [&](const FileDtype& each) { return each.name == e.dtype; });
    require(found != std::end(file_dtypes),
            "\"{}\" has dtype {}; known are F32, F64, BF16, I64, U8, F16, BOOL", e.name, e.dtype);
    return *found;
  }

  void check_extent(const Entry& e) const {
    u64 bytes = dtype(e).bytes, all = file_.size() - data_begin_;
    bool overflow = false;
    for (i64 size : e.shape) {
      overflow |= __builtin_mul_overflow(bytes, static_cast<u64>(size), &bytes);
    }
    require(!overflow, "\"{}\": shape {} has more bytes than 64 bits can count", e.name, e.shape);
    require(e.begin <= e.end && e.end <= all,
            "\"{}\": data_offsets {} to {} do not lie within the {} bytes of data", e.name, e.begin,
            e.end, all);
    require(e.end - e.begin == bytes, "\"{}\": shape {} {} takes {} bytes, data_offsets give {}",
            e.name, e.shape, e.dtype, bytes, e.end - e.begin);
  }

  void require_no_gaps(std::vector<Entry>& entries) const {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    u64 end = 0;
    std::string before = "the header";
    for (const Entry& e : entries) {
      require(e.begin >= end, "\"{}\" overlaps \"{}\": it begins at {}, before {}", e.name, before,
              e.begin, end);
      require(e.begin == end, "{} bytes between \"{}\" and \"{}\" belong to no tensor",
              e.begin - end, before, e.name);
      end = e.end;
      before = e.name;
    }
    require(data_begin_ + end == file_.size(), "{} bytes after the last tensor",
            file_.size() - data_begin_ - end);
  }

  Tensor tensor(const Entry& e) const {
    const FileDtype& kind = dtype(e);
    u64 begin = data_begin_ + e.begin;
    Tensor x = empty(e.shape, kind.becomes);
    if (e.dtype == "F16") {
      std::vector<std::uint16_t> halves(static_cast<std::size_t>(x.numel()));
      file_.read(begin, halves.data(), e.end - e.begin);
      std::transform(halves.begin(), halves.end(), x.data<float>(), from_half);
    } else {
      file_.read(begin, x.raw(), e.end - e.begin);
    }
    return x;
  }

  InputFile file_;
  u64 data_begin_ = 0;
};

std::string_view name_in_file(Dtype dtype) {
  for (const FileDtype& each : file_dtypes) {
    if (each.becomes == dtype) return each.name;
  }
  return {};
}

}  // namespace

TensorFile load_safetensors(const std::filesystem::path& path) { return Reader(path).load(); }

void save_safetensors(const std::filesystem::path& path,
                      const std::map<std::string, Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  // Wide dtypes first, so that every tensor begins at a multiple of its element's size.
  std::vector<std::pair<std::string, Tensor>> order(tensors.begin(), tensors.end());
  for (const auto& [name, tensor] : order) {
    check(tensor.defined() && name != "__metadata__", "save_safetensors",
          "{}: \"{}\" cannot be saved: {}", path, name, tensor);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return size_of(a.second.dtype()) > size_of(b.second.dtype());
  });
  u64 end = 0;
  for (const auto& [name, tensor] : order) {
    u64 begin = end;
    end += static_cast<u64>(tensor.numel()) * size_of(tensor.dtype());
    header[name] = {{"dtype", name_in_file(tensor.dtype())},
                    {"shape", tensor.shape().vector()},
                    {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::type_error&) {
    fail("save_safetensors", "{}: a name or metadata is not UTF-8", path.string());
  }
  text.append((prefix - text.size() % prefix) % prefix, ' ');  // the data begin at a multiple of 8
  u64 length = text.size();
  AtomicFile file(path);
  file.write(&length, prefix);
  file.write(text);
  for (const auto& [name, tensor] : order) {
    Tensor x = tensor.to(Device::cpu()).contiguous();
    file.write(x.raw(), static_cast<std::size_t>(x.numel()) * size_of(x.dtype()));
  }
  file.commit();
}

}  // namespace melgrad
