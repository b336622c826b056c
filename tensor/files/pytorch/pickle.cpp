#include "tensor/files/pytorch/pickle.h"

#include <bit>

#include "tensor/files/bytes.h"
#include "tensor/files/pytorch/pickle_machine.h"
#include "tensor/files/utf8.h"

// The opcodes' names and meanings are those of Python's Lib/pickletools.py.
namespace melgrad {

namespace {

constexpr std::size_t deepest_mark = 1000;

}  // namespace

Unpickled PickleMachine::run() {
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

void PickleMachine::step(unsigned char opcode) {
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

std::string_view PickleMachine::take(u64 count) {
  require(count <= bytes_.size() - next_, "cut off: {} bytes are wanted, {} are left", count,
          bytes_.size() - next_);
  std::string_view taken = bytes_.substr(next_, count);
  next_ += count;
  return taken;
}

u64 PickleMachine::natural(std::size_t bytes) { return little_endian(take(bytes)); }

std::string_view PickleMachine::line() {
  std::size_t length = bytes_.substr(next_, longest_name).find('\n');
  require(length != std::string_view::npos, "a name without an end");
  return take(length + 1).substr(0, length);
}

PickleValue& PickleMachine::push(PickleValue value) {
  require(result_.values.size() < most_pickled_values, "more than {} objects", most_pickled_values);
  result_.values.push_back(std::move(value));
  push_again(&result_.values.back());
  return result_.values.back();
}

void PickleMachine::push_again(PickleValue* value) {
  require(stack_.size() < most_pickled_values, "more than {} objects", most_pickled_values);
  stack_.push_back(value);
}

PickleValue& PickleMachine::top() const {
  require(stack_.size() > (marks_.empty() ? 0 : marks_.back()), "too few objects on the stack");
  return *stack_.back();
}

auto PickleMachine::pop(std::size_t count) -> Items {
  std::size_t floor = marks_.empty() ? 0 : marks_.back();
  require(stack_.size() - floor >= count, "too few objects on the stack");
  Items items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
  stack_.resize(stack_.size() - count);
  return items;
}

void PickleMachine::mark() {
  require(marks_.size() < deepest_mark, "more than {} objects within each other", deepest_mark);
  marks_.push_back(stack_.size());
}

auto PickleMachine::since_mark() -> Items {
  require(!marks_.empty(), "no mark on the stack");
  Items items = pop(stack_.size() - marks_.back());
  marks_.pop_back();
  return items;
}

void PickleMachine::remember(u64 index) {
  memo_[index] = &top();
  require(memo_.size() <= most_pickled_values, "more than {} objects", most_pickled_values);
}

void PickleMachine::recall(u64 index) {
  auto found = memo_.find(index);
  require(found != memo_.end(), "object {} of the memo was not put there", index);
  push_again(found->second);
}

void PickleMachine::protocol(u64 version) const {
  require(version >= 2 && version <= 5, "pickle protocol {}; known are 2 to 5", version);
}

void PickleMachine::push_whole(i64 value) { push({.kind = Kind::whole, .whole = value}); }

void PickleMachine::whole(std::string_view bytes) {
  if (bytes.size() > 8) {
    push({.kind = Kind::big, .text = bytes});
    return;
  }
  bool is_negative = !bytes.empty() && (bytes.back() & '\x80') != 0;
  u64 above = is_negative && bytes.size() < 8 ? ~u64{0} << 8 * bytes.size() : 0;
  push_whole(static_cast<i64>(little_endian(bytes) | above));
}

void PickleMachine::real(u64 bits) {
  push({.kind = Kind::real, .real = std::bit_cast<double>(bits)});
}

void PickleMachine::text(std::string_view bytes) {
  require(is_utf8(bytes), "a text that is not UTF-8");
  push({.kind = Kind::text, .text = bytes});
}

void PickleMachine::add(Kind kind, const Items& items) {
  PickleValue& target = top();
  require(target.kind == kind, "items are added to {}, which is not {}", name_of(target.kind),
          name_of(kind));
  require(kind == Kind::list || items.size() % 2 == 0, "a key without a value");
  target.items.insert(target.items.end(), items.begin(), items.end());
}

std::string_view name_of(PickleValue::Kind kind) {
  switch (kind) {
    case PickleValue::Kind::none: return "None";
    case PickleValue::Kind::boolean: return "a bool";
    case PickleValue::Kind::whole:
    case PickleValue::Kind::big: return "an int";
    case PickleValue::Kind::real: return "a float";
    case PickleValue::Kind::text: return "a str";
    case PickleValue::Kind::bytes: return "bytes";
    case PickleValue::Kind::tuple: return "a tuple";
    case PickleValue::Kind::list: return "a list";
    case PickleValue::Kind::dict: return "a dict";
    case PickleValue::Kind::function: return "the function";
    case PickleValue::Kind::storage: return "a storage";
    case PickleValue::Kind::tensor: return "a tensor";
  }
  return "?";
}

Unpickled unpickle(std::string_view bytes, std::size_t begin, const std::string& place) {
  return PickleMachine(bytes, begin, place).run();
}

}  // namespace melgrad
