#include "tensor/files/pytorch/pickle.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "kernels/error.h"
#include "tensor/files/bytes.h"
#include "tensor/files/utf8.h"

// The opcodes' names and meanings are those of Python's Lib/pickletools.py: a machine with a stack,
// marks on it, and a memo of objects that are used again.
namespace melgrad {

namespace {

using Kind = PickleValue::Kind;
constexpr std::size_t deepest_mark = 1000, longest_name = 200;

class Machine {
 public:
  Machine(std::string_view bytes, std::size_t begin, const std::string& place)
      : bytes_(bytes), place_(place), next_(begin) {}

  Unpickled run() {
    for (;;) {
      opcode_at_ = next_;
      auto opcode = static_cast<unsigned char>(take(1)[0]);
      if (opcode == '.') break;  // STOP
      step(opcode);
    }
    require(marks_.empty() && stack_.size() == 1, "STOP with {} objects and {} marks on the stack",
            stack_.size(), marks_.size());
    result_.root = stack_.back();
    result_.end = next_;
    return std::move(result_);
  }

 private:
  using Items = std::vector<PickleValue*>;

  template <class... Args>
  void require(bool ok, std::string_view text, const Args&... args) const {
    check(ok, "load_pytorch", "{}byte {}: {}", place_, opcode_at_, ok ? "" : format(text, args...));
  }

  void step(unsigned char opcode) {
    switch (opcode) {
      case 0x80: protocol(natural(1)); break;                                   // PROTO
      case 0x95: take(8); break;                                                // FRAME
      case '(': mark(); break;                                                  // MARK
      case 'N': push({}); break;                                                // NONE
      case 0x88: push({.kind = Kind::boolean, .whole = 1}); break;              // NEWTRUE
      case 0x89: push({.kind = Kind::boolean, .whole = 0}); break;              // NEWFALSE
      case 'K': push_whole(static_cast<i64>(natural(1))); break;                // BININT1
      case 'M': push_whole(static_cast<i64>(natural(2))); break;                // BININT2
      case 'J': push_whole(static_cast<std::int32_t>(natural(4))); break;       // BININT
      case 0x8a: whole(take(natural(1))); break;                                // LONG1
      case 0x8b: whole(take(natural(4))); break;                                // LONG4
      case 'G': real(big_endian(take(8))); break;                               // BINFLOAT
      case 'X': text(take(natural(4))); break;                                  // BINUNICODE
      case 0x8c: text(take(natural(1))); break;                                 // SHORT_BINUNICODE
      case 0x8d: text(take(natural(8))); break;                                 // BINUNICODE8
      case 'T': text(take(natural(4))); break;                                  // BINSTRING
      case 'U': text(take(natural(1))); break;                                  // SHORT_BINSTRING
      case 'B': push({.kind = Kind::bytes, .text = take(natural(4))}); break;   // BINBYTES
      case 'C': push({.kind = Kind::bytes, .text = take(natural(1))}); break;   // SHORT_BINBYTES
      case 0x8e: push({.kind = Kind::bytes, .text = take(natural(8))}); break;  // BINBYTES8
      case ')': push({.kind = Kind::tuple}); break;                             // EMPTY_TUPLE
      case 't': push({.kind = Kind::tuple, .items = since_mark()}); break;      // TUPLE
      case 0x85: push({.kind = Kind::tuple, .items = pop(1)}); break;           // TUPLE1
      case 0x86: push({.kind = Kind::tuple, .items = pop(2)}); break;           // TUPLE2
      case 0x87: push({.kind = Kind::tuple, .items = pop(3)}); break;           // TUPLE3
      case ']': push({.kind = Kind::list}); break;                              // EMPTY_LIST
      case 'a': add(Kind::list, pop(1)); break;                                 // APPEND
      case 'e': add(Kind::list, since_mark()); break;                           // APPENDS
      case '}': push({.kind = Kind::dict}); break;                              // EMPTY_DICT
      case 's': add(Kind::dict, pop(2)); break;                                 // SETITEM
      case 'u': add(Kind::dict, since_mark()); break;                           // SETITEMS
      case 'q': remember(natural(1)); break;                                    // BINPUT
      case 'r': remember(natural(4)); break;                                    // LONG_BINPUT
      case 0x94: remember(memo_.size()); break;                                 // MEMOIZE
      case 'h': recall(natural(1)); break;                                      // BINGET
      case 'j': recall(natural(4)); break;                                      // LONG_BINGET
      case 'c': named_in_lines(); break;                                        // GLOBAL
      case 0x93: named_on_stack(); break;                                       // STACK_GLOBAL
      case 'Q': storage(*pop(1)[0]); break;                                     // BINPERSID
      case 'R': call(pop(2)); break;                                            // REDUCE
      case 'b': build(*pop(1)[0]); break;                                       // BUILD
      default: require(false, "opcode {} is none that a state dict needs", int{opcode});
    }
  }

