#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/files/pytorch/storage_types.h"

namespace melgrad {

/// A Python object from a pickle. Its texts lie in the pickle's bytes.
struct PickleValue {
  enum class Kind : u8 {
    none,
    boolean,   // whole: 0 or 1
    whole,     // whole
    big,       // text: an int of more than 64 bits, its bytes in two's complement, lowest first
    real,      // real
    text,      // text: UTF-8
    bytes,     // text
    tuple,     // items
    list,      // items
    dict,      // items: a key, its value, the next key …; a key may stand there twice
    function,  // text: its full name
    storage,   // text: its key; type; whole: its elements; items: of a part offset and elements
    tensor,    // items: storage, offset, sizes, strides, as _rebuild_tensor() takes them
  };

  Kind kind = Kind::none;
  i64 whole = 0;
  double real = 0;
  std::string_view text = {};
  const StorageType* type = nullptr;
  std::vector<PickleValue*> items = {};
};

/// "a list": what a message calls a value.
std::string_view name_of(PickleValue::Kind kind);

/// What a pickle says: objects that may refer to each other, in circles too; `root` is the answer.
struct Unpickled {
  std::deque<PickleValue> values;
  const PickleValue* root = nullptr;
  std::size_t end = 0;  // the first byte behind the pickle
};

/// Pickles that need more, of bytes or of objects, are refused: 40 000 tensors do not.
inline constexpr std::size_t largest_pickle = 32U << 20U, most_pickled_values = 1U << 20U;

/// Runs the pickle that begins at byte `begin`: protocols 2 to 5, and of their opcodes those that a
/// state dict needs. It can make the values above, and knows by name what makes them:
/// collections.OrderedDict, torch._utils._rebuild_tensor, _rebuild_tensor_v2, _rebuild_parameter
/// and _rebuild_parameter_with_state, torch.Size, torch.device and storage_types. No Python runs,
/// and no code that a file could name: every other name is an Error.
/// Each Error begins "[load_pytorch] PLACEbyte N: ", N the opcode's.
Unpickled unpickle(std::string_view bytes, std::size_t begin, const std::string& place);

}  // namespace melgrad
