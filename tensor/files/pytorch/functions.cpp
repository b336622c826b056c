#include <algorithm>

#include "tensor/files/pytorch/pickle_machine.h"
#include "tensor/files/utf8.h"

namespace melgrad {

// Whatever else a pickle names is refused.
const PickleMachine::Function* PickleMachine::find_function(std::string_view name) {
  static const Function functions[] = {
      {"collections.OrderedDict", &PickleMachine::ordered_dict},
      {"torch._utils._rebuild_tensor", &PickleMachine::tensor},
      {"torch._utils._rebuild_tensor_v2", &PickleMachine::tensor},
      {"torch._utils._rebuild_parameter", &PickleMachine::first},
      {"torch._utils._rebuild_parameter_with_state", &PickleMachine::first},
      {"torch.Size", &PickleMachine::first},
      {"torch.device", &PickleMachine::first},
  };
  const auto* found = std::find_if(std::begin(functions), std::end(functions),
                                   [&](const Function& each) { return each.name == name; });
  return found == std::end(functions) ? nullptr : found;
}

void PickleMachine::named_in_lines() {
  std::string_view module = line();
  named(module, line());
}

void PickleMachine::named_on_stack() {
  Items names = pop(2);
  require(names[0]->kind == Kind::text && names[1]->kind == Kind::text, "a name that is no text");
  named(names[0]->text, names[1]->text);
}

void PickleMachine::named(std::string_view module, std::string_view name) {
  std::string full =
      std::string(module.substr(0, longest_name)) + "." + std::string(name.substr(0, longest_name));
  require(is_utf8(full), "a name that is not UTF-8");
  if (const Function* function = find_function(full)) {
    push({.kind = Kind::function, .text = function->name});
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

void PickleMachine::call(const Items& function_and_arguments) {
  const PickleValue &function = *function_and_arguments[0], &given = *function_and_arguments[1];
  const Function* found = function.kind == Kind::function ? find_function(function.text) : nullptr;
  require(found != nullptr && given.kind == Kind::tuple, "a call of {} {} with {}",
          name_of(function.kind), function.text, name_of(given.kind));
  (this->*found->call)(given.items);
}

void PickleMachine::ordered_dict(const Items& given) {
  require(given.empty() || (given.size() == 1 && given[0]->kind == Kind::list),
          "OrderedDict of something else than pairs");
  PickleValue& made = push({.kind = Kind::dict});
  if (given.empty()) return;
  copied_ += given[0]->items.size();
  require(copied_ <= most_pickled_values, "more than {} objects", most_pickled_values);
  for (const PickleValue* pair : given[0]->items) {
    bool is_pair = pair->kind == Kind::list || pair->kind == Kind::tuple;
    require(is_pair && pair->items.size() == 2, "OrderedDict of something else than pairs");
    made.items.insert(made.items.end(), pair->items.begin(), pair->items.end());
  }
}

void PickleMachine::tensor(const Items& given) {
  auto is = [&](std::size_t i, Kind kind) { return given[i]->kind == kind; };
  require(given.size() >= 4 && is(0, Kind::storage) && is(1, Kind::whole) && is(2, Kind::tuple) &&
              is(3, Kind::tuple),
          "a tensor is made of a storage, an offset, sizes and strides, not of this");
  push({.kind = Kind::tensor, .items = {given.begin(), given.begin() + 4}});
}

void PickleMachine::first(const Items& given) {
  require(!given.empty(), "a call without arguments");
  push_again(given[0]);
}

void PickleMachine::storage(const PickleValue& given) {
  const Items& part = given.items;
  bool is_tuple = given.kind == Kind::tuple && (part.size() == 5 || part.size() == 6);
  require(is_tuple && part[0]->text == "storage" && part[1]->type != nullptr &&
              part[1]->kind == Kind::function && part[2]->kind == Kind::text &&
              part[4]->kind == Kind::whole && part[4]->whole >= 0,
          "BINPERSID takes a storage's class, key, device and size, not this");
  bool is_view = part.size() == 6 && part[5]->kind == Kind::tuple;
  require(is_view || part.size() == 5 || part[5]->kind == Kind::none, "a storage's view of {}",
          name_of(part.back()->kind));
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

void PickleMachine::build(const PickleValue&) const {
  require(top().kind == Kind::dict, "attributes for {}", name_of(top().kind));
}

}  // namespace melgrad