  // --- bytes
  std::string_view take(u64 count) {
    require(count <= bytes_.size() - next_, "cut off: {} bytes are wanted, {} are left", count,
            bytes_.size() - next_);
    std::string_view taken = bytes_.substr(next_, count);
    next_ += count;
    return taken;
  }
  u64 natural(std::size_t bytes) { return little_endian(take(bytes)); }
  std::string_view line() {
    std::size_t length = bytes_.substr(next_, longest_name).find('\n');
    require(length != std::string_view::npos, "a name without an end");
    return take(length + 1).substr(0, length);
  }

  // --- stack
  PickleValue& push(PickleValue value) {
    require(result_.values.size() < most_pickled_values, "more than {} objects",
            most_pickled_values);
    result_.values.push_back(std::move(value));
    push_again(&result_.values.back());
    return result_.values.back();
  }
  void push_again(PickleValue* value) {
    require(stack_.size() < most_pickled_values, "more than {} objects", most_pickled_values);
    stack_.push_back(value);
  }
  PickleValue& top() const {
    require(stack_.size() > (marks_.empty() ? 0 : marks_.back()), "too few objects on the stack");
    return *stack_.back();
  }
  Items pop(std::size_t count) {
    std::size_t floor = marks_.empty() ? 0 : marks_.back();
    require(stack_.size() - floor >= count, "too few objects on the stack");
    Items items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }
  void mark() {
    require(marks_.size() < deepest_mark, "more than {} objects within each other", deepest_mark);
    marks_.push_back(stack_.size());
  }
  Items since_mark() {
    require(!marks_.empty(), "no mark on the stack");
    Items items = pop(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }
  void remember(u64 index) {
    memo_[index] = &top();
    require(memo_.size() <= most_pickled_values, "more than {} objects", most_pickled_values);
  }
  void recall(u64 index) {
    auto found = memo_.find(index);
    require(found != memo_.end(), "object {} of the memo was not put there", index);
    push_again(found->second);
  }

  // --- values
  void protocol(u64 version) const {
    require(version >= 2 && version <= 5, "pickle protocol {}; known are 2 to 5", version);
  }
  void push_whole(i64 value) { push({.kind = Kind::whole, .whole = value}); }
  void whole(std::string_view bytes) {
    if (bytes.size() > 8) {
      push({.kind = Kind::big, .text = bytes});
      return;
    }
    bool is_negative = !bytes.empty() && (bytes.back() & '\x80') != 0;
    u64 above = is_negative && bytes.size() < 8 ? ~u64{0} << 8 * bytes.size() : 0;
    push_whole(static_cast<i64>(little_endian(bytes) | above));
  }
  void real(u64 bits) { push({.kind = Kind::real, .real = std::bit_cast<double>(bits)}); }
  void text(std::string_view bytes) {
    require(is_utf8(bytes), "a text that is not UTF-8");
    push({.kind = Kind::text, .text = bytes});
  }
  void add(Kind kind, const Items& items) {
    PickleValue& target = top();
    require(target.kind == kind, "items are added to {}, which is not {}", describe(target.kind),
            describe(kind));
    require(kind == Kind::list || items.size() % 2 == 0, "a key without a value");
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  // --- what a pickle may call
  struct Function {
    std::string_view name;
    void (Machine::*call)(const Items&);
  };
  static constexpr std::size_t functions = 7;
  static const Function known[functions];

  void named_in_lines() {
    std::string_view module = line();
    named(module, line());
  }
  void named_on_stack() {
    Items names = pop(2);
    require(names[0]->kind == Kind::text && names[1]->kind == Kind::text, "a name that is no text");
    named(names[0]->text, names[1]->text);
  }
  void named(std::string_view module, std::string_view name) {
    std::string full = std::string(module.substr(0, longest_name)) + "." +
                       std::string(name.substr(0, longest_name));
    require(is_utf8(full), "a name that is not UTF-8");
    for (const Function& each : known)
      if (each.name == full) {
        push({.kind = Kind::function, .text = each.name});
        return;
      }
    for (const StorageType& each : storage_types)
      if (each.name == full) {
        push({.kind = Kind::function, .text = each.name, .type = &each});
        return;
      }
    require(false,
            "names {}: refused, a file can never run anything; of a model, "
            "torch.save(model.state_dict(), FILE) saves what can be read",
            full);
  }

  void call(const Items& function_and_arguments) {
    const PickleValue &function = *function_and_arguments[0], &given = *function_and_arguments[1];
    const auto* found = std::find_if(std::begin(known), std::end(known), [&](const Function& each) {
      return function.kind == Kind::function && each.name == function.text;
    });
    require(found != std::end(known) && given.kind == Kind::tuple, "a call of {} {} with {}",
            describe(function.kind), function.text, describe(given.kind));
    (this->*found->call)(given.items);
  }
  /// OrderedDict(); Python 2 gives it a list of pairs.
  void ordered_dict(const Items& given) {
    require(given.empty() || (given.size() == 1 && given[0]->kind == Kind::list),
            "OrderedDict of something else than pairs");
    PickleValue& made = push({.kind = Kind::dict});
    if (given.empty()) return;
    for (const PickleValue* pair : given[0]->items) {
      bool is_pair = pair->kind == Kind::list || pair->kind == Kind::tuple;
      require(is_pair && pair->items.size() == 2, "OrderedDict of something else than pairs");
      made.items.insert(made.items.end(), pair->items.begin(), pair->items.end());
    }
  }
  /// _rebuild_tensor(storage, offset, sizes, strides); _v2 has requires_grad, hooks, metadata, too.
  void tensor(const Items& given) {
    auto is = [&](std::size_t i, Kind kind) { return given[i]->kind == kind; };
    require(given.size() >= 4 && is(0, Kind::storage) && is(1, Kind::whole) && is(2, Kind::tuple) &&
                is(3, Kind::tuple),
            "a tensor is made of a storage, an offset, sizes and strides, not of this");
    push({.kind = Kind::tensor, .items = {given.begin(), given.begin() + 4}});
  }
  /// Of a parameter its tensor, of a Size its tuple, of a device its name.
  void first(const Items& given) {
    require(!given.empty(), "a call without arguments");
    push_again(given[0]);
  }
  /// ("storage", type, key, device, elements), in the older format also (key, offset, elements) or
  /// None: then it is a part of the storage that the first key names.
  void storage(const PickleValue& given) {
    const Items& part = given.items;
    bool is_tuple = given.kind == Kind::tuple && (part.size() == 5 || part.size() == 6);
    require(is_tuple && part[0]->text == "storage" && part[1]->type != nullptr &&
                part[1]->kind == Kind::function && part[2]->kind == Kind::text &&
                part[4]->kind == Kind::whole && part[4]->whole >= 0,
            "BINPERSID takes a storage's class, key, device and size, not this");
    bool is_view = part.size() == 6 && part[5]->kind == Kind::tuple;
    require(is_view || part.size() == 5 || part[5]->kind == Kind::none, "a storage's view of {}",
            describe(part.back()->kind));
    Items view = is_view ? part[5]->items : Items{};
    require(!is_view ||
                (view.size() == 3 && view[1]->kind == Kind::whole && view[2]->kind == Kind::whole),
            "a storage's view without offset and size");
    push({.kind = Kind::storage,
          .whole = part[4]->whole,
          .text = part[2]->text,
          .type = part[1]->type,
          .items = is_view ? Items{view[1], view[2]} : Items{}});
  }
  /// Attributes of an OrderedDict (_metadata): nothing that weights need.
  void build(const PickleValue&) const {
    require(top().kind == Kind::dict, "attributes for {}", describe(top().kind));
  }

  std::string_view bytes_;
  const std::string& place_;
  std::size_t next_, opcode_at_ = 0;
  Unpickled result_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<u64, PickleValue*> memo_;
};

const Machine::Function Machine::known[functions] = {
    {"collections.OrderedDict", &Machine::ordered_dict},
    {"torch._utils._rebuild_tensor", &Machine::tensor},
    {"torch._utils._rebuild_tensor_v2", &Machine::tensor},
    {"torch._utils._rebuild_parameter", &Machine::first},
    {"torch._utils._rebuild_parameter_with_state", &Machine::first},
    {"torch.Size", &Machine::first},
    {"torch.device", &Machine::first},
};

}  // namespace

std::string_view describe(PickleValue::Kind kind) {
  switch (kind) {
    case Kind::none: return "None";
    case Kind::boolean: return "a bool";
    case Kind::whole:
    case Kind::big: return "an int";
    case Kind::real: return "a float";
    case Kind::text: return "a str";
    case Kind::bytes: return "bytes";
    case Kind::tuple: return "a tuple";
    case Kind::list: return "a list";
    case Kind::dict: return "a dict";
    case Kind::function: return "the function";
    case Kind::storage: return "a storage";
    case Kind::tensor: return "a tensor";
  }
  return "?";
}

Unpickled unpickle(std::string_view bytes, std::size_t begin, const std::string& place) {
  return Machine(bytes, begin, place).run();
}

}  // namespace melgrad
