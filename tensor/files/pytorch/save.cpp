#include <algorithm>

#include "kernels/error.h"
#include "tensor/files/bytes.h"
#include "tensor/files/file.h"
#include "tensor/files/pytorch/pytorch.h"
#include "tensor/files/pytorch/storage_types.h"
#include "tensor/files/pytorch/zip.h"
#include "tensor/files/utf8.h"

namespace melgrad {

namespace {

using namespace std::string_view_literals;

// A pickle of protocol 2 without a memo, each object spelt out; pickle.cpp has the opcodes' names.

std::string whole(i64 value) { return "\x8a\x08" + little_endian(static_cast<u64>(value), 8); }
std::string text(std::string_view value) {
  return "X" + little_endian(value.size(), 4) + std::string(value);
}
/// "torch.FloatStorage" is `ctorch\nFloatStorage\n`.
std::string global(std::string_view name) {
  std::size_t dot = name.rfind('.');
  return "c" + std::string(name.substr(0, dot)) + "\n" + std::string(name.substr(dot + 1)) + "\n";
}
std::string tuple(const Shape& values) {
  std::string items;
  for (i64 value : values) items += whole(value);
  return "(" + items + "t";
}

const StorageType& storage_type(Dtype dtype) {
  return *std::find_if(std::begin(storage_types), std::end(storage_types),
                       [&](const StorageType& each) { return each.becomes == dtype; });
}

/// _rebuild_tensor_v2(storage, 0, sizes, strides, requires_grad = False, OrderedDict())
std::string pickled(const Tensor& x, const std::string& key) {
  std::string storage = "(" + text("storage") + global(storage_type(x.dtype()).name) + text(key) +
                        text("cpu") + whole(x.numel()) + "tQ";
  return global("torch._utils._rebuild_tensor_v2") + "(" + storage + whole(0) + tuple(x.shape()) +
         tuple(x.shape().row_major()) + "\x89" + global("collections.OrderedDict") + ")RtR";
}

}  // namespace

void save_pytorch(const std::filesystem::path& path, const std::map<std::string, Tensor>& tensors) {
  std::string pickle = "\x80\2" + global("collections.OrderedDict") + ")R(";
  int key = 0;
  for (const auto& [name, tensor] : tensors) {
    check(tensor.defined(), "save_pytorch", "{}: \"{}\" cannot be saved: {}", path, name, tensor);
    check(is_utf8(name), "save_pytorch", "{}: a name is not UTF-8", path);
    pickle += text(name) + pickled(tensor, std::to_string(key++));
  }
  AtomicFile file(path);
  ZipWriter zip(file);
  zip.add("archive/data.pkl", pickle + "u.");
  zip.add("archive/byteorder", "little");
  key = 0;
  for (const auto& [name, tensor] : tensors) {
    Tensor x = tensor.to(Device::cpu()).contiguous();
    auto bytes = static_cast<std::size_t>(x.numel()) * size_of(x.dtype());
    zip.add("archive/data/" + std::to_string(key++), {static_cast<const char*>(x.raw()), bytes});
  }
  zip.add("archive/version", "3\n");
  zip.finish();
  file.commit();
}

}  // namespace melgrad
