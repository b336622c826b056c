#pragma once
#include <unordered_map>
#include <utility>

#include "kernels/error.h"
#include "tensor/files/pytorch/pickle.h"

namespace melgrad {

/// What runs one pickle: a stack, marks on it, and a memo of objects that are used again. Opcodes
/// and what they make are in pickle.cpp, what a pickle may call in functions.cpp. Objects lie in
/// one row and know each other by address: circles are no harm.
class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, std::size_t begin, const std::string& place)
      : bytes_(bytes), place_(place), next_(begin) {}

  Unpickled run();

 private:
  using Kind = PickleValue::Kind;
  using Items = std::vector<PickleValue*>;
  static constexpr std::size_t longest_name = 200;

  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const {
    check(ok, "load_pytorch", "{}byte {}: {}", place_, opcode_at_, ok ? "" : format(text, args...));
  }

  void step(unsigned char opcode);

  // --- bytes
  std::string_view take(u64 count);
  u64 natural(std::size_t bytes);
  std::string_view line();

  // --- stack
  PickleValue& push(PickleValue value);
  void push_again(PickleValue* value);
  PickleValue& top() const;
  Items pop(std::size_t count);
  void mark();
  Items since_mark();
  void remember(u64 index);
  void recall(u64 index);

  // --- values
  void protocol(u64 version) const;
  void push_whole(i64 value);
  void whole(std::string_view bytes);
  void real(u64 bits);
  void text(std::string_view bytes);
  void add(Kind kind, const Items& items);

  // --- what a pickle may call
  struct Function {
    std::string_view name;
    void (PickleMachine::*call)(const Items&);
  };
  static const Function* find_function(std::string_view name);
  void named_in_lines();
  void named_on_stack();
  void named(std::string_view module, std::string_view name);
  void call(const Items& function_and_arguments);
  /// OrderedDict(); Python 2 gives it a list of pairs.
  void ordered_dict(const Items& given);
  /// _rebuild_tensor(storage, offset, sizes, strides); _v2 has requires_grad, hooks, metadata, too.
  void tensor(const Items& given);
  /// Of a parameter its tensor, of a Size its tuple, of a device its name.
  void first(const Items& given);
  /// ("storage", type, key, device, elements), in the older format also (key, offset, elements) or
  /// None: then it is a part of the storage that the first key names.
  void storage(const PickleValue& given);
  /// Attributes of an OrderedDict (_metadata): nothing that weights need.
  void build(const PickleValue&) const;

  std::string_view bytes_;
  const std::string& place_;
  std::size_t next_, opcode_at_ = 0;
  Unpickled result_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<u64, PickleValue*> memo_;
  std::size_t copied_ = 0;  // items that ordered_dict() took from lists
};

}  // namespace melgrad
