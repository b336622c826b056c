#include "kernels/cpu/fast/onednn_operation.h"

#include <utility>

#include <omp.h>

#include "kernels/scratch_array.h"

namespace melgrad::onednn {
namespace {

std::size_t round_up(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    u64 hash = 0;  // FNV-1a on words
    for (i64 value : key)
      hash = (hash ^ static_cast<u64>(value)) * 0x100000001b3ULL + (hash >> 29U);
    return hash;
  }
};

std::unordered_map<Key, Operation, KeyHash>& operations() {
  thread_local std::unordered_map<Key, Operation, KeyHash> operations;
  return operations;
}

dnnl::stream& stream() {
  thread_local dnnl::stream stream(engine());
  return stream;
}

}  // namespace

const dnnl::engine& engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::memory::data_type data_type(Dtype dtype) {
  check(dtype == Dtype::f32 || dtype == Dtype::bf16, "onednn", "has no path for {}",
        name_of(dtype));
  return dtype == Dtype::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

Desc computed(const Desc& array) {
  static const bool has_bf16 = [] {
    auto instructions = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
    auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
    return (instructions & needed) == needed;
  }();
  Desc result = array;
  if (!has_bf16 && result.data.data_type == dnnl_bf16) result.data.data_type = dnnl_f32;
  return result;
}

Desc vector_desc(bool wanted, i64 size, Dtype dtype) {
  return wanted ? Desc({size}, data_type(dtype), dnnl::memory::format_tag::a) : Desc();
}

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

void Operation::add(int name, const Desc& given, const Desc& wanted, Direction direction) {
  Argument argument{.name = name,
                    .direction = direction,
                    .given = dnnl::memory(given, engine(), nullptr),
                    .wanted = dnnl::memory(wanted, engine(), nullptr),
                    .reorder = {},
                    .scratch_offset = scratch_bytes_};
  if (given != wanted) {
    auto [from, to] =
        direction == Direction::in ? std::pair(given, wanted) : std::pair(wanted, given);
    argument.reorder = dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
  }
  if (argument.is_reordered() || direction == Direction::scratch)
    scratch_bytes_ += round_up(wanted.get_size());
  handles_.emplace(name, argument.wanted);  // shares the handle
  arguments_.push_back(std::move(argument));
}

void Operation::run(Backend& backend, std::initializer_list<const void*> pointers) {
  ScratchArray<char> scratch(backend, static_cast<i64>(scratch_bytes_));
  const auto* pointer = pointers.begin();
  for (Argument& argument : arguments_) {
    void* place = scratch.data() + argument.scratch_offset;
    if (argument.direction == Direction::scratch) {
      argument.wanted.set_data_handle(place, stream());
      continue;
    }
    void* given = const_cast<void*>(*pointer++);  // oneDNN does not write to inputs
    argument.given.set_data_handle(given, stream());
    argument.wanted.set_data_handle(argument.is_reordered() ? place : given, stream());
    if (argument.is_reordered() && argument.direction == Direction::in)
      argument.reorder.execute(stream(), argument.given, argument.wanted);
  }
  primitive_.execute(stream(), handles_);
  for (Argument& argument : arguments_)
    if (argument.is_reordered() && argument.direction == Direction::out)
      argument.reorder.execute(stream(), argument.wanted, argument.given);
  stream().wait();
}

Operation* find(const Key& key) {
  auto found = operations().find(key);
  return found == operations().end() ? nullptr : &found->second;
}

Operation& keep(const Key& key, Operation operation) {
  constexpr std::size_t capacity = 1024;  // for programs that never end and meet many shapes
  if (operations().size() >= capacity) operations().clear();
  return operations().emplace(key, std::move(operation)).first->second;
}

i64 threads_now() { return omp_in_parallel() ? 1 : omp_get_max_threads(); }

}  // namespace melgrad::onednn
