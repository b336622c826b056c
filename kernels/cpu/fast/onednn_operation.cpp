#include "kernels/cpu/fast/onednn_operation.h"

#include <utility>

#include <omp.h>

#include "kernels/scratch_array.h"

namespace melgrad::onednn {
namespace {

CopyShape in_a_row(i64 values) { return {1, {values}, {1}, {1}}; }

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

static bool has(dnnl::cpu_isa instructions) {
  auto all = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  auto needed = static_cast<unsigned>(instructions);
  return (all & needed) == needed;
}

bool multiplies_bf16() {
  static const bool does = has(dnnl::cpu_isa::avx512_core_bf16);
  return does;
}

Desc computed(const Desc& array) {
  static const bool has_bf16 = has(dnnl::cpu_isa::avx512_core);
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

void Operation::add(int name, const Desc& callers, const Desc& wanted, Direction direction) {
  Desc given = callers;
  Argument argument;
  argument.name = name;
  argument.direction = direction;
  if (callers.data.data_type == dnnl_bf16 && wanted.data.data_type == dnnl_f32) {
    given.data.data_type = dnnl_f32;
    argument.narrow = static_cast<i64>(given.get_size() / sizeof(float));
    argument.given_offset = take_scratch(given);
  }
  argument.given = dnnl::memory(given, engine(), nullptr);
  argument.wanted = dnnl::memory(wanted, engine(), nullptr);
  if (given != wanted) {
    auto [from, to] =
        direction == Direction::in ? std::pair(given, wanted) : std::pair(wanted, given);
    argument.reorder = dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
  }
  if (argument.is_reordered() || direction == Direction::scratch)
    argument.scratch_offset = take_scratch(wanted);
  handles_.emplace(name, argument.wanted);  // shares the handle
  arguments_.push_back(std::move(argument));
}

std::size_t Operation::take_scratch(const Desc& array) {
  std::size_t offset = scratch_bytes_;
  scratch_bytes_ += round_up(array.get_size());
  return offset;
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
    argument.callers = const_cast<void*>(*pointer++);  // oneDNN does not write to inputs
    void* given = argument.narrow ? scratch.data() + argument.given_offset : argument.callers;
    if (argument.narrow && argument.direction == Direction::in)
      backend.copy(in_a_row(argument.narrow), Dtype::bf16, argument.callers, Dtype::f32, given);
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
  for (const Argument& argument : arguments_)
    if (argument.narrow && argument.direction == Direction::out)
      backend.copy(in_a_row(argument.narrow), Dtype::f32, argument.given.get_data_handle(),
                   Dtype::bf16, argument.callers);
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
