#pragma once
#include <array>
#include <initializer_list>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <dnnl.hpp>

#include "kernels/backend.h"

/// What the onednn_*.cpp files share; only they include it, for dnnl.hpp takes long to compile.
namespace melgrad::onednn {

using Desc = dnnl::memory::desc;

const dnnl::engine& engine();
dnnl::memory::data_type data_type(Dtype dtype);
/// The same array as primitives take it: where the CPU lacks AVX-512, oneDNN has none for bf16, and
/// f32 stands in for it. An Operation leads there and back.
Desc computed(const Desc& array);
/// An empty description where `wanted` is false: oneDNN's sign for "no bias".
Desc vector_desc(bool wanted, i64 size, Dtype dtype);
/// Scratch memory is ours: oneDNN would take it from the system in each call.
dnnl::primitive_attr attributes();

/// A primitive, compiled for one shape, with the reorders that lead from the caller's layout of an
/// argument to the one the primitive is fast in.
class Operation {
 public:
  template <class PrimitiveDesc>
  explicit Operation(const PrimitiveDesc& desc)
      : primitive_(desc), scratchpad_(desc.scratchpad_desc()) {
    add(DNNL_ARG_SCRATCHPAD, scratchpad_, scratchpad_, Direction::scratch);
  }

  /// Argument `name` (DNNL_ARG_…) lies in memory as `given`; the primitive takes it as `wanted`.
  void input(int name, const Desc& given, const Desc& wanted) {
    add(name, given, wanted, Direction::in);
  }
  void output(int name, const Desc& given, const Desc& wanted) {
    add(name, given, wanted, Direction::out);
  }

  /// The arguments' memory, in the order in which they were added.
  void run(Backend& backend, std::initializer_list<const void*> pointers);

 private:
  enum class Direction { in, out, scratch };
  struct Argument {
    int name = 0;
    Direction direction = Direction::in;
    dnnl::memory given, wanted;      // without memory of their own
    dnnl::reorder reorder;           // empty where given and wanted are the same
    std::size_t scratch_offset = 0;  // of wanted, if it is reordered
    // The caller's bf16 where wanted is f32: so many values, which are cast to `given` or from it.
    // oneDNN's own reorders can cast, but in so plain a loop that they took 10 to 40 times as long as
    // the convolution.
    i64 narrow = 0;
    std::size_t given_offset = 0;
    void* callers = nullptr;
    bool is_reordered() const { return static_cast<bool>(reorder); }
  };
  void add(int name, const Desc& callers, const Desc& wanted, Direction direction);
  std::size_t take_scratch(const Desc& array);

  dnnl::primitive primitive_;
  Desc scratchpad_;
  std::vector<Argument> arguments_;
  std::unordered_map<int, dnnl::memory> handles_;  // what the primitive is executed with
  std::size_t scratch_bytes_ = 0;
};

/// Everything that makes one primitive another one.
using Key = std::array<i64, 24>;

/// The operation that this thread keeps for `key`, or null.
Operation* find(const Key& key);
Operation& keep(const Key& key, Operation operation);
/// The number of threads is part of a key, for oneDNN divides the work when it compiles.
i64 threads_now();

/// The operation of this thread for `key`, made on first use. `where` begins the message if that
/// fails.
template <class Make>
Operation& cached(std::string_view where, Key key, Make make) {
  key.back() = threads_now();
  if (Operation* known = find(key)) return *known;
  try {
    return keep(key, make());
  } catch (const dnnl::error& error) {
    fail(where, "oneDNN: {}", error.message ? error.message : error.what());
  }
}

}  // namespace melgrad::onednn
